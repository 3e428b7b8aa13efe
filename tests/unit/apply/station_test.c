/* The apply station beside its buys: cuts for the keeper of snapshots, and what purges left. The slots
 * come as the journal station leaves them. */
#include "apply/station.h"
#include "base/hash.h"
#include "event/slot.h"
#include "logic/core.h"

#include "../../lib/entries.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static struct {
    slc_ring_t *ring;
    slc_consumer_t *consumer;
    slc_logic_t *logic;
    slc_board_t *board;
    slc_digest_pair_t pair;
    slc_handover_t handover;
    slc_handover_t mirror; /* of the suite sharing only */
    bool mirrored;
    slc_toucher_t *toucher;
    slc_apply_station_t *station;
    uint64_t time_us;
} at;

static void nothing(void *context, slc_engine_info_t *ret_info)
{
    (void)context;
    (void)ret_info;
}

static void start(slc_handover_t *handover)
{
    slc_error_t error = {0};
    at.ring = slc_ring_create(&(slc_ring_config_t){.slots = 1024,
                                                   .slot_bytes = sizeof(slc_slot_t),
                                                   .producers = SLC_PRODUCER_SINGLE,
                                                   .wait = SLC_WAIT_SLEEP},
                              &error);
    cr_assert(at.ring != NULL, "%s", error.message);
    at.consumer = slc_consumer_create(at.ring, NULL, 0, &error);
    cr_assert(at.consumer != NULL, "%s", error.message);
    slc_ring_gate(at.ring, at.consumer);
    at.logic = slc_logic_create();
    at.board = slc_board_create();
    at.time_us = 1000;
    slc_handover_init(&at.handover);
    at.station = slc_apply_station_create(&(slc_apply_config_t){.ring = at.ring,
                                                                .consumer = at.consumer,
                                                                .logic = at.logic,
                                                                .board = at.board,
                                                                .pair = &at.pair,
                                                                .fill_status = nothing,
                                                                .handover = handover,
                                                                .mirror = at.mirrored ? &at.mirror : NULL,
                                                                .toucher = at.toucher});
    cr_assert(at.station != NULL && at.logic != NULL && at.board != NULL);
}

static void before(void)
{
    slc_board_reader_register();
    start(&at.handover);
}

static void after(void)
{
    slc_apply_station_destroy(at.station);
    slc_handover_finish(&at.handover);
    slc_board_destroy(at.board);
    slc_logic_destroy(at.logic);
    slc_ring_destroy(at.ring);
    slc_board_reader_unregister();
}

TestSuite(station, .init = before, .fini = after);

static slc_slot_t *claim(uint64_t *ret_sequence)
{
    cr_assert(slc_ring_claim(at.ring, 1, ret_sequence));
    slc_slot_t *slot = slc_ring_slot(at.ring, *ret_sequence);
    memset(slot, 0, sizeof *slot);
    slot->conn = SLC_CONN_NOBODY;
    slot->flags = SLC_SLOT_JOURNALED | SLC_SLOT_BATCH_TIME;
    slot->time_us = at.time_us++;
    return slot;
}

static void publish_buy(uint64_t drop_id, uint64_t key)
{
    uint64_t sequence;
    slc_slot_t *slot = claim(&sequence);
    slot->kind = SLC_SLOT_BUY;
    slot->as.ask.drop_id = drop_id;
    slot->as.ask.order_key = key;
    slot->as.ask.user_hash = slc_hash("ada", 3);
    slot->quantity = 1;
    slot->user_bytes = 3;
    memcpy(slot->user, "ada", 3);
    slc_ring_publish(at.ring, sequence, 1);
}

static void publish_command(slc_command_t *command)
{
    uint64_t sequence;
    slc_slot_t *slot = claim(&sequence);
    slot->kind = SLC_SLOT_COMMAND;
    if (!command->is_change) {
        slot->flags = SLC_SLOT_BATCH_TIME;
    }
    slot->as.command = command;
    slc_ring_publish(at.ring, sequence, 1);
}

