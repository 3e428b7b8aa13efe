/* Looking at the state: drops, orders, the digest, what changed. */
#include "logic/core.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

uint64_t slc_logic_sequence(const slc_logic_t *logic)
{
    return logic->sequence;
}

uint64_t slc_logic_time_us(const slc_logic_t *logic)
{
    return logic->time_us;
}

uint64_t slc_logic_drop_count(const slc_logic_t *logic)
{
    return logic->drops.count;
}

uint64_t slc_logic_order_count(const slc_logic_t *logic)
{
    return logic->orders;
}

uint64_t slc_logic_order_bytes(const slc_logic_t *logic)
{
    return logic->chunk_bytes + slc_index_bytes(&logic->keys) + slc_index_bytes(&logic->users) +
           slc_index_bytes(&logic->cancels) + logic->places.bytes;
}

/* ---- the digest ---- */

uint64_t slc_logic_digest(slc_logic_t *logic)
{
    slc_drop_t *drop;
    while ((drop = slc_drops_take(&logic->drops, SLC_MARK_DIGEST)) != NULL) {
        slc_drop_info_t info;
        slc_drop_info(drop, &info);
        uint64_t digest = slc_digest_drop(&info);
        logic->digest += digest - drop->record_digest;
        drop->record_digest = digest;
    }
    return logic->digest;
}

uint64_t slc_logic_digest_recomputed(const slc_logic_t *logic)
{
    uint64_t digest = slc_ops_digest_purges(&logic->ops);
    slc_drop_t *drop = slc_drops_next(&logic->drops, 0);
    for (; drop != NULL; drop = slc_drops_next(&logic->drops, drop->drop_id)) {
        slc_drop_info_t info;
        slc_drop_info(drop, &info);
        digest += slc_digest_drop(&info) + slc_ops_digest_drop(&logic->ops, drop);
        slc_ref_t ref = slc_records_first(&logic->region, drop);
        for (; ref != 0; ref = slc_records_behind(&logic->region, drop, ref)) {
            const slc_record_t *record = slc_record_at(&logic->region, ref);
            slc_ref_t cancel;
            if (!slc_record_is_cancel(record)) {
                bool cancelled =
                    drop->cancelled > 0 && slc_find_cancel(logic, record->sequence, &cancel) != NULL;
                digest += slc_order_digest(drop, record, cancelled);
            }
        }
    }
    return digest;
}

/* ---- drops ---- */

bool slc_logic_drop(const slc_logic_t *logic, uint64_t drop_id, slc_drop_info_t *ret_drop)
{
    const slc_drop_t *drop = slc_drops_find(&logic->drops, drop_id);
    if (drop != NULL) {
        slc_drop_info(drop, ret_drop);
    }
    return drop != NULL;
}

bool slc_logic_next_drop(const slc_logic_t *logic, uint64_t after_drop_id, slc_drop_info_t *ret_drop)
{
    const slc_drop_t *drop = slc_drops_next(&logic->drops, after_drop_id);
    if (drop != NULL) {
        slc_drop_info(drop, ret_drop);
    }
    return drop != NULL;
}

static int by_number(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;
    return *left < *right ? -1 : *left > *right;
}

void slc_logic_take_touched(slc_logic_t *logic, slc_logic_touched_fn each, void *context)
{
    /* Those that are gone first, each once, but for those that were opened anew. */
    if (logic->gone_count > 1) {
        qsort(logic->gone, logic->gone_count, sizeof logic->gone[0], by_number);
    }
    for (size_t i = 0; i < logic->gone_count; i++) {
        uint64_t drop_id = logic->gone[i];
        bool again = i > 0 && logic->gone[i - 1] == drop_id;
        if (!again && slc_drops_find(&logic->drops, drop_id) == NULL) {
            each(context, drop_id, false, NULL);
        }
    }
    free(logic->gone);
    logic->gone = NULL;
    logic->gone_count = 0;
    logic->gone_capacity = 0;
    const slc_drop_t *drop;
    while ((drop = slc_drops_take(&logic->drops, SLC_MARK_TOUCHED)) != NULL) {
        slc_drop_info_t info;
        slc_drop_info(drop, &info);
        each(context, drop->drop_id, true, &info);
    }
}

/* ---- orders ---- */

static void order_info(const slc_logic_t *logic, const slc_record_t *order, slc_order_info_t *ret_order)
{
    const slc_drop_t *drop = slc_drop_at(&logic->region, order->drop);
    slc_ref_t ref;
    const slc_record_t *cancel =
        drop->cancelled > 0 ? slc_find_cancel(logic, order->sequence, &ref) : NULL;
    *ret_order = (slc_order_info_t){
        .order_id = order->sequence,
        .drop_id = drop->drop_id,
        .order_key = order->key,
        .quantity = slc_record_quantity(order),
        .time_us = order->time_us,
        .cancelled = cancel != NULL,
        .cancel_sequence = cancel == NULL ? 0 : cancel->sequence,
        .cancel_time_us = cancel == NULL ? 0 : cancel->time_us,
    };
    memcpy(ret_order->user, slc_record_user(order), slc_record_user_bytes(order));
}

bool slc_logic_order(const slc_logic_t *logic, uint64_t order_id, slc_order_info_t *ret_order)
{
    slc_ref_t ref;
    const slc_record_t *order = slc_find_order(logic, order_id, &ref);
    if (order != NULL) {
        order_info(logic, order, ret_order);
    }
    return order != NULL;
}

bool slc_logic_next_order(const slc_logic_t *logic, uint64_t drop_id, uint64_t after_order_id,
                          slc_order_info_t *ret_order)
{
    const slc_drop_t *drop = slc_drops_find(&logic->drops, drop_id);
    if (drop == NULL || after_order_id == UINT64_MAX) {
        return false;
    }
    slc_walk_t *walk = logic->walk;
    slc_ref_t ref;
    if (walk->drop == drop && walk->order_id == after_order_id) {
        ref = slc_records_behind(&logic->region, drop, walk->ref);
    } else {
        ref = slc_records_from(&logic->region, drop, after_order_id + 1);
    }
    while (ref != 0 && slc_record_is_cancel(slc_record_at(&logic->region, ref))) {
        ref = slc_records_behind(&logic->region, drop, ref);
    }
    if (ref == 0) {
        return false;
    }
    const slc_record_t *order = slc_record_at(&logic->region, ref);
    order_info(logic, order, ret_order);
    *walk = (slc_walk_t){.drop = drop, .order_id = order->sequence, .ref = ref};
    return true;
}
