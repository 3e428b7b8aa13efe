/* What happened in a data directory, in its one order: every event that is kept, with what came of it by
 * the server's own logic, and between them the attempts that were refused without an event.
 * Threads: one a call. Ownership: text handed to the listener is good during that call only.
 * Failure: as <sluice/state.h>; what the listener was told by then is of no use. The data directory is
 *   never written to. */
#ifndef SLUICE_HISTORY_H
#define SLUICE_HISTORY_H

#include <sluice/attempts.h>
#include <sluice/state.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Who is told. An attempt stands behind the event that was applied last before it was decided. */
typedef struct slc_listener {
    void *context;
    /* First, and again where a live server removed what was being read: forget all that was told. `base`
     * is what the history begins with, and good until the end of it, following the events: nothing at all
     * where the journal reaches back to event 1, else the state of the oldest good snapshot, from before
     * which only the orders are known, and the attempts that the log still has: these come before the
     * first event. */
    void (*begin)(void *context, const slc_state_t *base);
    void (*event)(void *context, const slc_event_t *event, const slc_outcome_t *outcome);
    /* NULL: not of interest, and the log is not read. */
    void (*attempt)(void *context, const slc_attempt_t *attempt);
} slc_listener_t;

typedef struct slc_told {
    uint64_t base_sequence; /* what is behind this event was told event by event; 0: all of it */
    uint64_t sequence;      /* of the last event */
    uint64_t time_us;       /* of that event */
    slc_attempts_told_t attempts;
    uint64_t attempts_later; /* of these entries, decided behind `until`: not handed out */
} slc_told_t;

/* Tells what happened up to event `until` (UINT64_MAX: as far as the journal goes). `progress` may be
 * NULL; so may ret_state, which otherwise gets the state behind that event, the caller's. Errors as
 * slc_state_replay. Beside a live server the log may lack the attempts of the last
 * moment. */
slc_err_t slc_history_read(const char *data_dir, uint64_t until, const slc_listener_t *listener,
                           slc_state_progress_fn progress, void *context, slc_told_t *ret_told,
                           slc_state_t **ret_state, slc_error_t *ret_error);

#ifdef __cplusplus
}
#endif

#endif
