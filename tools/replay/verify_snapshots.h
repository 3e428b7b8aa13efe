/* The snapshots of a directory as verify looks at them: each is read to its end and loaded by the
 * engine's own code, which computes its digest anew. Threads: one. Ownership: an all-zero set is empty;
 * finish frees. Failure: one that is not good is kept with the reason; IO is an error. */
#ifndef REPLAY_VERIFY_SNAPSHOTS_H
#define REPLAY_VERIFY_SNAPSHOTS_H

#include <sluice/snapshot.h>

#include <stdio.h>

typedef struct verified_snapshot {
    slc_snapshot_info_t info; /* of one that is not good the sequence alone */
    slc_error_t why;          /* code OK: it is good */
} verified_snapshot_t;

typedef struct verified_snapshots {
    verified_snapshot_t *items; /* sequences rising */
    size_t count;
    bool listed;          /* there is such a directory */
    uint64_t newest_name; /* when it was listed */
} verified_snapshots_t;

void verified_snapshots_finish(verified_snapshots_t *snapshots);

/* Beside a live server some may go while it looks: they are left out. */
slc_err_t verify_snapshots(verified_snapshots_t *snapshots, const char *directory,
                           slc_error_t *ret_error);
/* The first that is not good; NULL: all are. */
const verified_snapshot_t *verified_first_bad(const verified_snapshots_t *snapshots);
/* Sequence of the newest, of the newest good one; 0: there is none. */
uint64_t verified_newest(const verified_snapshots_t *snapshots);
uint64_t verified_newest_good(const verified_snapshots_t *snapshots);

/* A newer one has come since. */
bool verified_are_outdated(const verified_snapshots_t *snapshots, const char *directory);

void verified_print(const verified_snapshots_t *snapshots);
/* [{sequence, result, time_us, written_us, bytes, drops, orders, digest, error}] */
void verified_print_json(const verified_snapshots_t *snapshots);

#endif
