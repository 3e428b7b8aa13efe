#include "snapshot_script.h"

#include "logic/digest.h"

#include <stdio.h>
#include <string.h>

/* Entries of one drop: itself, its records, two operators' keys. */
static uint64_t per_drop(const snapshot_script_t *script)
{
    return 1 + script->records_per_drop + 2;
}

static void drop_entry(const snapshot_script_t *script, uint64_t number, slc_entry_t *entry)
{
    slc_drop_info_t *drop = &entry->as.drop;
    uint64_t cancelled = script->records_per_drop / 5;
    entry->kind = SLC_ENTRY_DROP;
    *drop = (slc_drop_info_t){
        .drop_id = 10 + number * 3,
        .stock = 1000000 + number,
        .sold = number,
        .remaining = 1000000,
        .per_user_limit = number % 2 == 0 ? 0 : 7,
        .opens_at_us = 5,
        .closes_at_us = number % 3 == 0 ? 0 : UINT64_MAX,
        .orders = script->records_per_drop - cancelled,
        .cancelled = cancelled,
        .closed = number % 4 == 3,
    };
    memset(drop->name, 'n', number % (SLC_NAME_BYTES_MAX + 1));
}

static void record_entry(snapshot_script_t *script, uint64_t number, uint64_t record, slc_entry_t *entry)
{
    uint64_t sequence = 1 + number + record * (script->drops + 2);
    uint64_t time_us = UINT64_C(1700000000000000) + record * (number + 1);
    if (record % 5 == 4) {
        entry->kind = SLC_ENTRY_CANCEL;
        entry->as.cancel.sequence = sequence;
        entry->as.cancel.time_us = time_us;
        entry->as.cancel.order_id = sequence - (script->drops + 2);
        return;
    }
    size_t bytes = 1 + (size_t)(record * 7 % SLC_USER_BYTES_MAX);
    memset(script->user, 'a' + (int)(record % 26), bytes);
    entry->kind = SLC_ENTRY_ORDER;
    entry->as.order.order_id = sequence;
    entry->as.order.order_key = record % 3 == 0 ? 0 : sequence * UINT64_C(0x9e3779b97f4a7c15);
    entry->as.order.time_us = time_us;
    entry->as.order.quantity = 1 + record % SLC_QUANTITY_MAX;
    entry->as.order.user = (slc_text_t){script->user, bytes};
}

static void op_entry(uint64_t number, slc_event_kind_t kind, slc_entry_t *entry)
{
    entry->kind = SLC_ENTRY_OP;
    entry->as.op.op_key = number + 1;
    entry->as.op.contents = number * 31;
    entry->as.op.sequence = number + 1;
    entry->as.op.time_us = number + 2;
    entry->as.op.drop_id = 10 + number * 3;
    entry->as.op.kind = kind;
}

bool snapshot_script_entry(snapshot_script_t *script, uint64_t at, slc_entry_t *ret_entry)
{
    memset(ret_entry, 0, sizeof *ret_entry);
    uint64_t number = at / per_drop(script);
    uint64_t within = at % per_drop(script);
    if (number >= script->drops) {
        op_entry(at, SLC_EVENT_DROP_PURGED, ret_entry);
        return at < script->drops * per_drop(script) + 3; /* three purges */
    }
    if (within == 0) {
        drop_entry(script, number, ret_entry);
    } else if (within <= script->records_per_drop) {
        record_entry(script, number, within - 1, ret_entry);
    } else {
        op_entry(at, within % 2 == 0 ? SLC_EVENT_DROP_OPENED : SLC_EVENT_STOCK_ADJUSTED, ret_entry);
    }
    return true;
}

static bool is_cancelled(snapshot_script_t *script, uint64_t at)
{
    slc_entry_t behind;
    return snapshot_script_entry(script, at + 1, &behind) && behind.kind == SLC_ENTRY_CANCEL;
}

