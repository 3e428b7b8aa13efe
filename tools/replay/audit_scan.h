/* The audit's two readings of the journal. The first one looks at the blocks alone: where the journal
 * ends at this moment (a live server goes on writing) and which digests it carries. The second one judges
 * every event up to there. Threads: one. Ownership: the caller's; the directory is only read. Failure: as
 * in sluice/journal.h; what the audit itself finds wrong goes into the report. */
#ifndef REPLAY_AUDIT_SCAN_H
#define REPLAY_AUDIT_SCAN_H

#include "audit_books.h"
#include "audit_pairs.h"
#include "audit_report.h"

typedef struct audit_scan {
    uint64_t first_sequence; /* that the journal kept begins with; 0: it has no block */
    uint64_t last_sequence;  /* where the journal ends */
    uint64_t events;         /* judged */
    audit_pairs_t pairs;
} audit_scan_t;

void audit_scan_finish(audit_scan_t *scan);

/* The first reading. */
slc_err_t audit_survey_journal(audit_scan_t *scan, const char *directory, audit_report_t *report,
                               slc_error_t *ret_error);
/* The second one, from where the books stand. Makes the checks SEQUENCES, TIME and DIGESTS. */
slc_err_t audit_judge_journal(audit_scan_t *scan, const char *directory, audit_books_t *books,
                              audit_report_t *report, slc_error_t *ret_error);

#endif
