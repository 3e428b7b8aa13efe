#include "logic/region.h"

#include "base/bytes.h"
#include "base/check.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

#define SLAB_BYTES UINT64_C(65536)
#define PAGE_BYTES UINT64_C(4096)
/* Too little for the slabs to begin with: not worth a start. */
#define REGION_BYTES_MIN (UINT64_C(64) << 20)
/* The first slabs stay in ordinary pages: a state of a few orders costs a few KiB, not 2 MiB. */
#define ORDINARY_BYTES (2 * SLC_HUGE_PAGE_BYTES)
/* A freed block from this size on gives its pages back, but for the one that holds the link. */
#define RELEASE_BYTES_MIN (UINT64_C(128) << 10)
/* What is told to come next: blocks of 2 MiB, the slabs a quarter of that, and of freed blocks so many.
 */
#define FRESH_BYTES_MAX (8 * SLC_HUGE_PAGE_BYTES)
#define FRESH_FREED_MAX 4u
/* A state of less is left alone. */
#define FRESH_USED_MIN SLC_HUGE_PAGE_BYTES

static_assert(SLC_REGION_BLOCK_BYTES_MAX == SLC_HUGE_PAGE_BYTES, "the largest block is one huge page");

bool slc_region_init(slc_region_t *region)
{
    *region = (slc_region_t){.base = NULL};
    /* Limits on address space (RLIMIT_AS, strict overcommit, some sanitizers) leave less: take what
     * there is. One huge page more than needed, so that the base can be aligned to one. */
    for (uint64_t bytes = SLC_REGION_BYTES_MAX; bytes >= REGION_BYTES_MIN; bytes /= 2) {
        void *at = mmap(NULL, bytes + SLC_HUGE_PAGE_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (at == MAP_FAILED) {
            continue;
        }
        uint8_t *first = at;
        uint64_t skip =
            slc_round_up((uint64_t)(uintptr_t)first, SLC_HUGE_PAGE_BYTES) - (uint64_t)(uintptr_t)first;
        if (skip > 0) {
            SLC_CHECK(munmap(first, skip) == 0);
        }
        if (skip < SLC_HUGE_PAGE_BYTES) {
            SLC_CHECK(munmap(first + skip + bytes, SLC_HUGE_PAGE_BYTES - skip) == 0);
        }
        region->base = first + skip;
        region->bytes = bytes;
        break;
    }
    if (region->base == NULL) {
        return false;
    }
    /* A hint: a kernel without huge pages says EINVAL and serves ordinary ones. */
    (void)madvise(region->base + ORDINARY_BYTES, region->bytes - ORDINARY_BYTES, MADV_HUGEPAGE);
    region->small_next = SLAB_BYTES; /* offset 0 would be the ref that is nobody's */
    region->large_next = region->bytes;
    return true;
}

void slc_region_finish(slc_region_t *region)
{
    if (region->base != NULL) {
        SLC_CHECK(munmap(region->base, region->bytes) == 0);
    }
    free(region->free_large);
    *region = (slc_region_t){.base = NULL};
}

static unsigned class_of(uint64_t bytes)
{
    SLC_CHECK(bytes >= (UINT64_C(1) << SLC_BLOCK_LOG_MIN) && bytes <= SLC_REGION_BLOCK_BYTES_MAX &&
              (bytes & (bytes - 1)) == 0);
    return (unsigned)__builtin_ctzll(bytes) - SLC_BLOCK_LOG_MIN;
}

static slc_ref_t take_large(slc_region_t *region)
{
    if (region->free_large_count > 0) {
        region->free_large_count--;
        return region->free_large[region->free_large_count] * (SLC_REGION_BLOCK_BYTES_MAX / 8);
    }
    SLC_CHECK(region->large_next - region->small_next >= SLC_REGION_BLOCK_BYTES_MAX);
    region->large_next -= SLC_REGION_BLOCK_BYTES_MAX;
    return region->large_next / 8;
}

static void give_large(slc_region_t *region, slc_ref_t ref)
{
    if (region->free_large_count == region->free_large_capacity) {
        uint32_t capacity = region->free_large_capacity == 0 ? 64 : 2 * region->free_large_capacity;
        uint32_t *grown = realloc(region->free_large, capacity * sizeof *grown);
        SLC_CHECK(grown != NULL);
        region->free_large = grown;
        region->free_large_capacity = capacity;
    }
    /* Contents are undefined from here on, so a failure would only keep the memory. */
    (void)madvise(slc_region_at(region, ref), SLC_REGION_BLOCK_BYTES_MAX, MADV_DONTNEED);
    region->free_large[region->free_large_count++] = (uint32_t)(ref / (SLC_REGION_BLOCK_BYTES_MAX / 8));
}

slc_ref_t slc_region_take(slc_region_t *region, uint64_t bytes)
{
    unsigned class = class_of(bytes);
    region->used_bytes += bytes;
    if (bytes == SLC_REGION_BLOCK_BYTES_MAX) {
        return take_large(region);
    }
    slc_ref_t ref = region->classes[class].free;
    if (ref != 0) {
        region->classes[class].free = slc_load_u64(slc_region_at(region, ref));
        return ref;
    }
    if (region->classes[class].next == region->classes[class].end) {
        uint64_t slab_bytes = bytes > SLAB_BYTES ? bytes : SLAB_BYTES;
        uint64_t begin = slc_round_up(region->small_next, slab_bytes);
        SLC_CHECK(begin + slab_bytes <= region->large_next);
        region->small_next = begin + slab_bytes;
        region->classes[class].next = begin;
        region->classes[class].end = begin + slab_bytes;
    }
    uint64_t offset = region->classes[class].next;
    region->classes[class].next = offset + bytes;
    return offset / 8;
}

void slc_region_give(slc_region_t *region, slc_ref_t ref, uint64_t bytes)
{
    unsigned class = class_of(bytes);
    SLC_CHECK(ref != 0 && region->used_bytes >= bytes);
    region->used_bytes -= bytes;
    if (bytes == SLC_REGION_BLOCK_BYTES_MAX) {
        give_large(region, ref);
        return;
    }
    uint8_t *at = slc_region_at(region, ref);
    if (bytes >= RELEASE_BYTES_MIN) {
        (void)madvise(at + PAGE_BYTES, bytes - PAGE_BYTES, MADV_DONTNEED);
    }
    slc_store_u64(at, region->classes[class].free);
    region->classes[class].free = ref;
}

/* The blocks of 2 MiB that are taken next. */
static void fresh_large(const slc_region_t *region, uint64_t ahead, slc_fresh_t *fresh)
{
    uint32_t freed = region->free_large_count;
    for (uint32_t i = 0; i < freed && i < FRESH_FREED_MAX; i++) {
        uint64_t offset = region->free_large[freed - 1 - i] * SLC_REGION_BLOCK_BYTES_MAX;
        slc_fresh_add(fresh, region->base + offset, SLC_REGION_BLOCK_BYTES_MAX);
    }
    if (freed < FRESH_FREED_MAX) {
        slc_fresh_add(fresh, region->base + region->large_next - ahead, ahead);
    }
}

void slc_region_fresh(const slc_region_t *region, slc_fresh_t *fresh)
{
    if (region->used_bytes < FRESH_USED_MIN ||
        region->large_next - region->small_next < 4 * FRESH_BYTES_MAX) {
        return; /* little is used, or little is left */
    }
    uint64_t ahead = slc_round_up(region->used_bytes / 8, SLC_HUGE_PAGE_BYTES);
    ahead = ahead < FRESH_BYTES_MAX ? ahead : FRESH_BYTES_MAX;
    fresh_large(region, ahead, fresh);
    uint64_t small = region->small_next / SLC_HUGE_PAGE_BYTES * SLC_HUGE_PAGE_BYTES;
    if (small >= ORDINARY_BYTES) {
        slc_fresh_add(fresh, region->base + small,
                      SLC_HUGE_PAGE_BYTES * (1 + ahead / 4 / SLC_HUGE_PAGE_BYTES));
    }
}
