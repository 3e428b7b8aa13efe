#include "wire/varint.h"

#define FIELD_MAX ((UINT32_C(1) << 29) - 1)

bool slc_cursor_varint_slow(slc_cursor_t *cursor, uint64_t *ret_value)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < SLC_VARINT_BYTES_MAX && cursor->at < cursor->end; i++) {
        uint8_t byte = *cursor->at++;
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

bool slc_cursor_tag(slc_cursor_t *cursor, uint32_t *ret_field, uint32_t *ret_wire_type)
{
    const uint8_t *begin = cursor->at;
    uint64_t tag;
    if (!slc_cursor_varint(cursor, &tag) || cursor->at - begin > SLC_VARINT32_BYTES_MAX ||
        tag >> 3 == 0 || tag >> 3 > FIELD_MAX) {
        return false;
    }
    *ret_field = (uint32_t)(tag >> 3);
    *ret_wire_type = (uint32_t)(tag & 7);
    return true;
}

bool slc_cursor_skip(slc_cursor_t *cursor, uint32_t wire_type)
{
    uint64_t value;
    const char *bytes;
    size_t count;
    switch (wire_type) {
    case SLC_WIRE_VARINT:
        return slc_cursor_varint(cursor, &value);
    case SLC_WIRE_FIXED64:
        return slc_cursor_fixed64(cursor, &value);
    case SLC_WIRE_BYTES:
        return slc_cursor_bytes(cursor, &bytes, &count);
    case SLC_WIRE_FIXED32:
        if (slc_cursor_left(cursor) < 4) {
            return false;
        }
        cursor->at += 4;
        return true;
    default:
        return false;
    }
}
