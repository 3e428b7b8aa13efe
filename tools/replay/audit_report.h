/* What the audit looks at, one line each: whether it holds, and if not, what is wrong and where.
 * Threads: one. Ownership: plain memory of the caller. Failure: none. */
#ifndef REPLAY_AUDIT_REPORT_H
#define REPLAY_AUDIT_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Name in code, key in JSON, sentence for people. */
#define AUDIT_CHECK_LIST(X)                                                                              \
    X(SEQUENCES, "sequences_without_gaps", "sequences have no gaps")                                     \
    X(TIME, "time_never_goes_back", "time never goes back")                                              \
    X(OVERSOLD, "no_drop_oversold", "no drop oversold")                                                  \
    X(KEYS, "no_order_key_bought_twice", "no order_key bought twice")                                    \
    X(LIMITS, "no_per_user_limit_passed", "no per-user limit passed")                                    \
    X(UNITS, "units_conserved", "units conserved")                                                       \
    X(DIGESTS, "digest_pairs_right", "digests in the journal right")                                     \
    X(SNAPSHOTS, "snapshots_right", "the snapshots kept are right")                                      \
    X(ENGINE, "engine_agrees", "the engine's replay agrees")                                             \
    X(LEDGER, "ledger_stands", "every ACCEPTED in the ledger stands")                                    \
    X(DOUBLED, "ledger_not_doubled", "no purchase doubled in the ledger")

typedef enum audit_check_id {
#define AUDIT_CHECK_ENUM(id, key, text) AUDIT_CHECK_##id,
    AUDIT_CHECK_LIST(AUDIT_CHECK_ENUM)
#undef AUDIT_CHECK_ENUM
        AUDIT_CHECK_COUNT
} audit_check_id_t;

typedef struct audit_check {
    bool made; /* the ledger's are made only where there is one */
    uint64_t failures;
    char looked_at[120];
    char finding[600]; /* the first failure */
} audit_check_t;

typedef struct audit_report {
    audit_check_t checks[AUDIT_CHECK_COUNT];
} audit_report_t;

/* Notes that a check is made, and over what. */
void audit_made(audit_report_t *report, audit_check_id_t id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Notes a failure; the sentence of the first one is kept. */
void audit_fail(audit_report_t *report, audit_check_id_t id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* No check that was made has failed. */
bool audit_passed(const audit_report_t *report);

/* One line for each check that was made. */
void audit_print(const audit_report_t *report, bool colour, FILE *out);
/* The same as a JSON array: [{"name", "pass", "looked_at", "failures", "finding"}]. */
void audit_print_json(const audit_report_t *report, FILE *out);

#endif
