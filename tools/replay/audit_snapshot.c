#include "audit_snapshot.h"

#include "audit_digest.h"
#include "memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A snapshot tells its orders drop by drop, the books hold them in the order they came: so all are read,
 * then sorted, then written down. */
typedef struct reading {
    audit_books_t *books;
    audit_report_t *report;
    audit_order_t *orders;
    uint64_t order_count, order_capacity;
    uint64_t *cancelled; /* order_ids */
    uint64_t cancelled_count, cancelled_capacity;
    slc_drop_info_t *told; /* what the entry of each drop says, by index */
    uint64_t told_capacity;
    uint32_t drop; /* the one being read */
    uint64_t sequence;
} reading_t;

static void take_drop(reading_t *reading, const slc_drop_info_t *info)
{
    size_t name_bytes = strlen(info->name);
    audit_drop_t drop = {
        .drop_id = info->drop_id,
        .stock = info->stock,
        .per_user_limit = info->per_user_limit,
        .opens_at_us = info->opens_at_us,
        .closes_at_us = info->closes_at_us,
        .closed = info->closed,
        .first_order = AUDIT_NONE,
        .last_order = AUDIT_NONE,
        .name_bytes = (uint32_t)name_bytes,
    };
    memcpy(drop.name, info->name, name_bytes);
    reading->drop = audit_add_drop(reading->books, &drop);
    audit_unsettle(reading->books, reading->drop);
    reading->told = replay_grow(reading->told, &reading->told_capacity, (uint64_t)reading->drop + 1,
                                sizeof *reading->told);
    reading->told[reading->drop] = *info;
}

static void take_order(reading_t *reading, const slc_entry_t *entry)
{
    uint32_t holder = audit_find_holder(reading->books, reading->drop, entry->as.order.user);
    if (holder == AUDIT_NONE) {
        holder = audit_add_holder(reading->books, reading->drop, entry->as.order.user);
    }
    reading->orders = replay_grow(reading->orders, &reading->order_capacity, reading->order_count + 1,
                                  sizeof *reading->orders);
    reading->orders[reading->order_count++] = (audit_order_t){
        .order_id = entry->as.order.order_id,
        .order_key = entry->as.order.order_key,
        .time_us = entry->as.order.time_us,
        .quantity = (uint32_t)entry->as.order.quantity,
        .holder = holder,
        .next_in_drop = AUDIT_NONE,
    };
}

static void take_op(reading_t *reading, const slc_entry_t *entry)
{
    audit_books_t *books = reading->books;
    bool is_purge = entry->as.op.kind == SLC_EVENT_DROP_PURGED;
    uint32_t op = audit_add_op(books, &(audit_op_t){
                                          .op_key = entry->as.op.op_key,
                                          .drop_id = entry->as.op.drop_id,
                                          .contents = entry->as.op.contents,
                                          .sequence = entry->as.op.sequence,
                                          .time_us = entry->as.op.time_us,
                                          .kind = entry->as.op.kind,
                                          .drop = is_purge ? AUDIT_NONE : reading->drop,
                                      });
    uint64_t hash = audit_hash_op(&books->ops[op]);
    books->sum += hash;
    if (!is_purge) {
        books->drops[reading->drop].share += hash;
    }
}

static void take_entry(reading_t *reading, const slc_entry_t *entry)
{
    switch (entry->kind) {
    case SLC_ENTRY_DROP:
        take_drop(reading, &entry->as.drop);
        break;
    case SLC_ENTRY_ORDER:
        take_order(reading, entry);
        break;
    case SLC_ENTRY_CANCEL:
        reading->cancelled = replay_grow(reading->cancelled, &reading->cancelled_capacity,
                                         reading->cancelled_count + 1, sizeof *reading->cancelled);
        reading->cancelled[reading->cancelled_count++] = entry->as.cancel.order_id;
        break;
    case SLC_ENTRY_OP:
        take_op(reading, entry);
        break;
    }
}

/* ---- writing down ---- */

static int by_order_id(const void *left, const void *right)
{
    uint64_t a = ((const audit_order_t *)left)->order_id;
    uint64_t b = ((const audit_order_t *)right)->order_id;
    return (a > b) - (a < b);
}

