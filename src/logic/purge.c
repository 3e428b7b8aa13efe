/* Taking purged drops apart. The purge itself is one step: the drop leaves the table, and its part the
 * digest; nobody finds it, its orders or its keys from then on. What its records left in the indexes is
 * unlinked a few records at a time beside later events (a drop of ten million orders takes about a second
 * in all), and only then its chunks are freed: a search may meet a record until it is unlinked. While a
 * cut is open nothing is taken apart, for its reader may be reading just that. */
#include "logic/core.h"

#include "base/check.h"
#include "base/hash.h"

#include <stdlib.h>

/* Done by the purge itself: well under a millisecond, and enough for a small drop. */
#define STEPS_AT_ONCE 2048u

static void note_gone(slc_logic_t *logic, uint64_t drop_id)
{
    if (logic->gone_count == logic->gone_capacity) {
        size_t capacity = logic->gone_capacity == 0 ? 64 : 2 * logic->gone_capacity;
        uint64_t *grown = realloc(logic->gone, capacity * sizeof *grown);
        SLC_CHECK(grown != NULL);
        logic->gone = grown;
        logic->gone_capacity = capacity;
    }
    logic->gone[logic->gone_count++] = drop_id;
}

/* Turns to the first of the drops that wait. */
static void begin_next(slc_logic_t *logic)
{
    if (logic->first_purged != 0) {
        const slc_drop_t *drop = slc_drop_at(&logic->region, logic->first_purged);
        logic->purge_at = slc_records_first(&logic->region, drop);
        logic->purge_last_span = 0;
    }
}

void slc_purge_drop(slc_logic_t *logic, slc_drop_t *drop)
{
    slc_before_change(logic, drop);
    logic->digest -= drop->kept_digest + drop->record_digest;
    logic->orders -= drop->orders;
    note_gone(logic, drop->drop_id);
    slc_drops_remove(&logic->drops, drop);
    drop->purged = true;
    *logic->walk = (slc_walk_t){.drop = NULL};
    slc_drop_ref_t ref = slc_drop_ref(&logic->region, drop);
    drop->next_purged = 0;
    if (logic->first_purged == 0) {
        logic->first_purged = ref;
        logic->last_purged = ref;
        begin_next(logic);
    } else {
        slc_drop_at(&logic->region, logic->last_purged)->next_purged = ref;
        logic->last_purged = ref;
    }
    (void)slc_purge_some(logic, STEPS_AT_ONCE);
}

/* Takes what leads to a record out of the indexes. */
static void unlink_record(slc_logic_t *logic, const slc_drop_t *drop, slc_ref_t ref)
{
    const slc_record_t *record = slc_record_at(&logic->region, ref);
    const slc_record_t *order = slc_order_of(logic, record);
    uint64_t user_bytes_hash = slc_hash(slc_record_user(order), slc_record_user_bytes(order));
    bool key_found = true;
    if (order->key != 0) {
        key_found = slc_index_remove(
            &logic->keys, slc_key_hash(logic, drop->drop_id, user_bytes_hash, order->key), ref);
    }
    if (drop->per_user_limit != 0) {
        /* Only the user's latest record is there. */
        (void)slc_index_remove(&logic->users, slc_user_hash(logic, drop->drop_id, user_bytes_hash), ref);
    }
    if (record != order) {
        SLC_CHECK(key_found);
        SLC_CHECK(slc_index_remove(&logic->cancels, slc_cancel_hash(order->sequence), ref));
        return;
    }
    /* The key of a cancelled order leads to its cancellation, which comes later. */
    SLC_CHECK(key_found || drop->cancelled > 0);
    if (logic->purge_last_span != slc_span_of(order->sequence) + 1) {
        logic->purge_last_span = slc_span_of(order->sequence) + 1;
        slc_places_remove(&logic->places, order->sequence);
    }
}

/* One step; false: the first of the purged drops is gone for good. */
static bool take_apart(slc_logic_t *logic, slc_drop_t *drop)
{
    if (logic->purge_at != 0) {
        slc_ref_t ref = logic->purge_at;
        logic->purge_at = slc_records_behind(&logic->region, drop, ref);
        unlink_record(logic, drop, ref);
        return true;
    }
    if (slc_ops_free_one(&logic->ops, drop)) {
        return true;
    }
    uint64_t chunk_bytes = drop->chunk_bytes;
    if (slc_records_free_chunk(&logic->region, drop)) {
        logic->chunk_bytes -= chunk_bytes - drop->chunk_bytes;
        return true;
    }
    return false;
}

bool slc_purge_some(slc_logic_t *logic, uint32_t steps)
{
    if (logic->cut != NULL) {
        return false;
    }
    uint32_t step = 0;
    for (; step < steps && logic->first_purged != 0; step++) {
        slc_drop_t *drop = slc_drop_at(&logic->region, logic->first_purged);
        if (!take_apart(logic, drop)) {
            logic->first_purged = drop->next_purged;
            slc_drops_free(&logic->drops, drop);
            begin_next(logic);
        }
    }
    while (step < steps && slc_ops_free_forgotten(&logic->ops)) {
        step++;
    }
    return logic->first_purged != 0 || logic->ops.oldest_block != logic->ops.first_purge;
}

bool slc_logic_tidy(slc_logic_t *logic, uint32_t steps)
{
    if (slc_purge_some(logic, steps)) {
        return true;
    }
    slc_index_t *indexes[] = {&logic->keys, &logic->users, &logic->cancels, &logic->ops.index,
                              &logic->drops.index};
    bool more = false;
    for (size_t i = 0; i < sizeof indexes / sizeof indexes[0]; i++) {
        more |= slc_index_tidy(indexes[i], steps);
    }
    return more;
}
