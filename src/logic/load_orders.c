/* An order's record is appended at once; what its key and its user lead to lies anywhere in memory, so
 * orders wait in a short queue while that is fetched. */
#include "logic/loading.h"

#include "base/check.h"
#include "base/hash.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* So many orders behind an order its records are asked for, whose names are in those lines. */
#define RECORD_BEHIND 16u
/* Every 16th record of the drop being loaded is kept in mind, to find one by its sequence. */
#define LANDMARK_RECORDS 16u

/* Lets the indexes lead to the order that waited longest. */
static bool finish_order(slc_load_t *load)
{
    slc_logic_t *logic = load->logic;
    slc_drop_t *drop = load->drop;
    const slc_waiting_t *waiting = &load->waiting[load->finished++ % SLC_WAITING_MAX];
    slc_record_t *order = slc_region_at(&logic->region, waiting->ref);
    const slc_ask_t ask = {
        .drop_id = drop->drop_id,
        .order_key = order->key,
        .user_hash = waiting->user_bytes_hash,
        .user = slc_record_user(order),
        .user_bytes = slc_record_user_bytes(order),
    };
    if (order->key != 0) {
        const slc_record_t *known = slc_find_key(logic, drop, &ask, waiting->key_hash);
        if (known != NULL) {
            return SLC_REFUSE_LOAD(
                load, "order %" PRIu64 ": its user had bought under the same order_key, %" PRIu64,
                order->sequence, slc_order_of(logic, known)->sequence);
        }
        slc_index_insert(&logic->keys, waiting->key_hash, waiting->ref);
    }
    if (drop->per_user_limit == 0) {
        return true;
    }
    slc_ref_t latest_ref;
    const slc_record_t *latest = slc_find_user(logic, drop, (slc_text_t){ask.user, ask.user_bytes},
                                               waiting->user_hash, &latest_ref);
    uint64_t held = (latest == NULL ? 0 : slc_record_held(latest)) + slc_record_quantity(order);
    if (held > drop->per_user_limit) {
        return SLC_REFUSE_LOAD(load,
                               "order %" PRIu64 ": its user then holds %" PRIu64 " of at most %" PRIu64,
                               order->sequence, held, drop->per_user_limit);
    }
    slc_store_u64(order + 1, held); /* nobody has read it yet */
    if (latest != NULL) {
        slc_index_replace(&logic->users, waiting->user_hash, latest_ref, waiting->ref);
    } else {
        slc_index_insert(&logic->users, waiting->user_hash, waiting->ref);
    }
    return true;
}

bool slc_load_finish_orders(slc_load_t *load)
{
    while (load->finished < load->waited) {
        if (!finish_order(load)) {
            return false;
        }
    }
    return true;
}

/* Asks for the record that the first slot of a hash leads to; it may lie across two cache lines. */
static void prefetch_record(const slc_logic_t *logic, const slc_index_t *index, uint64_t hash)
{
    slc_probe_t probe;
    slc_ref_t ref = slc_index_first(index, hash, &probe);
    if (ref != 0) {
        const slc_record_t *record = slc_record_at(&logic->region, ref);
        __builtin_prefetch(record);
        __builtin_prefetch(record + 1);
    }
}

static bool queue_order(slc_load_t *load, slc_ref_t ref, slc_text_t user, uint64_t order_key)
{
    slc_logic_t *logic = load->logic;
    if (load->waited - load->finished == SLC_WAITING_MAX && !finish_order(load)) {
        return false;
    }
    uint64_t user_bytes_hash = slc_hash(user.data, user.bytes);
    slc_waiting_t *waiting = &load->waiting[load->waited++ % SLC_WAITING_MAX];
    *waiting = (slc_waiting_t){.ref = ref, .user_bytes_hash = user_bytes_hash};
    if (order_key != 0) {
        waiting->key_hash = slc_key_hash(logic, load->drop->drop_id, user_bytes_hash, order_key);
        slc_index_prefetch(&logic->keys, waiting->key_hash);
    }
    if (load->drop->per_user_limit != 0) {
        waiting->user_hash = slc_user_hash(logic, load->drop->drop_id, user_bytes_hash);
        slc_index_prefetch(&logic->users, waiting->user_hash);
        if (load->waited - load->finished > RECORD_BEHIND) {
            prefetch_record(
                logic, &logic->users,
                load->waiting[(load->waited - 1 - RECORD_BEHIND) % SLC_WAITING_MAX].user_hash);
        }
    }
    return true;
}

/* What orders and cancellations have in common: their place behind all before. */
static bool check_record(slc_load_t *load, const char *what, uint64_t sequence, uint64_t time_us)
{
    if (load->drop == NULL || load->last_op != 0) {
        return SLC_REFUSE_LOAD(load, "%s of event %" PRIu64 " stands where none can", what, sequence);
    }
    if (sequence <= load->last_sequence || time_us < load->last_time_us) {
        return SLC_REFUSE_LOAD(load, "%s of event %" PRIu64 " stands behind a later one, %" PRIu64, what,
                               sequence, load->last_sequence);
    }
    if (sequence > load->info.sequence || time_us > load->info.time_us) {
        return SLC_REFUSE_LOAD(load, "%s of event %" PRIu64 " is later than the snapshot, %" PRIu64, what,
                               sequence, load->info.sequence);
    }
    return true;
}

