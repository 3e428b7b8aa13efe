/* What may go: segments that two good snapshots cover, and snapshots older than those that are kept.
 *
 * The oldest snapshot to keep is the `snapshots`-th newest good one. A segment goes if the next one
 * begins at or before the event behind it, the oldest segment first and each durably before the next, so
 * that what is left of a journal is always one piece; the newest segment never goes. Snapshots go only
 * behind the segments. A snapshot that is not good counts for nothing, and goes only once it is older
 * than those that are kept.
 *
 * Threads: one (the keeper's). Ownership: create/destroy; the directory is the caller's.
 * Failure: IO with a sentence; what was to go stays, and goes another time. A crash anywhere leaves at
 *   least what was to be kept. */
#ifndef SLC_SNAPSHOT_RETAIN_H
#define SLC_SNAPSHOT_RETAIN_H

#include "snapshot/files.h"

#define SLC_RETAIN_PATH_BYTES 1024
#define SLC_RETAIN_ALL UINT32_MAX
#define SLC_RETAIN_MIN 2u
#define SLC_RETAIN_MAX 1000u

typedef struct slc_retain {
    uint32_t snapshots; /* SLC_RETAIN_MIN to SLC_RETAIN_MAX, or SLC_RETAIN_ALL */
    /* Where segments and snapshots go instead of being removed: a directory of the same file system.
     * "": nowhere. */
    char archive[SLC_RETAIN_PATH_BYTES];
} slc_retain_t;

/* "3", "all", "archive:DIR"; CONFIG with a sentence for anything else. */
slc_err_t slc_retain_parse(const char *text, slc_retain_t *ret_retain, slc_error_t *ret_error);

typedef struct slc_retainer slc_retainer_t;

/* CONFIG where the archive is no directory, or not one that files can be moved to. */
slc_err_t slc_retainer_create(const slc_directory_t *directory, const slc_retain_t *retain,
                              slc_retainer_t **ret_retainer, slc_error_t *ret_error);
/* NULL is fine. */
void slc_retainer_destroy(slc_retainer_t *retainer);

/* This one was just written and found good: it need not be read again. */
void slc_retainer_note_good(slc_retainer_t *retainer, uint64_t sequence);

/* Lets go what may. Snapshots that are not known to be good are read first, newest first; `rest` as in
 * files.h. */
slc_err_t slc_retainer_sweep(slc_retainer_t *retainer, slc_snapshot_rest_fn rest, void *context,
                             slc_error_t *ret_error);

#endif
