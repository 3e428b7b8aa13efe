/* One cut at a time goes over and comes back, and nobody sleeps through it. */
#include "snapshot/handover.h"

#include "logic/logic.h"

#include <criterion/criterion.h>

static slc_handover_t handover;
static slc_logic_t *logic;

static void before(void)
{
    slc_handover_init(&handover);
    logic = slc_logic_create();
    cr_assert_not_null(logic);
}

static void after(void)
{
    slc_logic_destroy(logic);
    slc_handover_finish(&handover);
}

TestSuite(handover, .init = before, .fini = after);

static slc_cut_t *complete_cut(void)
{
    slc_cut_t *cut = slc_logic_cut_begin(logic);
    cr_assert_not_null(cut);
    cr_assert_eq(slc_logic_cut_step(logic, 1), SLC_CUT_COMPLETE);
    return cut;
}

Test(handover, hears_any_number_of_wants_as_one)
{
    cr_assert_not(slc_handover_wanted(&handover));
    slc_handover_want(&handover);
    slc_handover_want(&handover);
    cr_assert(slc_handover_wanted(&handover));
    cr_assert_not(slc_handover_wanted(&handover));
    slc_handover_want(&handover);
    cr_assert(slc_handover_wanted(&handover));
}

Test(handover, takes_a_cut_over_and_back)
{
    bool failed;
    cr_assert_null(slc_handover_take(&handover, &failed));
    cr_assert_not(failed);
    slc_cut_t *cut = complete_cut();
    slc_handover_give(&handover, cut);
    cr_assert_null(slc_handover_returned(&handover));
    cr_assert_eq(slc_handover_take(&handover, &failed), cut);
    cr_assert_null(slc_handover_take(&handover, &failed), "once");
    slc_handover_return(&handover, cut);
    cr_assert_eq(slc_handover_returned(&handover), cut);
    cr_assert_null(slc_handover_returned(&handover), "once");
    slc_logic_cut_end(logic, cut);
}

Test(handover, tells_once_that_a_cut_could_not_be_made)
{
    bool failed;
    slc_handover_give(&handover, NULL);
    cr_assert_null(slc_handover_take(&handover, &failed));
    cr_assert(failed);
    cr_assert_null(slc_handover_take(&handover, &failed));
    cr_assert_not(failed);
}

Test(handover, has_what_is_left_on_either_way)
{
    cr_assert_null(slc_handover_leftover(&handover));
    slc_cut_t *cut = complete_cut();
    slc_handover_give(&handover, cut);
    cr_assert_eq(slc_handover_leftover(&handover), cut);
    cr_assert_null(slc_handover_leftover(&handover));
    slc_handover_return(&handover, cut);
    cr_assert_eq(slc_handover_leftover(&handover), cut);
    slc_logic_cut_end(logic, cut);
}

Test(handover, does_not_wait_for_what_is_there)
{
    /* Each would wait for an hour, and the test with it. */
    uint64_t hour_ns = UINT64_C(3600000000000);
    bool failed;
    slc_handover_give(&handover, NULL);
    cr_assert(slc_handover_wait(&handover, hour_ns));
    (void)slc_handover_take(&handover, &failed);
    slc_cut_t *cut = complete_cut();
    slc_handover_give(&handover, cut);
    cr_assert(slc_handover_wait(&handover, hour_ns));
    cr_assert(slc_handover_wait(&handover, hour_ns), "until it is taken");
    cr_assert_eq(slc_handover_take(&handover, &failed), cut);
    cr_assert(slc_handover_wait(&handover, 1), "the time is over, and nothing stops");
    cr_assert(slc_handover_nap(&handover, 1));
    slc_handover_stop(&handover);
    cr_assert_not(slc_handover_wait(&handover, hour_ns));
    cr_assert_not(slc_handover_nap(&handover, hour_ns));
    slc_logic_cut_end(logic, cut);
}

static void *give_one(void *context)
{
    slc_handover_give(&handover, context);
    return NULL;
}

static void *stop(void *context)
{
    slc_handover_stop(context);
    return NULL;
}

Test(handover, wakes_who_sleeps)
{
    uint64_t hour_ns = UINT64_C(3600000000000);
    slc_cut_t *cut = complete_cut();
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, give_one, cut), 0);
    bool failed;
    slc_cut_t *taken;
    while ((taken = slc_handover_take(&handover, &failed)) == NULL) {
        cr_assert(slc_handover_wait(&handover, hour_ns));
    }
    cr_assert_eq(taken, cut);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_assert_eq(pthread_create(&thread, NULL, stop, &handover), 0);
    while (slc_handover_wait(&handover, hour_ns)) {
    }
    cr_assert_not(slc_handover_nap(&handover, hour_ns), "nor does who naps");
    cr_assert_eq(pthread_join(thread, NULL), 0);
    slc_logic_cut_end(logic, cut);
}
