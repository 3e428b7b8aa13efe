/* The way back as a starting server tells it: progress to the log and to systemd, warnings where a
 * snapshot or a tail was no good, and what came back. Threads: the main thread, before any other.
 * Ownership: as src/restore/restore.h. Failure: that of slc_restore. */
#ifndef SLC_ENGINE_COMEBACK_H
#define SLC_ENGINE_COMEBACK_H

#include "engine/observer.h"
#include "restore/restore.h"

/* `observer` is told of the progress, too. */
slc_err_t slc_comeback(slc_directory_t *directory, slc_observer_t *observer, slc_logic_t **ret_logic,
                       slc_restored_t *ret_restored, slc_error_t *ret_error);

#endif
