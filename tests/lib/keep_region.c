/* Keeps the one large range of addresses that a state lives in (src/logic/region.c) from one state to the
 * next. Making and dropping it costs a kernel more than everything else that a recovery of some dozen
 * events does, and tests that recover by the million do so in a row. What is in it stays: a block that is
 * taken holds undefined bytes, says region.h, so here it holds those of the state before.
 * Linked with --wrap=mmap64,--wrap=munmap,--wrap=madvise (64: as _FILE_OFFSET_BITS names it).
 * Threads: one. Ownership: the range is the process's. Failure: as the calls themselves. */
#include "keep_region.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RANGE_BYTES_MIN ((size_t)32 << 20)

/* A state may be alive while another is recovered. */
#define RANGES 4u

typedef struct {
    uint8_t *at;
    size_t bytes;
    bool taken;
} range_t;

static range_t g_ranges[RANGES];

static range_t *find(const void *at, size_t bytes)
{
    const uint8_t *from = at;
    for (size_t i = 0; i < RANGES; i++) {
        if (g_ranges[i].at != NULL && from >= g_ranges[i].at &&
            from + bytes <= g_ranges[i].at + g_ranges[i].bytes) {
            return &g_ranges[i];
        }
    }
    return NULL;
}

/* One that nobody has, of that size or, with size 0, one not made yet. */
static range_t *find_free(size_t bytes)
{
    for (size_t i = 0; i < RANGES; i++) {
        if (!g_ranges[i].taken && g_ranges[i].bytes == bytes) {
            return &g_ranges[i];
        }
    }
    return NULL;
}

void *__wrap_mmap64(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    bool is_range = at == NULL && fd < 0 && bytes >= RANGE_BYTES_MIN;
    range_t *range = is_range ? find_free(bytes) : NULL;
    if (range != NULL) {
        range->taken = true;
        return range->at;
    }
    void *mapped = __real_mmap64(at, bytes, protection, flags, fd, offset);
    range = is_range && mapped != MAP_FAILED ? find_free(0) : NULL;
    if (range != NULL) {
        *range = (range_t){.at = mapped, .bytes = bytes, .taken = true};
    }
    return mapped;
}

/* The ends that are cut off for alignment stay, so that the next one finds the same. */
int __wrap_munmap(void *at, size_t bytes)
{
    range_t *range = find(at, bytes);
    if (range == NULL) {
        return __real_munmap(at, bytes);
    }
    range->taken = range->taken && bytes < RANGE_BYTES_MIN;
    return 0;
}

int __wrap_madvise(void *at, size_t bytes, int advice)
{
    return find(at, bytes) != NULL ? 0 : __real_madvise(at, bytes, advice);
}
