/* src/disruptor/consumer.c and barrier.c, seen through the public header. */
#include <sluice/disruptor.h>

#include <criterion/criterion.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#define SLOTS 8u

typedef struct record {
    uint64_t first;
    uint64_t count;
    uint64_t calls;
    int64_t answer; /* INT64_MAX: count */
} record_t;

static int64_t note(void *context, uint64_t first, uint64_t count)
{
    record_t *record = context;
    record->first = first;
    record->count = count;
    record->calls++;
    return record->answer == INT64_MAX ? (int64_t)count : record->answer;
}

static slc_ring_t *ring_of(slc_producers_t producers, slc_wait_t wait)
{
    slc_ring_config_t config = {.slots = SLOTS, .slot_bytes = 8, .producers = producers, .wait = wait};
    slc_ring_t *ring = slc_ring_create(&config, NULL);
    cr_assert(ring != NULL);
    return ring;
}

static slc_consumer_t *consumer_after(slc_ring_t *ring, slc_consumer_t *const *after, size_t count)
{
    slc_consumer_t *consumer = slc_consumer_create(ring, after, count, NULL);
    cr_assert(consumer != NULL);
    return consumer;
}

static void publish(slc_ring_t *ring, uint64_t count)
{
    uint64_t first = 0;
    cr_assert(slc_ring_try_claim(ring, count, &first));
    slc_ring_publish(ring, first, count);
}

Test(consumer, is_not_called_when_there_is_nothing)
{
    slc_ring_t *ring = ring_of(SLC_PRODUCER_SINGLE, SLC_WAIT_SLEEP);
    slc_consumer_t *consumer = consumer_after(ring, NULL, 0);
    record_t record = {.answer = INT64_MAX};
    cr_assert(slc_consumer_poll(consumer, note, &record) == 0);
    cr_assert(record.calls == 0);
    slc_ring_destroy(ring);
}

Test(consumer, gets_all_that_is_available_in_one_batch)
{
    slc_ring_t *ring = ring_of(SLC_PRODUCER_MULTI, SLC_WAIT_SLEEP);
    slc_consumer_t *consumer = consumer_after(ring, NULL, 0);
    slc_ring_gate(ring, consumer);
    record_t record = {.answer = INT64_MAX};
    publish(ring, 2);
    publish(ring, 3);
    cr_assert(slc_consumer_poll(consumer, note, &record) == 5);
    cr_assert(record.calls == 1 && record.first == 0 && record.count == 5);
    publish(ring, 8); /* over the edge of the ring */
    cr_assert(slc_consumer_poll(consumer, note, &record) == 8);
    cr_assert(record.calls == 2 && record.first == 5 && record.count == 8);
    slc_ring_destroy(ring);
}

static void slots_not_done_with_come_again(slc_producers_t producers)
{
    slc_ring_t *ring = ring_of(producers, SLC_WAIT_SLEEP);
    slc_consumer_t *consumer = consumer_after(ring, NULL, 0);
    slc_ring_gate(ring, consumer);
    publish(ring, 6);
    record_t record = {.answer = 2};
    cr_assert(slc_consumer_poll(consumer, note, &record) == 2);
    cr_assert(slc_consumer_sequence(consumer) == 2);
    publish(ring, 2);
    record.answer = 0;
    cr_assert(slc_consumer_poll(consumer, note, &record) == 0);
    cr_assert(record.first == 2 && record.count == 6, "the rest comes again, with what is new");
    cr_assert(slc_consumer_sequence(consumer) == 2);
    cr_assert(slc_ring_room(ring) == 2, "no slot is reused that was not done with");
    slc_ring_destroy(ring);
}
Test(consumer, of_one_producer_sees_again_what_it_was_not_done_with)
{
    slots_not_done_with_come_again(SLC_PRODUCER_SINGLE);
}
Test(consumer, of_many_producers_sees_again_what_it_was_not_done_with)
{
    slots_not_done_with_come_again(SLC_PRODUCER_MULTI);
}

