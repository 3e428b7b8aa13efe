#include "../../../perf/load/series.h"

#include <criterion/criterion.h>

#define ORIGIN UINT64_C(5000000000)

static load_tally_t tally;
static load_series_t series;

static void start(void)
{
    cr_assert(load_tally_init(&tally, 2));
    load_series_begin(&series, ORIGIN, ORIGIN);
}

static void stop(void)
{
    load_series_finish(&series);
    load_tally_finish(&tally);
}

TestSuite(load_series, .init = start, .fini = stop);

static void answer(uint32_t drop, slc_status_t status, uint64_t latency_ns)
{
    static uint64_t order_id;
    slc_buy_reply_t reply = {.status = status, .order_id = ++order_id};
    load_tally_answer(&tally, drop, &reply, latency_ns);
}

/* Closes the slice that is running at the moment when the n-th next one begins. */
static void pass_slices(uint64_t n)
{
    load_series_close(&series, &tally, 2, series.end_ns + (n - 1) * LOAD_SLICE_NS);
}

Test(load_series, a_slice_has_what_came_in_it_and_nothing_else)
{
    answer(0, SLC_STATUS_ACCEPTED, 100);
    answer(1, SLC_STATUS_ACCEPTED, 100);
    answer(1, SLC_STATUS_SOLD_OUT, 100);
    pass_slices(1);
    answer(1, SLC_STATUS_ACCEPTED, 100);
    pass_slices(1);
    cr_assert(series.count == 2);
    cr_assert(series.slices[0].answered == 3 && series.slices[0].accepted == 2);
    cr_assert(series.slices[0].sold[0] == 1 && series.slices[0].sold[1] == 1);
    cr_assert(series.slices[1].answered == 1 && series.slices[1].accepted == 1);
    cr_assert(series.slices[1].sold[0] == 0 && series.slices[1].sold[1] == 1);
}

Test(load_series, a_slow_slice_does_not_colour_the_next)
{
    for (int i = 0; i < 100; i++) {
        answer(0, SLC_STATUS_SOLD_OUT, 1000000);
    }
    pass_slices(1);
    for (int i = 1; i <= 100; i++) {
        answer(0, SLC_STATUS_SOLD_OUT, (uint64_t)i);
    }
    pass_slices(1);
    cr_assert(series.slices[0].p50_ns == 1000000 && series.slices[0].max_ns == 1000000);
    cr_assert(series.slices[1].p50_ns == 50, "%llu", (unsigned long long)series.slices[1].p50_ns);
    cr_assert(series.slices[1].p99_ns == 99, "%llu", (unsigned long long)series.slices[1].p99_ns);
    cr_assert(series.slices[1].max_ns == 100, "%llu", (unsigned long long)series.slices[1].max_ns);
}

Test(load_series, a_silence_is_slices_of_nothing)
{
    answer(0, SLC_STATUS_ACCEPTED, 7);
    pass_slices(1000);
    answer(0, SLC_STATUS_ACCEPTED, 7);
    pass_slices(1);
    cr_assert(series.count == 1001 && !series.incomplete);
    for (uint64_t i = 1; i < 1000; i++) {
        cr_assert(series.slices[i].answered == 0 && series.slices[i].max_ns == 0);
    }
    cr_assert(series.slices[1000].answered == 1);
}

Test(load_series, two_workers_add_up_and_the_slower_p99_stays)
{
    static load_series_t all;
    load_series_begin(&all, ORIGIN, ORIGIN);
    answer(0, SLC_STATUS_ACCEPTED, 100);
    pass_slices(1);
    load_series_merge(&all, &series);
    series.slices[0].p99_ns = 50;
    series.slices[0].max_ns = 500;
    load_series_merge(&all, &series);
    cr_assert(all.count == 1 && all.slices[0].answered == 2 && all.slices[0].sold[0] == 2);
    cr_assert(all.slices[0].p99_ns == 100 && all.slices[0].max_ns == 500);
    load_series_finish(&all);
}

Test(load_series, a_clock_that_leaps_ends_it_and_says_so)
{
    series.end_ns = ORIGIN + LOAD_SLICES_MAX * LOAD_SLICE_NS + LOAD_SLICE_NS;
    pass_slices(1);
    cr_assert(series.incomplete && series.count == 0);
    cr_assert(series.end_ns == UINT64_MAX);
}
