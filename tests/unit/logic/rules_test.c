/* The rules a buyer meets, one sentence each, and by name the bugs that users of other shops met. */
#include "kit.h"

Test(buy, the_last_unit_is_sold_and_no_unit_behind_it)
{
    kit_t kit = kit_create();
    cr_assert_eq(kit_open(&kit, 0, 1, 3, 0), SLC_STATUS_ACCEPTED);
    cr_assert_eq(kit_buy(&kit, 1, "ann", 2, 1), SLC_STATUS_ACCEPTED);
    cr_assert_eq(kit_buy(&kit, 1, "bob", 1, 2), SLC_STATUS_ACCEPTED,
                 "exactly what is left can be bought");
    cr_assert_eq(kit.answer.remaining, 0);
    cr_assert_eq(kit_buy(&kit, 1, "cid", 1, 3), SLC_STATUS_SOLD_OUT, "oversell by one");
    cr_assert_eq(kit_drop(&kit, 1).sold, 3);
    kit_destroy(&kit);
}

Test(buy, all_or_nothing_leaves_what_is_too_little)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, 3, 0);
    cr_assert_eq(kit_buy(&kit, 1, "ann", 4, 1), SLC_STATUS_SOLD_OUT);
    cr_assert_eq(kit.answer.remaining, 3);
    cr_assert_eq(kit_buy(&kit, 1, "ann", 3, 1), SLC_STATUS_ACCEPTED, "a refused key is free");
    kit_destroy(&kit);
}

Test(buy, an_accepted_answer_carries_order_sequence_time_and_what_is_left)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, 10, 0);
    kit.time_us += 5;
    cr_assert_eq(kit_buy(&kit, 1, "ann", 4, 1), SLC_STATUS_ACCEPTED);
    cr_assert_eq(kit.answer.order_id, kit.sequence);
    cr_assert_eq(kit.answer.sequence, kit.sequence);
    cr_assert_eq(kit.answer.time_us, START_US + 5);
    cr_assert_eq(kit.answer.remaining, 6);
    cr_assert_not(kit.answer.replayed);
    kit_destroy(&kit);
}

Test(buy, a_refusal_carries_the_last_event_before_it)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, 1, 0);
    kit.time_us += 5;
    kit_buy(&kit, 1, "ann", 1, 1);
    uint64_t sold_at = kit.sequence;
    kit.time_us += 5;
    cr_assert_eq(kit_buy(&kit, 1, "bob", 1, 1), SLC_STATUS_SOLD_OUT);
    cr_assert_eq(kit.answer.sequence, sold_at);
    cr_assert_eq(kit.answer.time_us, START_US + 5);
    cr_assert_eq(kit.answer.order_id, 0);
    cr_assert_eq(kit_refuse(&kit, 1, "bob", 1, 1), SLC_STATUS_SOLD_OUT);
    cr_assert_eq(kit.answer.sequence, sold_at + 1, "the refused event counts as one");
    kit_destroy(&kit);
}

Test(buy, of_an_unknown_drop_is_told_so)
{
    kit_t kit = kit_create();
    cr_assert_eq(kit_buy(&kit, 1, "ann", 1, 1), SLC_STATUS_UNKNOWN_DROP);
    cr_assert_eq(kit.answer.remaining, 0);
    kit_destroy(&kit);
}

Test(key, a_retry_buys_once_and_hears_the_first_answer)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, 10, 0);
    kit_buy(&kit, 1, "ann", 2, 77);
    slc_answer_t first = kit.answer;
    kit.time_us += 9;
    kit_buy(&kit, 1, "bob", 1, 77);
    cr_assert_not(kit.answer.replayed, "the key of another user is another key");
    cr_assert_eq(kit_buy(&kit, 1, "ann", 2, 77), SLC_STATUS_ACCEPTED, "a retry that buys twice");
    cr_assert(kit.answer.replayed);
    cr_assert_eq(kit.answer.order_id, first.order_id);
    cr_assert_eq(kit.answer.sequence, first.sequence);
    cr_assert_eq(kit.answer.time_us, first.time_us);
    cr_assert_eq(kit.answer.remaining, 7, "what is left now");
    cr_assert_eq(kit_drop(&kit, 1).sold, 3, "a refused duplicate that eats stock");
    cr_assert_eq(kit_drop(&kit, 1).orders, 2);
    kit_destroy(&kit);
}

