/* What a group of BUYs is going to touch, fetched in one go.
 *
 * A prefetch hides that its line comes from memory, not that the address is translated first: it stays in
 * the processor's window until then, and in a virtual machine whose host maps 4 KiB at a time (and so
 * whatever the guest's huge pages say) the walk for a line of a large table takes as long as the line.
 * One prefetch before each BUY fills the window with the BUY's own instructions, and the next walk waits.
 * Many prefetches with little between them have their walks done side by side: at 1.5 GiB 20 instead of
 * 200 ns each (build/perf/touch). Hence groups, and passes: all that needs no memory to be named, then
 * what those lines lead to, then what that leads to. */
#include "logic/core.h"

#include "base/check.h"

/* Index lines: what a drop, an order_key and a user are looked up by. */
static void fetch_index_lines(const slc_logic_t *logic, const slc_ask_t *asks, uint32_t count)
{
    bool limits = logic->users.count != 0;
    for (uint32_t i = 0; i < count; i++) {
        const slc_ask_t *ask = &asks[i];
        if (i == 0 || ask->drop_id != asks[i - 1].drop_id) {
            slc_index_prefetch(&logic->drops.index, slc_drop_hash(ask->drop_id));
        }
        if (ask->order_key != 0) {
            slc_index_prefetch(&logic->keys,
                               slc_key_hash(logic, ask->drop_id, ask->user_hash, ask->order_key));
        }
        if (limits) {
            slc_index_prefetch(&logic->users, slc_user_hash(logic, ask->drop_id, ask->user_hash));
        }
    }
}

/* The drop that is most likely that of the ask; NULL: there is none. */
static const slc_drop_t *fetch_drop(const slc_logic_t *logic, const slc_ask_t *ask)
{
    slc_probe_t probe;
    slc_ref_t ref = slc_index_first(&logic->drops.index, slc_drop_hash(ask->drop_id), &probe);
    if (ref == 0) {
        return NULL;
    }
    const slc_drop_t *drop = slc_region_at(&logic->region, ref);
    __builtin_prefetch(drop);
    __builtin_prefetch(&drop->sold);
    return drop;
}

/* Drops, and the records that a key and a user lead to. */
static void fetch_named(const slc_logic_t *logic, const slc_ask_t *asks, uint32_t count,
                        const slc_drop_t *ret_drops[SLC_AHEAD_MAX])
{
    bool limits = logic->users.count != 0;
    for (uint32_t i = 0; i < count; i++) {
        const slc_ask_t *ask = &asks[i];
        bool same = i > 0 && ask->drop_id == asks[i - 1].drop_id;
        ret_drops[i] = same ? ret_drops[i - 1] : fetch_drop(logic, ask);
        if (ask->order_key != 0) {
            slc_prefetch_first(logic, &logic->keys,
                               slc_key_hash(logic, ask->drop_id, ask->user_hash, ask->order_key));
        }
        if (limits) {
            slc_prefetch_first(logic, &logic->users, slc_user_hash(logic, ask->drop_id, ask->user_hash));
        }
    }
}

/* Where the records of accepted BUYs go. Of one drop they lie one behind the other. */
static void fetch_tails(const slc_logic_t *logic, const slc_ask_t *asks, uint32_t count,
                        const slc_drop_t *const drops[SLC_AHEAD_MAX])
{
    uint32_t chunks = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (drops[i] != NULL && (i == 0 || drops[i] != drops[i - 1])) {
            uint64_t bytes = slc_order_record_bytes(drops[i]->per_user_limit != 0, asks[i].user_bytes);
            slc_records_prefetch(&logic->region, drops[i], bytes, &chunks);
        }
    }
}

void slc_logic_fetch_ahead(const slc_logic_t *logic, const slc_ask_t *asks, uint32_t count)
{
    SLC_CHECK(count <= SLC_AHEAD_MAX);
    const slc_drop_t *drops[SLC_AHEAD_MAX];
    fetch_index_lines(logic, asks, count);
    fetch_named(logic, asks, count, drops);
    fetch_tails(logic, asks, count, drops);
}
