/* Whether the answers of a run can be true: each check has a name, a verdict, and the numbers behind it.
 * Threads: the main one, when the workers are done.
 * Ownership: the caller's memory, no heap.
 * Failure: a check that fails; there is no other. */
#ifndef SLC_PERF_LOAD_CHECKS_H
#define SLC_PERF_LOAD_CHECKS_H

#include "tally.h"

typedef struct load_check {
    const char *name;
    uint64_t drop_id; /* 0: of all */
    bool ok;
    char detail[160];
} load_check_t;

/* Six of the whole, and at most three for each drop. */
#define LOAD_CHECKS_MAX (6 + 3 * LOAD_DROPS_MAX)

/* Fills `ret_checks` (LOAD_CHECKS_MAX of them), answers how many. `books`: the server's drops, NULL where
 * they were not asked for. */
size_t load_checks_run(const load_workload_t *workload, const load_tally_t *tally,
                       const slc_drop_info_t *books, load_check_t *ret_checks);
/* One more: all of the idle connections still stand, if there were any. */
void load_checks_add_idle(uint64_t wanted, uint64_t open, load_check_t *checks, size_t *count);

#endif