Test(key, a_winner_hears_accepted_after_sell_out_and_after_the_close)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, 1, 1);
    kit_buy(&kit, 1, "ann", 1, 77);
    cr_assert_eq(kit_buy(&kit, 1, "ann", 1, 77), SLC_STATUS_ACCEPTED);
    cr_assert_eq(kit_refuse(&kit, 1, "ann", 1, 77), SLC_STATUS_ACCEPTED, "also without an event");
    cr_assert(kit.answer.replayed);
    kit_close(&kit, 0, 1);
    cr_assert_eq(kit_refuse(&kit, 1, "ann", 1, 77), SLC_STATUS_ACCEPTED);
    cr_assert_eq(kit_refuse(&kit, 1, "ann", 1, 78), SLC_STATUS_CLOSED);
    kit_destroy(&kit);
}

Test(key, with_another_quantity_is_a_conflict_and_buys_nothing)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, 10, 0);
    kit_buy(&kit, 1, "ann", 2, 77);
    cr_assert_eq(kit_buy(&kit, 1, "ann", 1, 77), SLC_STATUS_CONFLICT);
    cr_assert_not(kit.answer.replayed);
    cr_assert_eq(kit_drop(&kit, 1).sold, 2);
    kit_destroy(&kit);
}

Test(key, is_one_of_its_drop_and_of_its_user)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, 10, 0);
    kit_open(&kit, 0, 2, 10, 0);
    kit_buy(&kit, 1, "ann", 1, 77);
    cr_assert_eq(kit_buy(&kit, 2, "ann", 1, 77), SLC_STATUS_ACCEPTED);
    cr_assert_not(kit.answer.replayed);
    cr_assert_eq(kit_buy(&kit, 1, "anna", 1, 77), SLC_STATUS_ACCEPTED);
    cr_assert_not(kit.answer.replayed, "a longer name with the same beginning");
    cr_assert_eq(kit_buy(&kit, 1, "an", 1, 77), SLC_STATUS_ACCEPTED);
    cr_assert_not(kit.answer.replayed, "a shorter one");
    kit_destroy(&kit);
}

Test(key, zero_is_no_key)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, 10, 0);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(kit_buy(&kit, 1, "ann", 1, 0), SLC_STATUS_ACCEPTED);
        cr_assert_not(kit.answer.replayed);
    }
    cr_assert_eq(kit_drop(&kit, 1).sold, 3);
    kit_destroy(&kit);
}

Test(key, of_a_cancelled_order_never_buys_again)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, 10, 0);
    kit_buy(&kit, 1, "ann", 2, 77);
    uint64_t order_id = kit.answer.order_id;
    kit.time_us += 3;
    cr_assert_eq(kit_cancel(&kit, 0, order_id), SLC_STATUS_ACCEPTED);
    uint64_t cancelled_at = kit.sequence;
    cr_assert_eq(kit_buy(&kit, 1, "ann", 2, 77), SLC_STATUS_CANCELLED);
    cr_assert(kit.answer.replayed);
    cr_assert_eq(kit.answer.order_id, order_id);
    cr_assert_eq(kit.answer.sequence, cancelled_at, "decided behind the cancellation");
    cr_assert_eq(kit_buy(&kit, 1, "ann", 3, 77), SLC_STATUS_CONFLICT, "another quantity, still");
    cr_assert_eq(kit_drop(&kit, 1).sold, 0);
    cr_assert_eq(kit_buy(&kit, 1, "ann", 2, 78), SLC_STATUS_ACCEPTED, "a new key does");
    kit_destroy(&kit);
}

