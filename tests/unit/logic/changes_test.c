/* Operators' changes, one sentence each. */
#include "kit.h"

Test(open, takes_all_it_was_given_and_0_opens_now)
{
    kit_t kit = kit_create();
    slc_event_t open = kit_open_event(0, 7, 10, 2);
    open.as.drop_opened.closes_at_us = START_US + 100;
    cr_assert_eq(kit_apply(&kit, open), SLC_STATUS_ACCEPTED);
    cr_assert(kit.answer.sequence == 1 && kit.answer.time_us == START_US && kit.answer.remaining == 10);
    slc_drop_info_t drop = kit_drop(&kit, 7);
    cr_assert(drop.stock == 10 && drop.per_user_limit == 2 && drop.opens_at_us == START_US &&
              drop.closes_at_us == START_US + 100 && !drop.closed && drop.orders == 0);
    cr_assert_str_eq(drop.name, "a drop");
    kit_destroy(&kit);
}

Test(open, of_a_drop_that_exists_is_refused_open_or_closed)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 7, 10, 0);
    cr_assert_eq(kit_open(&kit, 0, 7, 10, 0), SLC_STATUS_CONFLICT);
    cr_assert_str_eq(kit.text, "drop 7 exists already");
    kit_close(&kit, 0, 7);
    cr_assert_eq(kit_open(&kit, 0, 7, 99, 0), SLC_STATUS_CONFLICT);
    cr_assert_eq(kit_drop(&kit, 7).stock, 10);
    kit_destroy(&kit);
}

Test(open, that_would_close_before_it_opens_is_refused)
{
    kit_t kit = kit_create();
    slc_event_t open = kit_open_event(0, 7, 10, 0);
    open.as.drop_opened.closes_at_us = START_US;
    cr_assert_eq(kit_apply(&kit, open), SLC_STATUS_INVALID);
    cr_assert_eq(strncmp(kit.text, "closes_at_us:", 13), 0, "%s", kit.text);
    open.as.drop_opened.opens_at_us = START_US + 50;
    open.as.drop_opened.closes_at_us = START_US + 50;
    cr_assert_eq(kit_apply(&kit, open), SLC_STATUS_INVALID);
    open.as.drop_opened.closes_at_us = START_US + 51;
    cr_assert_eq(kit_apply(&kit, open), SLC_STATUS_ACCEPTED);
    cr_assert_str_eq(kit.text, "");
    kit_destroy(&kit);
}

Test(open, beyond_its_limits_is_refused)
{
    kit_t kit = kit_create();
    cr_assert_eq(kit_open(&kit, 0, 0, 10, 0), SLC_STATUS_INVALID);
    cr_assert_eq(kit_open(&kit, 0, 7, SLC_STOCK_MAX + 1, 0), SLC_STATUS_INVALID);
    cr_assert_eq(strncmp(kit.text, "stock:", 6), 0, "%s", kit.text);
    cr_assert_eq(kit_open(&kit, 0, 7, SLC_STOCK_MAX, 0), SLC_STATUS_ACCEPTED);
    kit_destroy(&kit);
}

Test(adjust, refuses_to_go_below_what_is_sold_and_says_the_numbers)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 7, 10, 0);
    kit_buy(&kit, 7, "ann", 4, 1);
    cr_assert_eq(kit_adjust(&kit, 0, 7, -7), SLC_STATUS_CONFLICT);
    cr_assert_str_eq(kit.text, "drop 7 has sold 4 of 10: at most 6 can be taken away, not 7");
    cr_assert_eq(kit_adjust(&kit, 0, 7, -6), SLC_STATUS_ACCEPTED);
    cr_assert_eq(kit.answer.remaining, 0);
    cr_assert_eq(kit_adjust(&kit, 0, 7, INT64_MIN), SLC_STATUS_CONFLICT);
    cr_assert_eq(kit_drop(&kit, 7).stock, 4);
    kit_destroy(&kit);
}

Test(adjust, refuses_to_pass_the_largest_stock)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 7, 10, 0);
    kit_buy(&kit, 7, "ann", 4, 1);
    cr_assert_eq(kit_adjust(&kit, 0, 7, (int64_t)SLC_STOCK_MAX - 9), SLC_STATUS_CONFLICT);
    cr_assert_eq(kit_adjust(&kit, 0, 7, INT64_MAX), SLC_STATUS_CONFLICT);
    cr_assert_eq(kit_adjust(&kit, 0, 7, (int64_t)SLC_STOCK_MAX - 10), SLC_STATUS_ACCEPTED);
    cr_assert_eq(kit_drop(&kit, 7).stock, SLC_STOCK_MAX);
    cr_assert_eq(kit_adjust(&kit, 0, 7, 0), SLC_STATUS_INVALID);
    kit_destroy(&kit);
}

