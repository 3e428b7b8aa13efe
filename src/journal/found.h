/* A data directory made by a tool, not by a server: from its first moment to its last it is either
 * refused by every program, or whole.
 *
 *     slc_directory_found   the directory, and in it a lock that names nobody
 *     ... whatever is to be in it, under directory->id, durable ...
 *     slc_directory_name    the lock that names it: written aside, then renamed
 *
 * Threads: one. Ownership: found creates, slc_directory_close frees.
 * Failure: USAGE where there is something in the directory already; IO. What is there then stays, and
 *   is refused: there is no telling what else somebody put in it. */
#ifndef SLC_JOURNAL_FOUND_H
#define SLC_JOURNAL_FOUND_H

#include "journal/directory.h"

/* OK: `path` is missing, or an empty directory. */
slc_err_t slc_directory_check_empty(const slc_sys_t *sys, const char *path, slc_error_t *ret_error);
/* With a fresh identity, no journal begun. Nobody can lock it, because nobody can open it. */
slc_err_t slc_directory_found(const slc_sys_t *sys, const char *path, slc_directory_t **ret_directory,
                              slc_error_t *ret_error);
slc_err_t slc_directory_name(slc_directory_t *directory, slc_error_t *ret_error);

#endif
