#include "logic/ops.h"

#include "base/check.h"
#include "logic/digest.h"

void slc_ops_init(slc_ops_t *ops, slc_region_t *region)
{
    *ops = (slc_ops_t){.region = region};
    slc_index_init(&ops->index);
}

void slc_ops_finish(slc_ops_t *ops)
{
    slc_index_finish(&ops->index);
}

static slc_op_t *op_at(const slc_ops_t *ops, slc_ref_t ref)
{
    return slc_region_at(ops->region, ref);
}

/* Keys are an operator's, drawn at random or counted: the hash for drops serves. */
static uint64_t hash_of(uint64_t op_key)
{
    return slc_drop_hash(op_key);
}

static uint64_t digest_of(const slc_op_t *op)
{
    return slc_digest_op(op->op_key, (slc_event_kind_t)op->kind, op->drop_id, op->contents, op->sequence,
                         op->time_us);
}

const slc_op_t *slc_ops_find(const slc_ops_t *ops, uint64_t op_key)
{
    slc_probe_t probe;
    slc_ref_t ref = slc_index_first(&ops->index, hash_of(op_key), &probe);
    for (; ref != 0; ref = slc_index_next(&probe)) {
        const slc_op_t *op = op_at(ops, ref);
        if (op->op_key == op_key && (op->drop == 0 || !slc_drop_at(ops->region, op->drop)->purged)) {
            return op;
        }
    }
    return NULL;
}

static void unlink_op(slc_ops_t *ops, slc_ref_t ref)
{
    SLC_CHECK(slc_index_remove(&ops->index, hash_of(op_at(ops, ref)->op_key), ref));
}

bool slc_ops_free_forgotten(slc_ops_t *ops)
{
    slc_ref_t ref = ops->oldest_block;
    if (ops->held || ref == ops->first_purge) {
        return false;
    }
    ops->oldest_block = op_at(ops, ref)->next;
    slc_region_give(ops->region, ref, SLC_OP_BLOCK_BYTES);
    return true;
}

/* Adds a purge to the queue; answers the digest of the oldest where that had to go. */
static uint64_t queue_purge(slc_ops_t *ops, slc_ref_t ref)
{
    if (ops->purges == 0) {
        ops->first_purge = ref;
        ops->oldest_block = ref;
    } else {
        op_at(ops, ops->last_purge)->next = ref;
    }
    ops->last_purge = ref;
    if (ops->purges < SLC_PURGE_KEYS_MAX) {
        ops->purges++;
        return 0;
    }
    slc_ref_t oldest = ops->first_purge;
    uint64_t digest = digest_of(op_at(ops, oldest));
    ops->first_purge = op_at(ops, oldest)->next;
    unlink_op(ops, oldest);
    /* One more than was forgotten just now, so that those held back once become fewer. */
    if (slc_ops_free_forgotten(ops)) {
        (void)slc_ops_free_forgotten(ops);
    }
    return digest;
}

uint64_t slc_ops_remember(slc_ops_t *ops, slc_drop_t *drop, const slc_op_t *op)
{
    slc_ref_t ref = slc_region_take(ops->region, SLC_OP_BLOCK_BYTES);
    slc_op_t *kept = op_at(ops, ref);
    *kept = *op;
    kept->next = 0;
    kept->drop = 0;
    slc_index_insert(&ops->index, hash_of(op->op_key), ref);
    uint64_t digest = digest_of(kept);
    if (drop == NULL) {
        return digest - queue_purge(ops, ref);
    }
    kept->drop = slc_drop_ref(ops->region, drop);
    if (drop->first_op == 0) {
        drop->first_op = ref;
    } else {
        op_at(ops, drop->last_op)->next = ref;
    }
    drop->last_op = ref;
    drop->kept_digest += digest;
    return digest;
}

bool slc_ops_free_one(slc_ops_t *ops, slc_drop_t *drop)
{
    slc_ref_t ref = drop->first_op;
    if (ref == 0) {
        return false;
    }
    drop->first_op = op_at(ops, ref)->next;
    unlink_op(ops, ref);
    slc_region_give(ops->region, ref, SLC_OP_BLOCK_BYTES);
    return true;
}

uint64_t slc_ops_digest_purges(const slc_ops_t *ops)
{
    uint64_t digest = 0;
    slc_ref_t ref = ops->first_purge;
    for (uint32_t i = 0; i < ops->purges; i++) {
        digest += digest_of(op_at(ops, ref));
        ref = op_at(ops, ref)->next;
    }
    return digest;
}

uint64_t slc_ops_digest_drop(const slc_ops_t *ops, const slc_drop_t *drop)
{
    uint64_t digest = 0;
    for (slc_ref_t ref = drop->first_op; ref != 0; ref = op_at(ops, ref)->next) {
        digest += digest_of(op_at(ops, ref));
    }
    return digest;
}
