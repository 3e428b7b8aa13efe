#include "base/check.h"
#include "wire/event_fields.h"
#include "wire/flat.h"
#include "wire/varint.h"

#include <assert.h>

/* Every event is written behind room for its head: tag and length of the Event in its batch, tag and
 * length of its kind in the Event, one byte each but for the first length, which may need two. */
#define HEAD_BYTES 4
#define TAG_EVENTS SLC_TAG(SLC_BATCH_FIELD_EVENTS, SLC_WIRE_BYTES)

/* The longest kind is DROP_OPENED: three varints, three fixed64, a name. */
#define FIELDS_BYTES_MAX (3 * 11 + 3 * 9 + 2 + SLC_NAME_BYTES_MAX)
static_assert(FIELDS_BYTES_MAX < 128, "the inner length is a varint of one byte");
static_assert(1 + HEAD_BYTES + FIELDS_BYTES_MAX <= SLC_EVENT_BYTES_MAX, "any event fits");

size_t slc_flat_encode_batch_head(uint64_t time_us, uint64_t first_sequence, uint8_t *out)
{
    static_assert(SLC_BATCH_HEAD_BYTES == 2 * (1 + 8), "two fixed64, never left out");
    out[0] = SLC_TAG(SLC_BATCH_FIELD_TIME_US, SLC_WIRE_FIXED64);
    slc_store_u64(out + 1, time_us);
    out[9] = SLC_TAG(SLC_BATCH_FIELD_FIRST_SEQUENCE, SLC_WIRE_FIXED64);
    slc_store_u64(out + 10, first_sequence);
    return SLC_BATCH_HEAD_BYTES;
}

/* Fills in the head in front of fields that end at `end`. */
static size_t close_event(uint8_t *out, const uint8_t *end, slc_event_kind_t kind)
{
    size_t fields = (size_t)(end - out) - HEAD_BYTES;
    uint8_t *at = out;
    *at++ = TAG_EVENTS;
    if (fields + 2 >= 128) {
        memmove(out + HEAD_BYTES + 1, out + HEAD_BYTES, fields);
        *at++ = (uint8_t)((fields + 2) | 0x80);
        *at++ = 1;
    } else {
        *at++ = (uint8_t)(fields + 2);
    }
    *at++ = SLC_TAG(kind, SLC_WIRE_BYTES);
    *at++ = (uint8_t)fields;
    return (size_t)(at - out) + fields;
}

size_t slc_flat_encode_order_placed(uint64_t drop_id, slc_text_t user, uint64_t quantity,
                                    uint64_t order_key, uint8_t *out)
{
    SLC_CHECK(user.bytes <= SLC_USER_BYTES_MAX);
    uint8_t *at = out + HEAD_BYTES;
    at = slc_put_varint_field(at, SLC_PLACED_TAG_DROP_ID, drop_id);
    at = slc_put_text_field(at, SLC_PLACED_TAG_USER, user.data, user.bytes);
    at = slc_put_varint_field(at, SLC_PLACED_TAG_QUANTITY, quantity);
    at = slc_put_fixed64_field(at, SLC_PLACED_TAG_ORDER_KEY, order_key);
    size_t fields = (size_t)(at - out) - HEAD_BYTES;
    out[0] = TAG_EVENTS;
    out[1] = (uint8_t)(fields + 2);
    out[2] = SLC_TAG(SLC_EVENT_ORDER_PLACED, SLC_WIRE_BYTES);
    out[3] = (uint8_t)fields;
    return (size_t)(at - out);
}

static uint8_t *put_drop_opened(uint8_t *at, const slc_event_t *event)
{
    SLC_CHECK(event->as.drop_opened.name.bytes <= SLC_NAME_BYTES_MAX);
    at = slc_put_varint_field(at, SLC_OPENED_TAG_DROP_ID, event->as.drop_opened.drop_id);
    at = slc_put_varint_field(at, SLC_OPENED_TAG_STOCK, event->as.drop_opened.stock);
    at = slc_put_varint_field(at, SLC_OPENED_TAG_PER_USER_LIMIT, event->as.drop_opened.per_user_limit);
    at = slc_put_fixed64_field(at, SLC_OPENED_TAG_OPENS_AT_US, event->as.drop_opened.opens_at_us);
    at = slc_put_fixed64_field(at, SLC_OPENED_TAG_CLOSES_AT_US, event->as.drop_opened.closes_at_us);
    at = slc_put_text_field(at, SLC_OPENED_TAG_NAME, event->as.drop_opened.name.data,
                            event->as.drop_opened.name.bytes);
    return slc_put_fixed64_field(at, SLC_OPENED_TAG_OP_KEY, event->op_key);
}

static uint8_t *put_change(uint8_t *at, uint64_t id, uint64_t op_key)
{
    at = slc_put_varint_field(at, SLC_CHANGE_TAG_ID, id);
    return slc_put_fixed64_field(at, SLC_CHANGE_TAG_OP_KEY, op_key);
}

size_t slc_flat_encode_event(const slc_event_t *event, uint8_t *out)
{
    uint8_t *at = out + HEAD_BYTES;
    switch (event->kind) {
    case SLC_EVENT_ORDER_PLACED:
        return slc_flat_encode_order_placed(event->as.order_placed.drop_id, event->as.order_placed.user,
                                            event->as.order_placed.quantity,
                                            event->as.order_placed.order_key, out);
    case SLC_EVENT_DROP_OPENED:
        at = put_drop_opened(at, event);
        break;
    case SLC_EVENT_STOCK_ADJUSTED:
        at = slc_put_varint_field(at, SLC_ADJUSTED_TAG_DROP_ID, event->as.stock_adjusted.drop_id);
        at = slc_put_varint_field(at, SLC_ADJUSTED_TAG_DELTA, slc_zigzag(event->as.stock_adjusted.delta));
        at = slc_put_fixed64_field(at, SLC_ADJUSTED_TAG_OP_KEY, event->op_key);
        break;
    case SLC_EVENT_DROP_CLOSED:
        at = put_change(at, event->as.drop_closed.drop_id, event->op_key);
        break;
    case SLC_EVENT_DROP_PURGED:
        at = put_change(at, event->as.drop_purged.drop_id, event->op_key);
        break;
    case SLC_EVENT_ORDER_CANCELLED:
        at = put_change(at, event->as.order_cancelled.order_id, event->op_key);
        break;
    }
    SLC_CHECK(event->kind >= SLC_EVENT_ORDER_PLACED && event->kind <= SLC_EVENT_ORDER_CANCELLED);
    return close_event(out, at, event->kind);
}
