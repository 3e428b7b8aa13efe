/* The smaller parts: the ordered set, places of orders, chunks of records, blocks of the region. */
#include "kit.h"
#include "logic/ordered.h"
#include "logic/places.h"
#include "logic/records.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- ordered.c ---- */

static void assert_walks(const slc_ordered_t *ordered, const bool *there, uint64_t keys)
{
    uint64_t expected = 1;
    uint64_t at = 0;
    for (;;) {
        while (expected < keys && !there[expected]) {
            expected++;
        }
        uint32_t value = slc_ordered_after(ordered, at);
        if (expected == keys) {
            cr_assert_eq(value, 0);
            return;
        }
        cr_assert_eq(value, expected + 1);
        at = expected++;
    }
}

Test(ordered, walks_its_keys_in_order_whatever_came_and_went)
{
    enum { KEYS = 5000 };
    static bool there[KEYS];
    slc_ordered_t ordered;
    slc_ordered_init(&ordered);
    cr_assert_eq(slc_ordered_after(&ordered, 0), 0);
    uint64_t state = 3;
    for (uint64_t round = 0; round < 6; round++) {
        for (uint64_t i = 0; i < 8000; i++) {
            uint64_t key = 1 + kit_random(&state) % (KEYS - 1);
            bool in = kit_random(&state) % 10 < (round % 2 == 0 ? 8u : 2u);
            if (in && !there[key]) {
                slc_ordered_insert(&ordered, key, (uint32_t)key + 1);
                there[key] = true;
            } else if (!in && there[key]) {
                slc_ordered_remove(&ordered, key);
                there[key] = false;
            }
        }
        assert_walks(&ordered, there, KEYS);
    }
    slc_ordered_finish(&ordered);
}

Test(ordered, fills_its_leaves_with_rising_keys)
{
    slc_ordered_t ordered;
    slc_ordered_init(&ordered);
    for (uint64_t key = 1; key <= 100000; key++) {
        slc_ordered_insert(&ordered, key, (uint32_t)key);
    }
    cr_assert(ordered.count < 100000 / SLC_LEAF_KEYS + 3, "%zu leaves", ordered.count);
    cr_assert_eq(slc_ordered_after(&ordered, 99999), 100000);
    cr_assert_eq(slc_ordered_after(&ordered, UINT64_MAX), 0);
    slc_ordered_finish(&ordered);
}

Test(ordered, the_largest_key_is_found)
{
    slc_ordered_t ordered;
    slc_ordered_init(&ordered);
    slc_ordered_insert(&ordered, UINT64_MAX, 9);
    cr_assert_eq(slc_ordered_after(&ordered, UINT64_MAX - 1), 9);
    slc_ordered_remove(&ordered, UINT64_MAX);
    cr_assert_eq(slc_ordered_after(&ordered, 0), 0);
    slc_ordered_finish(&ordered);
}

/* ---- places.c ---- */

Test(places, of_each_span_stay_where_they_were_put_until_they_are_removed)
{
    static slc_places_t places;
    slc_places_init(&places);
    /* Span 1 with one place, span 2 with three, a far one, and the one being filled. */
    const uint64_t ids[] = {1030, 2048, 2050, 3071, UINT64_C(5000000000), UINT64_C(9000000001)};
    size_t count = sizeof ids / sizeof ids[0];
    for (size_t i = 0; i < count; i++) {
        slc_places_add(&places, ids[i], 10 + i);
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t found;
        const slc_place_t *first = slc_places_of(&places, ids[i], &found);
        bool seen = false;
        for (uint32_t k = 0; k < found; k++) {
            seen |= slc_place_ref(first[k]) == 10 + i &&
                    slc_place_order_id(first[k], slc_span_of(ids[i])) == ids[i];
        }
        cr_assert(seen, "order %" PRIu64, ids[i]);
    }
    uint32_t none;
    (void)slc_places_of(&places, 1023, &none);
    cr_assert_eq(none, 0);
    (void)slc_places_of(&places, UINT64_MAX, &none);
    cr_assert_eq(none, 0);
    for (size_t i = 0; i < count; i++) {
        slc_places_remove(&places, ids[i]);
    }
    (void)slc_places_of(&places, 2050, &none);
    cr_assert_eq(none, 0, "a span with nothing left is freed");
    slc_places_finish(&places);
    cr_assert_eq(places.bytes, 0);
}

