/* src/disruptor/ring.c, claim.c and publish.c, seen through the public header by one thread. */
#include "../../lib/lean_memory.h"

#include <sluice/disruptor.h>

#include <criterion/criterion.h>

#include <signal.h>
#include <stdint.h>
#include <string.h>

#define SLOTS 8u

static slc_ring_t *ring_of(slc_producers_t producers)
{
    slc_ring_config_t config = {
        .slots = SLOTS, .slot_bytes = 8, .producers = producers, .wait = SLC_WAIT_SLEEP};
    slc_error_t error = {0};
    slc_ring_t *ring = slc_ring_create(&config, &error);
    cr_assert(ring != NULL, "%s", error.message);
    return ring;
}

static slc_consumer_t *gating_consumer(slc_ring_t *ring)
{
    slc_consumer_t *consumer = slc_consumer_create(ring, NULL, 0, NULL);
    cr_assert(consumer != NULL);
    slc_ring_gate(ring, consumer);
    return consumer;
}

static int64_t take_all(void *context, uint64_t first, uint64_t count)
{
    (void)context;
    (void)first;
    return (int64_t)count;
}

static void expect_refused(slc_ring_config_t config, const char *word)
{
    slc_error_t error = {0};
    cr_assert(slc_ring_create(&config, &error) == NULL);
    cr_assert(error.code == SLC_ERR_USAGE);
    cr_assert(strstr(error.message, word) != NULL, "%s", error.message);
}

Test(ring, refuses_a_number_of_slots_that_is_no_power_of_two)
{
    static const uint64_t slots[] = {0, 1, 3, 6, 1000, (UINT64_C(1) << 33), UINT64_MAX};
    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
        expect_refused((slc_ring_config_t){.slots = slots[i], .slot_bytes = 8}, "power of two");
    }
}

Test(ring, refuses_slots_that_are_too_small_or_too_large)
{
    expect_refused((slc_ring_config_t){.slots = 2, .slot_bytes = 0}, "bytes");
    expect_refused((slc_ring_config_t){.slots = 2, .slot_bytes = 7}, "bytes");
    expect_refused((slc_ring_config_t){.slots = 2, .slot_bytes = (1u << 20) + 1}, "bytes");
}

Test(ring, refuses_modes_without_a_name)
{
    expect_refused((slc_ring_config_t){.slots = 2, .slot_bytes = 8, .producers = (slc_producers_t)2},
                   "slc_producers_t");
    expect_refused((slc_ring_config_t){.slots = 2, .slot_bytes = 8, .wait = (slc_wait_t)3}, "slc_wait_t");
}