/* Applies a change in a turn of its own. */
static void change(slc_event_t event)
{
    slc_command_t command = {.is_change = true, .event = event};
    publish_command(&command);
    cr_assert_eq(slc_apply_station_turn(at.station), 1);
    cr_assert_eq(command.status, SLC_STATUS_ACCEPTED, "%s", command.message);
}

static void open_drop(uint64_t drop_id)
{
    change((slc_event_t){.kind = SLC_EVENT_DROP_OPENED,
                         .as.drop_opened = {.drop_id = drop_id, .stock = 1000000, .name = {"", 0}}});
}

/* Reads a cut as the keeper does; answers the digest that its entries give. */
static uint64_t read_digest(slc_cut_t *cut)
{
    entries_sum_t sum = {.digest = 0};
    slc_entry_t entry;
    while (slc_cut_next(cut, &entry)) {
        entries_sum_add(&sum, &entry);
    }
    entries_sum_finish(&sum);
    return sum.digest;
}

static slc_cut_t *take(void)
{
    bool failed;
    slc_cut_t *cut = slc_handover_take(&at.handover, &failed);
    cr_assert_not(failed);
    return cut;
}

Test(station, makes_no_cut_that_nobody_wants)
{
    open_drop(1);
    for (int i = 0; i < 10; i++) {
        cr_assert_eq(slc_apply_station_turn(at.station), 0);
    }
    cr_assert_null(take());
    cr_assert_null(at.logic->cut);
}

Test(station, gives_a_wanted_cut_behind_everything_applied)
{
    open_drop(1);
    slc_handover_want(&at.handover);
    publish_buy(1, 1);
    publish_buy(1, 2);
    cr_assert_eq(slc_apply_station_turn(at.station), 2);
    slc_cut_t *cut = take();
    cr_assert_not_null(cut);
    cr_assert_eq(slc_cut_info(cut).sequence, 3);
    cr_assert_eq(slc_cut_info(cut).digest, slc_logic_digest(at.logic));
    cr_assert_eq(read_digest(cut), slc_logic_digest(at.logic));
    slc_handover_return(&at.handover, cut);
    cr_assert_not_null(at.logic->cut);
    (void)slc_apply_station_turn(at.station);
    cr_assert_null(at.logic->cut, "what came back is ended");
    cr_assert_null(take(), "one want is one cut");
}

Test(station, copies_some_drops_a_turn_and_applies_what_comes_meanwhile)
{
    for (uint64_t drop_id = 1; drop_id <= 3000; drop_id++) {
        open_drop(drop_id);
    }
    uint64_t sequence = slc_logic_sequence(at.logic);
    uint64_t digest = slc_logic_digest(at.logic);
    slc_handover_want(&at.handover);
    cr_assert_eq(slc_apply_station_turn(at.station), 0);
    uint64_t turns = 1;
    slc_cut_t *cut = NULL;
    while ((cut = take()) == NULL) {
        publish_buy(3001 - turns, turns);
        publish_buy(turns, turns);
        cr_assert_eq(slc_apply_station_turn(at.station), 2);
        turns++;
        cr_assert(turns < 3000);
    }
    cr_assert(turns >= 5, "%" PRIu64 " turns", turns);
    cr_assert_eq(slc_logic_sequence(at.logic), sequence + 2 * (turns - 1));
    cr_assert_eq(slc_cut_info(cut).sequence, sequence);
    cr_assert_eq(slc_cut_info(cut).digest, digest);
    cr_assert_eq(read_digest(cut), digest);
    slc_handover_return(&at.handover, cut);
}

Test(station, begins_the_next_cut_when_the_last_one_came_back)
{
    open_drop(1);
    slc_handover_want(&at.handover);
    (void)slc_apply_station_turn(at.station);
    slc_cut_t *first = take();
    cr_assert_not_null(first);
    publish_buy(1, 1);
    (void)slc_apply_station_turn(at.station);
    slc_handover_want(&at.handover);
    (void)slc_apply_station_turn(at.station);
    cr_assert_null(take(), "the keeper still has the other");
    slc_handover_return(&at.handover, first);
    (void)slc_apply_station_turn(at.station);
    slc_cut_t *second = take();
    cr_assert_not_null(second);
    cr_assert_eq(slc_cut_info(second).sequence, 2);
    slc_handover_return(&at.handover, second);
}

