/* A report that lives on: what a mirror does beside writing. */
#include "base/error.h"
#include "report/inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Of SQLite's virtual machine: some milliseconds. */
#define STEPS_BETWEEN_QUESTIONS 20000

/* Runs statements in a transaction of its own; all of it or nothing. */
static slc_err_t run_whole(slc_report_t *report, const char *sql, slc_error_t *ret_error)
{
    slc_err_t code = slc_report_begin(report, ret_error);
    if (code == SLC_OK) {
        code = slc_report_run(report, sql, ret_error);
    }
    if (code == SLC_OK) {
        code = slc_report_commit(report, NULL, ret_error);
    }
    if (code != SLC_OK) {
        slc_report_rollback(report);
    }
    return code;
}

slc_err_t slc_report_sweep(slc_report_t *report, uint32_t rows, bool *ret_more, slc_error_t *ret_error)
{
    char sql[800];
    int64_t removed = 0;
    *ret_more = false;
    slc_err_t code = slc_report_number(report, "SELECT count(*) FROM (SELECT 1 FROM removed LIMIT 1)",
                                       &removed, ret_error);
    if (code != SLC_OK || removed == 0) {
        return code;
    }
    /* A cancellation goes with its order; a drop without orders that far is forgotten. */
    (void)snprintf(
        sql, sizeof sql,
        "CREATE TEMP TABLE IF NOT EXISTS sweeping (order_id INTEGER PRIMARY KEY);"
        "DELETE FROM sweeping;"
        "INSERT INTO sweeping SELECT o.order_id FROM (SELECT * FROM removed LIMIT 1) r"
        " JOIN order_rows o ON o.drop_id = r.drop_id AND o.order_id <= r.until_order_id LIMIT %" PRIu32
        ";"
        "DELETE FROM removed WHERE drop_id = (SELECT drop_id FROM removed LIMIT 1)"
        " AND NOT EXISTS (SELECT 1 FROM sweeping);"
        "DELETE FROM cancellation_rows WHERE order_id IN (SELECT order_id FROM sweeping);"
        "DELETE FROM order_rows WHERE order_id IN (SELECT order_id FROM sweeping);",
        rows);
    code = run_whole(report, sql, ret_error);
    *ret_more = code == SLC_OK;
    return code;
}

slc_err_t slc_report_forget_ahead(slc_report_t *report, uint32_t rows, bool *ret_more,
                                  slc_error_t *ret_error)
{
    char sql[600];
    int64_t before = sqlite3_total_changes64(report->database);
    (void)snprintf(
        sql, sizeof sql,
        "DELETE FROM order_rows WHERE order_id IN (SELECT order_id FROM order_rows"
        " WHERE order_id > ifnull((SELECT sequence FROM covered), 0)"
        " ORDER BY order_id DESC LIMIT %" PRIu32 ");"
        "DELETE FROM cancellation_rows WHERE order_id IN (SELECT order_id FROM cancellation_rows"
        " WHERE sequence > ifnull((SELECT sequence FROM covered), 0)"
        " ORDER BY sequence DESC LIMIT %" PRIu32 ");",
        rows, rows);
    slc_err_t code = run_whole(report, sql, ret_error);
    *ret_more = code == SLC_OK && sqlite3_total_changes64(report->database) != before;
    return code;
}

slc_err_t slc_report_each_drop(slc_report_t *report, slc_report_drop_fn each, void *context,
                               slc_error_t *ret_error)
{
    /* Numbers above 2^63 - 1 look negative here, and come last. */
    static const char sql[] =
        "SELECT drop_id, orders, cancelled FROM drops ORDER BY drop_id < 0, drop_id";
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(report->database, sql, -1, &statement, NULL);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
            const slc_drop_info_t drop = {.drop_id = (uint64_t)sqlite3_column_int64(statement, 0),
                                          .orders = (uint64_t)sqlite3_column_int64(statement, 1),
                                          .cancelled = (uint64_t)sqlite3_column_int64(statement, 2)};
            each(context, &drop);
        }
    }
    slc_err_t answer = code == SQLITE_DONE ? SLC_OK : slc_report_failed(report, ret_error);
    (void)sqlite3_finalize(statement); /* its failure was the step's */
    return answer;
}