Test(close, ends_a_drop_for_good)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 7, 10, 0);
    cr_assert_eq(kit_close(&kit, 0, 7), SLC_STATUS_ACCEPTED);
    cr_assert_eq(kit.answer.remaining, 10);
    cr_assert_eq(kit_buy(&kit, 7, "ann", 1, 1), SLC_STATUS_CLOSED);
    cr_assert_eq(kit_adjust(&kit, 0, 7, 5), SLC_STATUS_CLOSED);
    cr_assert_eq(kit_close(&kit, 0, 7), SLC_STATUS_CLOSED);
    cr_assert_eq(kit_drop(&kit, 7).stock, 10);
    kit_destroy(&kit);
}

Test(close, of_a_drop_that_closed_by_itself_is_told_so)
{
    kit_t kit = kit_create();
    slc_event_t open = kit_open_event(0, 7, 10, 0);
    open.as.drop_opened.closes_at_us = START_US + 5;
    kit_apply(&kit, open);
    kit.time_us += 5;
    cr_assert_eq(kit_close(&kit, 0, 7), SLC_STATUS_CLOSED);
    cr_assert_eq(kit_adjust(&kit, 0, 7, 1), SLC_STATUS_CLOSED);
    cr_assert_eq(kit_purge(&kit, 0, 7), SLC_STATUS_ACCEPTED, "nobody needs to close it first");
    kit_destroy(&kit);
}

Test(changes, of_unknown_drops_and_orders_are_told_so)
{
    kit_t kit = kit_create();
    cr_assert_eq(kit_adjust(&kit, 1, 7, 5), SLC_STATUS_UNKNOWN_DROP);
    cr_assert_eq(kit_close(&kit, 1, 7), SLC_STATUS_UNKNOWN_DROP);
    cr_assert_eq(kit_purge(&kit, 1, 7), SLC_STATUS_UNKNOWN_DROP);
    cr_assert_eq(kit_cancel(&kit, 1, 5), SLC_STATUS_INVALID);
    cr_assert_str_eq(kit.text, "order_id: there is no order 5 (any more)");
    cr_assert_eq(kit_cancel(&kit, 1, UINT64_MAX), SLC_STATUS_INVALID);
    cr_assert_eq(kit.answer.sequence, 4, "the last event before it");
    kit_destroy(&kit);
}

Test(cancel, of_the_number_of_another_event_is_no_order)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 7, 1, 0);
    kit_buy(&kit, 7, "ann", 1, 1);
    kit_buy(&kit, 7, "bob", 1, 1); /* refused */
    uint64_t refused = kit.sequence;
    cr_assert_eq(kit_cancel(&kit, 0, 2), SLC_STATUS_ACCEPTED);
    uint64_t cancellation = kit.sequence;
    cr_assert_eq(kit_cancel(&kit, 0, 1), SLC_STATUS_INVALID, "1 opened the drop");
    cr_assert_eq(kit_cancel(&kit, 0, refused), SLC_STATUS_INVALID);
    cr_assert_eq(kit_cancel(&kit, 0, cancellation), SLC_STATUS_INVALID);
    cr_assert_eq(kit_cancel(&kit, 0, 2), SLC_STATUS_CANCELLED);
    cr_assert_str_eq(kit.text, "order 2 is cancelled already");
    kit_destroy(&kit);
}

Test(cancel, works_on_a_closed_drop_and_names_its_order)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 7, 5, 0);
    kit_buy(&kit, 7, "ann", 2, 0);
    kit_close(&kit, 0, 7);
    cr_assert_eq(kit_cancel(&kit, 0, 2), SLC_STATUS_ACCEPTED);
    cr_assert(kit.answer.order_id == 2 && kit.answer.remaining == 5);
    slc_order_info_t order;
    cr_assert(slc_logic_order(kit.logic, 2, &order) && order.cancelled);
    kit_destroy(&kit);
}

