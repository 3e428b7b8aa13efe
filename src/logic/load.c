#include "logic/loading.h"

#include "base/check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define WHY_BYTES 256

slc_load_t *slc_load_begin(slc_logic_t *logic, const slc_snapshot_info_t *info)
{
    SLC_CHECK(logic->sequence == 0 && logic->drops.count == 0 && logic->ops.purges == 0);
    slc_load_t *load = calloc(1, sizeof *load);
    if (load == NULL) {
        return NULL;
    }
    load->logic = logic;
    load->info = *info;
    slc_spans_init(&load->spans);
    /* As slc_logic_enter does with the first event. */
    logic->seed = (info->digest ^ (info->time_us + 1)) * UINT64_C(0xa0761d6478bd642f);
    return load;
}

void slc_load_abandon(slc_load_t *load)
{
    if (load != NULL) {
        slc_spans_finish(&load->spans);
        free(load->landmarks);
        free(load->op_sequences);
        free(load);
    }
}

/* ---- drops ---- */

/* The drop under way has all its entries: its sums must be theirs. */
static bool finish_drop(slc_load_t *load)
{
    slc_drop_t *drop = load->drop;
    if (drop == NULL) {
        return true;
    }
    if (!slc_load_finish_orders(load)) {
        return false;
    }
    const slc_drop_info_t *said = &load->said;
    if (drop->orders != said->orders || drop->cancelled != said->cancelled) {
        return SLC_REFUSE_LOAD(load,
                               "drop %" PRIu64 " has %" PRIu64 " orders, %" PRIu64
                               " of them cancelled, and says %" PRIu64 " and %" PRIu64,
                               drop->drop_id, drop->orders, drop->cancelled, said->orders,
                               said->cancelled);
    }
    if (drop->sold != said->sold || drop->remaining != said->remaining) {
        return SLC_REFUSE_LOAD(load,
                               "drop %" PRIu64 " has sold %" PRIu64 " of %" PRIu64 ", and says %" PRIu64
                               " with %" PRIu64 " remaining",
                               drop->drop_id, drop->sold, said->stock, said->sold, said->remaining);
    }
    slc_drops_mark(&load->logic->drops, drop);
    load->drop = NULL;
    return true;
}

static bool check_drop(slc_load_t *load, const slc_drop_info_t *said)
{
    if (load->purges || said->drop_id <= load->last_drop_id) {
        return SLC_REFUSE_LOAD(load, "drop %" PRIu64 " stands behind drop %" PRIu64 "%s", said->drop_id,
                               load->last_drop_id, load->purges ? " and the purges" : "");
    }
    if (said->stock > SLC_STOCK_MAX || said->sold > said->stock ||
        said->remaining != said->stock - said->sold) {
        return SLC_REFUSE_LOAD(load,
                               "drop %" PRIu64 ": stock %" PRIu64 ", sold %" PRIu64
                               " and remaining %" PRIu64 " make no sum",
                               said->drop_id, said->stock, said->sold, said->remaining);
    }
    if (said->closes_at_us != 0 && said->closes_at_us <= said->opens_at_us) {
        return SLC_REFUSE_LOAD(load, "drop %" PRIu64 " closes before it opens", said->drop_id);
    }
    if (memchr(said->name, '\0', sizeof said->name) == NULL) {
        return SLC_REFUSE_LOAD(load, "drop %" PRIu64 ": its name has no end", said->drop_id);
    }
    return true;
}

static bool load_drop(slc_load_t *load, const slc_drop_info_t *said)
{
    if (!finish_drop(load) || !check_drop(load, said)) {
        return false;
    }
    slc_drop_t *drop = slc_drops_add(&load->logic->drops, said->drop_id);
    drop->cut = load->logic->cut_number;
    /* Its orders are taken off as they come. Stock may have been more once, and been taken away when
     * orders were cancelled: on the way this may pass below 0, and comes back, modulo 2^64. */
    drop->remaining = said->stock;
    drop->per_user_limit = said->per_user_limit;
    drop->opens_at_us = said->opens_at_us;
    drop->closes_at_us = said->closes_at_us;
    drop->closed = said->closed;
    drop->name_bytes = (uint8_t)strlen(said->name);
    memcpy(drop->name, said->name, drop->name_bytes);
    load->drop = drop;
    load->said = *said;
    load->last_drop_id = said->drop_id;
    load->last_sequence = 0;
    load->last_time_us = 0;
    load->last_span = 0;
    load->last_op = 0;
    load->last_op_time_us = 0;
    load->records = 0;
    load->landmark_count = 0;
    return true;
}