/* AddressSanitizer's own answer to a request that can't be met is to abort. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

Test(ring, says_so_when_there_is_no_memory_for_it)
{
    slc_ring_config_t config = {.slots = UINT64_C(1) << 32, .slot_bytes = 1u << 20};
    slc_error_t error = {0};
    cr_assert(slc_ring_create(&config, &error) == NULL);
    cr_assert(error.code == SLC_ERR_NO_MEMORY);
    cr_assert(strstr(error.message, "4294967296 slots") != NULL, "%s", error.message);
}

Test(ring, is_whole_or_none_whichever_allocation_fails)
{
    slc_ring_config_t config = {.slots = SLOTS, .slot_bytes = 8};
    slc_ring_t *ring = NULL;
    uint64_t nth = 0;
    while (ring == NULL) {
        slc_error_t error = {0};
        lean_memory_refuse(++nth);
        ring = slc_ring_create(&config, &error);
        cr_assert(lean_memory_refused() == (ring == NULL));
        cr_assert(ring != NULL || error.code == SLC_ERR_NO_MEMORY, "%s", error.message);
    }
    cr_assert(nth == 4, "the ring, its slots, its laps");
    lean_memory_refuse(0);
    slc_ring_destroy(ring);
}

Test(ring, goes_on_without_a_consumer_that_there_is_no_memory_for)
{
    slc_ring_t *ring = ring_of(SLC_PRODUCER_SINGLE);
    slc_consumer_t *first = gating_consumer(ring);
    slc_consumer_t *second = NULL;
    uint64_t nth = 0;
    uint64_t claimed = 0;
    while (second == NULL) {
        slc_error_t error = {0};
        lean_memory_refuse(++nth);
        second = slc_consumer_create(ring, &first, 1, &error);
        cr_assert(lean_memory_refused() == (second == NULL));
        cr_assert(second != NULL || error.code == SLC_ERR_NO_MEMORY, "%s", error.message);
        lean_memory_refuse(0);
        cr_assert(slc_ring_try_claim(ring, 1, &claimed));
        slc_ring_publish(ring, claimed, 1);
        cr_assert(slc_consumer_poll(first, take_all, NULL) == 1);
    }
    cr_assert(nth == 3, "its place among the gates, and itself");
    slc_ring_gate(ring, second);
    cr_assert(slc_consumer_sequence(second) == slc_consumer_sequence(first) - 1);
    slc_ring_destroy(ring);
}

Test(ring, destroy_takes_null)
{
    slc_ring_destroy(NULL);
}

Test(ring, gives_each_sequence_a_slot_of_its_own_from_a_cache_line_on)
{
    slc_ring_config_t config = {.slots = 4, .slot_bytes = 9};
    slc_ring_t *ring = slc_ring_create(&config, NULL);
    cr_assert((uintptr_t)slc_ring_slot(ring, 0) % 64 == 0);
    for (uint64_t i = 0; i < 4; i++) {
        char *slot = slc_ring_slot(ring, i);
        cr_assert(slot == (char *)slc_ring_slot(ring, 0) + i * 16, "9 bytes are rounded up to 16");
        cr_assert(slot == slc_ring_slot(ring, i + 4), "the next lap reuses it");
    }
    cr_assert(slc_ring_slots(ring) == 4);
    slc_ring_destroy(ring);
}

Test(ring, of_huge_pages_begins_on_one_and_is_zero)
{
    slc_ring_config_t config = {.slots = 1u << 19, .slot_bytes = 8};
    slc_ring_t *ring = slc_ring_create(&config, NULL);
    cr_assert((uintptr_t)slc_ring_slot(ring, 0) % (1u << 21) == 0);
    for (uint64_t i = 0; i < 1u << 19; i++) {
        uint64_t value;
        memcpy(&value, slc_ring_slot(ring, i), sizeof value);
        cr_assert(value == 0);
    }
    slc_ring_destroy(ring);
}

static void claims_are_refused_when_the_ring_is_full(slc_producers_t producers)
{
    slc_ring_t *ring = ring_of(producers);
    slc_consumer_t *consumer = gating_consumer(ring);
    uint64_t first = 99;
    for (uint64_t i = 0; i < SLOTS; i++) {
        cr_assert(slc_ring_room(ring) == SLOTS - i);
        cr_assert(slc_ring_try_claim(ring, 1, &first) && first == i);
        slc_ring_publish(ring, first, 1);
    }
    cr_assert(slc_ring_room(ring) == 0);
    cr_assert(!slc_ring_try_claim(ring, 1, &first));
    cr_assert(slc_ring_claimed(ring) == SLOTS, "a refused claim takes nothing");
    cr_assert(slc_consumer_poll(consumer, take_all, NULL) == SLOTS);
    cr_assert(slc_ring_room(ring) == SLOTS);
    cr_assert(slc_ring_try_claim(ring, SLOTS, &first) && first == SLOTS);
    slc_ring_destroy(ring);
}
Test(ring, of_one_producer_refuses_claims_when_full)
{
    claims_are_refused_when_the_ring_is_full(SLC_PRODUCER_SINGLE);
}
Test(ring, of_many_producers_refuses_claims_when_full)
{
    claims_are_refused_when_the_ring_is_full(SLC_PRODUCER_MULTI);
}

static void a_claim_of_several_takes_all_or_nothing(slc_producers_t producers)
{
    slc_ring_t *ring = ring_of(producers);
    slc_consumer_t *consumer = gating_consumer(ring);
    uint64_t first = 0;
    cr_assert(slc_ring_try_claim(ring, 5, &first) && first == 0);
    cr_assert(!slc_ring_try_claim(ring, 4, &first));
    cr_assert(slc_ring_try_claim(ring, 3, &first) && first == 5);
    slc_ring_publish(ring, 0, 8);
    cr_assert(slc_consumer_poll(consumer, take_all, NULL) == 8);
    cr_assert(slc_ring_try_claim(ring, 8, &first) && first == 8);
    slc_ring_destroy(ring);
}
Test(ring, of_one_producer_claims_all_or_nothing)
{
    a_claim_of_several_takes_all_or_nothing(SLC_PRODUCER_SINGLE);
}
Test(ring, of_many_producers_claims_all_or_nothing)
{
    a_claim_of_several_takes_all_or_nothing(SLC_PRODUCER_MULTI);
}

/* Publishes the slots of two laps in the order of `order`, a permutation of 0..SLOTS-1, and expects that
 * the consumer sees exactly the published ones up to the first gap. */
static void publish_in_order(slc_producers_t producers, const uint64_t order[SLOTS])
{
    slc_ring_t *ring = ring_of(producers);
    slc_consumer_t *consumer = gating_consumer(ring);
    for (uint64_t lap = 0; lap < 2; lap++) {
        uint64_t first = 0;
        bool published[SLOTS + 1] = {false};
        cr_assert(slc_ring_try_claim(ring, SLOTS, &first) && first == lap * SLOTS);
        for (uint64_t i = 0; i < SLOTS; i++) {
            slc_ring_publish(ring, first + order[i], 1);
            published[order[i]] = true;
            uint64_t seen = 0;
            while (published[seen]) {
                seen++;
            }
            (void)slc_consumer_poll(consumer, take_all, NULL);
            cr_assert(slc_consumer_sequence(consumer) == first + seen);
        }
    }
    slc_ring_destroy(ring);
}

