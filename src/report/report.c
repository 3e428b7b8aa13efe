#include "base/error.h"
#include "report/inside.h"
#include "report/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long somebody else's transaction is waited for. */
#define BUSY_MS 1000

static const char *const statements[SLC_REPORT_STATEMENTS] = {
    [SLC_REPORT_BEGIN] = "BEGIN IMMEDIATE",
    [SLC_REPORT_COMMIT] = "COMMIT",
    [SLC_REPORT_PUT_DROP] = "INSERT OR REPLACE INTO drops VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [SLC_REPORT_PUT_ORDER] = "INSERT OR REPLACE INTO order_rows VALUES (?, ?, ?, ?, ?, ?)",
    [SLC_REPORT_PUT_CANCELLATION] = "INSERT OR REPLACE INTO cancellation_rows VALUES (?, ?, ?, ?)",
    [SLC_REPORT_NOTE_REMOVED] = "INSERT OR REPLACE INTO removed VALUES (?, ?)",
    [SLC_REPORT_REMOVE_DROP] = "DELETE FROM drops WHERE drop_id = ?",
    [SLC_REPORT_PUT_COVERED] = "INSERT OR REPLACE INTO covered VALUES (1, ?, ?)",
    [SLC_REPORT_GET_COVERED] = "SELECT sequence, digest FROM covered",
};

slc_err_t slc_report_failed(const slc_report_t *report, slc_error_t *ret_error)
{
    int code = sqlite3_extended_errcode(report->database);
    if (code == SQLITE_NOMEM) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory for the report %s", report->path);
    }
    int primary = code & 0xff;
    slc_err_t kind = primary == SQLITE_BUSY || primary == SQLITE_LOCKED      ? SLC_ERR_IN_USE
                     : primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB ? SLC_ERR_DAMAGED
                                                                             : SLC_ERR_IO;
    return slc_error_set(ret_error, kind, "the report %.300s: %s (SQLite %d)", report->path,
                         sqlite3_errmsg(report->database), code);
}

slc_err_t slc_report_run(slc_report_t *report, const char *sql, slc_error_t *ret_error)
{
    return sqlite3_exec(report->database, sql, NULL, NULL, NULL) == SQLITE_OK
               ? SLC_OK
               : slc_report_failed(report, ret_error);
}

/* ---- opening ---- */

slc_err_t slc_report_number(slc_report_t *report, const char *sql, int64_t *ret_number,
                            slc_error_t *ret_error)
{
    sqlite3_stmt *statement = NULL;
    bool good = sqlite3_prepare_v2(report->database, sql, -1, &statement, NULL) == SQLITE_OK &&
                sqlite3_step(statement) == SQLITE_ROW;
    if (good) {
        *ret_number = sqlite3_column_int64(statement, 0);
    }
    slc_err_t code = good ? SLC_OK : slc_report_failed(report, ret_error);
    (void)sqlite3_finalize(statement); /* its failure was that of the step */
    return code;
}

static slc_err_t make_schema(slc_report_t *report, slc_error_t *ret_error)
{
    char marks[128];
    (void)snprintf(marks, sizeof marks, "PRAGMA application_id = %d; PRAGMA user_version = %d;",
                   SLC_REPORT_APPLICATION_ID, SLC_REPORT_SCHEMA_VERSION);
    slc_err_t code = slc_report_run(report, "BEGIN IMMEDIATE", ret_error);
    if (code == SLC_OK) {
        code = slc_report_run(report, slc_report_schema, ret_error);
    }
    if (code == SLC_OK) {
        code = slc_report_run(report, marks, ret_error);
    }
    return code == SLC_OK ? slc_report_run(report, "COMMIT", ret_error) : code;
}

slc_err_t slc_report_is_ours(slc_report_t *report, slc_error_t *ret_error)
{
    int64_t application = 0;
    int64_t version = 0;
    slc_err_t code = slc_report_number(report, "PRAGMA application_id", &application, ret_error);
    if (code == SLC_OK) {
        code = slc_report_number(report, "PRAGMA user_version", &version, ret_error);
    }
    if (code == SLC_OK && application != SLC_REPORT_APPLICATION_ID) {
        return slc_error_set(ret_error, SLC_ERR_CHECK_FAILED,
                             "%.300s is an SQLite file of another program; name another file",
                             report->path);
    }
    if (code == SLC_OK && version != SLC_REPORT_SCHEMA_VERSION) {
        return slc_error_set(ret_error, SLC_ERR_CONFIG,
                             "the report %.300s has schema version %" PRId64
                             ", this program writes %d; remove it, it is rebuilt",
                             report->path, version, SLC_REPORT_SCHEMA_VERSION);
    }
    return code;
}

