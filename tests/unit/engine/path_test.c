/* The path of a BUY on one thread: the production stations, a turn at a time, in the order that the test
 * chooses. What goes wrong elsewhere between a hint and its decision is tried here by name. */
#include "apply/station.h"
#include "base/hash.h"
#include "engine/relay.h"
#include "event/slot.h"
#include "journal/station.h"
#include "restore/restore.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct path {
    char directory_path[64];
    slc_directory_t *directory;
    slc_restored_t restored;
    slc_logic_t *logic;
    slc_writer_t *writer;
    slc_board_t *board;
    slc_bell_t bell;
    slc_digest_pair_t pair;
    slc_pipeline_t pipeline;
    slc_journal_station_t *journal;
    slc_apply_station_t *apply;
} path_t;

static path_t path;
static slc_error_t error;

/* The journal station's clock is the test's. */
static uint64_t now_us = 1000000;

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

static slc_sys_t clock_of_the_test;

static void nothing(void *context, slc_engine_info_t *info)
{
    (void)context;
    (void)info;
}

static void path_start(void)
{
    slc_writer_config_t config = {
        .segment_bytes = 1u << 20, .block_bytes_max = 64u << 10, .no_direct = true};
    cr_assert(slc_directory_open(slc_sys_posix(), path.directory_path, &path.directory, &error) == SLC_OK,
              "%s", error.message);
    cr_assert(slc_restore(path.directory, NULL, NULL, &path.logic, &path.restored, &error) == SLC_OK,
              "%s", error.message);
    cr_assert(slc_writer_open(path.directory, &config, &path.restored.end, &path.writer, &error) ==
                  SLC_OK,
              "%s", error.message);
    cr_assert(slc_pipeline_init(&path.pipeline, 64, 1, false, &error) == SLC_OK);
    cr_assert(slc_bell_init(&path.bell, &error) == SLC_OK);
    path.board = slc_board_create();
    slc_journal_station_config_t journal = {
        .sys = &clock_of_the_test,
        .ring = path.pipeline.ring,
        .consumer = path.pipeline.journal,
        .writer = path.writer,
        .pair = &path.pair,
        .time_us = path.restored.end.time_us,
    };
    slc_apply_config_t apply = {
        .ring = path.pipeline.ring,
        .consumer = path.pipeline.apply,
        .logic = path.logic,
        .board = path.board,
        .pair = &path.pair,
        .bells = &path.bell,
        .bell_count = 1,
        .fill_status = nothing,
    };
    path.journal = slc_journal_station_create(&journal);
    path.apply = slc_apply_station_create(&apply);
    slc_apply_station_publish_restored(path.apply);
}

static void path_stop(void)
{
    slc_apply_station_destroy(path.apply);
    slc_journal_station_destroy(path.journal);
    slc_pipeline_finish(&path.pipeline);
    slc_bell_finish(&path.bell);
    slc_board_destroy(path.board);
    slc_writer_close(path.writer);
    slc_logic_destroy(path.logic);
    slc_directory_close(path.directory);
}

static void before(void)
{
    slc_board_reader_register();
    clock_of_the_test = *slc_sys_posix();
    clock_of_the_test.monotonic_ns = test_monotonic_ns;
    clock_of_the_test.realtime_us = test_realtime_us;
    strcpy(path.directory_path, "/tmp/sluice-path-XXXXXX");
    cr_assert(mkdtemp(path.directory_path) != NULL);
    path_start();
}

static void after(void)
{
    path_stop();
    char command[128];
    (void)snprintf(command, sizeof command, "rm -r %s", path.directory_path);
    cr_assert(system(command) == 0);
    slc_board_reader_unregister();
}

TestSuite(path, .init = before, .fini = after);

static void journal_turn(void)
{
    cr_assert(slc_journal_station_turn(path.journal, &error) >= 0, "%s", error.message);
}

static int64_t pass(void *context, uint64_t first, uint64_t count)
{
    (void)context;
    (void)first;
    return (int64_t)count;
}

/* Everything that is in the ring goes all the way. */
static void drain(void)
{
    journal_turn();
    while (slc_apply_station_turn(path.apply) > 0) {
    }
    while (slc_consumer_poll(path.pipeline.reply[0], pass, NULL) > 0) {
    }
}

static slc_slot_t *claim(uint64_t *ret_sequence)
{
    cr_assert(slc_ring_try_claim(path.pipeline.ring, 1, ret_sequence));
    slc_slot_t *slot = slc_ring_slot(path.pipeline.ring, *ret_sequence);
    memset(slot, 0, sizeof *slot);
    slot->conn = SLC_CONN_NOBODY;
    return slot;
}

