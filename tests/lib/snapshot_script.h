/* A made-up state as the entries of a snapshot, for tests of the file: drops with and without orders,
 * cancellations, operators' keys and purges, by a fixed pattern, as many as are wanted.
 * Threads: one. Ownership: plain memory of the test. Failure: none. */
#ifndef TESTS_LIB_SNAPSHOT_SCRIPT_H
#define TESTS_LIB_SNAPSHOT_SCRIPT_H

#include "snapshot/write.h"

typedef struct snapshot_script {
    uint64_t drops;
    uint64_t records_per_drop; /* every fifth is the cancellation of the one before */
    uint64_t at;               /* entries handed out */
    char user[SLC_USER_BYTES_MAX];
} snapshot_script_t;

/* The entry at a place; false: behind the last. Text points into the script. */
bool snapshot_script_entry(snapshot_script_t *script, uint64_t at, slc_entry_t *ret_entry);
/* As a source over the script, from its beginning. */
slc_snapshot_source_t snapshot_script_source(snapshot_script_t *script, uint64_t sequence);
bool snapshot_entries_equal(const slc_entry_t *a, const slc_entry_t *b);

#endif
