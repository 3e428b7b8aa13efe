/* src/disruptor/wait.c, its stages one by one: a condition that a test answers for, look by look. */
#include "disruptor/wait.h"

#include <criterion/criterion.h>

#include <time.h>

#define FOR_EVER UINT64_MAX
#define MS_NS UINT64_C(1000000)

/* Over from look number `over_at` on, counted from 1, 0: never; at each look the slowest is that of the
 * list, or its last. */
typedef struct looks {
    slc_sequence_t *slowest[4];
    unsigned slowest_count;
    unsigned over_at;
    unsigned taken;
    void (*at_look)(struct looks *looks);
} looks_t;

static slc_sequence_t a;
static slc_sequence_t b;

static void setup(void)
{
    slc_sequence_init(&a, 0);
    slc_sequence_init(&b, 0);
}

TestSuite(wait, .init = setup, .timeout = 60);

static bool look(void *context, slc_sequence_t **ret_slowest)
{
    looks_t *looks = context;
    unsigned at = looks->taken < looks->slowest_count ? looks->taken : looks->slowest_count - 1;
    *ret_slowest = looks->slowest[at];
    looks->taken++;
    if (looks->at_look != NULL) {
        looks->at_look(looks);
    }
    return looks->over_at != 0 && looks->taken >= looks->over_at;
}

static slc_wait_plan_t plan_of(slc_wait_t strategy, looks_t *looks)
{
    return (slc_wait_plan_t){.strategy = strategy, .over = look, .context = looks};
}

Test(wait, without_time_asks_once)
{
    looks_t looks = {.slowest = {&a}, .slowest_count = 1};
    slc_wait_plan_t plan = plan_of(SLC_WAIT_SLEEP, &looks);
    cr_assert(!slc_wait(&plan, 0) && looks.taken == 1);
    looks = (looks_t){.slowest = {&a}, .slowest_count = 1, .over_at = 1};
    cr_assert(slc_wait(&plan, 0) && looks.taken == 1);
}

/* Nobody rings here, and there is no end to the time: whoever sleeps stays asleep. */
Test(wait, does_not_sleep_on_a_bell_that_has_become_the_wrong_one)
{
    looks_t looks = {.slowest = {&a, &b}, .slowest_count = 2, .over_at = 3};
    slc_wait_plan_t plan = plan_of(SLC_WAIT_SLEEP, &looks);
    cr_assert(slc_wait(&plan, FOR_EVER) && looks.taken == 3);
    cr_assert(atomic_load(&a.sleepers) == 0 && atomic_load(&b.sleepers) == 0);
}

Test(wait, does_not_sleep_when_it_is_over_at_the_look_behind_the_announcement)
{
    looks_t looks = {.slowest = {&a}, .slowest_count = 1, .over_at = 2};
    slc_wait_plan_t plan = plan_of(SLC_WAIT_SLEEP, &looks);
    cr_assert(slc_wait(&plan, FOR_EVER) && looks.taken == 3);
}

static void expect_announced(looks_t *looks)
{
    cr_expect(atomic_load(&a.sleepers) == (looks->taken % 2 == 0 ? 1u : 0u), "look %u", looks->taken);
}

Test(wait, announces_each_sleep_before_its_last_look_and_takes_it_back)
{
    looks_t looks = {.slowest = {&a}, .slowest_count = 1, .at_look = expect_announced};
    slc_wait_plan_t plan = plan_of(SLC_WAIT_SLEEP, &looks);
    cr_assert(!slc_wait(&plan, MS_NS));
    cr_assert(looks.taken >= 3 && atomic_load(&a.sleepers) == 0);
}

static void ring_behind_it(looks_t *looks)
{
    if (looks->taken == 2) {
        slc_sequence_ring_bell(&a);
    }
}

/* The bell was noted before the look, so a ring between look and sleep is for this sleeper. */
Test(wait, is_not_slept_through_when_the_bell_rings_right_behind_the_last_look)
{
    looks_t looks = {.slowest = {&a}, .slowest_count = 1, .over_at = 3, .at_look = ring_behind_it};
    slc_wait_plan_t plan = plan_of(SLC_WAIT_SLEEP, &looks);
    cr_assert(slc_wait(&plan, FOR_EVER) && looks.taken == 3);
}

static void out_of_time(slc_wait_t strategy)
{
    looks_t looks = {.slowest = {&a}, .slowest_count = 1};
    slc_wait_plan_t plan = plan_of(strategy, &looks);
    cr_assert(!slc_wait(&plan, 1100 * MS_NS)); /* over a change of the second */
    cr_assert(looks.taken > 1);
}
Test(wait, that_yields_ends_with_its_time)
{
    out_of_time(SLC_WAIT_YIELD);
}
Test(wait, that_sleeps_ends_with_its_time)
{
    out_of_time(SLC_WAIT_SLEEP);
}

static void be_late(looks_t *looks)
{
    struct timespec time = {.tv_sec = 1, .tv_nsec = 100000000};
    if (looks->taken == 2) {
        cr_expect(nanosleep(&time, NULL) == 0);
    }
}

Test(wait, that_comes_back_a_second_late_knows_that_its_time_is_over)
{
    looks_t looks = {.slowest = {&a}, .slowest_count = 1, .at_look = be_late};
    slc_wait_plan_t plan = plan_of(SLC_WAIT_YIELD, &looks);
    cr_assert(!slc_wait(&plan, MS_NS) && looks.taken <= 3);
}

Test(wait, that_spins_looks_at_the_clock_now_and_then_only)
{
    looks_t looks = {.slowest = {&a}, .slowest_count = 1, .over_at = 3};
    slc_wait_plan_t plan = plan_of(SLC_WAIT_SPIN, &looks);
    cr_assert(!slc_wait(&plan, 1) && looks.taken == 2, "at the first turn it does");
    looks = (looks_t){.slowest = {&a}, .slowest_count = 1, .over_at = 100};
    cr_assert(slc_wait(&plan, FOR_EVER) && looks.taken == 100);
}
