/* src/disruptor/run.c: the batch loop, with its gathering, seen through the public header. */
#include <sluice/disruptor.h>

#include <criterion/criterion.h>

#define SLOTS 256u
#define PUBLISHED 200u

typedef struct taker {
    slc_consumer_t *consumer;
    uint64_t seen;
    int64_t step; /* at most as many at a time */
    int64_t fails_at;
} taker_t;

static int64_t take(void *context, uint64_t first, uint64_t count)
{
    taker_t *taker = context;
    cr_expect(first == taker->seen, "slot %llu for %llu", (unsigned long long)first,
              (unsigned long long)taker->seen);
    cr_expect(slc_consumer_sequence(taker->consumer) == first, "no progress before the work");
    if (taker->fails_at >= 0 && first >= (uint64_t)taker->fails_at) {
        return -7;
    }
    int64_t done = (int64_t)count < taker->step ? (int64_t)count : taker->step;
    taker->seen += (uint64_t)done;
    return done;
}

static void run_through(slc_wait_t wait, int64_t step, int64_t fails_at)
{
    slc_ring_config_t config = {
        .slots = SLOTS, .slot_bytes = 8, .producers = SLC_PRODUCER_SINGLE, .wait = wait};
    slc_ring_t *ring = slc_ring_create(&config, NULL);
    cr_assert(ring != NULL);
    taker_t taker = {
        .consumer = slc_consumer_create(ring, NULL, 0, NULL), .step = step, .fails_at = fails_at};
    slc_ring_gate(ring, taker.consumer);
    uint64_t first = 0;
    cr_assert(slc_ring_try_claim(ring, PUBLISHED, &first));
    slc_ring_publish(ring, first, PUBLISHED);
    slc_ring_close(ring);
    uint64_t passed = fails_at < 0 ? PUBLISHED : (uint64_t)fails_at;
    cr_assert(slc_consumer_run(taker.consumer, take, &taker) == (fails_at < 0 ? 0 : -7));
    cr_assert(taker.seen == passed);
    cr_assert(slc_consumer_sequence(taker.consumer) == passed);
    slc_ring_destroy(ring);
}

Test(run, hands_over_each_slot_once_whatever_the_wait_and_the_step)
{
    static const int64_t steps[] = {1, 2, 7, INT64_MAX};
    for (slc_wait_t wait = SLC_WAIT_SPIN; wait <= SLC_WAIT_SLEEP; wait++) {
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
            run_through(wait, steps[i], -1);
        }
    }
}

Test(run, ends_with_the_number_of_a_handler_that_fails_also_while_it_gathers)
{
    for (slc_wait_t wait = SLC_WAIT_SPIN; wait <= SLC_WAIT_SLEEP; wait++) {
        run_through(wait, 1, 0);
        run_through(wait, 1, 100);
    }
}
