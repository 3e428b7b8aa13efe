/* The audit's own books: every drop, order and operator's key that the journal ever made, in arrays that
 * only grow. Nothing here is shared with the engine: the same rules, written a second time by other
 * means, so that a mistake in one of the two shows as a difference.
 *
 * A purge erases nothing: the drop is marked, and what belongs to it no longer counts. So a drop number
 * that is opened again later is another drop here, with another index.
 *
 * Threads: one. Ownership: init/finish; text handed in is copied.
 * Failure: none but memory, see memory.h. */
#ifndef REPLAY_AUDIT_BOOKS_H
#define REPLAY_AUDIT_BOOKS_H

#include "audit_map.h"

#include <sluice/state.h>

typedef struct audit_drop {
    uint64_t drop_id;
    uint64_t stock;
    uint64_t sold;
    uint64_t per_user_limit;
    uint64_t opens_at_us; /* as resolved */
    uint64_t closes_at_us;
    uint64_t orders;
    uint64_t cancelled;
    uint64_t share;       /* what its orders and op keys add to the digest */
    uint64_t record_hash; /* what its own record adds; of when it was last settled */
    uint32_t first_order; /* its orders, chained by next_in_drop in the order they came */
    uint32_t last_order;
    uint32_t name_bytes;
    bool closed;
    bool purged;
    bool unsettled; /* changed since record_hash was computed */
    char name[SLC_NAME_BYTES_MAX];
} audit_drop_t;

/* One user in one drop. */
typedef struct audit_holder {
    uint64_t user_at; /* where in `text` the user's bytes are */
    uint64_t units;   /* in orders that stand */
    uint32_t user_bytes;
    uint32_t user_hash; /* of drop and user */
    uint32_t drop;      /* index */
} audit_holder_t;

typedef struct audit_order {
    uint64_t order_id;
    uint64_t order_key;
    uint64_t time_us;
    uint32_t quantity;
    uint32_t holder; /* index */
    uint32_t next_in_drop;
    bool cancelled;
} audit_order_t;

/* An operator's key under which a change was accepted. */
typedef struct audit_op {
    uint64_t op_key;
    uint64_t drop_id;
    uint64_t contents; /* hash of the canonical change */
    uint64_t sequence;
    uint64_t time_us;
    slc_event_kind_t kind;
    uint32_t drop;       /* index of the drop it is remembered with; of a purge: AUDIT_NONE */
    uint32_t purge_rank; /* of a purge: which one among the purges with a key */
} audit_op_t;

typedef struct audit_books {
    audit_drop_t *drops;
    audit_holder_t *holders;
    audit_order_t *orders; /* order_id ascends */
    audit_op_t *ops;
    uint32_t *purge_ops; /* indexes of ops, by purge_rank */
    uint32_t *unsettled; /* indexes of drops */
    char *text;          /* users' names, end to end */
    uint64_t drop_count, drop_capacity;
    uint64_t holder_count, holder_capacity;
    uint64_t order_count, order_capacity;
    uint64_t op_count, op_capacity;
    uint64_t purge_op_count, purge_op_capacity;
    uint64_t unsettled_count, unsettled_capacity;
    uint64_t text_bytes, text_capacity;
    audit_map_t drops_by_id;
    audit_map_t holders_by_user;
    audit_map_t orders_by_key;
    audit_map_t ops_by_key;
    uint64_t sum;      /* the digest, but for the records of unsettled drops */
    uint64_t sequence; /* of the last event judged */
    uint64_t time_us;
    uint64_t began;       /* event of the snapshot that they began with; 0: they began with nothing */
    uint64_t began_drops; /* so many of the drops come from it, drop_id rising */
} audit_books_t;

/* An all-zero structure is an empty set of books. */
void audit_books_finish(audit_books_t *books);
/* Makes room, in empty books, for what so many events can bring. Saves time, means nothing else. */
void audit_books_reserve(audit_books_t *books, uint64_t events);

/* Each of these answers an index, or AUDIT_NONE where there is nothing under it (any more). */
uint32_t audit_find_drop(const audit_books_t *books, uint64_t drop_id);
uint32_t audit_find_holder(const audit_books_t *books, uint32_t drop, slc_text_t user);
uint32_t audit_find_key(const audit_books_t *books, uint32_t holder, uint64_t order_key);
uint32_t audit_find_op(const audit_books_t *books, uint64_t op_key);
/* Also finds the orders of drops that are purged. */
uint32_t audit_find_order(const audit_books_t *books, uint64_t order_id);

/* Hints, some events ahead of their judgement, first one then the other, so that the memory that a BUY is
 * going to be looked up in is on its way. They mean nothing else. */
void audit_hint_heads(const audit_books_t *books, const slc_event_t *event);
void audit_hint_entries(const audit_books_t *books, const slc_event_t *event);

/* Each of these writes a record and answers its index. */
uint32_t audit_add_drop(audit_books_t *books, const audit_drop_t *drop);
uint32_t audit_add_holder(audit_books_t *books, uint32_t drop, slc_text_t user);
uint32_t audit_add_order(audit_books_t *books, const audit_order_t *order);
uint32_t audit_add_op(audit_books_t *books, const audit_op_t *op);

slc_text_t audit_holder_user(const audit_books_t *books, uint32_t holder);
uint32_t audit_order_drop(const audit_books_t *books, uint32_t order);
/* A purged drop's keys are forgotten with it, a purge's own behind 65,536 later ones. */
bool audit_op_is_remembered(const audit_books_t *books, uint32_t op);

#endif
