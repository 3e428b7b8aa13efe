/* What the files of a report share, and nobody else: report.c writes, report_live.c keeps a file that
 * lives on. Threads, ownership and failure: as <sluice/report.h>. */
#ifndef SLC_REPORT_INSIDE_H
#define SLC_REPORT_INSIDE_H

#include <sluice/report.h>

#include <sqlite3.h>

typedef enum slc_report_statement {
    SLC_REPORT_BEGIN,
    SLC_REPORT_COMMIT,
    SLC_REPORT_PUT_DROP,
    SLC_REPORT_PUT_ORDER,
    SLC_REPORT_PUT_CANCELLATION,
    SLC_REPORT_NOTE_REMOVED,
    SLC_REPORT_REMOVE_DROP,
    SLC_REPORT_PUT_COVERED,
    SLC_REPORT_GET_COVERED,
    SLC_REPORT_STATEMENTS,
} slc_report_statement_t;

struct slc_report {
    sqlite3 *database;
    sqlite3_stmt *prepared[SLC_REPORT_STATEMENTS];
    uint32_t log_pages; /* of the log beside a live file */
    char path[4096];
};

/* What SQLite says of the last call that failed. */
slc_err_t slc_report_failed(const slc_report_t *report, slc_error_t *ret_error);
slc_err_t slc_report_run(slc_report_t *report, const char *sql, slc_error_t *ret_error);
/* The one number that a query answers. */
slc_err_t slc_report_number(slc_report_t *report, const char *sql, int64_t *ret_number,
                            slc_error_t *ret_error);
/* Application and schema version: OK, or CHECK_FAILED, or CONFIG. */
slc_err_t slc_report_is_ours(slc_report_t *report, slc_error_t *ret_error);

#endif
