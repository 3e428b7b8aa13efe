/* Two logics that must not differ in anything that can be asked, and taking a cut as a test does. */
#ifndef SLC_TEST_LOGIC_SAME_H
#define SLC_TEST_LOGIC_SAME_H

#include "../../lib/entries.h"
#include "logic/cut.h"
#include "logic/load.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static inline void assert_same_drop_info(const slc_drop_info_t *got, const slc_drop_info_t *expected)
{
    cr_assert(got->drop_id == expected->drop_id && got->stock == expected->stock &&
                  got->sold == expected->sold && got->remaining == expected->remaining &&
                  got->per_user_limit == expected->per_user_limit &&
                  got->opens_at_us == expected->opens_at_us &&
                  got->closes_at_us == expected->closes_at_us && got->orders == expected->orders &&
                  got->cancelled == expected->cancelled && got->closed == expected->closed &&
                  strcmp(got->name, expected->name) == 0,
              "drop %" PRIu64 " is as drop %" PRIu64, got->drop_id, expected->drop_id);
}

static inline void assert_same_order_info(const slc_order_info_t *got, const slc_order_info_t *expected)
{
    cr_assert(got->order_id == expected->order_id && got->drop_id == expected->drop_id &&
                  got->order_key == expected->order_key && got->quantity == expected->quantity &&
                  got->time_us == expected->time_us && got->cancelled == expected->cancelled &&
                  strcmp(got->user, expected->user) == 0,
              "order %" PRIu64 " is as order %" PRIu64, got->order_id, expected->order_id);
}

static inline void assert_same_logic(slc_logic_t *got, slc_logic_t *expected)
{
    cr_assert_eq(slc_logic_sequence(got), slc_logic_sequence(expected));
    cr_assert_eq(slc_logic_time_us(got), slc_logic_time_us(expected));
    cr_assert_eq(slc_logic_drop_count(got), slc_logic_drop_count(expected));
    cr_assert_eq(slc_logic_order_count(got), slc_logic_order_count(expected));
    cr_assert_eq(slc_logic_digest(got), slc_logic_digest(expected));
    cr_assert_eq(slc_logic_digest_recomputed(got), slc_logic_digest(expected));
    slc_drop_info_t drop = {.drop_id = 0};
    slc_drop_info_t other;
    while (slc_logic_next_drop(expected, drop.drop_id, &drop)) {
        cr_assert(slc_logic_drop(got, drop.drop_id, &other));
        assert_same_drop_info(&other, &drop);
        slc_order_info_t order = {.order_id = 0};
        slc_order_info_t same;
        uint64_t after = 0;
        while (slc_logic_next_order(expected, drop.drop_id, after, &order)) {
            cr_assert(slc_logic_next_order(got, drop.drop_id, after, &same));
            assert_same_order_info(&same, &order);
            cr_assert(slc_logic_order(got, order.order_id, &same), "found by its number");
            assert_same_order_info(&same, &order);
            after = order.order_id;
        }
        cr_assert_not(slc_logic_next_order(got, drop.drop_id, after, &same));
    }
}

static inline void assert_same_answer_to(const slc_answer_t *got, const slc_answer_t *expected,
                                         uint64_t sequence)
{
    cr_assert(got->status == expected->status && got->replayed == expected->replayed &&
                  got->order_id == expected->order_id && got->sequence == expected->sequence &&
                  got->time_us == expected->time_us && got->remaining == expected->remaining,
              "event %" PRIu64 ": got %s order %" PRIu64 " remaining %" PRIu64
              ", expected %s order %" PRIu64 " remaining %" PRIu64,
              sequence, slc_status_name((int)got->status), got->order_id, got->remaining,
              slc_status_name((int)expected->status), expected->order_id, expected->remaining);
}

/* All entries of a complete cut, found to be in order and to give its digest. */
static inline entries_t read_cut(slc_cut_t *cut)
{
    entries_t entries = {.list = NULL};
    entries_sum_t sum = {.digest = 0};
    slc_entry_t entry;
    while (slc_cut_next(cut, &entry)) {
        entries_add(&entries, &entry);
        entries_sum_add(&sum, &entry);
    }
    slc_snapshot_info_t info = slc_cut_info(cut);
    cr_assert_eq(sum.digest, info.digest, "the entries give the digest of the cut");
    cr_assert_eq(sum.drops, info.drops);
    cr_assert_eq(sum.orders, info.orders);
    entries_sum_finish(&sum);
    return entries;
}

/* The state as it stands, as entries. */
static inline entries_t entries_of(slc_logic_t *logic, slc_snapshot_info_t *ret_info)
{
    slc_cut_t *cut = slc_logic_cut_begin(logic);
    cr_assert_not_null(cut);
    while (slc_logic_cut_step(logic, 3) == SLC_CUT_MORE) {
    }
    entries_t entries = read_cut(cut);
    *ret_info = slc_cut_info(cut);
    slc_logic_cut_end(logic, cut);
    return entries;
}

/* Loads entries into a fresh logic; NULL, and ret_why, where they are refused. */
static inline slc_logic_t *load_entries(const entries_t *entries, const slc_snapshot_info_t *info,
                                        char ret_why[256])
{
    slc_logic_t *logic = slc_logic_create();
    cr_assert_not_null(logic);
    slc_load_t *load = slc_load_begin(logic, info);
    cr_assert_not_null(load);
    bool good = true;
    for (size_t i = 0; good && i < entries->count; i++) {
        /* Text is only good during the call. */
        slc_entry_t entry = entries->list[i];
        char user[SLC_USER_BYTES_MAX + 2] = {0};
        if (entry.kind == SLC_ENTRY_ORDER && entry.as.order.user.bytes <= sizeof user) {
            /* One that says more bytes than it has is among them. */
            memcpy(user, entry.as.order.user.data,
                   strnlen(entry.as.order.user.data, entry.as.order.user.bytes));
            entry.as.order.user.data = user;
        }
        good = slc_load_entry(load, &entry, ret_why);
        memset(user, 'x', sizeof user);
    }
    if (good ? slc_load_end(load, ret_why) : (slc_load_abandon(load), false)) {
        return logic;
    }
    slc_logic_destroy(logic);
    return NULL;
}

#endif
