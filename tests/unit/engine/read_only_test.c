/* READ_ONLY on one thread: the production stations over a disk in memory that is as full as the test
 * wants it to be. */
#include "../../lib/fake_sys.h"

#include "apply/station.h"
#include "base/hash.h"
#include "engine/pipeline.h"
#include "event/slot.h"
#include "journal/station.h"
#include "restore/restore.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define SEGMENT_BYTES ((uint64_t)128 << 10)
#define MIN_FREE ((uint64_t)256 << 10)
#define PLENTY ((uint64_t)64 << 20)
#define RING_SLOTS 64u

static fake_sys_t *fake;
static slc_directory_t *directory;
static slc_logic_t *logic;
static slc_writer_t *writer;
static slc_board_t *board;
static slc_bell_t bell;
static slc_digest_pair_t pair;
static slc_pipeline_t pipeline;
static slc_journal_station_t *journal;
static slc_apply_station_t *apply;
static slc_error_t error;
static slc_sys_t clock_of_the_test;
static uint64_t now_us = 1000000;
static uint64_t attempts;

static uint64_t test_monotonic_ns(void *self)
{
    (void)self;
    return now_us * 1000;
}

static uint64_t test_realtime_us(void *self)
{
    (void)self;
    return now_us;
}

static void nothing(void *context, slc_engine_info_t *info)
{
    (void)context;
    (void)info;
}

static void count_attempt(void *context, const slc_attempt_t *attempt)
{
    (void)context;
    cr_assert(attempt->status != SLC_STATUS_READ_ONLY);
    attempts++;
}

static void start(uint64_t min_free_bytes)
{
    slc_restored_t restored;
    const slc_writer_config_t config = {.segment_bytes = SEGMENT_BYTES,
                                        .block_bytes_max = 8192,
                                        .prepare_inside = true,
                                        .min_free_bytes = min_free_bytes};
    cr_assert(slc_directory_open(fake_sys_table(fake), "data", &directory, &error) == SLC_OK);
    cr_assert(slc_restore(directory, NULL, NULL, &logic, &restored, &error) == SLC_OK, "%s",
              error.message);
    cr_assert(slc_writer_open(directory, &config, &restored.end, &writer, &error) == SLC_OK, "%s",
              error.message);
    cr_assert(slc_pipeline_init(&pipeline, RING_SLOTS, 1, false, &error) == SLC_OK);
    cr_assert(slc_bell_init(&bell, &error) == SLC_OK);
    board = slc_board_create();
    journal =
        slc_journal_station_create(&(slc_journal_station_config_t){.sys = &clock_of_the_test,
                                                                   .ring = pipeline.ring,
                                                                   .consumer = pipeline.journal,
                                                                   .writer = writer,
                                                                   .pair = &pair,
                                                                   .time_us = restored.end.time_us});
    apply = slc_apply_station_create(&(slc_apply_config_t){.ring = pipeline.ring,
                                                           .consumer = pipeline.apply,
                                                           .logic = logic,
                                                           .board = board,
                                                           .pair = &pair,
                                                           .bells = &bell,
                                                           .bell_count = 1,
                                                           .note_attempt = count_attempt,
                                                           .fill_status = nothing});
    slc_apply_station_publish_restored(apply);
}

static void stop(void)
{
    slc_apply_station_destroy(apply);
    slc_journal_station_destroy(journal);
    slc_pipeline_finish(&pipeline);
    slc_bell_finish(&bell);
    slc_board_destroy(board);
    slc_writer_close(writer);
    slc_logic_destroy(logic);
    slc_directory_close(directory);
}

static void before(void)
{
    slc_board_reader_register();
    fake = fake_sys_create();
    clock_of_the_test = *fake_sys_table(fake);
    clock_of_the_test.monotonic_ns = test_monotonic_ns;
    clock_of_the_test.realtime_us = test_realtime_us;
    start(MIN_FREE);
}

static void after(void)
{
    stop();
    fake_sys_destroy(fake);
    slc_board_reader_unregister();
}

TestSuite(read_only, .init = before, .fini = after);

static uint64_t free_now(void)
{
    return (uint64_t)slc_writer_free_bytes(writer);
}

/* From the next look on the disk has so many bytes free. */
static void leave_free(uint64_t bytes)
{
    fake_sys_limit_bytes(fake, 0);
    uint64_t used = (UINT64_C(1) << 40) - free_now();
    fake_sys_limit_bytes(fake, used + bytes);
    cr_assert(free_now() == bytes);
    now_us += SLC_ROOM_LOOK_US;
}

static int64_t pass(void *context, uint64_t first, uint64_t count)
{
    (void)context;
    (void)first;
    return (int64_t)count;
}

static void drain(void)
{
    while (slc_consumer_poll(pipeline.reply[0], pass, NULL) > 0 || slc_apply_station_turn(apply) > 0 ||
           slc_journal_station_turn(journal, &error) > 0) {
    }
}

