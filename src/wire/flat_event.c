/* The journal's payload: one EventBatch. Its encoding here is canonical, fields in order of their numbers
 * and left out where they are 0, so that equal batches are equal bytes. */
#include "wire/flat.h"
#include "wire/varint.h"

#include <assert.h>

enum { BATCH_TIME_US = 1, BATCH_FIRST_SEQUENCE = 2, BATCH_EVENTS = 3 };

#define TAG_BATCH_TIME_US SLC_TAG(BATCH_TIME_US, SLC_WIRE_FIXED64)
#define TAG_BATCH_FIRST_SEQUENCE SLC_TAG(BATCH_FIRST_SEQUENCE, SLC_WIRE_FIXED64)
#define TAG_BATCH_EVENTS SLC_TAG(BATCH_EVENTS, SLC_WIRE_BYTES)
#define TAG_VARINT(field) SLC_TAG(field, SLC_WIRE_VARINT)
#define TAG_FIXED64(field) SLC_TAG(field, SLC_WIRE_FIXED64)
#define TAG_BYTES(field) SLC_TAG(field, SLC_WIRE_BYTES)

/* Tag and length of the event within the batch, and of its kind within the event: one byte each. */
#define EVENT_HEAD_BYTES 4

static_assert(SLC_BATCH_HEAD_BYTES == 2 * (1 + 8), "the head is written whole, also where a field is 0");
/* The longest event is a DROP_OPENED: drop_id, stock (at most 10^12: 6 bytes), limit, 3 fixed, name. */
#define FIELDS_BYTES_MAX (11 + 7 + 11 + 3 * 9 + 2 + SLC_NAME_BYTES_MAX)
static_assert(SLC_STOCK_MAX < UINT64_C(1) << 42, "a stock is a varint of at most 6 bytes");
static_assert(EVENT_HEAD_BYTES + FIELDS_BYTES_MAX <= SLC_EVENT_BYTES_MAX, "any event fits");
static_assert(FIELDS_BYTES_MAX + 2 < 128, "both lengths are varints of one byte");

size_t slc_flat_encode_batch_head(uint64_t time_us, uint64_t first_sequence, uint8_t *out)
{
    out[0] = TAG_BATCH_TIME_US;
    slc_store_u64(out + 1, time_us);
    out[9] = TAG_BATCH_FIRST_SEQUENCE;
    slc_store_u64(out + 10, first_sequence);
    return SLC_BATCH_HEAD_BYTES;
}

/* Writes the head of an event whose fields end at `end`; answers the length of all. */
static size_t close_event(uint8_t *out, const uint8_t *end, slc_event_kind_t kind)
{
    size_t fields = (size_t)(end - out) - EVENT_HEAD_BYTES;
    out[0] = TAG_BATCH_EVENTS;
    out[1] = (uint8_t)(fields + 2);
    out[2] = TAG_BYTES((unsigned)kind);
    out[3] = (uint8_t)fields;
    return (size_t)(end - out);
}

size_t slc_flat_encode_order_placed(uint64_t drop_id, slc_text_t user, uint64_t quantity,
                                    uint64_t order_key, uint8_t *out)
{
    uint8_t *at = out + EVENT_HEAD_BYTES;
    at = slc_put_varint_field(at, TAG_VARINT(1), drop_id);
    at = slc_put_bytes_field(at, TAG_BYTES(2), user.data, user.bytes);
    at = slc_put_varint_field(at, TAG_VARINT(3), quantity);
    at = slc_put_fixed64_field(at, TAG_FIXED64(4), order_key);
    return close_event(out, at, SLC_EVENT_ORDER_PLACED);
}

static uint8_t *put_drop_opened(uint8_t *at, const slc_event_t *event)
{
    at = slc_put_varint_field(at, TAG_VARINT(1), event->as.drop_opened.drop_id);
    at = slc_put_varint_field(at, TAG_VARINT(2), event->as.drop_opened.stock);
    at = slc_put_varint_field(at, TAG_VARINT(3), event->as.drop_opened.per_user_limit);
    at = slc_put_fixed64_field(at, TAG_FIXED64(4), event->as.drop_opened.opens_at_us);
    at = slc_put_fixed64_field(at, TAG_FIXED64(5), event->as.drop_opened.closes_at_us);
    at = slc_put_bytes_field(at, TAG_BYTES(6), event->as.drop_opened.name.data,
                             event->as.drop_opened.name.bytes);
    return slc_put_fixed64_field(at, TAG_FIXED64(7), event->op_key);
}

