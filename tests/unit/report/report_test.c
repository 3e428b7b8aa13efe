/* The report holds what it was told, all of it or nothing, and says up to where. */
#include <sluice/report.h>

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];
static char path[96];
static slc_error_t error;

static void before(void)
{
    strcpy(folder, "/tmp/slc-report-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/report.db", folder);
}

static void after(void)
{
    char command[96];
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(report, .init = before, .fini = after);

static slc_report_t *open_report(slc_report_mode_t mode)
{
    slc_report_t *report = NULL;
    cr_assert_eq(slc_report_open(path, mode, &report, &error), SLC_OK, "%s", error.message);
    return report;
}

static slc_order_info_t order_of(uint64_t id, const char *user, bool cancelled)
{
    slc_order_info_t order = {.order_id = id,
                              .drop_id = 7,
                              .order_key = UINT64_MAX - id,
                              .quantity = 2,
                              .time_us = UINT64_C(1700000000000000) + id,
                              .cancelled = cancelled,
                              .cancel_sequence = cancelled ? id + 10 : 0,
                              .cancel_time_us = cancelled ? UINT64_C(1700000060000000) : 0};
    (void)snprintf(order.user, sizeof order.user, "%s", user);
    return order;
}

/* Two of ann's and a cancelled one of bob's. */
static void tell(slc_report_t *report, uint64_t sequence)
{
    const slc_drop_info_t drop = {.drop_id = 7,
                                  .stock = 10,
                                  .sold = 4,
                                  .remaining = 6,
                                  .orders = 3,
                                  .cancelled = 1,
                                  .closes_at_us = UINT64_MAX,
                                  .name = "it's \"new\""};
    const slc_order_info_t orders[] = {order_of(1, "ann", false), order_of(2, "bob'); --", true),
                                       order_of(3, "ann", false)};
    cr_assert_eq(slc_report_begin(report, &error), SLC_OK, "%s", error.message);
    cr_assert_eq(slc_report_put_drop(report, &drop, &error), SLC_OK, "%s", error.message);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(slc_report_put_order(report, &orders[i], &error), SLC_OK, "%s", error.message);
    }
    const slc_covered_t covered = {.sequence = sequence, .digest = 0xabc};
    cr_assert_eq(slc_report_commit(report, &covered, &error), SLC_OK, "%s", error.message);
}

/* The one value that a query of another reader answers, as text. */
static const char *ask(const char *sql)
{
    static char answer[256];
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    cr_assert_eq(sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK, "%s",
                 sqlite3_errmsg(database));
    cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
    const unsigned char *text = sqlite3_column_text(statement, 0);
    (void)snprintf(answer, sizeof answer, "%s", text == NULL ? "NULL" : (const char *)text);
    (void)sqlite3_finalize(statement);
    (void)sqlite3_close(database);
    return answer;
}

static void expect_told(void)
{
    cr_assert_str_eq(ask("SELECT name FROM drops"), "it's \"new\"");
    cr_assert_str_eq(ask("SELECT closes_at_us FROM drops"), "9223372036854775807");
    cr_assert_str_eq(ask("SELECT count(*) FROM orders"), "3");
    cr_assert_str_eq(ask("SELECT order_key FROM orders WHERE order_id = 1"), "fffffffffffffffe");
    cr_assert_str_eq(ask("SELECT sequence FROM cancellations WHERE order_id = 2"), "12");
    cr_assert_str_eq(ask("SELECT group_concat(user || units || '#' || place) FROM winners"), "ann4#1");
    cr_assert_str_eq(ask("SELECT winners || '/' || standing FROM drop_totals"), "1/2");
    cr_assert_str_eq(
        ask("SELECT group_concat(minute || orders || units || cancellations || units_back, ' ')"
            " FROM orders_by_minute"),
        "2023-11-14T22:13Z3600 2023-11-14T22:14Z0012");
}

