/* One (applied sequence, digest) pair, published by the apply station behind each batch and carried by
 * the journal's next block, so that a replay can be compared with what the live engine had.
 *
 * Two cells in turn and a version: the writer fills the cell that is not the current one, then makes it
 * current. A reader that finds the version unchanged behind its reads has a pair that belongs together.
 * Threads: one writer at a time, any number of readers. Owns nothing. Failure: read answers false where
 * the writer was quicker; the reader then does without. */
#ifndef SLC_BASE_DIGEST_PAIR_H
#define SLC_BASE_DIGEST_PAIR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct slc_digest_pair {
    _Alignas(128) _Atomic uint64_t version;
    struct {
        _Atomic uint64_t sequence;
        _Atomic uint64_t digest;
    } cells[2];
} slc_digest_pair_t;

static inline void slc_digest_pair_write(slc_digest_pair_t *pair, uint64_t sequence, uint64_t digest)
{
    /* relaxed: this thread alone writes it */
    uint64_t version = atomic_load_explicit(&pair->version, memory_order_relaxed);
    /* release each: not before the last version was stored, or a reader of that version could see this
     * cell, which is the one that version's predecessor named, change under it unnoticed */
    atomic_store_explicit(&pair->cells[(version + 1) & 1].sequence, sequence, memory_order_release);
    atomic_store_explicit(&pair->cells[(version + 1) & 1].digest, digest, memory_order_release);
    /* release: a reader of this version sees both */
    atomic_store_explicit(&pair->version, version + 1, memory_order_release);
}

static inline bool slc_digest_pair_read(const slc_digest_pair_t *pair, uint64_t *ret_sequence,
                                        uint64_t *ret_digest)
{
    /* acquire: with the release of the version, both cells */
    uint64_t version = atomic_load_explicit(&pair->version, memory_order_acquire);
    /* acquire each: the second look at the version may not move in front of them */
    *ret_sequence = atomic_load_explicit(&pair->cells[version & 1].sequence, memory_order_acquire);
    *ret_digest = atomic_load_explicit(&pair->cells[version & 1].digest, memory_order_acquire);
    return atomic_load_explicit(&pair->version, memory_order_acquire) == version;
}

#endif
