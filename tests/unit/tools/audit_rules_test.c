#include "events.h"

#include "../../../tools/replay/audit_digest.h"

#include <criterion/criterion.h>

static script_t script;

static void finish(void)
{
    audit_books_finish(&script.books);
}

TestSuite(audit_rules, .fini = finish);

static const audit_drop_t *drop_one(void)
{
    uint32_t index = audit_find_drop(&script.books, 1);
    cr_assert(index != AUDIT_NONE);
    return &script.books.drops[index];
}

#define ASSERT_STATUS(verdict, wanted) cr_assert((verdict).status == SLC_STATUS_##wanted)

/* Accepted now, or the same answer as before. */
#define ASSERT_NEW(verdict)                                                                              \
    do {                                                                                                 \
        audit_verdict_t got = (verdict);                                                                 \
        cr_assert(got.status == SLC_STATUS_ACCEPTED && !got.replayed);                                   \
    } while (0)
#define ASSERT_REPLAYED(verdict)                                                                         \
    do {                                                                                                 \
        audit_verdict_t got = (verdict);                                                                 \
        cr_assert(got.status == SLC_STATUS_ACCEPTED && got.replayed);                                    \
    } while (0)

/* ---- BUYs ---- */

Test(audit_rules, a_buy_in_an_unknown_drop_is_refused)
{
    ASSERT_STATUS(buy(&script, 1, "ann", 1, 7), UNKNOWN_DROP);
    cr_assert(script.books.order_count == 0);
}

Test(audit_rules, an_accepted_buy_is_recorded_under_its_sequence)
{
    open_drop(&script, 1, 10, 0, 0);
    audit_verdict_t verdict = buy(&script, 1, "ann", 3, 7);
    ASSERT_STATUS(verdict, ACCEPTED);
    cr_assert(verdict.order_id == 2);
    cr_assert(drop_one()->sold == 3 && drop_one()->orders == 1);
    cr_assert(audit_find_order(&script.books, 2) == 0);
    cr_assert(audit_find_order(&script.books, 1) == AUDIT_NONE);
}

Test(audit_rules, the_last_unit_is_sold_and_not_one_more)
{
    open_drop(&script, 1, 3, 0, 0);
    ASSERT_NEW(buy(&script, 1, "ann", 2, 0));
    ASSERT_STATUS(buy(&script, 1, "bob", 2, 0), SOLD_OUT);
    ASSERT_NEW(buy(&script, 1, "bob", 1, 0));
    ASSERT_STATUS(buy(&script, 1, "cid", 1, 0), SOLD_OUT);
    cr_assert(drop_one()->sold == drop_one()->stock);
}

Test(audit_rules, a_known_key_answers_as_before_also_when_sold_out_or_closed)
{
    open_drop(&script, 1, 2, 2, 0);
    uint64_t first = buy(&script, 1, "ann", 2, 7).order_id;
    audit_verdict_t again = buy(&script, 1, "ann", 2, 7);
    ASSERT_REPLAYED(again);
    cr_assert(again.order_id == first);
    close_drop(&script, 1, 0);
    ASSERT_REPLAYED(buy(&script, 1, "ann", 2, 7));
    ASSERT_STATUS(buy(&script, 1, "ann", 1, 7), CONFLICT);
    cr_assert(drop_one()->orders == 1);
}

Test(audit_rules, a_key_is_of_one_user_in_one_drop)
{
    open_drop(&script, 1, 9, 0, 0);
    open_drop(&script, 2, 9, 0, 0);
    ASSERT_NEW(buy(&script, 1, "ann", 1, 7));
    ASSERT_NEW(buy(&script, 1, "bob", 1, 7));
    ASSERT_NEW(buy(&script, 2, "ann", 1, 7));
    ASSERT_NEW(buy(&script, 1, "ann", 1, 8));
}

Test(audit_rules, without_a_key_every_buy_is_new)
{
    open_drop(&script, 1, 9, 0, 0);
    ASSERT_NEW(buy(&script, 1, "ann", 1, 0));
    ASSERT_NEW(buy(&script, 1, "ann", 1, 0));
    cr_assert(drop_one()->sold == 2);
}

Test(audit_rules, a_refused_key_is_free)
{
    open_drop(&script, 1, 1, 0, 0);
    ASSERT_STATUS(buy(&script, 1, "ann", 2, 7), SOLD_OUT);
    ASSERT_NEW(buy(&script, 1, "ann", 1, 7));
}

Test(audit_rules, a_user_reaches_the_limit_and_does_not_pass_it)
{
    open_drop(&script, 1, 100, 3, 0);
    ASSERT_NEW(buy(&script, 1, "ann", 2, 0));
    ASSERT_STATUS(buy(&script, 1, "ann", 2, 0), LIMIT_EXCEEDED);
    ASSERT_NEW(buy(&script, 1, "ann", 1, 0));
    ASSERT_STATUS(buy(&script, 1, "ann", 1, 0), LIMIT_EXCEEDED);
    ASSERT_NEW(buy(&script, 1, "bob", 3, 0));
}

