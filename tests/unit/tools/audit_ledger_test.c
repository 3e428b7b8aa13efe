#include "events.h"

#include "../../../tools/replay/audit_ledger.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static script_t script;
static audit_ledger_t ledger;
static audit_report_t report;
static slc_error_t error;

/* Orders 2 (ann, 2 units, key 7), 3 (bob, 1 unit, no key), 4 (a user with a tab, cancelled). */
static void init(void)
{
    open_drop(&script, 1, 10, 0, 0);
    buy(&script, 1, "ann", 2, 7);
    buy(&script, 1, "bob", 1, 0);
    buy(&script, 1, "t\tb\\", 1, 9);
    cancel(&script, 4, 0);
}

static void finish(void)
{
    audit_books_finish(&script.books);
    audit_ledger_finish(&ledger);
}

TestSuite(audit_ledger, .init = init, .fini = finish);

#define ANN "2\t1\tann\t2\t0000000000000007\t2\t0\n"
#define ANN_AGAIN "2\t1\tann\t2\t0000000000000007\t2\t1\n"
#define BOB "3\t1\tbob\t1\t0000000000000000\t3\t0\n"
#define TAB "4\t1\tt\\tb\\\\\t1\t0000000000000009\t4\t0\n"

static slc_err_t read_lines(const char *lines)
{
    char path[] = "/tmp/slc-ledger-XXXXXX";
    int fd = mkstemp(path);
    cr_assert(fd >= 0);
    cr_assert(write(fd, lines, strlen(lines)) == (ssize_t)strlen(lines));
    (void)close(fd);
    slc_err_t code = audit_ledger_read(&ledger, path, &error);
    (void)unlink(path);
    return code;
}

static void question(const char *lines)
{
    cr_assert(read_lines(lines) == SLC_OK, "%s", error.message);
    audit_question_ledger(&ledger, &script.books, &report);
    cr_assert(report.checks[AUDIT_CHECK_LEDGER].made && report.checks[AUDIT_CHECK_DOUBLED].made);
}

static void assert_found(audit_check_id_t id, const char *words)
{
    cr_assert(report.checks[id].failures == 1);
    cr_assert(strstr(report.checks[id].finding, words) != NULL, "%s", report.checks[id].finding);
}

Test(audit_ledger, every_acknowledged_order_stands_also_a_cancelled_one)
{
    question(ANN ANN_AGAIN BOB TAB);
    cr_assert(ledger.count == 4 && !ledger.broken_tail);
    cr_assert(audit_passed(&report));
}

Test(audit_ledger, orders_of_a_purged_drop_still_stand_and_its_keys_buy_again)
{
    close_drop(&script, 1, 0);
    purge_drop(&script, 1, 0);
    open_drop(&script, 1, 10, 0, 0);
    cr_assert(buy(&script, 1, "ann", 2, 7).order_id == 9);
    question(ANN BOB "9\t1\tann\t2\t0000000000000007\t9\t0\n" ANN_AGAIN);
    cr_assert(audit_passed(&report));
}

Test(audit_ledger, a_lost_order_is_found)
{
    question(ANN "6\t1\teve\t1\t0000000000000001\t6\t0\n");
    assert_found(AUDIT_CHECK_LEDGER, "line 2: order 6 (drop 1, user \"eve\") was acknowledged but lost");
}

Test(audit_ledger, an_order_that_reads_otherwise_is_found)
{
    static const char *const lies[][2] = {
        {"2\t2\tann\t2\t0000000000000007\t2\t0\n", "another drop"},
        {"2\t1\tanna\t2\t0000000000000007\t2\t0\n", "another user"},
        {"2\t1\tann\t3\t0000000000000007\t2\t0\n", "another quantity"},
        {"2\t1\tann\t2\t0000000000000008\t2\t0\n", "another order_key"},
        {"2\t1\tann\t2\t0000000000000007\t3\t0\n", "another sequence"},
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        report = (audit_report_t){0};
        audit_ledger_finish(&ledger);
        question(lies[i][0]);
        assert_found(AUDIT_CHECK_LEDGER, lies[i][1]);
    }
}

Test(audit_ledger, a_purchase_under_two_orders_is_found)
{
    question(ANN "3\t1\tann\t2\t0000000000000007\t3\t0\n");
    assert_found(AUDIT_CHECK_DOUBLED,
                 "line 2: drop 1, order_key 0000000000000007 bought order 3, in line 1 order 2");
}

Test(audit_ledger, an_order_that_two_replies_call_new_is_found)
{
    question(BOB ANN BOB);
    assert_found(AUDIT_CHECK_DOUBLED, "line 3: order 3 was acknowledged twice as a new one");
}

Test(audit_ledger, a_broken_last_line_is_left_out)
{
    question(ANN "3\t1\tbo");
    cr_assert(ledger.count == 1 && ledger.broken_tail);
    cr_assert(audit_passed(&report));
}

Test(audit_ledger, a_whole_last_line_counts_without_its_line_end)
{
    question(ANN "3\t1\tbob\t1\t0000000000000000\t3\t0");
    cr_assert(ledger.count == 2 && !ledger.broken_tail);
}

Test(audit_ledger, a_broken_line_elsewhere_is_an_error_that_names_it)
{
    static const char *const broken[] = {
        "\n",
        "2\t1\tann\t2\t0000000000000007\t2\n",
        "2\t1\tann\t2\t0000000000000007\t2\t0\t0\n",
        "2\t1\tann\t2\t0000000000000007\t2\t2\n",
        "2\t1\tann\t2\t7\t2\t0\n",
        "x\t1\tann\t2\t0000000000000007\t2\t0\n",
        "2\t1\t\t2\t0000000000000007\t2\t0\n",
        "2\t1\tan\\n\\x\t2\t0000000000000007\t2\t0\n",
        "2\t1\tann\\\t2\t0000000000000007\t2\t0\n",
        "2\t1\t\xff\t2\t0000000000000007\t2\t0\n",
        ("2\t1\t0123456789012345678901234567890123456789012345678901234567890123x\t2\t0000000000000007\t2"
         "\t0\n"),
    };
    char lines[400];
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        audit_ledger_finish(&ledger);
        (void)snprintf(lines, sizeof lines, ANN "%s" BOB, broken[i]);
        cr_assert(read_lines(lines) == SLC_ERR_USAGE, "%s", broken[i]);
        cr_assert(strstr(error.message, "line 2 ") != NULL, "%s", error.message);
    }
}

Test(audit_ledger, a_ledger_that_is_not_there_is_an_error)
{
    cr_assert(audit_ledger_read(&ledger, "/nonexistent/ledger", &error) == SLC_ERR_IO);
    cr_assert(strstr(error.message, "/nonexistent/ledger") != NULL);
}
