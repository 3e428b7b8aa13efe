#include "restore/pairs.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static slc_pairs_t *pairs;

static void setup(void)
{
    pairs = calloc(1, sizeof *pairs);
    cr_assert(pairs != NULL);
}

static void teardown(void)
{
    free(pairs);
}

TestSuite(pairs, .init = setup, .fini = teardown);

Test(pairs, are_given_at_their_sequence_and_once)
{
    uint64_t digest = 0;
    slc_pairs_add(pairs, 3, 33);
    slc_pairs_add(pairs, 7, 77);
    cr_assert(!slc_pairs_take(pairs, 1, &digest) && !slc_pairs_take(pairs, 2, &digest));
    cr_assert(slc_pairs_take(pairs, 3, &digest) && digest == 33);
    cr_assert(!slc_pairs_take(pairs, 3, &digest) && !slc_pairs_take(pairs, 6, &digest));
    cr_assert(slc_pairs_take(pairs, 7, &digest) && digest == 77);
    cr_assert(!slc_pairs_take(pairs, 8, &digest));
}

Test(pairs, of_no_event_or_told_again_or_from_before_are_left_out)
{
    uint64_t digest = 0;
    slc_pairs_add(pairs, 0, 1);
    slc_pairs_add(pairs, 5, 55);
    slc_pairs_add(pairs, 5, 56);
    slc_pairs_add(pairs, 4, 44);
    cr_assert(!slc_pairs_take(pairs, 4, &digest));
    cr_assert(slc_pairs_take(pairs, 5, &digest) && digest == 55);
    cr_assert(!slc_pairs_take(pairs, 5, &digest));
}

Test(pairs, that_became_known_behind_their_time_stand_in_nobodys_way)
{
    uint64_t digest = 0;
    slc_pairs_add(pairs, 5, 55);
    slc_pairs_add(pairs, 6, 66);
    slc_pairs_add(pairs, 9, 99);
    cr_assert(!slc_pairs_take(pairs, 8, &digest));
    cr_assert(slc_pairs_take(pairs, 9, &digest) && digest == 99);
}

Test(pairs, beyond_the_room_there_is_are_left_out_and_the_others_stay_right)
{
    uint64_t digest = 0;
    for (uint64_t round = 0; round < 3; round++) { /* the places come round */
        uint64_t base = round * 2 * SLC_PAIRS_MAX;
        for (uint64_t i = 1; i <= SLC_PAIRS_MAX + 5; i++) {
            slc_pairs_add(pairs, base + i, ~(base + i));
        }
        for (uint64_t i = 1; i <= SLC_PAIRS_MAX; i++) {
            cr_assert(slc_pairs_take(pairs, base + i, &digest) && digest == ~(base + i));
        }
        cr_assert(!slc_pairs_take(pairs, base + SLC_PAIRS_MAX + 1, &digest));
    }
}