Test(time, decides_from_opens_at_to_before_closes_at)
{
    kit_t kit = kit_create();
    slc_event_t open = kit_open_event(0, 1, 10, 0);
    open.as.drop_opened.opens_at_us = START_US + 10;
    open.as.drop_opened.closes_at_us = START_US + 20;
    cr_assert_eq(kit_apply(&kit, open), SLC_STATUS_ACCEPTED);
    kit.time_us = START_US + 9;
    cr_assert_eq(kit_buy(&kit, 1, "ann", 1, 1), SLC_STATUS_NOT_OPEN);
    kit.time_us = START_US + 10;
    cr_assert_eq(kit_buy(&kit, 1, "ann", 1, 1), SLC_STATUS_ACCEPTED);
    kit.time_us = START_US + 19;
    cr_assert_eq(kit_buy(&kit, 1, "ann", 1, 2), SLC_STATUS_ACCEPTED);
    kit.time_us = START_US + 20;
    cr_assert_eq(kit_buy(&kit, 1, "ann", 1, 3), SLC_STATUS_CLOSED);
    cr_assert_eq(kit_drop(&kit, 1).closed, false, "no operator closed it");
    kit_destroy(&kit);
}

Test(limit, counts_the_units_of_one_user_in_one_drop)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, 100, 3);
    kit_open(&kit, 0, 2, 100, 3);
    cr_assert_eq(kit_buy(&kit, 1, "ann", 2, 1), SLC_STATUS_ACCEPTED);
    cr_assert_eq(kit_buy(&kit, 1, "ann", 2, 2), SLC_STATUS_LIMIT_EXCEEDED);
    cr_assert_eq(kit_buy(&kit, 1, "ann", 1, 3), SLC_STATUS_ACCEPTED, "up to the limit");
    cr_assert_eq(kit_buy(&kit, 1, "ann", 1, 0), SLC_STATUS_LIMIT_EXCEEDED, "not by one over it");
    cr_assert_eq(kit_buy(&kit, 1, "bob", 3, 1), SLC_STATUS_ACCEPTED);
    cr_assert_eq(kit_buy(&kit, 2, "ann", 3, 1), SLC_STATUS_ACCEPTED, "another drop counts for itself");
    cr_assert_eq(kit_buy(&kit, 1, "ann", 2, 1), SLC_STATUS_ACCEPTED, "a retry is no new purchase");
    cr_assert(kit.answer.replayed);
    kit_destroy(&kit);
}

Test(limit, comes_back_with_a_cancelled_order)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, 100, 3);
    kit_buy(&kit, 1, "ann", 1, 1);
    uint64_t first = kit.answer.order_id;
    kit_buy(&kit, 1, "ann", 2, 2);
    uint64_t second = kit.answer.order_id;
    cr_assert_eq(kit_cancel(&kit, 0, first), SLC_STATUS_ACCEPTED);
    cr_assert_eq(kit_buy(&kit, 1, "ann", 2, 3), SLC_STATUS_LIMIT_EXCEEDED, "one came back, not two");
    cr_assert_eq(kit_buy(&kit, 1, "ann", 1, 4), SLC_STATUS_ACCEPTED);
    cr_assert_eq(kit_cancel(&kit, 0, second), SLC_STATUS_ACCEPTED);
    cr_assert_eq(kit_buy(&kit, 1, "ann", 3, 5), SLC_STATUS_LIMIT_EXCEEDED);
    cr_assert_eq(kit_buy(&kit, 1, "ann", 2, 6), SLC_STATUS_ACCEPTED);
    kit_destroy(&kit);
}

Test(limit, is_judged_behind_the_stock)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, 2, 2);
    kit_buy(&kit, 1, "ann", 2, 1);
    cr_assert_eq(kit_buy(&kit, 1, "ann", 1, 2), SLC_STATUS_SOLD_OUT);
    kit_destroy(&kit);
}

