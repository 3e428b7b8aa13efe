/* Making the next segment ready ahead of use: a file full of zeros under a temporary name, synced, so
 * that at the roll only its header is left to write. Blocks that overwrite written zeros become durable
 * faster than blocks that fill holes, and the roll doesn't wait for room to be found.
 * Threads: one of its own writes the zeros, at half of the disk's speed unless somebody waits; every
 *   function here is called by the writer's thread, slc_preparer_status by any.
 * Ownership: create/destroy; a descriptor that was taken is the caller's.
 * Failure: the thread tries again every second; a take that finds no segment tries once more itself, then
 *   answers IO. Until the caller renames it, a prepared segment is only a leftover. */
#ifndef SLC_JOURNAL_PREPARE_H
#define SLC_JOURNAL_PREPARE_H

#include "journal/probe.h"

typedef struct slc_preparer slc_preparer_t;

/* `inside`: no thread; the work is done within slc_preparer_take. */
slc_err_t slc_preparer_create(slc_directory_t *directory, slc_method_t method, uint64_t segment_bytes,
                              bool inside, slc_preparer_t **ret_preparer, slc_error_t *ret_error);
/* Stops the thread in the middle of its work. NULL is fine. */
void slc_preparer_destroy(slc_preparer_t *preparer);

/* The temporary name is free: begin with the next one. */
void slc_preparer_start(slc_preparer_t *preparer);
/* Waits for the segment, answers it open for the method's writes, still under SLC_PREPARE_NAME.
 * *ret_waited: it was not ready. */
slc_err_t slc_preparer_take(slc_preparer_t *preparer, int *ret_fd, bool *ret_waited,
                            slc_error_t *ret_error);
/* OK: the next segment is ready or being made. Otherwise why the last try failed. */
slc_err_t slc_preparer_status(slc_preparer_t *preparer, slc_error_t *ret_error);

#endif
