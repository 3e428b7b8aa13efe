#include "logic/core.h"

#include "base/hash.h"

#include <string.h>

__extension__ typedef unsigned __int128 slc_u128_t;

/* Both halves of the product, so that each bit of either factor reaches the tag. */
static inline uint64_t fold(uint64_t a, uint64_t b)
{
    slc_u128_t product = (slc_u128_t)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t slc_key_hash(const slc_logic_t *logic, uint64_t drop_id, uint64_t user_hash, uint64_t order_key)
{
    uint64_t who = fold(user_hash ^ logic->seed, order_key ^ ~logic->seed);
    return fold(who ^ drop_id, UINT64_C(0x9e3779b97f4a7c15));
}

uint64_t slc_user_hash(const slc_logic_t *logic, uint64_t drop_id, uint64_t user_hash)
{
    return fold(user_hash ^ logic->seed, drop_id ^ UINT64_C(0xd1342543de82ef95));
}

uint64_t slc_cancel_hash(uint64_t order_id)
{
    return slc_drop_hash(order_id);
}

const slc_record_t *slc_order_of(const slc_logic_t *logic, const slc_record_t *record)
{
    return slc_record_is_cancel(record) ? slc_record_at(&logic->region, record->key) : record;
}

static bool is_user(const slc_record_t *order, slc_text_t user)
{
    return slc_record_user_bytes(order) == user.bytes &&
           memcmp(slc_record_user(order), user.data, user.bytes) == 0;
}

const slc_record_t *slc_find_key(const slc_logic_t *logic, const slc_drop_t *drop, const slc_ask_t *ask,
                                 uint64_t hash)
{
    slc_probe_t probe;
    slc_ref_t ref = slc_index_first(&logic->keys, hash, &probe);
    for (; ref != 0; ref = slc_index_next(&probe)) {
        const slc_record_t *record = slc_record_at(&logic->region, ref);
        const slc_record_t *order = slc_order_of(logic, record);
        if (order->key == ask->order_key && order->drop == slc_drop_ref(&logic->region, drop) &&
            is_user(order, (slc_text_t){ask->user, ask->user_bytes})) {
            return record;
        }
    }
    return NULL;
}

const slc_record_t *slc_find_user(const slc_logic_t *logic, const slc_drop_t *drop, slc_text_t user,
                                  uint64_t hash, slc_ref_t *ret_ref)
{
    slc_probe_t probe;
    slc_ref_t ref = slc_index_first(&logic->users, hash, &probe);
    for (; ref != 0; ref = slc_index_next(&probe)) {
        const slc_record_t *record = slc_record_at(&logic->region, ref);
        if (record->drop == slc_drop_ref(&logic->region, drop) &&
            is_user(slc_order_of(logic, record), user)) {
            *ret_ref = ref;
            return record;
        }
    }
    *ret_ref = 0;
    return NULL;
}

const slc_record_t *slc_find_order(const slc_logic_t *logic, uint64_t order_id, slc_ref_t *ret_ref)
{
    uint32_t count;
    const slc_place_t *places = slc_places_of(&logic->places, order_id, &count);
    for (uint32_t i = 0; i < count; i++) {
        slc_ref_t ref = slc_place_ref(places[i]);
        if (slc_place_order_id(places[i], slc_span_of(order_id)) > order_id) {
            break;
        }
        if (ref == 0) {
            continue;
        }
        const slc_drop_t *drop = slc_drop_at(&logic->region, slc_record_at(&logic->region, ref)->drop);
        while (!drop->purged && ref != 0) {
            const slc_record_t *record = slc_record_at(&logic->region, ref);
            if (record->sequence >= order_id) {
                if (record->sequence == order_id && !slc_record_is_cancel(record)) {
                    *ret_ref = ref;
                    return record;
                }
                break;
            }
            ref = slc_records_behind(&logic->region, drop, ref);
        }
    }
    return NULL;
}

const slc_record_t *slc_find_cancel(const slc_logic_t *logic, uint64_t order_id, slc_ref_t *ret_ref)
{
    slc_probe_t probe;
    slc_ref_t ref = slc_index_first(&logic->cancels, slc_cancel_hash(order_id), &probe);
    for (; ref != 0; ref = slc_index_next(&probe)) {
        const slc_record_t *record = slc_record_at(&logic->region, ref);
        if (slc_order_of(logic, record)->sequence == order_id) {
            *ret_ref = ref;
            return record;
        }
    }
    *ret_ref = 0;
    return NULL;
}

uint64_t slc_order_digest(const slc_drop_t *drop, const slc_record_t *order, bool cancelled)
{
    const slc_order_parts_t parts = {
        .drop_id = drop->drop_id,
        .order_id = order->sequence,
        .order_key = order->key,
        .quantity = slc_record_quantity(order),
        .time_us = order->time_us,
        .cancelled = cancelled,
        .user = {slc_record_user(order), slc_record_user_bytes(order)},
    };
    return slc_digest_order_parts(&parts);
}
