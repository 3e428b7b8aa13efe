/* A logic loaded from a snapshot's entries answers everything as the one that was cut, and entries that
 * contradict are refused. Seeds and amounts: SLC_SEED, SLC_EVENTS. */
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

/* ---- as the one that was cut ---- */

static void assert_same_entries(const entries_t *got, const entries_t *expected)
{
    cr_assert_eq(got->count, expected->count);
    entries_sum_t sums[2] = {{.digest = 0}, {.digest = 0}};
    for (size_t i = 0; i < got->count; i++) {
        cr_assert_eq(got->list[i].kind, expected->list[i].kind);
        entries_sum_add(&sums[0], &got->list[i]);
        entries_sum_add(&sums[1], &expected->list[i]);
        cr_assert_eq(sums[0].digest, sums[1].digest, "entry %zu is the same", i);
        if (got->list[i].kind == SLC_ENTRY_CANCEL) {
            cr_assert(got->list[i].as.cancel.sequence == expected->list[i].as.cancel.sequence &&
                      got->list[i].as.cancel.time_us == expected->list[i].as.cancel.time_us);
        }
    }
    entries_sum_finish(&sums[0]);
    entries_sum_finish(&sums[1]);
}

static void apply_to_both(slc_logic_t *one, slc_logic_t *other, stream_t *stream)
{
    slc_event_t event = stream_next(stream);
    slc_answer_t answers[2];
    char texts[2][256];
    slc_logic_apply(one, &event, &answers[0], texts[0]);
    slc_logic_apply(other, &event, &answers[1], texts[1]);
    assert_same_answer_to(&answers[1], &answers[0], event.sequence);
    cr_assert_str_eq(texts[1], texts[0]);
}

static void run(uint64_t seed, uint64_t events, uint64_t drops)
{
    slc_logic_t *original = slc_logic_create();
    cr_assert_not_null(original);
    stream_t stream = {.random = seed, .time_us = START_US, .drops = drops, .keys = 2000};
    for (uint64_t round = 0; round < 6; round++) {
        for (uint64_t i = stream_below(&stream, events / 4); i > 0; i--) {
            slc_event_t event = stream_next(&stream);
            slc_answer_t answer;
            slc_logic_apply(original, &event, &answer, NULL);
        }
        slc_snapshot_info_t info;
        entries_t entries = entries_of(original, &info);
        char why[256];
        slc_logic_t *loaded = load_entries(&entries, &info, why);
        cr_assert_not_null(loaded, "%s", why);
        assert_same_logic(loaded, original);
        slc_snapshot_info_t again_info;
        entries_t again = entries_of(loaded, &again_info);
        assert_same_entries(&again, &entries);
        cr_assert_eq(memcmp(&again_info, &info, sizeof info), 0);
        entries_finish(&again);
        entries_finish(&entries);
        for (uint64_t i = events / 4; i > 0; i--) {
            apply_to_both(original, loaded, &stream);
        }
        while (slc_logic_tidy(loaded, 100)) {
        }
        assert_same_logic(loaded, original);
        /* On with the loaded one: what it lost once, it would lose more of each time. */
        slc_logic_destroy(original);
        original = loaded;
    }
    slc_logic_destroy(original);
}

Test(load, gives_a_logic_that_answers_everything_as_the_one_that_was_cut)
{
    uint64_t seed = from_env("SLC_SEED", 0);
    uint64_t events = from_env("SLC_EVENTS", 6000);
    for (uint64_t i = 0; i < (seed == 0 ? 12 : 1); i++) {
        uint64_t this_seed = seed == 0 ? 7000 + i : seed;
        fprintf(stderr, "SLC_SEED=%" PRIu64 " SLC_EVENTS=%" PRIu64 "\n", this_seed, events);
        static const uint64_t drops[] = {3, 7, 60, 2000};
        run(this_seed, events, drops[this_seed % 4]);
    }
}

