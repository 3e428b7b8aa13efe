/* Drops: their numbers, found by drop_id through an index and walked in order of drop_id, and the lists
 * of those that changed since somebody last asked.
 *
 * A drop is a block of 256 bytes in the region, so 32 bits name it (slc_drop_ref_t). Its first cache line
 * holds what a BUY is judged by, the second what an accepted one changes besides.
 *
 * Threads: one. Ownership: init/finish for the table; a drop lives from add until free, its records
 *   (records.h) from its first order until they are purged.
 * Failure: running out of memory stops the process (SLC_CHECK), as logic.h says. */
#ifndef SLC_LOGIC_DROPS_H
#define SLC_LOGIC_DROPS_H

#include "logic/index.h"
#include "logic/ordered.h"

#include <sluice/state.h>

#include <stddef.h>

#define SLC_DROP_BLOCK_BYTES 256u

/* Offset in the region in units of SLC_DROP_BLOCK_BYTES; 0 is nobody's. */
typedef uint32_t slc_drop_ref_t;

static_assert(SLC_REGION_BYTES_MAX / SLC_DROP_BLOCK_BYTES <= UINT32_MAX, "32 bits name each drop");

typedef enum slc_mark {
    SLC_MARK_TOUCHED, /* for slc_logic_take_touched */
    SLC_MARK_DIGEST,  /* its record in the digest is an old one */
    SLC_MARKS,
} slc_mark_t;

typedef struct slc_drop {
    /* What a BUY is judged by. stock == remaining + sold. */
    uint64_t drop_id;
    uint64_t remaining;
    uint64_t per_user_limit;
    uint64_t opens_at_us;
    uint64_t closes_at_us;
    bool closed; /* by an operator */
    bool purged; /* nobody finds it any more; its records are being taken apart */
    uint8_t name_bytes;
    uint32_t cut;                  /* the last cut (cut.h) that has it, or that it was opened behind */
    slc_ref_t tail;                /* where its next record goes */
    uint32_t marked_at[SLC_MARKS]; /* place in the list of that mark, from 1; 0: not marked */
    /* What an accepted one changes besides. */
    uint64_t sold;
    uint64_t orders;
    uint64_t chunk_bytes; /* of all its chunks */
    uint64_t kept_digest; /* what its orders and operators' keys have put into the digest */
    uint64_t last_span;   /* the span (places.h) of its last order, from 1; 0: no order yet */
    slc_ref_t tail_limit; /* how far records of the last chunk may reach */
    slc_ref_t last_chunk;
    slc_ref_t first_chunk;
    /* The rest. */
    uint64_t cancelled;     /* orders, of those above */
    uint64_t record_digest; /* what its own record has put into the digest */
    slc_ref_t first_op;     /* operators' changes accepted under a key (ops.h), oldest first */
    slc_ref_t last_op;
    slc_drop_ref_t next_purged; /* that waits behind this one to be taken apart */
    char name[SLC_NAME_BYTES_MAX];
} slc_drop_t;

static_assert(sizeof(slc_drop_t) <= SLC_DROP_BLOCK_BYTES, "a drop fits its block");
static_assert(offsetof(slc_drop_t, sold) == 64, "judging a BUY takes one cache line of its drop");
static_assert(offsetof(slc_drop_t, cancelled) == 128, "recording one takes a second line");

typedef struct slc_drops {
    slc_region_t *region;
    slc_index_t index;
    slc_ordered_t in_order;
    uint64_t count;
    struct {
        slc_drop_ref_t *drops;
        uint32_t count;
        uint32_t capacity;
    } marked[SLC_MARKS];
} slc_drops_t;

void slc_drops_init(slc_drops_t *drops, slc_region_t *region);
void slc_drops_finish(slc_drops_t *drops);

static inline slc_drop_t *slc_drop_at(const slc_region_t *region, slc_drop_ref_t ref)
{
    return (slc_drop_t *)(void *)(region->base + (uint64_t)ref * SLC_DROP_BLOCK_BYTES);
}

static inline slc_drop_ref_t slc_drop_ref(const slc_region_t *region, const slc_drop_t *drop)
{
    return (slc_drop_ref_t)(((uint64_t)(uintptr_t)drop - (uint64_t)(uintptr_t)region->base) /
                            SLC_DROP_BLOCK_BYTES);
}

static inline uint64_t slc_drop_hash(uint64_t drop_id)
{
    /* Odd and without pattern; then the upper half, which the index takes its tag from, depends on all
     * of the number. Drop numbers are the operator's: nobody else can choose them to collide. */
    uint64_t mixed = (drop_id ^ (drop_id >> 32)) * UINT64_C(0x9e3779b97f4a7c15);
    return (mixed ^ (mixed >> 29)) * UINT64_C(0xbf58476d1ce4e5b9);
}

/* NULL: there is none (any more). */
static inline slc_drop_t *slc_drops_find(const slc_drops_t *drops, uint64_t drop_id)
{
    slc_probe_t probe;
    slc_ref_t ref = slc_index_first(&drops->index, slc_drop_hash(drop_id), &probe);
    for (; ref != 0; ref = slc_index_next(&probe)) {
        slc_drop_t *drop = slc_region_at(drops->region, ref);
        if (drop->drop_id == drop_id) {
            return drop;
        }
    }
    return NULL;
}

/* A drop that is not there yet, all zero but for its number. */
slc_drop_t *slc_drops_add(slc_drops_t *drops, uint64_t drop_id);
/* Nobody finds it any more, no list holds it; its block stays. */
void slc_drops_remove(slc_drops_t *drops, slc_drop_t *drop);
/* Gives the block of a removed drop back. */
void slc_drops_free(slc_drops_t *drops, slc_drop_t *drop);
/* The drop with the lowest number above; NULL: none. */
slc_drop_t *slc_drops_next(const slc_drops_t *drops, uint64_t after_drop_id);

/* Enters a drop into the list of a mark, once. */
void slc_drops_enter(slc_drops_t *drops, slc_drop_t *drop, slc_mark_t mark);
static inline void slc_drops_mark(slc_drops_t *drops, slc_drop_t *drop)
{
    for (unsigned mark = 0; mark < SLC_MARKS; mark++) {
        if (__builtin_expect(drop->marked_at[mark] == 0, 0)) {
            slc_drops_enter(drops, drop, (slc_mark_t)mark);
        }
    }
}
/* Takes one drop out of the list of a mark; NULL: it is empty. */
slc_drop_t *slc_drops_take(slc_drops_t *drops, slc_mark_t mark);

void slc_drop_info(const slc_drop_t *drop, slc_drop_info_t *ret_info);

#endif
