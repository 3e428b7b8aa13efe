/* A cut: the whole state as it stood behind one event, read by another thread while the logic goes on.
 *
 * Records are append-only and never changed, so a cut is where each drop's list ended, and a copy of the
 * little that does change: the drop itself and the heads of its lists. Drops are copied a few at a time
 * beside later events; one that is about to change, or to be purged, before its turn came is copied first
 * (one comparison for each event: drop->cut against the logic's). While a cut is open nothing that a
 * purge leaves is freed.
 *
 * Threads: begin, step and end are the logic's thread's; between a step that answered true and the end,
 *   info and next are for one other thread, to which the owner has handed the cut with release/acquire.
 * Ownership: begin creates, end frees. One at a time.
 * Failure: begin answers NULL without memory, or where one is open. Running out of memory in a step stops
 *   nothing: slc_logic_cut_step answers SLC_CUT_FAILED, and the cut can only be ended. */
#ifndef SLC_LOGIC_CUT_H
#define SLC_LOGIC_CUT_H

#include "logic/logic.h"

#include <sluice/snapshot.h>

typedef struct slc_cut slc_cut_t;

typedef enum slc_cut_progress {
    SLC_CUT_MORE,     /* more drops are to be copied */
    SLC_CUT_COMPLETE, /* may be handed to its reader */
    SLC_CUT_FAILED,   /* no memory */
} slc_cut_progress_t;

/* The state behind the last event applied. */
slc_cut_t *slc_logic_cut_begin(slc_logic_t *logic);
/* Copies at most `drops` drops more (200 ns each). */
slc_cut_progress_t slc_logic_cut_step(slc_logic_t *logic, uint32_t drops);
/* NULL is fine. What purges held back goes on being freed. */
void slc_logic_cut_end(slc_logic_t *logic, slc_cut_t *cut);

/* bytes and written_us are 0. */
slc_snapshot_info_t slc_cut_info(const slc_cut_t *cut);
/* The entries in the order that <sluice/snapshot.h> states; false: that was the last. Text points into
 * the logic's memory, good until the end of the cut. */
bool slc_cut_next(slc_cut_t *cut, slc_entry_t *ret_entry);

#endif
