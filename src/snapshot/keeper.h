/* The keeper: takes snapshots when they are due, and lets go what they cover. It looks on from beside the
 * pipeline: the apply station cuts the state for it (handover.h), and nothing waits for it.
 *
 * Due: on request (slc_handover_want, by anyone), after an interval, after so many bytes of journal; the
 * last two only if anything was applied since the last snapshot.
 *
 * Happy path: create, run on a thread of its own until slc_handover_stop, destroy. Where nothing has a
 * thread (a simulation), turn instead of run.
 *
 * Threads: turn and run are the keeper's; status is anyone's; last runs when no other thread is left.
 * Ownership: create/destroy; everything in the config is the caller's.
 * Failure: one that cannot be written is logged, shown in the status and tried again when the next one is
 *   due, one second later at the earliest; the engine goes on, and nothing is let go on its account. */
#ifndef SLC_SNAPSHOT_KEEPER_H
#define SLC_SNAPSHOT_KEEPER_H

#include "snapshot/handover.h"
#include "snapshot/retain.h"

typedef struct slc_keeper slc_keeper_t;

typedef struct slc_keeper_config {
    const slc_directory_t *directory;
    slc_handover_t *handover;
    slc_retain_t retain;
    uint64_t interval_ns;   /* 0: never by time */
    uint64_t journal_bytes; /* 0: never by size */
    uint64_t sequence;      /* of the newest good snapshot at the start, 0: none; and its size and time */
    uint64_t bytes;
    uint64_t written_us;
    /* The journal is only in the page cache: it is synced before a snapshot gets its name, for a power
     * cut that left the snapshot and not the journal would leave a directory that is refused. Once such a
     * sync failed there are no more snapshots before a restart. */
    bool sync_journal;
    bool paced; /* sleeps as long as it worked, so that the journal has the disk */
    /* Of the running engine: the last event applied, and bytes of journal written since the start. */
    uint64_t (*applied)(void *context);
    uint64_t (*journaled)(void *context);
    void *context; /* of both */
} slc_keeper_config_t;

typedef struct slc_keeper_status {
    uint64_t sequence; /* of the newest good snapshot; 0: none */
    uint64_t bytes;
    uint64_t written_us;
    uint64_t written; /* since the start */
    uint64_t failed;
    uint64_t journal_bytes; /* of the segments on disk */
    uint64_t journal_segments;
    char error[128]; /* empty: the last one succeeded */
} slc_keeper_status_t;

/* CONFIG where the archive is none; NO_MEMORY. */
slc_err_t slc_keeper_create(const slc_keeper_config_t *config, slc_keeper_t **ret_keeper,
                            slc_error_t *ret_error);
/* NULL is fine. */
void slc_keeper_destroy(slc_keeper_t *keeper);

/* Does what there is to do, without waiting for anything to come: true where it wrote, or tried to. */
bool slc_keeper_turn(slc_keeper_t *keeper);
/* The whole life of its thread. */
void slc_keeper_run(slc_keeper_t *keeper);

/* At a clean stop, behind everything: a snapshot, if there is enough to replay for one to be of use and
 * it takes about a second at most. `logic` has no thread any more. True: one was written. */
bool slc_keeper_last(slc_keeper_t *keeper, slc_logic_t *logic);

slc_keeper_status_t slc_keeper_status(slc_keeper_t *keeper);

#endif
