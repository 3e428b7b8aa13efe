/* The journal station on a thread that does all its turns, as engine/relay.c does where it lends none:
 * what it seals and when, and what stops it. What it makes of each kind of slot is tried in
 * unit/engine/read_only_test.c and in the simulation.
 */
#include "../../lib/fake_sys.h"
#include "../../lib/journal_lab.h"

#include "event/slot.h"
#include "journal/format.h"
#include "journal/station.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#define SEGMENT_BYTES 32768u

static fake_sys_t *fake;
static slc_directory_t *directory;
static slc_writer_t *writer;
static slc_ring_t *ring;
static slc_consumer_t *consumer;
static slc_journal_station_t *station;
static slc_digest_pair_t pair;
static slc_error_t error;

static void setup(void)
{
    const slc_journal_end_t end = {0};
    const slc_writer_config_t config = {
        .segment_bytes = SEGMENT_BYTES, .block_bytes_max = 8192, .prepare_inside = true};
    fake = fake_sys_create();
    cr_assert(slc_directory_open(fake_sys_table(fake), LAB_DIR, &directory, &error) == SLC_OK);
    cr_assert(slc_writer_open(directory, &config, &end, &writer, &error) == SLC_OK);
    ring = slc_ring_create(&(slc_ring_config_t){.slots = 64,
                                                .slot_bytes = sizeof(slc_slot_t),
                                                .producers = SLC_PRODUCER_SINGLE,
                                                .wait = SLC_WAIT_SLEEP},
                           &error);
    cr_assert(ring != NULL);
    consumer = slc_consumer_create(ring, NULL, 0, &error);
    cr_assert(consumer != NULL);
    slc_ring_gate(ring, consumer);
    station = slc_journal_station_create(&(slc_journal_station_config_t){.sys = fake_sys_table(fake),
                                                                         .ring = ring,
                                                                         .consumer = consumer,
                                                                         .writer = writer,
                                                                         .pair = &pair});
    cr_assert(station != NULL);
}

static void teardown(void)
{
    slc_journal_station_destroy(station);
    slc_ring_destroy(ring);
    slc_writer_close(writer);
    slc_directory_close(directory);
    fake_sys_destroy(fake);
}

TestSuite(journal_station, .init = setup, .fini = teardown);

static slc_slot_t *publish_buy(uint64_t key)
{
    uint64_t sequence;
    cr_assert(slc_ring_claim(ring, 1, &sequence));
    slc_slot_t *slot = slc_ring_slot(ring, sequence);
    memset(slot, 0, sizeof *slot);
    slot->kind = SLC_SLOT_BUY;
    slot->as.ask.drop_id = 1;
    slot->as.ask.order_key = key;
    slot->quantity = 1;
    slot->user_bytes = 3;
    memcpy(slot->user, "ada", 3);
    slc_ring_publish(ring, sequence, 1);
    return slot;
}

/* ---- its thread ---- */

static slc_err_t answered;
static slc_error_t said;

static slc_err_t station_run(slc_error_t *ret_error)
{
    slc_err_t err = slc_journal_station_look(station, ret_error);
    while (err == SLC_OK && !slc_consumer_done(consumer)) {
        int64_t done = slc_journal_station_turn(station, ret_error);
        if (done < 0) {
            return ret_error->code;
        }
        if (done == 0 && !slc_consumer_wait(consumer, slc_journal_station_rest_ns(station))) {
            err = slc_journal_station_idle(station, ret_error);
        }
    }
    return err == SLC_OK ? slc_journal_station_idle(station, ret_error) : err;
}

static void *run(void *context)
{
    (void)context;
    answered = station_run(&said);
    return NULL;
}

static pthread_t start(void)
{
    pthread_t thread;
    cr_assert(pthread_create(&thread, NULL, run, NULL) == 0);
    return thread;
}

/* The kind of the block at the n-th page behind the header, on the disk of a machine whose power is cut
 * now: -1 none, 0 events, 1 a seal. */
static int block_on_disk(unsigned page)
{
    size_t bytes = 0;
    fake_sys_quiet(fake, true);
    fake_sys_t *dark = fake_sys_crash(fake, FAKE_KEEP_DURABLE, 0);
    fake_sys_quiet(fake, false);
    const uint8_t *file = fake_sys_file(dark, LAB_DIR "/segment-0000000001.journal", &bytes);
    const uint8_t *block = file + SLC_SEGMENT_HEADER_BYTES + page * SLC_PAGE_BYTES;
    int kind = memcmp(block, "SLCBLOCK", 8) == 0 ? (int)(block[18] & SLC_BLOCK_SEAL) : -1;
    fake_sys_destroy(dark);
    return kind;
}

Test(journal_station, drains_a_closed_ring_and_ends_with_a_seal)
{
    slc_slot_t *first = publish_buy(1);
    slc_slot_t *second = publish_buy(2);
    slc_ring_close(ring);
    cr_assert(station_run(&error) == SLC_OK, "%s", error.message);
    cr_assert(slc_writer_sequence(writer) == 2 && slc_consumer_done(consumer));
    cr_assert((first->flags & SLC_SLOT_JOURNALED) != 0 && (second->flags & SLC_SLOT_JOURNALED) != 0);
    cr_assert(block_on_disk(0) == 0 && block_on_disk(1) == 1 && block_on_disk(2) == -1);
}

