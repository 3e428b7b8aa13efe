/* Random numbers and messages for the tests of src/wire: SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast
 * splittable pseudorandom number generators", 2014), seeded with SLC_SEED or 1.
 * Threads: a generator belongs to one thread. Owns nothing. Cannot fail. */
#ifndef SLC_TESTS_UNIT_WIRE_RANDOM_H
#define SLC_TESTS_UNIT_WIRE_RANDOM_H

#include <sluice/client.h>

#include <stdlib.h>

typedef struct random {
    uint64_t state;
} random_t;

static inline random_t random_start(void)
{
    const char *seed = getenv("SLC_SEED");
    return (random_t){seed == NULL ? 1 : strtoull(seed, NULL, 10)};
}

static inline uint64_t random_u64(random_t *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline uint64_t random_below(random_t *random, uint64_t limit)
{
    return random_u64(random) % limit;
}

/* Any number of bits is as likely as any other, so every length of varint comes up; 0 often. */
static inline uint64_t random_number(random_t *random)
{
    uint64_t bits = random_below(random, 65);
    return bits == 0 ? 0 : random_u64(random) >> (64 - bits);
}

/* 1 to bytes_max bytes of UTF-8, mostly ASCII. */
static inline slc_text_t random_text(random_t *random, char *out, size_t bytes_max)
{
    static const char *const characters[] = {
        "a", "Z", "7", "-", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8e\x81"};
    static const size_t lengths[] = {1, 1, 1, 1, 2, 3, 4};
    size_t wanted = 1 + random_below(random, bytes_max);
    size_t bytes = 0;
    while (bytes < wanted) {
        size_t pick = random_below(random, random_below(random, 4) == 0 ? 7 : 4);
        if (bytes + lengths[pick] > wanted) {
            pick = 0;
        }
        for (size_t i = 0; i < lengths[pick]; i++) {
            out[bytes++] = characters[pick][i];
        }
    }
    return (slc_text_t){out, bytes};
}

#endif
