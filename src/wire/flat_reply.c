#include "wire/flat.h"
#include "wire/text.h"
#include "wire/varint.h"

#include <assert.h>

enum {
    TAG_REQUEST_ID = SLC_TAG(1, SLC_WIRE_VARINT),
    TAG_STATUS = SLC_TAG(2, SLC_WIRE_VARINT),
    TAG_ORDER_ID = SLC_TAG(3, SLC_WIRE_VARINT),
    TAG_REMAINING = SLC_TAG(4, SLC_WIRE_VARINT),
    TAG_REPLAYED = SLC_TAG(5, SLC_WIRE_VARINT),
    TAG_SEQUENCE = SLC_TAG(6, SLC_WIRE_VARINT),
    TAG_TIME_US = SLC_TAG(7, SLC_WIRE_FIXED64),
    TAG_MESSAGE = SLC_TAG(8, SLC_WIRE_BYTES),
};

/* status and replayed are one byte each. */
#define BODY_BYTES_MAX (4 * 11 + 2 * 2 + 9)
static_assert(BODY_BYTES_MAX < 128, "without a message the length is a varint of one byte");
static_assert(2 + BODY_BYTES_MAX + 2 + SLC_REPLY_MESSAGE_BYTES_MAX <= SLC_REPLY_FRAME_BYTES_MAX,
              "with the longest message it fits too");

/* An enum on the wire is an int32: bits above the 32nd are dropped, then it is known or is not. */
static slc_status_t status_of(uint64_t value)
{
    return (uint32_t)value < SLC_STATUS_COUNT ? (slc_status_t)(uint32_t)value : SLC_STATUS_UNSPECIFIED;
}

static bool decode_varint(slc_cursor_t *in, uint32_t type, uint64_t *ret_value)
{
    return type == SLC_WIRE_VARINT && slc_cursor_varint(in, ret_value);
}

/* As in flat_buy.c. */
static bool decode_rest(slc_cursor_t *in, slc_buy_reply_t *reply)
{
    while (in->at < in->end) {
        uint32_t field;
        uint32_t type;
        if (!slc_cursor_tag(in, &field, &type)) {
            return false;
        }
        bool good;
        uint64_t value = 0;
        switch (field) {
        case 1:
            good = decode_varint(in, type, &reply->request_id);
            break;
        case 2:
            good = decode_varint(in, type, &value);
            reply->status = status_of(value);
            break;
        case 3:
            good = decode_varint(in, type, &reply->order_id);
            break;
        case 4:
            good = decode_varint(in, type, &reply->remaining);
            break;
        case 5:
            good = decode_varint(in, type, &value);
            reply->replayed = value != 0;
            break;
        case 6:
            good = decode_varint(in, type, &reply->sequence);
            break;
        case 7:
            good = type == SLC_WIRE_FIXED64 && slc_cursor_fixed64(in, &reply->time_us);
            break;
        case 8:
            good = type == SLC_WIRE_BYTES &&
                   slc_cursor_bytes(in, &reply->message.data, &reply->message.bytes);
            break;
        default:
            good = slc_cursor_skip(in, type);
            break;
        }
        if (!good) {
            return false;
        }
    }
    return true;
}

bool slc_flat_decode_reply(const uint8_t *bytes, size_t count, slc_buy_reply_t *ret_reply)
{
    *ret_reply = (slc_buy_reply_t){.message = {"", 0}};
    if (count == 0) {
        return true;
    }
    slc_cursor_t in = {bytes, bytes + count};
    uint64_t status = 0;
    uint64_t replayed = 0;
    if ((slc_cursor_takes(&in, TAG_REQUEST_ID) && !slc_cursor_varint(&in, &ret_reply->request_id)) ||
        (slc_cursor_takes(&in, TAG_STATUS) && !slc_cursor_varint(&in, &status)) ||
        (slc_cursor_takes(&in, TAG_ORDER_ID) && !slc_cursor_varint(&in, &ret_reply->order_id)) ||
        (slc_cursor_takes(&in, TAG_REMAINING) && !slc_cursor_varint(&in, &ret_reply->remaining)) ||
        (slc_cursor_takes(&in, TAG_REPLAYED) && !slc_cursor_varint(&in, &replayed)) ||
        (slc_cursor_takes(&in, TAG_SEQUENCE) && !slc_cursor_varint(&in, &ret_reply->sequence)) ||
        (slc_cursor_takes(&in, TAG_TIME_US) && !slc_cursor_fixed64(&in, &ret_reply->time_us)) ||
        (slc_cursor_takes(&in, TAG_MESSAGE) &&
         !slc_cursor_bytes(&in, &ret_reply->message.data, &ret_reply->message.bytes))) {
        return false;
    }
    ret_reply->status = status_of(status);
    ret_reply->replayed = replayed != 0;
    return in.at == in.end || decode_rest(&in, ret_reply);
}

/* Appends the message to a body that stands behind one byte of room for its length, and makes room for a
 * second one where that is needed. Rare: only refusals of broken requests carry a message. */
static size_t close_with_message(uint8_t *out, uint8_t *at, slc_text_t message)
{
    size_t bytes = slc_text_cut(message, SLC_REPLY_MESSAGE_BYTES_MAX);
    *at++ = TAG_MESSAGE;
    at = slc_put_varint(at, bytes);
    memcpy(at, message.data, bytes);
    at += bytes;
    uint32_t body = (uint32_t)(at - out - 1);
    if (body >= 128) {
        memmove(out + 2, out + 1, body);
    }
    return slc_frame_prefix(body, out) + body;
}

size_t slc_flat_encode_reply(const slc_buy_reply_t *reply, uint8_t *out)
{
    uint8_t *at = out + 1;
    at = slc_put_varint_field(at, TAG_REQUEST_ID, reply->request_id);
    at = slc_put_varint_field(at, TAG_STATUS, (uint64_t)reply->status);
    at = slc_put_varint_field(at, TAG_ORDER_ID, reply->order_id);
    at = slc_put_varint_field(at, TAG_REMAINING, reply->remaining);
    at = slc_put_varint_field(at, TAG_REPLAYED, reply->replayed);
    at = slc_put_varint_field(at, TAG_SEQUENCE, reply->sequence);
    at = slc_put_fixed64_field(at, TAG_TIME_US, reply->time_us);
    if (reply->message.bytes > 0) {
        return close_with_message(out, at, reply->message);
    }
    out[0] = (uint8_t)(at - out - 1);
    return (size_t)(at - out);
}
