/* A publish against a sleep, over and over: consumer and producer are both awake and meet, then one goes
 * to sleep while the other publishes. Forbidden: a consumer that sleeps on a published slot.
 *
 * The window is that of src/disruptor/publish.c: the look at the sleepers that overtakes the store of
 * what was published, where the order between the two is missing. It is as long as a store waits in the
 * core's buffer, so it is met on purpose -
 *   - each on a core of its own, and no spinning: the consumer announces itself as its first act
 *   - the producer has read the line of the sleepers before, so that its look needs no time
 *   - it writes some lines of the slot that the consumer's core owns, so that the buffer drains slowly
 *   - it comes a little later each time, until the consumer was asleep already, and then much earlier
 *
 * A plain program. Argument: events, of which this takes four thousandths, else SLC_STRESS_EVENTS. */
#include "disruptor/ring.h"
#include "ring_stress.h"

#include <ck_pr.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>

#define LINE_BYTES 64u
#define LINES_MAX 64u
#define JITTER 64u
#define SOONER 8u
#define TURNS_TO_YIELD 4096u

typedef struct meeting {
    alignas(128) _Atomic uint64_t ready; /* the consumer is about to wait in this round */
    alignas(128) _Atomic uint64_t go;    /* the producer lets it */
    alignas(128) _Atomic bool slept;     /* the bell had to ring in the round before */
    alignas(128) _Atomic uint64_t passed;
    slc_ring_t *ring;
    slc_consumer_t *consumer;
} meeting_t;

static meeting_t meeting;

/* Both need their core; where there is only one, nobody gets far without this. */
static void stall(uint64_t turn)
{
    if (turn % TURNS_TO_YIELD == TURNS_TO_YIELD - 1) {
        (void)sched_yield();
    }
    ck_pr_stall();
}

static void await(_Atomic uint64_t *word, uint64_t least)
{
    for (uint64_t turn = 0; atomic_load_explicit(word, memory_order_acquire) < least; turn++) {
        stall(turn);
    }
}

static void write_lines(uint64_t sequence, uint64_t lines)
{
    volatile char *slot = slc_ring_slot(meeting.ring, sequence);
    for (uint64_t i = 0; i < lines; i++) {
        slot[i * LINE_BYTES] = 1;
    }
}

static int64_t own_lines(void *context, uint64_t first, uint64_t count)
{
    (void)context;
    for (uint64_t i = first; i < first + count; i++) {
        write_lines(i, LINES_MAX);
    }
    atomic_store(&meeting.passed, first + count);
    return (int64_t)count;
}

static void *consume(void *context)
{
    (void)context;
    stress_pin(1);
    for (uint64_t round = 1; !slc_consumer_done(meeting.consumer); round++) {
        uint32_t rings = ck_ec32_value(&meeting.ring->published.bell);
        atomic_store(&meeting.ready, round);
        await(&meeting.go, round);
        (void)slc_consumer_wait(meeting.consumer, UINT64_MAX);
        atomic_store(&meeting.slept, rings != ck_ec32_value(&meeting.ring->published.bell));
        (void)slc_consumer_poll(meeting.consumer, own_lines, NULL);
    }
    return NULL;
}

/* Answers how often the bell rang. */
static uint64_t produce(uint64_t rounds, uint64_t lines_max)
{
    uint64_t state = stress_seed(lines_max);
    uint64_t later = 0;
    uint64_t slept = 0;
    for (uint64_t round = 1; round <= rounds; round++) {
        uint64_t sequence = 0;
        await(&meeting.ready, round);
        STRESS_EXPECT(slc_ring_claim(meeting.ring, 1, &sequence) && sequence == round - 1,
                      "no claim in round %" PRIu64, round);
        if (round > 1 && atomic_load(&meeting.slept)) {
            slept++;
            later -= later < SOONER ? later : SOONER;
        } else {
            later++;
        }
        uint64_t lines = lines_max == 0 ? 0 : stress_random(&state) % (lines_max + 1);
        uint64_t turns = later + stress_random(&state) % JITTER;
        (void)atomic_load_explicit(&meeting.ring->published.sleepers, memory_order_relaxed);
        atomic_store_explicit(&meeting.go, round, memory_order_release);
        for (uint64_t turn = 0; turn < turns; turn++) {
            atomic_signal_fence(memory_order_seq_cst); /* a turn of nothing that stays */
        }
        write_lines(sequence, lines);
        slc_ring_publish(meeting.ring, sequence, 1);
    }
    return slept;
}

static void play(slc_producers_t producers, uint64_t rounds, uint64_t lines_max)
{
    atomic_store(&meeting.ready, 0);
    atomic_store(&meeting.go, 0);
    atomic_store(&meeting.slept, false);
    meeting.ring = stress_ring(&(slc_ring_config_t){
        .slots = 2,
        .slot_bytes = (size_t)LINES_MAX * LINE_BYTES,
        .producers = producers,
        .wait = SLC_WAIT_SLEEP,
    });
    meeting.ring->spins = meeting.ring->yields = 0;
    meeting.consumer = stress_consumer(meeting.ring, NULL, 0);
    slc_ring_gate(meeting.ring, meeting.consumer);
    pthread_t thread = stress_start(consume, NULL);
    uint64_t slept = produce(rounds, lines_max);
    while (slc_consumer_sequence(meeting.consumer) < rounds) {
        (void)sched_yield();
    }
    slc_ring_close(meeting.ring);
    atomic_store(&meeting.go, UINT64_MAX);
    stress_join(thread);
    slc_ring_destroy(meeting.ring);
    (void)printf("%s, up to %" PRIu64 " lines: %" PRIu64 " events, asleep for %" PRIu64 " of them\n",
                 producers == SLC_PRODUCER_SINGLE ? "one producer" : "many producers", lines_max, rounds,
                 slept);
}

int main(int argc, char **argv)
{
    uint64_t rounds = stress_events(argc, argv, 1) / 10 + 1;
    stress_pin(0);
    stress_watch(&meeting.passed, "a consumer that may sleep on what was published");
    for (uint64_t lines = 0; lines <= LINES_MAX; lines += LINES_MAX) {
        play(SLC_PRODUCER_SINGLE, rounds, lines);
        play(SLC_PRODUCER_MULTI, rounds, lines);
    }
    stress_watch(NULL, NULL);
    stress_tell(4 * rounds, "published against a sleep");
    return 0;
}
