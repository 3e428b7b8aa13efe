#include "wire/flat.h"

slc_frame_t slc_frame_next(const uint8_t *bytes, size_t count, uint32_t bytes_max,
                           const uint8_t **ret_body, uint32_t *ret_bytes, size_t *ret_used)
{
    uint64_t length = 0;
    size_t prefix = 0;
    uint8_t byte;
    do {
        if (prefix == SLC_FRAME_PREFIX_BYTES_MAX) {
            return SLC_FRAME_BROKEN;
        }
        if (prefix == count) {
            return SLC_FRAME_PARTIAL;
        }
        byte = bytes[prefix];
        length |= (uint64_t)(byte & 0x7f) << (7 * prefix);
        prefix++;
    } while (byte >= 0x80);
    if (length > bytes_max) {
        return SLC_FRAME_TOO_LONG;
    }
    if (length > count - prefix) {
        return SLC_FRAME_PARTIAL;
    }
    *ret_body = bytes + prefix;
    *ret_bytes = (uint32_t)length;
    *ret_used = prefix + (size_t)length;
    return SLC_FRAME_WHOLE;
}

size_t slc_frame_prefix(uint32_t length, uint8_t *out)
{
    size_t bytes = 0;
    while (length >= 0x80) {
        out[bytes++] = (uint8_t)(length | 0x80);
        length >>= 7;
    }
    out[bytes++] = (uint8_t)length;
    return bytes;
}
