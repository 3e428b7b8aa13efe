/* The shapes that a queue can play, for the queues of other libraries: a queue hands each event to one
 * consumer, so these are one consumer behind one or more producers, and ping-pong. Written in what C and
 * C++ share, so that each library is compiled the way it wants to be.
 *
 * Who includes it defines queue_t, and
 *     queue_t *queue_new(unsigned producers, unsigned slots);      never NULL
 *     void queue_free(queue_t *queue);
 *     unsigned queue_put(queue_t *queue, const event_t *events, unsigned count);   how many had room
 *     unsigned queue_take(queue_t *queue, event_t *events, unsigned count);        how many there were
 * and calls serve() from main. WORDS, the size of an event in words, comes from the compiler's command
 * line.
 *
 * Requests and answers are those of build/perf/ring --serve. A queue has no way of waiting of its own: a
 * thread that has nothing to do spins, or (yield) spins 100 turns and then offers its core.
 * Threads: serve() starts those of a run, which are gone at its end. Failure: a sentence and exit 1. */
#ifndef SLC_PERF_RING_PEERS_QUEUE_H
#define SLC_PERF_RING_PEERS_QUEUE_H

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef WORDS
#define WORDS 1
#endif
#define SLOTS 65536u
#define PING_PONG_SLOTS 64u
#define BATCH_MAX 256u
#define PRODUCERS_MAX 3u
#define SPINS 100u

typedef struct event {
    uint64_t word[WORDS];
} event_t;

typedef struct queue queue_t;
static queue_t *queue_new(unsigned producers, unsigned slots);
static void queue_free(queue_t *queue);
static unsigned queue_put(queue_t *queue, const event_t *events, unsigned count);
static unsigned queue_take(queue_t *queue, event_t *events, unsigned count);

typedef struct side {
    queue_t *queue;
    queue_t *back; /* of a ping-pong */
    uint64_t first;
    uint64_t events;
    uint64_t sum;
    unsigned batch;
    bool yields;
    pthread_barrier_t *start;
    char padding[128];
} side_t;

static void fail(const char *what)
{
    (void)fprintf(stderr, "%s\n", what);
    exit(1);
}

static double now_ns(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        fail("no monotonic clock");
    }
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static inline void wait_a_turn(bool yields, unsigned *turns)
{
    if (yields && ++*turns > SPINS) {
        (void)sched_yield();
    } else {
        __builtin_ia32_pause();
    }
}

static inline void put_all(side_t *side, queue_t *queue, const event_t *events, unsigned count)
{
    unsigned turns = 0;
    for (unsigned done = 0; done < count;) {
        unsigned put = queue_put(queue, events + done, count - done);
        done += put;
        if (put == 0) {
            wait_a_turn(side->yields, &turns);
        }
    }
}

static inline unsigned take_some(side_t *side, queue_t *queue, event_t *events, unsigned count)
{
    unsigned turns = 0;
    for (;;) {
        unsigned taken = queue_take(queue, events, count);
        if (taken > 0) {
            return taken;
        }
        wait_a_turn(side->yields, &turns);
    }
}

static inline event_t numbered(uint64_t number)
{
    event_t event;
    for (unsigned i = 0; i < WORDS; i++) {
        event.word[i] = number;
    }
    return event;
}

static inline uint64_t sum_of(const event_t *events, unsigned count)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < count; i++) {
        for (unsigned j = 0; j < WORDS; j++) {
            sum += events[i].word[j];
        }
    }
    return sum;
}

static void expect_sum(uint64_t sum, uint64_t events)
{
    if (sum != events * (events - 1) / 2 * WORDS) {
        fail("a wrong sum: events were lost, doubled or torn");
    }
}

static void start_together(pthread_barrier_t *start)
{
    int result = pthread_barrier_wait(start);
    if (result != 0 && result != PTHREAD_BARRIER_SERIAL_THREAD) {
        fail("no barrier");
    }
}

static void *produce(void *argument)
{
    side_t *side = (side_t *)argument;
    event_t events[BATCH_MAX];
    start_together(side->start);
    for (uint64_t number = side->first; number < side->first + side->events;) {
        for (unsigned i = 0; i < side->batch; i++) {
            events[i] = numbered(number++);
        }
        put_all(side, side->queue, events, side->batch);
    }
    return NULL;
}

