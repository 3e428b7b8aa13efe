/* Reading and writing protobuf's primitives over a cursor that never passes its end.
 * Source: protobuf.dev, "Encoding". Threads: pure. Owns nothing.
 * Failure: readers answer false and leave the cursor anywhere; writers need room that the caller has. */
#ifndef SLC_WIRE_VARINT_H
#define SLC_WIRE_VARINT_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLC_VARINT_BYTES_MAX 10

/* Wire types; groups (3, 4) are refused wherever they stand, 6 and 7 do not exist. */
enum { SLC_WIRE_VARINT = 0, SLC_WIRE_FIXED64 = 1, SLC_WIRE_BYTES = 2, SLC_WIRE_FIXED32 = 5 };

typedef struct slc_cursor {
    const uint8_t *at;
    const uint8_t *end;
} slc_cursor_t;

/* The rest of a varint whose first byte has more to come. */
bool slc_cursor_varint_long(slc_cursor_t *cursor, uint64_t *ret_value);

static inline bool slc_cursor_varint(slc_cursor_t *cursor, uint64_t *ret_value)
{
    if (cursor->at == cursor->end) {
        return false;
    }
    if (*cursor->at < 0x80) {
        *ret_value = *cursor->at++;
        return true;
    }
    return slc_cursor_varint_long(cursor, ret_value);
}

static inline bool slc_cursor_fixed64(slc_cursor_t *cursor, uint64_t *ret_value)
{
    if (cursor->end - cursor->at < 8) {
        return false;
    }
    *ret_value = slc_load_u64(cursor->at);
    cursor->at += 8;
    return true;
}

static inline bool slc_cursor_bytes(slc_cursor_t *cursor, const uint8_t **ret_bytes, size_t *ret_count)
{
    uint64_t count;
    if (!slc_cursor_varint(cursor, &count) || count > (uint64_t)(cursor->end - cursor->at)) {
        return false;
    }
    *ret_bytes = cursor->at;
    *ret_count = (size_t)count;
    cursor->at += count;
    return true;
}

/* A field's number and wire type; false for number 0 and numbers beyond 2^29 - 1. */
bool slc_cursor_tag(slc_cursor_t *cursor, uint32_t *ret_field, uint32_t *ret_wire_type);
/* Passes over the value of an unknown field. */
bool slc_cursor_skip(slc_cursor_t *cursor, uint32_t wire_type);

static inline uint8_t *slc_put_varint(uint8_t *out, uint64_t value)
{
    while (value >= 0x80) {
        *out++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *out++ = (uint8_t)value;
    return out;
}

/* A varint field that is left out where it is 0, as proto3 does; `tag` of one byte. */
static inline uint8_t *slc_put_varint_field(uint8_t *out, uint8_t tag, uint64_t value)
{
    if (value == 0) {
        return out;
    }
    *out++ = tag;
    return slc_put_varint(out, value);
}

static inline uint8_t *slc_put_fixed64_field(uint8_t *out, uint8_t tag, uint64_t value)
{
    if (value == 0) {
        return out;
    }
    *out++ = tag;
    slc_store_u64(out, value);
    return out + 8;
}

static inline uint8_t *slc_put_bytes_field(uint8_t *out, uint8_t tag, const char *bytes, size_t count)
{
    if (count == 0) {
        return out;
    }
    *out++ = tag;
    out = slc_put_varint(out, count);
    memcpy(out, bytes, count);
    return out + count;
}

#define SLC_TAG(field, wire_type) ((uint8_t)((field) << 3 | (wire_type)))

#endif