static slc_slot_t *claim(uint64_t *ret_sequence)
{
    cr_assert(slc_ring_try_claim(pipeline.ring, 1, ret_sequence));
    slc_slot_t *slot = slc_ring_slot(pipeline.ring, *ret_sequence);
    memset(slot, 0, sizeof *slot);
    slot->conn = SLC_CONN_NOBODY;
    return slot;
}

/* Into the ring, as ingress does; its slot answers once it is drained. */
static slc_slot_t *take_in_buy(const char *user, uint64_t key, uint32_t quantity)
{
    uint64_t sequence;
    slc_hint_t hint;
    slc_slot_t *slot = claim(&sequence);
    slot->kind = SLC_SLOT_BUY;
    slot->as.ask.drop_id = 1;
    slot->as.ask.order_key = key;
    slot->as.ask.user_hash = slc_hash(user, strlen(user));
    slot->quantity = quantity;
    slot->user_bytes = (uint8_t)strlen(user);
    memcpy(slot->user, user, strlen(user));
    if (slc_board_hint(board, 1, quantity, &hint)) {
        slot->flags = SLC_SLOT_PROBABLE_REFUSAL;
        slot->hint_sequence = hint.sequence;
        slot->hint_until_us = hint.until_us;
    }
    slc_ring_publish(pipeline.ring, sequence, 1);
    return slot;
}

static slc_slot_t buy(const char *user, uint64_t key, uint32_t quantity)
{
    const slc_slot_t *slot = take_in_buy(user, key, quantity);
    drain();
    return *slot;
}

static slc_command_t *take_in_change(slc_event_t event)
{
    uint64_t sequence;
    slc_command_t *command = slc_command_create(SLC_CONTROL_OPEN_DROP, 0);
    command->is_change = true;
    command->event = event;
    slc_slot_t *slot = claim(&sequence);
    slot->kind = SLC_SLOT_COMMAND;
    slot->flags = SLC_SLOT_HAS_COMMAND;
    slot->as.command = command;
    slc_ring_publish(pipeline.ring, sequence, 1);
    return command;
}

typedef struct heard {
    slc_status_t status;
    bool replayed;
} heard_t;

static heard_t change(slc_event_t event)
{
    slc_command_t *command = take_in_change(event);
    drain();
    heard_t heard = {command->status, command->replayed};
    slc_command_destroy(command);
    return heard;
}

static slc_event_t opening(uint64_t drop_id, uint64_t stock, uint64_t op_key)
{
    slc_event_t event = {.kind = SLC_EVENT_DROP_OPENED, .op_key = op_key};
    event.as.drop_opened.drop_id = drop_id;
    event.as.drop_opened.stock = stock;
    event.as.drop_opened.name.data = "";
    return event;
}

static slc_event_t of_drop(slc_event_kind_t kind, uint64_t drop_id)
{
    slc_event_t event = {.kind = kind};
    event.as.drop_closed.drop_id = drop_id;
    if (kind == SLC_EVENT_STOCK_ADJUSTED) {
        event.as.stock_adjusted.delta = 1;
    }
    return event;
}

static slc_event_t cancellation(uint64_t order_id)
{
    slc_event_t event = {.kind = SLC_EVENT_ORDER_CANCELLED};
    event.as.order_cancelled.order_id = order_id;
    return event;
}

static const char *reason(void)
{
    static char text[SLC_ROOM_REASON_BYTES];
    slc_journal_station_read_only(journal, text);
    return text;
}

