/* The index against a plain list of pairs: growth in the middle of everything, removals, colliding
 * hashes. */
#include "kit.h"
#include "logic/index.h"

#include <stdlib.h>
#include <sys/mman.h>

#define TAG(n) ((uint64_t)(n) << SLC_REF_BITS)

static bool holds(const slc_index_t *index, uint64_t hash, slc_ref_t ref)
{
    slc_probe_t probe;
    slc_ref_t found = slc_index_first(index, hash, &probe);
    while (found != 0 && found != ref) {
        found = slc_index_next(&probe);
    }
    return found == ref;
}

static uint64_t count_under(const slc_index_t *index, uint64_t hash)
{
    slc_probe_t probe;
    uint64_t count = 0;
    for (slc_ref_t ref = slc_index_first(index, hash, &probe); ref != 0; ref = slc_index_next(&probe)) {
        count++;
    }
    return count;
}

/* Everything in a table stands in order of tags, at or behind its home, without a gap on the way. */
static void assert_sound(const slc_index_t *index)
{
    uint64_t seen = 0;
    const slc_table_t *tables[] = {&index->main, &index->next};
    for (int t = 0; t < 2; t++) {
        uint64_t last = 0;
        for (uint64_t at = t == 0 ? index->cursor : 0; at < tables[t]->room; at++) {
            uint64_t word = tables[t]->slots[at];
            if (word == 0) {
                continue;
            }
            uint64_t tag = slc_index_tag(word);
            uint64_t begin = (uint64_t)(slc_index_begin(index, tag) - tables[t]->slots);
            cr_assert(t == 0 ? tag >= index->boundary : tag < index->boundary);
            cr_assert(tag >= last, "in order");
            cr_assert(begin <= at, "behind its home");
            for (uint64_t i = begin; i < at; i++) {
                cr_assert(tables[t]->slots[i] != 0, "no gap between its home and its place");
            }
            last = tag;
            seen++;
        }
    }
    cr_assert_eq(seen, index->count);
}

Test(index, finds_nothing_while_it_is_empty)
{
    slc_index_t index;
    slc_index_init(&index);
    cr_assert_eq(count_under(&index, 0), 0);
    cr_assert_eq(count_under(&index, UINT64_MAX), 0);
    cr_assert_not(slc_index_remove(&index, 5, 1));
    cr_assert_eq(slc_index_bytes(&index), 0, "and costs nothing");
    slc_index_finish(&index);
}

Test(index, keeps_what_was_put_in_at_every_size_while_it_grows)
{
    slc_index_t index;
    slc_index_init(&index);
    uint64_t state = 1;
    uint64_t grown = 0;
    uint64_t hashes[3000];
    for (uint64_t i = 0; i < 3000; i++) {
        hashes[i] = kit_random(&state);
        slc_index_insert(&index, hashes[i], 1 + i);
        grown += index.next.room > 0;
        for (uint64_t k = 0; k <= i; k++) {
            cr_assert(holds(&index, hashes[k], 1 + k), "%" PRIu64 " of %" PRIu64, k, i);
        }
    }
    cr_assert(grown > 100, "looked at while it was growing");
    assert_sound(&index);
    slc_index_finish(&index);
}

Test(index, finds_all_refs_of_equal_hashes_and_replaces_the_one_that_is_named)
{
    slc_index_t index;
    slc_index_init(&index);
    for (uint64_t ref = 1; ref <= 500; ref++) {
        slc_index_insert(&index, TAG(77), ref);
        slc_index_insert(&index, TAG(77 + ref % 3), 1000 + ref);
    }
    assert_sound(&index);
    slc_index_replace(&index, TAG(77), 250, 9999);
    cr_assert(holds(&index, TAG(77), 9999));
    cr_assert_not(holds(&index, TAG(77), 250));
    cr_assert(holds(&index, TAG(77), 249) && holds(&index, TAG(77), 251));
    cr_assert_eq(count_under(&index, TAG(77)), 500 + 166);
    cr_assert(slc_index_remove(&index, TAG(77), 9999));
    cr_assert_not(slc_index_remove(&index, TAG(77), 9999), "once");
    cr_assert_eq(count_under(&index, TAG(77)), 500 + 165);
    assert_sound(&index);
    slc_index_finish(&index);
}

