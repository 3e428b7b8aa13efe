#include "../../../perf/load/twins.h"

#include <criterion/criterion.h>

static load_twins_t twins;

static void start(void)
{
    load_twins_init(&twins);
}

static void stop(void)
{
    load_twins_finish(&twins);
}

TestSuite(load_twins, .init = start, .fini = stop);

static bool agree(slc_status_t first, uint64_t order, bool replayed, bool in_turn, slc_buy_reply_t second,
                  bool ours)
{
    load_twin_t twin = {.status = first, .order_id = order, .replayed = replayed, .in_turn = in_turn};
    return load_twins_agree(&twin, &second, ours);
}

static slc_buy_reply_t bought(uint64_t order, bool replayed)
{
    return (slc_buy_reply_t){.status = SLC_STATUS_ACCEPTED, .order_id = order, .replayed = replayed};
}

static slc_buy_reply_t refused(slc_status_t status)
{
    return (slc_buy_reply_t){.status = status};
}

Test(load_twins, one_order_told_anew_and_replayed_is_right_in_either_order)
{
    cr_assert(agree(SLC_STATUS_ACCEPTED, 7, false, false, bought(7, true), true));
    cr_assert(agree(SLC_STATUS_ACCEPTED, 7, true, false, bought(7, false), true));
    cr_assert(agree(SLC_STATUS_ACCEPTED, 7, true, false, bought(7, true), true));
}

Test(load_twins, two_orders_or_one_that_is_new_twice_contradict)
{
    cr_assert(!agree(SLC_STATUS_ACCEPTED, 7, false, false, bought(8, true), true));
    cr_assert(!agree(SLC_STATUS_ACCEPTED, 7, false, false, bought(8, false), false));
    cr_assert(!agree(SLC_STATUS_ACCEPTED, 7, false, false, bought(7, false), false));
}

Test(load_twins, nobody_buys_and_is_refused_in_a_drop_of_our_own)
{
    cr_assert(!agree(SLC_STATUS_ACCEPTED, 7, false, false, refused(SLC_STATUS_SOLD_OUT), true));
    cr_assert(!agree(SLC_STATUS_SOLD_OUT, 0, false, true, bought(7, false), true));
    cr_assert(!agree(SLC_STATUS_LIMIT_EXCEEDED, 0, false, false, bought(7, false), true));
    cr_assert(!agree(SLC_STATUS_ACCEPTED, 7, false, true, refused(SLC_STATUS_CANCELLED), true));
    cr_assert(!agree(SLC_STATUS_SOLD_OUT, 0, false, true, refused(SLC_STATUS_CONFLICT), true));
}

Test(load_twins, a_drop_of_others_may_be_restocked_or_cancelled_but_forgets_no_winner)
{
    cr_assert(agree(SLC_STATUS_SOLD_OUT, 0, false, true, bought(7, false), false));
    cr_assert(agree(SLC_STATUS_ACCEPTED, 7, false, true, refused(SLC_STATUS_CANCELLED), false));
    cr_assert(!agree(SLC_STATUS_ACCEPTED, 7, false, true, refused(SLC_STATUS_SOLD_OUT), false));
    cr_assert(agree(SLC_STATUS_ACCEPTED, 7, false, false, refused(SLC_STATUS_SOLD_OUT), false));
}

Test(load_twins, a_server_that_was_too_busy_or_out_of_room_has_decided_nothing)
{
    cr_assert(agree(SLC_STATUS_OVERLOADED, 0, false, true, bought(7, false), true));
    cr_assert(agree(SLC_STATUS_ACCEPTED, 7, false, true, refused(SLC_STATUS_OVERLOADED), true));
    cr_assert(agree(SLC_STATUS_READ_ONLY, 0, false, true, bought(7, false), true));
    cr_assert(!agree(SLC_STATUS_ACCEPTED, 7, false, true, refused(SLC_STATUS_READ_ONLY), true));
    cr_assert(agree(SLC_STATUS_SOLD_OUT, 0, false, true, refused(SLC_STATUS_LIMIT_EXCEEDED), true));
}

Test(load_twins, wait_in_line_and_are_used_again)
{
    uint32_t names[200];
    for (uint32_t i = 0; i < 200; i++) {
        names[i] = load_twins_begin(&twins, i);
        cr_assert(names[i] != 0);
        load_twins_queue(&twins, names[i]);
    }
    for (uint32_t i = 0; i < 200; i++) {
        cr_assert(twins.first == names[i] && load_twins_at(&twins, twins.first)->number == i);
        load_twins_unqueue_first(&twins);
        load_twins_end(&twins, names[i]);
    }
    cr_assert(twins.first == 0);
    uint32_t capacity = twins.capacity;
    for (uint32_t i = 0; i < 200; i++) {
        uint32_t twin = load_twins_begin(&twins, i);
        cr_assert(load_twins_at(&twins, twin)->status == SLC_STATUS_UNSPECIFIED);
    }
    cr_assert(twins.capacity == capacity);
}