Test(load, takes_many_orders_spread_over_spans_and_drops)
{
    kit_t kit = kit_create();
    for (uint64_t drop_id = 1; drop_id <= 40; drop_id++) {
        kit_open(&kit, drop_id, drop_id, 1000000, drop_id % 3 == 0 ? 500 : 0);
    }
    for (uint64_t i = 0; i < 60000; i++) {
        char user[16];
        (void)snprintf(user, sizeof user, "u%05" PRIu64, i % 997);
        kit.time_us += i % 2;
        cr_assert_eq(kit_buy(&kit, 1 + i * i % 40, user, 1 + i % 3, 1 + i), SLC_STATUS_ACCEPTED);
        if (i % 7 == 0) {
            cr_assert_eq(kit_cancel(&kit, 0, kit.sequence), SLC_STATUS_ACCEPTED);
        }
    }
    slc_snapshot_info_t info;
    entries_t entries = entries_of(kit.logic, &info);
    char why[256];
    slc_logic_t *loaded = load_entries(&entries, &info, why);
    cr_assert_not_null(loaded, "%s", why);
    assert_same_logic(loaded, kit.logic);
    entries_finish(&entries);
    slc_logic_destroy(loaded);
    kit_destroy(&kit);
}

Test(load, of_nothing_gives_a_fresh_logic)
{
    const slc_snapshot_info_t info = {.sequence = 0};
    const entries_t none = {.list = NULL};
    char why[256];
    slc_logic_t *loaded = load_entries(&none, &info, why);
    cr_assert_not_null(loaded, "%s", why);
    kit_t kit = {.logic = loaded, .time_us = START_US};
    cr_assert_eq(kit_open(&kit, 0, 1, 10, 0), SLC_STATUS_ACCEPTED);
    cr_assert_eq(kit_buy(&kit, 1, "bob", 1, 1), SLC_STATUS_ACCEPTED);
    kit_destroy(&kit);
}

/* Whoever publishes the drops hears of all of them. */
static void count_drop(void *context, uint64_t drop_id, bool exists, const slc_drop_info_t *drop)
{
    uint64_t *count = context;
    cr_assert(exists && drop->drop_id == drop_id);
    (*count)++;
}

Test(load, marks_every_drop_as_touched)
{
    kit_t kit = kit_create();
    for (uint64_t drop_id = 1; drop_id <= 20; drop_id++) {
        kit_open(&kit, 0, drop_id, 10, 0);
    }
    slc_snapshot_info_t info;
    entries_t entries = entries_of(kit.logic, &info);
    char why[256];
    slc_logic_t *loaded = load_entries(&entries, &info, why);
    cr_assert_not_null(loaded, "%s", why);
    uint64_t count = 0;
    slc_logic_take_touched(loaded, count_drop, &count);
    cr_assert_eq(count, 20);
    slc_logic_destroy(loaded);
    entries_finish(&entries);
    kit_destroy(&kit);
}

/* ---- entries that contradict ---- */

/* The state that the spoilt ones are made of. Entries, by number:
 *   0 drop 3 with a limit of 4: 1 order 3 (eve, 2, key 31)  2 order 4 (bob, 1, key 32)  3 order 5 (eve,
 *     2, no key)  4 cancel 6 of order 4  5 order 7 (bob, 4, key 34)  6 op 1 (open)  7 op 6 (cancel)
 *     8 op 9 (close)
 *   9 drop 8: 10 order 8 (bob, 3, key 31)  11 op 2 (open)  12 op 10 (adjust)
 *   13 op 15 (purge of 20)  14 op 18 (purge of 21) */
static entries_t reference(slc_snapshot_info_t *ret_info)
{
    kit_t kit = kit_create();
    kit_open(&kit, 101, 3, 100, 4);
    kit_open(&kit, 102, 8, 50, 0);
    kit_buy(&kit, 3, "eve", 2, 31);
    kit_buy(&kit, 3, "bob", 1, 32);
    kit_buy(&kit, 3, "eve", 2, 0);
    kit_cancel(&kit, 103, 4);
    kit.time_us += 10;
    kit_buy(&kit, 3, "bob", 4, 34);
    kit_buy(&kit, 8, "bob", 3, 31);
    kit_close(&kit, 104, 3);
    kit_adjust(&kit, 105, 8, -7);
    kit_open(&kit, 0, 20, 1, 0);
    kit_open(&kit, 0, 21, 1, 0);
    kit_close(&kit, 0, 20);
    kit_buy(&kit, 77, "bob", 1, 1);
    kit_purge(&kit, 106, 20);
    kit_buy(&kit, 77, "bob", 1, 1);
    kit_close(&kit, 0, 21);
    kit_purge(&kit, 107, 21);
    cr_assert_eq(kit.answer.status, SLC_STATUS_ACCEPTED);
    kit.time_us += 10;
    kit_buy(&kit, 77, "bob", 1, 1);
    entries_t entries = entries_of(kit.logic, ret_info);
    cr_assert_eq(entries.count, 15);
    cr_assert_eq(ret_info->sequence, 19);
    kit_destroy(&kit);
    return entries;
}

