/* The ring as a library: prices go to two stations side by side, and to a third one behind both. */
#include <sluice/disruptor.h>

#include <pthread.h>
#include <stdio.h>

typedef struct event {
    uint64_t price, doubled, squared;
} event_t;

static slc_ring_t *ring;
static uint64_t total;

/* A handler has the slots [first, first + count) to itself until it returns; its thread runs THE loop. */
#define STATION(name, statement)                                                                         \
    static int64_t name##_batch(void *context, uint64_t first, uint64_t count)                           \
    {                                                                                                    \
        (void)context;                                                                                   \
        for (uint64_t i = first; i < first + count; i++) {                                               \
            event_t *event = slc_ring_slot(ring, i);                                                     \
            statement;                                                                                   \
        }                                                                                                \
        return (int64_t)count;                                                                           \
    }                                                                                                    \
    static void *name(void *consumer)                                                                    \
    {                                                                                                    \
        return slc_consumer_run(consumer, name##_batch, NULL) == 0 ? consumer : NULL;                    \
    }
STATION(doubler, event->doubled = 2 * event->price)
STATION(squarer, event->squared = event->price * event->price)
STATION(adder, total += event->doubled + event->squared)

int main(void)
{
    slc_ring_config_t config = {.slots = 1024, .slot_bytes = sizeof(event_t), .wait = SLC_WAIT_SLEEP};
    ring = slc_ring_create(&config, NULL);
    slc_consumer_t *a = slc_consumer_create(ring, NULL, 0, NULL);
    slc_consumer_t *b = slc_consumer_create(ring, NULL, 0, NULL);
    slc_consumer_t *c = slc_consumer_create(ring, (slc_consumer_t *[]){a, b}, 2, NULL);
    slc_ring_gate(ring, c);
    pthread_t threads[3];
    (void)pthread_create(&threads[0], NULL, doubler, a);
    (void)pthread_create(&threads[1], NULL, squarer, b);
    (void)pthread_create(&threads[2], NULL, adder, c);

    uint64_t expected = 0;
    uint64_t sequence = 0;
    for (uint64_t price = 0; price < 100000 && slc_ring_claim(ring, 1, &sequence); price++) {
        ((event_t *)slc_ring_slot(ring, sequence))->price = price;
        slc_ring_publish(ring, sequence, 1);
        expected += 2 * price + price * price;
    }
    slc_ring_close(ring); /* drained, then every loop ends */
    for (int i = 0; i < 3; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    slc_ring_destroy(ring);
    (void)printf("total %llu, expected %llu\n", (unsigned long long)total, (unsigned long long)expected);
    return total == expected && expected > 0 ? 0 : 1;
}
