/* A multimap from 64-bit hashes to refs, for whoever can verify a match: it finds the refs that were put
 * under a hash whose upper 29 bits (the tag) are the one asked for, nothing more.
 *
 * Open addressing with linear probing, the slots kept in order of their tags. The home of a tag is the
 * cache line tag * lines / 2^29, so that the table as a whole is sorted. (Ordered probing after O. Amble
 * and D. E. Knuth, "Ordered hash tables", The Computer Journal 17(2), 1974; here over an order-preserving
 * home.) That buys four things: a search counts the smaller tags of a line, without a branch to guess
 * wrong, and three times out of four that line is all it reads; a search for what is not there ends at
 * the first larger tag; a table of any size is filled from another in one pass from left to right, so it
 * grows by 2/3 at a time, touches fresh pages one after the other, and needs no look at what the refs
 * stand for; and a removal closes its gap, so there are no tombstones.
 *
 * Where it is known that much more comes at once (slc_index_expect), it grows to what that needs, four
 * times as large at most, and all at once: nobody waits for a single entry then. Otherwise growing is
 * done a few slots at a time by the calls that insert and remove. A large `next` is there a
 * little before it is needed, so that its first pages can be touched by then. While growing is under way,
 * `boundary` divides the tags: those below live in `next` already, the others still in `main`, at or
 * behind `cursor`.
 *
 *     main   [ moved, given back   |cursor: tags >= boundary ........ ]
 *     next   [ tags < boundary .................. |   untouched          ]
 *
 * At 8 bytes a slot and between 48% and 80% of the homes taken an entry costs 10 to 17 bytes. Up to some
 * 500 million entries two of them rarely share a tag; beyond, searches verify more refs, and stay right.
 *
 * Threads: one. Ownership: init/finish.
 * Failure: running out of memory stops the process (SLC_CHECK), as logic.h says. */
#ifndef SLC_LOGIC_INDEX_H
#define SLC_LOGIC_INDEX_H

#include "logic/region.h"
#include "logic/table.h"

#define SLC_TAG_BITS (64 - SLC_REF_BITS)

typedef struct slc_index {
    slc_table_t main;
    slc_table_t next;  /* while growing, and a little before */
    uint64_t boundary; /* 0: nothing is in `next` */
    uint64_t cursor;
    uint64_t count;
    uint64_t expected;     /* entries that are soon to be there; 0: nobody knows */
    uint64_t before;       /* of them there when that was first said */
    slc_retired_t retired; /* outgrown while `held`, still mapped */
    bool held;
} slc_index_t;

/* Where a search stands. Good until the index changes. */
typedef struct slc_probe {
    const uint64_t *at;
    uint64_t tag;
} slc_probe_t;

void slc_index_init(slc_index_t *index);
void slc_index_finish(slc_index_t *index);

/* `ref` is not 0. The same pair must not be in the index. */
void slc_index_insert(slc_index_t *index, uint64_t hash, slc_ref_t ref);
/* Puts another ref in the place of one that is there. */
void slc_index_replace(slc_index_t *index, uint64_t hash, slc_ref_t ref, slc_ref_t new_ref);
/* False: that pair was not there. */
bool slc_index_remove(slc_index_t *index, uint64_t hash, slc_ref_t ref);
/* Goes on growing or shrinking for about `slots` slots without a change; false: it is done. */
bool slc_index_tidy(slc_index_t *index, uint64_t slots);
/* As slc_logic_expect in expect.h. */
void slc_index_expect(slc_index_t *index, uint64_t done, uint64_t total);
/* Bytes of its tables that are in use. */
uint64_t slc_index_bytes(const slc_index_t *index);
/* Adds what a growth is going to write to next. */
void slc_index_fresh(const slc_index_t *index, slc_fresh_t *fresh);
/* As slc_logic_hold in fresh.h. */
void slc_index_hold(slc_index_t *index, bool held);

static inline uint64_t slc_index_tag(uint64_t hash)
{
    return hash >> SLC_REF_BITS;
}

/* The first slot of the line that is the home of a tag. */
static inline uint64_t slc_table_home(const slc_table_t *table, uint64_t tag)
{
    return ((tag * table->lines) >> SLC_TAG_BITS) * SLC_LINE_SLOTS;
}

/* Where a search for the tag begins. */
static inline const uint64_t *slc_index_begin(const slc_index_t *index, uint64_t tag)
{
    if (tag < index->boundary) {
        return index->next.slots + slc_table_home(&index->next, tag);
    }
    uint64_t home = slc_table_home(&index->main, tag);
    return index->main.slots + (home < index->cursor ? index->cursor : home);
}

/* The first slot at or behind `at` that is empty or holds a tag of at least `tag`. An empty slot, less
 * one, is the largest number, so counting the smaller words of a line finds it. */
static inline const uint64_t *slc_slots_from(const uint64_t *at, uint64_t tag)
{
    uint64_t least = tag << SLC_REF_BITS;
    for (;;) {
        uint64_t smaller = 0;
        for (unsigned i = 0; i < SLC_LINE_SLOTS; i++) {
            smaller += at[i] - 1 < least ? 1 : 0;
        }
        at += smaller;
        if (__builtin_expect(smaller < SLC_LINE_SLOTS, 1)) {
            return at;
        }
    }
}

/* The next ref under the tag of the probe; 0: no more. */
static inline slc_ref_t slc_index_next(slc_probe_t *probe)
{
    uint64_t word = *probe->at;
    if (word == 0 || slc_index_tag(word) != probe->tag) {
        return 0;
    }
    probe->at++;
    return word & SLC_REF_MAX;
}

/* The first ref under the tag of `hash`; 0: none. */
static inline slc_ref_t slc_index_first(const slc_index_t *index, uint64_t hash, slc_probe_t *ret_probe)
{
    ret_probe->tag = slc_index_tag(hash);
    ret_probe->at = slc_slots_from(slc_index_begin(index, ret_probe->tag), ret_probe->tag);
    return slc_index_next(ret_probe);
}

/* Asks for the cache line in which a search begins, and the one that one search in four goes on to. */
static inline void slc_index_prefetch(const slc_index_t *index, uint64_t hash)
{
    const uint64_t *at = slc_index_begin(index, slc_index_tag(hash));
    __builtin_prefetch(at);
    __builtin_prefetch(at + SLC_LINE_SLOTS);
}

#endif
