#include "../../../tools/replay/going.h"
#include "tale.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>

static going_t going;
static tale_t tale;

static void begin(void)
{
    tale_begin(&tale, going_listener(&going));
}

static void finish(void)
{
    tale_finish(&tale);
    going_finish(&going);
}

TestSuite(going, .init = begin, .fini = finish);

Test(going, wins_refusals_and_repeats_are_told_apart_and_add_up_to_the_attempts)
{
    tale_open(&tale, 1, 2, 0);
    cr_assert_neq(tale_buy(&tale, 1, "ada", 7), 0);
    cr_assert_neq(tale_buy(&tale, 1, "ada", 7), 0); /* the same key: a repeat */
    cr_assert_neq(tale_buy(&tale, 1, "bob", 8), 0);
    cr_assert_eq(tale_buy(&tale, 1, "cyd", 9), 0);
    tale_attempt(&tale, 1, "dan", SLC_STATUS_SOLD_OUT, 0);
    const going_drop_t *drop = going.drops[0];
    cr_assert_eq(drop->attempts, 5);
    cr_assert_eq(drop->wins, 2);
    cr_assert_eq(drop->units, 2);
    cr_assert_eq(drop->repeats, 1);
    cr_assert_eq(drop->refused[SLC_STATUS_SOLD_OUT], 2);
    cr_assert_eq(drop->left, 0);
    cr_assert_str_eq(drop->name, "shoe");
}

Test(going, the_sold_out_instant_is_that_of_the_last_unit_and_goes_when_units_come_back)
{
    tale_open(&tale, 1, 1, 0);
    tale.time_us = 5000000;
    uint64_t order = tale_buy(&tale, 1, "ada", 1);
    cr_assert_eq(going.drops[0]->sold_out_us, 5000000);
    cr_assert_eq(going.drops[0]->sold_out_sequence, order);
    tale.time_us = 6000000;
    tale_cancel(&tale, order);
    cr_assert_eq(going.drops[0]->sold_out_us, 0);
    cr_assert_eq(going.drops[0]->cancelled, 1);
    tale.time_us = 7000000;
    cr_assert_neq(tale_buy(&tale, 1, "bob", 2), 0);
    cr_assert_eq(going.drops[0]->sold_out_us, 7000000);
    tale_adjust(&tale, 1, 4);
    cr_assert_eq(going.drops[0]->sold_out_us, 0);
    cr_assert_eq(going.drops[0]->stock, 5);
    cr_assert_eq(going.drops[0]->left, 4);
}

Test(going, spans_grow_with_the_time_and_lose_nobody)
{
    uint64_t wins = 0;
    uint64_t step_us = 1;
    tale_open(&tale, 1, 1000, 0);
    for (uint64_t key = 1; key <= 40; key++) { /* from microseconds to days */
        cr_assert_neq(tale_buy(&tale, 1, "ada", key), 0);
        tale.time_us += step_us;
        step_us *= 2;
    }
    const going_drop_t *drop = going.drops[0];
    uint64_t last = UINT64_MAX;
    for (unsigned i = 0; i < GOING_SPANS; i++) {
        wins += drop->spans[i].wins;
        last = drop->spans[i].seen ? drop->spans[i].left : last;
    }
    cr_assert_eq(wins, 40);
    cr_assert_eq(last, 960, "the last span knows what is left now");
    cr_assert_eq(drop->left_at_begin, 1000);
    cr_assert((drop->last_us - drop->begin_us) / drop->span_us < GOING_SPANS);
    cr_assert((drop->last_us - drop->begin_us) / drop->span_us >= GOING_SPANS / 2,
              "no longer than needed");
}

Test(going, users_stand_in_the_class_of_how_often_they_came)
{
    static const uint64_t times[] = {1, 2, 3, 5, 6, 10, 11, 100, 101};
    static const uint64_t expected[GOING_CLASSES] = {1, 1, 2, 2, 2, 1};
    uint64_t users[GOING_CLASSES];
    uint64_t winners[GOING_CLASSES];
    char name[8];
    tale_open(&tale, 1, 1, 0);
    cr_assert_neq(tale_buy(&tale, 1, "u0", 1), 0); /* the one that comes once wins */
    for (uint64_t i = 1; i < sizeof times / sizeof times[0]; i++) {
        (void)snprintf(name, sizeof name, "u%" PRIu64, i);
        for (uint64_t j = 0; j < times[i]; j++) {
            tale_attempt(&tale, 1, name, SLC_STATUS_SOLD_OUT, 0);
        }
    }
    going_classes(going.drops[0], users, winners);
    for (unsigned i = 0; i < GOING_CLASSES; i++) {
        cr_assert_eq(users[i], expected[i], "%s: %" PRIu64, going_class_name(i), users[i]);
        cr_assert_eq(winners[i], i == 0, "%s", going_class_name(i));
    }
}

Test(going, a_purged_drop_stays_as_it_was_and_one_opened_again_is_another)
{
    tale_open(&tale, 1, 1, 0);
    cr_assert_neq(tale_buy(&tale, 1, "ada", 1), 0);
    (void)tale_tell(&tale, (slc_event_t){.kind = SLC_EVENT_DROP_CLOSED, .as.drop_closed = {1}});
    (void)tale_tell(&tale, (slc_event_t){.kind = SLC_EVENT_DROP_PURGED, .as.drop_purged = {1}});
    tale_attempt(&tale, 1, "bob", SLC_STATUS_UNKNOWN_DROP, 0);
    tale_open(&tale, 1, 3, 0);
    cr_assert_neq(tale_buy(&tale, 1, "cyd", 2), 0);
    cr_assert_eq(going.count, 2);
    cr_assert(going.drops[0]->purged);
    cr_assert_eq(going.drops[0]->attempts, 1);
    cr_assert_eq(going.drops[1]->attempts, 1);
    cr_assert_eq(going.drops[1]->left, 2);
}