Test(consumer, stops_with_the_number_of_a_handler_that_fails_and_passes_nothing)
{
    slc_ring_t *ring = ring_of(SLC_PRODUCER_SINGLE, SLC_WAIT_SLEEP);
    slc_consumer_t *first = consumer_after(ring, NULL, 0);
    slc_consumer_t *second = consumer_after(ring, &first, 1);
    slc_ring_gate(ring, second);
    publish(ring, 3);
    record_t record = {.answer = -5};
    cr_assert(slc_consumer_run(first, note, &record) == -5);
    cr_assert(slc_consumer_sequence(first) == 0);
    record.answer = INT64_MAX;
    cr_assert(slc_consumer_poll(second, note, &record) == 0);
    cr_assert(record.calls == 1);
    slc_ring_destroy(ring);
}

Test(consumer, whose_handler_claims_too_much_is_refused, .signal = SIGABRT)
{
    slc_ring_t *ring = ring_of(SLC_PRODUCER_SINGLE, SLC_WAIT_SLEEP);
    slc_consumer_t *consumer = consumer_after(ring, NULL, 0);
    slc_ring_gate(ring, consumer);
    publish(ring, 3);
    record_t record = {.answer = 4};
    (void)slc_consumer_poll(consumer, note, &record);
}

Test(consumer, stays_behind_the_slowest_of_those_it_comes_after)
{
    slc_ring_t *ring = ring_of(SLC_PRODUCER_MULTI, SLC_WAIT_SLEEP);
    slc_consumer_t *a = consumer_after(ring, NULL, 0);
    slc_consumer_t *b = consumer_after(ring, NULL, 0);
    slc_consumer_t *d = consumer_after(ring, (slc_consumer_t *[]){a, b}, 2);
    slc_ring_gate(ring, d);
    publish(ring, 4);
    record_t all = {.answer = INT64_MAX};
    record_t three = {.answer = 3};
    cr_assert(slc_consumer_poll(d, note, &all) == 0);
    cr_assert(slc_consumer_poll(a, note, &all) == 4);
    cr_assert(slc_consumer_poll(d, note, &all) == 0);
    cr_assert(slc_consumer_poll(b, note, &three) == 3);
    cr_assert(slc_consumer_poll(d, note, &all) == 3);
    cr_assert(slc_consumer_poll(b, note, &all) == 1);
    cr_assert(slc_consumer_poll(d, note, &all) == 1);
    slc_ring_destroy(ring);
}

Test(consumer, that_comes_late_begins_behind_its_upstream)
{
    slc_ring_t *ring = ring_of(SLC_PRODUCER_MULTI, SLC_WAIT_SLEEP);
    slc_consumer_t *a = consumer_after(ring, NULL, 0);
    slc_ring_gate(ring, a);
    record_t record = {.answer = 3};
    publish(ring, 5);
    cr_assert(slc_consumer_poll(a, note, &record) == 3);
    cr_assert(slc_consumer_sequence(consumer_after(ring, NULL, 0)) == 5);
    cr_assert(slc_consumer_sequence(consumer_after(ring, &a, 1)) == 3);
    slc_ring_destroy(ring);
}

Test(consumer, is_done_only_when_the_ring_is_closed_and_it_has_seen_all)
{
    slc_ring_t *ring = ring_of(SLC_PRODUCER_SINGLE, SLC_WAIT_SLEEP);
    slc_consumer_t *a = consumer_after(ring, NULL, 0);
    slc_consumer_t *b = consumer_after(ring, &a, 1);
    slc_ring_gate(ring, b);
    record_t record = {.answer = INT64_MAX};
    publish(ring, 2);
    cr_assert(slc_consumer_poll(a, note, &record) == 2);
    cr_assert(!slc_consumer_done(a));
    slc_ring_close(ring);
    cr_assert(slc_consumer_done(a));
    cr_assert(!slc_consumer_wait(a, UINT64_MAX), "closed and done: nothing to wait for");
    cr_assert(!slc_consumer_done(b));
    cr_assert(slc_consumer_run(b, note, &record) == 0);
    cr_assert(slc_consumer_done(b));
    slc_ring_destroy(ring);
}

