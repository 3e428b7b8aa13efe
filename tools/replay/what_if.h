/* The same sale under other rules: the events and attempts, in their order, through a state of its own.
 * Threads: one. Ownership: what_if_finish frees; rules and options are the caller's.
 * Failure: none but memory, see memory.h. */
#ifndef REPLAY_WHAT_IF_H
#define REPLAY_WHAT_IF_H

#include <sluice/history.h>

typedef struct what_if_rules {
    bool has_stock; /* the stock that a drop is opened with */
    bool has_per_user;
    uint64_t stock;
    uint64_t per_user; /* 0: no limit */
    uint64_t drop_id;  /* the rules are for this one; 0: for all */
} what_if_rules_t;

/* "stock=100,per-user=2", either or both. NULL, or a sentence about what is wrong. */
const char *what_if_parse(const char *text, what_if_rules_t *ret_rules);

typedef struct what_if_pair {
    uint64_t first;
    uint64_t second;
} what_if_pair_t;

typedef struct what_if {
    what_if_rules_t rules;
    slc_state_t *state;      /* what would have been */
    const slc_state_t *base; /* what was, behind the same events; the history's */
    uint64_t base_sequence;
    what_if_pair_t *orders; /* number of a BUY that was an event, then of the order it would have been */
    uint64_t order_count;
    uint64_t order_capacity;
    what_if_pair_t *past; /* orders and cancellations of the snapshot: sequence, then order */
    uint64_t past_count;
    uint64_t past_capacity;
    uint64_t past_at; /* those before it were taken */
    uint64_t refused; /* changes by operators that were accepted, and would not have been */
} what_if_t;

void what_if_begin(what_if_t *what_if, const what_if_rules_t *rules);
slc_listener_t what_if_listener(what_if_t *what_if);
/* Behind the last event and attempt, with the state that it came to. */
void what_if_end(what_if_t *what_if, const slc_state_t *actual);
void what_if_finish(what_if_t *what_if);

/* Somebody whose units differ. */
typedef struct what_if_user {
    char *name;
    uint64_t units;          /* held, as it was */
    uint64_t units_would_be; /* held, as it would be */
    uint64_t order_id;       /* of the first standing order, as it was; 0: none */
    uint64_t order_would_be; /* place of the first standing order, as it would be; 0: none */
} what_if_user_t;

typedef struct what_if_users {
    what_if_user_t *users; /* who holds something in either, by name */
    uint64_t count;
    uint64_t capacity;
    uint64_t winners;
    uint64_t winners_would_be;
} what_if_users_t;

/* Of one drop. */
void what_if_compare(const what_if_t *what_if, const slc_state_t *actual, uint64_t drop_id,
                     what_if_users_t *ret_users);
void what_if_users_finish(what_if_users_t *users);

#endif