Test(report, a_fresh_one_holds_what_it_was_told_and_up_to_where)
{
    slc_report_t *report = open_report(SLC_REPORT_FRESH);
    tell(report, 42);
    cr_assert_eq(slc_report_index(report, &error), SLC_OK);
    slc_report_close(report);
    expect_told();
    cr_assert_str_eq(ask("SELECT sequence || digest FROM covered"), "420000000000000abc");
    cr_assert_str_eq(ask("SELECT count(*) FROM about a JOIN sqlite_schema s USING (name)"), "12",
                     "every table and view is described");
}

Test(report, told_twice_is_told_once_and_a_live_one_is_read_meanwhile)
{
    slc_covered_t covered;
    slc_report_t *report = open_report(SLC_REPORT_LIVE);
    cr_assert_eq(slc_report_covered(report, &covered, &error), SLC_OK);
    cr_assert_eq(covered.sequence, 0);
    tell(report, 42);
    tell(report, 43);
    expect_told();
    slc_report_close(report);
    report = open_report(SLC_REPORT_LIVE);
    cr_assert_eq(slc_report_covered(report, &covered, &error), SLC_OK);
    cr_assert(covered.sequence == 43 && covered.digest == 0xabc);
    slc_report_close(report);
}

Test(report, what_was_not_committed_never_was)
{
    const slc_order_info_t order = order_of(9, "cid", false);
    for (int closes = 0; closes < 2; closes++) {
        slc_report_t *report = open_report(SLC_REPORT_LIVE);
        tell(report, 42);
        cr_assert_eq(slc_report_begin(report, &error), SLC_OK);
        cr_assert_eq(slc_report_put_order(report, &order, &error), SLC_OK);
        if (closes == 0) {
            slc_report_rollback(report);
            tell(report, 42); /* and it can be gone on with */
        }
        slc_report_close(report);
        expect_told();
    }
}

static const char in_sight[] =
    "SELECT (SELECT count(*) FROM drops) || '/' || (SELECT count(*) FROM orders)"
    " || '/' || (SELECT count(*) FROM cancellations)";
static const char in_rows[] = "SELECT (SELECT count(*) FROM order_rows) || '/' || (SELECT count(*) FROM"
                              " cancellation_rows) || '/' || (SELECT count(*) FROM removed)";

Test(report, a_purged_drop_is_out_of_sight_at_once_and_its_rows_go_by_and_by)
{
    bool more = true;
    slc_report_t *report = open_report(SLC_REPORT_LIVE);
    const slc_order_info_t later = order_of(50, "eve", false);
    tell(report, 42);
    cr_assert_eq(slc_report_begin(report, &error), SLC_OK);
    cr_assert_eq(slc_report_remove_drop(report, 7, 49, &error), SLC_OK);
    cr_assert_eq(slc_report_put_order(report, &later, &error), SLC_OK);
    cr_assert_eq(slc_report_commit(report, &(slc_covered_t){.sequence = 60}, &error), SLC_OK);
    cr_assert_str_eq(ask(in_sight), "0/1/0", "the order of a drop opened anew stays");
    cr_assert_str_eq(ask("SELECT digest FROM covered"), "NULL");
    for (int turns = 0; more; turns++) {
        cr_assert_leq(turns, 4);
        cr_assert_eq(slc_report_sweep(report, 2, &more, &error), SLC_OK, "%s", error.message);
        cr_assert_str_eq(ask(in_sight), "0/1/0");
    }
    cr_assert_str_eq(ask(in_rows), "1/0/0");
    slc_report_close(report);
}

Test(report, rows_ahead_of_what_is_covered_are_out_of_sight_and_can_be_forgotten)
{
    bool more = true;
    slc_report_t *report = open_report(SLC_REPORT_LIVE);
    const slc_order_info_t ahead = order_of(150, "eve", true);
    tell(report, 110);
    cr_assert_eq(slc_report_begin(report, &error), SLC_OK);
    cr_assert_eq(slc_report_put_order(report, &ahead, &error), SLC_OK);
    cr_assert_eq(slc_report_put_cancellation(report, 7, 1, 151, 5, &error), SLC_OK);
    cr_assert_eq(slc_report_commit(report, NULL, &error), SLC_OK);
    expect_told();
    cr_assert_str_eq(ask(in_rows), "4/3/0");
    for (int turns = 0; more; turns++) {
        cr_assert_leq(turns, 4);
        cr_assert_eq(slc_report_forget_ahead(report, 1, &more, &error), SLC_OK, "%s", error.message);
    }
    cr_assert_str_eq(ask(in_rows), "3/1/0");
    expect_told();
    slc_report_close(report);
}

