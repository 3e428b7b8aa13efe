/* The report: drops, orders and cancellations as an SQLite file for admin and reporting tools. `replay
 * export --sqlite` writes one at once; whoever mirrors a running engine writes one piece by piece. The
 * tables, and the views that are the stable interface, are described in src/report/schema.c and, for
 * readers, in the file itself (table "about").
 * Threads: a report belongs to one thread. Ownership: open creates, slc_report_close frees.
 * Failure, with SQLite's own words: IN_USE where another has it locked for over a second, DAMAGED, IO for
 * the rest (full, no right). A transaction that failed is rolled back by slc_report_rollback or by
 * closing. */
#ifndef SLUICE_REPORT_H
#define SLUICE_REPORT_H

#include <sluice/state.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when a table changes; views keep their meaning. */
#define SLC_REPORT_SCHEMA_VERSION 2

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
 * program; CONFIG: a report of another schema version; each left as it was. */
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
/* A purged drop, with its orders up to `until_order_id`: no view shows them any more. Their rows go by
 * slc_report_sweep, so that no transaction is long. A drop of that number opened anew has later ones. */
slc_err_t slc_report_remove_drop(slc_report_t *report, uint64_t drop_id, uint64_t until_order_id,
                                 slc_error_t *ret_error);
/* NULL: what is covered stays. Orders and cancellations behind it are there, and no view shows them: so a
 * reader sees what was true behind one event, however many transactions the next step takes. */
slc_err_t slc_report_commit(slc_report_t *report, const slc_covered_t *covered, slc_error_t *ret_error);
void slc_report_rollback(slc_report_t *report);

/* ---- for who keeps a live one ---- */

/* A transaction of its own: removes at most `rows` orders of removed drops. */
slc_err_t slc_report_sweep(slc_report_t *report, uint32_t rows, bool *ret_more, slc_error_t *ret_error);
/* A transaction of its own: removes at most `rows` orders and as many cancellations behind what is
 * covered. */
slc_err_t slc_report_forget_ahead(slc_report_t *report, uint32_t rows, bool *ret_more,
                                  slc_error_t *ret_error);
/* The drops that it has, by rising drop_id, with their numbers of orders; the rest of a drop is 0. */
typedef void (*slc_report_drop_fn)(void *context, const slc_drop_info_t *drop);
slc_err_t slc_report_each_drop(slc_report_t *report, slc_report_drop_fn each, void *context,
                               slc_error_t *ret_error);
/* Of which data directory it tells: 32 hex digits, "" where nobody said so. Set once, in a transaction of
 * its own. */
#define SLC_REPORT_SOURCE_BYTES 33
slc_err_t slc_report_source(slc_report_t *report, char ret_source[SLC_REPORT_SOURCE_BYTES],
                            slc_error_t *ret_error);
slc_err_t slc_report_set_source(slc_report_t *report, const char *source, slc_error_t *ret_error);
/* Copies what was committed from the log beside the file into it, where that is `pages` or more, as far
 * as no reader is in the way. Nobody else does it for a live one before it is closed. */
slc_err_t slc_report_checkpoint(slc_report_t *report, uint32_t pages, bool *ret_done,
                                slc_error_t *ret_error);
/* Reads all of the file anew and checks its structure: DAMAGED, or as open. Makes no file where there is
 * none (IO). `give_up` (NULL: never) is asked every some milliseconds; true ends it with CLOSED. */
slc_err_t slc_report_check(const char *path, bool (*give_up)(void *context), void *context,
                           slc_error_t *ret_error);

/* Indexes for looking up orders by drop and user; quickest made when the rows are there. */
slc_err_t slc_report_index(slc_report_t *report, slc_error_t *ret_error);
slc_err_t slc_report_covered(slc_report_t *report, slc_covered_t *ret_covered, slc_error_t *ret_error);

#ifdef __cplusplus
}
#endif

#endif
