/* How long the mirror rests behind a piece of work, by what went through the logic meanwhile. */
#include "report/pace.h"

#include <criterion/criterion.h>

#define MS UINT64_C(1000000)
#define MUCH_IN_10_MS (SLC_PACE_MUCH_PER_S / 100)

Test(pace, while_little_is_asked_it_works_without_a_rest)
{
    slc_pace_t pace = {.looked_ns = 5 * MS, .passed = 70};
    cr_assert_eq(slc_pace_rest_ns(&pace, 10 * MS, 15 * MS, 70), 0);
    cr_assert_eq(slc_pace_rest_ns(&pace, 10 * MS, 25 * MS, 70 + MUCH_IN_10_MS - 1), 0);
}

Test(pace, while_much_is_asked_it_works_for_a_quarter_of_the_time)
{
    slc_pace_t pace = {.looked_ns = 0, .passed = 0};
    uint64_t now_ns = 0;
    uint64_t worked_ns = 0;
    uint64_t passed = 0;
    for (int i = 0; i < 1000; i++) {
        now_ns += 3 * MS;
        worked_ns += 3 * MS;
        passed += SLC_PACE_MUCH_PER_S;
        now_ns += slc_pace_rest_ns(&pace, 3 * MS, now_ns, passed);
    }
    cr_assert_eq(now_ns, 4 * worked_ns);
}

Test(pace, the_time_of_its_rest_counts_as_well_so_that_it_sees_the_end_of_a_rush)
{
    slc_pace_t pace = {.looked_ns = 0, .passed = 0};
    uint64_t passed = 100 * MUCH_IN_10_MS;
    uint64_t rest_ns = slc_pace_rest_ns(&pace, 10 * MS, 10 * MS, passed);
    cr_assert_eq(rest_ns, 30 * MS);
    /* Behind the rest and 10 ms more of work, in which a quarter of much was asked. */
    cr_assert_eq(slc_pace_rest_ns(&pace, 10 * MS, 50 * MS, passed + MUCH_IN_10_MS), 0);
}

Test(pace, no_rest_is_longer_than_the_bound)
{
    slc_pace_t pace = {.looked_ns = 0, .passed = 0};
    cr_assert_eq(slc_pace_rest_ns(&pace, 60000 * MS, 60000 * MS, UINT64_C(1) << 40),
                 SLC_PACE_REST_NS_MAX);
}

Test(pace, years_without_a_look_are_no_rush)
{
    slc_pace_t pace = {.looked_ns = 0, .passed = 0};
    cr_assert_eq(slc_pace_rest_ns(&pace, 1, UINT64_MAX / 2, 1000), 0);
}
