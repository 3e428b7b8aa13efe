/* The relay between the real stations: several threads publish, pass on, and take the decisions, with
 * pauses in which the stations' own threads fall asleep, so that turns are lent and taken back all the
 * time. Now and then all are quiet until the journal has its seal: from there on its thread sleeps
 * without an end, and only somebody who wakes it brings it back.
 *
 * Forbidden: a slot that is never decided (a wake-up lost between a lent turn and a thread's), an order
 * that is not in the books, a data race (under ThreadSanitizer). Required: turns by both kinds of
 * threads. A plain program. Argument: BUYs, else a share of SLC_STRESS_EVENTS. */
#include "../lib/stations.h"
#include "ring_stress.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>

#define IOS 3u
#define SLOTS 512u
#define HUSH_EVERY_MS 1000u
#define HUSH_MS 150u /* a seal is written behind 100 */

typedef struct io {
    stations_t *stations;
    _Atomic uint64_t *progress;
    const _Atomic bool *hush; /* nobody publishes */
    uint64_t buys;
    uint32_t number;
} io_t;

static void nap_ns(uint64_t ns)
{
    struct timespec nap = {.tv_nsec = (long)ns};
    (void)nanosleep(&nap, NULL);
}

static void pause_for(uint64_t *state)
{
    /* Longer than a thread spins, often; sometimes not at all, so that threads stay awake, too. */
    uint64_t draw = stress_random(state) % 8;
    if (draw == 0) {
        nap_ns(stress_random(state) % 200000);
    } else if (draw < 3) {
        (void)sched_yield();
    }
}

static void *io_main(void *context)
{
    io_t *io = context;
    stations_t *stations = io->stations;
    uint64_t state = stress_seed(io->number);
    uint64_t asked = 0;
    uint64_t end = 0; /* of the last slots that were its own */
    slc_board_reader_register();
    while (asked < io->buys) {
        uint64_t count = stress_random(&state) % 64 == 0 ? 300 : 1 + stress_random(&state) % 8;
        count = count < io->buys - asked ? count : io->buys - asked;
        uint64_t first;
        if (slc_ring_try_claim(stations->pipeline.ring, count, &first)) {
            for (uint64_t i = 0; i < count; i++) {
                stations_fill(stations, first + i, 0);
            }
            slc_ring_publish_quietly(stations->pipeline.ring, first, count);
            asked += count;
            end = first + count;
            atomic_fetch_add_explicit(io->progress, count, memory_order_relaxed);
        }
        slc_relay_pass_on(&stations->relay);
        (void)stations_reply(stations, io->number);
        /* Its own were decided: nobody else need come by for that to happen. */
        if (stress_random(&state) % 4 == 0) {
            while (slc_consumer_sequence(stations->pipeline.apply) < end) {
                (void)stations_reply(stations, io->number);
                (void)sched_yield();
            }
        }
        pause_for(&state);
        while (atomic_load(io->hush)) {
            (void)stations_reply(stations, io->number);
            nap_ns(1000000);
        }
        slc_board_reader_quiescent();
    }
    slc_board_reader_sleeps();
    /* The others' slots gate on this consumer, too. */
    while (!slc_consumer_done(stations->pipeline.reply[io->number])) {
        (void)stations_reply(stations, io->number);
        (void)sched_yield();
    }
    slc_board_reader_unregister();
    return NULL;
}

int main(int argc, char **argv)
{
    static stations_t stations;
    static _Atomic uint64_t progress;
    static _Atomic bool hush;
    const uint64_t each = stress_events(argc, argv, 1) / IOS + 1;
    slc_board_reader_register();
    slc_board_reader_sleeps();
    stations_start(&stations, SLOTS, IOS, 1u << 20, 1000000000);
    stress_watch(&progress, "publishing");
    io_t ios[IOS];
    pthread_t threads[IOS];
    for (uint32_t i = 0; i < IOS; i++) {
        ios[i] = (io_t){
            .stations = &stations, .progress = &progress, .hush = &hush, .buys = each, .number = i};
        threads[i] = stress_start(io_main, &ios[i]);
    }
    for (uint64_t ms = 0; slc_consumer_sequence(stations.pipeline.apply) < each * IOS; ms++) {
        atomic_store(&hush, ms % HUSH_EVERY_MS < HUSH_MS);
        nap_ns(1000000);
    }
    atomic_store(&hush, false);
    stress_watch(NULL, NULL);
    stations_join(&stations);
    for (uint32_t i = 0; i < IOS; i++) {
        stress_join(threads[i]);
    }
    uint64_t sequence = slc_logic_sequence(stations.logic);
    STRESS_EXPECT(sequence == 1 + each * IOS, "%" PRIu64 " events applied, not %" PRIu64, sequence,
                  1 + each * IOS);
    uint64_t own = atomic_load(&stations.own_writes);
    uint64_t lent = stations_lent_writes(&stations);
    STRESS_EXPECT(own > 0 && lent > 0, "%" PRIu64 " writes by the thread, %" PRIu64 " lent", own, lent);
    stress_tell(each * IOS, "through the relay");
    (void)printf("%" PRIu64 " writes by the thread, %" PRIu64 " lent\n", own, lent);
    stations_stop(&stations);
    slc_board_reader_unregister();
    return 0;
}
