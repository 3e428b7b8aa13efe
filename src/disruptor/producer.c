/* Claim and publish.
 *
 * The happy path: the claim word is below `room_end`, so one compare-and-swap takes the slots; the caller
 * fills them; publish makes them visible, and rings only if somebody sleeps.
 *
 * What can go wrong:
 *   - no room as far as is known: look at the gates; still none: refuse, or wait for the slowest gate
 *   - closed: the bit in the claim word makes the compare-and-swap fail, whenever it came
 *   - published out of order: a consumer stops at the first slot that still carries an earlier lap */
#include "disruptor/ring.h"

#include "base/check.h"

/* Is there room up to `end`? Looks at the gates only if the last look does not tell. */
static bool has_room_to(slc_ring_t *ring, uint64_t end)
{
    /* Acquire: it may be another producer's look at the gates; to overwrite a slot, one must have seen
     * that the consumers are done with it, at first or at second hand. */
    if (end <= atomic_load_explicit(&ring->room_end, memory_order_acquire)) {
        return true;
    }
    slc_sequence_t *slowest = NULL;
    uint64_t room_end = slc_barrier_gate(ring, &slowest) + ring->mask + 1;
    /* Release: hands on what the loads of the gates acquired. */
    atomic_store_explicit(&ring->room_end, room_end, memory_order_release);
    return end <= room_end;
}

bool slc_ring_try_claim(slc_ring_t *ring, uint64_t count, uint64_t *ret_first)
{
    SLC_CHECK(count > 0 && count <= ring->mask + 1);
    /* Relaxed, all three: the numbers are handed out by the order of this one word alone. What may be
     * read or written with them is ordered by the gates, and by publish. */
    uint64_t claim = atomic_load_explicit(&ring->claim, memory_order_relaxed);
    do {
        if ((claim & SLC_CLAIM_CLOSED) != 0 || !has_room_to(ring, claim + count)) {
            return false;
        }
    } while (!atomic_compare_exchange_weak_explicit(&ring->claim, &claim, claim + count,
                                                    memory_order_relaxed, memory_order_relaxed));
    *ret_first = claim;
    return true;
}

uint64_t slc_ring_room(slc_ring_t *ring)
{
    uint64_t claim = atomic_load_explicit(&ring->claim, memory_order_relaxed);
    if ((claim & SLC_CLAIM_CLOSED) != 0 || !has_room_to(ring, claim + 1)) {
        return 0;
    }
    uint64_t room_end = atomic_load_explicit(&ring->room_end, memory_order_relaxed);
    return room_end > claim ? room_end - claim : 0; /* another producer may just have put it back */
}

typedef struct claim_wait {
    slc_ring_t *ring;
    uint64_t count;
} claim_wait_t;

static bool claim_may_succeed(void *context, slc_sequence_t **ret_slowest)
{
    const claim_wait_t *wait = context;
    uint64_t gate = slc_barrier_gate(wait->ring, ret_slowest);
    /* seq_cst: the look before a sleep; close sets the bit, then looks for sleepers. */
    uint64_t claim = atomic_load_explicit(&wait->ring->claim, memory_order_seq_cst);
    return (claim & SLC_CLAIM_CLOSED) != 0 || claim + wait->count <= gate + wait->ring->mask + 1;
}

bool slc_ring_claim(slc_ring_t *ring, uint64_t count, uint64_t *ret_first)
{
    claim_wait_t wait = {.ring = ring, .count = count};
    const slc_wait_plan_t plan = {
        .strategy = ring->wait,
        .spins = ring->spins,
        .over = claim_may_succeed,
        .context = &wait,
    };
    while (!slc_ring_try_claim(ring, count, ret_first)) {
        /* Relaxed: once closed, always closed; seen late, the wait below sees it. */
        if ((atomic_load_explicit(&ring->claim, memory_order_relaxed) & SLC_CLAIM_CLOSED) != 0) {
            return false;
        }
        (void)slc_wait(&plan, UINT64_MAX);
    }
    return true;
}

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
    if (first != ring->published_end) {
        SLC_CHECK(first > ring->published_end);
        /* Relaxed: only this thread reads laps in this mode. */
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
    ring->published_end = end;
    STORE_VISIBLY(ring, &ring->published.value, end);
}

/* Many producers: a lap on each slot, from the last to the first. A consumer that sees the first then
 * sees them all; and since it can only be waiting for the first, only that store has to be in the one
 * order of sleep and wake. */
static void publish_multi(slc_ring_t *ring, uint64_t first, uint64_t count)
{
    for (uint64_t i = first + count - 1; i > first; i--) {
        /* Release: who sees the lap sees the slot. */
        atomic_store_explicit(slc_ring_lap_at(ring, i), slc_ring_lap(ring, i), memory_order_release);
    }
    STORE_VISIBLY(ring, slc_ring_lap_at(ring, first), slc_ring_lap(ring, first));
}

void slc_ring_publish(slc_ring_t *ring, uint64_t first, uint64_t count)
{
    SLC_CHECK(count > 0 && count <= ring->mask + 1);
    if (ring->producers == SLC_PRODUCER_SINGLE) {
        publish_single(ring, first, count);
    } else {
        publish_multi(ring, first, count);
    }
    if (ring->wait == SLC_WAIT_SLEEP) {
        slc_sequence_wake_sleepers(&ring->published);
    }
}
