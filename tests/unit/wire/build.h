/* Protobuf bytes put together by hand, right or wrong, for the tests of the wire.
 * Threads: one. Owns nothing. Failure: a message over its buffer ends the test. */
#ifndef SLC_TESTS_WIRE_BUILD_H
#define SLC_TESTS_WIRE_BUILD_H

#include "wire/varint.h"

#include <criterion/criterion.h>
#include <stdlib.h>

typedef struct built {
    size_t count;
    uint8_t bytes[4096];
} built_t;

static inline void put_raw(built_t *built, const void *bytes, size_t count)
{
    cr_assert(count <= sizeof built->bytes - built->count);
    if (count > 0) {
        memcpy(built->bytes + built->count, bytes, count);
    }
    built->count += count;
}

static inline void put_number(built_t *built, uint64_t value)
{
    uint8_t varint[SLC_VARINT_BYTES_MAX];
    put_raw(built, varint, (size_t)(slc_put_varint(varint, value) - varint));
}

static inline void put_varint(built_t *built, uint32_t field, uint64_t value)
{
    put_number(built, (uint64_t)field << 3 | SLC_WIRE_VARINT);
    put_number(built, value);
}

static inline void put_fixed64(built_t *built, uint32_t field, uint64_t value)
{
    put_number(built, (uint64_t)field << 3 | SLC_WIRE_FIXED64);
    put_raw(built, &value, sizeof value);
}

static inline void put_fixed32(built_t *built, uint32_t field, uint32_t value)
{
    put_number(built, (uint64_t)field << 3 | SLC_WIRE_FIXED32);
    put_raw(built, &value, sizeof value);
}

static inline void put_bytes(built_t *built, uint32_t field, const void *bytes, size_t count)
{
    put_number(built, (uint64_t)field << 3 | SLC_WIRE_BYTES);
    put_number(built, count);
    put_raw(built, bytes, count);
}

static inline void put_built(built_t *built, uint32_t field, const built_t *inner)
{
    put_bytes(built, field, inner->bytes, inner->count);
}

/* A copy of just that many bytes on the heap, so that ASan sees a read behind them. The caller frees. */
static inline uint8_t *exact(const uint8_t *bytes, size_t count)
{
    uint8_t *copy = malloc(count > 0 ? count : 1);
    cr_assert(copy != NULL);
    memcpy(copy, bytes, count);
    return copy;
}

#endif
