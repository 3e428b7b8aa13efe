#include "logic/digest.h"

#include "base/hash.h"

#include <string.h>

/* Longest record: eleven numbers of a drop and its name; the longest change has six and a name. */
#define CANON_NUMBERS_MAX 12
#define CANON_TEXT_BYTES_MAX 64

static_assert(SLC_USER_BYTES_MAX <= CANON_TEXT_BYTES_MAX, "a user fits a canonical record");
static_assert(SLC_NAME_BYTES_MAX <= CANON_TEXT_BYTES_MAX, "a name fits a canonical record");

/* A canonical record under construction: numbers, then text. */
typedef struct slc_canon {
    uint64_t numbers[CANON_NUMBERS_MAX + CANON_TEXT_BYTES_MAX / sizeof(uint64_t)];
} slc_canon_t;

static uint64_t hash_canon(slc_canon_t *canon, size_t numbers, const char *text, size_t text_bytes)
{
    if (text_bytes > 0) {
        memcpy(canon->numbers + numbers, text, text_bytes);
    }
    return slc_hash(canon->numbers, numbers * sizeof canon->numbers[0] + text_bytes);
}

uint64_t slc_digest_order_parts(const slc_order_parts_t *order)
{
    slc_canon_t canon;
    canon.numbers[0] = 1;
    canon.numbers[1] = order->drop_id;
    canon.numbers[2] = order->order_id;
    canon.numbers[3] = order->order_key;
    canon.numbers[4] = order->quantity;
    canon.numbers[5] = order->time_us;
    canon.numbers[6] = order->cancelled ? 1 : 0;
    return hash_canon(&canon, 7, order->user.data, order->user.bytes);
}

uint64_t slc_digest_order(const slc_order_info_t *order)
{
    const slc_order_parts_t parts = {
        .drop_id = order->drop_id,
        .order_id = order->order_id,
        .order_key = order->order_key,
        .quantity = order->quantity,
        .time_us = order->time_us,
        .cancelled = order->cancelled,
        .user = {order->user, strnlen(order->user, SLC_USER_BYTES_MAX)},
    };
    return slc_digest_order_parts(&parts);
}

uint64_t slc_digest_drop(const slc_drop_info_t *drop)
{
    slc_canon_t canon;
    canon.numbers[0] = 2;
    canon.numbers[1] = drop->drop_id;
    canon.numbers[2] = drop->stock;
    canon.numbers[3] = drop->sold;
    canon.numbers[4] = drop->per_user_limit;
    canon.numbers[5] = drop->opens_at_us;
    canon.numbers[6] = drop->closes_at_us;
    canon.numbers[7] = drop->closed ? 1 : 0;
    canon.numbers[8] = drop->orders;
    canon.numbers[9] = drop->cancelled;
    return hash_canon(&canon, 10, drop->name, strnlen(drop->name, SLC_NAME_BYTES_MAX));
}

uint64_t slc_digest_op(uint64_t op_key, slc_event_kind_t kind, uint64_t drop_id, uint64_t contents,
                       uint64_t sequence, uint64_t time_us)
{
    slc_canon_t canon;
    canon.numbers[0] = 3;
    canon.numbers[1] = op_key;
    canon.numbers[2] = (uint64_t)kind;
    canon.numbers[3] = drop_id;
    canon.numbers[4] = contents;
    canon.numbers[5] = sequence;
    canon.numbers[6] = time_us;
    return hash_canon(&canon, 7, NULL, 0);
}

uint64_t slc_digest_change(const slc_event_t *change)
{
    slc_canon_t canon;
    canon.numbers[0] = (uint64_t)change->kind;
    switch (change->kind) {
    case SLC_EVENT_DROP_OPENED:
        canon.numbers[1] = change->as.drop_opened.drop_id;
        canon.numbers[2] = change->as.drop_opened.stock;
        canon.numbers[3] = change->as.drop_opened.per_user_limit;
        canon.numbers[4] = change->as.drop_opened.opens_at_us;
        canon.numbers[5] = change->as.drop_opened.closes_at_us;
        return hash_canon(&canon, 6, change->as.drop_opened.name.data, change->as.drop_opened.name.bytes);
    case SLC_EVENT_STOCK_ADJUSTED:
        canon.numbers[1] = change->as.stock_adjusted.drop_id;
        canon.numbers[2] = (uint64_t)change->as.stock_adjusted.delta; /* two's complement */
        return hash_canon(&canon, 3, NULL, 0);
    case SLC_EVENT_DROP_CLOSED:
        canon.numbers[1] = change->as.drop_closed.drop_id;
        return hash_canon(&canon, 2, NULL, 0);
    case SLC_EVENT_DROP_PURGED:
        canon.numbers[1] = change->as.drop_purged.drop_id;
        return hash_canon(&canon, 2, NULL, 0);
    case SLC_EVENT_ORDER_CANCELLED:
        canon.numbers[1] = change->as.order_cancelled.order_id;
        return hash_canon(&canon, 2, NULL, 0);
    case SLC_EVENT_ORDER_PLACED: /* no change by an operator: it has an order_key of its own */
    default:
        return hash_canon(&canon, 1, NULL, 0);
    }
}
