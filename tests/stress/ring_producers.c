/* One to eight producers, two consumers that both see everything, small rings that wrap all the time.
 *
 * Forbidden: an event lost, doubled, or handed over out of its ring order; events of one producer out of
 * their order; a slot seen before its producer had filled it; a slot overwritten (lapped) before both
 * consumers had passed it. Under ThreadSanitizer also: any access to a slot that is not ordered. */
#include "ring_stress.h"

#include <string.h>

#define PRODUCERS_MAX 8
#define CONSUMERS 2
#define EVENTS_PERCENT 50

typedef struct shape {
    slc_producers_t mode;
    uint32_t producers;
    uint32_t slots;
    uint32_t claim_max; /* slots in one claim */
    slc_wait_t wait;
} shape_t;

static const shape_t shapes[] = {
    {SLC_PRODUCER_SINGLE, 1, 2, 1, SLC_WAIT_YIELD},   {SLC_PRODUCER_SINGLE, 1, 64, 64, SLC_WAIT_SLEEP},
    {SLC_PRODUCER_SINGLE, 1, 1024, 7, SLC_WAIT_SPIN}, {SLC_PRODUCER_MULTI, 1, 16, 5, SLC_WAIT_SLEEP},
    {SLC_PRODUCER_MULTI, 2, 2, 2, SLC_WAIT_YIELD},    {SLC_PRODUCER_MULTI, 2, 256, 9, SLC_WAIT_SLEEP},
    {SLC_PRODUCER_MULTI, 3, 64, 3, SLC_WAIT_SLEEP},   {SLC_PRODUCER_MULTI, 4, 32, 8, SLC_WAIT_YIELD},
    {SLC_PRODUCER_MULTI, 8, 64, 1, SLC_WAIT_SLEEP},   {SLC_PRODUCER_MULTI, 8, 1024, 16, SLC_WAIT_YIELD},
};
#define SHAPES (sizeof shapes / sizeof *shapes)

typedef struct slot {
    uint64_t sequence; /* of this slot, this lap */
    uint64_t number;   /* of the event, among those of its producer */
    uint64_t producer;
    uint64_t sum; /* of the three */
} slot_t;

typedef struct producer {
    slc_ring_t *ring;
    const shape_t *shape;
    uint64_t index;
    uint64_t events;
    uint64_t random;
} producer_t;

typedef struct consumer {
    slc_ring_t *ring;
    slc_consumer_t *consumer;
    uint64_t next;
    uint64_t next_number[PRODUCERS_MAX];
    uint64_t random;
} consumer_t;

static _Atomic uint64_t moved;

static uint64_t sum_of(const slot_t *slot)
{
    return slot->sequence * 3 + slot->number * 5 + slot->producer * 7;
}

/* In one go, or slot by slot from either end. */
static void publish_somehow(producer_t *producer, uint64_t first, uint64_t count)
{
    switch (stress_random(&producer->random) % 3) {
    case 0:
        slc_ring_publish(producer->ring, first, count);
        break;
    case 1:
        for (uint64_t i = 0; i < count; i++) {
            slc_ring_publish(producer->ring, first + i, 1);
        }
        break;
    default:
        for (uint64_t i = count; i > 0; i--) {
            slc_ring_publish(producer->ring, first + i - 1, 1);
        }
    }
}

static void *produce(void *argument)
{
    producer_t *producer = argument;
    for (uint64_t number = 0; number < producer->events;) {
        uint64_t count = 1 + stress_random(&producer->random) % producer->shape->claim_max;
        count = count < producer->events - number ? count : producer->events - number;
        uint64_t first = 0;
        if (!slc_ring_try_claim(producer->ring, count, &first)) {
            STRESS_EXPECT(slc_ring_claim(producer->ring, count, &first),
                          "a claim failed on an open ring");
        }
        for (uint64_t i = 0; i < count; i++) {
            slot_t *slot = slc_ring_slot(producer->ring, first + i);
            *slot = (slot_t){.sequence = first + i, .number = number++, .producer = producer->index};
            slot->sum = sum_of(slot);
        }
        publish_somehow(producer, first, count);
    }
    return NULL;
}

