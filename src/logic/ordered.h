/* An ordered set of numbers, each with 32 bits beside it: drops in the order of drop_id, for paging.
 * Two levels: a list of leaves of at most SLC_LEAF_KEYS keys each, all in order. A look-up is two binary
 * searches; a change moves at most a leaf, or now and then the list of leaves (32 KiB at a million keys),
 * so no change makes a pause.
 * Threads: one. Ownership: init/finish.
 * Failure: running out of memory stops the process (SLC_CHECK). */
#ifndef SLC_LOGIC_ORDERED_H
#define SLC_LOGIC_ORDERED_H

#include <stddef.h>
#include <stdint.h>

#define SLC_LEAF_KEYS 512u

typedef struct slc_leaf {
    uint32_t count;
    uint32_t values[SLC_LEAF_KEYS];
    uint64_t keys[SLC_LEAF_KEYS];
} slc_leaf_t;

typedef struct slc_ordered {
    slc_leaf_t **leaves; /* none is empty */
    size_t count;
    size_t capacity;
} slc_ordered_t;

void slc_ordered_init(slc_ordered_t *ordered);
void slc_ordered_finish(slc_ordered_t *ordered);
/* The key must not be there; the value is not 0. */
void slc_ordered_insert(slc_ordered_t *ordered, uint64_t key, uint32_t value);
/* The key must be there. */
void slc_ordered_remove(slc_ordered_t *ordered, uint64_t key);
/* The value of the lowest key above `key`; 0: there is none. */
uint32_t slc_ordered_after(const slc_ordered_t *ordered, uint64_t key);

#endif