/* ---- operators' changes ---- */

static bool check_op(slc_load_t *load, const slc_op_t *op)
{
    if (op->op_key == 0) {
        return SLC_REFUSE_LOAD(load, "the change of event %" PRIu64 " is kept without an op_key",
                               op->sequence);
    }
    if (op->sequence <= load->last_op || op->time_us < load->last_op_time_us) {
        return SLC_REFUSE_LOAD(load,
                               "the change of event %" PRIu64 " stands behind a later one, %" PRIu64,
                               op->sequence, load->last_op);
    }
    if (op->sequence > load->info.sequence || op->time_us > load->info.time_us) {
        return SLC_REFUSE_LOAD(load,
                               "the change of event %" PRIu64 " is later than the snapshot, %" PRIu64,
                               op->sequence, load->info.sequence);
    }
    const slc_op_t *same = slc_ops_find(&load->logic->ops, op->op_key);
    if (same != NULL) {
        return SLC_REFUSE_LOAD(load, "events %" PRIu64 " and %" PRIu64 " have one op_key", same->sequence,
                               op->sequence);
    }
    return true;
}

/* What a change to the drop under way says of the drop's records, and they of it. */
static bool check_op_of_drop(slc_load_t *load, const slc_op_t *op)
{
    if (load->drop == NULL || load->purges || op->drop_id != load->drop->drop_id) {
        return SLC_REFUSE_LOAD(load, "the change of event %" PRIu64 " to drop %" PRIu64 " is not with it",
                               op->sequence, op->drop_id);
    }
    const slc_region_t *region = &load->logic->region;
    slc_ref_t ref = slc_load_find_record(load, op->sequence);
    const slc_record_t *record = ref == 0 ? NULL : slc_record_at(region, ref);
    slc_event_t event = {.kind = (slc_event_kind_t)op->kind};
    bool fits = record == NULL;
    switch (event.kind) {
    case SLC_EVENT_ORDER_CANCELLED:
        fits = record != NULL && slc_record_is_cancel(record);
        if (fits) {
            event.as.order_cancelled.order_id = slc_record_at(region, record->key)->sequence;
            fits = op->contents == slc_digest_change(&event);
        }
        break;
    case SLC_EVENT_DROP_OPENED:
        fits = fits && load->last_op == 0 &&
               (load->records == 0 || op->sequence < load->landmarks[0].sequence);
        break;
    case SLC_EVENT_STOCK_ADJUSTED:
        break;
    case SLC_EVENT_DROP_CLOSED:
        event.as.drop_closed.drop_id = op->drop_id;
        fits = fits && load->drop->closed && op->contents == slc_digest_change(&event);
        break;
    case SLC_EVENT_ORDER_PLACED:
    case SLC_EVENT_DROP_PURGED:
    default:
        fits = false;
        break;
    }
    return fits || SLC_REFUSE_LOAD(load,
                                   "the change of event %" PRIu64 " to drop %" PRIu64
                                   " is none that the drop shows",
                                   op->sequence, op->drop_id);
}

static bool check_purge(slc_load_t *load, const slc_op_t *op)
{
    const slc_event_t event = {.kind = SLC_EVENT_DROP_PURGED, .as.drop_purged = {op->drop_id}};
    if (op->contents != slc_digest_change(&event)) {
        return SLC_REFUSE_LOAD(load, "the purge of event %" PRIu64 " is not one of drop %" PRIu64,
                               op->sequence, op->drop_id);
    }
    return load->logic->ops.purges < SLC_PURGE_KEYS_MAX ||
           SLC_REFUSE_LOAD(load, "more than %u purges are kept", SLC_PURGE_KEYS_MAX);
}

static void note_op(slc_load_t *load, uint64_t sequence)
{
    if (load->op_count == load->op_capacity) {
        uint64_t capacity = load->op_capacity == 0 ? 64 : 2 * load->op_capacity;
        uint64_t *grown = realloc(load->op_sequences, capacity * sizeof *grown);
        SLC_CHECK(grown != NULL);
        load->op_sequences = grown;
        load->op_capacity = capacity;
    }
    load->op_sequences[load->op_count++] = sequence;
}