/* Notes where a record went. */
static void note_record(slc_load_t *load, slc_ref_t ref, uint64_t sequence, uint64_t time_us)
{
    load->last_sequence = sequence;
    load->last_time_us = time_us;
    if (load->last_span != slc_span_of(sequence) + 1) {
        load->last_span = slc_span_of(sequence) + 1;
        slc_spans_add(&load->spans, sequence, ref);
    }
    if (load->records++ % LANDMARK_RECORDS != 0) {
        return;
    }
    if (load->landmark_count == load->landmark_capacity) {
        uint64_t capacity = load->landmark_capacity == 0 ? 256 : 2 * load->landmark_capacity;
        slc_landmark_t *grown = realloc(load->landmarks, capacity * sizeof *grown);
        SLC_CHECK(grown != NULL);
        load->landmarks = grown;
        load->landmark_capacity = capacity;
    }
    load->landmarks[load->landmark_count++] = (slc_landmark_t){.sequence = sequence, .ref = ref};
}

bool slc_load_order(slc_load_t *load, const slc_entry_t *entry)
{
    uint64_t sequence = entry->as.order.order_id;
    uint64_t time_us = entry->as.order.time_us;
    slc_text_t user = entry->as.order.user;
    if (!check_record(load, "the order", sequence, time_us)) {
        return false;
    }
    slc_drop_t *drop = load->drop;
    if (entry->as.order.quantity == 0 || entry->as.order.quantity > SLC_QUANTITY_MAX) {
        return SLC_REFUSE_LOAD(load, "order %" PRIu64 ": quantity %" PRIu64 " is none", sequence,
                               entry->as.order.quantity);
    }
    if (user.bytes == 0 || user.bytes > SLC_USER_BYTES_MAX ||
        memchr(user.data, '\0', user.bytes) != NULL) {
        return SLC_REFUSE_LOAD(load, "order %" PRIu64 ": its user is none", sequence);
    }
    if (time_us < drop->opens_at_us || (drop->closes_at_us != 0 && time_us >= drop->closes_at_us)) {
        return SLC_REFUSE_LOAD(load, "order %" PRIu64 ": drop %" PRIu64 " was not open then", sequence,
                               drop->drop_id);
    }
    const slc_record_parts_t parts = {
        .sequence = sequence,
        .key = entry->as.order.order_key,
        .time_us = time_us,
        .quantity = (uint32_t)entry->as.order.quantity,
        .flags = drop->per_user_limit != 0 ? SLC_RECORD_HELD : 0,
        .user = user,
    };
    slc_ref_t ref = slc_append_record(load->logic, drop, &parts);
    slc_count_order(load->logic, drop, &parts);
    drop->last_span = slc_span_of(sequence) + 1;
    note_record(load, ref, sequence, time_us);
    return queue_order(load, ref, user, entry->as.order.order_key);
}

/* ---- cancellations ---- */

slc_ref_t slc_load_find_record(const slc_load_t *load, uint64_t sequence)
{
    uint64_t low = 0;
    uint64_t high = load->landmark_count;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (load->landmarks[middle].sequence <= sequence) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const slc_region_t *region = &load->logic->region;
    slc_ref_t ref = low == 0 ? 0 : load->landmarks[low - 1].ref;
    while (ref != 0 && slc_record_at(region, ref)->sequence < sequence) {
        ref = slc_records_behind(region, load->drop, ref);
    }
    return ref != 0 && slc_record_at(region, ref)->sequence == sequence ? ref : 0;
}

bool slc_load_cancel(slc_load_t *load, const slc_entry_t *entry)
{
    uint64_t sequence = entry->as.cancel.sequence;
    uint64_t order_id = entry->as.cancel.order_id;
    if (!check_record(load, "the cancellation", sequence, entry->as.cancel.time_us) ||
        !slc_load_finish_orders(load)) {
        return false;
    }
    slc_logic_t *logic = load->logic;
    slc_ref_t order = slc_load_find_record(load, order_id);
    if (order == 0 || slc_record_is_cancel(slc_record_at(&logic->region, order))) {
        return SLC_REFUSE_LOAD(
            load, "event %" PRIu64 " cancels order %" PRIu64 ", which drop %" PRIu64 " has not", sequence,
            order_id, load->drop->drop_id);
    }
    slc_ref_t before;
    if (slc_find_cancel(logic, order_id, &before) != NULL) {
        return SLC_REFUSE_LOAD(load,
                               "event %" PRIu64 " cancels order %" PRIu64 ", as event %" PRIu64 " did",
                               sequence, order_id, slc_record_at(&logic->region, before)->sequence);
    }
    slc_ref_t ref = slc_cancel_order(logic, order, sequence, entry->as.cancel.time_us);
    load->cancelled++;
    note_record(load, ref, sequence, entry->as.cancel.time_us);
    return true;
}
