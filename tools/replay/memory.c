#include "memory.h"

#include <sluice/status.h>

#include <stdio.h>
#include <stdlib.h>

#define FIRST_CAPACITY 64u

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
    *capacity = wanted;
    return grown;
}

_Noreturn void replay_out_of_memory(void)
{
    (void)fputs("replay: out of memory; run it where there is more of it\n", stderr);
    exit(slc_err_exit_code(SLC_ERR_NO_MEMORY));
}
