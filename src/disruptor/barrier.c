/* Barriers: how far a consumer may see, and how far producers may go. Both are a minimum over sequences
 * of others; the callers keep the result and come back only when they have used it up or want more. */
#include "disruptor/ring.h"

#include "base/check.h"

static uint64_t slowest_of(slc_sequence_t *const *sequences, size_t count, slc_sequence_t **ret_slowest)
{
    uint64_t minimum = UINT64_MAX;
    for (size_t i = 0; i < count; i++) {
        uint64_t value = slc_sequence_value(sequences[i]);
        if (value < minimum) {
            minimum = value;
            *ret_slowest = sequences[i];
        }
    }
    return minimum;
}

/* Multi-producer mode: goes on from where the last look ended, slot by slot, until one of them still
 * carries an earlier lap. It ends by itself after N slots: behind them lies the first slot again. */
static uint64_t published_by_lap(const slc_ring_t *ring, uint64_t from)
{
    uint64_t sequence = from;
    /* Acquire, to see the slot as its producer left it; seq_cst, since this is also the look that a
     * would-be sleeper takes (sequence.h). */
    while (atomic_load_explicit(slc_ring_lap_at(ring, sequence), memory_order_seq_cst) ==
           slc_ring_lap(ring, sequence)) {
        sequence++;
    }
    return sequence;
}

uint64_t slc_barrier_limit(slc_consumer_t *consumer, slc_sequence_t **ret_slowest)
{
    slc_ring_t *ring = consumer->ring;
    if (consumer->after_count > 0) {
        consumer->limit = slowest_of(consumer->after, consumer->after_count, ret_slowest);
    } else {
        *ret_slowest = &ring->published;
        consumer->limit = ring->producers == SLC_PRODUCER_SINGLE
                              ? slc_sequence_value(&ring->published)
                              : published_by_lap(ring, consumer->limit);
    }
    SLC_DEBUG_ASSERT(consumer->limit - consumer->next <= ring->slots.mask + 1);
    return consumer->limit;
}

bool slc_barrier_is_behind(slc_consumer_t *consumer, slc_sequence_t **ret_slowest)
{
    slc_ring_t *ring = consumer->ring;
    /* seq_cst: a look before a sleep; who polls for this thread stores it so, too. */
    uint64_t at = slc_sequence_value(&consumer->progress);
    if (consumer->after_count > 0) {
        return slowest_of(consumer->after, consumer->after_count, ret_slowest) > at;
    }
    *ret_slowest = &ring->published;
    if (ring->producers == SLC_PRODUCER_SINGLE) {
        return slc_sequence_value(&ring->published) > at;
    }
    /* As in published_by_lap: acquire for the slot, seq_cst for the sleep. */
    return atomic_load_explicit(slc_ring_lap_at(ring, at), memory_order_seq_cst) ==
           slc_ring_lap(ring, at);
}

uint64_t slc_barrier_gate(const slc_ring_t *ring, slc_sequence_t **ret_slowest)
{
    SLC_CHECK(ring->gate_count > 0); /* without a gate, producers would overwrite what nobody has read */
    return slowest_of(ring->gates, ring->gate_count, ret_slowest);
}
