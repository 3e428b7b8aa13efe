#include "logic/table.h"

#include "base/bytes.h"
#include "base/check.h"
#include "logic/fresh.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Tables from this size on are mapped. */
#define MAPPED_BYTES_MIN (UINT64_C(1) << 20)

/* What a table without slots searches: one empty line, never written to, since room 0 lets nobody. */
static uint64_t no_slots[SLC_LINE_SLOTS];

void slc_table_init(slc_table_t *table)
{
    *table = (slc_table_t){.slots = no_slots};
}

uint64_t slc_table_bytes(const slc_table_t *table)
{
    uint64_t bytes = table->room * sizeof(uint64_t);
    return bytes < MAPPED_BYTES_MIN ? bytes : slc_round_up(bytes, SLC_HUGE_PAGE_BYTES);
}

bool slc_table_is_mapped(const slc_table_t *table)
{
    return slc_table_bytes(table) >= MAPPED_BYTES_MIN;
}

void slc_table_create(slc_table_t *table, uint64_t lines)
{
    /* What runs over behind the last home is a few slots, whatever the size; see rebuild() in index.c for
     * more. */
    *table = (slc_table_t){.lines = lines, .room = (lines + lines / 64 + 4) * SLC_LINE_SLOTS};
    uint64_t bytes = slc_table_bytes(table);
    if (!slc_table_is_mapped(table)) {
        table->slots = aligned_alloc(SLC_LINE_SLOTS * sizeof(uint64_t), bytes);
        SLC_CHECK(table->slots != NULL);
        memset(table->slots, 0, bytes);
        return;
    }
    uint8_t *at = mmap(NULL, bytes + SLC_HUGE_PAGE_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    SLC_CHECK(at != MAP_FAILED);
    uint64_t skip = slc_round_up((uint64_t)(uintptr_t)at, SLC_HUGE_PAGE_BYTES) - (uint64_t)(uintptr_t)at;
    if (skip > 0) {
        SLC_CHECK(munmap(at, skip) == 0);
    }
    if (skip < SLC_HUGE_PAGE_BYTES) {
        SLC_CHECK(munmap(at + skip + bytes, SLC_HUGE_PAGE_BYTES - skip) == 0);
    }
    /* A hint: a kernel without huge pages says EINVAL and serves ordinary ones. */
    (void)madvise(at + skip, bytes, MADV_HUGEPAGE);
    table->slots = (uint64_t *)(void *)(at + skip);
}

void slc_table_destroy(slc_table_t *table)
{
    if (slc_table_is_mapped(table)) {
        SLC_CHECK(munmap(table->slots, slc_table_bytes(table)) == 0);
    } else if (table->room > 0) {
        free(table->slots);
    }
    slc_table_init(table);
}

void slc_table_release(slc_table_t *table, uint64_t slot)
{
    uint64_t passed = slot * sizeof *table->slots / SLC_HUGE_PAGE_BYTES * SLC_HUGE_PAGE_BYTES;
    if (passed > table->released && slc_table_is_mapped(table)) {
        (void)madvise((uint8_t *)table->slots + table->released, passed - table->released, MADV_DONTNEED);
        table->released = passed;
    }
}

void slc_retired_add(slc_retired_t *retired, slc_table_t *table)
{
    if (retired->count == retired->capacity) {
        size_t capacity = retired->capacity == 0 ? 4 : 2 * retired->capacity;
        slc_table_t *grown = realloc(retired->tables, capacity * sizeof *grown);
        SLC_CHECK(grown != NULL);
        retired->tables = grown;
        retired->capacity = capacity;
    }
    retired->tables[retired->count++] = *table;
    slc_table_init(table);
}

void slc_retired_empty(slc_retired_t *retired)
{
    while (retired->count > 0) {
        slc_table_destroy(&retired->tables[--retired->count]);
    }
}

void slc_retired_finish(slc_retired_t *retired)
{
    slc_retired_empty(retired);
    free(retired->tables);
    *retired = (slc_retired_t){.tables = NULL};
}
