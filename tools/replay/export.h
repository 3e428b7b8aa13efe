/* Writing a state out: the walk over its drops and orders, and the formats.
 * Threads: one. Ownership: the state and the sink are the caller's.
 * Failure: a sink answers other than DONE to stop, having said why. */
#ifndef REPLAY_EXPORT_H
#define REPLAY_EXPORT_H

#include "replay.h"
#include "target.h"

typedef struct export_counts {
    uint64_t drops;
    uint64_t orders;
    uint64_t cancellations;
} export_counts_t;

/* Called for each drop, and then for its orders in the order they were placed; exit codes. */
typedef struct export_sink {
    void *context;
    int (*drop)(void *context, const slc_drop_info_t *drop);
    int (*order)(void *context, const slc_order_info_t *order);
} export_sink_t;

/* Those that the options want: one drop, and what happened from an event on. */
int export_walk(const slc_state_t *state, const replay_options_t *options, const export_sink_t *sink,
                export_counts_t *ret_counts);

/* Each writes the whole target; exit codes. */
int export_csv(const slc_state_t *state, const replay_options_t *options, replay_target_t *target,
               export_counts_t *ret_counts);
int export_sqlite(const slc_state_t *state, const replay_options_t *options, replay_target_t *target,
                  export_counts_t *ret_counts);

/* How the drops went; says itself what it wrote, and commits the target. */
int export_html(const replay_options_t *options, replay_target_t *target);

/* A field of CSV (RFC 4180), quoted. */
void export_put_csv(FILE *out, const char *text);

#endif