/* The end of the table is where a run of taken slots has nowhere to go. */
Test(index, holds_any_number_of_hashes_at_the_very_end_and_the_very_beginning)
{
    slc_index_t index;
    slc_index_init(&index);
    for (uint64_t ref = 1; ref <= 2000; ref++) {
        slc_index_insert(&index, UINT64_MAX, ref);
        slc_index_insert(&index, 0, 10000 + ref);
    }
    cr_assert_eq(count_under(&index, UINT64_MAX), 2000);
    cr_assert_eq(count_under(&index, 0), 2000);
    assert_sound(&index);
    for (uint64_t ref = 1; ref <= 2000; ref++) {
        cr_assert(slc_index_remove(&index, UINT64_MAX, ref));
        cr_assert(slc_index_remove(&index, 0, 10000 + ref));
    }
    cr_assert_eq(index.count, 0);
    slc_index_finish(&index);
}

Test(index, the_largest_ref_and_the_smallest_tag_fit_a_slot)
{
    slc_index_t index;
    slc_index_init(&index);
    slc_index_insert(&index, 0, SLC_REF_MAX);
    slc_index_insert(&index, 0, 1);
    slc_index_insert(&index, UINT64_MAX, SLC_REF_MAX);
    cr_assert(holds(&index, 0, SLC_REF_MAX) && holds(&index, 0, 1) &&
              holds(&index, UINT64_MAX, SLC_REF_MAX));
    slc_index_finish(&index);
}

Test(index, gives_memory_back_as_it_empties)
{
    slc_index_t index;
    slc_index_init(&index);
    uint64_t state = 5;
    static uint64_t hashes[300000];
    for (uint64_t i = 0; i < 300000; i++) {
        hashes[i] = kit_random(&state);
        slc_index_insert(&index, hashes[i], 1 + i);
    }
    uint64_t full = slc_index_bytes(&index);
    cr_assert(full > 300000 * 8 && full < 300000 * 30, "%" PRIu64 " bytes", full);
    for (uint64_t i = 0; i < 300000; i++) {
        cr_assert(slc_index_remove(&index, hashes[i], 1 + i));
    }
    while (slc_index_tidy(&index, 1000)) {
    }
    cr_assert(slc_index_bytes(&index) < 16384, "%" PRIu64 " bytes", slc_index_bytes(&index));
    slc_index_finish(&index);
}

/* Fills an index until a large table waits beside the one in use; answers the state to go on from. */
static uint64_t fill_until_one_waits(slc_index_t *index, uint64_t *ret_refs)
{
    uint64_t state = 7;
    uint64_t ref = 0;
    while (!slc_table_is_mapped(&index->main) || index->boundary != 0 || index->next.room == 0) {
        slc_index_insert(index, kit_random(&state), ++ref);
    }
    *ret_refs = ref;
    return state;
}

Test(index, a_large_table_is_there_before_it_is_due_and_told_as_what_comes_next)
{
    slc_index_t index;
    slc_index_init(&index);
    slc_fresh_t fresh = {.count = 0};
    slc_index_fresh(&index, &fresh);
    cr_assert_eq(fresh.count, 0, "nothing to tell while there is little");
    uint64_t refs;
    (void)fill_until_one_waits(&index, &refs);
    cr_assert(index.count * 5 < index.main.lines * SLC_LINE_SLOTS * 4, "growing is not due yet");
    cr_assert_not(slc_index_tidy(&index, 1000), "a table that waits is nothing left to do");
    slc_index_fresh(&index, &fresh);
    cr_assert_eq(fresh.count, 1);
    cr_assert_eq((void *)fresh.pieces[0].at, (void *)index.next.slots, "from its beginning");
    cr_assert(fresh.pieces[0].bytes > 0 && fresh.pieces[0].bytes <= slc_table_bytes(&index.next));
    cr_assert_eq((uintptr_t)fresh.pieces[0].at % SLC_HUGE_PAGE_BYTES, 0);
    slc_index_finish(&index);
}

Test(index, what_is_told_moves_on_with_the_growing)
{
    slc_index_t index;
    slc_index_init(&index);
    uint64_t refs;
    uint64_t state = fill_until_one_waits(&index, &refs);
    while (slc_table_bytes(&index.next) < 4 * SLC_HUGE_PAGE_BYTES || index.boundary == 0) {
        slc_index_insert(&index, kit_random(&state), ++refs);
    }
    while (slc_table_home(&index.next, index.boundary) * 8 < 3 * SLC_HUGE_PAGE_BYTES) {
        slc_fresh_t fresh = {.count = 0};
        slc_index_fresh(&index, &fresh);
        const uint8_t *at =
            (const uint8_t *)(index.next.slots + slc_table_home(&index.next, index.boundary));
        cr_assert_eq(fresh.count, 1);
        cr_assert(at >= fresh.pieces[0].at && at < fresh.pieces[0].at + SLC_HUGE_PAGE_BYTES,
                  "it begins with the page that is written to next");
        cr_assert(fresh.pieces[0].at + fresh.pieces[0].bytes <=
                  (uint8_t *)index.next.slots + slc_table_bytes(&index.next));
        slc_index_insert(&index, kit_random(&state), ++refs);
    }
    slc_index_finish(&index);
}

