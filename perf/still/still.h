/* When the machine stood still: a virtual machine whose host takes its cores away for a while has pauses
 * that no program in it causes or can mend. A thread of the highest priority, where that is allowed,
 * sleeps half a millisecond at a time; while it oversleeps by more than two, nothing of the machine ran
 * on its core.
 *
 * Threads: begin and end on one; between them, any may ask. Ownership: begin/end.
 * Failure: begin answers false without a thread. Without the right to a real-time priority it still says
 * when it overslept, but that may then have been another program. */
#ifndef SLC_PERF_STILL_H
#define SLC_PERF_STILL_H

#include <stdbool.h>
#include <stdint.h>

typedef struct still_sum {
    bool real_time; /* the witness had the priority that it takes to believe it */
    uint64_t count;
    uint64_t ns; /* in all */
    uint64_t longest_ns;
} still_sum_t;

bool still_begin(void);
still_sum_t still_end(void);
/* Of the time from `from_ns` to `to_ns` (CLOCK_MONOTONIC, the last seconds), how much it stood still as
 * far as is known by now. */
uint64_t still_within(uint64_t from_ns, uint64_t to_ns);

#endif
