/* A journal that is written, broken and brought back in tests: a fixed script of blocks over a fake file
 * system (or a real one), with the state digest behind each event known beforehand from the logic alone,
 * so that whatever comes back can be judged event for event by one number.
 * Threads: one. Ownership: create/destroy. Failure: misuse aborts the test. */
#ifndef TESTS_LIB_JOURNAL_LAB_H
#define TESTS_LIB_JOURNAL_LAB_H

#include "journal/writer.h"
#include "restore/restore.h"

#define LAB_DIR "data"
#define LAB_ARCHIVE "archive"

typedef struct lab_block {
    uint64_t first; /* sequence */
    uint32_t events;
    uint64_t time_us;
    bool seal_behind;
    /* A snapshot that covers so many events of this block is written when the block is durable; then what
     * two good snapshots cover is removed. 0: none. */
    uint32_t snapshot_events;
} lab_block_t;

typedef struct lab {
    slc_writer_config_t config;
    size_t block_count;
    lab_block_t *blocks;
    uint64_t event_count;
    uint64_t *digests; /* by sequence, 0 included */
    bool keep_all;     /* snapshots remove nothing */
    bool archive;      /* what they would remove goes to LAB_ARCHIVE */
} lab_t;

/* `blocks` blocks of 1 to 220 events, on one page or two, by a fixed pattern; segments of
 * `segment_bytes`, of blocks of at most 8 KiB, made without a thread. */
lab_t *lab_create(size_t blocks, uint64_t segment_bytes);
/* The same with the sizes of blocks, times and seals drawn from a seed; mostly few events in a block. */
lab_t *lab_create_seeded(uint64_t seed, size_t blocks, uint64_t segment_bytes);
void lab_destroy(lab_t *lab);
/* Snapshots as steps of the script: behind each `every`th block, in turn covering all of it and all but
 * its last event. */
void lab_take_snapshots(lab_t *lab, size_t every);
/* The event with this sequence. Its text is static. */
slc_event_t lab_event(uint64_t sequence, uint64_t time_us);

typedef struct lab_outcome {
    slc_err_t code; /* of the first call that did not answer OK */
    slc_error_t error;
    uint64_t acked;          /* last event of a commit that answered OK, or that was restored */
    uint64_t snapshot;       /* sequence of the last snapshot that was written, 0: none in this run */
    slc_restored_t restored; /* what slc_restore said */
    bool came_back;          /* it answered OK */
    bool wrong;              /* it answered OK with another state than the script's at that sequence */
    bool unstopped;          /* a call answered OK behind one that had failed */
} lab_outcome_t;

/* Opens the directory, restores, and goes on with the script behind what came back, up to and including
 * block number `until` (counted from 0; SIZE_MAX: all); seals at the end where `seal`.
 * `ret_outcome->acked` is kept up to date on the way, for a watcher. */
void lab_run(const lab_t *lab, const slc_sys_t *sys, const char *path, size_t until, bool seal,
             lab_outcome_t *ret_outcome);
/* Only comes back: no writer. */
void lab_restore(const lab_t *lab, const slc_sys_t *sys, const char *path, lab_outcome_t *ret_outcome);

#endif
