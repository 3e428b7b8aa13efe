#include "../../../perf/load/orders.h"

#include <criterion/criterion.h>

Test(load_orders, an_order_id_is_first_once)
{
    load_orders_t orders;
    cr_assert(load_orders_init(&orders));
    for (uint64_t id = 1; id < 3000000; id += 7) {
        cr_assert(load_orders_add(&orders, id) == LOAD_HEARD_FIRST);
    }
    for (uint64_t id = 1; id < 3000000; id += 7) {
        cr_assert(load_orders_add(&orders, id) == LOAD_HEARD_TWICE);
        cr_assert(load_orders_add(&orders, id + 1) == LOAD_HEARD_FIRST);
    }
    load_orders_finish(&orders);
}

Test(load_orders, a_number_that_no_journal_reaches_is_told_apart)
{
    load_orders_t orders;
    cr_assert(load_orders_init(&orders));
    cr_assert(load_orders_add(&orders, (UINT64_C(1) << 40) - 1) == LOAD_HEARD_FIRST);
    cr_assert(load_orders_add(&orders, UINT64_C(1) << 40) == LOAD_HEARD_ABSURD);
    cr_assert(load_orders_add(&orders, UINT64_MAX) == LOAD_HEARD_ABSURD);
    load_orders_finish(&orders);
}

Test(load_orders, what_two_workers_both_heard_is_counted)
{
    load_orders_t one;
    load_orders_t other;
    cr_assert(load_orders_init(&one) && load_orders_init(&other));
    for (uint64_t id = 0; id < 100; id++) {
        (void)load_orders_add(&one, id);
        (void)load_orders_add(&other, id + 97);
        (void)load_orders_add(&other, id + 5000000);
    }
    cr_assert(load_orders_merge(&one, &other) == 3);
    cr_assert(load_orders_add(&one, 5000099) == LOAD_HEARD_TWICE);
    cr_assert(load_orders_add(&one, 196) == LOAD_HEARD_TWICE);
    cr_assert(load_orders_add(&one, 197) == LOAD_HEARD_FIRST);
    load_orders_finish(&one);
    load_orders_finish(&other);
}
