/* Waiting: spin, then yield, then sleep, as far down as the strategy goes, until a condition holds.
 * Threads: any, each for itself.
 * Ownership: nothing outlives the call.
 * Failure: none; running out of time is an answer. */
#ifndef SLC_DISRUPTOR_WAIT_H
#define SLC_DISRUPTOR_WAIT_H

#include "disruptor/sequence.h"

#include <sluice/disruptor.h>

/* Is the wait over? If not, *ret_slowest is the sequence whose advance would bring the end nearer. It
 * must read what it looks at with seq_cst, since it runs between announcing a sleep and sleeping; and
 * whoever changes what it looks at must ring that sequence afterwards. */
typedef bool (*slc_wait_over_fn)(void *context, slc_sequence_t **ret_slowest);

typedef struct slc_wait_plan {
    slc_wait_t strategy;
    uint32_t spins;  /* turns before a yield */
    uint32_t yields; /* turns before a sleep; each gives every other runnable thread a turn */
    slc_wait_over_fn over;
    void *context;
} slc_wait_plan_t;

/* True: over() said so. False: `timeout_ns` (UINT64_MAX: no bound) went by first. With 0 it asks once. */
bool slc_wait(const slc_wait_plan_t *plan, uint64_t timeout_ns);

#endif
