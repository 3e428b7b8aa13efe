#include "audit_digest.h"

#include "memory.h"

#include <endian.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define RECORD_NUMBERS_MAX 10u

/* Which kind of record: its first number. */
enum { RECORD_ORDER = 1, RECORD_DROP = 2, RECORD_OP = 3 };

static uint64_t hash_record(const uint64_t *numbers, size_t count, const char *text, size_t text_bytes)
{
    unsigned char record[RECORD_NUMBERS_MAX * 8 + SLC_USER_BYTES_MAX];
    for (size_t i = 0; i < count; i++) {
        uint64_t number = htole64(numbers[i]);
        memcpy(record + i * 8, &number, 8);
    }
    if (text_bytes > 0) {
        memcpy(record + count * 8, text, text_bytes);
    }
    return XXH3_64bits(record, count * 8 + text_bytes);
}

uint64_t audit_hash_order(const audit_books_t *books, uint32_t order)
{
    const audit_order_t *record = &books->orders[order];
    slc_text_t user = audit_holder_user(books, record->holder);
    const uint64_t numbers[] = {
        RECORD_ORDER,      books->drops[audit_order_drop(books, order)].drop_id,
        record->order_id,  record->order_key,
        record->quantity,  record->time_us,
        record->cancelled,
    };
    return hash_record(numbers, sizeof numbers / 8, user.data, user.bytes);
}

uint64_t audit_hash_drop(const audit_drop_t *drop)
{
    const uint64_t numbers[] = {
        RECORD_DROP,       drop->drop_id,      drop->stock,  drop->sold,   drop->per_user_limit,
        drop->opens_at_us, drop->closes_at_us, drop->closed, drop->orders, drop->cancelled,
    };
    return hash_record(numbers, sizeof numbers / 8, drop->name, drop->name_bytes);
}

uint64_t audit_hash_op(const audit_op_t *op)
{
    const uint64_t numbers[] = {
        RECORD_OP, op->op_key, op->kind, op->drop_id, op->contents, op->sequence, op->time_us,
    };
    return hash_record(numbers, sizeof numbers / 8, NULL, 0);
}

uint64_t audit_hash_contents(const slc_event_t *change)
{
    uint64_t numbers[RECORD_NUMBERS_MAX] = {change->kind};
    size_t count = 2;
    slc_text_t text = {0};
    switch (change->kind) {
    case SLC_EVENT_DROP_OPENED:
        numbers[1] = change->as.drop_opened.drop_id;
        numbers[2] = change->as.drop_opened.stock;
        numbers[3] = change->as.drop_opened.per_user_limit;
        numbers[4] = change->as.drop_opened.opens_at_us;
        numbers[5] = change->as.drop_opened.closes_at_us;
        count = 6;
        text = change->as.drop_opened.name;
        break;
    case SLC_EVENT_STOCK_ADJUSTED:
        numbers[1] = change->as.stock_adjusted.drop_id;
        numbers[2] = (uint64_t)change->as.stock_adjusted.delta;
        count = 3;
        break;
    case SLC_EVENT_DROP_CLOSED:
        numbers[1] = change->as.drop_closed.drop_id;
        break;
    case SLC_EVENT_DROP_PURGED:
        numbers[1] = change->as.drop_purged.drop_id;
        break;
    case SLC_EVENT_ORDER_CANCELLED:
        numbers[1] = change->as.order_cancelled.order_id;
        break;
    case SLC_EVENT_ORDER_PLACED:
        count = 1; /* no operator's change: it has no contents to compare */
        break;
    }
    return hash_record(numbers, count, text.data, text.bytes);
}

void audit_unsettle(audit_books_t *books, uint32_t drop)
{
    if (books->drops[drop].unsettled) {
        return;
    }
    books->drops[drop].unsettled = true;
    books->unsettled = replay_grow(books->unsettled, &books->unsettled_capacity,
                                   books->unsettled_count + 1, sizeof *books->unsettled);
    books->unsettled[books->unsettled_count++] = drop;
}

uint64_t audit_digest(audit_books_t *books)
{
    for (uint64_t i = 0; i < books->unsettled_count; i++) {
        audit_drop_t *drop = &books->drops[books->unsettled[i]];
        drop->unsettled = false;
        if (drop->purged) {
            continue; /* the purge took back what it had added */
        }
        uint64_t hash = audit_hash_drop(drop);
        books->sum += hash - drop->record_hash;
        drop->record_hash = hash;
    }
    books->unsettled_count = 0;
    return books->sum;
}

uint64_t audit_digest_from_scratch(const audit_books_t *books)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < books->order_count; i++) {
        if (!books->drops[audit_order_drop(books, (uint32_t)i)].purged) {
            sum += audit_hash_order(books, (uint32_t)i);
        }
    }
    for (uint64_t i = 0; i < books->drop_count; i++) {
        if (!books->drops[i].purged) {
            sum += audit_hash_drop(&books->drops[i]);
        }
    }
    for (uint64_t i = 0; i < books->op_count; i++) {
        if (audit_op_is_remembered(books, (uint32_t)i)) {
            sum += audit_hash_op(&books->ops[i]);
        }
    }
    return sum;
}
