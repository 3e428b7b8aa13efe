/* What is expected of a replay or a load: few growths, each in one go, and never much too large. */
#include "kit.h"
#include "logic/index.h"

#define SLOTS(table) ((table).lines * SLC_LINE_SLOTS)
#define ENTRIES UINT64_C(200000)
#define TELL_EVERY UINT64_C(500)

static bool holds(const slc_index_t *index, uint64_t hash, slc_ref_t ref)
{
    slc_probe_t probe;
    slc_ref_t found = slc_index_first(index, hash, &probe);
    while (found != 0 && found != ref) {
        found = slc_index_next(&probe);
    }
    return found == ref;
}

static void assert_holds(const slc_index_t *index, uint64_t seed, uint64_t first, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        cr_assert(holds(index, kit_random(&seed), first + i), "%" PRIu64 " of %" PRIu64, i, count);
    }
}

/* Puts entries in while it is told how many of `total` are; answers how often the table grew. */
static unsigned fill(slc_index_t *index, uint64_t seed, uint64_t first, uint64_t count, uint64_t total)
{
    unsigned grown = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (i % TELL_EVERY == 0) {
            slc_index_expect(index, i, total);
        }
        uint64_t lines = index->main.lines;
        slc_index_insert(index, kit_random(&seed), first + i);
        grown += index->main.lines != lines;
        cr_assert_eq(index->cursor, 0, "nothing is left half-moved");
        cr_assert_eq(index->boundary, 0);
        cr_assert_leq(SLOTS(index->main), 64 * SLC_LINE_SLOTS + 5 * (i + first), "at most four times");
    }
    return grown;
}

Test(expect, an_index_gets_to_its_size_in_few_steps)
{
    slc_index_t told;
    slc_index_t untold;
    slc_index_init(&told);
    slc_index_init(&untold);
    unsigned grown = fill(&told, 1, 1, ENTRIES, ENTRIES);
    uint64_t seed = 1;
    unsigned usually = 0;
    for (uint64_t i = 0; i < ENTRIES; i++) {
        uint64_t lines = untold.main.lines;
        slc_index_insert(&untold, kit_random(&seed), 1 + i);
        usually += untold.main.lines != lines;
    }
    cr_assert_leq(grown, 12, "grown %u times", grown);
    cr_assert_geq(usually, 16, "where it takes %u otherwise", usually);
    cr_assert_geq(told.count * 100, SLOTS(told.main) * 60, "and fits: %" PRIu64 " slots",
                  SLOTS(told.main));
    cr_assert_leq(told.count * 100, SLOTS(told.main) * 80);
    assert_holds(&told, 1, 1, ENTRIES);
    slc_index_finish(&told);
    slc_index_finish(&untold);
}

Test(expect, what_was_there_before_does_not_count_as_come)
{
    slc_index_t index;
    slc_index_init(&index);
    (void)fill(&index, 1, 1, ENTRIES, ENTRIES);
    slc_index_expect(&index, 0, 0);
    uint64_t slots = SLOTS(index.main);
    /* A quarter more, told from its beginning. */
    (void)fill(&index, 2, 1 + ENTRIES, ENTRIES / 4, ENTRIES / 4);
    cr_assert_leq(SLOTS(index.main), slots * 5 / 3 + SLC_LINE_SLOTS);
    assert_holds(&index, 1, 1, ENTRIES);
    assert_holds(&index, 2, 1 + ENTRIES, ENTRIES / 4);
    slc_index_finish(&index);
}

Test(expect, what_does_not_come_after_all_costs_no_more_than_four_times)
{
    slc_index_t index;
    slc_index_init(&index);
    (void)fill(&index, 1, 1, ENTRIES / 10, UINT64_MAX); /* whose bounds are looked at */
    assert_holds(&index, 1, 1, ENTRIES / 10);
    slc_index_finish(&index);
}

Test(expect, nothing_shrinks_before_the_end_and_it_does_behind_it)
{
    slc_index_t index;
    slc_index_init(&index);
    (void)fill(&index, 1, 1, ENTRIES, ENTRIES);
    uint64_t lines = index.main.lines;
    uint64_t seed = 1;
    for (uint64_t i = 0; i < ENTRIES - 100; i++) {
        cr_assert(slc_index_remove(&index, kit_random(&seed), 1 + i));
    }
    cr_assert_eq(index.main.lines, lines, "it may all come back");
    cr_assert_eq(index.next.room, 0);
    slc_index_expect(&index, 0, 0);
    while (slc_index_tidy(&index, 1000)) {
    }
    cr_assert_lt(index.main.lines, lines / 8);
    assert_holds(&index, seed, 1 + ENTRIES - 100, 100);
    slc_index_finish(&index);
}

Test(expect, an_index_that_was_growing_goes_on_in_one_go)
{
    slc_index_t index;
    slc_index_init(&index);
    uint64_t seed = 1;
    uint64_t count = 0;
    while (index.boundary == 0 || index.count < 5000) {
        slc_index_insert(&index, kit_random(&seed), ++count);
    }
    slc_index_expect(&index, 0, 1000);
    slc_index_insert(&index, kit_random(&seed), ++count);
    cr_assert_eq(index.boundary, 0);
    assert_holds(&index, 1, 1, count);
    slc_index_finish(&index);
}