slc_err_t slc_report_source(slc_report_t *report, char ret_source[SLC_REPORT_SOURCE_BYTES],
                            slc_error_t *ret_error)
{
    sqlite3_stmt *statement = NULL;
    ret_source[0] = '\0';
    int code =
        sqlite3_prepare_v2(report->database, "SELECT data_directory FROM source", -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    if (code == SQLITE_ROW) {
        const unsigned char *text = sqlite3_column_text(statement, 0);
        (void)snprintf(ret_source, SLC_REPORT_SOURCE_BYTES, "%s", text == NULL ? "" : (const char *)text);
    }
    slc_err_t answer =
        code == SQLITE_ROW || code == SQLITE_DONE ? SLC_OK : slc_report_failed(report, ret_error);
    (void)sqlite3_finalize(statement); /* its failure was the step's */
    return answer;
}

slc_err_t slc_report_set_source(slc_report_t *report, const char *source, slc_error_t *ret_error)
{
    char *sql = sqlite3_mprintf("INSERT OR REPLACE INTO source VALUES (1, %Q)", source);
    if (sql == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory for the report %s", report->path);
    }
    slc_err_t code = run_whole(report, sql, ret_error);
    sqlite3_free(sql);
    return code;
}

slc_err_t slc_report_checkpoint(slc_report_t *report, uint32_t pages, bool *ret_done,
                                slc_error_t *ret_error)
{
    *ret_done = report->log_pages >= pages;
    if (!*ret_done) {
        return SLC_OK;
    }
    report->log_pages = 0;
    int code = sqlite3_wal_checkpoint_v2(report->database, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    /* Busy: another copies just now. */
    return code == SQLITE_OK || code == SQLITE_BUSY ? SLC_OK : slc_report_failed(report, ret_error);
}

typedef struct patience {
    bool (*give_up)(void *context);
    void *context;
} patience_t;

static int ask_patience(void *context)
{
    const patience_t *patience = context;
    return patience->give_up(patience->context) ? 1 : 0;
}

slc_err_t slc_report_check(const char *path, bool (*give_up)(void *context), void *context,
                           slc_error_t *ret_error)
{
    patience_t patience = {.give_up = give_up, .context = context};
    slc_report_t report = {.database = NULL};
    sqlite3_stmt *statement = NULL;
    (void)snprintf(report.path, sizeof report.path, "%s", path);
    if (sqlite3_open_v2(path, &report.database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK) {
        slc_err_t code = slc_report_failed(&report, ret_error);
        (void)sqlite3_close(report.database); /* nothing is open on it */
        return code;
    }
    if (give_up != NULL) {
        sqlite3_progress_handler(report.database, STEPS_BETWEEN_QUESTIONS, ask_patience, &patience);
    }
    slc_err_t code = slc_report_is_ours(&report, ret_error);
    if (code == SLC_OK && (sqlite3_prepare_v2(report.database, "PRAGMA quick_check(1)", -1, &statement,
                                              NULL) != SQLITE_OK ||
                           sqlite3_step(statement) != SQLITE_ROW)) {
        code = slc_report_failed(&report, ret_error);
    }
    const char *found = code == SLC_OK ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    if (code == SLC_OK && found == NULL) {
        code = slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory to check the report %.200s", path);
    } else if (code == SLC_OK && strcmp(found, "ok") != 0) {
        code = slc_error_set(ret_error, SLC_ERR_DAMAGED, "the report %.200s: %.200s", path, found);
    } else if (code != SLC_OK && sqlite3_errcode(report.database) == SQLITE_INTERRUPT) {
        code = slc_error_set(ret_error, SLC_ERR_CLOSED, "checking the report %.200s was given up", path);
    }
    (void)sqlite3_finalize(statement);    /* its failure was the step's */
    (void)sqlite3_close(report.database); /* nothing is open on it any more */
    return code;
}