Test(report, says_whose_it_is_and_that_it_is_whole)
{
    char source[SLC_REPORT_SOURCE_BYTES];
    cr_assert_eq(slc_report_check(path, NULL, NULL, &error), SLC_ERR_IO, "there is none");
    slc_report_t *report = open_report(SLC_REPORT_LIVE);
    tell(report, 42);
    cr_assert_eq(slc_report_source(report, source, &error), SLC_OK);
    cr_assert_str_eq(source, "");
    cr_assert_eq(slc_report_set_source(report, "0123456789abcdef0123456789abcdef", &error), SLC_OK);
    cr_assert_eq(slc_report_source(report, source, &error), SLC_OK);
    cr_assert_str_eq(source, "0123456789abcdef0123456789abcdef");
    cr_assert_eq(slc_report_check(path, NULL, NULL, &error), SLC_OK, "%s", error.message);
    slc_report_close(report);
    cr_assert_eq(truncate(path, 3 * 4096), 0);
    cr_assert_eq(slc_report_check(path, NULL, NULL, &error), SLC_ERR_DAMAGED);
}

static bool at_once(void *context)
{
    (*(int *)context)++;
    return true;
}

static bool never(void *context)
{
    (*(int *)context)++;
    return false;
}

Test(report, a_check_that_takes_too_long_is_given_up_and_says_nothing_of_the_file)
{
    char command[500];
    int asked = 0;
    slc_report_t *report = open_report(SLC_REPORT_LIVE);
    tell(report, 42);
    slc_report_close(report);
    (void)snprintf(
        command, sizeof command,
        "sqlite3 %s 'WITH RECURSIVE n(i) AS (VALUES(100) UNION ALL SELECT i + 1 FROM n WHERE i < 50000)"
        " INSERT INTO order_rows SELECT i, 1, char(97), 1, NULL, i FROM n'",
        path);
    cr_assert_eq(system(command), 0);
    cr_assert_eq(slc_report_check(path, at_once, &asked, &error), SLC_ERR_CLOSED, "%s", error.message);
    cr_assert_eq(asked, 1);
    cr_assert_eq(slc_report_check(path, never, &asked, &error), SLC_OK, "%s", error.message);
    cr_assert_gt(asked, 2, "it was asked again and again");
}

Test(report, somebody_elses_file_is_left_as_it_was)
{
    char command[300];
    slc_report_t *report = NULL;
    (void)snprintf(command, sizeof command, "sqlite3 %s 'CREATE TABLE mine (a)'", path);
    cr_assert_eq(system(command), 0);
    cr_assert_eq(slc_report_open(path, SLC_REPORT_FRESH, &report, &error), SLC_ERR_CHECK_FAILED);
    cr_assert_not_null(strstr(error.message, "another program"));
    cr_assert_str_eq(ask("SELECT group_concat(name) FROM sqlite_schema"), "mine");
    (void)snprintf(command, sizeof command, "head -c 5000 /dev/urandom > %s", path);
    cr_assert_eq(system(command), 0);
    cr_assert_eq(slc_report_open(path, SLC_REPORT_LIVE, &report, &error), SLC_ERR_DAMAGED);
    cr_assert_not_null(strstr(error.message, "report.db"));
}

Test(report, a_later_schema_is_not_written_to)
{
    char command[300];
    slc_report_t *report = open_report(SLC_REPORT_FRESH);
    slc_report_close(report);
    (void)snprintf(command, sizeof command, "sqlite3 %s 'PRAGMA user_version = 99'", path);
    cr_assert_eq(system(command), 0);
    cr_assert_eq(slc_report_open(path, SLC_REPORT_LIVE, &report, &error), SLC_ERR_CONFIG);
    cr_assert_not_null(strstr(error.message, "schema version 99"));
}
