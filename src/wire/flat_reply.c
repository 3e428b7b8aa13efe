#include "wire/flat.h"
#include "wire/varint.h"

enum {
    REPLY_REQUEST_ID = 1,
    REPLY_STATUS = 2,
    REPLY_ORDER_ID = 3,
    REPLY_REMAINING = 4,
    REPLY_REPLAYED = 5,
    REPLY_SEQUENCE = 6,
    REPLY_TIME_US = 7,
    REPLY_MESSAGE = 8,
};

static bool decode_varint_field(uint32_t field, uint64_t value, slc_buy_reply_t *reply)
{
    switch (field) {
    case REPLY_REQUEST_ID:
        reply->request_id = value;
        return true;
    case REPLY_STATUS:
        reply->status = value < SLC_STATUS_COUNT ? (slc_status_t)value : SLC_STATUS_UNSPECIFIED;
        return true;
    case REPLY_ORDER_ID:
        reply->order_id = value;
        return true;
    case REPLY_REMAINING:
        reply->remaining = value;
        return true;
    case REPLY_REPLAYED:
        reply->replayed = value != 0;
        return true;
    case REPLY_SEQUENCE:
        reply->sequence = value;
        return true;
    default:
        return field > REPLY_MESSAGE; /* an unknown field is none of ours; a known one has another type */
    }
}

static bool decode_field(slc_cursor_t *cursor, uint32_t field, uint32_t wire_type, slc_buy_reply_t *reply)
{
    uint64_t value;
    const uint8_t *bytes;
    if (wire_type == SLC_WIRE_VARINT) {
        return slc_cursor_varint(cursor, &value) && decode_varint_field(field, value, reply);
    }
    if (field == REPLY_TIME_US) {
        return wire_type == SLC_WIRE_FIXED64 && slc_cursor_fixed64(cursor, &reply->time_us);
    }
    if (field == REPLY_MESSAGE) {
        if (wire_type != SLC_WIRE_BYTES || !slc_cursor_bytes(cursor, &bytes, &reply->message.bytes)) {
            return false;
        }
        reply->message.data = (const char *)bytes;
        return true;
    }
    return field > REPLY_MESSAGE && slc_cursor_skip(cursor, wire_type);
}

bool slc_flat_decode_reply(const uint8_t *bytes, size_t count, slc_buy_reply_t *ret_reply)
{
    slc_cursor_t cursor = {bytes, bytes + count};
    *ret_reply = (slc_buy_reply_t){.message = {"", 0}};
    while (cursor.at < cursor.end) {
        uint32_t field;
        uint32_t wire_type;
        if (!slc_cursor_tag(&cursor, &field, &wire_type) ||
            !decode_field(&cursor, field, wire_type, ret_reply)) {
            return false;
        }
    }
    return true;
}

/* At most `bytes_max` bytes of the text, cut in front of a character, not within one. */
static size_t cut_text(slc_text_t text, size_t bytes_max)
{
    if (text.bytes <= bytes_max) {
        return text.bytes;
    }
    size_t bytes = bytes_max;
    while (bytes > 0 && ((uint8_t)text.data[bytes] & 0xc0) == 0x80) {
        bytes--;
    }
    return bytes;
}

size_t slc_flat_encode_reply(const slc_buy_reply_t *reply, uint8_t *out)
{
    uint8_t body[SLC_REPLY_FRAME_BYTES_MAX + SLC_REPLY_MESSAGE_BYTES_MAX];
    size_t message_bytes = cut_text(reply->message, SLC_REPLY_MESSAGE_BYTES_MAX);
    /* Without a message the body is below 128 bytes, and its length is a varint of one byte. */
    uint8_t *begin = message_bytes == 0 ? out + 1 : body;
    uint8_t *at = begin;
    at = slc_put_varint_field(at, SLC_TAG(REPLY_REQUEST_ID, SLC_WIRE_VARINT), reply->request_id);
    at = slc_put_varint_field(at, SLC_TAG(REPLY_STATUS, SLC_WIRE_VARINT), (uint64_t)reply->status);
    at = slc_put_varint_field(at, SLC_TAG(REPLY_ORDER_ID, SLC_WIRE_VARINT), reply->order_id);
    at = slc_put_varint_field(at, SLC_TAG(REPLY_REMAINING, SLC_WIRE_VARINT), reply->remaining);
    at = slc_put_varint_field(at, SLC_TAG(REPLY_REPLAYED, SLC_WIRE_VARINT), reply->replayed);
    at = slc_put_varint_field(at, SLC_TAG(REPLY_SEQUENCE, SLC_WIRE_VARINT), reply->sequence);
    at = slc_put_fixed64_field(at, SLC_TAG(REPLY_TIME_US, SLC_WIRE_FIXED64), reply->time_us);
    if (message_bytes == 0) {
        out[0] = (uint8_t)(at - begin);
        return (size_t)(at - out);
    }
    at = slc_put_bytes_field(at, SLC_TAG(REPLY_MESSAGE, SLC_WIRE_BYTES), reply->message.data,
                             message_bytes);
    size_t prefix = slc_frame_prefix((uint32_t)(at - begin), out);
    memcpy(out + prefix, body, (size_t)(at - begin));
    return prefix + (size_t)(at - begin);
}
