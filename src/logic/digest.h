/* The state digest, so that two states can be compared by one number, and so that a program that shares
 * no code with the logic can compute it too.
 *
 * The digest is the sum, modulo 2^64, of slc_hash (XXH3-64, seed 0) over one canonical record for each
 * order kept, each drop kept, and each operator's key remembered. Integers are unsigned 64-bit
 * little-endian; text follows last, as its bytes:
 *
 *   order   1, drop_id, order_id, order_key, quantity, time_us, cancelled (0 or 1), user
 *   drop    2, drop_id, stock, sold, per_user_limit, opens_at_us, closes_at_us, closed (0 or 1),
 *           orders, cancelled, name
 *   op      3, op_key, kind, drop_id, contents, sequence, time_us
 *
 * where kind is the number of the event (slc_event_kind_t), drop_id that of the drop concerned (for
 * ORDER_CANCELLED the drop of the order), and contents is slc_hash over the canonical change, which is
 * kind, and then
 *
 *   DROP_OPENED               drop_id, stock, per_user_limit, opens_at_us, closes_at_us (both as asked),
 *                             name
 *   STOCK_ADJUSTED            drop_id, delta (two's complement)
 *   DROP_CLOSED, DROP_PURGED  drop_id
 *   ORDER_CANCELLED           order_id
 *
 * In a drop's record opens_at_us is as resolved: 0 becomes the time of the event that opened it. sequence
 * and time_us of an op are those of the event that was accepted under the key. Of purges the last 65,536
 * keys (SLC_PURGE_KEYS_MAX) are remembered, the oldest forgotten first.
 *
 * Threads: pure. Owns nothing. Cannot fail. */
#ifndef SLC_LOGIC_DIGEST_H
#define SLC_LOGIC_DIGEST_H

#include <sluice/state.h>

#include <assert.h>

#define SLC_PURGE_KEYS_MAX 65536u

/* An order with its user in place. */
typedef struct slc_order_parts {
    uint64_t drop_id;
    uint64_t order_id;
    uint64_t order_key;
    uint64_t quantity;
    uint64_t time_us;
    bool cancelled;
    slc_text_t user; /* at most SLC_USER_BYTES_MAX */
} slc_order_parts_t;

uint64_t slc_digest_order_parts(const slc_order_parts_t *order);
uint64_t slc_digest_order(const slc_order_info_t *order);
uint64_t slc_digest_drop(const slc_drop_info_t *drop);
uint64_t slc_digest_op(uint64_t op_key, slc_event_kind_t kind, uint64_t drop_id, uint64_t contents,
                       uint64_t sequence, uint64_t time_us);
uint64_t slc_digest_change(const slc_event_t *change);

#endif
