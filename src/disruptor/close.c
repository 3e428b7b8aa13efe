/* Closing: no more claims; what was claimed before is published and consumed, then every run ends.
 *
 * The whole of it is to find `end`, the number of slots that were claimed before; from then on consumers
 * drain up to it, which needs no more than their usual loop.
 *
 * Among many producers the claim word decides: close sets its top bit, and a compare-and-swap that comes
 * later fails. A single producer claims by a plain store, so that each side writes, then reads what the
 * other writes:
 *
 *     the producer                            close
 *     1. claim = n                            1. closing = true
 *     2. closing? no: the claim stands        2. end = claim
 *        yes: it stands if n <= end
 *
 * Without store->load order both might read the old value: a claim that stands, and an `end` without it,
 * so that its slots would never be consumed. The producer, who does this all the time, only keeps its
 * compiler from turning it round; close, which happens once, makes the kernel run a barrier on every core
 * that runs a thread of this process: membarrier(2), private expedited. The producer's 1 and 2 then lie
 * on either side of that barrier, and one of the two reads is late enough. Where the kernel has no such
 * call, the single producer claims like many. tests/model/close.pml checks all of it. */
#include "disruptor/ring.h"

#include "base/check.h"

#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

bool slc_close_allows_plain_claims(void)
{
    return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0u, 0) == 0;
}

bool slc_close_has_begun(const slc_ring_t *ring)
{
    /* seq_cst: also the look of a producer before it sleeps; close sets it, then looks for sleepers. */
    return atomic_load_explicit(&ring->closing, memory_order_seq_cst);
}

bool slc_close_settle(const slc_ring_t *ring, uint64_t claim_end)
{
    uint64_t end = SLC_END_OPEN;
    /* The closing thread is between its steps 1 and 2: let it run. */
    while ((end = atomic_load_explicit(&ring->end, memory_order_acquire)) == SLC_END_OPEN) {
        (void)sched_yield();
    }
    return claim_end <= end;
}

static uint64_t end_of_claims(slc_ring_t *ring)
{
    if (ring->plain_claims) {
        /* Registered when the ring was created, so it can't fail. */
        SLC_CHECK(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0u, 0) == 0);
        /* Relaxed: the barrier above has ordered it behind `closing`. */
        return atomic_load_explicit(&ring->claim, memory_order_relaxed);
    }
    /* Relaxed: a place in the order of this one word is all that is wanted. */
    return atomic_fetch_or_explicit(&ring->claim, SLC_CLAIM_CLOSED, memory_order_relaxed);
}

void slc_ring_close(slc_ring_t *ring)
{
    /* seq_cst, this and `end`: before the looks at the sleepers below, for producers the one and for
     * consumers the other. */
    if (atomic_exchange_explicit(&ring->closing, true, memory_order_seq_cst)) {
        return;
    }
    atomic_store_explicit(&ring->end, end_of_claims(ring), memory_order_seq_cst);
    slc_sequence_wake_sleepers(&ring->published);
    for (slc_consumer_t *consumer = ring->consumers; consumer != NULL;
         consumer = consumer->next_in_ring) {
        slc_sequence_wake_sleepers(&consumer->progress);
    }
}
