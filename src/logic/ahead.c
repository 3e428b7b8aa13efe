/* What a group of BUYs is going to touch, fetched in one go.
 *
 * A prefetch hides that its line comes from memory, not that the address is translated first: it stays in
 * the processor's window until then, and in a virtual machine whose host maps 4 KiB at a time (and so
 * whatever the guest's huge pages say) the walk for a line of a large table takes as long as the line.
 * One prefetch before each BUY fills the window with the BUY's own instructions, and the next walk waits.
 * Many prefetches with nothing between them have their walks done side by side: at 1.5 GiB 20 instead of
 * 200 ns each (build/perf/touch). Hence groups, and passes: what needs no memory to be named, then what
 * those lines lead to, then what that leads to; and in each pass first all addresses, then all
 * prefetches. */
#include "logic/core.h"

#include "base/check.h"

/* Cache lines of one pass: for an ask at most two of a drop, a key and a user. */
#define TOUCHED_MAX (6 * SLC_AHEAD_MAX)

typedef struct slc_touch {
    const void *lines[TOUCHED_MAX];
    uint32_t count;
} slc_touch_t;

static_assert(SLC_TAIL_LINES * SLC_AHEAD_MAX <= TOUCHED_MAX, "the lines of tails fit, too");

static inline void note(slc_touch_t *touch, const void *at)
{
    touch->lines[touch->count++] = at;
}

/* And the line behind, where one search in four goes on to, and most records do. */
static inline void note_two(slc_touch_t *touch, const void *at)
{
    note(touch, at);
    note(touch, (const uint8_t *)at + SLC_LINE_SLOTS * sizeof(uint64_t));
}

static void fetch(const slc_touch_t *touch)
{
    for (uint32_t i = 0; i < touch->count; i++) {
        __builtin_prefetch(touch->lines[i]);
    }
}

/* Where the key and the user of each ask are looked up. */
typedef struct slc_named {
    uint64_t key[SLC_AHEAD_MAX];
    uint64_t user[SLC_AHEAD_MAX];
} slc_named_t;

static inline const void *line_of(const slc_index_t *index, uint64_t hash)
{
    return slc_index_begin(index, slc_index_tag(hash));
}

/* Index lines: what a drop, an order_key and a user are looked up by. */
static void fetch_index_lines(const slc_logic_t *logic, const slc_ask_t *asks, uint32_t count,
                              slc_named_t *ret_named)
{
    slc_touch_t touch;
    touch.count = 0; /* no more: clearing the lines would take longer than a single BUY does */
    bool limits = logic->users.count != 0;
    for (uint32_t i = 0; i < count; i++) {
        const slc_ask_t *ask = &asks[i];
        if (i == 0 || ask->drop_id != asks[i - 1].drop_id) {
            note_two(&touch, line_of(&logic->drops.index, slc_drop_hash(ask->drop_id)));
        }
        if (ask->order_key != 0) {
            ret_named->key[i] = slc_key_hash(logic, ask->drop_id, ask->user_hash, ask->order_key);
            note_two(&touch, line_of(&logic->keys, ret_named->key[i]));
        }
        if (limits) {
            ret_named->user[i] = slc_user_hash(logic, ask->drop_id, ask->user_hash);
            note_two(&touch, line_of(&logic->users, ret_named->user[i]));
        }
    }
    fetch(&touch);
}

/* The drop that is most likely that of the ask; NULL: there is none. */
static const slc_drop_t *drop_of(const slc_logic_t *logic, const slc_ask_t *ask)
{
    slc_probe_t probe;
    slc_ref_t ref = slc_index_first(&logic->drops.index, slc_drop_hash(ask->drop_id), &probe);
    return ref == 0 ? NULL : slc_region_at(&logic->region, ref);
}

static inline void note_record(slc_touch_t *touch, const slc_logic_t *logic, const slc_index_t *index,
                               uint64_t hash)
{
    slc_probe_t probe;
    slc_ref_t ref = slc_index_first(index, hash, &probe);
    if (ref != 0) {
        note_two(touch, slc_record_at(&logic->region, ref));
    }
}

/* Drops, and the records that a key and a user lead to. */
static void fetch_named(const slc_logic_t *logic, const slc_ask_t *asks, uint32_t count,
                        const slc_named_t *named, const slc_drop_t *ret_drops[SLC_AHEAD_MAX])
{
    slc_touch_t touch;
    touch.count = 0;
    bool limits = logic->users.count != 0;
    for (uint32_t i = 0; i < count; i++) {
        const slc_ask_t *ask = &asks[i];
        bool same = i > 0 && ask->drop_id == asks[i - 1].drop_id;
        ret_drops[i] = same ? ret_drops[i - 1] : drop_of(logic, ask);
        if (!same && ret_drops[i] != NULL) {
            note_two(&touch, ret_drops[i]);
        }
        if (ask->order_key != 0) {
            note_record(&touch, logic, &logic->keys, named->key[i]);
        }
        if (limits) {
            note_record(&touch, logic, &logic->users, named->user[i]);
        }
    }
    fetch(&touch);
}

/* Where the records of accepted BUYs go. Of one drop they lie one behind the other. */
static void fetch_tails(const slc_logic_t *logic, const slc_ask_t *asks, uint32_t count,
                        const slc_drop_t *const drops[SLC_AHEAD_MAX])
{
    slc_touch_t touch;
    touch.count = 0;
    uint32_t chunks = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (drops[i] != NULL && (i == 0 || drops[i] != drops[i - 1])) {
            uint64_t bytes = slc_order_record_bytes(drops[i]->per_user_limit != 0, asks[i].user_bytes);
            touch.count += slc_records_tail_lines(&logic->region, drops[i], bytes, &chunks,
                                                  touch.lines + touch.count);
        }
    }
    fetch(&touch);
}

void slc_logic_fetch_ahead(const slc_logic_t *logic, const slc_ask_t *asks, uint32_t count)
{
    SLC_CHECK(count <= SLC_AHEAD_MAX);
    const slc_drop_t *drops[SLC_AHEAD_MAX];
    slc_named_t named;
    fetch_index_lines(logic, asks, count, &named);
    fetch_named(logic, asks, count, &named, drops);
    fetch_tails(logic, asks, count, drops);
}