/* src/logic/digest.h, over every entry. */
static uint64_t digest_of(snapshot_script_t *script)
{
    uint64_t digest = 0;
    uint64_t drop_id = 0;
    slc_entry_t entry;
    for (uint64_t at = 0; snapshot_script_entry(script, at, &entry); at++) {
        if (entry.kind == SLC_ENTRY_DROP) {
            drop_id = entry.as.drop.drop_id;
            digest += slc_digest_drop(&entry.as.drop);
        } else if (entry.kind == SLC_ENTRY_OP) {
            digest += slc_digest_op(entry.as.op.op_key, entry.as.op.kind, entry.as.op.drop_id,
                                    entry.as.op.contents, entry.as.op.sequence, entry.as.op.time_us);
        } else if (entry.kind == SLC_ENTRY_ORDER) {
            bool cancelled = is_cancelled(script, at);
            (void)snapshot_script_entry(script, at, &entry); /* its user lies in the script again */
            digest += slc_digest_order_parts(&(slc_order_parts_t){
                .drop_id = drop_id,
                .order_id = entry.as.order.order_id,
                .order_key = entry.as.order.order_key,
                .quantity = entry.as.order.quantity,
                .time_us = entry.as.order.time_us,
                .cancelled = cancelled,
                .user = entry.as.order.user,
            });
        }
    }
    return digest;
}

static bool next(void *context, slc_entry_t *ret_entry)
{
    snapshot_script_t *script = context;
    return snapshot_script_entry(script, script->at++, ret_entry);
}

slc_snapshot_source_t snapshot_script_source(snapshot_script_t *script, uint64_t sequence)
{
    script->at = 0;
    uint64_t cancelled = script->records_per_drop / 5;
    return (slc_snapshot_source_t){
        .info =
            {
                .sequence = sequence,
                .time_us = UINT64_C(1700000000000000),
                .digest = digest_of(script),
                .drops = script->drops,
                .orders = script->drops * (script->records_per_drop - cancelled),
            },
        .next = next,
        .context = script,
    };
}

static bool same_text(slc_text_t a, slc_text_t b)
{
    return a.bytes == b.bytes && memcmp(a.data, b.data, a.bytes) == 0;
}

bool snapshot_entries_equal(const slc_entry_t *a, const slc_entry_t *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case SLC_ENTRY_DROP:
        return strcmp(a->as.drop.name, b->as.drop.name) == 0 &&
               a->as.drop.drop_id == b->as.drop.drop_id && a->as.drop.stock == b->as.drop.stock &&
               a->as.drop.sold == b->as.drop.sold && a->as.drop.remaining == b->as.drop.remaining &&
               a->as.drop.per_user_limit == b->as.drop.per_user_limit &&
               a->as.drop.opens_at_us == b->as.drop.opens_at_us &&
               a->as.drop.closes_at_us == b->as.drop.closes_at_us &&
               a->as.drop.orders == b->as.drop.orders && a->as.drop.cancelled == b->as.drop.cancelled &&
               a->as.drop.closed == b->as.drop.closed;
    case SLC_ENTRY_ORDER:
        return a->as.order.order_id == b->as.order.order_id &&
               a->as.order.order_key == b->as.order.order_key &&
               a->as.order.time_us == b->as.order.time_us &&
               a->as.order.quantity == b->as.order.quantity &&
               same_text(a->as.order.user, b->as.order.user);
    case SLC_ENTRY_CANCEL:
        return a->as.cancel.sequence == b->as.cancel.sequence &&
               a->as.cancel.order_id == b->as.cancel.order_id &&
               a->as.cancel.time_us == b->as.cancel.time_us;
    case SLC_ENTRY_OP:
        return a->as.op.op_key == b->as.op.op_key && a->as.op.contents == b->as.op.contents &&
               a->as.op.sequence == b->as.op.sequence && a->as.op.time_us == b->as.op.time_us &&
               a->as.op.drop_id == b->as.op.drop_id && a->as.op.kind == b->as.op.kind;
    }
    return false;
}
