/* The inside of offline states, shared by state.c (rebuilding), compact.c (a directory out of one),
 * history.c (what happened) and own.c (a state made by hand). Threads, ownership, failure: as
 * <sluice/state.h>; errors are never NULL here. */
#ifndef SLC_STATE_STATE_H
#define SLC_STATE_STATE_H

#include "journal/directory.h"
#include "logic/logic.h"
#include "restore/newest.h"
#include "restore/replay.h"
#include "restore/watch.h"

#include <sluice/state.h>

struct slc_state {
    slc_logic_t *logic;
};

/* The logic behind event `until`, the caller's. */
slc_err_t slc_state_rebuild(const slc_directory_t *directory, uint64_t until, slc_watch_t *watch,
                            slc_logic_t **ret_logic, slc_error_t *error);

/* How often a live server may remove what is being read: each time it had written a snapshot meanwhile.
 */
#define SLC_STATE_TRIES_MAX 16u

/* ---- what is kept ---- */

/* The journal's first segment begins with event 1. */
slc_err_t slc_state_journal_is_whole(const slc_directory_t *directory, bool *ret_whole,
                                     slc_error_t *error);
/* USAGE where the state asked for is older than all that is kept. */
slc_err_t slc_state_check_reach(const slc_directory_t *directory, uint64_t until, slc_error_t *error);
/* USAGE where the journal ends before `until`, DAMAGED where it ends before a snapshot. */
slc_err_t slc_state_check_end(const slc_newest_t *newest, const slc_directory_t *directory,
                              uint64_t until, const slc_replayed_t *replayed, slc_error_t *error);
/* A live server went on under this try: what was to be read has gone, or there is a newer snapshot, which
 * is what allowed it to remove the journal before. */
bool slc_state_was_overtaken(const slc_directory_t *directory, uint64_t until, const slc_newest_t *newest,
                             slc_err_t code, const slc_error_t *error);

/* A state of the caller's around this logic, which is the state's from now on, or gone. */
slc_err_t slc_state_hand_out(slc_logic_t *logic, slc_state_t **ret_state, slc_error_t *error);

/* An answer of the logic as the outside sees it. */
void slc_state_outcome(const slc_logic_t *logic, const slc_event_t *event, const slc_answer_t *answer,
                       slc_outcome_t *ret_outcome);

#endif
