/* A pipeline of three and a diamond, each station on a thread of its own.
 *
 * Forbidden: a station sees a slot before all the stations that it comes after have written their part;
 * the producer reuses a slot before the last station is done; anything lost, doubled or out of order.
 * Under ThreadSanitizer also: any access to a slot that is not ordered. */
#include "ring_stress.h"

#define STATIONS_MAX 4
#define EVENTS_PERCENT 40

/* Every station adds its own mark; the marks of the lap before are still there, and are wrong now. */
typedef struct slot {
    uint64_t value;
    uint64_t marks[STATIONS_MAX];
} slot_t;

typedef struct station {
    const char *name;
    uint32_t after[STATIONS_MAX];
    uint32_t after_count;
} station_t;

typedef struct graph {
    station_t stations[STATIONS_MAX];
    uint32_t count; /* the last one gates */
    slc_producers_t mode;
    slc_wait_t wait;
    uint64_t slots;
} graph_t;

#define PIPELINE                                                                                         \
    {                                                                                                    \
        {.name = "first"}, {.name = "second", .after = {0}, .after_count = 1},                           \
        {                                                                                                \
            .name = "third", .after = {1}, .after_count = 1                                              \
        }                                                                                                \
    }
#define DIAMOND                                                                                          \
    {                                                                                                    \
        {.name = "top"}, {.name = "left", .after = {0}, .after_count = 1},                               \
            {.name = "right", .after = {0}, .after_count = 1},                                           \
        {                                                                                                \
            .name = "bottom", .after = {1, 2}, .after_count = 2                                          \
        }                                                                                                \
    }

static const graph_t graphs[] = {
    {PIPELINE, 3, SLC_PRODUCER_SINGLE, SLC_WAIT_SLEEP, 16},
    {PIPELINE, 3, SLC_PRODUCER_MULTI, SLC_WAIT_YIELD, 1024},
    {DIAMOND, 4, SLC_PRODUCER_SINGLE, SLC_WAIT_YIELD, 4},
    {DIAMOND, 4, SLC_PRODUCER_MULTI, SLC_WAIT_SLEEP, 256},
};
#define GRAPHS (sizeof graphs / sizeof *graphs)

typedef struct worker {
    slc_ring_t *ring;
    slc_consumer_t *consumer;
    const station_t *station;
    uint32_t index;
    uint64_t next;
} worker_t;

static _Atomic uint64_t moved;

static uint64_t value_of(uint64_t sequence)
{
    return sequence * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t mark_of(uint64_t sequence, uint32_t station)
{
    return value_of(sequence) + station + 1;
}

static int64_t work(void *context, uint64_t first, uint64_t count)
{
    worker_t *worker = context;
    STRESS_EXPECT(first == worker->next, "%s: handed over %llu instead of %llu", worker->station->name,
                  (unsigned long long)first, (unsigned long long)worker->next);
    for (uint64_t i = first; i < first + count; i++) {
        slot_t *slot = slc_ring_slot(worker->ring, i);
        STRESS_EXPECT(slot->value == value_of(i), "%s: slot %llu lapped, or not yet filled",
                      worker->station->name, (unsigned long long)i);
        for (uint32_t j = 0; j < worker->station->after_count; j++) {
            uint32_t before = worker->station->after[j];
            STRESS_EXPECT(slot->marks[before] == mark_of(i, before),
                          "%s: overtook station %u at slot %llu", worker->station->name, before,
                          (unsigned long long)i);
        }
        slot->marks[worker->index] = mark_of(i, worker->index);
    }
    worker->next += count;
    atomic_fetch_add_explicit(&moved, count, memory_order_relaxed);
    return (int64_t)count;
}

static void *run(void *argument)
{
    worker_t *worker = argument;
    STRESS_EXPECT(slc_consumer_run(worker->consumer, work, worker) == 0, "a run failed");
    return NULL;
}

static void produce(slc_ring_t *ring, uint64_t events, uint64_t claim_max, uint64_t random)
{
    for (uint64_t sent = 0; sent < events;) {
        uint64_t first = 0;
        uint64_t count = 1 + stress_random(&random) % claim_max;
        STRESS_EXPECT(slc_ring_claim(ring, count, &first) && first == sent, "a wrong claim");
        for (uint64_t i = first; i < first + count; i++) {
            ((slot_t *)slc_ring_slot(ring, i))->value = value_of(i);
        }
        slc_ring_publish(ring, first, count);
        sent += count;
    }
}

static void run_graph(const graph_t *graph, uint64_t events, uint64_t seed)
{
    slc_ring_t *ring = stress_ring(&(slc_ring_config_t){.slots = graph->slots,
                                                        .slot_bytes = sizeof(slot_t),
                                                        .producers = graph->mode,
                                                        .wait = graph->wait,
                                                        .spins = 20});
    slc_consumer_t *consumers[STATIONS_MAX];
    worker_t workers[STATIONS_MAX];
    pthread_t threads[STATIONS_MAX];
    for (uint32_t i = 0; i < graph->count; i++) {
        const station_t *station = &graph->stations[i];
        slc_consumer_t *after[STATIONS_MAX];
        for (uint32_t j = 0; j < station->after_count; j++) {
            after[j] = consumers[station->after[j]];
        }
        consumers[i] = stress_consumer(ring, after, station->after_count);
        workers[i] = (worker_t){.ring = ring, .consumer = consumers[i], .station = station, .index = i};
    }
    slc_ring_gate(ring, consumers[graph->count - 1]);
    for (uint32_t i = 0; i < graph->count; i++) {
        threads[i] = stress_start(run, &workers[i]);
    }
    produce(ring, events, graph->slots / 4, stress_seed(seed));
    slc_ring_close(ring);
    for (uint32_t i = 0; i < graph->count; i++) {
        stress_join(threads[i]);
        STRESS_EXPECT(workers[i].next >= events && workers[i].next == workers[0].next,
                      "%s: saw %llu slots", workers[i].station->name,
                      (unsigned long long)workers[i].next);
    }
    slc_ring_destroy(ring);
}

int main(int argc, char **argv)
{
    uint64_t events = stress_events(argc, argv, EVENTS_PERCENT) / GRAPHS + 1;
    for (size_t i = 0; i < GRAPHS; i++) {
        stress_watch(&moved, "graph");
        run_graph(&graphs[i], events, 7919 * (i + 1));
    }
    stress_tell(events * GRAPHS, "through pipelines and diamonds");
    return 0;
}
