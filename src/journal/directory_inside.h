/* What directory.c (for servers and readers) and found.c (for a directory that a tool makes) share.
 * Threads, ownership, failure: as directory.h. */
#ifndef SLC_JOURNAL_DIRECTORY_INSIDE_H
#define SLC_JOURNAL_DIRECTORY_INSIDE_H

#include "journal/directory.h"
#include "journal/format.h"

/* The first line of a lock file, NUL-terminated. */
void slc_directory_id_text(const uint8_t id[SLC_DIRECTORY_ID_BYTES], char text[SLC_LOCK_ID_BYTES + 1]);
/* Makes the directory's own entry durable in its parent: a directory that a power cut takes away takes
 * everything in it. */
/* Makes the directory itself, unless it is there; not in a parent that may not be read, for then its name
 * could not be made durable. */
slc_err_t slc_directory_make(const slc_directory_t *directory, slc_error_t *ret_error);
slc_err_t slc_directory_sync_parent(const slc_directory_t *directory, slc_error_t *ret_error);

#endif
