/* A ring's life: memory, consumers, gates. What happens in between is in claim.c, publish.c and
 * consumer.c, its end in close.c.
 *
 * All memory is allocated and touched at creation: a page fault under load would be a pause. */
#include "disruptor/ring.h"

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SLOTS_MAX (UINT64_C(1) << 32)
#define SLOT_BYTES_MIN 8
#define SLOT_BYTES_MAX (UINT64_C(1) << 20)
#define HUGE_PAGE_BYTES (UINT64_C(1) << 21)
#define YIELDS 8
#define SPINS_DEFAULT 200 /* some microseconds: about what a sleep and a wake would cost */

static_assert(SLOTS_MAX <= SIZE_MAX / SLOT_BYTES_MAX, "the size of a ring fits a size_t");

/* Zeroed, hence touched; from huge pages where that pays and the system agrees. NULL: no memory. */
static void *allocate_touched(size_t bytes)
{
    size_t unit = bytes >= HUGE_PAGE_BYTES ? HUGE_PAGE_BYTES : SLC_LINE_PAIR_BYTES;
    size_t rounded = slc_round_up(bytes, unit);
    void *memory = aligned_alloc(unit, rounded);
    if (memory == NULL) {
        return NULL;
    }
    if (unit == HUGE_PAGE_BYTES) {
        (void)madvise(memory, rounded, MADV_HUGEPAGE); /* advice: refused, small pages do as well */
    }
    memset(memory, 0, rounded);
    return memory;
}

static slc_err_t check_config(const slc_ring_config_t *config, slc_error_t *ret_error)
{
    if (config->slots < 2 || config->slots > SLOTS_MAX || (config->slots & (config->slots - 1)) != 0) {
        return slc_error_set(ret_error, SLC_ERR_USAGE,
                             "a ring of %llu slots: give a power of two, 2 to 2^32",
                             (unsigned long long)config->slots);
    }
    if (config->slot_bytes < SLOT_BYTES_MIN || config->slot_bytes > SLOT_BYTES_MAX) {
        return slc_error_set(ret_error, SLC_ERR_USAGE, "a ring with slots of %zu bytes: give 8 to 2^20",
                             config->slot_bytes);
    }
    if ((unsigned)config->producers > SLC_PRODUCER_MULTI || (unsigned)config->wait > SLC_WAIT_SLEEP) {
        return slc_error_set(ret_error, SLC_ERR_USAGE,
                             "a ring with producers %d and wait %d: see slc_producers_t and slc_wait_t",
                             (int)config->producers, (int)config->wait);
    }
    return SLC_OK;
}

slc_ring_t *slc_ring_create(const slc_ring_config_t *config, slc_error_t *ret_error)
{
    if (check_config(config, ret_error) != SLC_OK) {
        return NULL;
    }
    size_t slot_bytes = slc_round_up(config->slot_bytes, SLOT_BYTES_MIN);
    slc_ring_t *ring = allocate_touched(sizeof *ring);
    if (ring != NULL) {
        ring->slots.first = allocate_touched(config->slots * slot_bytes);
    }
    if (ring != NULL && ring->slots.first != NULL) { /* not touched in vain */
        ring->laps = allocate_touched(config->slots * sizeof *ring->laps);
    }
    if (ring == NULL || ring->laps == NULL) {
        slc_ring_destroy(ring);
        (void)slc_error_set(ret_error, SLC_ERR_NO_MEMORY,
                            "no memory for a ring of %llu slots of %zu bytes: make it smaller",
                            (unsigned long long)config->slots, slot_bytes);
        return NULL;
    }
    ring->slots.mask = config->slots - 1;
    ring->lap_shift = (uint32_t)__builtin_ctzll(config->slots);
    ring->slots.bytes = slot_bytes;
    ring->producers = config->producers;
    ring->plain_claims = config->producers == SLC_PRODUCER_SINGLE && slc_close_allows_plain_claims();
    ring->wait = config->wait;
    ring->spins = config->spins != 0 ? config->spins : SPINS_DEFAULT;
    ring->yields = YIELDS;
    for (uint64_t i = 0; i < config->slots; i++) {
        atomic_init(&ring->laps[i], UINT32_MAX); /* the lap before the first */
    }
    atomic_init(&ring->closing, false);
    atomic_init(&ring->end, SLC_END_OPEN);
    atomic_init(&ring->claim, 0);
    atomic_init(&ring->room_end,
                0); /* the first claim looks at the gates, and finds out if there are none */
    slc_sequence_init(&ring->published, 0);
    return ring;
}

void slc_ring_destroy(slc_ring_t *ring)
{
    if (ring == NULL) {
        return;
    }
    while (ring->consumers != NULL) {
        slc_consumer_t *consumer = ring->consumers;
        ring->consumers = consumer->next_in_ring;
        free(consumer);
    }
    free((void *)ring->gates);
    free(ring->laps);
    free(ring->slots.first);
    free(ring);
}

/* Where a consumer that comes late begins: with what is published next, or beside the slowest that it
 * comes after, whose unseen slots are still protected. */
static uint64_t first_sequence(const slc_ring_t *ring, slc_consumer_t *const *after, size_t count)
{
    uint64_t first = slc_ring_claimed(ring);
    for (size_t i = 0; i < count; i++) {
        SLC_CHECK(after[i]->ring == ring);
        uint64_t sequence = slc_consumer_sequence(after[i]);
        first = sequence < first ? sequence : first;
    }
    return first;
}

slc_consumer_t *slc_consumer_create(slc_ring_t *ring, slc_consumer_t *const *after, size_t count,
                                    slc_error_t *ret_error)
{
    /* A place among the gates for each consumer, so that slc_ring_gate can't fail. */
    slc_sequence_t **gates =
        realloc((void *)ring->gates, (ring->consumer_count + 1) * sizeof(slc_sequence_t *));
    if (gates == NULL) {
        (void)slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory for a consumer of a ring");
        return NULL;
    }
    ring->gates = gates;
    slc_consumer_t *consumer = allocate_touched(sizeof *consumer + count * sizeof(slc_sequence_t *));
    if (consumer == NULL) {
        (void)slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory for a consumer of a ring");
        return NULL;
    }
    consumer->ring = ring;
    consumer->next = first_sequence(ring, after, count);
    consumer->limit = consumer->next;
    slc_sequence_init(&consumer->progress, consumer->next);
    atomic_init(&consumer->woken, false);
    consumer->after_count = count;
    for (size_t i = 0; i < count; i++) {
        consumer->after[i] = &after[i]->progress;
    }
    consumer->next_in_ring = ring->consumers;
    ring->consumers = consumer;
    ring->consumer_count++;
    return consumer;
}

void slc_ring_gate(slc_ring_t *ring, slc_consumer_t *consumer)
{
    SLC_CHECK(consumer->ring == ring);
    for (size_t i = 0; i < ring->gate_count; i++) {
        if (ring->gates[i] == &consumer->progress) {
            return;
        }
    }
    SLC_CHECK(ring->gate_count < ring->consumer_count);
    ring->gates[ring->gate_count++] = &consumer->progress;
    /* What was known of the room was known without this gate. */
    atomic_store_explicit(&ring->room_end, 0, memory_order_relaxed);
}

uint64_t slc_ring_claimed(const slc_ring_t *ring)
{
    /* Relaxed: a number to look at; no slot may be touched on the strength of it. */
    return atomic_load_explicit(&ring->claim, memory_order_relaxed) & ~SLC_CLAIM_CLOSED;
}

uint64_t slc_ring_slots(const slc_ring_t *ring)
{
    return ring->slots.mask + 1;
}