/* The digest as it would be if the writer had meant the spoilt entries, so that it is never the digest
 * that finds them. */
static void meant(const entries_t *entries, slc_snapshot_info_t *info)
{
    entries_sum_t sum = {.digest = 0};
    for (size_t i = 0; i < entries->count; i++) {
        entries_sum_add(&sum, &entries->list[i]);
    }
    info->digest = sum.digest;
    info->drops = sum.drops;
    info->orders = sum.orders;
    entries_sum_finish(&sum);
}

static void assert_refused(const entries_t *entries, const slc_snapshot_info_t *info,
                           const char *why_part, int line)
{
    char why[256] = "";
    slc_logic_t *loaded = load_entries(entries, info, why);
    cr_assert_null(loaded, "line %d: taken, where \"%s\" was due", line, why_part);
    cr_assert_not_null(strstr(why, why_part), "line %d: \"%s\" does not say \"%s\"", line, why, why_part);
}

/* Spoils the reference by `spoil`, which sees `list`, `entries` and `info`, and wants to hear `why`. */
#define REFUSED(why, spoil)                                                                              \
    do {                                                                                                 \
        slc_snapshot_info_t info;                                                                        \
        entries_t entries = reference(&info);                                                            \
        slc_entry_t *list = entries.list;                                                                \
        (void)list;                                                                                      \
        spoil;                                                                                           \
        assert_refused(&entries, &info, why, __LINE__);                                                  \
        entries_finish(&entries);                                                                        \
    } while (0)

static void swap(slc_entry_t *a, slc_entry_t *b)
{
    slc_entry_t held = *a;
    *a = *b;
    *b = held;
}

Test(load, takes_the_reference_that_the_spoilt_ones_are_made_of)
{
    slc_snapshot_info_t info;
    entries_t entries = reference(&info);
    slc_snapshot_info_t computed = info;
    meant(&entries, &computed);
    cr_assert_eq(memcmp(&computed, &info, sizeof info), 0);
    char why[256];
    slc_logic_t *loaded = load_entries(&entries, &info, why);
    cr_assert_not_null(loaded, "%s", why);
    slc_logic_destroy(loaded);
    entries_finish(&entries);
}

Test(load, refuses_a_drop_whose_sums_are_not_those_of_its_orders)
{
    REFUSED("drop 3 has 4 orders", list[0].as.drop.orders++);
    REFUSED("1 of them cancelled", list[0].as.drop.cancelled++);
    REFUSED("drop 3 has sold 8 of 100", (list[0].as.drop.sold++, list[0].as.drop.remaining--));
    REFUSED("make no sum", list[0].as.drop.sold++);
    REFUSED("make no sum", list[0].as.drop.remaining++);
    REFUSED("make no sum", list[0].as.drop.stock--);
    REFUSED("make no sum", (list[0].as.drop.stock = SLC_STOCK_MAX + 1, list[0].as.drop.sold = 8,
                            list[0].as.drop.remaining = SLC_STOCK_MAX - 7));
    REFUSED("make no sum", (list[9].as.drop.stock = 2, list[9].as.drop.remaining = (uint64_t)-1));
    REFUSED("drop 8 has 0 orders", entries_remove(&entries, 10));
    REFUSED("drop 3 has 4 orders, 0 of them cancelled",
            (entries_remove(&entries, 7), entries_remove(&entries, 4), entries_remove(&entries, 4),
             list[0].as.drop.orders = 4,
             entries_insert(&entries, 4,
                            &(slc_entry_t){.kind = SLC_ENTRY_ORDER,
                                           .as.order = {7, 34, START_US + 10, 1, {"x", 1}}})));
}

Test(load, refuses_a_drop_that_cannot_be)
{
    REFUSED("stands behind drop", list[0].as.drop.drop_id = 0);
    REFUSED("drop 3 stands behind drop 3", list[9].as.drop.drop_id = 3);
    REFUSED("drop 2 stands behind drop 3", list[9].as.drop.drop_id = 2);
    REFUSED("closes before it opens", list[0].as.drop.closes_at_us = list[0].as.drop.opens_at_us);
    REFUSED("its name has no end", memset(list[9].as.drop.name, 'x', sizeof list[9].as.drop.name));
    REFUSED(
        "and the purges",
        entries_insert(&entries, 15, &(slc_entry_t){.kind = SLC_ENTRY_DROP, .as.drop = {.drop_id = 30}}));
}