#define cr_assert_heard(heard, expected)                                                                 \
    cr_assert((heard).status == SLC_STATUS_##expected, "heard %s", slc_status_name((int)(heard).status))

/* What comes back from the disk is the state that was, event for event. */
static void assert_restart_gives_the_same_state(void)
{
    uint64_t digest = slc_logic_digest(logic);
    uint64_t sequence = slc_logic_sequence(logic);
    stop();
    start(0);
    cr_assert(slc_logic_sequence(logic) == sequence && slc_logic_digest(logic) == digest);
}

Test(read_only, a_buy_that_could_buy_is_answered_read_only_and_leaves_no_trace)
{
    cr_assert_heard(change(opening(1, 10, 0)), ACCEPTED);
    leave_free(MIN_FREE - 1);
    uint64_t digest = slc_logic_digest(logic);
    uint64_t blocks = slc_writer_stats(writer).blocks;
    slc_slot_t answer = buy("ada", 7, 1);
    cr_assert_heard(answer, READ_ONLY);
    cr_assert((answer.flags & (SLC_SLOT_REPLAYED | SLC_SLOT_JOURNALED)) == 0);
    cr_assert(answer.as.answer.order_id == 0 && answer.as.answer.sequence == 1);
    cr_assert(slc_logic_sequence(logic) == 1 && slc_logic_digest(logic) == digest);
    cr_assert(slc_writer_stats(writer).blocks == blocks && attempts == 0);
    cr_assert(strstr(reason(), "min-free") != NULL, "%s", reason());
    leave_free(PLENTY);
    answer = buy("ada", 7, 1); /* the key is as free as before */
    cr_assert_heard(answer, ACCEPTED);
    cr_assert((answer.flags & SLC_SLOT_REPLAYED) == 0);
    cr_assert(reason()[0] == '\0');
}

Test(read_only, winners_still_hear_of_their_orders_and_a_refusal_is_still_a_refusal)
{
    cr_assert_heard(change(opening(1, 2, 0)), ACCEPTED);
    slc_slot_t first = buy("ada", 7, 1);
    cr_assert_heard(first, ACCEPTED);
    leave_free(0);
    slc_slot_t again = buy("ada", 7, 1);
    cr_assert_heard(again, ACCEPTED);
    cr_assert((again.flags & SLC_SLOT_REPLAYED) != 0);
    cr_assert(again.as.answer.order_id == first.as.answer.order_id);
    cr_assert_heard(buy("ada", 7, 2), CONFLICT);
    cr_assert_heard(buy("bob", 8, 2), SOLD_OUT);
    cr_assert_heard(buy("bob", 8, 1), READ_ONLY);
    cr_assert(slc_logic_sequence(logic) == 2);
}

Test(read_only, what_ends_a_drop_goes_on_and_what_begins_one_does_not)
{
    cr_assert_heard(change(opening(1, 5, 99)), ACCEPTED);
    slc_slot_t order = buy("ada", 7, 1);
    leave_free(0);
    cr_assert_heard(change(opening(2, 5, 98)), READ_ONLY);
    cr_assert_heard(change(of_drop(SLC_EVENT_STOCK_ADJUSTED, 1)), READ_ONLY);
    heard_t again = change(opening(1, 5, 99));
    cr_assert_heard(again, ACCEPTED);
    cr_assert(again.replayed);
    cr_assert_heard(change(opening(1, 6, 99)), CONFLICT);
    cr_assert(slc_logic_sequence(logic) == 2); /* none of these was an event */
    cr_assert_heard(change(cancellation(order.as.answer.order_id)), ACCEPTED);
    cr_assert_heard(change(of_drop(SLC_EVENT_DROP_CLOSED, 1)), ACCEPTED);
    cr_assert_heard(change(of_drop(SLC_EVENT_DROP_PURGED, 1)), ACCEPTED);
    cr_assert(slc_logic_sequence(logic) == 5);
    cr_assert_heard(buy("ada", 7, 1), UNKNOWN_DROP);
    assert_restart_gives_the_same_state();
}

/* One order, one place that decides: a stale hint does not outlive a cancellation, read-only or not. */
Test(read_only, a_unit_that_comes_back_turns_sold_out_into_read_only_behind_it)
{
    cr_assert_heard(change(opening(1, 1, 0)), ACCEPTED);
    slc_slot_t order = buy("ada", 7, 1);
    leave_free(0);
    const slc_slot_t *in_front = take_in_buy("bob", 8, 1);
    slc_command_t *command = take_in_change(cancellation(order.as.answer.order_id));
    const slc_slot_t *behind = take_in_buy("cy", 9, 1);
    cr_assert((behind->flags & SLC_SLOT_PROBABLE_REFUSAL) != 0);
    drain();
    cr_assert_heard(*in_front, SOLD_OUT);
    cr_assert_heard(*command, ACCEPTED);
    cr_assert_heard(*behind, READ_ONLY);
    slc_command_destroy(command);
}

Test(read_only, it_goes_on_by_itself_but_only_with_a_quarter_more_than_it_stopped_at)
{
    cr_assert_heard(change(opening(1, 10, 0)), ACCEPTED);
    leave_free(MIN_FREE);
    cr_assert_heard(buy("ada", 1, 1), ACCEPTED);
    leave_free(MIN_FREE - 1);
    cr_assert_heard(buy("ada", 2, 1), READ_ONLY);
    leave_free(MIN_FREE + MIN_FREE / 4 - 1);
    cr_assert_heard(buy("ada", 2, 1), READ_ONLY);
    leave_free(MIN_FREE + MIN_FREE / 4);
    cr_assert(slc_journal_station_idle(journal, &error) ==
              SLC_OK); /* nobody asks: it looks all the same */
    cr_assert(reason()[0] == '\0', "%s", reason());
    cr_assert_heard(buy("ada", 2, 1), ACCEPTED);
}

Test(read_only, without_a_next_segment_buys_stop_at_the_reserve_and_none_of_them_is_lost)
{
    stop();
    start(0);
    cr_assert_heard(change(opening(1, 1000000, 0)), ACCEPTED);
    leave_free(0);
    const slc_slot_t *slots[RING_SLOTS];
    uint64_t accepted = 0;
    uint64_t refused = 0;
    for (uint64_t key = 1; refused == 0; key += RING_SLOTS) {
        for (uint64_t i = 0; i < RING_SLOTS; i++) {
            slots[i] = take_in_buy("a-user-whose-name-is-as-long-as-names-may-be-in-this-system-64-b",
                                   key + i, 1);
        }
        drain();
        for (uint64_t i = 0; i < RING_SLOTS; i++) {
            accepted += slots[i]->status == SLC_STATUS_ACCEPTED;
            refused += slots[i]->status == SLC_STATUS_READ_ONLY;
        }
        cr_assert(accepted + refused ==
                  key + RING_SLOTS - 1); /* each is answered, one way or the other */
    }
    cr_assert(slc_logic_order_count(logic) == accepted);
    uint64_t room = slc_writer_room_bytes(writer);
    cr_assert(room >= slc_writer_reserve_bytes(writer), "%lu left", room);
    cr_assert(room < slc_writer_reserve_bytes(writer) + 8192); /* and all before it was used */
    cr_assert(strstr(reason(), "No space left") != NULL, "%s", reason());
    assert_restart_gives_the_same_state();
}

static void use_up_the_reserve(uint64_t unsealed)
{
    stop();
    start(0);
    cr_assert_heard(change(opening(1, 1000000, 0)), ACCEPTED);
    leave_free(0);
    uint64_t key = 1;
    while (buy("ada", key, 1).status == SLC_STATUS_ACCEPTED) {
        key++;
    }
    uint64_t cancelled = 0;
    heard_t heard = {SLC_STATUS_ACCEPTED, false};
    while (heard.status == SLC_STATUS_ACCEPTED) {
        heard = change(cancellation(2 + cancelled));
        cancelled += heard.status == SLC_STATUS_ACCEPTED;
        if (cancelled > unsealed) {
            cr_assert(slc_journal_station_idle(journal, &error) == SLC_OK, "%s",
                      error.message); /* seals */
        }
    }
    cr_assert_heard(heard, READ_ONLY);
    cr_assert(cancelled >= 1 && cancelled < key);
    cr_assert_heard(buy("ada", key - 1, 1), ACCEPTED); /* who won still hears it */
    assert_restart_gives_the_same_state();             /* on the full disk */
    cr_assert_heard(buy("ada", key, 1), READ_ONLY);
    leave_free(PLENTY);
    cr_assert_heard(change(cancellation(2 + cancelled)), ACCEPTED);
    cr_assert_heard(buy("ada", key, 1), ACCEPTED);
    assert_restart_gives_the_same_state();
}

/* Blocks and seals are a page each, so that an odd and an even number of pages have to be tried. */
Test(read_only, operators_may_use_up_the_reserve_but_never_the_room_of_the_last_seal)
{
    use_up_the_reserve(0);
}

Test(read_only, nor_where_it_is_a_page_longer)
{
    use_up_the_reserve(1);
}

Test(read_only, a_segment_that_would_leave_too_little_is_not_begun)
{
    cr_assert_heard(change(opening(1, 1000000, 0)), ACCEPTED);
    leave_free(SEGMENT_BYTES + MIN_FREE - 1);
    uint64_t key = 1;
    while (buy("ada", key, 1).status == SLC_STATUS_ACCEPTED) {
        cr_assert(free_now() == SEGMENT_BYTES + MIN_FREE - 1);
        key++;
    }
    cr_assert(slc_writer_stats(writer).rolls == 0);
    leave_free(SEGMENT_BYTES + MIN_FREE + MIN_FREE / 4);
    cr_assert_heard(buy("ada", key, 1), ACCEPTED);
    cr_assert(free_now() == MIN_FREE + MIN_FREE / 4);
}

Test(read_only, a_disk_that_fails_is_no_full_disk_and_stops_the_station)
{
    stop();
    start(0);
    cr_assert_heard(change(opening(1, 1000000, 0)), ACCEPTED);
    fake_sys_fail(fake, FAKE_OPEN, 1, EROFS, true); /* the next segment's file */
    uint64_t key = 1;
    int64_t done = 1;
    while (done > 0) {
        (void)take_in_buy("ada", key++, 1);
        done = slc_journal_station_turn(journal, &error);
        (void)slc_apply_station_turn(apply);
        while (slc_consumer_poll(pipeline.reply[0], pass, NULL) > 0) {
        }
    }
    cr_assert(done == -1 && error.code == SLC_ERR_IO && error.sys_errno == EROFS, "%s", error.message);
    cr_assert(strstr(error.message, "nothing acknowledged is lost") != NULL, "%s", error.message);
    fake_sys_heal(fake);
}
