/* A cut is the state behind one event, whatever happens while it is copied and read. Seeds and amounts:
 * SLC_SEED, SLC_EVENTS. */
#include "../../lib/event_stream.h"
#include "kit.h"
#include "logic/core.h"
#include "same.h"

#include <stdio.h>

static uint64_t from_env(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 0);
}

/* ---- against what was true when it began ---- */

/* A cancellation, at the place of its sequence; order_id 0: that event was none. */
typedef struct cancellation {
    uint64_t order_id;
    uint64_t time_us;
} cancellation_t;

typedef struct trial {
    slc_logic_t *logic;
    slc_logic_t *twin; /* gets the same events, and is never cut */
    stream_t stream;
    cancellation_t *cancellations;
    uint64_t purged_meanwhile;
} trial_t;

static void next_event(trial_t *trial)
{
    slc_event_t event = stream_next(&trial->stream);
    slc_answer_t got;
    slc_answer_t expected;
    slc_logic_apply(trial->logic, &event, &got, NULL);
    slc_logic_apply(trial->twin, &event, &expected, NULL);
    assert_same_answer_to(&got, &expected, event.sequence);
    if (got.status == SLC_STATUS_ACCEPTED && !got.replayed) {
        if (event.kind == SLC_EVENT_ORDER_CANCELLED) {
            trial->cancellations[event.sequence] =
                (cancellation_t){event.as.order_cancelled.order_id, event.time_us};
        }
        trial->purged_meanwhile += event.kind == SLC_EVENT_DROP_PURGED && trial->logic->cut != NULL;
    }
}

/* Drops and orders as the logic itself lists them. */
static entries_t list_of(const slc_logic_t *logic)
{
    entries_t list = {.list = NULL};
    slc_entry_t entry = {.kind = SLC_ENTRY_DROP};
    while (slc_logic_next_drop(logic, entry.as.drop.drop_id, &entry.as.drop)) {
        entries_add(&list, &entry);
        slc_order_info_t order = {.order_id = 0};
        while (slc_logic_next_order(logic, entry.as.drop.drop_id, order.order_id, &order)) {
            slc_entry_t placed = {.kind = SLC_ENTRY_ORDER,
                                  .as.order = {order.order_id,
                                               order.order_key,
                                               order.time_us,
                                               order.quantity,
                                               {order.user, strlen(order.user)}}};
            entries_add(&list, &placed);
        }
    }
    return list;
}

static void assert_same_entry(const slc_entry_t *got, const slc_entry_t *expected)
{
    cr_assert_eq(got->kind, expected->kind);
    if (got->kind == SLC_ENTRY_DROP) {
        assert_same_drop_info(&got->as.drop, &expected->as.drop);
        return;
    }
    cr_assert(got->as.order.order_id == expected->as.order.order_id &&
              got->as.order.order_key == expected->as.order.order_key &&
              got->as.order.time_us == expected->as.order.time_us &&
              got->as.order.quantity == expected->as.order.quantity &&
              got->as.order.user.bytes == expected->as.order.user.bytes &&
              memcmp(got->as.order.user.data, expected->as.order.user.data, got->as.order.user.bytes) ==
                  0);
}

static void assert_entries(const trial_t *trial, const entries_t *entries, const entries_t *expected)
{
    size_t at = 0;
    for (size_t i = 0; i < entries->count; i++) {
        const slc_entry_t *entry = &entries->list[i];
        if (entry->kind == SLC_ENTRY_CANCEL) {
            const cancellation_t *was = &trial->cancellations[entry->as.cancel.sequence];
            cr_assert(was->order_id == entry->as.cancel.order_id &&
                          was->time_us == entry->as.cancel.time_us,
                      "event %" PRIu64 " cancelled that order", entry->as.cancel.sequence);
        } else if (entry->kind != SLC_ENTRY_OP) { /* those are in the digest */
            cr_assert(at < expected->count);
            assert_same_entry(entry, &expected->list[at]);
            at++;
        }
    }
    cr_assert_eq(at, expected->count, "no drop and no order is missing");
}

