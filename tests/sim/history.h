/* What the clients of a simulation asked and heard, and what the journal says: the evidence that the
 * oracle judges.
 * Threads: one. Ownership: init/finish; everything here is copied.
 * Failure: out of memory ends the simulation; what contradicts itself is told through history_wrong. */
#ifndef TESTS_SIM_HISTORY_H
#define TESTS_SIM_HISTORY_H

#include "../lib/fake_sys.h"

#include "logic/logic.h"

#include <sluice/client.h>

/* One thing that a client wants, in one or more attempts. */
typedef struct want {
    slc_control_op_t op; /* 0: a BUY */
    slc_event_t event;   /* of a BUY or a change; its text is `text` */
    char text[SLC_USER_BYTES_MAX + 1];
    uint32_t client;
    bool done;         /* answered once */
    bool in_flight;    /* on the connection that its client has now */
    bool given_up;     /* lost without a key: nobody may ask again */
    uint64_t order_id; /* of the first ACCEPTED; 0: none */
} want_t;

typedef struct attempt {
    uint32_t want;
    uint64_t connection; /* counts connections, never reused */
    uint64_t floor;      /* the newest state that anybody had heard of when it was sent */
    bool answered;
    bool may_be_read_only; /* the disk was full, or about to be, before all faults ended */
} attempt_t;

typedef struct heard {
    uint32_t attempt;
    slc_status_t status;
    bool replayed;
    uint64_t sequence;
    uint64_t order_id;
    uint64_t remaining;
    uint64_t time_us;
    uint64_t time_high_us; /* the engine's clock cannot have been beyond this */
    uint64_t digest;       /* GET_STATUS */
    slc_drop_info_t drop;  /* GET_DROP */
} heard_t;

typedef struct fact {
    slc_event_t event;
    char text[SLC_USER_BYTES_MAX + 1];
} fact_t;

typedef struct claim {
    uint64_t sequence;
    uint64_t digest;
} claim_t;

typedef struct history {
    want_t *wants;
    attempt_t *attempts; /* request_id is the place here and 1 */
    heard_t *heards;
    fact_t *facts; /* of the journal, by sequence; [0] is unused */
    claim_t *claims;
    size_t claim_count, claim_room;
    size_t want_count, want_room;
    size_t attempt_count, attempt_room;
    size_t heard_count, heard_room;
    size_t fact_count, fact_room; /* fact_count: sequence of the last one, and 1 */
    uint64_t floor;
    bool disk_was_full; /* at any time before */
    bool all_is_well;   /* faults are over: nobody is read-only any more */
    uint64_t first;     /* event that the journal began with when it was read last */
    char wrong[512];    /* the first thing that must not be; empty: nothing */
} history_t;

void history_init(history_t *history);
void history_finish(history_t *history);

want_t *history_want(history_t *history, uint32_t *ret_want);
/* Answers the request_id. */
uint64_t history_attempt(history_t *history, uint32_t want, uint64_t connection);
heard_t *history_heard(history_t *history);
/* Notes the first contradiction; later ones follow from it. Answers false. */
bool history_wrong(history_t *history, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reads the journal on the disk: what is known already must stand there still, byte for byte; what is new
 * is learned. The journal must end with `sequence`, and that may not be below what anybody heard of. */
void history_read(history_t *history, fake_sys_t *disk, uint64_t sequence);
/* While the engine runs, before segments may go: learns what is new. */
void history_learn(history_t *history, fake_sys_t *disk);
/* Somebody who should know says that the state behind `sequence` has this digest. */
void history_claim(history_t *history, uint64_t sequence, uint64_t digest);

#endif
