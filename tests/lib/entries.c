#include "entries.h"

#include "logic/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *memory)
{
    if (memory == NULL) {
        (void)fprintf(stderr, "entries: out of memory\n");
        abort();
    }
    return memory;
}

static slc_entry_t own(const slc_entry_t *entry)
{
    slc_entry_t copy = *entry;
    if (entry->kind == SLC_ENTRY_ORDER) {
        char *text = must(malloc(entry->as.order.user.bytes + 1));
        memcpy(text, entry->as.order.user.data, entry->as.order.user.bytes);
        text[entry->as.order.user.bytes] = '\0';
        copy.as.order.user.data = text;
    }
    return copy;
}

static void disown(slc_entry_t *entry)
{
    if (entry->kind == SLC_ENTRY_ORDER) {
        union {
            const char *text;
            void *memory; /* it is the list's own */
        } user = {.text = entry->as.order.user.data};
        free(user.memory);
    }
}

void entries_insert(entries_t *entries, size_t at, const slc_entry_t *entry)
{
    slc_entry_t copy = own(entry); /* it may be one of the list */
    if (entries->count == entries->capacity) {
        entries->capacity = entries->capacity == 0 ? 64 : 2 * entries->capacity;
        entries->list = must(realloc(entries->list, entries->capacity * sizeof *entries->list));
    }
    memmove(entries->list + at + 1, entries->list + at, (entries->count - at) * sizeof *entries->list);
    entries->list[at] = copy;
    entries->count++;
}

void entries_add(entries_t *entries, const slc_entry_t *entry)
{
    entries_insert(entries, entries->count, entry);
}

void entries_remove(entries_t *entries, size_t at)
{
    disown(&entries->list[at]);
    entries->count--;
    memmove(entries->list + at, entries->list + at + 1, (entries->count - at) * sizeof *entries->list);
}

entries_t entries_copy(const entries_t *entries)
{
    entries_t copy = {.list = NULL};
    for (size_t i = 0; i < entries->count; i++) {
        entries_add(&copy, &entries->list[i]);
    }
    return copy;
}

void entries_finish(entries_t *entries)
{
    for (size_t i = 0; i < entries->count; i++) {
        disown(&entries->list[i]);
    }
    free(entries->list);
    *entries = (entries_t){.list = NULL};
}

static _Noreturn void out_of_order(const entries_sum_t *sum, const slc_entry_t *entry)
{
    (void)fprintf(stderr,
                  "entries: one of kind %d stands wrong in drop %" PRIu64 ", behind %" PRIu64 "\n",
                  (int)entry->kind, sum->drop_id, sum->last_sequence);
    abort();
}

static uint64_t digest_of_order(const entries_sum_t *sum, const slc_entry_t *entry, bool cancelled)
{
    const slc_order_parts_t parts = {
        .drop_id = sum->drop_id,
        .order_id = entry->as.order.order_id,
        .order_key = entry->as.order.order_key,
        .quantity = entry->as.order.quantity,
        .time_us = entry->as.order.time_us,
        .cancelled = cancelled,
        .user = entry->as.order.user,
    };
    return slc_digest_order_parts(&parts);
}

static void add_drop(entries_sum_t *sum, const slc_entry_t *entry)
{
    if (sum->purges || entry->as.drop.drop_id <= sum->drop_id) {
        out_of_order(sum, entry);
    }
    sum->drop_id = entry->as.drop.drop_id;
    sum->last_sequence = 0;
    sum->digest += slc_digest_drop(&entry->as.drop);
    sum->drops++;
    entries_finish(&sum->placed);
}

static void add_record(entries_sum_t *sum, const slc_entry_t *entry)
{
    bool is_order = entry->kind == SLC_ENTRY_ORDER;
    uint64_t sequence = is_order ? entry->as.order.order_id : entry->as.cancel.sequence;
    if (sum->drop_id == 0 || sum->last_kind == SLC_ENTRY_OP || sequence <= sum->last_sequence) {
        out_of_order(sum, entry);
    }
    sum->last_sequence = sequence;
    if (is_order) {
        sum->digest += digest_of_order(sum, entry, false);
        sum->orders++;
        entries_add(&sum->placed, entry);
        return;
    }
    size_t low = 0;
    size_t high = sum->placed.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sum->placed.list[middle].as.order.order_id < entry->as.cancel.order_id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == sum->placed.count ||
        sum->placed.list[low].as.order.order_id != entry->as.cancel.order_id) {
        out_of_order(sum, entry);
    }
    sum->digest += digest_of_order(sum, &sum->placed.list[low], true) -
                   digest_of_order(sum, &sum->placed.list[low], false);
}

static void add_op(entries_sum_t *sum, const slc_entry_t *entry)
{
    bool is_purge = entry->as.op.kind == SLC_EVENT_DROP_PURGED;
    if (sum->last_kind != SLC_ENTRY_OP || (is_purge && !sum->purges)) {
        sum->last_sequence = 0;
    }
    sum->purges |= is_purge;
    if (is_purge != sum->purges || (!is_purge && entry->as.op.drop_id != sum->drop_id) ||
        entry->as.op.sequence <= sum->last_sequence) {
        out_of_order(sum, entry);
    }
    sum->last_sequence = entry->as.op.sequence;
    sum->digest += slc_digest_op(entry->as.op.op_key, entry->as.op.kind, entry->as.op.drop_id,
                                 entry->as.op.contents, entry->as.op.sequence, entry->as.op.time_us);
}

void entries_sum_add(entries_sum_t *sum, const slc_entry_t *entry)
{
    switch (entry->kind) {
    case SLC_ENTRY_DROP:
        add_drop(sum, entry);
        break;
    case SLC_ENTRY_ORDER:
    case SLC_ENTRY_CANCEL:
        add_record(sum, entry);
        break;
    case SLC_ENTRY_OP:
        add_op(sum, entry);
        break;
    default:
        out_of_order(sum, entry);
    }
    sum->last_kind = entry->kind;
}

void entries_sum_finish(entries_sum_t *sum)
{
    entries_finish(&sum->placed);
}
