/* One measurement of the ring: threads, events, sums, time.
 * Threads: called from main; starts its own, which are gone when it returns.
 * Ownership: nothing outlives the call.
 * Failure: no memory, no thread, or a wrong sum ends the program with a sentence: a run whose answers are
 *   wrong has no figure. */
#ifndef SLC_PERF_RING_RUN_H
#define SLC_PERF_RING_RUN_H

#include <sluice/disruptor.h>

#define PRODUCERS_MAX 3
#define STATIONS_MAX 3
#define SLOTS 65536u /* of each ring but that of a ping-pong, which has 64 */

typedef enum shape {
    SHAPE_ONE,       /* one consumer */
    SHAPE_PIPELINE,  /* three, one behind the other */
    SHAPE_DIAMOND,   /* two side by side, one behind both */
    SHAPE_PING_PONG, /* two rings, one event at a time, to and fro */
} shape_t;

typedef struct scenario {
    const char *name;
    shape_t shape;
    unsigned producers; /* 1: single-producer mode; more: multi-producer mode */
    uint64_t batch;     /* slots in one claim */
} scenario_t;

/* Sends `events` (rounded up to whole batches for each producer) and answers events a second; for a
 * ping-pong the median round trip in ns. `slot_bytes`: 8 or 64. */
double run_scenario(const scenario_t *scenario, size_t slot_bytes, slc_wait_t wait, uint64_t events);

_Noreturn void run_failed(const char *what);

#endif
