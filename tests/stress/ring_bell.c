/* A thread that can't sleep in slc_consumer_wait because it sleeps on a descriptor: the recipe of
 * slc_consumer_poll in sluice/disruptor.h, by src/disruptor/bell.c, on which the engine's replies depend.
 *
 * Forbidden: the sleeper saw no progress, the other thread saw no armed bell, and now both wait for ever.
 * To see it happen, turn the seq_cst store of slc_consumer_poll, or that of slc_bell_arm, into a release
 * store. */
#include "disruptor/bell.h"
#include "ring_stress.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>

#include <ck_pr.h>

#define SLOTS 2
#define EVENTS_PERCENT 2
#define JITTER_TURNS 8
#define PAUSE_TURNS_MAX 256
#define IDLE_TURNS_MAX 256 /* then the station offers its core, which the sleeper may need */

static _Atomic uint64_t moved;
static slc_bell_t bell;

static int64_t take_all(void *context, uint64_t first, uint64_t count)
{
    uint64_t *taken = context;
    (void)first;
    *taken += count;
    return (int64_t)count;
}

/* The upstream station: makes progress, then rings. */
static void *station(void *argument)
{
    slc_consumer_t *upstream = argument;
    uint64_t taken = 0;
    uint32_t idle_turns = 0;
    stress_pin(1);
    while (!slc_consumer_done(upstream)) {
        if (slc_consumer_poll(upstream, take_all, &taken) > 0) {
            slc_bell_ring(&bell);
            idle_turns = 0;
        } else if (++idle_turns < IDLE_TURNS_MAX) {
            ck_pr_stall();
        } else {
            (void)sched_yield();
        }
    }
    return NULL;
}

/* Takes the slot that is under way; true if it had to sleep for it. */
static bool take_one(slc_consumer_t *sleeper, uint64_t *taken)
{
    bool slept = false;
    for (;;) {
        slc_bell_arm(&bell);
        if (slc_consumer_poll(sleeper, take_all, taken) > 0) {
            slc_bell_disarm(&bell);
            return slept;
        }
        struct pollfd ready = {.fd = bell.fd, .events = POLLIN};
        STRESS_EXPECT(poll(&ready, 1, -1) == 1 || errno == EINTR, "poll: %d", errno);
        slc_bell_answer(&bell);
        slept = true;
    }
}

int main(int argc, char **argv)
{
    uint64_t events = stress_events(argc, argv, EVENTS_PERCENT);
    slc_error_t error = {0};
    STRESS_EXPECT(slc_bell_init(&bell, &error) == SLC_OK, "%s", error.message);
    /* SPIN: publish and the station's loop bring no order of their own. */
    slc_ring_t *ring = stress_ring(&(slc_ring_config_t){.slots = SLOTS, .slot_bytes = 8});
    slc_consumer_t *upstream = stress_consumer(ring, NULL, 0);
    slc_consumer_t *sleeper = stress_consumer(ring, &upstream, 1);
    slc_ring_gate(ring, sleeper);
    pthread_t thread = stress_start(station, upstream);
    stress_pin(0);
    uint64_t taken = 0;
    uint64_t slept = 0;
    uint64_t random = stress_seed(1);
    uint64_t pause_turns = 0;
    stress_watch(&moved, "bell");
    for (uint64_t sent = 0; sent < events; sent++) {
        uint64_t first = 0;
        STRESS_EXPECT(slc_ring_try_claim(ring, 1, &first) && first == sent, "a wrong claim");
        slc_ring_publish(ring, first, 1);
        /* Arms at about the moment of the progress: later next time if it had to sleep, else sooner. */
        for (uint64_t turns = pause_turns + stress_random(&random) % JITTER_TURNS; turns > 0; turns--) {
            ck_pr_stall();
        }
        if (take_one(sleeper, &taken)) {
            slept++;
            pause_turns += pause_turns < PAUSE_TURNS_MAX;
        } else {
            pause_turns -= pause_turns > 0;
        }
        atomic_store_explicit(&moved, taken, memory_order_relaxed);
    }
    slc_ring_close(ring);
    stress_join(thread);
    STRESS_EXPECT(taken == events, "%llu taken", (unsigned long long)taken);
    slc_ring_destroy(ring);
    slc_bell_finish(&bell);
    stress_tell(events, "beside a bell");
    (void)printf("asleep for %llu of them\n", (unsigned long long)slept);
    return 0;
}
