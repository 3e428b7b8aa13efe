/* A thread that touches memory before the logic gets to it (logic/fresh.h), so that no BUY waits until
 * the kernel has found and cleared a page.
 *
 *     the logic's thread                                   the toucher's
 *     idle? slc_logic_hold(false), slc_logic_fresh
 *     slc_logic_hold(true), give ────────────────────────> touches
 *     idle? <───────────────────────────────────────────── done
 *
 * On x86-64 it touches by an atomic operation that changes nothing; since Linux 6.4 such a fault holds up
 * no mmap or munmap of the process, as madvise would for as long as a page takes. Elsewhere by madvise.
 *
 * Threads: one at a time that gives; its own. Ownership: create/destroy; nothing may be unmapped from
 * give to idle. Failure: create answers NULL and says why. */
#ifndef SLC_APPLY_TOUCHER_H
#define SLC_APPLY_TOUCHER_H

#include "logic/fresh.h"

#include <sluice/status.h>

typedef struct slc_toucher slc_toucher_t;

/* Starts the thread. */
slc_toucher_t *slc_toucher_create(slc_error_t *ret_error);
/* Waits for the page under way at most. NULL is fine. */
void slc_toucher_destroy(slc_toucher_t *toucher);
/* It is done with what it was given. */
bool slc_toucher_idle(const slc_toucher_t *toucher);
/* Only while it is idle. What is touched already costs next to nothing. */
void slc_toucher_give(slc_toucher_t *toucher, const slc_fresh_t *fresh);

#endif