static void write_orders(reading_t *reading)
{
    audit_books_t *books = reading->books;
    if (reading->order_count > 0) {
        qsort(reading->orders, reading->order_count, sizeof *reading->orders, by_order_id);
    }
    for (uint64_t i = 0; i < reading->order_count; i++) {
        uint32_t order = audit_add_order(books, &reading->orders[i]);
        audit_drop_t *drop = &books->drops[audit_order_drop(books, order)];
        books->holders[reading->orders[i].holder].units += reading->orders[i].quantity;
        drop->sold += reading->orders[i].quantity;
        drop->orders++;
    }
}

static void write_cancellations(reading_t *reading)
{
    audit_books_t *books = reading->books;
    for (uint64_t i = 0; i < reading->cancelled_count; i++) {
        uint32_t index = audit_find_order(books, reading->cancelled[i]);
        if (index == AUDIT_NONE || books->orders[index].cancelled) {
            audit_fail(reading->report, AUDIT_CHECK_SNAPSHOTS,
                       "the snapshot of event %" PRIu64 " cancels order %" PRIu64 ", which it %s",
                       reading->sequence, reading->cancelled[i],
                       index == AUDIT_NONE ? "does not hold" : "cancelled before");
            continue;
        }
        audit_order_t *order = &books->orders[index];
        audit_drop_t *drop = &books->drops[audit_order_drop(books, index)];
        order->cancelled = true;
        books->holders[order->holder].units -= order->quantity;
        drop->sold -= order->quantity;
        drop->cancelled++;
    }
}

/* The hash of an order tells whether it is cancelled, so this comes last. */
static void add_up(reading_t *reading)
{
    audit_books_t *books = reading->books;
    for (uint64_t i = 0; i < books->order_count; i++) {
        uint64_t hash = audit_hash_order(books, (uint32_t)i);
        books->sum += hash;
        books->drops[audit_order_drop(books, (uint32_t)i)].share += hash;
    }
}

static void check_sums(const reading_t *reading)
{
    uint64_t count = reading->told == NULL ? 0 : reading->books->drop_count;
    for (uint64_t i = 0; i < count; i++) {
        const audit_drop_t *drop = &reading->books->drops[i];
        const slc_drop_info_t *told = &reading->told[i];
        if (told->sold != drop->sold || told->orders != drop->orders ||
            told->cancelled != drop->cancelled || told->sold + told->remaining != told->stock) {
            audit_fail(reading->report, AUDIT_CHECK_SNAPSHOTS,
                       "the snapshot of event %" PRIu64 " says of drop %" PRIu64 ": stock %" PRIu64
                       ", sold %" PRIu64 ", remaining %" PRIu64 ", orders %" PRIu64 ", cancelled %" PRIu64
                       "; its orders come to %" PRIu64 " sold, %" PRIu64 " orders, %" PRIu64 " cancelled",
                       reading->sequence, drop->drop_id, told->stock, told->sold, told->remaining,
                       told->orders, told->cancelled, drop->sold, drop->orders, drop->cancelled);
        }
    }
}

static void check_digest(const reading_t *reading, uint64_t told)
{
    uint64_t digest = audit_digest_from_scratch(reading->books);
    uint64_t running = audit_digest(reading->books);
    if (digest != told || running != told) {
        audit_fail(reading->report, AUDIT_CHECK_SNAPSHOTS,
                   "the snapshot of event %" PRIu64 " names digest %016" PRIx64
                   ", its entries come to %016" PRIx64,
                   reading->sequence, told, digest);
    }
}

slc_err_t audit_load_snapshot(const char *directory, uint64_t sequence, audit_books_t *books,
                              audit_report_t *report, slc_snapshot_info_t *ret_info,
                              slc_error_t *ret_error)
{
    slc_snapshot_t *snapshot = NULL;
    slc_entry_t entry;
    reading_t reading = {.books = books, .report = report, .drop = AUDIT_NONE, .sequence = sequence};
    slc_err_t code = slc_snapshot_open(directory, sequence, &snapshot, ret_error);
    if (code != SLC_OK) {
        return code;
    }
    *ret_info = slc_snapshot_info(snapshot);
    while ((code = slc_snapshot_next(snapshot, &entry, ret_error)) == SLC_OK) {
        take_entry(&reading, &entry);
    }
    slc_snapshot_close(snapshot);
    if (code == SLC_END) {
        write_orders(&reading);
        write_cancellations(&reading);
        add_up(&reading);
        check_sums(&reading);
        books->sequence = sequence;
        books->time_us = ret_info->time_us;
        books->began = sequence;
        books->began_drops = books->drop_count;
        check_digest(&reading, ret_info->digest);
        code = SLC_OK;
    }
    free(reading.orders);
    free(reading.cancelled);
    free(reading.told);
    return code;
}
