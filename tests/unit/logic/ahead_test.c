/* Fetching ahead is a hint: it may be told of anything, and changes nothing. */
#include "kit.h"

#include <signal.h>
#include <stdio.h>

#define USERS 40u

static char users[USERS][8];

/* Two drops with orders, one of them limited, and one that was purged. */
static kit_t with_orders(void)
{
    kit_t kit = kit_create();
    cr_assert_eq(kit_open(&kit, 0, 1, 1000, 0), SLC_STATUS_ACCEPTED);
    cr_assert_eq(kit_open(&kit, 0, 2, 1000, 9), SLC_STATUS_ACCEPTED);
    cr_assert_eq(kit_open(&kit, 0, 3, 1000, 0), SLC_STATUS_ACCEPTED);
    for (uint32_t i = 0; i < USERS; i++) {
        (void)snprintf(users[i], sizeof users[i], "u%u", i);
        for (uint64_t drop_id = 1; drop_id <= 3; drop_id++) {
            cr_assert_eq(kit_buy(&kit, drop_id, users[i], 1, i), SLC_STATUS_ACCEPTED);
        }
    }
    cr_assert_eq(kit_close(&kit, 0, 3), SLC_STATUS_ACCEPTED);
    cr_assert_eq(kit_purge(&kit, 0, 3), SLC_STATUS_ACCEPTED);
    return kit;
}

Test(ahead, changes_nothing_whatever_it_is_told_of)
{
    kit_t kit = with_orders();
    uint64_t digest = slc_logic_digest(kit.logic);
    uint64_t bytes = slc_logic_order_bytes(kit.logic);
    uint64_t random = 1;
    for (uint32_t round = 0; round < 300; round++) {
        slc_ask_t asks[SLC_AHEAD_MAX];
        uint32_t count = round % (SLC_AHEAD_MAX + 1);
        for (uint32_t i = 0; i < count; i++) {
            uint64_t word = kit_random(&random);
            asks[i] = kit_ask(word % 5, users[(word >> 8) % USERS], 1, (word >> 16) % (2 * USERS));
        }
        slc_logic_fetch_ahead(kit.logic, asks, count);
    }
    cr_assert_eq(slc_logic_digest(kit.logic), digest);
    cr_assert_eq(slc_logic_order_bytes(kit.logic), bytes);
    cr_assert_eq(kit_refuse(&kit, 1, users[7], 1, 7), SLC_STATUS_ACCEPTED);
    cr_assert(kit.answer.replayed);
    kit_destroy(&kit);
}

Test(ahead, finds_nothing_where_nothing_is)
{
    kit_t kit = kit_create();
    slc_ask_t ask = kit_ask(1, "nobody", 1, 1);
    slc_logic_fetch_ahead(kit.logic, NULL, 0);
    slc_logic_fetch_ahead(kit.logic, &ask, 1);
    cr_assert_eq(slc_logic_digest(kit.logic), 0);
    kit_destroy(&kit);
}

Test(ahead, of_more_than_a_group_is_no_request, .signal = SIGABRT)
{
    kit_t kit = kit_create();
    static slc_ask_t asks[SLC_AHEAD_MAX + 1];
    slc_logic_fetch_ahead(kit.logic, asks, SLC_AHEAD_MAX + 1);
}