static void waits_end(slc_wait_t wait)
{
    slc_ring_t *ring = ring_of(SLC_PRODUCER_MULTI, wait);
    slc_consumer_t *consumer = consumer_after(ring, NULL, 0);
    slc_ring_gate(ring, consumer);
    cr_assert(!slc_consumer_wait(consumer, 0));
    cr_assert(!slc_consumer_wait(consumer, 1));
    cr_assert(!slc_consumer_wait(consumer, 2000000), "the time is over");
    slc_consumer_wake(consumer);
    cr_assert(!slc_consumer_wait(consumer, UINT64_MAX), "a wake that came before the wait ends it");
    cr_assert(!slc_consumer_wait(consumer, 0));
    slc_consumer_wake(consumer);
    publish(ring, 1);
    cr_assert(slc_consumer_wait(consumer, UINT64_MAX));
    cr_assert(slc_consumer_wait(consumer, UINT64_MAX), "it does not consume the slot");
    record_t record = {.answer = INT64_MAX};
    cr_assert(slc_consumer_poll(consumer, note, &record) == 1);
    cr_assert(!slc_consumer_wait(consumer, UINT64_MAX), "the wake that did not end a wait is kept");
    slc_ring_destroy(ring);
}
Test(consumer, that_spins_waits_until_a_slot_a_wake_or_the_time)
{
    waits_end(SLC_WAIT_SPIN);
}
Test(consumer, that_yields_waits_until_a_slot_a_wake_or_the_time)
{
    waits_end(SLC_WAIT_YIELD);
}
Test(consumer, that_sleeps_waits_until_a_slot_a_wake_or_the_time)
{
    waits_end(SLC_WAIT_SLEEP);
}

