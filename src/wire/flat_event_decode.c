/* The journal's events, read back. Only the canonical form is taken: fields in rising order, none
 * unknown, none twice, none that holds its default, varints no longer than they need to be. Each event
 * then has one encoding, so what is read back and written again is the same bytes, and an event of a
 * later version, which has fields that this one does not know, is refused and not misread. */
#include "wire/event_fields.h"
#include "wire/flat.h"
#include "wire/text.h"
#include "wire/varint.h"

#define TAG_EVENTS SLC_TAG(SLC_BATCH_FIELD_EVENTS, SLC_WIRE_BYTES)

bool slc_flat_decode_batch_head(const uint8_t *bytes, size_t count, uint64_t *ret_time_us,
                                uint64_t *ret_first_sequence, size_t *ret_used)
{
    if (count < SLC_BATCH_HEAD_BYTES || bytes[0] != SLC_TAG(SLC_BATCH_FIELD_TIME_US, SLC_WIRE_FIXED64) ||
        bytes[9] != SLC_TAG(SLC_BATCH_FIELD_FIRST_SEQUENCE, SLC_WIRE_FIXED64)) {
        return false;
    }
    *ret_time_us = slc_load_u64(bytes + 1);
    *ret_first_sequence = slc_load_u64(bytes + 10);
    *ret_used = SLC_BATCH_HEAD_BYTES;
    return true;
}

/* A varint in its shortest form and other than 0: its last byte, the only one of a short one, is not 0,
 * and a tenth byte has room for one bit. */
static inline bool take_shortest(slc_cursor_t *in, uint64_t *ret_value)
{
    const uint8_t *begin = in->at;
    return slc_cursor_varint(in, ret_value) && in->at[-1] != 0 &&
           (in->at - begin < SLC_VARINT_BYTES_MAX || in->at[-1] == 1);
}

/* Each take_… leaves a field that does not come next at its default and answers true. */
static inline bool take_varint(slc_cursor_t *in, uint8_t tag, uint64_t *ret_value)
{
    *ret_value = 0;
    return !slc_cursor_takes(in, tag) || take_shortest(in, ret_value);
}

static inline bool take_fixed64(slc_cursor_t *in, uint8_t tag, uint64_t *ret_value)
{
    *ret_value = 0;
    return !slc_cursor_takes(in, tag) || (slc_cursor_fixed64(in, ret_value) && *ret_value != 0);
}

static inline bool take_text(slc_cursor_t *in, uint8_t tag, slc_text_t *ret_text)
{
    *ret_text = (slc_text_t){"", 0};
    if (!slc_cursor_takes(in, tag)) {
        return true;
    }
    uint64_t bytes;
    if (!take_shortest(in, &bytes) || bytes > slc_cursor_left(in)) {
        return false;
    }
    *ret_text = (slc_text_t){(const char *)in->at, (size_t)bytes};
    in->at += bytes;
    return true;
}

static bool decode_placed(slc_cursor_t *in, slc_event_t *event)
{
    event->op_key = 0;
    return take_varint(in, SLC_PLACED_TAG_DROP_ID, &event->as.order_placed.drop_id) &&
           take_text(in, SLC_PLACED_TAG_USER, &event->as.order_placed.user) &&
           take_varint(in, SLC_PLACED_TAG_QUANTITY, &event->as.order_placed.quantity) &&
           take_fixed64(in, SLC_PLACED_TAG_ORDER_KEY, &event->as.order_placed.order_key) &&
           event->as.order_placed.drop_id != 0 && event->as.order_placed.quantity != 0 &&
           event->as.order_placed.quantity <= SLC_QUANTITY_MAX &&
           slc_text_is_valid(event->as.order_placed.user, 1, SLC_USER_BYTES_MAX);
}

