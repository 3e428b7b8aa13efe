/* Little-endian loads and stores, and rounding. Pure; any thread; owns nothing; cannot fail. */
#ifndef SLC_BASE_BYTES_H
#define SLC_BASE_BYTES_H

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the formats are little-endian; a big-endian host needs byte swaps here"
#endif

static inline uint64_t slc_load_u64(const void *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint32_t slc_load_u32(const void *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint16_t slc_load_u16(const void *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline void slc_store_u64(void *at, uint64_t value)
{
    memcpy(at, &value, sizeof value);
}

static inline void slc_store_u32(void *at, uint32_t value)
{
    memcpy(at, &value, sizeof value);
}

static inline void slc_store_u16(void *at, uint16_t value)
{
    memcpy(at, &value, sizeof value);
}

/* `unit` is a power of two. */
static inline uint64_t slc_round_up(uint64_t value, uint64_t unit)
{
    return (value + unit - 1) & ~(unit - 1);
}

#endif
