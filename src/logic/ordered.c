#include "logic/ordered.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

void slc_ordered_init(slc_ordered_t *ordered)
{
    *ordered = (slc_ordered_t){.leaves = NULL};
}

void slc_ordered_finish(slc_ordered_t *ordered)
{
    for (size_t i = 0; i < ordered->count; i++) {
        free(ordered->leaves[i]);
    }
    free(ordered->leaves);
    slc_ordered_init(ordered);
}

/* The last leaf whose first key is not above `key`; the first leaf where there is none. */
static size_t leaf_of(const slc_ordered_t *ordered, uint64_t key)
{
    size_t low = 0;
    size_t high = ordered->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (ordered->leaves[middle]->keys[0] <= key) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* How many keys of the leaf are below `key`. */
static uint32_t below(const slc_leaf_t *leaf, uint64_t key)
{
    uint32_t low = 0;
    uint32_t high = leaf->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (leaf->keys[middle] < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static slc_leaf_t *add_leaf(slc_ordered_t *ordered, size_t at)
{
    if (ordered->count == ordered->capacity) {
        size_t capacity = ordered->capacity == 0 ? 16 : 2 * ordered->capacity;
        slc_leaf_t **grown = realloc(ordered->leaves, capacity * sizeof(slc_leaf_t *));
        SLC_CHECK(grown != NULL);
        ordered->leaves = grown;
        ordered->capacity = capacity;
    }
    slc_leaf_t *leaf = malloc(sizeof *leaf);
    SLC_CHECK(leaf != NULL);
    leaf->count = 0;
    memmove(ordered->leaves + at + 1, ordered->leaves + at, (ordered->count - at) * sizeof(slc_leaf_t *));
    ordered->leaves[at] = leaf;
    ordered->count++;
    return leaf;
}

/* Moves the upper keys of a full leaf to a new one behind it. Half of them; of the last leaf only the
 * last key, so that numbers that come in rising order fill their leaves. */
static void split(slc_ordered_t *ordered, size_t at)
{
    slc_leaf_t *upper = add_leaf(ordered, at + 1);
    slc_leaf_t *lower = ordered->leaves[at];
    uint32_t kept = at + 2 == ordered->count ? SLC_LEAF_KEYS - 1 : SLC_LEAF_KEYS / 2;
    upper->count = lower->count - kept;
    memcpy(upper->keys, lower->keys + kept, upper->count * sizeof upper->keys[0]);
    memcpy(upper->values, lower->values + kept, upper->count * sizeof upper->values[0]);
    lower->count = kept;
}

void slc_ordered_insert(slc_ordered_t *ordered, uint64_t key, uint32_t value)
{
    SLC_CHECK(value != 0);
    if (ordered->count == 0) {
        (void)add_leaf(ordered, 0);
    }
    size_t at = leaf_of(ordered, key);
    if (ordered->leaves[at]->count == SLC_LEAF_KEYS) {
        split(ordered, at);
        at = leaf_of(ordered, key);
    }
    slc_leaf_t *leaf = ordered->leaves[at];
    uint32_t place = below(leaf, key);
    SLC_CHECK(place == leaf->count || leaf->keys[place] != key);
    memmove(leaf->keys + place + 1, leaf->keys + place, (leaf->count - place) * sizeof leaf->keys[0]);
    memmove(leaf->values + place + 1, leaf->values + place,
            (leaf->count - place) * sizeof leaf->values[0]);
    leaf->keys[place] = key;
    leaf->values[place] = value;
    leaf->count++;
}

void slc_ordered_remove(slc_ordered_t *ordered, uint64_t key)
{
    SLC_CHECK(ordered->count > 0);
    size_t at = leaf_of(ordered, key);
    slc_leaf_t *leaf = ordered->leaves[at];
    uint32_t place = below(leaf, key);
    SLC_CHECK(place < leaf->count && leaf->keys[place] == key);
    leaf->count--;
    memmove(leaf->keys + place, leaf->keys + place + 1, (leaf->count - place) * sizeof leaf->keys[0]);
    memmove(leaf->values + place, leaf->values + place + 1,
            (leaf->count - place) * sizeof leaf->values[0]);
    if (leaf->count == 0) {
        free(leaf);
        ordered->count--;
        memmove(ordered->leaves + at, ordered->leaves + at + 1,
                (ordered->count - at) * sizeof(slc_leaf_t *));
    }
}

uint32_t slc_ordered_after(const slc_ordered_t *ordered, uint64_t key)
{
    if (ordered->count == 0 || key == UINT64_MAX) {
        return 0;
    }
    size_t at = leaf_of(ordered, key);
    const slc_leaf_t *leaf = ordered->leaves[at];
    uint32_t place = below(leaf, key + 1);
    if (place < leaf->count) {
        return leaf->values[place];
    }
    return at + 1 < ordered->count ? ordered->leaves[at + 1]->values[0] : 0;
}
