/* The snapshot files of a data directory: their names, opening one, and whether it is good.
 * Threads: any; the directory is borrowed and only read from, but for slc_snapshot_remove_leftover.
 * Ownership: a snapshot that was opened is closed with slc_snapshot_close (<sluice/snapshot.h>).
 * Failure: DAMAGED names the file and the offset; IO carries the errno. */
#ifndef SLC_SNAPSHOT_FILES_H
#define SLC_SNAPSHOT_FILES_H

#include "journal/directory.h"

#include <sluice/snapshot.h>

/* "snapshot-", 20 digits, ".snap", NUL. */
#define SLC_SNAPSHOT_NAME_BYTES 35u

void slc_snapshot_name(uint64_t sequence, char ret_name[SLC_SNAPSHOT_NAME_BYTES]);
/* 0: not the name of a snapshot. */
uint64_t slc_snapshot_sequence_of_name(const char *name);

/* The sequences that the directory has snapshots of by name, rising, in memory of the caller (free). */
slc_err_t slc_snapshot_find(const slc_directory_t *directory, uint64_t **ret_sequences, size_t *ret_count,
                            slc_error_t *ret_error);

/* Opens `name` as the snapshot of `sequence`: the temporary name too, before it is renamed. */
slc_err_t slc_snapshot_open_file(const slc_directory_t *directory, const char *name, uint64_t sequence,
                                 slc_snapshot_t **ret_snapshot, slc_error_t *ret_error);

/* Called between pieces of about 1 MiB of a long read or write, so that it leaves the disk to others and
 * can be ended: false ends it, and the call answers CLOSED. */
typedef bool (*slc_snapshot_rest_fn)(void *context, uint64_t worked_ns);

/* Reads all of it, and computes the digest of what it holds from its entries: OK and what it says of
 * itself, or why it is not good. `rest` may be NULL. */
slc_err_t slc_snapshot_check(const slc_directory_t *directory, const char *name, uint64_t sequence,
                             slc_snapshot_rest_fn rest, void *context, slc_snapshot_info_t *ret_info,
                             slc_error_t *ret_error);

#endif
