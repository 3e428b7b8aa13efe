/* Making the next segment ready ahead of use (journal/blank.h), so that at the roll only its header is
 * left to write. Blocks that overwrite written zeros become durable
 * faster than blocks that fill holes, and the roll doesn't wait for room to be found.
 * Threads: one of its own writes the zeros, at half of the disk's speed unless somebody waits; every
 *   function here is called by the writer's thread, slc_preparer_status by any.
 * Ownership: create/destroy; a descriptor that was taken is the caller's.
 * Failure: the thread tries again every second; a take or a wait that finds no segment waits for one more
 *   try, then answers IO. Until the caller renames it, a prepared segment is only a leftover. */
#ifndef SLC_JOURNAL_PREPARE_H
#define SLC_JOURNAL_PREPARE_H

#include "journal/probe.h"

typedef struct slc_preparer slc_preparer_t;

/* The config's segment_bytes, min_free_bytes (a segment is not begun where less than this would be left
 * behind it) and prepare_inside: no thread, the work is done within slc_preparer_take and _wait. */
slc_err_t slc_preparer_create(slc_directory_t *directory, slc_method_t method,
                              const slc_writer_config_t *config, slc_preparer_t **ret_preparer,
                              slc_error_t *ret_error);
/* Stops the thread in the middle of its work. NULL is fine. */
void slc_preparer_destroy(slc_preparer_t *preparer);

/* The temporary name is free: begin with the next one. */
void slc_preparer_start(slc_preparer_t *preparer);
/* Waits for the segment, answers it open for the method's writes, still under SLC_PREPARE_NAME.
 * *ret_waited: it was not ready. */
slc_err_t slc_preparer_take(slc_preparer_t *preparer, int *ret_fd, bool *ret_waited,
                            slc_error_t *ret_error);
/* The same without taking it. Not to be called before the first start. */
slc_err_t slc_preparer_wait(slc_preparer_t *preparer, slc_error_t *ret_error);
bool slc_preparer_is_ready(slc_preparer_t *preparer);
/* OK: the next segment is ready or being made. Otherwise why the last try failed; without a thread the
 * try is made anew by this call. */
slc_err_t slc_preparer_status(slc_preparer_t *preparer, slc_error_t *ret_error);

#endif
