/* Who does a station's turn: the thread that gave it work, or its own. */
#include "../../lib/stations.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define SLOTS 1024u

static stations_t stations;

static uint64_t next_key = 1;

static void publish(uint32_t count)
{
    uint64_t first;
    cr_assert(slc_ring_try_claim(stations.pipeline.ring, count, &first));
    for (uint64_t i = 0; i < count; i++) {
        stations_fill(&stations, first + i, next_key++);
    }
    slc_ring_publish_quietly(stations.pipeline.ring, first, count);
}

static bool all_decided(void)
{
    return slc_consumer_sequence(stations.pipeline.apply) == slc_ring_claimed(stations.pipeline.ring);
}

/* A thread that was never woken does nothing for ever: SLC_STRESS_STILL_S seconds, or a minute. */
static void await(bool (*is_so)(void))
{
    const char *still = getenv("SLC_STRESS_STILL_S");
    for (long left_ms = (still == NULL ? 60 : atol(still)) * 1000; !is_so(); left_ms--) {
        cr_assert(left_ms > 0, "nobody was woken");
        (void)usleep(1000);
    }
}

static uint64_t own_writes(void)
{
    return atomic_load(&stations.own_writes);
}

static uint64_t own_writes_before;

static bool has_written_more(void)
{
    return own_writes() > own_writes_before;
}

static uint64_t lent_writes(void)
{
    return stations_lent_writes(&stations);
}

static void start(uint32_t block_bytes_max)
{
    slc_board_reader_register();
    stations_start(&stations, SLOTS, 1, block_bytes_max, 1000000000);
    /* Behind its first seal the journal's thread sleeps for good, not only until a seal is due. */
    await(has_written_more);
    own_writes_before = own_writes();
    stations_await_sleep(&stations);
}

static void before(void)
{
    start(1u << 20);
}

static void after(void)
{
    stations_join(&stations);
    stations_stop(&stations);
    slc_board_reader_unregister();
}

TestSuite(relay, .init = before, .fini = after);

Test(relay, a_buy_that_finds_everything_asleep_is_decided_by_who_published_it)
{
    publish(1);
    slc_relay_pass_on(&stations.relay);
    cr_assert(all_decided(), "when the call is back");
    cr_assert_eq(lent_writes(), 1);
    cr_assert_eq(stations_reply(&stations, 0), 1);
}

Test(relay, with_nothing_published_nothing_is_done)
{
    uint64_t writes = own_writes();
    slc_relay_pass_on(&stations.relay);
    cr_assert_eq(lent_writes(), 0);
    cr_assert_eq(own_writes(), writes);
}

Test(relay, many_slots_are_left_to_the_threads_which_are_woken)
{
    publish(SLOTS / 2);
    slc_relay_pass_on(&stations.relay);
    await(all_decided);
    cr_assert_eq(lent_writes(), 0);
}

Test(relay, while_somebody_else_does_the_journals_turn_its_thread_is_woken_to_take_over)
{
    cr_assert_eq(pthread_mutex_lock(&stations.relay.journal_lock), 0);
    publish(1);
    slc_relay_pass_on(&stations.relay); /* does not wait for the lock */
    cr_assert_not(all_decided());
    cr_assert_eq(pthread_mutex_unlock(&stations.relay.journal_lock), 0);
    await(all_decided);
    cr_assert_eq(lent_writes(), 0);
}

Test(relay, while_somebody_else_does_applys_turn_its_thread_is_woken_to_take_over)
{
    cr_assert_eq(pthread_mutex_lock(&stations.relay.apply_lock), 0);
    publish(1);
    slc_relay_pass_on(&stations.relay);
    cr_assert_eq(lent_writes(), 1);
    cr_assert_not(all_decided());
    cr_assert_eq(pthread_mutex_unlock(&stations.relay.apply_lock), 0);
    await(all_decided);
}

Test(relay, behind_a_lent_turn_the_thread_writes_the_seal_when_nothing_more_comes)
{
    publish(1);
    slc_relay_pass_on(&stations.relay);
    await(has_written_more);
}

Test(small_blocks, what_a_lent_turn_leaves_is_announced_to_the_thread)
{
    start(8192);
    publish(200); /* about twice as many as a block takes */
    slc_relay_pass_on(&stations.relay);
    await(all_decided);
    cr_assert(lent_writes() > 0);
    after();
}

static bool apply_sleeps(void)
{
    return slc_consumer_is_slept_on(stations.pipeline.journal);
}

static bool apply_has_left(void)
{
    return atomic_load(&stations.apply_left);
}

Test(closing, a_lent_turn_that_ends_a_closed_ring_wakes_the_thread_whose_turn_it_was)
{
    start(1u << 20);
    cr_assert_eq(pthread_mutex_lock(&stations.relay.journal_lock), 0);
    publish(1);
    slc_relay_pass_on(&stations.relay); /* wakes the journal's thread, which waits for the lock */
    slc_ring_close(stations.pipeline.ring);
    (void)usleep(10000); /* the close has woken apply's thread, which finds nothing yet */
    await(apply_sleeps);
    cr_assert_eq(pthread_mutex_unlock(&stations.relay.journal_lock), 0);
    await(apply_has_left);
    after();
}

Test(failing_disk, a_lent_turn_that_cannot_write_stops_the_process_with_exit_5, .exit_code = 5)
{
    start(1u << 20);
    atomic_store(&stations.write_fails, EIO);
    publish(1);
    slc_relay_pass_on(&stations.relay);
}