static bool decode_opened(slc_cursor_t *in, slc_event_t *event)
{
    return take_varint(in, SLC_OPENED_TAG_DROP_ID, &event->as.drop_opened.drop_id) &&
           take_varint(in, SLC_OPENED_TAG_STOCK, &event->as.drop_opened.stock) &&
           take_varint(in, SLC_OPENED_TAG_PER_USER_LIMIT, &event->as.drop_opened.per_user_limit) &&
           take_fixed64(in, SLC_OPENED_TAG_OPENS_AT_US, &event->as.drop_opened.opens_at_us) &&
           take_fixed64(in, SLC_OPENED_TAG_CLOSES_AT_US, &event->as.drop_opened.closes_at_us) &&
           take_text(in, SLC_OPENED_TAG_NAME, &event->as.drop_opened.name) &&
           take_fixed64(in, SLC_OPENED_TAG_OP_KEY, &event->op_key) &&
           event->as.drop_opened.drop_id != 0 && event->as.drop_opened.stock <= SLC_STOCK_MAX &&
           slc_text_is_valid(event->as.drop_opened.name, 0, SLC_NAME_BYTES_MAX);
}

static bool decode_adjusted(slc_cursor_t *in, slc_event_t *event)
{
    uint64_t delta;
    if (!take_varint(in, SLC_ADJUSTED_TAG_DROP_ID, &event->as.stock_adjusted.drop_id) ||
        !take_varint(in, SLC_ADJUSTED_TAG_DELTA, &delta) ||
        !take_fixed64(in, SLC_ADJUSTED_TAG_OP_KEY, &event->op_key)) {
        return false;
    }
    event->as.stock_adjusted.delta = slc_unzigzag(delta);
    return event->as.stock_adjusted.drop_id != 0 && delta != 0 &&
           event->as.stock_adjusted.delta <= (int64_t)SLC_STOCK_MAX &&
           event->as.stock_adjusted.delta >= -(int64_t)SLC_STOCK_MAX;
}

static bool decode_change(slc_cursor_t *in, uint64_t *ret_id, uint64_t *ret_op_key)
{
    return take_varint(in, SLC_CHANGE_TAG_ID, ret_id) &&
           take_fixed64(in, SLC_CHANGE_TAG_OP_KEY, ret_op_key) && *ret_id != 0;
}

static bool decode_fields(slc_cursor_t *in, uint8_t tag, slc_event_t *event)
{
    switch (tag) {
    case SLC_TAG(SLC_EVENT_ORDER_PLACED, SLC_WIRE_BYTES):
        event->kind = SLC_EVENT_ORDER_PLACED;
        return decode_placed(in, event);
    case SLC_TAG(SLC_EVENT_DROP_OPENED, SLC_WIRE_BYTES):
        event->kind = SLC_EVENT_DROP_OPENED;
        return decode_opened(in, event);
    case SLC_TAG(SLC_EVENT_STOCK_ADJUSTED, SLC_WIRE_BYTES):
        event->kind = SLC_EVENT_STOCK_ADJUSTED;
        return decode_adjusted(in, event);
    case SLC_TAG(SLC_EVENT_DROP_CLOSED, SLC_WIRE_BYTES):
        event->kind = SLC_EVENT_DROP_CLOSED;
        return decode_change(in, &event->as.drop_closed.drop_id, &event->op_key);
    case SLC_TAG(SLC_EVENT_DROP_PURGED, SLC_WIRE_BYTES):
        event->kind = SLC_EVENT_DROP_PURGED;
        return decode_change(in, &event->as.drop_purged.drop_id, &event->op_key);
    case SLC_TAG(SLC_EVENT_ORDER_CANCELLED, SLC_WIRE_BYTES):
        event->kind = SLC_EVENT_ORDER_CANCELLED;
        return decode_change(in, &event->as.order_cancelled.order_id, &event->op_key);
    default:
        return false;
    }
}

bool slc_flat_decode_event(const uint8_t *bytes, size_t count, slc_event_t *ret_event, size_t *ret_used)
{
    if (count == 0) {
        return false;
    }
    slc_cursor_t in = {bytes, bytes + count};
    uint64_t event_bytes;
    uint64_t fields_bytes;
    if (!slc_cursor_takes(&in, TAG_EVENTS) || !take_shortest(&in, &event_bytes) ||
        event_bytes > slc_cursor_left(&in)) {
        return false;
    }
    in.end = in.at + event_bytes;
    uint8_t tag = *in.at++; /* there is one: event_bytes is not 0 */
    if (!take_shortest(&in, &fields_bytes) || fields_bytes != slc_cursor_left(&in) ||
        !decode_fields(&in, tag, ret_event) || in.at != in.end) {
        return false;
    }
    *ret_used = (size_t)(in.end - bytes);
    return true;
}
