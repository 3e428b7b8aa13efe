#include "../../../perf/peer/tally.h"

#include <criterion/criterion.h>

#include <string.h>

static peer_tally_t tally;
static peer_books_t books;

static void all_is_right(void)
{
    memset(&tally, 0, sizeof tally);
    tally.asked = 300;
    tally.accepted = 100;
    tally.refused = 200;
    books = (peer_books_t){.left = 0, .orders = 100};
}

TestSuite(peer_tally, .init = all_is_right);

static void expect_wrong(const char *part)
{
    const char *wrong = peer_tally_wrong(&tally, &books, 100, true);
    cr_assert(wrong != NULL && strstr(wrong, part) != NULL, "%s", wrong == NULL ? "nothing" : wrong);
}

Test(peer_tally, finds_nothing_wrong_with_a_drop_that_sold_out)
{
    cr_assert(peer_tally_wrong(&tally, &books, 100, true) == NULL);
}

Test(peer_tally, finds_nothing_wrong_with_a_drop_that_has_units_left)
{
    tally.accepted = 300;
    tally.refused = 0;
    books = (peer_books_t){.left = 700, .orders = 300};
    cr_assert(peer_tally_wrong(&tally, &books, 1000, true) == NULL);
}

Test(peer_tally, misses_an_answer)
{
    tally.refused--;
    expect_wrong("answered once");
}

Test(peer_tally, takes_an_answer_too_many_for_wrong)
{
    tally.refused++;
    expect_wrong("answered once");
}

Test(peer_tally, knows_an_oversold_drop)
{
    tally.accepted++;
    tally.refused--;
    books.orders++;
    expect_wrong("stock and demand");
}

Test(peer_tally, knows_units_that_nobody_got)
{
    tally.accepted--;
    tally.refused++;
    books.orders--;
    books.left++;
    expect_wrong("stock and demand");
}

Test(peer_tally, misses_an_order_on_record)
{
    books.orders--;
    expect_wrong("on record");
}

Test(peer_tally, compares_what_is_left)
{
    books.left = 1;
    expect_wrong("left");
}

Test(peer_tally, does_not_believe_a_run_without_answers)
{
    tally.asked = tally.accepted = tally.refused = 0;
    books = (peer_books_t){.left = 100, .orders = 0};
    expect_wrong("nothing");
}

Test(peer_tally, asks_a_probe_without_rules_for_its_records_only)
{
    tally.accepted = 300;
    tally.refused = 0;
    books = (peer_books_t){.left = 0, .orders = 300};
    cr_assert(peer_tally_wrong(&tally, &books, 100, false) == NULL);
    books.orders = 299;
    cr_assert(peer_tally_wrong(&tally, &books, 100, false) != NULL);
}
