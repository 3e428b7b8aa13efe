/* The third witness: a ledger of the ACCEPTED replies that clients heard, one a line, seven fields with a
 * tab between them:
 *
 *   order_id  drop_id  user  quantity  order_key (16 hex digits)  sequence  replayed (0 or 1)
 *
 * Numbers are decimal. In `user` a tab, a line break and a backslash stand as \t, \n and \\.
 * A client may have been killed while it wrote: a broken last line is noted and left out.
 * Threads: one. Ownership: an all-zero ledger is empty; audit_ledger_finish frees. */
#ifndef REPLAY_AUDIT_LEDGER_H
#define REPLAY_AUDIT_LEDGER_H

#include "audit_books.h"
#include "audit_report.h"

/* An ACCEPTED that somebody heard. */
typedef struct audit_claim {
    uint64_t order_id;
    uint64_t drop_id;
    uint64_t quantity;
    uint64_t order_key;
    uint64_t sequence;
    uint64_t user_at;
    uint32_t user_bytes;
    bool replayed;
} audit_claim_t;

typedef struct audit_ledger {
    audit_claim_t *claims; /* claim i stands in line i + 1 */
    char *text;            /* users' names, end to end */
    uint64_t count, capacity;
    uint64_t text_bytes, text_capacity;
    bool broken_tail;
} audit_ledger_t;

void audit_ledger_finish(audit_ledger_t *ledger);

/* Reads a ledger. USAGE names the first broken line that is not the last; IO carries the errno. */
slc_err_t audit_ledger_read(audit_ledger_t *ledger, const char *path, slc_error_t *ret_error);

/* Makes the checks LEDGER and DOUBLED. */
void audit_question_ledger(const audit_ledger_t *ledger, const audit_books_t *books,
                           audit_report_t *report);

#endif
