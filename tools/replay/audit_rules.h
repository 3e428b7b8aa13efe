/* How the audit judges an event: the rules as src/logic/logic.h and the schema say them in words, written
 * a second time.
 *   A BUY: no such drop -> UNKNOWN_DROP; its key was accepted before -> the first answer, or CONFLICT
 * with another quantity; too early -> NOT_OPEN; too late -> CLOSED; not enough left -> SOLD_OUT; over the
 *   user's limit -> LIMIT_EXCEEDED; otherwise ACCEPTED.
 *   A change: its op_key was accepted before -> the first answer, or CONFLICT with other contents;
 *   otherwise as the drop or order stands. A drop is closed by an operator or when its time is over, and
 *   then neither adjusted nor closed any more, but it may be purged, and its orders cancelled.
 * Only what is ACCEPTED and not replayed alters the books.
 * Threads: one. Ownership: the books are the caller's. Failure: none but memory, see memory.h. */
#ifndef REPLAY_AUDIT_RULES_H
#define REPLAY_AUDIT_RULES_H

#include "audit_books.h"

typedef struct audit_verdict {
    slc_status_t status;
    bool replayed;
    uint64_t order_id; /* of a BUY that is ACCEPTED or CANCELLED */
} audit_verdict_t;

/* Judges the next event. */
audit_verdict_t audit_judge(audit_books_t *books, const slc_event_t *event);

#endif