Test(places, of_scattered_drops_cost_8_bytes_an_order)
{
    kit_t kit = kit_create();
    for (uint64_t drop_id = 1; drop_id <= 3000; drop_id++) {
        kit_open(&kit, 0, drop_id, 1000, 0);
    }
    uint64_t state = 9;
    for (uint64_t i = 0; i < 60000; i++) {
        cr_assert_eq(kit_buy(&kit, 1 + kit_random(&state) % 3000, "buyer-000001", 1, 0),
                     SLC_STATUS_ACCEPTED);
    }
    double bytes = (double)slc_logic_order_bytes(kit.logic) / 60000;
    cr_assert(bytes < 96, "%.1f bytes an order", bytes);
    for (uint64_t id = 3001; id <= 63000; id += 7) {
        slc_order_info_t order;
        cr_assert(slc_logic_order(kit.logic, id, &order) && order.order_id == id);
    }
    kit_destroy(&kit);
}

/* ---- records.c ---- */

Test(records, of_one_drop_cost_at_most_64_bytes_with_12_byte_users)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, SLC_STOCK_MAX, 0);
    for (uint64_t i = 1; i <= 1000000; i++) {
        char user[13];
        (void)snprintf(user, sizeof user, "u-%010" PRIu64, i);
        (void)kit_buy(&kit, 1, user, 1, i);
    }
    cr_assert_eq(kit_drop(&kit, 1).orders, 1000000);
    /* A little more than the goal while the index of a million has just grown. */
    double bytes = (double)slc_logic_order_bytes(kit.logic) / 1e6;
    cr_assert(bytes < 96, "%.1f bytes an order", bytes);
    kit_destroy(&kit);
}

Test(records, are_walked_from_any_order_id_whether_it_exists_or_not)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, SLC_STOCK_MAX, 0);
    kit_open(&kit, 0, 2, SLC_STOCK_MAX, 0);
    for (uint64_t i = 0; i < 4000; i++) {
        kit_buy(&kit, 1 + i % 2, "ann", 1, 0); /* drop 1: ids 3, 5, 7 ... */
    }
    for (uint64_t after = 0; after < 4002; after += 11) {
        slc_order_info_t order;
        bool found = slc_logic_next_order(kit.logic, 1, after, &order);
        uint64_t expected = after < 3 ? 3 : (after + 1) | 1;
        cr_assert_eq(found, expected <= 4001);
        cr_assert(!found || order.order_id == expected, "behind %" PRIu64, after);
    }
    slc_order_info_t order;
    cr_assert_not(slc_logic_next_order(kit.logic, 1, UINT64_MAX, &order));
    cr_assert_not(slc_logic_next_order(kit.logic, 3, 0, &order));
    kit_destroy(&kit);
}

/* ---- region.c ---- */

Test(region, blocks_of_each_size_are_aligned_apart_and_reused)
{
    slc_region_t region;
    cr_assert(slc_region_init(&region));
    for (uint64_t bytes = 64; bytes <= SLC_REGION_BLOCK_BYTES_MAX; bytes *= 2) {
        slc_ref_t refs[40];
        for (unsigned i = 0; i < 40; i++) {
            refs[i] = slc_region_take(&region, bytes);
            cr_assert(refs[i] != 0 && refs[i] <= SLC_REF_MAX);
            cr_assert_eq((uintptr_t)slc_region_at(&region, refs[i]) % bytes, 0);
            memset(slc_region_at(&region, refs[i]), (int)i, bytes < 65536 ? bytes : 4096);
        }
        for (unsigned i = 0; i < 40; i++) {
            cr_assert_eq(*(uint8_t *)slc_region_at(&region, refs[i]), i, "nobody else wrote there");
        }
        slc_region_give(&region, refs[7], bytes);
        cr_assert_eq(slc_region_take(&region, bytes), refs[7]);
        for (unsigned i = 0; i < 40; i++) {
            slc_region_give(&region, refs[i], bytes);
        }
    }
    cr_assert_eq(region.used_bytes, 0);
    slc_region_finish(&region);
}

/* Is the whole block among what was told? */
static bool was_told(const slc_fresh_t *fresh, const slc_region_t *region, slc_ref_t ref, uint64_t bytes)
{
    const uint8_t *at = slc_region_at(region, ref);
    for (uint32_t i = 0; i < fresh->count; i++) {
        if (at >= fresh->pieces[i].at && at + bytes <= fresh->pieces[i].at + fresh->pieces[i].bytes) {
            return true;
        }
    }
    return false;
}

