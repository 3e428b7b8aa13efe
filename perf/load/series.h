/* How a run went over time: what was answered in each tenth of a second, how fast, and what each drop
 * sold. Nothing is noted for each answer: when a tenth is over, the counters are compared with what they
 * were at its beginning.
 * Threads: each worker has its own; merged at the end. Ownership: init and finish; finish frees.
 * Failure: without memory a run goes on and its series is cut off, which `incomplete` tells. */
#ifndef SLC_PERF_LOAD_SERIES_H
#define SLC_PERF_LOAD_SERIES_H

#include "tally.h"

#define LOAD_SLICE_NS UINT64_C(100000000)
/* What the first so many drops sold is kept for each slice. */
#define LOAD_SERIES_DROPS 8u
/* A day of slices: a bound, so that a clock that leaps cannot ask for all memory. */
#define LOAD_SLICES_MAX (UINT64_C(24) * 3600 * 10)

typedef struct load_slice {
    uint64_t answered;
    uint64_t accepted;
    uint64_t p50_ns; /* of the answers in this slice; merged: of the worker with the largest p99 */
    uint64_t p99_ns;
    uint64_t max_ns;
    uint64_t sold[LOAD_SERIES_DROPS]; /* accepted requests of the drop with that index */
} load_slice_t;

typedef struct load_series {
    uint64_t origin_ns; /* where slice 0 begins, the same for all workers */
    uint64_t end_ns;    /* where the current slice ends; UINT64_MAX: nothing is noted */
    uint64_t count;
    uint64_t capacity;
    load_slice_t *slices;
    bool incomplete;
    uint64_t accepted_before;
    uint64_t sold_before[LOAD_SERIES_DROPS];
    load_histogram_t before; /* the tally's when the current slice began */
} load_series_t;

/* Begins to note at `now_ns`; the tally that is noted is empty now. */
void load_series_begin(load_series_t *series, uint64_t origin_ns, uint64_t now_ns);
void load_series_finish(load_series_t *series);
/* The current slice is over (now_ns is at or behind end_ns), or the run is: notes what came in it. */
void load_series_close(load_series_t *series, const load_tally_t *tally, uint32_t drops, uint64_t now_ns);
/* Adds `from`, slice by slice. */
void load_series_merge(load_series_t *into, const load_series_t *from);

#endif