Test(op_key, answers_each_kind_as_before)
{
    kit_t kit = kit_create();
    slc_event_t events[] = {
        kit_open_event(11, 7, 10, 0),
        {.kind = SLC_EVENT_STOCK_ADJUSTED, .op_key = 12, .as.stock_adjusted = {7, 5}},
        {.kind = SLC_EVENT_ORDER_CANCELLED, .op_key = 13, .as.order_cancelled = {2}},
        {.kind = SLC_EVENT_DROP_CLOSED, .op_key = 14, .as.drop_closed = {7}},
    };
    size_t count = sizeof events / sizeof events[0];
    slc_answer_t first[4];
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(kit_apply(&kit, events[i]), SLC_STATUS_ACCEPTED);
        first[i] = kit.answer;
        kit.time_us += 10;
        if (i == 0) {
            kit_buy(&kit, 7, "ann", 1, 1);
        }
    }
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(kit_apply(&kit, events[i]), SLC_STATUS_ACCEPTED, "change %zu", i);
        cr_assert(kit.answer.replayed && !first[i].replayed);
        cr_assert_eq(kit.answer.sequence, first[i].sequence);
        cr_assert_eq(kit.answer.time_us, first[i].time_us);
        cr_assert_eq(kit.answer.order_id, first[i].order_id);
    }
    cr_assert_eq(kit_drop(&kit, 7).stock, 15, "adjusted once");
    kit_destroy(&kit);
}

Test(op_key, with_other_contents_is_a_conflict)
{
    kit_t kit = kit_create();
    kit_open(&kit, 11, 7, 10, 0);
    cr_assert_eq(kit_open(&kit, 11, 7, 11, 0), SLC_STATUS_CONFLICT);
    cr_assert_eq(kit_open(&kit, 11, 8, 10, 0), SLC_STATUS_CONFLICT, "also for another drop");
    cr_assert_eq(kit_close(&kit, 11, 7), SLC_STATUS_CONFLICT, "also for another kind");
    cr_assert_eq(kit_drop(&kit, 7).closed, false);
    kit_destroy(&kit);
}

Test(op_key, of_a_refused_change_is_free)
{
    kit_t kit = kit_create();
    cr_assert_eq(kit_adjust(&kit, 11, 7, 5), SLC_STATUS_UNKNOWN_DROP);
    cr_assert_eq(kit_open(&kit, 11, 7, 10, 0), SLC_STATUS_ACCEPTED);
    kit_destroy(&kit);
}

Test(op_key, zero_is_no_key)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 7, 10, 0);
    cr_assert_eq(kit_adjust(&kit, 0, 7, 5), SLC_STATUS_ACCEPTED);
    cr_assert_eq(kit_adjust(&kit, 0, 7, 5), SLC_STATUS_ACCEPTED);
    cr_assert_eq(kit_drop(&kit, 7).stock, 20);
    kit_destroy(&kit);
}

Test(op_key, of_a_purge_outlives_the_drop_and_the_others_do_not)
{
    kit_t kit = kit_create();
    kit_open(&kit, 11, 7, 10, 0);
    kit_close(&kit, 12, 7);
    cr_assert_eq(kit_purge(&kit, 13, 7), SLC_STATUS_ACCEPTED);
    uint64_t purged_at = kit.sequence;
    cr_assert_eq(kit_purge(&kit, 13, 7), SLC_STATUS_ACCEPTED);
    cr_assert(kit.answer.replayed && kit.answer.sequence == purged_at);
    cr_assert_eq(kit_open(&kit, 11, 7, 10, 0), SLC_STATUS_ACCEPTED, "the old opening is forgotten");
    cr_assert_not(kit.answer.replayed);
    cr_assert_eq(kit_purge(&kit, 13, 7), SLC_STATUS_ACCEPTED, "a late repeat spares the new drop");
    cr_assert(kit.answer.replayed);
    cr_assert_eq(kit_drop(&kit, 7).stock, 10);
    kit_destroy(&kit);
}

Test(op_key, of_the_last_65536_purges_are_remembered)
{
    kit_t kit = kit_create();
    for (uint64_t i = 1; i <= SLC_PURGE_KEYS_MAX + 1; i++) {
        kit_open(&kit, 0, 7, 1, 0);
        kit_close(&kit, 0, 7);
        cr_assert_eq(kit_purge(&kit, i, 7), SLC_STATUS_ACCEPTED);
    }
    cr_assert_eq(kit_purge(&kit, 2, 7), SLC_STATUS_ACCEPTED);
    cr_assert(kit.answer.replayed);
    cr_assert_eq(kit_purge(&kit, 1, 7), SLC_STATUS_UNKNOWN_DROP, "the oldest is forgotten");
    kit_destroy(&kit);
}