static bool load_op(slc_load_t *load, const slc_entry_t *entry)
{
    const slc_op_t op = {
        .op_key = entry->as.op.op_key,
        .contents = entry->as.op.contents,
        .sequence = entry->as.op.sequence,
        .time_us = entry->as.op.time_us,
        .drop_id = entry->as.op.drop_id,
        .kind = (uint32_t)entry->as.op.kind,
    };
    bool is_purge = entry->as.op.kind == SLC_EVENT_DROP_PURGED;
    if (is_purge && !load->purges) {
        if (!finish_drop(load)) {
            return false;
        }
        load->purges = true;
        load->last_op = 0;
        load->last_op_time_us = 0;
    }
    if (!check_op(load, &op) || !(is_purge ? check_purge(load, &op) : check_op_of_drop(load, &op))) {
        return false;
    }
    load->logic->digest += slc_ops_remember(&load->logic->ops, is_purge ? NULL : load->drop, &op);
    load->last_op = op.sequence;
    load->last_op_time_us = op.time_us;
    note_op(load, op.sequence);
    return true;
}

/* ---- the whole ---- */

static bool load_entry(slc_load_t *load, const slc_entry_t *entry)
{
    switch (entry->kind) {
    case SLC_ENTRY_DROP:
        return load_drop(load, &entry->as.drop);
    case SLC_ENTRY_ORDER:
        return slc_load_order(load, entry);
    case SLC_ENTRY_CANCEL:
        return slc_load_cancel(load, entry);
    case SLC_ENTRY_OP:
        return load_op(load, entry);
    default:
        return SLC_REFUSE_LOAD(load, "an entry of kind %d is none", (int)entry->kind);
    }
}

/* The sentence of a refusal. */
static void tell(const slc_load_t *load, char ret_why[256])
{
    memcpy(ret_why, load->why.message, WHY_BYTES);
    ret_why[WHY_BYTES - 1] = '\0';
}

bool slc_load_entry(slc_load_t *load, const slc_entry_t *entry, char ret_why[256])
{
    bool taken = load_entry(load, entry);
    if (!taken) {
        tell(load, ret_why);
    }
    return taken;
}
static int by_number(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;
    return *left < *right ? -1 : *left > *right;
}

static bool check_op_sequences(slc_load_t *load)
{
    if (load->op_count > 1) {
        qsort(load->op_sequences, load->op_count, sizeof load->op_sequences[0], by_number);
    }
    for (uint64_t i = 1; i < load->op_count; i++) {
        if (load->op_sequences[i] == load->op_sequences[i - 1]) {
            return SLC_REFUSE_LOAD(load, "two changes are event %" PRIu64, load->op_sequences[i]);
        }
    }
    return true;
}

static bool finish(slc_load_t *load)
{
    slc_logic_t *logic = load->logic;
    uint64_t twice = 0;
    if (!finish_drop(load) || !check_op_sequences(load)) {
        return false;
    }
    if (!slc_spans_place(&load->spans, &logic->region, &logic->places, &twice)) {
        return SLC_REFUSE_LOAD(load, "event %" PRIu64 " is there twice", twice);
    }
    if (logic->drops.count != load->info.drops || logic->orders != load->info.orders) {
        return SLC_REFUSE_LOAD(
            load, "it has %" PRIu64 " drops and %" PRIu64 " orders, and says %" PRIu64 " and %" PRIu64,
            logic->drops.count, logic->orders, load->info.drops, load->info.orders);
    }
    if (logic->drops.count + logic->orders + load->cancelled > load->info.sequence) {
        return SLC_REFUSE_LOAD(load, "%" PRIu64 " events cannot have made it", load->info.sequence);
    }
    logic->sequence = load->info.sequence;
    logic->time_us = load->info.time_us;
    uint64_t digest = slc_logic_digest(logic);
    return digest == load->info.digest ||
           SLC_REFUSE_LOAD(load, "its digest is %016" PRIx64 ", and it says %016" PRIx64, digest,
                           load->info.digest);
}

bool slc_load_end(slc_load_t *load, char ret_why[256])
{
    bool good = finish(load);
    if (!good) {
        tell(load, ret_why);
    }
    slc_load_abandon(load);
    return good;
}
