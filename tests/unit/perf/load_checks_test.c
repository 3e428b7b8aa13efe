#include "../../../perf/load/checks.h"

#include <criterion/criterion.h>

#include <string.h>

static load_workload_t workload;
static load_tally_t tally;
static slc_drop_info_t books[LOAD_DROPS_MAX];
static load_check_t checks[LOAD_CHECKS_MAX];

/* A drop of 100 units that 150 asked for, one each: as it should be. */
static void start(void)
{
    workload.drop_count = 1;
    workload.drops[0] = (load_drop_t){.drop_id = 4, .weight = 1, .opened = true, .stock = 100};
    workload.quantity = 1;
    cr_assert(load_tally_init(&tally, 1));
    for (uint64_t i = 0; i < 150; i++) {
        slc_buy_reply_t reply = {.status = i < 100 ? SLC_STATUS_ACCEPTED : SLC_STATUS_SOLD_OUT,
                                 .order_id = i < 100 ? i + 10 : 0};
        tally.requests++;
        load_tally_answer(&tally, 0, &reply, 1000);
    }
    books[0] = (slc_drop_info_t){.drop_id = 4, .stock = 100, .sold = 100, .orders = 100};
}

static void stop(void)
{
    load_tally_finish(&tally);
}

TestSuite(load_checks, .init = start, .fini = stop);

/* The name of the only check that fails, NULL: none does. */
static const char *failing(const slc_drop_info_t *with_books)
{
    const char *name = NULL;
    size_t count = load_checks_run(&workload, &tally, with_books, checks);
    for (size_t i = 0; i < count; i++) {
        if (!checks[i].ok) {
            cr_assert(name == NULL, "%s and %s", name, checks[i].name);
            name = checks[i].name;
        }
    }
    return name;
}

static void answer(slc_status_t status, uint64_t order_id)
{
    slc_buy_reply_t reply = {.status = status, .order_id = order_id};
    load_tally_answer(&tally, 0, &reply, 1);
}

Test(load_checks, pass_where_everything_is_right)
{
    cr_assert(failing(books) == NULL);
}

Test(load_checks, see_a_request_that_was_not_answered)
{
    tally.requests++;
    cr_assert_str_eq(failing(books), "each_request_answered_once");
}

Test(load_checks, see_a_request_that_was_answered_twice)
{
    tally.strangers++;
    cr_assert_str_eq(failing(books), "each_request_answered_once");
}

Test(load_checks, see_one_unit_sold_too_many)
{
    tally.requests++;
    answer(SLC_STATUS_ACCEPTED, 900);
    books[0].orders = 101;
    cr_assert_str_eq(failing(books), "accepted_is_min_of_stock_and_demand");
}

Test(load_checks, see_a_buyer_who_was_sent_away_from_a_full_shelf)
{
    workload.drops[0].stock = 101;
    books[0].stock = 101;
    books[0].remaining = 1;
    cr_assert_str_eq(failing(books), "accepted_is_min_of_stock_and_demand");
}

Test(load_checks, see_too_many_sold_where_a_limit_turned_some_away)
{
    tally.requests += 2;
    answer(SLC_STATUS_LIMIT_EXCEEDED, 0);
    answer(SLC_STATUS_ACCEPTED, 900);
    books[0].orders = 101;
    cr_assert_str_eq(failing(books), "accepted_is_at_most_stock");
}

Test(load_checks, see_an_order_id_that_was_told_before)
{
    tally.requests++;
    workload.drops[0].stock = 101;
    books[0] = (slc_drop_info_t){.drop_id = 4, .stock = 101, .sold = 101, .orders = 101};
    answer(SLC_STATUS_ACCEPTED, 10);
    cr_assert_str_eq(failing(books), "no_order_id_twice");
}

Test(load_checks, see_books_that_do_not_add_up)
{
    books[0].remaining = 1;
    cr_assert_str_eq(failing(books), "units_are_conserved");
}

Test(load_checks, see_an_order_that_nobody_heard_of)
{
    books[0].orders = 101;
    cr_assert_str_eq(failing(books), "server_counts_the_same_orders");
}

Test(load_checks, see_a_server_that_does_not_tell_of_a_drop)
{
    cr_assert_str_eq(failing(NULL), "server_counts_the_same_orders");
    books[0].drop_id = 0;
    cr_assert_str_eq(failing(books), "server_counts_the_same_orders");
}

Test(load_checks, see_answers_without_sense)
{
    tally.requests++;
    answer(SLC_STATUS_INVALID, 0);
    cr_assert_str_eq(failing(books), "each_answer_makes_sense");
}

Test(load_checks, see_a_second_copy_that_hears_nothing_or_something_else)
{
    tally.resent = 2;
    tally.resent_answered = 2;
    cr_assert(failing(books) == NULL);
    tally.resent_answered = 1;
    cr_assert_str_eq(failing(books), "both_answers_tell_the_same");
    tally.resent_answered = 2;
    tally.contradicted = 1;
    cr_assert_str_eq(failing(books), "both_answers_tell_the_same");
}

Test(load_checks, see_an_order_that_nobody_heard_as_new)
{
    tally.resent = tally.resent_answered = 1;
    tally.never_new = 1;
    cr_assert_str_eq(failing(books), "one_of_both_answers_is_new");
    tally.retried = 1; /* the answer that was new may have gone with a connection */
    cr_assert(failing(books) == NULL);
}

Test(load_checks, see_an_idle_connection_that_fell)
{
    size_t count = 0;
    load_checks_add_idle(0, 0, checks, &count);
    cr_assert(count == 0);
    load_checks_add_idle(3, 3, checks, &count);
    cr_assert(count == 1 && checks[0].ok);
    load_checks_add_idle(3, 2, checks, &count);
    cr_assert(count == 2 && !checks[1].ok);
}

Test(load_checks, take_a_refusal_back_that_the_second_copy_overtook)
{
    tally.requests++;
    workload.drops[0].stock = 101;
    books[0] = (slc_drop_info_t){.drop_id = 4, .stock = 101, .sold = 101, .orders = 101};
    answer(SLC_STATUS_OVERLOADED, 0);
    slc_buy_reply_t reply = {.status = SLC_STATUS_ACCEPTED, .order_id = 900};
    load_tally_amend(&tally, 0, SLC_STATUS_OVERLOADED, &reply);
    cr_assert(tally.by_status[SLC_STATUS_OVERLOADED] == 0 && tally.by_status[SLC_STATUS_ACCEPTED] == 101);
    cr_assert(failing(books) == NULL);
}