static int64_t check(void *context, uint64_t first, uint64_t count)
{
    consumer_t *consumer = context;
    STRESS_EXPECT(first == consumer->next, "handed over %llu instead of %llu", (unsigned long long)first,
                  (unsigned long long)consumer->next);
    /* Now and then it is not done with all of them, or with none. */
    uint64_t done = stress_random(&consumer->random) % 8 == 0 ? count / 2 : count;
    for (uint64_t i = first; i < first + done; i++) {
        const slot_t *slot = slc_ring_slot(consumer->ring, i);
        slot_t copy = *slot;
        STRESS_EXPECT(copy.sequence == i, "slot %llu holds %llu: lapped, or not yet filled",
                      (unsigned long long)i, (unsigned long long)copy.sequence);
        STRESS_EXPECT(copy.sum == sum_of(&copy) && copy.producer < PRODUCERS_MAX, "slot %llu is torn",
                      (unsigned long long)i);
        STRESS_EXPECT(copy.number == consumer->next_number[copy.producer],
                      "producer %llu: event %llu instead of %llu", (unsigned long long)copy.producer,
                      (unsigned long long)copy.number,
                      (unsigned long long)consumer->next_number[copy.producer]);
        consumer->next_number[copy.producer]++;
    }
    consumer->next += done;
    atomic_fetch_add_explicit(&moved, done, memory_order_relaxed);
    return (int64_t)done;
}

static void *consume(void *argument)
{
    consumer_t *consumer = argument;
    STRESS_EXPECT(slc_consumer_run(consumer->consumer, check, consumer) == 0, "a run failed");
    return NULL;
}

static void run_shape(const shape_t *shape, uint64_t events, uint64_t seed)
{
    slc_ring_t *ring = stress_ring(&(slc_ring_config_t){.slots = shape->slots,
                                                        .slot_bytes = sizeof(slot_t),
                                                        .producers = shape->mode,
                                                        .wait = shape->wait,
                                                        .spins = 20});
    consumer_t consumers[CONSUMERS];
    producer_t producers[PRODUCERS_MAX];
    pthread_t threads[CONSUMERS + PRODUCERS_MAX];
    for (uint32_t i = 0; i < CONSUMERS; i++) {
        consumers[i] = (consumer_t){.ring = ring,
                                    .consumer = stress_consumer(ring, NULL, 0),
                                    .random = stress_seed(seed + 100 + i)};
        slc_ring_gate(ring, consumers[i].consumer);
    }
    for (uint32_t i = 0; i < CONSUMERS; i++) {
        threads[i] = stress_start(consume, &consumers[i]);
    }
    uint64_t each = events / shape->producers;
    for (uint32_t i = 0; i < shape->producers; i++) {
        producers[i] = (producer_t){.ring = ring,
                                    .shape = shape,
                                    .index = i,
                                    .events = each,
                                    .random = stress_seed(seed + 1 + i)};
        threads[CONSUMERS + i] = stress_start(produce, &producers[i]);
    }
    for (uint32_t i = 0; i < shape->producers; i++) {
        stress_join(threads[CONSUMERS + i]);
    }
    slc_ring_close(ring);
    for (uint32_t i = 0; i < CONSUMERS; i++) {
        stress_join(threads[i]);
        for (uint32_t j = 0; j < shape->producers; j++) {
            STRESS_EXPECT(consumers[i].next_number[j] == each, "producer %u: %llu events of %llu arrived",
                          j, (unsigned long long)consumers[i].next_number[j], (unsigned long long)each);
        }
    }
    slc_ring_destroy(ring);
}

int main(int argc, char **argv)
{
    uint64_t events = stress_events(argc, argv, EVENTS_PERCENT) / SHAPES + PRODUCERS_MAX;
    for (size_t i = 0; i < SHAPES; i++) {
        stress_watch(&moved, "producers");
        run_shape(&shapes[i], events, 1000 * i + 1);
    }
    stress_tell(events * SHAPES, "by one to eight producers");
    return 0;
}