Test(journal_station, seals_once_when_nothing_comes_and_goes_on_behind_it)
{
    (void)publish_buy(1);
    pthread_t thread = start();
    while (slc_consumer_sequence(consumer) < 1) {
        (void)sched_yield();
    }
    while (slc_writer_stats(writer).blocks < 2) { /* nobody asks for it */
        (void)sched_yield();
    }
    (void)publish_buy(2);
    while (slc_consumer_sequence(consumer) < 2) {
        (void)sched_yield();
    }
    slc_ring_close(ring);
    (void)pthread_join(thread, NULL);
    cr_assert(answered == SLC_OK, "%s", said.message);
    cr_assert(block_on_disk(0) == 0 && block_on_disk(1) == 1);
    cr_assert(block_on_disk(2) == 0 && block_on_disk(3) == 1 && block_on_disk(4) == -1);
}

Test(journal_station, stops_at_a_block_that_failed_and_lets_nobody_see_its_slots)
{
    fake_sys_fail(fake, FAKE_PWRITE, 1, EIO, false);
    (void)publish_buy(1);
    cr_assert(station_run(&error) == SLC_ERR_IO && error.sys_errno == EIO);
    cr_assert(slc_consumer_sequence(consumer) == 0 && slc_writer_sequence(writer) == 0);
    /* It stays so: the disk takes writes again, and gets none. */
    uint64_t writes = fake_sys_calls(fake, FAKE_PWRITE);
    cr_assert(slc_journal_station_turn(station, &error) == -1 && slc_consumer_sequence(consumer) == 0);
    cr_assert(slc_journal_station_idle(station, &error) == SLC_ERR_IO);
    cr_assert(fake_sys_calls(fake, FAKE_PWRITE) == writes);
}

Test(journal_station, stops_at_a_seal_that_failed_while_idle_and_at_the_end)
{
    (void)publish_buy(1);
    cr_assert(slc_journal_station_turn(station, &error) == 1);
    fake_sys_fail(fake, FAKE_PWRITE, 1, EIO, false);
    pthread_t thread = start();
    (void)pthread_join(thread, NULL); /* the ring is open: only the seal can have ended it */
    cr_assert(answered == SLC_ERR_IO && said.sys_errno == EIO);
    cr_assert(strstr(said.message, "a seal could not be made durable") != NULL, "%s", said.message);
    slc_ring_close(ring);
    cr_assert(station_run(&error) == SLC_ERR_IO);
}

/* ---- a next segment that cannot be made, for good ---- */

/* But for its reserve, by blocks of one order. */
static void use_up_the_segment(void)
{
    for (uint64_t key = 1; slc_writer_room_bytes(writer) > slc_writer_reserve_bytes(writer); key++) {
        (void)publish_buy(key);
        cr_assert(slc_journal_station_turn(station, &error) == 1, "%s", error.message);
    }
    (void)publish_buy(4711);
}

static void pass_until_the_next_look(void)
{
    fake_sys_pass_time(fake, SLC_ROOM_LOOK_US * 1000);
}

Test(journal_station, that_needs_a_segment_which_the_disk_refuses_for_good_stops_there)
{
    use_up_the_segment();
    uint64_t before = slc_consumer_sequence(consumer);
    fake_sys_fail(fake, FAKE_OPEN, 1, EIO, true);
    cr_assert(slc_journal_station_turn(station, &error) == -1);
    cr_assert(error.sys_errno == EIO && strstr(error.message, "cannot make the next segment") != NULL,
              "%s", error.message);
    /* The next look meets it before anything else, and so does a loop that begins. */
    error = (slc_error_t){0};
    pass_until_the_next_look();
    cr_assert(slc_journal_station_turn(station, &error) == -1 && error.sys_errno == EIO);
    error = (slc_error_t){0};
    pass_until_the_next_look();
    cr_assert(station_run(&error) == SLC_ERR_IO && error.sys_errno == EIO);
    cr_assert(slc_consumer_sequence(consumer) == before);
}

Test(journal_station, read_only_for_want_of_room_stops_when_the_disk_fails_in_the_meantime)
{
    char reason[SLC_ROOM_REASON_BYTES];
    use_up_the_segment();
    fake_sys_fail(fake, FAKE_OPEN, 1, ENOSPC, true);
    cr_assert(slc_journal_station_turn(station, &error) == 1, "%s", error.message);
    slc_journal_station_read_only(station, reason);
    cr_assert(strstr(reason, "no next journal segment") != NULL, "%s", reason);
    const slc_slot_t *slot = slc_ring_slot(ring, slc_consumer_sequence(consumer) - 1);
    cr_assert((slot->flags & SLC_SLOT_READ_ONLY) != 0 && (slot->flags & SLC_SLOT_JOURNALED) == 0);
    cr_assert(slc_journal_station_idle(station, &error) == SLC_OK, "%s", error.message);
    fake_sys_fail(fake, FAKE_OPEN, 1, EROFS, true);
    pass_until_the_next_look();
    cr_assert(slc_journal_station_idle(station, &error) == SLC_ERR_IO && error.sys_errno == EROFS, "%s",
              error.message);
}