Test(audit_rules, buying_begins_at_opens_at_and_ends_before_closes_at)
{
    script.time_us = 100;
    slc_event_t open = {
        .kind = SLC_EVENT_DROP_OPENED,
        .as.drop_opened = {.drop_id = 1, .stock = 9, .opens_at_us = 200, .closes_at_us = 300}};
    ASSERT_NEW(judge_next(&script, open));
    script.time_us = 199;
    ASSERT_STATUS(buy(&script, 1, "ann", 1, 0), NOT_OPEN);
    script.time_us = 200;
    ASSERT_NEW(buy(&script, 1, "ann", 1, 0));
    script.time_us = 299;
    ASSERT_NEW(buy(&script, 1, "ann", 1, 0));
    script.time_us = 300;
    ASSERT_STATUS(buy(&script, 1, "ann", 1, 0), CLOSED);
}

Test(audit_rules, objections_come_in_the_order_of_the_rules)
{
    script.time_us = 100;
    slc_event_t open = {
        .kind = SLC_EVENT_DROP_OPENED,
        .as.drop_opened = {.drop_id = 1, .stock = 2, .per_user_limit = 1, .opens_at_us = 200}};
    judge_next(&script, open);
    ASSERT_STATUS(buy(&script, 1, "ann", 3, 0), NOT_OPEN);
    script.time_us = 200;
    ASSERT_STATUS(buy(&script, 1, "ann", 3, 0), SOLD_OUT);
    ASSERT_STATUS(buy(&script, 1, "ann", 2, 0), LIMIT_EXCEEDED);
    close_drop(&script, 1, 0);
    ASSERT_STATUS(buy(&script, 1, "ann", 3, 0), CLOSED);
}

/* ---- changes by an operator ---- */

Test(audit_rules, a_drop_that_opens_now_is_resolved_to_the_time_of_the_event)
{
    script.time_us = 4711;
    open_drop(&script, 1, 1, 0, 0);
    cr_assert(drop_one()->opens_at_us == 4711);
}

Test(audit_rules, a_drop_that_exists_is_not_opened_again)
{
    ASSERT_NEW(open_drop(&script, 1, 10, 0, 0));
    ASSERT_STATUS(open_drop(&script, 1, 20, 0, 0), CONFLICT);
    close_drop(&script, 1, 0);
    ASSERT_STATUS(open_drop(&script, 1, 20, 0, 0), CONFLICT);
    cr_assert(drop_one()->stock == 10);
}

Test(audit_rules, an_op_key_answers_as_before_or_conflicts)
{
    ASSERT_NEW(open_drop(&script, 1, 10, 0, 5));
    ASSERT_REPLAYED(open_drop(&script, 1, 10, 0, 5));
    ASSERT_STATUS(open_drop(&script, 1, 11, 0, 5), CONFLICT);
    ASSERT_STATUS(open_drop(&script, 2, 10, 0, 5), CONFLICT);
    ASSERT_STATUS(adjust(&script, 1, 1, 5), CONFLICT);
    ASSERT_NEW(adjust(&script, 1, 1, 6));
    ASSERT_REPLAYED(adjust(&script, 1, 1, 6));
    cr_assert(drop_one()->stock == 11);
}

Test(audit_rules, a_refused_change_leaves_its_op_key_free)
{
    ASSERT_STATUS(adjust(&script, 1, 5, 9), UNKNOWN_DROP);
    ASSERT_NEW(open_drop(&script, 1, 1, 0, 9));
}

Test(audit_rules, stock_never_falls_below_what_is_sold)
{
    open_drop(&script, 1, 10, 0, 0);
    buy(&script, 1, "ann", 4, 0);
    ASSERT_STATUS(adjust(&script, 1, -7, 0), CONFLICT);
    ASSERT_NEW(adjust(&script, 1, -6, 0));
    cr_assert(drop_one()->stock == 4);
    ASSERT_NEW(adjust(&script, 1, 2, 0));
    cr_assert(drop_one()->stock == 6);
}

Test(audit_rules, stock_stays_within_its_bounds)
{
    ASSERT_STATUS(open_drop(&script, 1, SLC_STOCK_MAX + 1, 0, 0), INVALID);
    ASSERT_NEW(open_drop(&script, 1, SLC_STOCK_MAX - 5, 0, 0));
    ASSERT_STATUS(adjust(&script, 1, 0, 0), INVALID);
    ASSERT_STATUS(adjust(&script, 1, 6, 0), CONFLICT);
    ASSERT_NEW(adjust(&script, 1, 5, 0));
    ASSERT_STATUS(adjust(&script, 1, INT64_MIN, 0), CONFLICT);
    cr_assert(drop_one()->stock == SLC_STOCK_MAX);
}