static void before_sharing(void)
{
    at.mirrored = true;
    slc_handover_init(&at.mirror);
    before();
}

static void after_sharing(void)
{
    after();
    slc_handover_finish(&at.mirror);
}

Test(sharing, whoever_wants_cuts_all_the_time_leaves_every_other_one_to_who_waits, .init = before_sharing,
     .fini = after_sharing)
{
    slc_handover_t *const greedy[] = {&at.handover, &at.mirror};
    bool failed;
    open_drop(1);
    for (int i = 0; i < 2; i++) {
        slc_handover_t *other = greedy[1 - i];
        slc_handover_want(greedy[i]);
        (void)slc_apply_station_turn(at.station);
        slc_cut_t *cut = slc_handover_take(greedy[i], &failed);
        cr_assert_not_null(cut);
        slc_handover_want(other);
        slc_handover_want(greedy[i]);
        slc_handover_return(greedy[i], cut);
        (void)slc_apply_station_turn(at.station);
        cut = slc_handover_take(other, &failed);
        cr_assert_not_null(cut, "it waited, and it is its turn");
        slc_handover_return(other, cut);
        (void)slc_apply_station_turn(at.station);
        cut = slc_handover_take(greedy[i], &failed);
        cr_assert_not_null(cut, "nothing that was wanted is forgotten");
        slc_handover_return(greedy[i], cut);
        (void)slc_apply_station_turn(at.station);
    }
}

Test(station, tells_the_keeper_where_a_cut_cannot_be_made)
{
    open_drop(1);
    slc_cut_t *other = slc_logic_cut_begin(at.logic); /* as without memory: begin answers NULL */
    slc_handover_want(&at.handover);
    (void)slc_apply_station_turn(at.station);
    bool failed;
    cr_assert_null(slc_handover_take(&at.handover, &failed));
    cr_assert(failed);
    slc_logic_cut_end(at.logic, other);
    slc_handover_want(&at.handover);
    (void)slc_apply_station_turn(at.station);
    cr_assert_not_null(take(), "the next one can be");
}

Test(station, gives_up_a_cut_under_way_when_it_leaves_and_none_that_was_given)
{
    for (uint64_t drop_id = 1; drop_id <= 1000; drop_id++) {
        open_drop(drop_id);
    }
    slc_handover_want(&at.handover);
    (void)slc_apply_station_turn(at.station);
    cr_assert_not_null(at.logic->cut);
    slc_apply_station_leave(at.station);
    cr_assert_null(at.logic->cut);
    slc_handover_want(&at.handover);
    for (int i = 0; i < 10; i++) {
        (void)slc_apply_station_turn(at.station);
    }
    slc_apply_station_leave(at.station);
    slc_cut_t *left = slc_handover_leftover(&at.handover);
    cr_assert_not_null(left);
    slc_logic_cut_end(at.logic, left);
}

Test(station, takes_a_purged_drop_apart_when_nothing_comes)
{
    open_drop(1);
    for (uint64_t i = 1; i <= 20000; i++) {
        publish_buy(1, i);
        if (i % 500 == 0) {
            (void)slc_apply_station_turn(at.station);
        }
    }
    cr_assert_eq(slc_logic_order_count(at.logic), 20000);
    change((slc_event_t){.kind = SLC_EVENT_DROP_CLOSED, .as.drop_closed = {1}});
    change((slc_event_t){.kind = SLC_EVENT_DROP_PURGED, .as.drop_purged = {1}});
    cr_assert(at.logic->first_purged != 0, "too much for the purge itself");
    uint64_t turns = 0;
    while (at.logic->first_purged != 0 && turns < 20000) {
        cr_assert_eq(slc_apply_station_turn(at.station), 0);
        turns++;
    }
    cr_assert(at.logic->first_purged == 0);
    cr_assert_eq(at.logic->chunk_bytes, 0);
}

/* ---- the operator's request ---- */