/* Takes a BUY in as ingress does, the hint included; its slot answers once it is drained. */
static slc_slot_t *buy(const char *user, uint64_t key, uint32_t quantity)
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
    if (slc_board_hint(path.board, 1, quantity, &hint)) {
        slot->flags = SLC_SLOT_PROBABLE_REFUSAL;
        slot->hint_sequence = hint.sequence;
        slot->hint_until_us = hint.until_us;
    }
    slc_ring_publish(path.pipeline.ring, sequence, 1);
    return slot;
}

static slc_command_t *change(slc_event_kind_t kind, uint64_t op_key)
{
    slc_command_t *command = slc_command_create(SLC_CONTROL_OPEN_DROP, 0);
    command->is_change = true;
    command->event.kind = kind;
    command->event.op_key = op_key;
    return command;
}

static void take_in(slc_command_t *command)
{
    uint64_t sequence;
    slc_slot_t *slot = claim(&sequence);
    slot->kind = SLC_SLOT_COMMAND;
    slot->flags = SLC_SLOT_HAS_COMMAND;
    slot->as.command = command;
    slc_ring_publish(path.pipeline.ring, sequence, 1);
}

static void open_drop(uint64_t stock, uint64_t opens_at_us)
{
    slc_command_t *command = change(SLC_EVENT_DROP_OPENED, 0);
    command->event.as.drop_opened.drop_id = 1;
    command->event.as.drop_opened.stock = stock;
    command->event.as.drop_opened.opens_at_us = opens_at_us;
    command->event.as.drop_opened.name.data = command->text;
    take_in(command);
    drain();
    cr_assert(command->status == SLC_STATUS_ACCEPTED, "%s", command->message);
    slc_command_destroy(command);
}

static slc_command_t *restock(int64_t delta)
{
    slc_command_t *command = change(SLC_EVENT_STOCK_ADJUSTED, 0);
    command->event.as.stock_adjusted.drop_id = 1;
    command->event.as.stock_adjusted.delta = delta;
    take_in(command);
    return command;
}