Test(stock, a_restock_sells_again_at_once)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, 1, 0);
    kit_buy(&kit, 1, "ann", 1, 1);
    cr_assert_eq(kit_buy(&kit, 1, "bob", 1, 1), SLC_STATUS_SOLD_OUT);
    cr_assert_eq(kit_adjust(&kit, 0, 1, 2), SLC_STATUS_ACCEPTED);
    cr_assert_eq(kit.answer.remaining, 2);
    cr_assert_eq(kit_buy(&kit, 1, "bob", 2, 1), SLC_STATUS_ACCEPTED, "a sold-out flag that stays");
    cr_assert_eq(kit_drop(&kit, 1).stock, 3);
    kit_destroy(&kit);
}

Test(stock, a_cancelled_order_sells_again_at_once)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, 1, 0);
    kit_buy(&kit, 1, "ann", 1, 1);
    uint64_t order_id = kit.answer.order_id;
    cr_assert_eq(kit_buy(&kit, 1, "bob", 1, 1), SLC_STATUS_SOLD_OUT);
    cr_assert_eq(kit_cancel(&kit, 0, order_id), SLC_STATUS_ACCEPTED);
    cr_assert_eq(kit_buy(&kit, 1, "bob", 1, 1), SLC_STATUS_ACCEPTED);
    slc_drop_info_t drop = kit_drop(&kit, 1);
    cr_assert(drop.sold == 1 && drop.remaining == 0 && drop.orders == 2 && drop.cancelled == 1);
    kit_destroy(&kit);
}

Test(stock, every_unit_of_the_largest_stock_can_be_sold)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, SLC_STOCK_MAX, 0);
    cr_assert_eq(kit_adjust(&kit, 0, 1, -(int64_t)(SLC_STOCK_MAX - SLC_QUANTITY_MAX)),
                 SLC_STATUS_ACCEPTED);
    cr_assert_eq(kit_buy(&kit, 1, "ann", SLC_QUANTITY_MAX, 1), SLC_STATUS_ACCEPTED);
    cr_assert_eq(kit.answer.remaining, 0);
    slc_order_info_t order;
    cr_assert(slc_logic_order(kit.logic, kit.answer.order_id, &order));
    cr_assert_eq(order.quantity, SLC_QUANTITY_MAX);
    kit_destroy(&kit);
}

Test(user, of_each_length_is_kept_whole)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, 1000, 2);
    char user[SLC_USER_BYTES_MAX + 1] = "";
    for (size_t bytes = 1; bytes <= SLC_USER_BYTES_MAX; bytes++) {
        memset(user, 'a' + (int)(bytes % 26), bytes);
        cr_assert_eq(kit_buy(&kit, 1, user, 1, 5), SLC_STATUS_ACCEPTED);
        cr_assert_not(kit.answer.replayed);
        slc_order_info_t order;
        cr_assert(slc_logic_order(kit.logic, kit.answer.order_id, &order));
        cr_assert_str_eq(order.user, user);
        cr_assert_eq(kit_refuse(&kit, 1, user, 1, 5), SLC_STATUS_ACCEPTED);
        cr_assert_eq(kit.answer.order_id, order.order_id);
    }
    kit_destroy(&kit);
}

/* ---- what the process does not survive ---- */

Test(invariant, a_refusal_that_could_have_bought_stops_the_process, .signal = 6)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, 1, 0);
    (void)kit_refuse(&kit, 1, "ann", 1, 1);
}

Test(invariant, a_sequence_left_out_stops_the_process, .signal = 6)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, 1, 0);
    kit.sequence++;
    (void)kit_buy(&kit, 1, "ann", 1, 1);
}

Test(invariant, a_time_that_goes_back_stops_the_process, .signal = 6)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, 1, 0);
    kit.time_us--;
    (void)kit_buy(&kit, 1, "ann", 1, 1);
}
