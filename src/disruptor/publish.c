/* Publishing: makes claimed slots visible to the consumers, and rings only if somebody sleeps.
 *
 * In whatever order slots are published, a consumer stops in front of the first that is not. */
#include "disruptor/ring.h"

#include "base/check.h"

/* The store that makes slots visible. Release, so that who sees it sees the slots; seq_cst where
 * consumers sleep, so that it comes before the look at the sleepers (sequence.h). A spinning consumer
 * needs no such order, which costs about as much as all the rest of a publish. */
#define STORE_VISIBLY(ring, object, value)                                                               \
    do {                                                                                                 \
        if ((ring)->wait == SLC_WAIT_SLEEP) {                                                            \
            atomic_store_explicit((object), (value), memory_order_seq_cst);                              \
        } else {                                                                                         \
            atomic_store_explicit((object), (value), memory_order_release);                              \
        }                                                                                                \
    } while (0)

/* One producer: consumers read a single number, so what is published ahead of a gap waits, noted in the
 * laps, until the gap closes. */
static void publish_single(slc_ring_t *ring, uint64_t first, uint64_t count)
{
    uint64_t end = first + count;
    if (first != ring->published_own) {
        SLC_CHECK(first > ring->published_own);
        /* Relaxed: only the producer reads laps in this mode. */
        for (uint64_t i = first; i < end; i++) {
            atomic_store_explicit(slc_ring_lap_at(ring, i), slc_ring_lap(ring, i), memory_order_relaxed);
        }
        ring->early += count;
        return;
    }
    while (ring->early > 0 && atomic_load_explicit(slc_ring_lap_at(ring, end), memory_order_relaxed) ==
                                  slc_ring_lap(ring, end)) {
        end++;
        ring->early--;
    }
    ring->published_own = end;
    STORE_VISIBLY(ring, &ring->published.value, end);
}

/* Many producers: a lap on each slot, from the last to the first. A consumer that sees the first then
 * sees them all; and since it can only be waiting for the first, only that store has to be in the one
 * order of sleep and wake. */
static void publish_multi(slc_ring_t *ring, uint64_t first, uint64_t count)
{
    for (uint64_t i = first + count - 1; i > first; i--) {
        /* Relaxed: a consumer comes here only from the first, whose store below releases them all. */
        atomic_store_explicit(slc_ring_lap_at(ring, i), slc_ring_lap(ring, i), memory_order_relaxed);
    }
    STORE_VISIBLY(ring, slc_ring_lap_at(ring, first), slc_ring_lap(ring, first));
}

void slc_ring_publish_quietly(slc_ring_t *ring, uint64_t first, uint64_t count)
{
    SLC_CHECK(count > 0 && count <= ring->slots.mask + 1);
    if (ring->producers == SLC_PRODUCER_SINGLE) {
        publish_single(ring, first, count);
    } else {
        publish_multi(ring, first, count);
    }
}

void slc_ring_announce(slc_ring_t *ring)
{
    if (ring->wait == SLC_WAIT_SLEEP) {
        slc_sequence_wake_sleepers(&ring->published);
    }
}

bool slc_ring_is_slept_on(const slc_ring_t *ring)
{
    return slc_sequence_is_slept_on(&ring->published);
}

void slc_ring_publish(slc_ring_t *ring, uint64_t first, uint64_t count)
{
    slc_ring_publish_quietly(ring, first, count);
    slc_ring_announce(ring);
}
