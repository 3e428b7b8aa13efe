#include "../../../tools/replay/what_if.h"
#include "tale.h"

#include <criterion/criterion.h>
#include <inttypes.h>

static what_if_t what_if;
static what_if_users_t users;
static tale_t tale;

/* The sale that all tests ask about: two units, one a user; ada takes one and gives it back, bob and cyd
 * win, bob's second and dan's are refused. */
static void told_under(const char *rules_text)
{
    what_if_rules_t rules;
    cr_assert_null(what_if_parse(rules_text, &rules));
    what_if_begin(&what_if, &rules);
    tale_begin(&tale, what_if_listener(&what_if));
    tale_open(&tale, 1, 2, 1);
    uint64_t given_back = tale_buy(&tale, 1, "ada", 1);
    cr_assert_neq(tale_buy(&tale, 1, "bob", 2), 0);
    tale_attempt(&tale, 1, "bob", SLC_STATUS_LIMIT_EXCEEDED, 0);
    tale_cancel(&tale, given_back);
    cr_assert_neq(tale_buy(&tale, 1, "cyd", 3), 0);
    tale_attempt(&tale, 1, "dan", SLC_STATUS_SOLD_OUT, 0);
    tale_attempt(&tale, 1, "eve", SLC_STATUS_INVALID, 0);
    what_if_end(&what_if, tale.state);
    what_if_compare(&what_if, tale.state, 1, &users);
}

static void finish(void)
{
    what_if_users_finish(&users);
    what_if_finish(&what_if);
    tale_finish(&tale);
}

TestSuite(what_if, .fini = finish);

static uint64_t units_would_be(const char *name)
{
    for (uint64_t i = 0; i < users.count; i++) {
        if (strcmp(users.users[i].name, name) == 0) {
            return users.users[i].units_would_be;
        }
    }
    return 0;
}

Test(what_if, under_the_rules_that_were_nothing_differs)
{
    told_under("stock=2,per-user=1");
    cr_assert_eq(users.winners, 2);
    cr_assert_eq(users.winners_would_be, 2);
    for (uint64_t i = 0; i < users.count; i++) {
        cr_assert_eq(users.users[i].units, users.users[i].units_would_be, "%s", users.users[i].name);
    }
    cr_assert_eq(what_if.refused, 0);
}

Test(what_if, one_unit_more_goes_to_who_was_refused_for_want_of_it)
{
    told_under("stock=3");
    cr_assert_eq(users.winners_would_be, 3);
    cr_assert_eq(units_would_be("dan"), 1);
    cr_assert_eq(units_would_be("bob"), 1, "his limit stands");
    cr_assert_eq(units_would_be("ada"), 0, "she still gives hers back");
    cr_assert_eq(units_would_be("eve"), 0, "no stock makes a wrong request right");
}

Test(what_if, without_a_limit_who_came_first_takes_it_all)
{
    told_under("per-user=0");
    cr_assert_eq(units_would_be("bob"), 1, "ada still had the other when he asked for it");
    finish();
    told_under("per-user=0,stock=4");
    cr_assert_eq(units_would_be("bob"), 2);
    cr_assert_eq(units_would_be("dan"), 1);
}

Test(what_if, with_one_unit_the_second_buyer_takes_nothing_and_the_returned_one_goes_on)
{
    told_under("stock=1");
    cr_assert_eq(units_would_be("bob"), 0);
    cr_assert_eq(units_would_be("cyd"), 1, "what ada gave back");
    cr_assert_eq(users.winners_would_be, 1);
}

Test(what_if, rules_that_are_none_are_told_what_they_take)
{
    static const char *const wrong[] = {"",         "stock",       "stock=",   "stock=x",
                                        "stock=1,", "colour=blue", "stock=-1", "stock=1,,per-user=2"};
    what_if_rules_t rules;
    told_under("stock=2"); /* for the fini */
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *why = what_if_parse(wrong[i], &rules);
        cr_assert_not_null(why, "'%s'", wrong[i]);
        cr_assert_not_null(strstr(why, "stock=N"), "'%s': %s", wrong[i], why);
    }
    cr_assert_not_null(strstr(what_if_parse("stock=1000000000001", &rules), "at most"));
}
