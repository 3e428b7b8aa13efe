/* The digest pairs that blocks ahead of the replay carry, waiting for the replay to reach their sequence.
 * Threads: one. Ownership: plain memory of the caller. Failure: a full queue leaves pairs out. */
#ifndef SLC_RESTORE_PAIRS_H
#define SLC_RESTORE_PAIRS_H

#include <stdbool.h>
#include <stdint.h>

/* A power of two, and more than the blocks that the scan can be ahead. */
#define SLC_PAIRS_MAX 4096u

typedef struct slc_pairs {
    uint64_t sequences[SLC_PAIRS_MAX];
    uint64_t digests[SLC_PAIRS_MAX];
    uint32_t head;
    uint32_t tail;
} slc_pairs_t;

/* Pairs come in rising order; one that does not rise is left out. */
static inline void slc_pairs_add(slc_pairs_t *pairs, uint64_t sequence, uint64_t digest)
{
    uint32_t before = (pairs->tail - 1) % SLC_PAIRS_MAX;
    bool empty = pairs->head == pairs->tail;
    if (sequence == 0 || pairs->tail - pairs->head == SLC_PAIRS_MAX ||
        (!empty && sequence <= pairs->sequences[before])) {
        return;
    }
    pairs->sequences[pairs->tail % SLC_PAIRS_MAX] = sequence;
    pairs->digests[pairs->tail % SLC_PAIRS_MAX] = digest;
    pairs->tail++;
}

/* The digest wanted at `sequence`, true where there is one. Asked with rising sequences. */
static inline bool slc_pairs_take(slc_pairs_t *pairs, uint64_t sequence, uint64_t *ret_digest)
{
    while (pairs->head != pairs->tail && pairs->sequences[pairs->head % SLC_PAIRS_MAX] < sequence) {
        pairs->head++; /* its time had passed when it became known */
    }
    if (pairs->head == pairs->tail || pairs->sequences[pairs->head % SLC_PAIRS_MAX] != sequence) {
        return false;
    }
    *ret_digest = pairs->digests[pairs->head % SLC_PAIRS_MAX];
    pairs->head++;
    return true;
}

#endif
