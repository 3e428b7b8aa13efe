/* Reading and writing protobuf's primitives over a cursor that never passes its end.
 * Source: protobuf.dev/programming-guides/encoding. Threads: pure. Owns nothing.
 * Failure: readers answer false where the bytes are no such thing or end too early, and leave the cursor
 * anywhere; writers need room that the caller has made. */
#ifndef SLC_WIRE_VARINT_H
#define SLC_WIRE_VARINT_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A varint of 64 bits, and one of 32 (tags, lengths), may take so many bytes. */
#define SLC_VARINT_BYTES_MAX 10
#define SLC_VARINT32_BYTES_MAX 5

enum {
    SLC_WIRE_VARINT = 0,
    SLC_WIRE_FIXED64 = 1,
    SLC_WIRE_BYTES = 2, /* 3 and 4 are groups: refused wherever they stand; 6 and 7 do not exist */
    SLC_WIRE_FIXED32 = 5,
};

/* The tag of a field with a number below 16: one byte. */
#define SLC_TAG(field, wire_type) ((uint8_t)((unsigned)(field) << 3 | (unsigned)(wire_type)))

typedef struct slc_cursor {
    const uint8_t *at;
    const uint8_t *end;
} slc_cursor_t;

/* Byte by byte, near the end of the input and for numbers over 28 bits. Bits beyond the 64th are dropped,
 * as protobuf's own decoders do. */
bool slc_cursor_varint_slow(slc_cursor_t *cursor, uint64_t *ret_value);
/* A tag in any of its encodings; false for field 0, for one over 2^29 - 1 and for more than 5 bytes. */
bool slc_cursor_tag(slc_cursor_t *cursor, uint32_t *ret_field, uint32_t *ret_wire_type);
/* Steps over the value of a field that nobody here knows. */
bool slc_cursor_skip(slc_cursor_t *cursor, uint32_t wire_type);

static inline size_t slc_cursor_left(const slc_cursor_t *cursor)
{
    return (size_t)(cursor->end - cursor->at);
}

/* Steps over `tag` if it comes next. */
static inline bool slc_cursor_takes(slc_cursor_t *cursor, uint8_t tag)
{
    if (cursor->at == cursor->end || *cursor->at != tag) {
        return false;
    }
    cursor->at++;
    return true;
}

/* Numbers of one stream tend to be of one length, so a branch for each length is guessed right and the
 * next field can begin before this one is put together; finding the length by arithmetic (count trailing
 * zeros of the stop bits) measured a third slower. */
static inline bool slc_cursor_varint(slc_cursor_t *cursor, uint64_t *ret_value)
{
    if (slc_cursor_left(cursor) < 8) {
        return slc_cursor_varint_slow(cursor, ret_value);
    }
    uint64_t word = slc_load_u64(cursor->at);
    uint64_t value = word & 0x7f;
    if ((word & 0x80) == 0) {
        cursor->at += 1;
        *ret_value = value;
        return true;
    }
    value |= word >> 1 & 0x3f80;
    if ((word & 0x8000) == 0) {
        cursor->at += 2;
        *ret_value = value;
        return true;
    }
    value |= word >> 2 & 0x1fc000;
    if ((word & 0x800000) == 0) {
        cursor->at += 3;
        *ret_value = value;
        return true;
    }
    value |= word >> 3 & 0xfe00000;
    if ((word & 0x80000000) == 0) {
        cursor->at += 4;
        *ret_value = value;
        return true;
    }
    return slc_cursor_varint_slow(cursor, ret_value);
}

static inline bool slc_cursor_fixed64(slc_cursor_t *cursor, uint64_t *ret_value)
{
    if (slc_cursor_left(cursor) < 8) {
        return false;
    }
    *ret_value = slc_load_u64(cursor->at);
    cursor->at += 8;
    return true;
}

/* A length, which has at most 5 bytes, and so many bytes. */
static inline bool slc_cursor_bytes(slc_cursor_t *cursor, const char **ret_bytes, size_t *ret_count)
{
    const uint8_t *begin = cursor->at;
    uint64_t count;
    if (!slc_cursor_varint(cursor, &count) || cursor->at - begin > SLC_VARINT32_BYTES_MAX ||
        count > slc_cursor_left(cursor)) {
        return false;
    }
    *ret_bytes = (const char *)cursor->at;
    *ret_count = (size_t)count;
    cursor->at += count;
    return true;
}

/* Writes 1 to 10 bytes, answers where they end. */
static inline uint8_t *slc_put_varint(uint8_t *out, uint64_t value)
{
    while (value >= 0x80) {
        *out++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *out = (uint8_t)value;
    return out + 1;
}

/* Copies at most 64 bytes without a call and without a loop, reading and writing nothing else. */
static inline void slc_copy_short(uint8_t *out, const char *bytes, size_t count)
{
    if (count >= 16) {
        size_t last = count - 16;
        memcpy(out, bytes, 16);
        if (count > 32) {
            memcpy(out + 16, bytes + 16, 16);
            memcpy(out + last - 16, bytes + last - 16, 16);
        }
        memcpy(out + last, bytes + last, 16);
    } else if (count >= 8) {
        uint64_t tail = slc_load_u64(bytes + count - 8);
        memcpy(out, bytes, 8);
        slc_store_u64(out + count - 8, tail);
    } else if (count >= 4) {
        uint32_t tail = slc_load_u32(bytes + count - 4);
        memcpy(out, bytes, 4);
        slc_store_u32(out + count - 4, tail);
    } else if (count > 0) {
        out[0] = (uint8_t)bytes[0];
        out[count / 2] = (uint8_t)bytes[count / 2];
        out[count - 1] = (uint8_t)bytes[count - 1];
    }
}

/* Fields with a tag of one byte, left out where they hold proto3's default. */
static inline uint8_t *slc_put_varint_field(uint8_t *out, uint8_t tag, uint64_t value)
{
    if (value == 0) {
        return out;
    }
    *out = tag;
    return slc_put_varint(out + 1, value);
}

static inline uint8_t *slc_put_fixed64_field(uint8_t *out, uint8_t tag, uint64_t value)
{
    if (value == 0) {
        return out;
    }
    *out = tag;
    slc_store_u64(out + 1, value);
    return out + 9;
}

/* `count` is at most 64. */
static inline uint8_t *slc_put_text_field(uint8_t *out, uint8_t tag, const char *bytes, size_t count)
{
    if (count == 0) {
        return out;
    }
    out[0] = tag;
    out[1] = (uint8_t)count;
    slc_copy_short(out + 2, bytes, count);
    return out + 2 + count;
}

#endif
