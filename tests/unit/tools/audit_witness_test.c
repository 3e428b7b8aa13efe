#include "events.h"

#include "../../../tools/replay/audit_digest.h"
#include "../../../tools/replay/audit_witness.h"

#include <criterion/criterion.h>
#include <string.h>

/* An engine whose state is a few records that a test can falsify. */
#define DROPS 2
#define ORDERS 5

typedef struct fake_engine {
    slc_drop_info_t drops[DROPS];
    slc_order_info_t orders[ORDERS]; /* drop_id 0: not there */
} fake_engine_t;

static bool fake_next_drop(const void *self, uint64_t after_drop_id, slc_drop_info_t *ret_drop)
{
    const fake_engine_t *fake = self;
    for (int i = 0; i < DROPS; i++) {
        if (fake->drops[i].drop_id > after_drop_id) {
            *ret_drop = fake->drops[i];
            return true;
        }
    }
    return false;
}

static bool fake_next_order(const void *self, uint64_t drop_id, uint64_t after_order_id,
                            slc_order_info_t *ret_order)
{
    const fake_engine_t *fake = self;
    for (int i = 0; i < ORDERS; i++) {
        if (fake->orders[i].drop_id == drop_id && fake->orders[i].order_id > after_order_id) {
            *ret_order = fake->orders[i];
            return true;
        }
    }
    return false;
}

static script_t script;
static fake_engine_t fake;
static audit_report_t report;
static uint64_t digest_lie;

/* Drop 1: 6 units, at most 3 a user, sold out; drop 2: one order stands, one is cancelled. */
static void init(void)
{
    script.time_us = 77;
    open_drop(&script, 1, 6, 3, 0);
    open_drop(&script, 2, 10, 0, 0);
    buy(&script, 1, "ann", 3, 7);
    buy(&script, 2, "ann", 1, 7);
    buy(&script, 1, "bob", 2, 8);
    buy(&script, 1, "bob", 1, 9);
    buy(&script, 2, "cid", 4, 0);
    cancel(&script, 4, 0);
    fake = (fake_engine_t){
        .drops = {{.drop_id = 1,
                   .stock = 6,
                   .sold = 6,
                   .per_user_limit = 3,
                   .opens_at_us = 77,
                   .orders = 3,
                   .name = "n"},
                  {.drop_id = 2,
                   .stock = 10,
                   .sold = 4,
                   .remaining = 6,
                   .opens_at_us = 77,
                   .orders = 2,
                   .cancelled = 1,
                   .name = "n"}},
        .orders =
            {{.order_id = 3, .drop_id = 1, .order_key = 7, .quantity = 3, .time_us = 77, .user = "ann"},
             {.order_id = 4,
              .drop_id = 2,
              .order_key = 7,
              .quantity = 1,
              .time_us = 77,
              .cancelled = true,
              .user = "ann"},
             {.order_id = 5, .drop_id = 1, .order_key = 8, .quantity = 2, .time_us = 77, .user = "bob"},
             {.order_id = 6, .drop_id = 1, .order_key = 9, .quantity = 1, .time_us = 77, .user = "bob"},
             {.order_id = 7, .drop_id = 2, .quantity = 4, .time_us = 77, .user = "cid"}},
    };
}

static void finish(void)
{
    audit_books_finish(&script.books);
}

TestSuite(audit_witness, .init = init, .fini = finish);

static void question(void)
{
    audit_engine_t engine = {.self = &fake,
                             .sequence = 8,
                             .digest = audit_digest(&script.books) + digest_lie,
                             .next_drop = fake_next_drop,
                             .next_order = fake_next_order};
    audit_question_engine(&script.books, &engine, &report);
}

/* That check failed, and its finding says this. */
static void assert_found(audit_check_id_t id, const char *words)
{
    cr_assert(report.checks[id].failures > 0);
    cr_assert(strstr(report.checks[id].finding, words) != NULL, "%s", report.checks[id].finding);
}

static void assert_holds(audit_check_id_t id)
{
    cr_assert(report.checks[id].made && report.checks[id].failures == 0, "%s", report.checks[id].finding);
}

