#include "../../../perf/load/schedule.h"

#include <criterion/criterion.h>

#define SECOND UINT64_C(1000000000)

static const load_schedule_t STEADY = {.from = 1000, .to = 1000, .seconds = 10, .burst = 1};
static const load_schedule_t RAMP = {.from = 1000, .to = 3000, .seconds = 10, .burst = 1};
static const load_schedule_t FALL = {.from = 3000, .to = 1000, .seconds = 10, .burst = 1};

static void expect_near(uint64_t ns, double seconds)
{
    double off = (double)ns / 1e9 - seconds;
    cr_assert(off > -1e-6 && off < 1e-6, "%.9f s, not %.9f s", (double)ns / 1e9, seconds);
}

Test(load_schedule, a_steady_rate_is_due_in_even_steps)
{
    for (uint64_t number = 0; number < 20000; number++) {
        cr_assert(load_schedule_due_ns(&STEADY, number) == number * SECOND / 1000);
    }
    cr_assert(load_schedule_requests(&STEADY, 2.5) == 2500);
    cr_assert(load_schedule_requests(&STEADY, 2.5001) == 2501);
}

/* At 1000 + 200 t a second the first second has 1,100, the first five 7,500, all ten 20,000. */
Test(load_schedule, a_ramp_climbs_evenly_and_goes_on_at_its_end)
{
    expect_near(load_schedule_due_ns(&RAMP, 0), 0);
    expect_near(load_schedule_due_ns(&RAMP, 1100), 1);
    expect_near(load_schedule_due_ns(&RAMP, 7500), 5);
    expect_near(load_schedule_due_ns(&RAMP, 20000), 10);
    expect_near(load_schedule_due_ns(&RAMP, 23000), 11);
    cr_assert(load_schedule_requests(&RAMP, 10) == 20000);
    cr_assert(load_schedule_requests(&RAMP, 1) == 1100);
}

Test(load_schedule, a_ramp_may_fall)
{
    expect_near(load_schedule_due_ns(&FALL, 2900), 1);
    expect_near(load_schedule_due_ns(&FALL, 20000), 10);
    expect_near(load_schedule_due_ns(&FALL, 21000), 11);
}

Test(load_schedule, never_goes_back)
{
    const load_schedule_t *const all[] = {&STEADY, &RAMP, &FALL};
    for (size_t i = 0; i < 3; i++) {
        uint64_t before = 0;
        for (uint64_t number = 0; number < 30000; number++) {
            uint64_t due = load_schedule_due_ns(all[i], number);
            cr_assert(due >= before, "request %llu of %zu", (unsigned long long)number, i);
            before = due;
        }
    }
}

Test(load_schedule, a_burst_is_due_at_once_and_the_rate_stays)
{
    load_schedule_t bursts = STEADY;
    bursts.burst = 50;
    for (uint64_t number = 0; number < 5000; number++) {
        cr_assert(load_schedule_due_ns(&bursts, number) == number / 50 * 50 * SECOND / 1000);
    }
}

Test(load_schedule, nothing_falls_due_in_a_closed_loop)
{
    load_schedule_t closed = {.from = 0};
    cr_assert(!load_schedule_is_open(&closed) && load_schedule_is_open(&STEADY));
}