Test(audit_rules, a_drop_that_would_never_sell_is_not_opened)
{
    script.time_us = 100;
    slc_event_t open = {.kind = SLC_EVENT_DROP_OPENED,
                        .as.drop_opened = {.drop_id = 1, .stock = 9, .closes_at_us = 100}};
    ASSERT_STATUS(judge_next(&script, open), INVALID);
    open.as.drop_opened.closes_at_us = 101;
    ASSERT_NEW(judge_next(&script, open));
}

Test(audit_rules, a_closed_drop_is_neither_adjusted_nor_closed_again_but_its_orders_may_be_cancelled)
{
    open_drop(&script, 1, 9, 0, 0);
    uint64_t order_id = buy(&script, 1, "ann", 1, 0).order_id;
    ASSERT_NEW(close_drop(&script, 1, 0));
    ASSERT_STATUS(close_drop(&script, 1, 0), CLOSED);
    ASSERT_STATUS(adjust(&script, 1, 1, 0), CLOSED);
    ASSERT_NEW(cancel(&script, order_id, 0));
}

Test(audit_rules, a_drop_whose_time_is_over_is_closed_without_an_operator)
{
    script.time_us = 100;
    slc_event_t open = {.kind = SLC_EVENT_DROP_OPENED,
                        .as.drop_opened = {.drop_id = 1, .stock = 9, .closes_at_us = 200}};
    ASSERT_NEW(judge_next(&script, open));
    script.time_us = 199;
    ASSERT_STATUS(purge_drop(&script, 1, 0), CONFLICT);
    script.time_us = 200;
    ASSERT_STATUS(close_drop(&script, 1, 0), CLOSED);
    ASSERT_STATUS(adjust(&script, 1, 1, 0), CLOSED);
    cr_assert(!drop_one()->closed);
    ASSERT_NEW(purge_drop(&script, 1, 0));
}

Test(audit_rules, a_cancelled_order_gives_back_units_and_allowance_but_not_its_key)
{
    open_drop(&script, 1, 2, 2, 0);
    uint64_t order_id = buy(&script, 1, "ann", 2, 7).order_id;
    ASSERT_STATUS(cancel(&script, order_id + 100, 0), INVALID);
    ASSERT_NEW(cancel(&script, order_id, 0));
    ASSERT_STATUS(cancel(&script, order_id, 0), CANCELLED);
    cr_assert(drop_one()->sold == 0 && drop_one()->cancelled == 1 && drop_one()->orders == 1);
    audit_verdict_t again = buy(&script, 1, "ann", 2, 7);
    cr_assert(again.status == SLC_STATUS_CANCELLED && again.replayed && again.order_id == order_id);
    ASSERT_NEW(buy(&script, 1, "ann", 2, 8));
}

Test(audit_rules, a_purged_drop_is_forgotten_with_its_keys)
{
    open_drop(&script, 1, 10, 0, 5);
    uint64_t order_id = buy(&script, 1, "ann", 1, 7).order_id;
    ASSERT_STATUS(purge_drop(&script, 1, 6), CONFLICT);
    close_drop(&script, 1, 0);
    ASSERT_NEW(purge_drop(&script, 1, 6));
    cr_assert(audit_digest_from_scratch(&script.books) == audit_hash_op(&script.books.ops[1]));
    ASSERT_REPLAYED(purge_drop(&script, 1, 6));
    ASSERT_STATUS(purge_drop(&script, 1, 8), UNKNOWN_DROP);
    ASSERT_STATUS(cancel(&script, order_id, 0), INVALID);
    ASSERT_NEW(open_drop(&script, 1, 11, 0, 5));
    ASSERT_NEW(buy(&script, 1, "ann", 2, 7));
    cr_assert(drop_one()->orders == 1 && drop_one()->sold == 2);
}

Test(audit_rules, of_purges_the_last_65536_keys_are_remembered)
{
    for (uint64_t key = 1; key <= AUDIT_PURGE_KEYS_MAX + 1; key++) {
        open_drop(&script, 1, 1, 0, 0);
        close_drop(&script, 1, 0);
        ASSERT_NEW(purge_drop(&script, 1, key));
    }
    cr_assert(audit_find_op(&script.books, 1) == AUDIT_NONE);
    cr_assert(audit_find_op(&script.books, 2) != AUDIT_NONE);
    cr_assert(audit_digest(&script.books) == audit_digest_from_scratch(&script.books));
    ASSERT_REPLAYED(purge_drop(&script, 1, 2));
    ASSERT_STATUS(purge_drop(&script, 1, 1), UNKNOWN_DROP);
}