/* sint64: small numbers of either sign become small varints. */
static uint64_t zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t value)
{
    return (int64_t)((value >> 1) ^ (0 - (value & 1)));
}

size_t slc_flat_encode_event(const slc_event_t *event, uint8_t *out)
{
    uint8_t *at = out + EVENT_HEAD_BYTES;
    switch (event->kind) {
    case SLC_EVENT_ORDER_PLACED:
        return slc_flat_encode_order_placed(event->as.order_placed.drop_id, event->as.order_placed.user,
                                            event->as.order_placed.quantity,
                                            event->as.order_placed.order_key, out);
    case SLC_EVENT_DROP_OPENED:
        at = put_drop_opened(at, event);
        break;
    case SLC_EVENT_STOCK_ADJUSTED:
        at = slc_put_varint_field(at, TAG_VARINT(1), event->as.stock_adjusted.drop_id);
        at = slc_put_varint_field(at, TAG_VARINT(2), zigzag(event->as.stock_adjusted.delta));
        at = slc_put_fixed64_field(at, TAG_FIXED64(3), event->op_key);
        break;
    case SLC_EVENT_DROP_CLOSED:
    case SLC_EVENT_DROP_PURGED:
        at = slc_put_varint_field(at, TAG_VARINT(1), event->as.drop_closed.drop_id);
        at = slc_put_fixed64_field(at, TAG_FIXED64(2), event->op_key);
        break;
    case SLC_EVENT_ORDER_CANCELLED:
        at = slc_put_varint_field(at, TAG_VARINT(1), event->as.order_cancelled.order_id);
        at = slc_put_fixed64_field(at, TAG_FIXED64(2), event->op_key);
        break;
    }
    return close_event(out, at, event->kind);
}

bool slc_flat_decode_batch_head(const uint8_t *bytes, size_t count, uint64_t *ret_time_us,
                                uint64_t *ret_first_sequence, size_t *ret_used)
{
    if (count < SLC_BATCH_HEAD_BYTES || bytes[0] != TAG_BATCH_TIME_US ||
        bytes[9] != TAG_BATCH_FIRST_SEQUENCE) {
        return false;
    }
    *ret_time_us = slc_load_u64(bytes + 1);
    *ret_first_sequence = slc_load_u64(bytes + 10);
    *ret_used = SLC_BATCH_HEAD_BYTES;
    return true;
}

/* What the fields of any event come to: numbers and fixed ones by field number, one text. */
typedef struct fields {
    uint64_t values[8];
    slc_text_t text;
} fields_t;

/* Bit n: field n is of that type. */
typedef struct shape {
    uint8_t varints;
    uint8_t fixed64s;
    uint8_t texts;
} shape_t;

static const shape_t shapes[] = {
    [SLC_EVENT_ORDER_PLACED] = {.varints = 1 << 1 | 1 << 3, .fixed64s = 1 << 4, .texts = 1 << 2},
    [SLC_EVENT_DROP_OPENED] = {.varints = 1 << 1 | 1 << 2 | 1 << 3,
                               .fixed64s = 1 << 4 | 1 << 5 | 1 << 7,
                               .texts = 1 << 6},
    [SLC_EVENT_STOCK_ADJUSTED] = {.varints = 1 << 1 | 1 << 2, .fixed64s = 1 << 3},
    [SLC_EVENT_DROP_CLOSED] = {.varints = 1 << 1, .fixed64s = 1 << 2},
    [SLC_EVENT_DROP_PURGED] = {.varints = 1 << 1, .fixed64s = 1 << 2},
    [SLC_EVENT_ORDER_CANCELLED] = {.varints = 1 << 1, .fixed64s = 1 << 2},
};