Test(station, answers_a_request_for_a_snapshot_with_what_it_will_cover)
{
    open_drop(1);
    publish_buy(1, 1);
    slc_command_t command = {.op = SLC_CONTROL_TAKE_SNAPSHOT};
    publish_command(&command);
    publish_buy(1, 2);
    cr_assert_eq(slc_apply_station_turn(at.station), 3);
    cr_assert_eq(command.status, SLC_STATUS_ACCEPTED);
    cr_assert_eq(command.sequence, 2);
    slc_cut_t *cut = take();
    cr_assert_not_null(cut);
    cr_assert(slc_cut_info(cut).sequence >= 2);
    slc_handover_return(&at.handover, cut);
}

Test(without_snapshots, a_request_for_one_is_refused_with_a_sentence)
{
    slc_board_reader_register();
    start(NULL);
    slc_command_t command = {.op = SLC_CONTROL_TAKE_SNAPSHOT};
    publish_command(&command);
    cr_assert_eq(slc_apply_station_turn(at.station), 1);
    cr_assert_eq(command.status, SLC_STATUS_INVALID);
    cr_assert_str_eq(command.message, "op: this server takes no snapshots");
    cr_assert_not(slc_handover_wanted(&at.handover));
    after();
}

/* ---- its thread ---- */

static void *run(void *context)
{
    slc_apply_station_t *station = context;
    while (!slc_consumer_done(at.consumer)) {
        uint64_t rest_ns = slc_apply_station_turn(station) > 0 ? 0 : slc_apply_station_rest_ns(station);
        if (rest_ns > 0) {
            (void)slc_consumer_wait(at.consumer, rest_ns);
        }
    }
    slc_apply_station_leave(station);
    return NULL;
}

Test(station, finds_a_want_while_it_sleeps)
{
    open_drop(1);
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, run, at.station), 0);
    for (int i = 0; i < 3; i++) {
        slc_handover_want(&at.handover);
        slc_cut_t *cut = NULL;
        while (cut == NULL) {
            cr_assert(slc_handover_wait(&at.handover, UINT64_C(60000000000)));
            cut = take();
        }
        (void)read_digest(cut);
        slc_handover_return(&at.handover, cut);
    }
    slc_ring_close(at.ring);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    slc_cut_t *left = slc_handover_leftover(&at.handover);
    if (left != NULL) {
        slc_logic_cut_end(at.logic, left);
    }
    cr_assert_null(at.logic->cut);
}

/* ---- memory ahead ---- */

static void start_touching(void)
{
    slc_error_t error = {0};
    at.toucher = slc_toucher_create(&error);
    cr_assert(at.toucher != NULL, "%s", error.message);
    before();
}

static void end_touching(void)
{
    slc_toucher_destroy(at.toucher);
    after();
}

/* The toucher has done what it was given, and was given all that comes next. */
static void let_it_touch(void)
{
    for (int turn = 0; turn < 2; turn++) {
        (void)slc_apply_station_turn(at.station);
        while (!slc_toucher_idle(at.toucher)) {
            (void)sched_yield();
        }
    }
}

Test(touching, what_the_logic_comes_to_next_is_in_memory_already, .init = start_touching,
     .fini = end_touching)
{
    open_drop(1);
    uint32_t pieces = 0;
    for (uint64_t key = 1; key <= 400000; key++) {
        publish_buy(1, key);
        if (key % 1000 != 0) {
            continue;
        }
        while (slc_apply_station_turn(at.station) > 0) {
        }
        let_it_touch();
        slc_fresh_t fresh;
        slc_logic_fresh(at.logic, &fresh);
        for (uint32_t i = 0; i < fresh.count; i++) {
            for (uint64_t at_byte = 0; at_byte < fresh.pieces[i].bytes; at_byte += 4096) {
                unsigned char there = 0;
                cr_assert_eq(mincore(fresh.pieces[i].at + at_byte, 4096, &there), 0);
                cr_assert(there & 1, "key %" PRIu64 ", piece %u", key, i);
            }
        }
        pieces = fresh.count > pieces ? fresh.count : pieces;
    }
    cr_assert(pieces >= 3, "blocks, slabs and a table of the index were told");
}
