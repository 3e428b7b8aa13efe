/* The inside of offline states, shared by state.c (rebuilding) and compact.c (a directory out of one).
 * Threads, ownership, failure: as <sluice/state.h>; errors are never NULL here. */
#ifndef SLC_STATE_STATE_H
#define SLC_STATE_STATE_H

#include "journal/directory.h"
#include "logic/logic.h"
#include "restore/watch.h"

#include <sluice/state.h>

struct slc_state {
    slc_logic_t *logic;
};

/* The logic behind event `until`, the caller's. */
slc_err_t slc_state_rebuild(const slc_directory_t *directory, uint64_t until, slc_watch_t *watch,
                            slc_logic_t **ret_logic, slc_error_t *error);

#endif