Test(load, refuses_an_order_that_cannot_be)
{
    REFUSED("quantity 0 is none", list[1].as.order.quantity = 0);
    REFUSED("quantity 1000001 is none", list[1].as.order.quantity = SLC_QUANTITY_MAX + 1);
    REFUSED("its user is none", list[1].as.order.user.bytes = 0);
    REFUSED("its user is none", list[1].as.order.user.bytes = SLC_USER_BYTES_MAX + 1);
    REFUSED("its user is none", ((char *)(uintptr_t)list[1].as.order.user.data)[1] = '\0');
    REFUSED("was not open then", list[1].as.order.time_us = START_US - 1);
    REFUSED("was not open then", list[9].as.drop.closes_at_us = START_US + 10);
    REFUSED("where none can", entries_insert(&entries, 0, &list[1]));
    REFUSED("where none can", swap(&list[5], &list[6]));
    REFUSED("where none can", swap(&list[10], &list[11]));
    REFUSED("where none can", entries_insert(&entries, 15, &list[10]));
    REFUSED("an entry of kind 9 is none", entries_insert(&entries, 3, &(slc_entry_t){.kind = 9}));
}

Test(load, refuses_sequences_and_times_that_do_not_rise)
{
    REFUSED("stands behind a later one, 4", swap(&list[1], &list[2]));
    REFUSED("stands behind a later one, 3", list[2].as.order.order_id = 3);
    REFUSED("stands behind a later one, 0", list[1].as.order.order_id = 0);
    REFUSED("stands behind a later one, 7", entries_insert(&entries, 6, &list[4]));
    REFUSED("stands behind a later one", list[1].as.order.time_us++);
    REFUSED("later than the snapshot, 19", list[10].as.order.order_id = 20);
    REFUSED("later than the snapshot, 19", list[10].as.order.time_us = info.time_us + 1);
    REFUSED("later than the snapshot, 6", info.sequence = 6);
    REFUSED("later than the snapshot, 19", list[14].as.op.sequence = 20);
    REFUSED("later than the snapshot, 19", list[14].as.op.time_us = info.time_us + 1);
    REFUSED("stands behind a later one, 15", list[14].as.op.sequence = 15);
    REFUSED("stands behind a later one", list[14].as.op.time_us = START_US);
    REFUSED("stands behind a later one, 0", list[13].as.op.sequence = 0);
}

Test(load, refuses_an_event_that_two_drops_claim)
{
    REFUSED("event 7 is there twice", (list[10].as.order.order_id = 7, meant(&entries, &info)));
    REFUSED("event 6 is there twice", (list[10].as.order.order_id = 6, meant(&entries, &info)));
    REFUSED("two changes are event 1", (list[11].as.op.sequence = 1, meant(&entries, &info)));
    REFUSED("two changes are event 10", (list[13].as.op.sequence = 10,
                                         list[13].as.op.time_us = START_US + 10, meant(&entries, &info)));
}

Test(load, refuses_a_limit_that_was_passed)
{
    REFUSED("holds 5 of at most 4", (list[5].as.order.quantity++, list[0].as.drop.sold++,
                                     list[0].as.drop.remaining--, meant(&entries, &info)));
    REFUSED("holds 4 of at most 3", (list[0].as.drop.per_user_limit = 3, meant(&entries, &info)));
}

Test(load, refuses_an_order_key_that_one_user_used_twice_in_a_drop)
{
    REFUSED("order 7: its user had bought under the same order_key, 4",
            (list[5].as.order.order_key = 32, meant(&entries, &info)));
    REFUSED("order 5: its user had bought under the same order_key, 3",
            (list[3].as.order.order_key = 31, meant(&entries, &info)));
}