Test(index, a_table_that_waits_in_vain_is_let_go)
{
    slc_index_t index;
    slc_index_init(&index);
    uint64_t refs;
    (void)fill_until_one_waits(&index, &refs);
    uint64_t state = 7;
    for (uint64_t ref = 1; ref <= refs / 3; ref++) {
        cr_assert(slc_index_remove(&index, kit_random(&state), ref));
    }
    cr_assert_eq(index.next.room, 0);
    cr_assert_eq(index.boundary, 0);
    assert_sound(&index);
    slc_index_finish(&index);
}

static bool is_mapped(const void *at)
{
    unsigned char resident;
    return mincore((void *)((uintptr_t)at / 4096 * 4096), 4096, &resident) == 0;
}

Test(index, an_outgrown_table_stays_mapped_while_it_is_held)
{
    slc_index_t index;
    slc_index_init(&index);
    uint64_t refs;
    uint64_t state = fill_until_one_waits(&index, &refs);
    const uint64_t *old = index.main.slots;
    slc_index_hold(&index, true);
    while (index.main.slots == old) {
        slc_index_insert(&index, kit_random(&state), ++refs);
    }
    cr_assert(is_mapped(old), "somebody may be touching it");
    state = 7;
    for (uint64_t ref = 1; ref <= refs; ref++) {
        cr_assert(holds(&index, kit_random(&state), ref));
    }
    slc_index_hold(&index, false);
    cr_assert_not(is_mapped(old));
    slc_index_finish(&index);
}

/* Against a list of pairs. Few tags, so that they collide, and now and then a big wave in or out, so that
 * growing and shrinking meet each kind of change. */
static void against_a_list(uint64_t seed, uint64_t tags)
{
    enum { PAIRS_MAX = 4000 };
    static uint64_t hashes[PAIRS_MAX];
    static slc_ref_t refs[PAIRS_MAX];
    uint64_t state = seed;
    uint64_t count = 0;
    slc_index_t index;
    slc_index_init(&index);
    for (uint64_t step = 0; step < 60000; step++) {
        bool out = step / 5000 % 2 == 1;
        uint64_t dice = kit_random(&state) % 10;
        if (count < PAIRS_MAX && (count == 0 || dice < (out ? 2 : 7))) {
            /* Spread over the whole range of tags. */
            hashes[count] = TAG((kit_random(&state) % tags) * ((1u << SLC_TAG_BITS) / tags));
            refs[count] = 1 + step;
            slc_index_insert(&index, hashes[count], refs[count]);
            count++;
        } else if (dice == 9) {
            uint64_t at = kit_random(&state) % count;
            slc_index_replace(&index, hashes[at], refs[at], 1000000 + step);
            refs[at] = 1000000 + step;
        } else {
            uint64_t at = kit_random(&state) % count;
            cr_assert(slc_index_remove(&index, hashes[at], refs[at]));
            cr_assert_not(holds(&index, hashes[at], refs[at]));
            count--;
            hashes[at] = hashes[count];
            refs[at] = refs[count];
        }
        if (step % 1000 == 0) {
            assert_sound(&index);
            for (uint64_t i = 0; i < count; i++) {
                cr_assert(holds(&index, hashes[i], refs[i]), "seed %" PRIu64 " step %" PRIu64, seed,
                          step);
            }
        }
        cr_assert_eq(index.count, count);
    }
    slc_index_finish(&index);
}

Test(index, is_the_list_of_pairs_that_were_put_in_and_not_taken_out)
{
    const char *seed = getenv("SLC_SEED");
    uint64_t first = seed == NULL ? 1 : strtoull(seed, NULL, 0);
    for (uint64_t i = 0; i < (seed == NULL ? 4 : 1); i++) {
        against_a_list(first + i, 1u << SLC_TAG_BITS);
        against_a_list(first + i, 3000);
        against_a_list(first + i, 40);
        against_a_list(first + i, 1);
    }
}
