/* Who stands beside the connections that are measured: idle ones, and slow readers on a thread of their
 * own.
 * Threads: the main one calls. Ownership: begin, end and finish of the caller's memory.
 * Failure: begin answers false with the reason in `why`; end leaves it there, too. */
#ifndef SLC_PERF_LOAD_CROWD_H
#define SLC_PERF_LOAD_CROWD_H

#include "idle.h"
#include "options.h"
#include "worker.h"

#include <pthread.h>

typedef struct load_crowd {
    load_idle_t idle;
    uint32_t idle_open; /* behind load_crowd_end: of them that still stood at the end */
    load_plan_t plan;   /* of the slow readers */
    load_worker_t slow;
    sem_t ready;
    pthread_t thread;
    bool runs;
    /* Behind load_crowd_end, of the slow readers; their tally then holds only what counts as any other
     * answer. */
    load_histogram_t latency_ns;
    uint64_t answered;
    uint64_t closed;  /* by the server */
    uint64_t retried; /* requests asked again behind that */
    char why[300];    /* empty: nothing failed */
} load_crowd_t;

/* All idle connections stand and all slow readers have asked when it comes back. */
bool load_crowd_begin(load_crowd_t *crowd, const load_plan_t *like, const load_options_t *options);
/* Lets the slow readers read, and counts who still stands. `leave`: without waiting for answers. */
void load_crowd_end(load_crowd_t *crowd, bool leave);
void load_crowd_finish(load_crowd_t *crowd);

#endif
