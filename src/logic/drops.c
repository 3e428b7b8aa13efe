#include "logic/drops.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

void slc_drops_init(slc_drops_t *drops, slc_region_t *region)
{
    *drops = (slc_drops_t){.region = region};
    slc_index_init(&drops->index);
    slc_ordered_init(&drops->in_order);
}

void slc_drops_finish(slc_drops_t *drops)
{
    slc_index_finish(&drops->index);
    slc_ordered_finish(&drops->in_order);
    for (unsigned mark = 0; mark < SLC_MARKS; mark++) {
        free(drops->marked[mark].drops);
    }
}

/* What the index and the ordered set keep: the place in units of 8 bytes, and of a whole block. */
static slc_ref_t region_ref(const slc_drops_t *drops, const slc_drop_t *drop)
{
    return (slc_ref_t)slc_drop_ref(drops->region, drop) * (SLC_DROP_BLOCK_BYTES / 8);
}

slc_drop_t *slc_drops_add(slc_drops_t *drops, uint64_t drop_id)
{
    slc_ref_t ref = slc_region_take(drops->region, SLC_DROP_BLOCK_BYTES);
    slc_drop_t *drop = slc_region_at(drops->region, ref);
    *drop = (slc_drop_t){.drop_id = drop_id};
    slc_index_insert(&drops->index, slc_drop_hash(drop_id), ref);
    slc_ordered_insert(&drops->in_order, drop_id, slc_drop_ref(drops->region, drop));
    drops->count++;
    return drop;
}

static void leave(slc_drops_t *drops, slc_drop_t *drop, slc_mark_t mark)
{
    uint32_t at = drop->marked_at[mark];
    if (at == 0) {
        return;
    }
    /* The last of the list takes its place. */
    slc_drop_ref_t last = drops->marked[mark].drops[--drops->marked[mark].count];
    drops->marked[mark].drops[at - 1] = last;
    slc_drop_at(drops->region, last)->marked_at[mark] = at;
    drop->marked_at[mark] = 0;
}

void slc_drops_remove(slc_drops_t *drops, slc_drop_t *drop)
{
    leave(drops, drop, SLC_MARK_TOUCHED);
    leave(drops, drop, SLC_MARK_DIGEST);
    SLC_CHECK(slc_index_remove(&drops->index, slc_drop_hash(drop->drop_id), region_ref(drops, drop)));
    slc_ordered_remove(&drops->in_order, drop->drop_id);
    drops->count--;
}

void slc_drops_free(slc_drops_t *drops, slc_drop_t *drop)
{
    slc_region_give(drops->region, region_ref(drops, drop), SLC_DROP_BLOCK_BYTES);
}

slc_drop_t *slc_drops_next(const slc_drops_t *drops, uint64_t after_drop_id)
{
    slc_drop_ref_t ref = slc_ordered_after(&drops->in_order, after_drop_id);
    return ref == 0 ? NULL : slc_drop_at(drops->region, ref);
}

void slc_drops_enter(slc_drops_t *drops, slc_drop_t *drop, slc_mark_t mark)
{
    uint32_t count = drops->marked[mark].count;
    if (count == drops->marked[mark].capacity) {
        uint32_t capacity = count == 0 ? 64 : 2 * count;
        slc_drop_ref_t *grown = realloc(drops->marked[mark].drops, capacity * sizeof *grown);
        SLC_CHECK(grown != NULL);
        drops->marked[mark].drops = grown;
        drops->marked[mark].capacity = capacity;
    }
    drops->marked[mark].drops[count] = slc_drop_ref(drops->region, drop);
    drops->marked[mark].count = count + 1;
    drop->marked_at[mark] = count + 1;
}

slc_drop_t *slc_drops_take(slc_drops_t *drops, slc_mark_t mark)
{
    if (drops->marked[mark].count == 0) {
        return NULL;
    }
    slc_drop_ref_t last = drops->marked[mark].drops[drops->marked[mark].count - 1];
    slc_drop_t *drop = slc_drop_at(drops->region, last);
    leave(drops, drop, mark);
    return drop;
}

void slc_drop_info(const slc_drop_t *drop, slc_drop_info_t *ret_info)
{
    *ret_info = (slc_drop_info_t){
        .drop_id = drop->drop_id,
        .stock = drop->remaining + drop->sold,
        .sold = drop->sold,
        .remaining = drop->remaining,
        .per_user_limit = drop->per_user_limit,
        .opens_at_us = drop->opens_at_us,
        .closes_at_us = drop->closes_at_us,
        .orders = drop->orders,
        .cancelled = drop->cancelled,
        .closed = drop->closed,
    };
    memcpy(ret_info->name, drop->name, drop->name_bytes);
}