/* Canonical: known fields only, each at most once, in rising order. */
static bool decode_fields(slc_cursor_t *cursor, const shape_t *shape, fields_t *fields)
{
    uint32_t last = 0;
    while (cursor->at < cursor->end) {
        uint32_t field = *cursor->at >> 3;
        uint32_t wire_type = *cursor->at & 7;
        cursor->at++;
        if (field <= last || field > 7) {
            return false;
        }
        last = field;
        bool good = false;
        if (wire_type == SLC_WIRE_VARINT && (shape->varints >> field & 1) != 0) {
            good = slc_cursor_varint(cursor, &fields->values[field]);
        } else if (wire_type == SLC_WIRE_FIXED64 && (shape->fixed64s >> field & 1) != 0) {
            good = slc_cursor_fixed64(cursor, &fields->values[field]);
        } else if (wire_type == SLC_WIRE_BYTES && (shape->texts >> field & 1) != 0) {
            const uint8_t *text;
            good = slc_cursor_bytes(cursor, &text, &fields->text.bytes);
            fields->text.data = good ? (const char *)text : "";
        }
        if (!good) {
            return false;
        }
    }
    return true;
}

static bool set_order_placed(slc_event_t *event, const fields_t *fields)
{
    event->as.order_placed.drop_id = fields->values[1];
    event->as.order_placed.user = fields->text;
    event->as.order_placed.quantity = fields->values[3];
    event->as.order_placed.order_key = fields->values[4];
    return fields->values[1] != 0 && fields->values[3] >= 1 && fields->values[3] <= SLC_QUANTITY_MAX &&
           slc_text_is_valid(fields->text, 1, SLC_USER_BYTES_MAX);
}

static bool set_drop_opened(slc_event_t *event, const fields_t *fields)
{
    event->as.drop_opened.drop_id = fields->values[1];
    event->as.drop_opened.stock = fields->values[2];
    event->as.drop_opened.per_user_limit = fields->values[3];
    event->as.drop_opened.opens_at_us = fields->values[4];
    event->as.drop_opened.closes_at_us = fields->values[5];
    event->as.drop_opened.name = fields->text;
    event->op_key = fields->values[7];
    return fields->values[1] != 0 && fields->values[2] <= SLC_STOCK_MAX &&
           slc_text_is_valid(fields->text, 0, SLC_NAME_BYTES_MAX);
}

static bool set_stock_adjusted(slc_event_t *event, const fields_t *fields)
{
    int64_t delta = unzigzag(fields->values[2]);
    event->as.stock_adjusted.drop_id = fields->values[1];
    event->as.stock_adjusted.delta = delta;
    event->op_key = fields->values[3];
    return fields->values[1] != 0 && delta != 0 && delta <= (int64_t)SLC_STOCK_MAX &&
           delta >= -(int64_t)SLC_STOCK_MAX;
}

static bool set_fields(slc_event_t *event, const fields_t *fields)
{
    switch (event->kind) {
    case SLC_EVENT_ORDER_PLACED:
        return set_order_placed(event, fields);
    case SLC_EVENT_DROP_OPENED:
        return set_drop_opened(event, fields);
    case SLC_EVENT_STOCK_ADJUSTED:
        return set_stock_adjusted(event, fields);
    case SLC_EVENT_DROP_CLOSED:
    case SLC_EVENT_DROP_PURGED:
        event->as.drop_closed.drop_id = fields->values[1];
        event->op_key = fields->values[2];
        return fields->values[1] != 0;
    case SLC_EVENT_ORDER_CANCELLED:
        event->as.order_cancelled.order_id = fields->values[1];
        event->op_key = fields->values[2];
        return fields->values[1] != 0;
    }
    return false;
}

bool slc_flat_decode_event(const uint8_t *bytes, size_t count, slc_event_t *ret_event, size_t *ret_used)
{
    if (count < EVENT_HEAD_BYTES || bytes[0] != TAG_BATCH_EVENTS) {
        return false;
    }
    uint32_t kind = bytes[2] >> 3;
    size_t fields_bytes = bytes[3];
    if ((bytes[2] & 7) != SLC_WIRE_BYTES || kind < SLC_EVENT_ORDER_PLACED ||
        kind > SLC_EVENT_ORDER_CANCELLED || fields_bytes >= 128 || bytes[1] != fields_bytes + 2 ||
        fields_bytes > count - EVENT_HEAD_BYTES) {
        return false;
    }
    slc_cursor_t cursor = {bytes + EVENT_HEAD_BYTES, bytes + EVENT_HEAD_BYTES + fields_bytes};
    fields_t fields = {.text = {"", 0}};
    ret_event->kind = (slc_event_kind_t)kind;
    ret_event->op_key = 0;
    *ret_used = EVENT_HEAD_BYTES + fields_bytes;
    return decode_fields(&cursor, &shapes[kind], &fields) && set_fields(ret_event, &fields);
}
