/* Rings that are closed at a random moment by a thread of its own, while producers claim as fast as they
 * can and consumers follow.
 *
 * Forbidden: a claim that was granted and whose slot was not consumed, or the other way round; a claim
 * granted after close has returned; a run that does not end. For one producer this is where the barrier
 * that src/disruptor/close.c asks of the kernel is needed; without it a granted claim gets lost. */
#include "ring_stress.h"

#include <sched.h>
#include <stdio.h>

#define PRODUCERS_MAX 2
#define EVENTS_PERCENT 3
#define ROUNDS_PER_EVENT_PERCENT 2 /* a round is a ring and three threads: dear */

typedef struct round {
    slc_ring_t *ring;
    slc_consumer_t *consumers[2];
    _Atomic bool closed; /* slc_ring_close has returned */
    _Atomic uint64_t granted;
} round_t;

static _Atomic uint64_t moved;

static int64_t take_all(void *context, uint64_t first, uint64_t count)
{
    (void)context;
    (void)first;
    return (int64_t)count;
}

static void *produce(void *argument)
{
    round_t *round = argument;
    uint64_t granted = 0;
    uint64_t first = 0;
    for (;;) {
        bool closed = atomic_load(&round->closed);
        if (!slc_ring_claim(round->ring, 1, &first)) {
            break;
        }
        STRESS_EXPECT(!closed, "slot %llu granted after close", (unsigned long long)first);
        slc_ring_publish(round->ring, first, 1);
        granted++;
    }
    STRESS_EXPECT(!slc_ring_try_claim(round->ring, 1, &first), "a claim on a closed ring");
    atomic_fetch_add(&round->granted, granted);
    return NULL;
}

static void *consume_first(void *argument)
{
    round_t *round = argument;
    STRESS_EXPECT(slc_consumer_run(round->consumers[0], take_all, NULL) == 0, "a run failed");
    return NULL;
}

static void *consume_second(void *argument)
{
    round_t *round = argument;
    STRESS_EXPECT(slc_consumer_run(round->consumers[1], take_all, NULL) == 0, "a run failed");
    return NULL;
}

static uint64_t play(slc_producers_t mode, uint32_t producers, slc_wait_t wait, uint64_t random)
{
    round_t round = {
        .ring = stress_ring(&(slc_ring_config_t){
            .slots = 256, .slot_bytes = 8, .producers = mode, .wait = wait, .spins = 20}),
    };
    round.consumers[0] = stress_consumer(round.ring, NULL, 0);
    round.consumers[1] = stress_consumer(round.ring, &round.consumers[0], 1);
    slc_ring_gate(round.ring, round.consumers[1]);
    pthread_t threads[2 + PRODUCERS_MAX];
    threads[0] = stress_start(consume_first, &round);
    threads[1] = stress_start(consume_second, &round);
    for (uint32_t i = 0; i < producers; i++) {
        threads[2 + i] = stress_start(produce, &round);
    }
    uint64_t claimed_min = stress_random(&random) % 1024;
    while (slc_ring_claimed(round.ring) < claimed_min) {
        (void)sched_yield();
    }
    /* Looks at the claims up to the last moment: with that line in both caches, the producer's next store
     * to it takes longest. */
    for (uint64_t looks = stress_random(&random) % 64; looks > 0; looks--) {
        (void)slc_ring_claimed(round.ring);
    }
    slc_ring_close(round.ring);
    atomic_store(&round.closed, true);
    for (uint32_t i = 0; i < 2 + producers; i++) {
        stress_join(threads[i]);
    }
    uint64_t granted = atomic_load(&round.granted);
    for (uint32_t i = 0; i < 2; i++) {
        STRESS_EXPECT(slc_consumer_sequence(round.consumers[i]) == granted &&
                          slc_consumer_done(round.consumers[i]),
                      "%llu claims granted, %llu slots consumed", (unsigned long long)granted,
                      (unsigned long long)slc_consumer_sequence(round.consumers[i]));
    }
    STRESS_EXPECT(slc_ring_claimed(round.ring) == granted, "claimed %llu, granted %llu",
                  (unsigned long long)slc_ring_claimed(round.ring), (unsigned long long)granted);
    slc_ring_destroy(round.ring);
    atomic_fetch_add_explicit(&moved, 1, memory_order_relaxed);
    return granted;
}

int main(int argc, char **argv)
{
    uint64_t rounds = stress_events(argc, argv, EVENTS_PERCENT) * ROUNDS_PER_EVENT_PERCENT / 100 + 1;
    uint64_t granted = 0;
    stress_watch(&moved, "close");
    for (uint64_t i = 1; i <= rounds; i++) {
        granted += play(SLC_PRODUCER_SINGLE, 1, i % 2 == 0 ? SLC_WAIT_YIELD : SLC_WAIT_SLEEP,
                        stress_seed(2 * i));
        granted += play(SLC_PRODUCER_MULTI, PRODUCERS_MAX, SLC_WAIT_SLEEP, stress_seed(2 * i + 1));
    }
    stress_tell(granted, "through rings that are closed");
    (void)printf("%llu rings\n", (unsigned long long)(2 * rounds));
    return 0;
}
