/* The one hash of the project: XXH3, 64 bits (Y. Collet, xxHash 0.8), for checksums, digests and tables
 * alike. Pure; any thread; owns nothing; cannot fail. */
#ifndef SLC_BASE_HASH_H
#define SLC_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static inline uint64_t slc_hash(const void *bytes, size_t count)
{
    return XXH3_64bits(bytes, count);
}

static inline uint64_t slc_hash_seeded(const void *bytes, size_t count, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, count, seed);
}

#endif