#define cr_assert_status(slot, expected)                                                                 \
    cr_assert((slot)->status == SLC_STATUS_##expected, "heard %s", slc_status_name((slot)->status))

Test(path, a_buy_is_journaled_applied_and_answered_with_its_sequence_as_order_id)
{
    open_drop(10, 0);
    slc_slot_t *slot = buy("ada", 1, 3);
    drain();
    cr_assert_status(slot, ACCEPTED);
    cr_assert(slot->as.answer.order_id == 2 && slot->as.answer.sequence == 2);
    cr_assert(slot->as.answer.remaining == 7);
    cr_assert(slot->time_us > 0);
    cr_assert(slc_writer_sequence(path.writer) == 2);
}

Test(path, nothing_is_applied_before_the_journal_has_passed_it)
{
    open_drop(10, 0);
    slc_slot_t *slot = buy("ada", 1, 1);
    cr_assert(slc_apply_station_turn(path.apply) == 0);
    cr_assert_status(slot, UNSPECIFIED);
    cr_assert(slc_logic_sequence(path.logic) == 1);
    drain();
    cr_assert_status(slot, ACCEPTED);
}

Test(path, a_sold_out_drop_refuses_without_a_journal_write)
{
    open_drop(1, 0);
    (void)buy("ada", 1, 1);
    drain();
    uint64_t blocks = slc_writer_stats(path.writer).blocks;
    for (uint64_t i = 0; i < 50; i++) {
        slc_slot_t *slot = buy("bob", 100 + i, 1);
        drain();
        cr_assert_status(slot, SOLD_OUT);
        cr_assert(slot->as.answer.sequence == 2);
    }
    cr_assert(slc_writer_stats(path.writer).blocks == blocks);
    cr_assert(slc_writer_sequence(path.writer) == 2);
}

Test(path, a_stale_sold_out_hint_behind_a_restock_in_the_ring_buys)
{
    open_drop(1, 0);
    (void)buy("ada", 1, 1);
    drain();
    slc_command_t *command = restock(1); /* in the ring, not applied: the board still says sold out */
    slc_slot_t *slot = buy("bob", 2, 1);
    cr_assert((slot->flags & SLC_SLOT_PROBABLE_REFUSAL) != 0);
    drain();
    cr_assert_status(slot, ACCEPTED);
    slc_command_destroy(command);
}

Test(path, a_buy_in_front_of_the_restock_is_refused_and_one_behind_it_buys)
{
    open_drop(0, 0);
    slc_slot_t *in_front = buy("ada", 1, 1);
    slc_command_t *command = restock(1);
    slc_slot_t *behind = buy("bob", 2, 1);
    drain();
    cr_assert_status(in_front, SOLD_OUT);
    cr_assert_status(behind, ACCEPTED);
    slc_command_destroy(command);
}

Test(path, a_restock_between_the_journal_and_the_logic_voids_the_hint_as_well)
{
    open_drop(0, 0);
    slc_command_t *command = restock(1);
    journal_turn(); /* durable, not applied */
    slc_slot_t *slot = buy("bob", 2, 1);
    cr_assert((slot->flags & SLC_SLOT_PROBABLE_REFUSAL) != 0);
    drain();
    cr_assert_status(slot, ACCEPTED);
    slc_command_destroy(command);
}

Test(path, a_cancellation_gives_the_unit_to_the_next_one_behind_it)
{
    open_drop(1, 0);
    slc_slot_t *winner = buy("ada", 1, 1);
    drain();
    slc_command_t *command = change(SLC_EVENT_ORDER_CANCELLED, 0);
    command->event.as.order_cancelled.order_id = winner->as.answer.order_id;
    slc_slot_t *in_front = buy("bob", 2, 1);
    take_in(command);
    slc_slot_t *behind = buy("cy", 3, 1);
    drain();
    cr_assert(command->status == SLC_STATUS_ACCEPTED);
    cr_assert_status(in_front, SOLD_OUT);
    cr_assert_status(behind, ACCEPTED);
    slc_command_destroy(command);
}

Test(path, a_winners_retry_hears_accepted_while_the_drop_is_sold_out)
{
    open_drop(1, 0);
    slc_slot_t *first = buy("ada", 7, 1);
    drain();
    uint64_t order_id = first->as.answer.order_id;
    uint64_t time_us = first->time_us;
    slc_slot_t *retry = buy("ada", 7, 1);
    cr_assert((retry->flags & SLC_SLOT_PROBABLE_REFUSAL) != 0);
    drain();
    cr_assert_status(retry, ACCEPTED);
    cr_assert((retry->flags & SLC_SLOT_REPLAYED) != 0);
    cr_assert(retry->as.answer.order_id == order_id && retry->time_us == time_us);
}

Test(path, a_retry_does_not_overtake_its_first_attempt_behind_a_restock)
{
    open_drop(0, 0);
    slc_command_t *command = restock(1);
    slc_slot_t *first = buy("ada", 7, 1);
    slc_slot_t *retry = buy("ada", 7, 1);
    drain();
    cr_assert_status(first, ACCEPTED);
    cr_assert((first->flags & SLC_SLOT_REPLAYED) == 0);
    cr_assert_status(retry, ACCEPTED);
    cr_assert((retry->flags & SLC_SLOT_REPLAYED) != 0);
    cr_assert(retry->as.answer.order_id == first->as.answer.order_id);
    slc_command_destroy(command);
}

Test(path, the_last_unit_goes_to_one_of_two_and_a_refused_retry_eats_no_stock)
{
    open_drop(2, 0);
    slc_slot_t *a = buy("ada", 1, 1);
    slc_slot_t *b = buy("bob", 2, 1);
    slc_slot_t *c = buy("cy", 3, 1);
    slc_slot_t *again = buy("ada", 1, 1);
    drain();
    cr_assert_status(a, ACCEPTED);
    cr_assert_status(b, ACCEPTED);
    cr_assert_status(c, SOLD_OUT);
    cr_assert_status(again, ACCEPTED);
    slc_drop_info_t drop;
    cr_assert(slc_logic_drop(path.logic, 1, &drop) && drop.sold == 2 && drop.remaining == 0);
}

Test(path, a_hint_of_a_drop_that_opens_later_is_void_once_the_hour_has_come)
{
    open_drop(1, now_us + 500);
    slc_slot_t *early = buy("ada", 1, 1);
    cr_assert((early->flags & SLC_SLOT_PROBABLE_REFUSAL) != 0);
    now_us += 499;
    drain();
    cr_assert_status(early, NOT_OPEN);
    slc_slot_t *late = buy("bob", 2, 1); /* hinted while it is not open, decided when it is */
    cr_assert((late->flags & SLC_SLOT_PROBABLE_REFUSAL) != 0);
    now_us += 1;
    drain();
    cr_assert_status(late, ACCEPTED);
}

Test(path, an_unknown_drop_hinted_before_it_was_opened_is_bought_behind_the_opening)
{
    slc_command_t *command = change(SLC_EVENT_DROP_OPENED, 0);
    command->event.as.drop_opened.drop_id = 1;
    command->event.as.drop_opened.stock = 5;
    command->event.as.drop_opened.name.data = command->text;
    slc_slot_t *in_front = buy("ada", 1, 1);
    take_in(command);
    slc_slot_t *behind = buy("bob", 2, 1);
    drain();
    cr_assert_status(in_front, UNKNOWN_DROP);
    cr_assert_status(behind, ACCEPTED);
    slc_command_destroy(command);
}

Test(path, queries_see_what_stands_before_them_in_the_ring)
{
    open_drop(5, 0);
    slc_command_t *query = slc_command_create(SLC_CONTROL_GET_DROP, 0);
    query->drop_id = 1;
    (void)buy("ada", 1, 2);
    take_in(query);
    (void)buy("bob", 2, 2);
    drain();
    cr_assert(query->has_drop && query->drop.remaining == 3);
    cr_assert(query->sequence == 2);
    slc_command_destroy(query);
}

Test(path, more_than_a_block_holds_becomes_several_blocks_in_order)
{
    open_drop(1000000, 0);
    for (int round = 0; round < 40; round++) {
        slc_slot_t *slots[50];
        for (uint64_t i = 0; i < 50; i++) {
            slots[i] = buy("a-user-whose-name-is-as-long-as-names-may-be-in-this-system-64-b", i + 1, 1);
        }
        drain();
        for (int i = 0; i < 50; i++) {
            cr_assert_status(slots[i], ACCEPTED);
        }
    }
    cr_assert(slc_writer_stats(path.writer).blocks >= 40);
    cr_assert(slc_writer_sequence(path.writer) == slc_logic_sequence(path.logic));
}

Test(path, a_restart_gives_the_same_state_and_still_knows_every_key)
{
    open_drop(3, 0);
    (void)buy("ada", 7, 2);
    (void)buy("bob", 8, 2); /* refused, and journaled: nobody knew when it was taken in */
    drain();
    uint64_t digest = slc_logic_digest(path.logic);
    uint64_t sequence = slc_logic_sequence(path.logic);
    path_stop();
    path_start();
    cr_assert(slc_logic_sequence(path.logic) == sequence);
    cr_assert(slc_logic_digest(path.logic) == digest);
    slc_slot_t *retry = buy("ada", 7, 2);
    slc_slot_t *other = buy("ada", 7, 1);
    drain();
    cr_assert_status(retry, ACCEPTED);
    cr_assert((retry->flags & SLC_SLOT_REPLAYED) != 0);
    cr_assert_status(other, CONFLICT);
}

Test(path, time_never_falls_behind_the_journal_it_was_restored_from)
{
    open_drop(3, 0);
    (void)buy("ada", 7, 1);
    drain();
    uint64_t time_us = slc_logic_time_us(path.logic);
    path_stop();
    now_us -= 5000; /* somebody set the clock back */
    path_start();
    (void)buy("bob", 8, 1);
    drain();
    cr_assert(slc_logic_time_us(path.logic) >= time_us);
}

Test(path, a_stop_leaves_a_seal_that_tells_the_digest_of_the_last_event)
{
    open_drop(3, 0);
    (void)buy("ada", 7, 1);
    drain();
    slc_ring_close(path.pipeline.ring);
    slc_relay_t relay;
    slc_relay_init(&relay, &path.pipeline, path.journal, path.apply);
    slc_relay_run_journal(&relay);
    slc_relay_finish(&relay);
    cr_assert(!path.restored.end.sealed && path.restored.digest_pairs == 0);
    path_stop();
    path_start();
    cr_assert(path.restored.end.sealed);
    cr_assert(path.restored.digest_pairs == 2, "one in the block behind the opening, one in the seal");
}

Test(path, a_slot_is_not_filled_anew_before_its_answer_was_taken)
{
    open_drop(100, 0);
    for (uint64_t key = 1; slc_ring_room(path.pipeline.ring) > 0; key++) {
        (void)buy("ada", key, 1);
    }
    journal_turn();
    cr_assert(slc_apply_station_turn(path.apply) > 0);
    cr_assert(slc_ring_room(path.pipeline.ring) == 0, "decided, and answered to nobody yet");
    drain();
    cr_assert(slc_ring_room(path.pipeline.ring) > 0);
}
