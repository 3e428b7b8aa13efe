#include "base/check.h"
#include "wire/flat.h"
#include "wire/varint.h"

#include <assert.h>

enum {
    TAG_REQUEST_ID = SLC_TAG(1, SLC_WIRE_VARINT),
    TAG_DROP_ID = SLC_TAG(2, SLC_WIRE_VARINT),
    TAG_USER = SLC_TAG(3, SLC_WIRE_BYTES),
    TAG_QUANTITY = SLC_TAG(4, SLC_WIRE_VARINT),
    TAG_ORDER_KEY = SLC_TAG(5, SLC_WIRE_FIXED64),
};

#define BODY_BYTES_MAX (3 * 11 + 2 + SLC_USER_BYTES_MAX + 9)
static_assert(BODY_BYTES_MAX < 128, "the length of a Buy is a varint of one byte");
static_assert(1 + BODY_BYTES_MAX <= SLC_BUY_FRAME_BYTES_MAX, "a frame fits");

/* What canonical order does not cover: fields in another order, again, unknown, or with a longer tag. */
static bool decode_rest(slc_cursor_t *in, slc_buy_t *buy)
{
    while (in->at < in->end) {
        uint32_t field;
        uint32_t type;
        if (!slc_cursor_tag(in, &field, &type)) {
            return false;
        }
        bool good;
        switch (field) {
        case 1:
            good = type == SLC_WIRE_VARINT && slc_cursor_varint(in, &buy->request_id);
            break;
        case 2:
            good = type == SLC_WIRE_VARINT && slc_cursor_varint(in, &buy->drop_id);
            break;
        case 3:
            good = type == SLC_WIRE_BYTES && slc_cursor_bytes(in, &buy->user.data, &buy->user.bytes);
            break;
        case 4:
            good = type == SLC_WIRE_VARINT && slc_cursor_varint(in, &buy->quantity);
            break;
        case 5:
            good = type == SLC_WIRE_FIXED64 && slc_cursor_fixed64(in, &buy->order_key);
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

bool slc_flat_decode_buy(const uint8_t *bytes, size_t count, slc_buy_t *ret_buy)
{
    *ret_buy = (slc_buy_t){.user = {"", 0}};
    if (count == 0) {
        return true;
    }
    slc_cursor_t in = {bytes, bytes + count};
    /* Every encoder writes fields in the order of their numbers. Each line takes one occurrence of one
     * field, so whatever is left when they are through is decode_rest's to go on with. */
    if ((slc_cursor_takes(&in, TAG_REQUEST_ID) && !slc_cursor_varint(&in, &ret_buy->request_id)) ||
        (slc_cursor_takes(&in, TAG_DROP_ID) && !slc_cursor_varint(&in, &ret_buy->drop_id)) ||
        (slc_cursor_takes(&in, TAG_USER) &&
         !slc_cursor_bytes(&in, &ret_buy->user.data, &ret_buy->user.bytes)) ||
        (slc_cursor_takes(&in, TAG_QUANTITY) && !slc_cursor_varint(&in, &ret_buy->quantity)) ||
        (slc_cursor_takes(&in, TAG_ORDER_KEY) && !slc_cursor_fixed64(&in, &ret_buy->order_key))) {
        return false;
    }
    return in.at == in.end || decode_rest(&in, ret_buy);
}

size_t slc_flat_encode_buy(const slc_buy_t *buy, uint8_t *out)
{
    SLC_CHECK(buy->user.bytes <= SLC_USER_BYTES_MAX);
    uint8_t *at = out + 1;
    at = slc_put_varint_field(at, TAG_REQUEST_ID, buy->request_id);
    at = slc_put_varint_field(at, TAG_DROP_ID, buy->drop_id);
    at = slc_put_text_field(at, TAG_USER, buy->user.data, buy->user.bytes);
    at = slc_put_varint_field(at, TAG_QUANTITY, buy->quantity);
    at = slc_put_fixed64_field(at, TAG_ORDER_KEY, buy->order_key);
    out[0] = (uint8_t)(at - out - 1);
    return (size_t)(at - out);
}