static void try_one_cut(trial_t *trial)
{
    entries_t expected = list_of(trial->logic);
    uint64_t digest = slc_logic_digest_recomputed(trial->logic);
    uint64_t sequence = slc_logic_sequence(trial->logic);
    slc_cut_t *cut = slc_logic_cut_begin(trial->logic);
    cr_assert_not_null(cut);
    cr_assert_null(slc_logic_cut_begin(trial->logic), "one at a time");
    uint64_t most = 1 + stream_below(&trial->stream, 4);
    while (slc_logic_cut_step(trial->logic, (uint32_t)stream_below(&trial->stream, most + 1)) ==
           SLC_CUT_MORE) {
        for (uint64_t i = stream_below(&trial->stream, 6); i > 0; i--) {
            next_event(trial);
        }
        if (stream_below(&trial->stream, 10) == 0) {
            (void)slc_logic_tidy(trial->logic, 100);
        }
    }
    for (uint64_t i = stream_below(&trial->stream, 300); i > 0; i--) {
        next_event(trial);
    }
    cr_assert_eq(slc_cut_info(cut).sequence, sequence);
    cr_assert_eq(slc_cut_info(cut).digest, digest);
    entries_t entries = read_cut(cut);
    assert_entries(trial, &entries, &expected);
    if (stream_below(&trial->stream, 2) == 0) {
        slc_cut_leave(cut);
    }
    slc_logic_cut_end(trial->logic, cut);
    entries_finish(&entries);
    entries_finish(&expected);
}

/* Answers how many drops were purged under an open cut. */
static uint64_t run(uint64_t seed, uint64_t events, uint64_t drops)
{
    trial_t trial = {
        .logic = slc_logic_create(),
        .twin = slc_logic_create(),
        .stream = {.random = seed, .time_us = START_US, .drops = drops, .keys = 1000},
        .cancellations = calloc(2 * events + 100000, sizeof *trial.cancellations),
    };
    cr_assert(trial.logic != NULL && trial.twin != NULL && trial.cancellations != NULL);
    while (trial.stream.sequence < events) {
        for (uint64_t i = stream_below(&trial.stream, 200 + 4 * drops); i > 0; i--) {
            next_event(&trial);
        }
        if (stream_below(&trial.stream, 8) == 0) {
            /* One that is given up on its way. */
            slc_cut_t *cut = slc_logic_cut_begin(trial.logic);
            (void)slc_logic_cut_step(trial.logic, 3);
            next_event(&trial);
            slc_logic_cut_end(trial.logic, cut);
        }
        try_one_cut(&trial);
    }
    while (slc_logic_tidy(trial.logic, 1000)) {
    }
    assert_same_logic(trial.logic, trial.twin);
    slc_logic_destroy(trial.logic);
    slc_logic_destroy(trial.twin);
    free(trial.cancellations);
    return trial.purged_meanwhile;
}

Test(cut, is_the_state_behind_one_event_whatever_happens_meanwhile)
{
    uint64_t seed = from_env("SLC_SEED", 0);
    uint64_t events = from_env("SLC_EVENTS", 8000);
    uint64_t purged = 0;
    for (uint64_t i = 0; i < (seed == 0 ? 12 : 1); i++) {
        uint64_t this_seed = seed == 0 ? 4000 + i : seed;
        fprintf(stderr, "SLC_SEED=%" PRIu64 " SLC_EVENTS=%" PRIu64 "\n", this_seed, events);
        static const uint64_t drops[] = {3, 7, 60, 700};
        purged += run(this_seed, events, drops[this_seed % 4]);
    }
    cr_assert(purged > 0 || seed != 0, "drops were purged under an open cut");
}

/* ---- case by case ---- */

static size_t count_kind(const entries_t *entries, slc_entry_kind_t kind)
{
    size_t count = 0;
    for (size_t i = 0; i < entries->count; i++) {
        count += entries->list[i].kind == kind ? 1 : 0;
    }
    return count;
}

Test(cut, of_nothing_has_no_entries)
{
    kit_t kit = kit_create();
    slc_snapshot_info_t info;
    entries_t entries = entries_of(kit.logic, &info);
    cr_assert_eq(entries.count, 0);
    cr_assert(info.sequence == 0 && info.drops == 0 && info.orders == 0 && info.digest == 0);
    entries_finish(&entries);
    kit_destroy(&kit);
}

Test(cut, has_no_drop_that_was_opened_behind_it)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 5, 10, 0);
    slc_cut_t *cut = slc_logic_cut_begin(kit.logic);
    kit_open(&kit, 0, 2, 10, 0);
    kit_buy(&kit, 2, "bob", 1, 1);
    kit_open(&kit, 0, 9, 10, 0);
    cr_assert_eq(slc_logic_cut_step(kit.logic, 10), SLC_CUT_COMPLETE);
    entries_t entries = read_cut(cut);
    cr_assert_eq(entries.count, 1);
    cr_assert_eq(entries.list[0].as.drop.drop_id, 5);
    slc_logic_cut_end(kit.logic, cut);
    entries_finish(&entries);
    entries = entries_of(kit.logic, &(slc_snapshot_info_t){0});
    cr_assert_eq(count_kind(&entries, SLC_ENTRY_DROP), 3, "the next one has");
    entries_finish(&entries);
    kit_destroy(&kit);
}