/* Ours, of this version, or empty. */
static slc_err_t check_schema(slc_report_t *report, slc_error_t *ret_error)
{
    int64_t tables = 0;
    slc_err_t code = slc_report_number(report, "SELECT count(*) FROM sqlite_schema", &tables, ret_error);
    if (code != SLC_OK) {
        return code;
    }
    return tables == 0 ? make_schema(report, ret_error) : slc_report_is_ours(report, ret_error);
}

static slc_err_t prepare_all(slc_report_t *report, slc_error_t *ret_error)
{
    for (int i = 0; i < SLC_REPORT_STATEMENTS; i++) {
        if (sqlite3_prepare_v3(report->database, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &report->prepared[i], NULL) != SQLITE_OK) {
            return slc_report_failed(report, ret_error);
        }
    }
    return SLC_OK;
}

/* A fresh file that is not finished is thrown away: nothing of it has to survive anything. */
static const char fresh_settings[] = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
                                     "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -65536;";
/* A power cut may take the last transactions of a live one, and never damages it. When the log is copied
 * into the file is for slc_report_checkpoint to say. */
static const char live_settings[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0;"
    "PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;";

/* Behind each commit: how long the log is. */
static int note_log(void *context, sqlite3 *database, const char *schema, int pages)
{
    slc_report_t *report = context;
    (void)database;
    (void)schema;
    report->log_pages = (uint32_t)pages;
    return SQLITE_OK;
}

slc_err_t slc_report_open(const char *path, slc_report_mode_t mode, slc_report_t **ret_report,
                          slc_error_t *ret_error)
{
    slc_report_t *report = calloc(1, sizeof *report);
    if (report == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory for a report");
    }
    (void)snprintf(report->path, sizeof report->path, "%s", path);
    slc_err_t code = SLC_OK;
    if (sqlite3_open_v2(path, &report->database,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        code = slc_report_failed(report, ret_error);
    }
    if (code == SLC_OK) {
        (void)sqlite3_busy_timeout(report->database, BUSY_MS); /* cannot fail */
        code =
            slc_report_run(report, mode == SLC_REPORT_FRESH ? fresh_settings : live_settings, ret_error);
    }
    if (code == SLC_OK) {
        code = check_schema(report, ret_error);
    }
    if (code == SLC_OK && mode == SLC_REPORT_LIVE) {
        (void)sqlite3_wal_hook(report->database, note_log, report); /* answers the hook before */
        code = slc_report_run(report, slc_report_live_indexes, ret_error);
    }
    if (code == SLC_OK) {
        code = prepare_all(report, ret_error);
    }
    if (code != SLC_OK) {
        slc_report_close(report);
        return code;
    }
    *ret_report = report;
    return SLC_OK;
}

void slc_report_close(slc_report_t *report)
{
    if (report == NULL) {
        return;
    }
    for (int i = 0; i < SLC_REPORT_STATEMENTS; i++) {
        (void)sqlite3_finalize(report->prepared[i]); /* NULL is fine; its failure was the step's */
    }
    (void)sqlite3_close(report->database); /* nothing is open on it; a transaction is rolled back */
    free(report);
}

/* ---- writing ---- */

static slc_err_t step(slc_report_t *report, slc_report_statement_t which, slc_error_t *ret_error)
{
    int code = sqlite3_step(report->prepared[which]);
    slc_err_t answer = code == SQLITE_DONE ? SLC_OK : slc_report_failed(report, ret_error);
    (void)sqlite3_reset(report->prepared[which]); /* says the step's failure again */
    return answer;
}

/* Binding to a statement that is reset, at an index that it has, fails without memory only; the step
 * would then write NULL where none may stand, and fails. */
static void bind_number(sqlite3_stmt *statement, int index, uint64_t number)
{
    (void)sqlite3_bind_int64(statement, index, (int64_t)number);
}

static void bind_time(sqlite3_stmt *statement, int index, uint64_t time_us)
{
    bind_number(statement, index, time_us < INT64_MAX ? time_us : INT64_MAX);
}

static void bind_text(sqlite3_stmt *statement, int index, const char *text)
{
    (void)sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

static void bind_hex(sqlite3_stmt *statement, int index, uint64_t number)
{
    char hex[17];
    if (number == 0) {
        (void)sqlite3_bind_null(statement, index);
        return;
    }
    (void)snprintf(hex, sizeof hex, "%016" PRIx64, number);
    (void)sqlite3_bind_text(statement, index, hex, 16, SQLITE_TRANSIENT);
}

slc_err_t slc_report_begin(slc_report_t *report, slc_error_t *ret_error)
{
    return step(report, SLC_REPORT_BEGIN, ret_error);
}

slc_err_t slc_report_put_drop(slc_report_t *report, const slc_drop_info_t *drop, slc_error_t *ret_error)
{
    sqlite3_stmt *statement = report->prepared[SLC_REPORT_PUT_DROP];
    bind_number(statement, 1, drop->drop_id);
    bind_text(statement, 2, drop->name);
    bind_number(statement, 3, drop->stock);
    bind_number(statement, 4, drop->sold);
    bind_number(statement, 5, drop->remaining);
    bind_time(statement, 6, drop->per_user_limit); /* cut to what fits, too: it is that of no limit */
    bind_time(statement, 7, drop->opens_at_us);
    bind_time(statement, 8, drop->closes_at_us);
    bind_number(statement, 9, drop->closed);
    bind_number(statement, 10, drop->orders);
    bind_number(statement, 11, drop->cancelled);
    return step(report, SLC_REPORT_PUT_DROP, ret_error);
}

slc_err_t slc_report_put_order(slc_report_t *report, const slc_order_info_t *order,
                               slc_error_t *ret_error)
{
    sqlite3_stmt *statement = report->prepared[SLC_REPORT_PUT_ORDER];
    bind_number(statement, 1, order->order_id);
    bind_number(statement, 2, order->drop_id);
    bind_text(statement, 3, order->user);
    bind_number(statement, 4, order->quantity);
    bind_hex(statement, 5, order->order_key);
    bind_time(statement, 6, order->time_us);
    slc_err_t code = step(report, SLC_REPORT_PUT_ORDER, ret_error);
    if (code == SLC_OK && order->cancelled) {
        code = slc_report_put_cancellation(report, order->drop_id, order->order_id,
                                           order->cancel_sequence, order->cancel_time_us, ret_error);
    }
    return code;
}

slc_err_t slc_report_put_cancellation(slc_report_t *report, uint64_t drop_id, uint64_t order_id,
                                      uint64_t sequence, uint64_t time_us, slc_error_t *ret_error)
{
    sqlite3_stmt *statement = report->prepared[SLC_REPORT_PUT_CANCELLATION];
    bind_number(statement, 1, order_id);
    bind_number(statement, 2, drop_id);
    bind_number(statement, 3, sequence);
    bind_time(statement, 4, time_us);
    return step(report, SLC_REPORT_PUT_CANCELLATION, ret_error);
}

slc_err_t slc_report_remove_drop(slc_report_t *report, uint64_t drop_id, uint64_t until_order_id,
                                 slc_error_t *ret_error)
{
    bind_number(report->prepared[SLC_REPORT_NOTE_REMOVED], 1, drop_id);
    bind_number(report->prepared[SLC_REPORT_NOTE_REMOVED], 2, until_order_id);
    bind_number(report->prepared[SLC_REPORT_REMOVE_DROP], 1, drop_id);
    slc_err_t code = step(report, SLC_REPORT_NOTE_REMOVED, ret_error);
    return code == SLC_OK ? step(report, SLC_REPORT_REMOVE_DROP, ret_error) : code;
}

slc_err_t slc_report_commit(slc_report_t *report, const slc_covered_t *covered, slc_error_t *ret_error)
{
    slc_err_t code = SLC_OK;
    if (covered != NULL) {
        bind_number(report->prepared[SLC_REPORT_PUT_COVERED], 1, covered->sequence);
        bind_hex(report->prepared[SLC_REPORT_PUT_COVERED], 2, covered->digest);
        code = step(report, SLC_REPORT_PUT_COVERED, ret_error);
    }
    return code == SLC_OK ? step(report, SLC_REPORT_COMMIT, ret_error) : code;
}

void slc_report_rollback(slc_report_t *report)
{
    if (sqlite3_get_autocommit(report->database) == 0) {
        (void)sqlite3_exec(report->database, "ROLLBACK", NULL, NULL, NULL); /* closing does it as well */
    }
}

slc_err_t slc_report_index(slc_report_t *report, slc_error_t *ret_error)
{
    return slc_report_run(report, slc_report_indexes, ret_error);
}

slc_err_t slc_report_covered(slc_report_t *report, slc_covered_t *ret_covered, slc_error_t *ret_error)
{
    sqlite3_stmt *statement = report->prepared[SLC_REPORT_GET_COVERED];
    int code = sqlite3_step(statement);
    *ret_covered = (slc_covered_t){0};
    if (code == SQLITE_ROW) {
        const unsigned char *digest = sqlite3_column_text(statement, 1);
        ret_covered->sequence = (uint64_t)sqlite3_column_int64(statement, 0);
        ret_covered->digest = digest == NULL ? 0 : strtoull((const char *)digest, NULL, 16);
    }
    slc_err_t answer =
        code == SQLITE_ROW || code == SQLITE_DONE ? SLC_OK : slc_report_failed(report, ret_error);
    (void)sqlite3_reset(statement);
    return answer;
}