static void *consume(void *argument)
{
    side_t *side = (side_t *)argument;
    event_t events[BATCH_MAX];
    start_together(side->start);
    /* One by one takes one at a time: that is what the library offers for it. */
    for (uint64_t seen = 0; seen < side->events;) {
        unsigned taken = take_some(side, side->queue, events, side->batch);
        side->sum += sum_of(events, taken);
        seen += taken;
    }
    return NULL;
}

static pthread_t start_thread(void *(*function)(void *), side_t *side)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, function, side) != 0) {
        fail("no thread");
    }
    return thread;
}

static double run_throughput(unsigned producers, unsigned batch, bool yields, uint64_t events)
{
    static side_t sides[PRODUCERS_MAX + 1]; /* the consumer is the last */
    pthread_t threads[PRODUCERS_MAX + 1];
    pthread_barrier_t start;
    uint64_t each = (events / producers / batch + 1) * batch;
    queue_t *queue = queue_new(producers, SLOTS);
    if (pthread_barrier_init(&start, NULL, producers + 2) != 0) {
        fail("no barrier");
    }
    for (unsigned i = 0; i <= producers; i++) {
        memset(&sides[i], 0, sizeof sides[i]);
        sides[i].queue = queue;
        sides[i].first = i * each;
        sides[i].events = i < producers ? each : each * producers;
        sides[i].batch = batch;
        sides[i].yields = yields;
        sides[i].start = &start;
        threads[i] = start_thread(i < producers ? produce : consume, &sides[i]);
    }
    start_together(&start);
    double before = now_ns();
    for (unsigned i = 0; i <= producers; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    double seconds = (now_ns() - before) / 1e9;
    expect_sum(sides[producers].sum, each * producers);
    (void)pthread_barrier_destroy(&start);
    queue_free(queue);
    return (double)(each * producers) / seconds;
}

static void *send_back(void *argument)
{
    side_t *side = (side_t *)argument;
    event_t event;
    for (uint64_t i = 0; i < side->events; i++) {
        (void)take_some(side, side->queue, &event, 1);
        put_all(side, side->back, &event, 1);
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static double run_ping_pong(bool yields, uint64_t rounds)
{
    double *times_ns = (double *)calloc(rounds, sizeof *times_ns);
    if (times_ns == NULL) {
        fail("no memory");
    }
    static side_t home;
    memset(&home, 0, sizeof home);
    home.queue = queue_new(1, PING_PONG_SLOTS);
    home.back = queue_new(1, PING_PONG_SLOTS);
    home.events = rounds;
    home.yields = yields;
    pthread_t thread = start_thread(send_back, &home);
    uint64_t sum = 0;
    for (uint64_t i = 0; i < rounds; i++) {
        double before = now_ns();
        event_t event = numbered(i);
        put_all(&home, home.queue, &event, 1);
        (void)take_some(&home, home.back, &event, 1);
        times_ns[i] = now_ns() - before;
        sum += sum_of(&event, 1);
    }
    (void)pthread_join(thread, NULL);
    expect_sum(sum, rounds);
    queue_free(home.queue);
    queue_free(home.back);
    qsort(times_ns, rounds, sizeof *times_ns, compare);
    double median_ns = times_ns[rounds / 2];
    free(times_ns);
    return median_ns;
}

static int serve(void)
{
    char line[256];
    while (fgets(line, sizeof line, stdin) != NULL) {
        char shape[16];
        char wait[16];
        unsigned producers;
        unsigned batch;
        unsigned bytes;
        unsigned long long events;
        if (sscanf(line, "%15s %u %u %u %15s %llu", shape, &producers, &batch, &bytes, wait, &events) !=
                6 ||
            producers < 1 || producers > PRODUCERS_MAX || batch < 1 || batch > BATCH_MAX ||
            bytes != sizeof(event_t) || events == 0) {
            fail("not a request that this can serve");
        }
        bool yields = strcmp(wait, "yield") == 0;
        double figure = strcmp(shape, "ping-pong") == 0
                            ? run_ping_pong(yields, events)
                            : run_throughput(producers, batch, yields, events);
        (void)printf("%.0f\n", figure);
        (void)fflush(stdout);
    }
    return 0;
}

#endif
