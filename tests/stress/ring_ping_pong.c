/* Two threads that wait for each other, asleep as often as not: the producer claims all slots of its ring
 * at once, so it must wait until the consumer has passed the last ones, and the consumer must wait until
 * the next are published. Both take their slots one by one, and each pauses before its store for about as
 * long as the other needs to fall asleep: longer next time if the other was still awake, shorter if it
 * slept already. So the two keep meeting where it matters.
 *
 * Forbidden: both asleep. That is what happens, now and then, when the store of a sequence and the look
 * at the sleepers behind it change places (src/disruptor/sequence.h): ThreadSanitizer does not see it,
 * and a lost round ends in the watchdog of ring_stress.c. To see it happen, turn the seq_cst stores in
 * publish.c or consumer.c into release stores. */
#include "disruptor/ring.h"
#include "ring_stress.h"

#include <ck_pr.h>

#define SLOTS 2
#define EVENTS_PERCENT 1
#define JITTER_TURNS 8
#define PAUSE_TURNS_MAX 4096

static _Atomic uint64_t moved;

typedef struct player {
    slc_sequence_t *own; /* that the other side waits for */
    slc_consumer_t *consumer;
    uint64_t pause_turns;
    uint64_t random;
} player_t;

static void pause_until_the_other_falls_asleep(player_t *player)
{
    uint64_t turns = player->pause_turns + stress_random(&player->random) % JITTER_TURNS;
    for (; turns > 0; turns--) {
        ck_pr_stall();
    }
    /* This look also brings the line to this core, which makes the look behind the store a quick one. */
    bool asleep = atomic_load_explicit(&player->own->sleepers, memory_order_relaxed) > 0;
    if (asleep) {
        player->pause_turns -= player->pause_turns > 0;
    } else {
        player->pause_turns += player->pause_turns < PAUSE_TURNS_MAX;
    }
}

static int64_t pong(void *context, uint64_t first, uint64_t count)
{
    player_t *player = context;
    (void)count;
    if (first % SLOTS == SLOTS - 1) { /* the one that the producer waits for */
        pause_until_the_other_falls_asleep(player);
    }
    atomic_fetch_add_explicit(&moved, 1, memory_order_relaxed);
    return 1;
}

static void *run(void *argument)
{
    player_t *player = argument;
    stress_pin(1);
    STRESS_EXPECT(slc_consumer_run(player->consumer, pong, player) == 0, "a run failed");
    return NULL;
}

static void play(slc_producers_t mode, uint64_t events)
{
    slc_ring_t *ring = stress_ring(&(slc_ring_config_t){
        .slots = SLOTS, .slot_bytes = 8, .producers = mode, .wait = SLC_WAIT_SLEEP, .spins = 64});
    ring->yields = 0; /* a yield on a busy machine takes longer than all the rest */
    slc_consumer_t *consumer = stress_consumer(ring, NULL, 0);
    slc_ring_gate(ring, consumer);
    player_t there = {.own = &consumer->progress, .consumer = consumer, .random = stress_seed(1)};
    player_t here = {.own = &ring->published, .random = stress_seed(2)};
    pthread_t thread = stress_start(run, &there);
    for (uint64_t sent = 0; sent < events; sent += SLOTS) {
        uint64_t first = 0;
        STRESS_EXPECT(slc_ring_claim(ring, SLOTS, &first) && first == sent, "a wrong claim");
        for (uint64_t i = first; i < first + SLOTS; i++) {
            while (slc_consumer_sequence(consumer) < i) {
                ck_pr_stall(); /* it is not awake yet */
            }
            pause_until_the_other_falls_asleep(&here);
            slc_ring_publish(ring, i, 1);
        }
    }
    slc_ring_close(ring);
    stress_join(thread);
    slc_ring_destroy(ring);
}

int main(int argc, char **argv)
{
    stress_pin(0);
    uint64_t events = stress_events(argc, argv, EVENTS_PERCENT);
    stress_watch(&moved, "ping-pong, one producer");
    play(SLC_PRODUCER_SINGLE, events / 2 + 1);
    stress_watch(&moved, "ping-pong, many producers");
    play(SLC_PRODUCER_MULTI, events / 2 + 1);
    stress_tell(events, "to and fro");
    return 0;
}
