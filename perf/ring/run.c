#include "run.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PING_PONG_SLOTS 64u
#define NS_PER_S 1e9

/* Every word of a slot carries the event's number, and every station adds up all that it sees. */
typedef struct station {
    slc_ring_t *ring;
    slc_consumer_t *consumer;
    size_t words;
    uint64_t sum;
    pthread_barrier_t *start;
    char padding[128]; /* the next station's sum is another thread's */
} station_t;

typedef struct producer {
    slc_ring_t *ring;
    size_t words;
    uint64_t batch;
    uint64_t first; /* numbers first .. first + events - 1 */
    uint64_t events;
    pthread_barrier_t *start;
} producer_t;

void run_failed(const char *what)
{
    (void)fprintf(stderr, "ring: %s\n", what);
    exit(1);
}

static double now_ns(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        run_failed("no monotonic clock");
    }
    return (double)now.tv_sec * NS_PER_S + (double)now.tv_nsec;
}

static slc_ring_t *new_ring(uint64_t slots, size_t slot_bytes, unsigned producers, slc_wait_t wait)
{
    slc_error_t error = {0};
    slc_ring_t *ring = slc_ring_create(
        &(slc_ring_config_t){.slots = slots,
                             .slot_bytes = slot_bytes,
                             .producers = producers > 1 ? SLC_PRODUCER_MULTI : SLC_PRODUCER_SINGLE,
                             .wait = wait},
        &error);
    if (ring == NULL) {
        run_failed(error.message);
    }
    return ring;
}

static slc_consumer_t *new_consumer(slc_ring_t *ring, slc_consumer_t *const *after, size_t count)
{
    slc_error_t error = {0};
    slc_consumer_t *consumer = slc_consumer_create(ring, after, count, &error);
    if (consumer == NULL) {
        run_failed(error.message);
    }
    return consumer;
}

static pthread_t start_thread(void *(*function)(void *), void *argument)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, function, argument) != 0) {
        run_failed("no thread");
    }
    return thread;
}

/* Behind it, all are running. */
static void start_together(pthread_barrier_t *start)
{
    int result = pthread_barrier_wait(start);
    if (result != 0 && result != PTHREAD_BARRIER_SERIAL_THREAD) {
        run_failed("no barrier");
    }
}

static inline int64_t add_up_words(station_t *station, uint64_t first, uint64_t count, size_t words)
{
    uint64_t sum = 0;
    for (uint64_t i = first; i < first + count; i++) {
        const uint64_t *slot = slc_ring_slot(station->ring, i);
        for (size_t word = 0; word < words; word++) {
            sum += slot[word];
        }
    }
    station->sum += sum;
    return (int64_t)count;
}

/* Of a size known to the compiler, as it is to a user of a ring. */
static int64_t add_up(void *context, uint64_t first, uint64_t count)
{
    station_t *station = context;
    return station->words == 1 ? add_up_words(station, first, count, 1)
                               : add_up_words(station, first, count, 8);
}

static void *consume(void *argument)
{
    station_t *station = argument;
    start_together(station->start);
    if (slc_consumer_run(station->consumer, add_up, station) != 0) {
        run_failed("a consumer stopped");
    }
    return NULL;
}

static inline void fill(uint64_t *slot, uint64_t number, size_t words)
{
    for (size_t word = 0; word < words; word++) {
        slot[word] = number;
    }
}

static void *produce(void *argument)
{
    const producer_t *producer = argument;
    uint64_t number = producer->first;
    start_together(producer->start);
    for (uint64_t sent = 0; sent < producer->events; sent += producer->batch) {
        uint64_t first = 0;
        if (!slc_ring_claim(producer->ring, producer->batch, &first)) {
            run_failed("a claim failed");
        }
        for (uint64_t i = first; i < first + producer->batch; i++, number++) {
            fill(slc_ring_slot(producer->ring, i), number, producer->words);
        }
        slc_ring_publish(producer->ring, first, producer->batch);
    }
    return NULL;
}

/* Makes the stations of a shape; the last one gates. Answers their number. */
static unsigned make_stations(slc_ring_t *ring, shape_t shape, station_t stations[STATIONS_MAX])
{
    unsigned count = shape == SHAPE_ONE ? 1 : 3;
    slc_consumer_t *made[STATIONS_MAX] = {NULL};
    for (unsigned i = 0; i < count; i++) {
        unsigned first_after = shape == SHAPE_PIPELINE && i > 0 ? i - 1 : 0;
        unsigned after_count = shape == SHAPE_PIPELINE ? i > 0 : (i == 2 ? 2 : 0);
        made[i] = new_consumer(ring, made + first_after, after_count);
        stations[i].consumer = made[i];
    }
    slc_ring_gate(ring, made[count - 1]);
    return count;
}

static void expect_sum(uint64_t sum, uint64_t events, size_t words)
{
    if (sum != events * (events - 1) / 2 * words) {
        run_failed("a wrong sum: events were lost, doubled or torn");
    }
}

