#include "wire/flat.h"
#include "wire/varint.h"

enum { BUY_REQUEST_ID = 1, BUY_DROP_ID = 2, BUY_USER = 3, BUY_QUANTITY = 4, BUY_ORDER_KEY = 5 };

/* One field of a known number into its place; a wrong wire type is refused. */
static bool decode_field(slc_cursor_t *cursor, uint32_t field, uint32_t wire_type, slc_buy_t *buy)
{
    const uint8_t *user;
    switch (field) {
    case BUY_REQUEST_ID:
        return wire_type == SLC_WIRE_VARINT && slc_cursor_varint(cursor, &buy->request_id);
    case BUY_DROP_ID:
        return wire_type == SLC_WIRE_VARINT && slc_cursor_varint(cursor, &buy->drop_id);
    case BUY_USER:
        if (wire_type != SLC_WIRE_BYTES || !slc_cursor_bytes(cursor, &user, &buy->user.bytes)) {
            return false;
        }
        buy->user.data = (const char *)user;
        return true;
    case BUY_QUANTITY:
        return wire_type == SLC_WIRE_VARINT && slc_cursor_varint(cursor, &buy->quantity);
    case BUY_ORDER_KEY:
        return wire_type == SLC_WIRE_FIXED64 && slc_cursor_fixed64(cursor, &buy->order_key);
    default:
        return slc_cursor_skip(cursor, wire_type);
    }
}

bool slc_flat_decode_buy(const uint8_t *bytes, size_t count, slc_buy_t *ret_buy)
{
    slc_cursor_t cursor = {bytes, bytes + count};
    *ret_buy = (slc_buy_t){.user = {"", 0}};
    while (cursor.at < cursor.end) {
        uint32_t field;
        uint32_t wire_type;
        if (!slc_cursor_tag(&cursor, &field, &wire_type) ||
            !decode_field(&cursor, field, wire_type, ret_buy)) {
            return false;
        }
    }
    return true;
}

size_t slc_flat_encode_buy(const slc_buy_t *buy, uint8_t *out)
{
    /* The body is at most 11 + 11 + 66 + 11 + 9 bytes for a user within its limit: its length is a varint
     * of one byte. */
    uint8_t *at = out + 1;
    at = slc_put_varint_field(at, SLC_TAG(BUY_REQUEST_ID, SLC_WIRE_VARINT), buy->request_id);
    at = slc_put_varint_field(at, SLC_TAG(BUY_DROP_ID, SLC_WIRE_VARINT), buy->drop_id);
    at = slc_put_bytes_field(at, SLC_TAG(BUY_USER, SLC_WIRE_BYTES), buy->user.data, buy->user.bytes);
    at = slc_put_varint_field(at, SLC_TAG(BUY_QUANTITY, SLC_WIRE_VARINT), buy->quantity);
    at = slc_put_fixed64_field(at, SLC_TAG(BUY_ORDER_KEY, SLC_WIRE_FIXED64), buy->order_key);
    out[0] = (uint8_t)(at - out - 1);
    return (size_t)(at - out);
}
