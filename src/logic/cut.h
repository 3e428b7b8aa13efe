/* A cut: the whole state as it stood behind one event, read by another thread while the logic goes on.
 *
 * Records are append-only and never changed, so a cut is where each drop's list ended, and a copy of the
 * little that does change: the drop itself and the ends of its lists. Drops are copied a few at a time
 * beside later events; one that is about to change, or to be purged, before its turn came is copied first
 * (slc_before_change in core.h: one comparison for each event). While a cut is open nothing that a purge
 * leaves is freed: it is neither overwritten nor used again.
 *
 *     logic's thread                            reader's thread
 *     slc_logic_cut_begin
 *     slc_logic_cut_step ... COMPLETE ────────> slc_cut_info, slc_cut_next ...
 *     slc_logic_cut_end <────────────────────── slc_cut_leave
 *
 * What the reader reads of the logic's memory was all written before the hand-over: records before the
 * copied tails and operators' changes up to the copied ends of their lists, from blocks that stay taken.
 *
 * Threads: as drawn; each arrow is the owner's, with release and acquire.
 * Ownership: begin creates, end frees; slc_logic_destroy ends one that is open. One at a time.
 * Failure: begin answers NULL without memory, or where one is open. Nothing behind it can fail. */
#ifndef SLC_LOGIC_CUT_H
#define SLC_LOGIC_CUT_H

#include "logic/logic.h"

#include <sluice/snapshot.h>

typedef struct slc_cut slc_cut_t;

typedef enum slc_cut_progress {
    SLC_CUT_MORE,     /* more drops are to be copied */
    SLC_CUT_COMPLETE, /* may be handed to its reader */
} slc_cut_progress_t;

/* ---- the logic's thread ---- */

/* The state behind the last event applied. Takes 200 bytes of address space for each drop at once, and
 * fills them step by step. */
slc_cut_t *slc_logic_cut_begin(slc_logic_t *logic);
/* Copies at most `drops` drops more (200 to 800 ns each, by how many there are) into the open cut. */
slc_cut_progress_t slc_logic_cut_step(slc_logic_t *logic, uint32_t drops);
/* `cut` is the open one, complete or not, which nobody reads any more; NULL is fine. What purges held
 * back goes on being freed. */
void slc_logic_cut_end(slc_logic_t *logic, slc_cut_t *cut);

/* ---- its reader, once it is complete ---- */

/* bytes and written_us are 0. Good until the end of the cut. */
slc_snapshot_info_t slc_cut_info(const slc_cut_t *cut);
/* The entries in the order that <sluice/snapshot.h> states; false: that was the last. Text points into
 * the logic's memory, good until the end of the cut. The first call sorts what was copied ahead of its
 * turn. */
bool slc_cut_next(slc_cut_t *cut, slc_entry_t *ret_entry);

/* Or some of it, by choice: drops without what is in them, and of one drop the records behind an event.
 * What was being read is left. */

/* The next drop by rising drop_id, as an SLC_ENTRY_DROP; false: that was the last. */
bool slc_cut_next_drop(slc_cut_t *cut, slc_entry_t *ret_entry);
/* Goes to a drop by its number, before its first record behind `after_sequence`; false: the cut has no
 * such drop. Walks the drop's chunks (of up to 40,000 records), then one chunk. slc_cut_next_drop goes on
 * where it was. */
bool slc_cut_go_to(slc_cut_t *cut, uint64_t drop_id, uint64_t after_sequence);
/* Sequence of the first record that the drop has at all, as a drop of the same number that was opened
 * anew has another; 0: it has none. Of the drop that the last call told of or went to. */
uint64_t slc_cut_first_record(const slc_cut_t *cut);
/* The next ORDER or CANCEL of that drop; false: it has no more. */
bool slc_cut_next_record(slc_cut_t *cut, slc_entry_t *ret_entry);

/* The reader has read what it wants: frees the copies, so that the end is no pause for the logic. */
void slc_cut_leave(slc_cut_t *cut);

#endif
