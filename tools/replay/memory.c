#include "memory.h"

#include <sluice/status.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define FIRST_CAPACITY 64u
#define HUGE_PAGE_BYTES ((size_t)2 << 20)

/* Indexes are read at random: with pages of 4 KiB half of the time of an audit went into misses of the
 * TLB. A hint only; where it is not taken the result is the same. */
static void ask_for_huge_pages(void *memory, size_t bytes)
{
    uintptr_t begin = ((uintptr_t)memory + HUGE_PAGE_BYTES - 1) & ~(uintptr_t)(HUGE_PAGE_BYTES - 1);
    uintptr_t end = ((uintptr_t)memory + bytes) & ~(uintptr_t)(HUGE_PAGE_BYTES - 1);
    if (begin < end) {
        (void)madvise((char *)memory + (begin - (uintptr_t)memory), end - begin, MADV_HUGEPAGE);
    }
}

void *replay_allocate(size_t bytes)
{
    void *memory = malloc(bytes);
    if (memory == NULL) {
        replay_out_of_memory();
    }
    ask_for_huge_pages(memory, bytes);
    return memory;
}

void *replay_grow(void *items, uint64_t *capacity, uint64_t needed, size_t item_bytes)
{
    if (needed <= *capacity) {
        return items;
    }
    uint64_t wanted = *capacity == 0 ? FIRST_CAPACITY : *capacity;
    while (wanted < needed) {
        wanted *= 2;
    }
    void *grown = reallocarray(items, wanted, item_bytes);
    if (grown == NULL) {
        replay_out_of_memory();
    }
    ask_for_huge_pages(grown, wanted * item_bytes);
    *capacity = wanted;
    return grown;
}

_Noreturn void replay_out_of_memory(void)
{
    (void)fputs("replay: out of memory; run it where there is more of it\n", stderr);
    exit(slc_err_exit_code(SLC_ERR_NO_MEMORY));
}