Test(region, tells_the_memory_that_is_taken_next)
{
    slc_region_t region;
    cr_assert(slc_region_init(&region));
    slc_fresh_t fresh = {.count = 0};
    slc_region_fresh(&region, &fresh);
    cr_assert_eq(fresh.count, 0, "nothing while there is little");
    slc_ref_t refs[200];
    for (int i = 0; i < 200; i++) {
        refs[i] = slc_region_take(&region, 65536);
    }
    for (int i = 0; i < 200; i++) {
        fresh.count = 0;
        slc_region_fresh(&region, &fresh);
        slc_ref_t large = slc_region_take(&region, SLC_REGION_BLOCK_BYTES_MAX);
        cr_assert(was_told(&fresh, &region, large, SLC_REGION_BLOCK_BYTES_MAX), "block %d", i);
        slc_ref_t small = slc_region_take(&region, 65536);
        cr_assert(was_told(&fresh, &region, small, 65536), "slab %d", i);
        refs[i] = large;
    }
    for (int i = 0; i < 200; i++) {
        slc_region_give(&region, refs[i], SLC_REGION_BLOCK_BYTES_MAX);
    }
    for (int i = 0; i < 200; i++) {
        fresh.count = 0;
        slc_region_fresh(&region, &fresh);
        slc_ref_t freed = slc_region_take(&region, SLC_REGION_BLOCK_BYTES_MAX);
        cr_assert(was_told(&fresh, &region, freed, SLC_REGION_BLOCK_BYTES_MAX), "freed block %d", i);
    }
    slc_region_finish(&region);
}

/* ---- touched ---- */

typedef struct touched {
    uint64_t ids[64];
    bool exist[64];
    size_t count;
} touched_t;

static void note(void *context, uint64_t drop_id, bool exists, const slc_drop_info_t *drop)
{
    touched_t *touched = context;
    touched->ids[touched->count] = drop_id;
    touched->exist[touched->count++] = exists;
    cr_assert_eq(exists, drop != NULL);
    cr_assert(!exists || drop->drop_id == drop_id);
}

static touched_t take(kit_t *kit)
{
    touched_t touched = {.count = 0};
    slc_logic_take_touched(kit->logic, note, &touched);
    return touched;
}

Test(touched, are_told_once_and_only_if_something_changed)
{
    kit_t kit = kit_create();
    kit_open(&kit, 0, 1, 1, 0);
    kit_open(&kit, 0, 2, 10, 0);
    kit_buy(&kit, 1, "ann", 1, 1);
    cr_assert_eq(take(&kit).count, 2);
    cr_assert_eq(take(&kit).count, 0);
    kit_buy(&kit, 1, "bob", 1, 1);
    cr_assert_eq(take(&kit).count, 0, "a refusal touches nothing");
    kit_buy(&kit, 2, "bob", 1, 1);
    kit_buy(&kit, 2, "ann", 1, 1);
    (void)slc_logic_digest(kit.logic);
    touched_t touched = take(&kit);
    cr_assert(touched.count == 1 && touched.ids[0] == 2 && touched.exist[0]);
    kit_destroy(&kit);
}

Test(touched, a_purged_drop_is_told_as_gone_unless_it_is_back)
{
    kit_t kit = kit_create();
    for (uint64_t drop_id = 1; drop_id <= 3; drop_id++) {
        kit_open(&kit, 0, drop_id, 1, 0);
    }
    (void)take(&kit);
    for (int round = 0; round < 2; round++) {
        kit_close(&kit, 0, 1);
        kit_purge(&kit, 0, 1);
        kit_close(&kit, 0, 2);
        kit_purge(&kit, 0, 2);
        kit_open(&kit, 0, 2, 5, 0);
        kit_open(&kit, 0, 1, 5, 0);
    }
    kit_close(&kit, 0, 1);
    kit_purge(&kit, 0, 1);
    touched_t touched = take(&kit);
    cr_assert_eq(touched.count, 2);
    cr_assert(touched.ids[0] == 1 && !touched.exist[0], "gone, told once");
    cr_assert(touched.ids[1] == 2 && touched.exist[1], "back");
    kit_destroy(&kit);
}

/* ---- the digest does not know how things lie ---- */

Test(digest, is_the_same_whatever_grew_when)
{
    kit_t plain = kit_create();
    kit_t other = kit_create();
    for (uint64_t i = 0; i < 20000; i++) {
        kit_t *kits[] = {&plain, &other};
        for (int k = 0; k < 2; k++) {
            char user[16];
            (void)snprintf(user, sizeof user, "u%" PRIu64, i % 5000);
            if (i == 0) {
                kit_open(kits[k], 0, 1, 12000, 3);
            } else {
                kit_buy(kits[k], 1, user, 1, i);
            }
        }
        if (i % 50 == 0) { /* grows at other moments, and is looked at more often */
            while (slc_logic_tidy(other.logic, 7)) {
            }
            (void)slc_logic_digest(other.logic);
        }
    }
    cr_assert_eq(slc_logic_digest(plain.logic), slc_logic_digest(other.logic));
    kit_destroy(&plain);
    kit_destroy(&other);
}
