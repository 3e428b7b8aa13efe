/* Writing a snapshot: under a temporary name, durable, read back and checked, and only then under its
 * own. src/snapshot/format.h has the bytes. Threads: one that may take its time (the keeper's, or a
 * tool's); `rest` is called on it. Ownership: nothing is kept; directory and source are the caller's.
 * Failure: IO with a sentence, CLOSED where `rest` ended it, DAMAGED where what was read back is not what
 *   was written; the temporary file is gone, or is removed at the next start, and no other was touched. A
 *   failed sync is not tried again: the page cache would say yes to the second try. */
#ifndef SLC_SNAPSHOT_WRITE_H
#define SLC_SNAPSHOT_WRITE_H

#include "snapshot/files.h"

/* Where the entries come from; a cut's (src/logic/cut.h), as a rule. */
typedef struct slc_snapshot_source {
    slc_snapshot_info_t info;                            /* bytes and written_us do not count */
    bool (*next)(void *context, slc_entry_t *ret_entry); /* false: that was the last */
    slc_snapshot_rest_fn rest;                           /* NULL: no pauses */
    void *context;                                       /* of both */
} slc_snapshot_source_t;

/* `directory` is open for writing: its lock is held, or it is being made. */
slc_err_t slc_snapshot_write(const slc_directory_t *directory, const slc_snapshot_source_t *source,
                             slc_snapshot_info_t *ret_info, slc_error_t *ret_error);

/* What a crash left of one that was being written. */
slc_err_t slc_snapshot_remove_leftover(const slc_directory_t *directory, slc_error_t *ret_error);

#endif
