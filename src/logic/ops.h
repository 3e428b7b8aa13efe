/* What operators changed under a key: accepted changes by op_key, remembered with their drop, and the
 * last SLC_PURGE_KEYS_MAX purges for themselves. Each is a block of 64 bytes in the region.
 * Threads: one; but whoever knows the first and the last of a list may read what is between them (of the
 *   last, not `next`) while it goes on growing, as long as nothing is freed.
 * Ownership: init/finish; the changes of a drop are freed one by one when it is taken apart
 *   (slc_ops_free_one); from its purge on they are not found any more.
 * Failure: running out of memory stops the process (SLC_CHECK), as logic.h says. */
#ifndef SLC_LOGIC_OPS_H
#define SLC_LOGIC_OPS_H

#include "logic/drops.h"

typedef struct slc_op {
    uint64_t op_key;
    uint64_t contents; /* slc_digest_change */
    uint64_t sequence;
    uint64_t time_us;
    uint64_t drop_id;
    slc_ref_t next;      /* a later one of the drop; a later purge */
    slc_drop_ref_t drop; /* 0: a purge */
    uint32_t kind;       /* slc_event_kind_t */
} slc_op_t;

#define SLC_OP_BLOCK_BYTES 64u
static_assert(sizeof(slc_op_t) <= SLC_OP_BLOCK_BYTES, "a remembered change fits its block");

typedef struct slc_ops {
    slc_region_t *region;
    slc_index_t index;
    slc_ref_t first_purge; /* the oldest */
    slc_ref_t last_purge;
    slc_ref_t oldest_block; /* first_purge, or before it the first that is forgotten and not freed yet */
    uint32_t purges;
    bool held; /* forgotten purges are not freed now: somebody may be reading them */
} slc_ops_t;

void slc_ops_init(slc_ops_t *ops, slc_region_t *region);
void slc_ops_finish(slc_ops_t *ops);

/* NULL: nothing that counts was accepted under that key. */
const slc_op_t *slc_ops_find(const slc_ops_t *ops, uint64_t op_key);
/* Remembers an accepted change; answers by how much the digest rises (modulo 2^64), the oldest purge's
 * part taken off where it is forgotten. Key and digest go to `drop`; NULL: a purge. */
uint64_t slc_ops_remember(slc_ops_t *ops, slc_drop_t *drop, const slc_op_t *op);
/* Frees one change of a drop that is purged; false: there is none left. */
bool slc_ops_free_one(slc_ops_t *ops, slc_drop_t *drop);
/* Frees one purge that was forgotten while `held` was set; false: there is none left, or it still is. */
bool slc_ops_free_forgotten(slc_ops_t *ops);
/* What the purges, and the changes of a drop, put into the digest, from scratch. */
uint64_t slc_ops_digest_purges(const slc_ops_t *ops);
uint64_t slc_ops_digest_drop(const slc_ops_t *ops, const slc_drop_t *drop);

#endif