static double run_throughput(const scenario_t *scenario, size_t slot_bytes, slc_wait_t wait,
                             uint64_t events)
{
    static station_t stations[STATIONS_MAX];
    producer_t producers[PRODUCERS_MAX];
    pthread_t threads[STATIONS_MAX + PRODUCERS_MAX];
    pthread_barrier_t start;
    const size_t words = slot_bytes / sizeof(uint64_t);
    const uint64_t each = (events / scenario->producers / scenario->batch + 1) * scenario->batch;
    memset(stations, 0, sizeof stations);
    slc_ring_t *ring = new_ring(SLOTS, slot_bytes, scenario->producers, wait);
    const unsigned station_count = make_stations(ring, scenario->shape, stations);
    if (pthread_barrier_init(&start, NULL, station_count + scenario->producers + 1) != 0) {
        run_failed("no barrier");
    }
    for (unsigned i = 0; i < station_count; i++) {
        stations[i].ring = ring;
        stations[i].words = words;
        stations[i].start = &start;
        threads[i] = start_thread(consume, &stations[i]);
    }
    for (unsigned i = 0; i < scenario->producers; i++) {
        producers[i] = (producer_t){.ring = ring,
                                    .words = words,
                                    .batch = scenario->batch,
                                    .first = i * each,
                                    .events = each,
                                    .start = &start};
        threads[station_count + i] = start_thread(produce, &producers[i]);
    }
    start_together(&start);
    double before = now_ns();
    for (unsigned i = 0; i < scenario->producers; i++) {
        (void)pthread_join(threads[station_count + i], NULL);
    }
    slc_ring_close(ring);
    for (unsigned i = 0; i < station_count; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    double seconds = (now_ns() - before) / NS_PER_S;
    for (unsigned i = 0; i < station_count; i++) {
        expect_sum(stations[i].sum, each * scenario->producers, words);
    }
    (void)pthread_barrier_destroy(&start);
    slc_ring_destroy(ring);
    return (double)(each * scenario->producers) / seconds;
}

/* ---- ping-pong ---- */

typedef struct pong {
    slc_ring_t *there;
    slc_consumer_t *arriving;
    slc_ring_t *back;
    size_t slot_bytes;
    char padding[128]; /* what lies behind it is another thread's */
} pong_t;

static int64_t send_back(void *context, uint64_t first, uint64_t count)
{
    const pong_t *pong = context;
    for (uint64_t i = first; i < first + count; i++) {
        uint64_t sequence = 0;
        if (!slc_ring_claim(pong->back, 1, &sequence)) {
            run_failed("a claim failed");
        }
        memcpy(slc_ring_slot(pong->back, sequence), slc_ring_slot(pong->there, i), pong->slot_bytes);
        slc_ring_publish(pong->back, sequence, 1);
    }
    return (int64_t)count;
}

static void *answer(void *argument)
{
    pong_t *pong = argument;
    if (slc_consumer_run(pong->arriving, send_back, pong) != 0) {
        run_failed("a consumer stopped");
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static double run_ping_pong(size_t slot_bytes, slc_wait_t wait, uint64_t events)
{
    const uint64_t rounds = events;
    double *times_ns = calloc(rounds, sizeof *times_ns);
    if (times_ns == NULL) {
        run_failed("no memory");
    }
    /* Each on lines of its own: this thread adds up in one while the other reads the other, and where the
     * stack happened to put them on one line a round trip took half as long again. */
    alignas(128) pong_t pong = {.there = new_ring(PING_PONG_SLOTS, slot_bytes, 1, wait),
                                .back = new_ring(PING_PONG_SLOTS, slot_bytes, 1, wait),
                                .slot_bytes = slot_bytes};
    pong.arriving = new_consumer(pong.there, NULL, 0);
    slc_ring_gate(pong.there, pong.arriving);
    alignas(128) station_t home = {.ring = pong.back,
                                   .consumer = new_consumer(pong.back, NULL, 0),
                                   .words = slot_bytes / sizeof(uint64_t)};
    slc_ring_gate(pong.back, home.consumer);
    pthread_t thread = start_thread(answer, &pong);
    for (uint64_t round = 0; round < rounds; round++) {
        double before = now_ns();
        uint64_t sequence = 0;
        if (!slc_ring_claim(pong.there, 1, &sequence)) {
            run_failed("a claim failed");
        }
        fill(slc_ring_slot(pong.there, sequence), round, home.words);
        slc_ring_publish(pong.there, sequence, 1);
        while (slc_consumer_poll(home.consumer, add_up, &home) == 0) {
            (void)slc_consumer_wait(home.consumer, UINT64_MAX);
        }
        times_ns[round] = now_ns() - before;
    }
    slc_ring_close(pong.there);
    (void)pthread_join(thread, NULL);
    expect_sum(home.sum, rounds, home.words);
    slc_ring_destroy(pong.there);
    slc_ring_destroy(pong.back);
    qsort(times_ns, rounds, sizeof *times_ns, compare);
    double median_ns = times_ns[rounds / 2];
    free(times_ns);
    return median_ns;
}

double run_scenario(const scenario_t *scenario, size_t slot_bytes, slc_wait_t wait, uint64_t events)
{
    return scenario->shape == SHAPE_PING_PONG ? run_ping_pong(slot_bytes, wait, events)
                                              : run_throughput(scenario, slot_bytes, wait, events);
}
