/* The report: drops, orders and cancellations as an SQLite file for admin and reporting tools. `replay
 * export --sqlite` writes one at once; whoever mirrors a running engine writes one piece by piece. The
 * tables, and the views that are the stable interface, are described in src/report/schema.c and, for
 * readers, in the file itself (table "about").
 * Threads: a report belongs to one thread. Ownership: open creates, slc_report_close frees.
 * Failure: IO with SQLite's own words (locked, full, damaged); a transaction that failed is rolled back
 * by slc_report_rollback or by closing. */
#ifndef SLUICE_REPORT_H
#define SLUICE_REPORT_H

#include <sluice/state.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when a table changes; views keep their meaning. */
#define SLC_REPORT_SCHEMA_VERSION 1

typedef enum slc_report_mode {
    SLC_REPORT_FRESH, /* a file of nobody's yet: quick, and of no use unless all of it worked */
    SLC_REPORT_LIVE,  /* a file that others read meanwhile, and that a crash may interrupt: WAL */
} slc_report_mode_t;

/* Up to where the report tells: stored in the same transaction as what it tells. */
typedef struct slc_covered {
    uint64_t sequence; /* of the last event; 0: none yet */
    uint64_t digest;   /* of the state behind it; 0: not known */
} slc_covered_t;

typedef struct slc_report slc_report_t;

/* Opens or creates; makes tables and views where there are none. CHECK_FAILED: an SQLite file of another
 * schema version or of another program, left as it was. */
slc_err_t slc_report_open(const char *path, slc_report_mode_t mode, slc_report_t **ret_report,
                          slc_error_t *ret_error);
/* NULL is fine. What was begun and not committed is gone. */
void slc_report_close(slc_report_t *report);

slc_err_t slc_report_begin(slc_report_t *report, slc_error_t *ret_error);
/* The next three write what is, whether or not it was there: told twice is told once. An order that is
 * cancelled brings its cancellation along. */
slc_err_t slc_report_put_drop(slc_report_t *report, const slc_drop_info_t *drop, slc_error_t *ret_error);
slc_err_t slc_report_put_order(slc_report_t *report, const slc_order_info_t *order,
                               slc_error_t *ret_error);
slc_err_t slc_report_put_cancellation(slc_report_t *report, uint64_t drop_id, uint64_t order_id,
                                      uint64_t sequence, uint64_t time_us, slc_error_t *ret_error);
/* A purged drop, with all its orders. */
slc_err_t slc_report_remove_drop(slc_report_t *report, uint64_t drop_id, slc_error_t *ret_error);
slc_err_t slc_report_commit(slc_report_t *report, const slc_covered_t *covered, slc_error_t *ret_error);
void slc_report_rollback(slc_report_t *report);

/* Indexes for looking up orders by drop and user; quickest made when the rows are there. */
slc_err_t slc_report_index(slc_report_t *report, slc_error_t *ret_error);
slc_err_t slc_report_covered(slc_report_t *report, slc_covered_t *ret_covered, slc_error_t *ret_error);

#ifdef __cplusplus
}
#endif

#endif
