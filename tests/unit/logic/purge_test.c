/* What a purge forgets at once, and what it gives back in steps. */
#include "kit.h"

#include <stdio.h>

static void fill(kit_t *kit, uint64_t drop_id, uint64_t orders, uint64_t limit)
{
    cr_assert_eq(kit_open(kit, 0, drop_id, 2 * orders, limit), SLC_STATUS_ACCEPTED);
    for (uint64_t i = 0; i < orders; i++) {
        char user[24];
        (void)snprintf(user, sizeof user, "u%07" PRIu64, i / 2);
        cr_assert_eq(kit_buy(kit, drop_id, user, 1, 1 + i), SLC_STATUS_ACCEPTED);
        if (i % 10 == 0) {
            cr_assert_eq(kit_cancel(kit, 0, kit->answer.order_id), SLC_STATUS_ACCEPTED);
        }
    }
}

static void purge(kit_t *kit, uint64_t drop_id)
{
    cr_assert_eq(kit_close(kit, 0, drop_id), SLC_STATUS_ACCEPTED);
    cr_assert_eq(kit_purge(kit, 0, drop_id), SLC_STATUS_ACCEPTED);
}

Test(purge, needs_a_closed_drop)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, 10, 0);
    cr_assert_eq(kit_purge(&kit, 0, 1), SLC_STATUS_CONFLICT);
    cr_assert_str_eq(kit.text, "drop 1 is not closed: close it first");
    kit_destroy(&kit);
}

Test(purge, forgets_drop_orders_and_keys_at_once)
{
    kit_t kit = kit_create();
    fill(&kit, 1, 20000, 2);
    uint64_t order_id = kit.sequence;
    purge(&kit, 1);
    slc_drop_info_t drop;
    slc_order_info_t order;
    cr_assert_not(slc_logic_drop(kit.logic, 1, &drop));
    cr_assert_not(slc_logic_order(kit.logic, order_id, &order));
    cr_assert_not(slc_logic_next_order(kit.logic, 1, 0, &order));
    cr_assert_eq(slc_logic_order_count(kit.logic), 0);
    cr_assert_eq(slc_logic_digest(kit.logic), 0, "nothing is left to sum up");
    cr_assert_eq(kit_buy(&kit, 1, "u0009999", 1, 20000), SLC_STATUS_UNKNOWN_DROP);
    cr_assert_eq(kit_cancel(&kit, 0, order_id), SLC_STATUS_INVALID);
    kit_destroy(&kit);
}

Test(purge, lets_the_same_number_open_again_with_nothing_of_the_old)
{
    kit_t kit = kit_create();
    fill(&kit, 1, 20000, 2);
    purge(&kit, 1);
    kit_open(&kit, 0, 1, 5, 2);
    cr_assert(slc_logic_tidy(kit.logic, 1), "the old one is still being taken apart");
    cr_assert_eq(kit_buy(&kit, 1, "u0009999", 2, 20000), SLC_STATUS_ACCEPTED);
    cr_assert_not(kit.answer.replayed, "the old key is forgotten");
    cr_assert_eq(kit.answer.remaining, 3);
    slc_order_info_t order;
    cr_assert(slc_logic_next_order(kit.logic, 1, 0, &order));
    cr_assert_eq(order.order_id, kit.answer.order_id);
    while (slc_logic_tidy(kit.logic, 100)) {
    }
    cr_assert_eq(kit_refuse(&kit, 1, "u0009999", 2, 20000), SLC_STATUS_ACCEPTED);
    cr_assert(kit.answer.replayed);
    kit_destroy(&kit);
}

Test(purge, gives_the_memory_back)
{
    kit_t kit = kit_create();
    fill(&kit, 2, 10, 0);
    uint64_t before = slc_logic_order_bytes(kit.logic);
    fill(&kit, 1, 100000, 3);
    uint64_t with = slc_logic_order_bytes(kit.logic);
    cr_assert(with > before + 100000 * 50, "%" PRIu64 " bytes", with);
    purge(&kit, 1);
    while (slc_logic_tidy(kit.logic, 1000)) {
    }
    uint64_t after = slc_logic_order_bytes(kit.logic);
    cr_assert(after < before + 65536, "%" PRIu64 " bytes before, %" PRIu64 " after", before, after);
    slc_order_info_t order;
    cr_assert(slc_logic_next_order(kit.logic, 2, 0, &order), "the other drop is untouched");
    cr_assert_eq(kit_refuse(&kit, 2, order.user, 1, order.order_key), SLC_STATUS_CANCELLED);
    kit_destroy(&kit);
}

Test(purge, over_and_over_needs_no_more_memory_than_once)
{
    kit_t kit = kit_create();
    uint64_t highest = 0;
    for (uint64_t round = 0; round < 30; round++) {
        fill(&kit, 1 + round, 5000, round % 2 * 2);
        uint64_t bytes = slc_logic_order_bytes(kit.logic);
        if (round == 1) {
            highest = bytes;
        }
        cr_assert(round < 2 || bytes <= highest + highest / 2, "round %" PRIu64 ": %" PRIu64 " bytes",
                  round, bytes);
        purge(&kit, 1 + round);
    }
    kit_destroy(&kit);
}

Test(purge, takes_several_drops_apart_beside_other_events)
{
    kit_t kit = kit_create();
    for (uint64_t drop_id = 1; drop_id <= 5; drop_id++) {
        fill(&kit, drop_id, 8000, drop_id % 2 * 2);
    }
    kit_open(&kit, 0, 100, 1000000, 0);
    for (uint64_t drop_id = 1; drop_id <= 5; drop_id++) {
        purge(&kit, drop_id);
    }
    uint64_t events = 0;
    while (slc_logic_tidy(kit.logic, 1)) {
        events++;
        cr_assert_eq(kit_buy(&kit, 100, "ann", 1, events), SLC_STATUS_ACCEPTED);
        cr_assert(events < 5 * 8000, "each event takes a part of it away");
    }
    cr_assert(events > 10);
    cr_assert_eq(slc_logic_order_count(kit.logic), events);
    kit_destroy(&kit);
}
