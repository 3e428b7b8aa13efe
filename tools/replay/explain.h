/* What became of one user on one drop: gathered from what happened, one row a fact.
 * Threads: one. Ownership: explain_finish frees the rows; drop and user are the caller's.
 * Failure: none but memory, see memory.h. */
#ifndef REPLAY_EXPLAIN_H
#define REPLAY_EXPLAIN_H

#include <sluice/history.h>

typedef enum explain_kind {
    EXPLAIN_OPENED,
    EXPLAIN_ADJUSTED,
    EXPLAIN_CLOSED,
    EXPLAIN_PURGED,
    EXPLAIN_SOLD_OUT,  /* somebody's order took the last unit */
    EXPLAIN_CANCELLED, /* an order of this user */
    EXPLAIN_ATTEMPT,   /* of this user */
} explain_kind_t;

typedef enum explain_source {
    EXPLAIN_JOURNAL,
    EXPLAIN_LOG,      /* the attempts log: decided behind event `sequence` */
    EXPLAIN_SNAPSHOT, /* an order from before the history begins */
} explain_source_t;

typedef struct explain_row {
    explain_kind_t kind;
    explain_source_t source;
    uint64_t time_us;
    uint64_t sequence;
    uint64_t place; /* in line, from 1; 0: not known */
    uint64_t win;   /* of an order that was accepted: the how manieth of the drop, from 1 */
    uint64_t left;  /* units at that moment, before it */
    bool left_is_known;
    uint64_t quantity;
    uint64_t order_key;
    uint64_t order_id;
    slc_status_t status;
    bool replayed;
    uint64_t held;  /* units that the user held before */
    uint64_t limit; /* per_user_limit then */
    int64_t delta;  /* of ADJUSTED */
} explain_row_t;

/* Where the drop stands, and the counts of its present opening. */
typedef struct explain_drop {
    bool exists;
    slc_drop_info_t info; /* stock, name, limits; counts are kept below */
    uint64_t remaining;
    uint64_t line;     /* attempts so far, repeats of what was accepted left out */
    uint64_t accepted; /* orders so far, cancelled ones among them */
    uint64_t sold_out_sequence;
    uint64_t sold_out_time_us; /* 0: units are left */
} explain_drop_t;

typedef struct explain {
    uint64_t drop_id;
    slc_text_t user;
    explain_drop_t drop;
    explain_row_t *rows;
    uint64_t count;
    uint64_t capacity;
    uint64_t attempts; /* of this user, in the present opening; repeats left out */
    uint64_t orders;   /* of this user that stand */
    uint64_t units;    /* in them */
    uint64_t cancelled;
    bool was_seen; /* the drop was ever there, or asked for by this user */
    slc_told_t told;
} explain_t;

slc_listener_t explain_listener(explain_t *explain);
void explain_finish(explain_t *explain);

/* "won", "lost", "cancelled" (what was won) or "never tried". */
const char *explain_verdict(const explain_t *explain);
/* What decided it: the first row of a refusal, or of an order; NULL: there was no attempt. */
const explain_row_t *explain_decisive(const explain_t *explain);

/* Rows of events before `from` are left out. */
void explain_print(const explain_t *explain, uint64_t from);
void explain_print_json(const explain_t *explain, uint64_t from);

#endif
