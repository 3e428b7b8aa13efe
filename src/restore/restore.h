/* The way back after a stop: load the newest good snapshot, scan the journal behind it, decide what its
 * end means by a labelled table (src/journal/decide.h), cut a torn tail with its evidence kept aside,
 * replay every event through the same logic that runs live, and say where the journal goes on.
 *
 *     snapshot    journal from event      what happens
 *     good        at most S + 1           loaded, events behind S replayed
 *     good        beyond S + 1            refused: the journal no longer reaches back
 *     good        ends before S           refused: acknowledged events are missing from the journal
 *     not good    -                       the one before it, with a longer replay, and a reason
 *     none good   1                       everything replayed
 *     none good   beyond 1                refused
 *     good        no segment, none begun  loaded: `replay compact` made this directory
 *
 * The end is held against a snapshot that is not good, too: it was written behind events that the journal
 * had.
 *
 * Threads: one, before the pipeline starts. Ownership: the logic is created here and the caller's to
 *   destroy; the directory is the caller's.
 * Failure: DAMAGED names segment or snapshot, offset and the command to look at it, and has changed
 *   nothing on disk; a crash at any point of a recovery leaves a directory that the next recovery treats
 *   alike. */
#ifndef SLC_RESTORE_RESTORE_H
#define SLC_RESTORE_RESTORE_H

#include "journal/writer.h"
#include "logic/logic.h"

/* Called at most every 100 ms or so: bytes of snapshots and journal, events replayed. */
typedef void (*slc_restore_progress_fn)(void *context, uint64_t done_bytes, uint64_t total_bytes,
                                        uint64_t events);

typedef struct slc_restored {
    slc_journal_end_t end;
    uint64_t events;            /* replayed */
    uint64_t digest_pairs;      /* (sequence, digest) pairs of blocks that were compared on the way */
    uint64_t snapshot_sequence; /* 0: begun with nothing */
    uint64_t snapshot_bytes;    /* of that file */
    uint64_t snapshot_written_us;
    uint32_t snapshots_refused; /* newer ones that are not good */
    char snapshot_why[480];     /* of the newest of these: its name, the place and what is wrong */
    bool torn;                  /* a torn tail was cut */
    uint64_t torn_bytes;
    char evidence[256]; /* name of the file that keeps it, within the data directory */
} slc_restored_t;

/* What was refused stands in *ret_restored also where the answer is not OK. */
slc_err_t slc_restore(slc_directory_t *directory, slc_restore_progress_fn progress, void *context,
                      slc_logic_t **ret_logic, slc_restored_t *ret_restored, slc_error_t *ret_error);

#endif
