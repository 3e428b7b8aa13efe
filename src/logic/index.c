#include "logic/index.h"

#include "base/check.h"

#include <string.h>

#define LINES_MIN UINT64_C(4)
/* Slots looked at by each call that inserts or removes while the index grows. 2 would do (a growth must
 * be over before the next one is due: N slots within 0.53 N insertions); 12 keeps it short. */
#define STEP_SLOTS 12
/* What is expected grows a table by so much at most: it may turn out to be wrong. */
#define EXPECTED_GROWTH_MAX 4
/* Shares of what is done are reckoned in these. */
#define SHARES (UINT64_C(1) << 16)
/* Pages of a growing table that are told to be next; more than two cores fill while one is touched. */
#define FRESH_BYTES_MAX (16 * SLC_HUGE_PAGE_BYTES)

void slc_index_init(slc_index_t *index)
{
    *index = (slc_index_t){.boundary = 0};
    slc_table_init(&index->main);
    slc_table_init(&index->next);
}

void slc_index_finish(slc_index_t *index)
{
    slc_table_destroy(&index->main);
    slc_table_destroy(&index->next);
    slc_retired_finish(&index->retired);
}

uint64_t slc_index_bytes(const slc_index_t *index)
{
    /* Pages of `next` behind those that hold entries are untouched; the bound is close enough. */
    return slc_table_bytes(&index->main) - index->main.released + slc_table_bytes(&index->next);
}

void slc_index_fresh(const slc_index_t *index, slc_fresh_t *fresh)
{
    const slc_table_t *next = &index->next;
    if (!slc_table_is_mapped(next)) {
        return;
    }
    /* Where the next tag to be moved goes. */
    uint64_t at = slc_table_home(next, index->boundary) * sizeof *next->slots;
    at = at / SLC_HUGE_PAGE_BYTES * SLC_HUGE_PAGE_BYTES;
    uint64_t left = slc_table_bytes(next) - at;
    slc_fresh_add(fresh, (uint8_t *)next->slots + at, left < FRESH_BYTES_MAX ? left : FRESH_BYTES_MAX);
}

void slc_index_expect(slc_index_t *index, uint64_t done, uint64_t total)
{
    if (total == 0) {
        index->expected = 0;
        return;
    }
    if (index->expected == 0) {
        index->before = index->count;
    }
    uint64_t share = done < total ? (uint64_t)((double)done / (double)total * (double)SHARES) : SHARES;
    uint64_t come = index->count > index->before ? index->count - index->before : 0;
    /* Of less than a share nothing can be said yet. */
    index->expected = 1 + (share == 0 ? index->count : index->before + come * SHARES / share);
}

void slc_index_hold(slc_index_t *index, bool held)
{
    index->held = held;
    if (!held) {
        slc_retired_empty(&index->retired);
    }
}

/* Parts with a table that nothing is looked for in any more. */
static void let_go(slc_index_t *index, slc_table_t *table)
{
    if (index->held) {
        slc_retired_add(&index->retired, table);
    } else {
        slc_table_destroy(table);
    }
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
        slc_table_create(&table, lines);
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
            let_go(index, &index->next);
            let_go(index, &index->main);
            index->main = table;
            index->boundary = 0;
            index->cursor = 0;
            return;
        }
        slc_table_destroy(&table);
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
        let_go(index, main);
        index->main = index->next;
        slc_table_init(&index->next);
        index->boundary = 0;
        index->cursor = 0;
        return;
    }
    slc_table_release(main, index->cursor);
}

/* A larger table is there, and nothing was moved to it: its time has not come yet. */
static bool is_waiting(const slc_index_t *index)
{
    return index->next.lines > index->main.lines && index->cursor == 0 && index->boundary == 0 &&
           index->count * 5 < index->main.lines * SLC_LINE_SLOTS * 4;
}

/* Lines of the table to grow to. */
static uint64_t larger(const slc_index_t *index)
{
    uint64_t lines = index->main.lines;
    /* Towards the end of what is expected a smaller step does. */
    uint64_t step = index->expected == 0 ? lines * 5 / 3 : lines * 7 / 5;
    uint64_t usual = lines < 64 ? lines * 2 : step;
    /* 70% taken in the end: the next growth would be due at 80%. */
    uint64_t needed = index->expected * 10 / 7 / SLC_LINE_SLOTS;
    uint64_t most = lines * EXPECTED_GROWTH_MAX;
    needed = needed < most ? needed : most;
    return needed > usual ? needed : usual;
}

/* Gets the other table where growing or shrinking is due, or a large one where growing is soon. */
static void begin_if_due(slc_index_t *index)
{
    uint64_t lines = index->main.lines;
    uint64_t slots = lines * SLC_LINE_SLOTS;
    bool soon = slc_table_is_mapped(&index->main) && index->count * 32 >= slots * 25;
    if (soon || index->count * 5 >= slots * 4) {
        slc_table_create(&index->next, larger(index));
    } else if (index->expected == 0 && lines > LINES_MIN && index->count * 8 < slots) {
        /* A third taken: what is there may double before the next growth is due. */
        uint64_t fewer = index->count * 3 / SLC_LINE_SLOTS;
        slc_table_create(&index->next, fewer < LINES_MIN ? LINES_MIN : fewer);
    }
}

/* Lets a waiting table go where so much was removed that it is of no use any more. */
static void keep_waiting(slc_index_t *index)
{
    if (index->count * 32 < index->main.lines * SLC_LINE_SLOTS * 20) {
        let_go(index, &index->next);
    }
}

/* Goes on with what is due, for `steps` slots. */
static void go_on(slc_index_t *index, uint64_t steps)
{
    if (index->next.room == 0) {
        begin_if_due(index);
    } else if (is_waiting(index)) {
        keep_waiting(index);
    } else {
        move_some(index, steps);
    }
}

/* Beside each change. */
static void keep_fitting(slc_index_t *index)
{
    if (index->main.room == 0) {
        slc_table_create(&index->main, LINES_MIN);
    } else {
        /* A table moved in one go is read and written once from left to right, at the speed of memory. */
        go_on(index, index->expected == 0 ? STEP_SLOTS : index->main.room);
    }
}

bool slc_index_tidy(slc_index_t *index, uint64_t slots)
{
    if (index->main.room > 0) {
        go_on(index, slots);
        if (index->next.room == 0) {
            begin_if_due(index);
        }
    }
    return index->next.room > 0 && !is_waiting(index);
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
