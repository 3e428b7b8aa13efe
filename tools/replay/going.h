/* How each drop went, counted while the history is told: arrivals over time, what was left, when the last
 * unit went, who came how often.
 * Threads: one. Ownership: going_finish frees. Failure: none but memory, see memory.h. */
#ifndef REPLAY_GOING_H
#define REPLAY_GOING_H

#include <sluice/history.h>

/* Spans of equal length; their length doubles whenever time runs out of them. */
#define GOING_SPANS 96u
/* 1, 2, 3 to 5, 6 to 10, 11 to 100, more. */
#define GOING_CLASSES 6u

typedef struct going_span {
    uint64_t wins;
    uint64_t refusals;
    uint64_t repeats; /* of what was bought before, under the same key */
    uint64_t left;    /* units behind the last of what happened in it; only where `seen` */
    bool seen;
} going_span_t;

typedef struct going_user {
    char *name; /* NULL: a free place */
    uint64_t attempts;
    bool won;
} going_user_t;

typedef struct going_drop {
    uint64_t drop_id;
    char name[SLC_NAME_BYTES_MAX + 1];
    bool purged;
    uint64_t stock; /* adjustments included */
    uint64_t left;
    uint64_t left_at_begin;
    uint64_t begin_us; /* of the first span; 0: nothing happened yet */
    uint64_t span_us;  /* length of one */
    uint64_t last_us;  /* of what happened last */
    going_span_t spans[GOING_SPANS];
    uint64_t attempts;
    uint64_t wins;
    uint64_t repeats;
    uint64_t units;
    uint64_t cancelled;
    uint64_t refused[SLC_STATUS_COUNT]; /* by what they heard */
    uint64_t first_win_us;              /* 0: none */
    uint64_t sold_out_us;               /* when the last unit went, the last time; 0: units are left */
    uint64_t sold_out_sequence;
    uint64_t past_orders; /* that were known from a snapshot only */
    going_user_t *users;  /* open addressing */
    uint64_t user_count;
    uint64_t user_places;
} going_drop_t;

typedef struct going {
    uint64_t only_drop; /* 0: every one */
    going_drop_t **drops;
    uint64_t count;
    uint64_t capacity;
    slc_told_t told;
} going_t;

slc_listener_t going_listener(going_t *going);
void going_finish(going_t *going);

/* Users by how often they came, and how many of them won. */
void going_classes(const going_drop_t *drop, uint64_t users[GOING_CLASSES],
                   uint64_t winners[GOING_CLASSES]);
const char *going_class_name(unsigned number);

#endif
