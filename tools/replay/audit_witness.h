/* The engine's state, questioned by the audit: first by itself, over every order that it holds (are its
 * invariants kept, do its own numbers add up?), then against the audit's books, order by order.
 * Threads: one. Ownership: everything is the caller's. Failure: goes into the report. */
#ifndef REPLAY_AUDIT_WITNESS_H
#define REPLAY_AUDIT_WITNESS_H

#include "audit_books.h"
#include "audit_report.h"

/* What a state of the engine answers; a table, so that a test can put a lying one in its place. */
typedef struct audit_engine {
    const void *self;
    uint64_t sequence;
    uint64_t digest;
    bool (*next_drop)(const void *self, uint64_t after_drop_id, slc_drop_info_t *ret_drop);
    bool (*next_order)(const void *self, uint64_t drop_id, uint64_t after_order_id,
                       slc_order_info_t *ret_order);
} audit_engine_t;

/* Makes the checks OVERSOLD, KEYS, LIMITS, UNITS and ENGINE. */
void audit_question_engine(audit_books_t *books, const audit_engine_t *engine, audit_report_t *report);

#endif