Test(audit_witness, an_engine_that_agrees_passes_every_check)
{
    question();
    cr_assert(audit_passed(&report));
    assert_holds(AUDIT_CHECK_OVERSOLD);
    assert_holds(AUDIT_CHECK_KEYS);
    assert_holds(AUDIT_CHECK_LIMITS);
    assert_holds(AUDIT_CHECK_UNITS);
    assert_holds(AUDIT_CHECK_ENGINE);
}

Test(audit_witness, a_drop_that_is_oversold_by_one_is_found)
{
    fake.drops[1].stock = 3;
    fake.drops[1].remaining = 0;
    question();
    assert_found(AUDIT_CHECK_OVERSOLD, "drop 2: orders for 4 units stand, the stock is 3");
    assert_holds(AUDIT_CHECK_KEYS);
    assert_holds(AUDIT_CHECK_LIMITS);
}

Test(audit_witness, a_key_that_bought_twice_is_found)
{
    fake.orders[3].order_key = 8;
    question();
    assert_found(AUDIT_CHECK_KEYS, "drop 1, user \"bob\", order_key 0000000000000008: orders 5 and 6");
    assert_holds(AUDIT_CHECK_OVERSOLD);
}

Test(audit_witness, a_user_over_the_limit_is_found)
{
    memcpy(fake.orders[3].user, "ann", 4);
    question();
    assert_found(AUDIT_CHECK_LIMITS, "drop 1, user \"ann\" holds 4 units of at most 3");
    assert_holds(AUDIT_CHECK_KEYS);
    assert_found(AUDIT_CHECK_ENGINE, "order 6 reads otherwise");
}

Test(audit_witness, units_that_vanish_are_found)
{
    fake.drops[1].remaining = 5;
    question();
    assert_found(AUDIT_CHECK_UNITS, "drop 2: stock 10, sold 4, remaining 5");
}

Test(audit_witness, a_cancelled_order_that_still_counts_is_found)
{
    fake.drops[1].sold = 5;
    fake.drops[1].remaining = 5;
    question();
    assert_found(AUDIT_CHECK_UNITS, "drop 2: stock 10, sold 5, remaining 5, in orders that stand 4");
}

Test(audit_witness, a_wrong_count_of_orders_is_found)
{
    fake.drops[0].orders = 4;
    question();
    assert_found(AUDIT_CHECK_UNITS, "drop 1: counts 4 orders and 0 cancelled, but holds 3 and 0");
}

Test(audit_witness, an_order_that_the_engine_lost_is_found)
{
    fake.orders[2].drop_id = 0;
    question();
    assert_found(AUDIT_CHECK_ENGINE, "drop 1: by the rules order 5 was accepted");
}

Test(audit_witness, a_last_order_that_the_engine_lost_is_found)
{
    fake.orders[3].drop_id = 0;
    question();
    assert_found(AUDIT_CHECK_ENGINE, "drop 1: by the rules order 6 was accepted");
}

Test(audit_witness, an_order_that_should_have_been_refused_is_found)
{
    fake.orders[3].order_id = 8;
    question();
    assert_found(AUDIT_CHECK_ENGINE, "drop 1: by the rules order 6 was accepted");
    cr_assert(report.checks[AUDIT_CHECK_ENGINE].failures == 2);
}

Test(audit_witness, a_drop_too_many_or_too_few_is_found)
{
    fake.drops[1].drop_id = 3;
    question();
    assert_found(AUDIT_CHECK_ENGINE, "the engine has drop 3, which by the rules is not there");
    report = (audit_report_t){0};
    fake.drops[1].drop_id = 0;
    question();
    assert_found(AUDIT_CHECK_ENGINE, "the engine has 1 drops, the audit 2");
}

Test(audit_witness, a_drop_whose_closing_differs_is_found)
{
    fake.drops[0].closed = true;
    question();
    assert_found(AUDIT_CHECK_ENGINE, "drop 1: engine and audit differ");
}

Test(audit_witness, a_digest_that_differs_is_found)
{
    digest_lie = 1;
    question();
    assert_found(AUDIT_CHECK_ENGINE, "behind event 8");
    assert_holds(AUDIT_CHECK_UNITS);
}
