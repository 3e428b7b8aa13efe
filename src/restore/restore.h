/* The way back after a stop: scan the journal, decide what its end means by a labelled table
 * (src/journal/decide.h), cut a torn tail with its evidence kept aside, replay every event through the
 * same logic that runs live, and say where the journal goes on.
 * Threads: one, before the pipeline starts.
 * Ownership: the logic is the caller's, empty; directory likewise.
 * Failure: DAMAGED names segment, offset and the command to look at it, and has changed nothing on disk;
 *   a crash at any point of a recovery leaves a directory that the next recovery treats alike. */
#ifndef SLC_RESTORE_RESTORE_H
#define SLC_RESTORE_RESTORE_H

#include "journal/writer.h"
#include "logic/logic.h"

/* Called at most every 100 ms or so. */
typedef void (*slc_restore_progress_fn)(void *context, uint64_t done_bytes, uint64_t total_bytes,
                                        uint64_t events);

typedef struct slc_restored {
    slc_journal_end_t end;
    uint64_t events;       /* replayed */
    uint64_t digest_pairs; /* (sequence, digest) pairs of blocks that were compared on the way */
    bool torn;             /* a torn tail was cut */
    uint64_t torn_bytes;
    char evidence[256]; /* name of the file that keeps it, within the data directory */
} slc_restored_t;

/* The digest pairs that blocks carry are compared with the logic's own at their sequences; a difference
 * is DAMAGED. A pair is known when its block has been checked, some megabytes ahead of being replayed,
 * and tells of an event before it; one that tells of an event from before that window can't be compared
 * and is not counted. The engine's pairs trail their blocks by a batch or two. */
slc_err_t slc_restore(slc_directory_t *directory, slc_logic_t *logic, slc_restore_progress_fn progress,
                      void *context, slc_restored_t *ret_restored, slc_error_t *ret_error);

#endif
