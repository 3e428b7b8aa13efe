#include "still.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#define NAP_NS 500000
#define OVERSLEPT_NS UINT64_C(2000000)
#define SPANS 256u

/* Written by the witness, from the first on, around and around; `count` says how far. */
static struct {
    _Atomic uint64_t from_ns;
    _Atomic uint64_t to_ns;
} spans[SPANS];
static _Atomic uint64_t count;
static _Atomic bool stop;
static pthread_t thread;
static still_sum_t sum; /* the witness's until it is joined */

static uint64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static void note(uint64_t from_ns, uint64_t to_ns)
{
    uint64_t at = atomic_load_explicit(&count, memory_order_relaxed); /* its own */
    /* release each: who reads the count behind them (acquire) has the span; one that is overwritten while
     * it is read is an old one, and was asked for too late */
    atomic_store_explicit(&spans[at % SPANS].from_ns, from_ns, memory_order_release);
    atomic_store_explicit(&spans[at % SPANS].to_ns, to_ns, memory_order_release);
    atomic_store_explicit(&count, at + 1, memory_order_release);
    sum.count++;
    sum.ns += to_ns - from_ns;
    sum.longest_ns = to_ns - from_ns > sum.longest_ns ? to_ns - from_ns : sum.longest_ns;
}

static void *witness(void *context)
{
    (void)context;
    const struct sched_param highest = {.sched_priority = 50};
    sum.real_time = pthread_setschedparam(pthread_self(), SCHED_FIFO, &highest) == 0;
    uint64_t last_ns = now_ns();
    /* relaxed: a wish to end */
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        const struct timespec nap = {.tv_nsec = NAP_NS};
        (void)nanosleep(&nap, NULL);
        uint64_t woken_ns = now_ns();
        if (woken_ns - last_ns > NAP_NS + OVERSLEPT_NS) {
            note(last_ns + NAP_NS, woken_ns);
        }
        last_ns = woken_ns;
    }
    return NULL;
}

bool still_begin(void)
{
    return pthread_create(&thread, NULL, witness, NULL) == 0;
}

still_sum_t still_end(void)
{
    atomic_store_explicit(&stop, true, memory_order_relaxed);
    (void)pthread_join(thread, NULL);
    return sum;
}

uint64_t still_within(uint64_t from_ns, uint64_t to_ns)
{
    uint64_t within = 0;
    /* acquire: see note */
    uint64_t end = atomic_load_explicit(&count, memory_order_acquire);
    for (uint64_t i = end > SPANS ? end - SPANS : 0; i < end; i++) {
        uint64_t from = atomic_load_explicit(&spans[i % SPANS].from_ns, memory_order_acquire);
        uint64_t to = atomic_load_explicit(&spans[i % SPANS].to_ns, memory_order_acquire);
        from = from > from_ns ? from : from_ns;
        to = to < to_ns ? to : to_ns;
        within += to > from ? to - from : 0;
    }
    return within;
}
