/* When the requests of an open loop fall due: at a steady rate, at one that climbs or falls (a ramp), and
 * one by one or in bursts. Request n is due at the same time whatever the answers do, so a server that
 * stalls cannot hide the requests that would have come meanwhile (coordinated omission).
 * Threads: constant; any thread reads. Ownership: the caller's memory, no heap. Failure: none. */
#ifndef SLC_PERF_LOAD_SCHEDULE_H
#define SLC_PERF_LOAD_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct load_schedule {
    double from;    /* requests a second at the beginning; 0: a closed loop, nothing falls due */
    double to;      /* at the end; the same unless this is a ramp */
    double seconds; /* of a ramp, above 0 */
    uint64_t burst; /* so many fall due at once, at the same rate in all; 1: one by one */
} load_schedule_t;

static inline bool load_schedule_is_open(const load_schedule_t *schedule)
{
    return schedule->from > 0;
}
/* Nanoseconds from the beginning to when request `number` (from 0) is due. Of a ramp: behind its end the
 * last rate goes on. */
uint64_t load_schedule_due_ns(const load_schedule_t *schedule, uint64_t number);
/* How many fall due within that time, rounded up. */
uint64_t load_schedule_requests(const load_schedule_t *schedule, double seconds);

#endif
