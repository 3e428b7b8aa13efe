#include "logic/index.h"

#include "base/bytes.h"
#include "base/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE_BYTES UINT64_C(2097152)
/* Tables from this size on are mapped for themselves, in huge pages; smaller ones come from the heap. */
#define MAPPED_BYTES_MIN (UINT64_C(1) << 20)
#define LINES_MIN UINT64_C(4)
/* Slots looked at by each call that inserts or removes while the index grows. 8 would do (a growth must
 * be over before the next one is due: N slots within 0.32 N insertions); 12 keeps it short. */
#define STEP_SLOTS 12

/* What a table without slots searches: one empty line, never written to, since room 0 lets nobody. */
static uint64_t no_slots[SLC_LINE_SLOTS];

static uint64_t slots_bytes(uint64_t room)
{
    uint64_t bytes = room * sizeof(uint64_t);
    return bytes < MAPPED_BYTES_MIN ? bytes : slc_round_up(bytes, HUGE_PAGE_BYTES);
}

static void table_init(slc_table_t *table)
{
    *table = (slc_table_t){.slots = no_slots};
}

static void table_create(slc_table_t *table, uint64_t lines)
{
    /* What runs over behind the last home is a few slots, whatever the size; see rebuild() for more. */
    uint64_t room = (lines + lines / 64 + 4) * SLC_LINE_SLOTS;
    uint64_t bytes = slots_bytes(room);
    *table = (slc_table_t){.lines = lines, .room = room};
    if (bytes < MAPPED_BYTES_MIN) {
        table->slots = aligned_alloc(SLC_LINE_SLOTS * sizeof(uint64_t), bytes);
        SLC_CHECK(table->slots != NULL);
        memset(table->slots, 0, bytes);
        return;
    }
    uint8_t *at = mmap(NULL, bytes + HUGE_PAGE_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    SLC_CHECK(at != MAP_FAILED);
    uint64_t skip = slc_round_up((uint64_t)(uintptr_t)at, HUGE_PAGE_BYTES) - (uint64_t)(uintptr_t)at;
    if (skip > 0) {
        SLC_CHECK(munmap(at, skip) == 0);
    }
    if (skip < HUGE_PAGE_BYTES) {
        SLC_CHECK(munmap(at + skip + bytes, HUGE_PAGE_BYTES - skip) == 0);
    }
    /* A hint: a kernel without huge pages says EINVAL and serves ordinary ones. */
    (void)madvise(at + skip, bytes, MADV_HUGEPAGE);
    table->slots = (uint64_t *)(void *)(at + skip);
}

static void table_destroy(slc_table_t *table)
{
    if (table->room > 0) {
        uint64_t bytes = slots_bytes(table->room);
        if (bytes < MAPPED_BYTES_MIN) {
            free(table->slots);
        } else {
            SLC_CHECK(munmap(table->slots, bytes) == 0);
        }
    }
    table_init(table);
}

void slc_index_init(slc_index_t *index)
{
    *index = (slc_index_t){.boundary = 0};
    table_init(&index->main);
    table_init(&index->next);
}

void slc_index_finish(slc_index_t *index)
{
    table_destroy(&index->main);
    table_destroy(&index->next);
}

uint64_t slc_index_bytes(const slc_index_t *index)
{
    uint64_t bytes = 0;
    if (index->main.room > 0) {
        bytes += slots_bytes(index->main.room) - index->main.released;
    }
    if (index->next.room > 0) {
        /* Pages behind those that hold entries are untouched; the bound is close enough. */
        bytes += slots_bytes(index->next.room);
    }
    return bytes;
}

/* Puts `word` before all tags that are not smaller, looking from `at` on; false: the run of taken slots
 * goes to the end of the table. */
static bool table_insert(slc_table_t *table, uint64_t at, uint64_t word)
{
    uint64_t *slots = table->slots;
    at = (uint64_t)(slc_slots_from(slots + at, slc_index_tag(word)) - slots);
    uint64_t empty = at;
    while (slots[empty] != 0) {
        empty++;
    }
    if (empty + SLC_LINE_SLOTS >= table->room) {
        return false;
    }
    memmove(slots + at + 1, slots + at, (empty - at) * sizeof *slots);
    slots[at] = word;
    return true;
}

/* Moves everything to one table of `lines` at once, or of more where they do not fit. Off the common
 * path: only reached where far more tags than chance would have are equal or next to each other, at the
 * very end of the table. */
static void rebuild(slc_index_t *index, uint64_t lines)
{
    for (;; lines *= 2) {
        slc_table_t table;
        table_create(&table, lines);
        bool fits = true;
        const slc_table_t *sources[] = {&index->next, &index->main};
        for (int s = 0; s < 2; s++) {
            for (uint64_t at = s == 0 ? 0 : index->cursor; fits && at < sources[s]->room; at++) {
                uint64_t word = sources[s]->slots[at];
                fits =
                    word == 0 || table_insert(&table, slc_table_home(&table, slc_index_tag(word)), word);
            }
        }
        if (fits) {
            slc_index_finish(index);
            index->main = table;
            index->boundary = 0;
            index->cursor = 0;
            return;
        }
        table_destroy(&table);
    }
}

/* Gives back what lies before the cursor, whole huge pages at a time, so that a large table is not
 * unmapped in one long call at the end. */
static void release_moved(slc_index_t *index)
{
    slc_table_t *main = &index->main;
    uint64_t passed = index->cursor * sizeof *main->slots / HUGE_PAGE_BYTES * HUGE_PAGE_BYTES;
    if (passed > main->released && slots_bytes(main->room) >= MAPPED_BYTES_MIN) {
        (void)madvise((uint8_t *)main->slots + main->released, passed - main->released, MADV_DONTNEED);
        main->released = passed;
    }
}

/* Goes on growing: moves entries in order, all of one tag at a time, for `steps` slots. */
static void move_some(slc_index_t *index, uint64_t steps)
{
    slc_table_t *main = &index->main;
    uint64_t end = index->cursor + steps;
    uint64_t last_line = main->room - SLC_LINE_SLOTS;
    while (index->cursor < end && index->cursor < last_line) {
        uint64_t word = main->slots[index->cursor];
        if (word == 0) {
            index->cursor++;
            continue;
        }
        uint64_t tag = slc_index_tag(word);
        do {
            if (!table_insert(&index->next, slc_table_home(&index->next, tag), word)) {
                rebuild(index, 2 * index->next.lines);
                return;
            }
            index->boundary = tag + 1;
            word = main->slots[++index->cursor];
        } while (word != 0 && slc_index_tag(word) == tag);
    }
    if (index->cursor >= last_line) {
        table_destroy(main);
        index->main = index->next;
        table_init(&index->next);
        index->boundary = 0;
        index->cursor = 0;
        return;
    }
    release_moved(index);
}

/* Begins to grow or to shrink where that is due. */
static void begin_if_due(slc_index_t *index)
{
    uint64_t lines = index->main.lines;
    uint64_t slots = lines * SLC_LINE_SLOTS;
    if (index->count * 5 >= slots * 4) {
        table_create(&index->next, lines < 64 ? lines * 2 : lines * 7 / 5);
    } else if (lines > LINES_MIN && index->count * 8 < slots) {
        /* A third taken: what is there may double before the next growth is due. */
        uint64_t fewer = index->count * 3 / SLC_LINE_SLOTS;
        table_create(&index->next, fewer < LINES_MIN ? LINES_MIN : fewer);
    }
}

/* Beside each change. */
static void keep_fitting(slc_index_t *index)
{
    if (index->next.room > 0) {
        move_some(index, STEP_SLOTS);
    } else if (index->main.room == 0) {
        table_create(&index->main, LINES_MIN);
    } else {
        begin_if_due(index);
    }
}

bool slc_index_tidy(slc_index_t *index, uint64_t slots)
{
    if (index->next.room > 0) {
        move_some(index, slots);
    }
    if (index->next.room == 0 && index->main.room > 0) {
        begin_if_due(index);
    }
    return index->next.room > 0;
}

/* The table that a tag lives in, and where in it a search for it begins. */
static slc_table_t *table_of(slc_index_t *index, uint64_t tag, uint64_t *ret_begin)
{
    slc_table_t *table = tag < index->boundary ? &index->next : &index->main;
    *ret_begin = (uint64_t)(slc_index_begin(index, tag) - table->slots);
    return table;
}

static inline uint64_t word_of(uint64_t hash, slc_ref_t ref)
{
    return (hash & ~SLC_REF_MAX) | ref;
}

void slc_index_insert(slc_index_t *index, uint64_t hash, slc_ref_t ref)
{
    SLC_CHECK(ref != 0 && ref <= SLC_REF_MAX);
    keep_fitting(index);
    for (;;) {
        uint64_t begin;
        slc_table_t *table = table_of(index, slc_index_tag(hash), &begin);
        if (table_insert(table, begin, word_of(hash, ref))) {
            break;
        }
        rebuild(index, 2 * (index->main.lines + index->next.lines));
    }
    index->count++;
}

/* The slot that holds the pair; room: none does. */
static uint64_t slot_of(const slc_table_t *table, uint64_t begin, uint64_t word)
{
    const uint64_t *at = slc_slots_from(table->slots + begin, slc_index_tag(word));
    for (; *at != 0 && slc_index_tag(*at) == slc_index_tag(word); at++) {
        if (*at == word) {
            return (uint64_t)(at - table->slots);
        }
    }
    return table->room;
}

void slc_index_replace(slc_index_t *index, uint64_t hash, slc_ref_t ref, slc_ref_t new_ref)
{
    SLC_CHECK(new_ref != 0 && new_ref <= SLC_REF_MAX);
    uint64_t begin;
    slc_table_t *table = table_of(index, slc_index_tag(hash), &begin);
    uint64_t at = slot_of(table, begin, word_of(hash, ref));
    SLC_CHECK(at < table->room);
    table->slots[at] = word_of(hash, new_ref);
}

bool slc_index_remove(slc_index_t *index, uint64_t hash, slc_ref_t ref)
{
    uint64_t begin;
    slc_table_t *table = table_of(index, slc_index_tag(hash), &begin);
    uint64_t at = slot_of(table, begin, word_of(hash, ref));
    if (at >= table->room) {
        return false;
    }
    /* Those behind that are not at home move up by one. */
    uint64_t *slots = table->slots;
    uint64_t last = at;
    while (slots[last + 1] != 0 && slc_table_home(table, slc_index_tag(slots[last + 1])) <= last) {
        last++;
    }
    memmove(slots + at, slots + at + 1, (last - at) * sizeof *slots);
    slots[last] = 0;
    index->count--;
    keep_fitting(index);
    return true;
}