static uint64_t monotonic_ns(void)
{
    struct timespec time;
    cr_assert(clock_gettime(CLOCK_MONOTONIC, &time) == 0);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

Test(consumer, that_sleeps_does_not_wake_before_its_time)
{
    slc_ring_t *ring = ring_of(SLC_PRODUCER_SINGLE, SLC_WAIT_SLEEP);
    slc_consumer_t *consumer = consumer_after(ring, NULL, 0);
    uint64_t before = monotonic_ns();
    cr_assert(!slc_consumer_wait(consumer, 20000000));
    cr_assert(monotonic_ns() - before >= 20000000);
    slc_ring_destroy(ring);
}

/* ---- with a second thread, started inside the test's own process ---- */

static void *wait_for_ever(void *argument)
{
    slc_consumer_t *consumer = argument;
    return slc_consumer_wait(consumer, UINT64_MAX) ? argument : NULL;
}

static void pause_ms(long milliseconds)
{
    struct timespec time = {.tv_nsec = milliseconds * 1000000};
    cr_assert(nanosleep(&time, NULL) == 0);
}

Test(consumer, that_sleeps_is_ended_by_a_wake_from_another_thread)
{
    slc_ring_t *ring = ring_of(SLC_PRODUCER_SINGLE, SLC_WAIT_SLEEP);
    slc_consumer_t *a = consumer_after(ring, NULL, 0);
    slc_consumer_t *b = consumer_after(ring, &a, 1);
    slc_consumer_t *both[] = {a, b};
    for (size_t i = 0; i < 2; i++) {
        pthread_t thread;
        void *found = NULL;
        cr_assert(pthread_create(&thread, NULL, wait_for_ever, both[i]) == 0);
        pause_ms(20); /* long enough to be asleep, as a rule; right either way */
        slc_consumer_wake(both[i]);
        cr_assert(pthread_join(thread, &found) == 0);
        cr_assert(found == NULL);
    }
    slc_ring_destroy(ring);
}

Test(consumer, that_sleeps_is_ended_by_close)
{
    slc_ring_t *ring = ring_of(SLC_PRODUCER_MULTI, SLC_WAIT_SLEEP);
    slc_consumer_t *a = consumer_after(ring, NULL, 0);
    slc_consumer_t *b = consumer_after(ring, &a, 1);
    pthread_t threads[2];
    cr_assert(pthread_create(&threads[0], NULL, wait_for_ever, a) == 0);
    cr_assert(pthread_create(&threads[1], NULL, wait_for_ever, b) == 0);
    pause_ms(20);
    slc_ring_close(ring);
    for (size_t i = 0; i < 2; i++) {
        void *found = NULL;
        cr_assert(pthread_join(threads[i], &found) == 0);
        cr_assert(found == NULL);
    }
    slc_ring_destroy(ring);
}

static void *claim_one(void *argument)
{
    uint64_t first = 0;
    return slc_ring_claim(argument, 1, &first) ? argument : NULL;
}

Test(producer, that_sleeps_for_room_is_ended_by_progress_of_the_gate)
{
    slc_ring_t *ring = ring_of(SLC_PRODUCER_MULTI, SLC_WAIT_SLEEP);
    slc_consumer_t *consumer = consumer_after(ring, NULL, 0);
    slc_ring_gate(ring, consumer);
    publish(ring, SLOTS);
    pthread_t thread;
    void *claimed = NULL;
    cr_assert(pthread_create(&thread, NULL, claim_one, ring) == 0);
    pause_ms(20);
    record_t record = {.answer = 1};
    cr_assert(slc_consumer_poll(consumer, note, &record) == 1);
    cr_assert(pthread_join(thread, &claimed) == 0);
    cr_assert(claimed == ring);
    slc_ring_destroy(ring);
}

Test(producer, that_sleeps_for_room_is_ended_by_close)
{
    slc_ring_t *ring = ring_of(SLC_PRODUCER_MULTI, SLC_WAIT_SLEEP);
    slc_consumer_t *consumer = consumer_after(ring, NULL, 0);
    slc_ring_gate(ring, consumer);
    publish(ring, SLOTS);
    pthread_t thread;
    void *claimed = ring;
    cr_assert(pthread_create(&thread, NULL, claim_one, ring) == 0);
    pause_ms(20);
    slc_ring_close(ring);
    cr_assert(pthread_join(thread, &claimed) == 0);
    cr_assert(claimed == NULL);
    cr_assert(slc_ring_claimed(ring) == SLOTS);
    slc_ring_destroy(ring);
}

/* ---- the whole loop on a thread of its own ---- */

typedef struct runner {
    slc_consumer_t *consumer;
    _Atomic uint64_t seen;
    int64_t answer;
} runner_t;

static int64_t add_up(void *context, uint64_t first, uint64_t count)
{
    runner_t *runner = context;
    /* Relaxed: joined before anybody looks for good; until then it is only waited for. */
    return atomic_fetch_add_explicit(&runner->seen, count, memory_order_relaxed) == first ? (int64_t)count
                                                                                          : -1;
}

static void *run(void *argument)
{
    runner_t *runner = argument;
    runner->answer = slc_consumer_run(runner->consumer, add_up, runner);
    return NULL;
}

static void runs_to_the_end(slc_producers_t producers, slc_wait_t wait)
{
    slc_ring_config_t config = {
        .slots = SLOTS, .slot_bytes = 8, .producers = producers, .wait = wait, .spins = 1};
    slc_ring_t *ring = slc_ring_create(&config, NULL);
    cr_assert(ring != NULL);
    runner_t runner = {.consumer = consumer_after(ring, NULL, 0), .answer = -1};
    slc_ring_gate(ring, runner.consumer);
    pthread_t thread;
    cr_assert(pthread_create(&thread, NULL, run, &runner) == 0);
    for (uint64_t published = 1; published <= 3 * SLOTS; published++) {
        publish(ring, 1);
        while (atomic_load(&runner.seen) < published) { /* so it has to wait for the next */
            pause_ms(1);
        }
    }
    slc_ring_close(ring);
    cr_assert(pthread_join(thread, NULL) == 0);
    cr_assert(runner.answer == 0 && runner.seen == 3 * SLOTS, "each once and in order");
    cr_assert(slc_consumer_done(runner.consumer));
    slc_ring_destroy(ring);
}
Test(consumer, that_runs_spinning_takes_what_comes_until_the_close)
{
    runs_to_the_end(SLC_PRODUCER_SINGLE, SLC_WAIT_SPIN);
}
Test(consumer, that_runs_yielding_takes_what_comes_until_the_close)
{
    runs_to_the_end(SLC_PRODUCER_SINGLE, SLC_WAIT_YIELD);
}
Test(consumer, that_runs_sleeping_takes_what_comes_until_the_close)
{
    runs_to_the_end(SLC_PRODUCER_MULTI, SLC_WAIT_SLEEP);
}
