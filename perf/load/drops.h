/* The drops that the command line of load names.
 * Threads: the main one. Ownership: the caller's workload. Failure: NULL or false, said on stderr. */
#ifndef SLC_PERF_LOAD_DROPS_H
#define SLC_PERF_LOAD_DROPS_H

#include "workload.h"

/* The drop with that number, made where there is none yet. */
load_drop_t *load_drops_of(load_workload_t *workload, uint64_t drop_id);
/* ID[:WEIGHT], and ID:STOCK[:PER_USER]; in both FIRST..LAST instead of ID. */
bool load_drops_parse_drop(load_workload_t *workload, const char *text);
bool load_drops_parse_open(load_workload_t *workload, const char *text);

#endif
