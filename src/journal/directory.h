/* A data directory: opened, identified, and locked by the one server that may write to it.
 * Threads: one, but for the constant fields. Ownership: open creates, close frees and unlocks.
 * Failure: IN_USE where another process holds the lock; IO with a sentence that says what to do where the
 *   directory is missing, read-only or not ours; DAMAGED where the lock file names no identity although
 *   there is a journal. */
#ifndef SLC_JOURNAL_DIRECTORY_H
#define SLC_JOURNAL_DIRECTORY_H

#include "sys/sys.h"

#include <sluice/status.h>

#include <stdbool.h>
#include <stdint.h>

#define SLC_DIRECTORY_ID_BYTES 16
#define SLC_LOCK_NAME "lock"

typedef struct slc_directory {
    const slc_sys_t *sys;
    int fd;
    int lock_fd; /* -1: opened read-only */
    bool begun;  /* a journal was begun here: without a segment it has been deleted */
    uint8_t id[SLC_DIRECTORY_ID_BYTES];
    char path[4096];
} slc_directory_t;

/* For the server: creates the directory (mode 0700) and its identity where missing, takes the lock. */
slc_err_t slc_directory_open(const slc_sys_t *sys, const char *path, slc_directory_t **ret_directory,
                             slc_error_t *ret_error);
/* For tools: reads only, takes no lock. An id of zeros: a server is just creating the directory. */
slc_err_t slc_directory_open_readonly(const slc_sys_t *sys, const char *path,
                                      slc_directory_t **ret_directory, slc_error_t *ret_error);
/* Notes durably that a journal was begun. Called between the first segment's birth and the first
 * acknowledgement. */
slc_err_t slc_directory_mark_begun(slc_directory_t *directory, slc_error_t *ret_error);
/* NULL is fine. */
void slc_directory_close(slc_directory_t *directory);

#endif