Test(cut, keeps_a_drop_that_is_purged_and_opened_anew_as_it_was)
{
    kit_t kit = kit_create();
    kit_open(&kit, 7, 1, 100, 0);
    for (uint64_t i = 0; i < 50; i++) {
        kit_buy(&kit, 1, "bob", 1, 1 + i);
    }
    kit_close(&kit, 8, 1);
    slc_cut_t *cut = slc_logic_cut_begin(kit.logic);
    kit_purge(&kit, 9, 1);
    kit_open(&kit, 10, 1, 3, 0);
    kit_buy(&kit, 1, "eve", 1, 1);
    cr_assert_not(slc_logic_tidy(kit.logic, 1000), "what is held back is nothing to be done now");
    cr_assert_eq(slc_logic_cut_step(kit.logic, 10), SLC_CUT_COMPLETE);
    entries_t entries = read_cut(cut);
    cr_assert_eq(count_kind(&entries, SLC_ENTRY_ORDER), 50);
    cr_assert_eq(count_kind(&entries, SLC_ENTRY_OP), 2, "its opening and its close, and no purge yet");
    cr_assert_eq(entries.list[0].as.drop.stock, 100);
    entries_finish(&entries);
    slc_logic_cut_end(kit.logic, cut);
    cr_assert(slc_logic_tidy(kit.logic, 1), "now it is taken apart");
    while (slc_logic_tidy(kit.logic, 100)) {
    }
    kit_destroy(&kit);
}

static void purge_one(kit_t *kit, uint64_t drop_id)
{
    kit_open(kit, 0, drop_id, 1, 0);
    kit_close(kit, 0, drop_id);
    cr_assert_eq(kit_purge(kit, 1000 + drop_id, drop_id), SLC_STATUS_ACCEPTED);
}

Test(cut, has_the_purges_that_are_forgotten_behind_it_and_holds_their_memory_only_so_long)
{
    kit_t kit = kit_create();
    for (uint64_t drop_id = 1; drop_id <= SLC_PURGE_KEYS_MAX; drop_id++) {
        purge_one(&kit, drop_id);
    }
    uint64_t before = kit.logic->region.used_bytes;
    slc_cut_t *cut = slc_logic_cut_begin(kit.logic);
    for (uint64_t i = 1; i <= 1000; i++) {
        purge_one(&kit, SLC_PURGE_KEYS_MAX + i);
    }
    cr_assert_eq(slc_logic_cut_step(kit.logic, 1), SLC_CUT_COMPLETE);
    entries_t entries = read_cut(cut);
    cr_assert_eq(entries.count, SLC_PURGE_KEYS_MAX);
    for (size_t i = 0; i < entries.count; i++) {
        cr_assert_eq(entries.list[i].as.op.drop_id, 1 + i);
    }
    entries_finish(&entries);
    cr_assert(kit.logic->region.used_bytes >= before + 1000 * (uint64_t)SLC_OP_BLOCK_BYTES);
    slc_logic_cut_end(kit.logic, cut);
    cr_assert(slc_logic_tidy(kit.logic, 10));
    while (slc_logic_tidy(kit.logic, 100)) {
    }
    cr_assert_eq(kit.logic->region.used_bytes, before);
    kit_destroy(&kit);
}

Test(cut, that_is_open_goes_with_its_logic)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, 10, 0);
    cr_assert_not_null(slc_logic_cut_begin(kit.logic));
    kit_destroy(&kit);
}

Test(cut, gives_up_its_copies_before_it_ends)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, 10, 0);
    slc_cut_t *cut = slc_logic_cut_begin(kit.logic);
    cr_assert_eq(slc_logic_cut_step(kit.logic, 10), SLC_CUT_COMPLETE);
    cr_assert_eq(slc_logic_cut_step(kit.logic, 10), SLC_CUT_COMPLETE, "and stays so");
    slc_cut_leave(cut);
    cr_assert_eq(slc_cut_info(cut).drops, 1, "what it says of itself stays");
    slc_logic_cut_end(kit.logic, cut);
    kit_destroy(&kit);
}
