/* The operator's side of a run: opens the drops, and asks for the server's books at the end.
 * Threads: the main one.
 * Ownership: a call connects and closes for itself.
 * Failure: false, with the reason on stderr. */
#ifndef SLC_PERF_LOAD_BOOKS_H
#define SLC_PERF_LOAD_BOOKS_H

#include "workload.h"

/* Opens those drops that the run was told to open; a drop that is there already fails. */
bool load_books_open(const char *control_path, const load_workload_t *workload);
/* Reads each drop of the workload; one that the server does not know is left with drop_id 0. */
bool load_books_read(const char *control_path, const load_workload_t *workload,
                     slc_drop_info_t ret_drops[LOAD_DROPS_MAX]);

#endif