Test(load, refuses_a_cancellation_of_no_order)
{
    REFUSED("cancels order 8, which drop 3 has not", list[4].as.cancel.order_id = 8);
    REFUSED("cancels order 7, which drop 3 has not", list[4].as.cancel.order_id = 7);
    REFUSED("cancels order 0, which drop 3 has not", list[4].as.cancel.order_id = 0);
    REFUSED(
        "event 7 cancels order 4, as event 6 did",
        (entries_remove(&entries, 5),
         entries_insert(&entries, 5,
                        &(slc_entry_t){.kind = SLC_ENTRY_CANCEL, .as.cancel = {7, 4, START_US + 10}})));
    REFUSED(
        "event 7 cancels order 6, which drop 3 has not",
        (entries_remove(&entries, 5),
         entries_insert(&entries, 5,
                        &(slc_entry_t){.kind = SLC_ENTRY_CANCEL, .as.cancel = {7, 6, START_US + 10}})));
}

Test(load, refuses_a_remembered_change_that_the_drop_does_not_show)
{
    REFUSED("kept without an op_key", list[6].as.op.op_key = 0);
    REFUSED("events 1 and 2 have one op_key", list[11].as.op.op_key = 101);
    REFUSED("events 10 and 15 have one op_key", list[13].as.op.op_key = 105);
    REFUSED("is not with it", list[6].as.op.drop_id = 8);
    REFUSED("stands behind a later one, 15", swap(&list[12], &list[13]));
    REFUSED("is not with it",
            (entries_insert(&entries, 15, &list[12]), entries.list[15].as.op.op_key = 1,
             entries.list[15].as.op.sequence = 19, entries.list[15].as.op.time_us = info.time_us));
    REFUSED("none that the drop shows", list[7].as.op.sequence = 2);
    REFUSED("none that the drop shows", list[7].as.op.contents++);
    REFUSED("none that the drop shows", list[7].as.op.kind = SLC_EVENT_STOCK_ADJUSTED);
    REFUSED("none that the drop shows", list[12].as.op.kind = SLC_EVENT_ORDER_CANCELLED);
    REFUSED("none that the drop shows", list[8].as.op.contents++);
    REFUSED("none that the drop shows", list[0].as.drop.closed = false);
    REFUSED("none that the drop shows", list[8].as.op.kind = SLC_EVENT_DROP_OPENED);
    REFUSED("none that the drop shows", list[11].as.op.sequence = 9);
    REFUSED("none that the drop shows", list[12].as.op.sequence = 8);
    REFUSED("none that the drop shows", list[12].as.op.kind = SLC_EVENT_ORDER_PLACED);
    REFUSED("none that the drop shows", list[12].as.op.kind = (slc_event_kind_t)77);
    REFUSED("is not one of drop 22", list[14].as.op.drop_id = 22);
    REFUSED("is not one of drop 21", list[14].as.op.contents++);
}

Test(load, refuses_more_purges_than_are_ever_kept)
{
    slc_snapshot_info_t info = {.sequence = 1000000, .time_us = START_US};
    entries_t entries = {.list = NULL};
    for (uint64_t i = 1; i <= SLC_PURGE_KEYS_MAX + 1; i++) {
        slc_event_t purge = {.kind = SLC_EVENT_DROP_PURGED, .as.drop_purged = {i}};
        slc_entry_t entry = {.kind = SLC_ENTRY_OP,
                             .as.op = {i, slc_digest_change(&purge), i, START_US, i, purge.kind}};
        entries_add(&entries, &entry);
    }
    meant(&entries, &info);
    assert_refused(&entries, &info, "more than 65536 purges are kept", __LINE__);
    entries_remove(&entries, 0);
    meant(&entries, &info);
    char why[256];
    slc_logic_t *loaded = load_entries(&entries, &info, why);
    cr_assert_not_null(loaded, "%s", why);
    slc_logic_destroy(loaded);
    entries_finish(&entries);
}

Test(load, refuses_what_does_not_add_up_at_the_end)
{
    REFUSED("it has 2 drops and 5 orders, and says 3 and 5", info.drops++);
    REFUSED("it has 2 drops and 5 orders, and says 2 and 4", info.orders--);
    REFUSED("its digest is", info.digest++);
    REFUSED("its digest is", list[11].as.op.contents++);
    REFUSED("its digest is", list[9].as.drop.name[0]++);
    REFUSED("its digest is", ((char *)(uintptr_t)list[1].as.order.user.data)[2] = 'a');
    slc_snapshot_info_t info = {.sequence = 0};
    entries_t entries = {.list = NULL};
    entries_add(&entries, &(slc_entry_t){.kind = SLC_ENTRY_DROP, .as.drop = {.drop_id = 1}});
    meant(&entries, &info);
    assert_refused(&entries, &info, "0 events cannot have made it", __LINE__);
    entries_finish(&entries);
}
