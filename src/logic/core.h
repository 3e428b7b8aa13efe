/* The state behind slc_logic_t, shared by the files of this folder and by nobody else.
 *
 *     logic.c    a BUY: judged, placed, answered          orders.c  orders found by key, user and number
 *     ahead.c    what BUYs are going to touch, fetched    purge.c   purged drops taken apart in steps
 *     changes.c  operators' changes
 *     look.c     looking, and the digest from scratch
 *     cut.c      the state behind one event, for a reader beside later ones
 *     load.c     the way back, from what such a reader wrote down (load_orders.c, spans.c)
 *
 * Threads, ownership and failure: as in logic.h. */
#ifndef SLC_LOGIC_CORE_H
#define SLC_LOGIC_CORE_H

#include "logic/cut.h"
#include "logic/digest.h"
#include "logic/drops.h"
#include "logic/logic.h"
#include "logic/ops.h"
#include "logic/places.h"
#include "logic/records.h"

/* Where slc_logic_next_order stood last, so that the next call goes on from there. */
typedef struct slc_walk {
    const slc_drop_t *drop;
    uint64_t order_id;
    slc_ref_t ref;
} slc_walk_t;

struct slc_logic {
    slc_region_t region;
    slc_drops_t drops;
    slc_index_t keys;    /* (drop, user, order_key) -> the order's record, or that of its cancellation */
    slc_index_t users;   /* (drop, user) -> the user's latest record; drops with a limit only */
    slc_index_t cancels; /* order_id -> record of its cancellation */
    slc_ops_t ops;
    uint64_t sequence;
    uint64_t time_us;
    slc_cut_t *cut;      /* open; NULL: none */
    uint32_t cut_number; /* of the last one begun; see slc_before_change */
    /* Set by the first event, so that nobody can choose order keys that collide, and yet one journal
     * gives one layout. It decides where things lie, never what is answered. */
    uint64_t seed;
    uint64_t orders;
    uint64_t digest; /* all but the drops marked SLC_MARK_DIGEST, whose records in it are old */
    slc_drop_ref_t first_purged;
    slc_drop_ref_t last_purged;
    slc_ref_t purge_at;       /* record of first_purged to be unlinked next; 0: all are */
    uint64_t purge_last_span; /* of the record unlinked last, from 1 */
    uint64_t *gone;           /* numbers of drops purged since slc_logic_take_touched */
    size_t gone_count;
    size_t gone_capacity;
    uint64_t chunk_bytes; /* of all drops */
    slc_walk_t *walk;     /* a cache: written to while looking */
    slc_places_t places;
};

/* ---- orders.c ---- */

uint64_t slc_key_hash(const slc_logic_t *logic, uint64_t drop_id, uint64_t user_hash, uint64_t order_key);
uint64_t slc_user_hash(const slc_logic_t *logic, uint64_t drop_id, uint64_t user_hash);
/* The order of a record: itself, or the one that it cancels. */
const slc_record_t *slc_order_of(const slc_logic_t *logic, const slc_record_t *record);
/* The record that the key, and the user, lead to; NULL: none. `hash` is that of the functions above. */
const slc_record_t *slc_find_key(const slc_logic_t *logic, const slc_drop_t *drop, const slc_ask_t *ask,
                                 uint64_t hash);
const slc_record_t *slc_find_user(const slc_logic_t *logic, const slc_drop_t *drop, slc_text_t user,
                                  uint64_t hash, slc_ref_t *ret_ref);
/* The record of an order; NULL: there is none (any more). */
const slc_record_t *slc_find_order(const slc_logic_t *logic, uint64_t order_id, slc_ref_t *ret_ref);
/* The record of its cancellation; NULL: it stands. */
const slc_record_t *slc_find_cancel(const slc_logic_t *logic, uint64_t order_id, slc_ref_t *ret_ref);
uint64_t slc_cancel_hash(uint64_t order_id);
uint64_t slc_order_digest(const slc_drop_t *drop, const slc_record_t *order, bool cancelled);

/* ---- cut.c ---- */

/* Copies a drop ahead of its turn, where a cut is open. */
void slc_cut_keep(slc_logic_t *logic, slc_drop_t *drop);
/* Before anything of a drop changes. A drop that the last cut has, or that was opened behind it, bears
 * the cut's number: one comparison, of a cache line that the judging has read. */
static inline void slc_before_change(slc_logic_t *logic, slc_drop_t *drop)
{
    if (__builtin_expect(drop->cut != logic->cut_number, 0)) {
        slc_cut_keep(logic, drop);
    }
}

/* ---- what a live event and a loaded one have in common ---- */

static inline slc_ref_t slc_append_record(slc_logic_t *logic, slc_drop_t *drop,
                                          const slc_record_parts_t *parts)
{
    uint64_t chunk_bytes = drop->chunk_bytes;
    slc_ref_t ref = slc_records_append(&logic->region, drop, parts);
    logic->chunk_bytes += drop->chunk_bytes - chunk_bytes;
    return ref;
}

/* Counts an order whose record was appended from these parts, and puts it into the digest. Not from the
 * record: what was just stored there would have to reach the cache first. */
static inline void slc_count_order(slc_logic_t *logic, slc_drop_t *drop, const slc_record_parts_t *parts)
{
    const slc_order_parts_t order = {
        .drop_id = drop->drop_id,
        .order_id = parts->sequence,
        .order_key = parts->key,
        .quantity = parts->quantity,
        .time_us = parts->time_us,
        .cancelled = false,
        .user = parts->user,
    };
    drop->remaining -= parts->quantity;
    drop->sold += parts->quantity;
    drop->orders++;
    logic->orders++;
    uint64_t digest = slc_digest_order_parts(&order);
    drop->kept_digest += digest;
    logic->digest += digest;
}

/* ---- logic.c ---- */

/* By an operator, or by its closes_at_us. */
bool slc_drop_is_closed(const slc_drop_t *drop, uint64_t time_us);
/* Around each event: its place in the order is checked; the state says that it is applied. */
void slc_logic_enter(slc_logic_t *logic, uint64_t sequence, uint64_t time_us);
void slc_logic_leave(slc_logic_t *logic, uint64_t sequence, uint64_t time_us);

/* ---- changes.c, purge.c ---- */

/* Takes an order back: units, the user's allowance, the key. Answers the record of it. */
slc_ref_t slc_cancel_order(slc_logic_t *logic, slc_ref_t order_ref, uint64_t sequence, uint64_t time_us);
/* Forgets a drop: from here on nobody finds it, its orders and its keys. */
void slc_purge_drop(slc_logic_t *logic, slc_drop_t *drop);
/* Takes purged drops apart for at most `steps` records, operators' keys and chunks; false: none is left,
 * or a cut is open, whose reader may be reading them. */
bool slc_purge_some(slc_logic_t *logic, uint32_t steps);

#endif
