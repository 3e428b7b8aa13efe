/* The newest good snapshot of a directory, loaded: what the way back begins with.
 *
 * A snapshot is good where every checksum is right, every entry fits the ones before it, and the digest
 * of what came out of it is the one it names. One that is not leaves a logic of no use, so each gets a
 * fresh one.
 *
 * Threads: one. Ownership: the logic is the caller's; the directory is borrowed and only read from.
 * Failure: a snapshot that is not good is no failure but a reason that is kept; without any the logic is
 *   empty, and the journal has to begin with event 1. IO and NO_MEMORY end it; IO with ENOENT: a live
 *   server removed the snapshot while it was opened, list again. */
#ifndef SLC_RESTORE_NEWEST_H
#define SLC_RESTORE_NEWEST_H

#include "journal/scan.h"
#include "logic/logic.h"
#include "restore/watch.h"

#include <sluice/snapshot.h>

typedef struct slc_newest {
    slc_logic_t *logic;        /* holds that snapshot, or nothing */
    slc_snapshot_info_t info;  /* sequence 0: there is none, or none was good */
    uint64_t last_name;        /* sequence of the newest one that was asked for, good or not; 0: none */
    uint32_t refused;          /* not good, and newer than that one */
    uint64_t refused_sequence; /* the newest of these */
    slc_error_t refused_why;   /* of that one */
} slc_newest_t;

/* The newest good one of an event at or before `until`. */
slc_err_t slc_newest_load(const slc_directory_t *directory, uint64_t until, slc_watch_t *watch,
                          slc_newest_t *ret_newest, slc_error_t *ret_error);

/* Exactly the one of this event: OK and a logic of the caller's, or why it is not good. */
slc_err_t slc_newest_load_one(const slc_directory_t *directory, uint64_t sequence, slc_watch_t *watch,
                              slc_logic_t **ret_logic, slc_snapshot_info_t *ret_info,
                              slc_error_t *ret_error);

/* A snapshot is written behind events that are in the journal. DAMAGED where the journal ends before one
 * that was asked for: events that somebody was told of are missing from it. */
slc_err_t slc_newest_check_end(const slc_newest_t *newest, const slc_directory_t *directory,
                               const slc_journal_end_t *end, slc_error_t *ret_error);

/* Puts beside an error of the journal that the snapshots were of no use, where so. */
slc_err_t slc_newest_explain(const slc_newest_t *newest, slc_error_t *error);

#endif