static void publish_in_every_order(slc_producers_t producers)
{
    publish_in_order(producers, (uint64_t[]){0, 1, 2, 3, 4, 5, 6, 7});
    publish_in_order(producers, (uint64_t[]){7, 6, 5, 4, 3, 2, 1, 0});
    publish_in_order(producers, (uint64_t[]){1, 0, 3, 2, 5, 4, 7, 6});
    publish_in_order(producers, (uint64_t[]){3, 1, 0, 2, 7, 5, 6, 4});
    publish_in_order(producers, (uint64_t[]){0, 7, 1, 6, 2, 5, 3, 4});
}
Test(ring, of_one_producer_hides_what_lies_behind_an_unpublished_slot)
{
    publish_in_every_order(SLC_PRODUCER_SINGLE);
}
Test(ring, of_many_producers_hides_what_lies_behind_an_unpublished_slot)
{
    publish_in_every_order(SLC_PRODUCER_MULTI);
}

static void nothing_is_claimed_after_close(slc_producers_t producers)
{
    slc_ring_t *ring = ring_of(producers);
    slc_consumer_t *consumer = gating_consumer(ring);
    uint64_t first = 0;
    cr_assert(slc_ring_claim(ring, 3, &first));
    slc_ring_close(ring);
    slc_ring_close(ring);
    uint64_t untouched = 99;
    cr_assert(!slc_ring_try_claim(ring, 1, &untouched));
    cr_assert(!slc_ring_claim(ring, 1, &untouched));
    cr_assert(untouched == 99);
    cr_assert(slc_ring_room(ring) == 0);
    cr_assert(slc_ring_claimed(ring) == 3);
    cr_assert(!slc_consumer_done(consumer), "three slots are still to be published");
    slc_ring_publish(ring, first, 3);
    cr_assert(slc_consumer_run(consumer, take_all, NULL) == 0);
    cr_assert(slc_consumer_done(consumer));
    cr_assert(slc_consumer_sequence(consumer) == 3);
    slc_ring_destroy(ring);
}
Test(ring, of_one_producer_refuses_claims_after_close_and_drains_those_before)
{
    nothing_is_claimed_after_close(SLC_PRODUCER_SINGLE);
}
Test(ring, of_many_producers_refuses_claims_after_close_and_drains_those_before)
{
    nothing_is_claimed_after_close(SLC_PRODUCER_MULTI);
}

Test(ring, counts_room_to_the_slowest_of_several_gates)
{
    slc_ring_t *ring = ring_of(SLC_PRODUCER_SINGLE);
    slc_consumer_t *fast = gating_consumer(ring);
    slc_consumer_t *slow = gating_consumer(ring);
    slc_ring_gate(ring, slow); /* twice is once */
    uint64_t first = 0;
    cr_assert(slc_ring_try_claim(ring, SLOTS, &first));
    slc_ring_publish(ring, first, SLOTS);
    cr_assert(slc_consumer_poll(fast, take_all, NULL) == SLOTS);
    cr_assert(slc_ring_room(ring) == 0);
    cr_assert(slc_consumer_poll(slow, take_all, NULL) == SLOTS);
    cr_assert(slc_ring_room(ring) == SLOTS);
    slc_ring_destroy(ring);
}

Test(ring, counts_a_gate_that_is_added_after_room_was_found)
{
    slc_ring_t *ring = ring_of(SLC_PRODUCER_MULTI);
    slc_consumer_t *fast = gating_consumer(ring);
    slc_consumer_t *slow = slc_consumer_create(ring, NULL, 0, NULL);
    uint64_t first = 0;
    cr_assert(slc_ring_try_claim(ring, SLOTS, &first));
    slc_ring_publish(ring, first, SLOTS);
    cr_assert(slc_consumer_poll(fast, take_all, NULL) == SLOTS);
    cr_assert(slc_ring_room(ring) == SLOTS);
    slc_ring_gate(ring, slow);
    cr_assert(slc_ring_room(ring) == 0);
    slc_ring_destroy(ring);
}

Test(ring, without_a_gate_is_refused_at_the_first_claim, .signal = SIGABRT)
{
    slc_ring_t *ring = ring_of(SLC_PRODUCER_SINGLE);
    uint64_t first = 0;
    (void)slc_ring_try_claim(ring, 1, &first);
}

Test(ring, refuses_a_claim_of_more_slots_than_it_has, .signal = SIGABRT)
{
    slc_ring_t *ring = ring_of(SLC_PRODUCER_SINGLE);
    (void)gating_consumer(ring);
    uint64_t first = 0;
    (void)slc_ring_try_claim(ring, SLOTS + 1, &first);
}
