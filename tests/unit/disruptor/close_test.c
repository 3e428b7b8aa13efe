/* src/disruptor/close.c: how a claim and a close that meet come to an order. The threads' part of it is
 * in tests/stress/close.c, all interleavings in tests/model/close.pml. */
#include "disruptor/ring.h"

#include <criterion/criterion.h>

#include <pthread.h>
#include <time.h>

static slc_ring_t *ring_of(slc_producers_t producers)
{
    slc_ring_config_t config = {
        .slots = 8, .slot_bytes = 8, .producers = producers, .wait = SLC_WAIT_SLEEP};
    slc_ring_t *ring = slc_ring_create(&config, NULL);
    cr_assert(ring != NULL);
    slc_ring_gate(ring, slc_consumer_create(ring, NULL, 0, NULL));
    return ring;
}

Test(close, of_many_producers_never_meets_a_plain_claim)
{
    slc_ring_t *ring = ring_of(SLC_PRODUCER_MULTI);
    cr_assert(!ring->plain_claims);
    slc_ring_destroy(ring);
}

Test(close, of_one_producer_works_without_the_kernels_help)
{
    slc_ring_t *ring = ring_of(SLC_PRODUCER_SINGLE);
    ring->plain_claims = false; /* as on a kernel without membarrier(2) */
    uint64_t first = 0;
    cr_assert(slc_ring_claim(ring, 5, &first) && first == 0);
    slc_ring_close(ring);
    cr_assert(atomic_load(&ring->end) == 5);
    cr_assert(!slc_ring_try_claim(ring, 1, &first));
    cr_assert(slc_ring_claimed(ring) == 5);
    slc_ring_destroy(ring);
}

Test(close, lets_a_claim_stand_that_it_counted_and_no_other)
{
    slc_ring_t *ring = ring_of(SLC_PRODUCER_SINGLE);
    cr_assert(slc_close_lets_pass(ring), "nobody closes");
    atomic_store(&ring->closing, true);
    atomic_store(&ring->end, 3);
    cr_assert(!slc_close_lets_pass(ring));
    cr_assert(slc_close_settle(ring, 3));
    cr_assert(!slc_close_settle(ring, 4));
    slc_ring_destroy(ring);
}

static void *settle_three(void *argument)
{
    return slc_close_settle(argument, 3) ? argument : NULL;
}

Test(close, makes_a_claim_that_met_it_wait_for_the_count)
{
    static const uint64_t ends[] = {3, 2};
    for (size_t i = 0; i < 2; i++) {
        slc_ring_t *ring = ring_of(SLC_PRODUCER_SINGLE);
        pthread_t thread;
        void *stands = NULL;
        atomic_store(&ring->closing, true);
        cr_assert(pthread_create(&thread, NULL, settle_three, ring) == 0);
        /* Long enough to have met it, as a rule; right either way. */
        cr_assert(nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL) == 0);
        atomic_store(&ring->end, ends[i]);
        cr_assert(pthread_join(thread, &stands) == 0);
        cr_assert((stands != NULL) == (ends[i] == 3));
        slc_ring_destroy(ring);
    }
}

Test(close, takes_back_a_claim_that_came_too_late)
{
    slc_ring_t *ring = ring_of(SLC_PRODUCER_SINGLE);
    uint64_t first = 0;
    cr_assert(slc_ring_try_claim(ring, 2, &first));
    slc_ring_close(ring);
    cr_assert(!slc_ring_try_claim(ring, 1, &first));
    cr_assert(slc_ring_claimed(ring) == 2);
    cr_assert(atomic_load(&ring->end) == 2);
    slc_ring_destroy(ring);
}
