/* The memory of the logic: one reserved range of addresses out of which blocks of powers of two are cut,
 * so that a block is named by 35 bits (its offset in units of 8 bytes) and an index slot holds the name
 * beside 29 bits of hash.
 *
 *     base                                                                     base + bytes
 *      | slabs of 64 KiB, each cut into blocks of one size -->   <-- blocks of 2 MiB |
 *
 * Only what is used costs memory: the range is reserved, not committed. Blocks of 2 MiB are huge pages
 * where the kernel grants them and go back to it when they are freed; smaller blocks are kept for reuse.
 * Fresh pages are used one at a time and in order, so that no storm of page faults can gather, and so
 * that it is known which come next (fresh.h).
 *
 * Threads: one. Ownership: init/finish; whoever takes a block gives it back with the same size.
 * Failure: init answers false without address space; a take that finds none stops the process. */
#ifndef SLC_LOGIC_REGION_H
#define SLC_LOGIC_REGION_H

#include "logic/fresh.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#define SLC_REF_BITS 35
#define SLC_REF_MAX ((UINT64_C(1) << SLC_REF_BITS) - 1)
#define SLC_REGION_BYTES_MAX (UINT64_C(1) << (SLC_REF_BITS + 3)) /* 256 GiB: over 4 billion orders */

#define SLC_BLOCK_LOG_MIN 6  /* 64 bytes */
#define SLC_BLOCK_LOG_MAX 21 /* 2 MiB */
#define SLC_BLOCK_CLASSES (SLC_BLOCK_LOG_MAX - SLC_BLOCK_LOG_MIN + 1)
#define SLC_REGION_BLOCK_BYTES_MAX (UINT64_C(1) << SLC_BLOCK_LOG_MAX)

/* Offset in the region in units of 8 bytes; 0 is nobody's. */
typedef uint64_t slc_ref_t;

typedef struct slc_region {
    uint8_t *base;
    uint64_t bytes;
    uint64_t small_next; /* offset where the next slab begins */
    uint64_t large_next; /* offset where the last block of 2 MiB begins */
    struct {
        uint64_t next; /* offset of the next block of the slab in use */
        uint64_t end;
        slc_ref_t free; /* first of the freed ones, each holding the next */
    } classes[SLC_BLOCK_CLASSES];
    uint32_t *free_large; /* numbers of freed blocks of 2 MiB */
    uint32_t free_large_count;
    uint32_t free_large_capacity;
    uint64_t used_bytes; /* in blocks that are taken */
} slc_region_t;

bool slc_region_init(slc_region_t *region);
void slc_region_finish(slc_region_t *region);

/* A block of `bytes` (a power of two, 64 to 2 MiB), aligned to its size, its contents undefined. */
slc_ref_t slc_region_take(slc_region_t *region, uint64_t bytes);
void slc_region_give(slc_region_t *region, slc_ref_t ref, uint64_t bytes);

/* Where the block is that is likely to be taken behind `before` others of that size: to be asked for, not
 * to be read. */
static inline const uint8_t *slc_region_coming(const slc_region_t *region, uint64_t bytes,
                                               uint32_t before)
{
    unsigned class = (unsigned)__builtin_ctzll(bytes) - SLC_BLOCK_LOG_MIN;
    slc_ref_t freed = region->classes[class].free;
    return region->base + (freed != 0 ? freed * 8 : region->classes[class].next + before * bytes);
}

/* Adds what is going to be taken next. */
void slc_region_fresh(const slc_region_t *region, slc_fresh_t *fresh);

static inline void *slc_region_at(const slc_region_t *region, slc_ref_t ref)
{
    return region->base + ref * 8;
}

#endif
