/* A snapshot as the audit reads it: its entries, written into the audit's own books, and its digest
 * computed by the audit's own code.
 * Threads: one. Ownership: the books are the caller's, empty; the directory is only read.
 * Failure: DAMAGED and IO as in sluice/snapshot.h; what contradicts itself goes into the report. */
#ifndef REPLAY_AUDIT_SNAPSHOT_H
#define REPLAY_AUDIT_SNAPSHOT_H

#include "audit_books.h"
#include "audit_report.h"

#include <sluice/snapshot.h>

/* The books as they stood behind the snapshot's event. */
slc_err_t audit_load_snapshot(const char *directory, uint64_t sequence, audit_books_t *books,
                              audit_report_t *report, slc_snapshot_info_t *ret_info,
                              slc_error_t *ret_error);

#endif
