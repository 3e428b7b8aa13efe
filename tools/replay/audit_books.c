#include "audit_books.h"

#include "audit_digest.h"
#include "memory.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static uint32_t hash_number(uint64_t number, uint64_t seed)
{
    return (uint32_t)XXH3_64bits_withSeed(&number, sizeof number, seed);
}

static uint32_t hash_user(uint32_t drop, slc_text_t user)
{
    return (uint32_t)XXH3_64bits_withSeed(user.data, user.bytes, drop);
}

/* An order_key is known by its user in its drop. */
static uint32_t hash_key(uint32_t user_hash, uint64_t order_key)
{
    return hash_number(order_key, user_hash);
}

void audit_books_finish(audit_books_t *books)
{
    free(books->drops);
    free(books->holders);
    free(books->orders);
    free(books->ops);
    free(books->purge_ops);
    free(books->unsettled);
    free(books->text);
    audit_map_finish(&books->drops_by_id);
    audit_map_finish(&books->holders_by_user);
    audit_map_finish(&books->orders_by_key);
    audit_map_finish(&books->ops_by_key);
    memset(books, 0, sizeof *books);
}

/* Memory that is never written to costs nothing but address space; the heads of the maps do get written,
 * 8 bytes an event. */
#define RESERVED_EVENTS_MAX (UINT64_C(1) << 26)

void audit_books_reserve(audit_books_t *books, uint64_t events)
{
    if (events == 0) {
        return;
    }
    uint64_t room = events < RESERVED_EVENTS_MAX ? events : RESERVED_EVENTS_MAX;
    audit_map_reserve(&books->holders_by_user, room);
    audit_map_reserve(&books->orders_by_key, room);
    books->orders = replay_grow(books->orders, &books->order_capacity, room, sizeof *books->orders);
    books->holders = replay_grow(books->holders, &books->holder_capacity, room, sizeof *books->holders);
}

/* ---- finding ---- */

/* Entry of the drop that was opened last under this number, purged or not. Drops before it do not count
 * any more, so there is one entry a number. */
static uint32_t drop_entry(const audit_books_t *books, uint64_t drop_id)
{
    const audit_map_t *map = &books->drops_by_id;
    uint32_t at = audit_map_first(map, hash_number(drop_id, 0));
    while (at != AUDIT_NONE && books->drops[audit_map_value(map, at)].drop_id != drop_id) {
        at = audit_map_next(map, at);
    }
    return at;
}

uint32_t audit_find_drop(const audit_books_t *books, uint64_t drop_id)
{
    uint32_t at = drop_entry(books, drop_id);
    uint32_t index = at == AUDIT_NONE ? AUDIT_NONE : audit_map_value(&books->drops_by_id, at);
    return index == AUDIT_NONE || books->drops[index].purged ? AUDIT_NONE : index;
}

uint32_t audit_find_holder(const audit_books_t *books, uint32_t drop, slc_text_t user)
{
    const audit_map_t *map = &books->holders_by_user;
    for (uint32_t at = audit_map_first(map, hash_user(drop, user)); at != AUDIT_NONE;
         at = audit_map_next(map, at)) {
        const audit_holder_t *holder = &books->holders[audit_map_value(map, at)];
        if (holder->drop == drop && holder->user_bytes == user.bytes &&
            memcmp(books->text + holder->user_at, user.data, user.bytes) == 0) {
            return audit_map_value(map, at);
        }
    }
    return AUDIT_NONE;
}

uint32_t audit_find_key(const audit_books_t *books, uint32_t holder, uint64_t order_key)
{
    const audit_map_t *map = &books->orders_by_key;
    uint32_t hash = hash_key(books->holders[holder].user_hash, order_key);
    for (uint32_t at = audit_map_first(map, hash); at != AUDIT_NONE; at = audit_map_next(map, at)) {
        const audit_order_t *order = &books->orders[audit_map_value(map, at)];
        if (order->holder == holder && order->order_key == order_key) {
            return audit_map_value(map, at);
        }
    }
    return AUDIT_NONE;
}

/* Entry of the change that was accepted last under this key, remembered or not. */
static uint32_t op_entry(const audit_books_t *books, uint64_t op_key)
{
    const audit_map_t *map = &books->ops_by_key;
    uint32_t at = audit_map_first(map, hash_number(op_key, 0));
    while (at != AUDIT_NONE && books->ops[audit_map_value(map, at)].op_key != op_key) {
        at = audit_map_next(map, at);
    }
    return at;
}

uint32_t audit_find_op(const audit_books_t *books, uint64_t op_key)
{
    uint32_t at = op_entry(books, op_key);
    uint32_t index = at == AUDIT_NONE ? AUDIT_NONE : audit_map_value(&books->ops_by_key, at);
    return index == AUDIT_NONE || !audit_op_is_remembered(books, index) ? AUDIT_NONE : index;
}

uint32_t audit_find_order(const audit_books_t *books, uint64_t order_id)
{
    uint64_t low = 0;
    uint64_t high = books->order_count;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (books->orders[middle].order_id < order_id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < books->order_count && books->orders[low].order_id == order_id;
    return found ? (uint32_t)low : AUDIT_NONE;
}

/* ---- hints ---- */

void audit_hint_heads(const audit_books_t *books, const slc_event_t *event)
{
    if (event->kind == SLC_EVENT_ORDER_PLACED) {
        uint32_t drop = audit_find_drop(books, event->as.order_placed.drop_id);
        uint32_t hash = hash_user(drop, event->as.order_placed.user);
        audit_map_hint_head(&books->holders_by_user, hash);
        audit_map_hint_head(&books->orders_by_key, hash_key(hash, event->as.order_placed.order_key));
    }
}

void audit_hint_entries(const audit_books_t *books, const slc_event_t *event)
{
    if (event->kind == SLC_EVENT_ORDER_PLACED) {
        uint32_t drop = audit_find_drop(books, event->as.order_placed.drop_id);
        uint32_t hash = hash_user(drop, event->as.order_placed.user);
        audit_map_hint_entry(&books->holders_by_user, hash);
        audit_map_hint_entry(&books->orders_by_key, hash_key(hash, event->as.order_placed.order_key));
    }
}

/* ---- writing ---- */

/* The index of a record about to be written. */
static uint32_t next_index(uint64_t count)
{
    if (count >= AUDIT_NONE) {
        replay_out_of_memory();
    }
    return (uint32_t)count;
}

uint32_t audit_add_drop(audit_books_t *books, const audit_drop_t *drop)
{
    uint32_t index = next_index(books->drop_count);
    uint32_t entry = drop_entry(books, drop->drop_id);
    books->drops =
        replay_grow(books->drops, &books->drop_capacity, books->drop_count + 1, sizeof *books->drops);
    books->drops[books->drop_count++] = *drop;
    if (entry == AUDIT_NONE) {
        audit_map_add(&books->drops_by_id, hash_number(drop->drop_id, 0), index);
    } else {
        audit_map_replace(&books->drops_by_id, entry, index);
    }
    return index;
}

uint32_t audit_add_holder(audit_books_t *books, uint32_t drop, slc_text_t user)
{
    uint32_t index = next_index(books->holder_count);
    books->holders = replay_grow(books->holders, &books->holder_capacity, books->holder_count + 1,
                                 sizeof *books->holders);
    books->text = replay_grow(books->text, &books->text_capacity, books->text_bytes + user.bytes, 1);
    memcpy(books->text + books->text_bytes, user.data, user.bytes);
    books->holders[books->holder_count++] = (audit_holder_t){
        .user_at = books->text_bytes,
        .user_bytes = (uint32_t)user.bytes,
        .user_hash = hash_user(drop, user),
        .drop = drop,
    };
    books->text_bytes += user.bytes;
    audit_map_add(&books->holders_by_user, books->holders[index].user_hash, index);
    return index;
}

uint32_t audit_add_order(audit_books_t *books, const audit_order_t *order)
{
    uint32_t index = next_index(books->order_count);
    books->orders =
        replay_grow(books->orders, &books->order_capacity, books->order_count + 1, sizeof *books->orders);
    books->orders[books->order_count++] = *order;
    audit_drop_t *drop = &books->drops[audit_order_drop(books, index)];
    if (drop->last_order == AUDIT_NONE) {
        drop->first_order = index;
    } else {
        books->orders[drop->last_order].next_in_drop = index;
    }
    drop->last_order = index;
    if (order->order_key != 0) {
        uint32_t hash = hash_key(books->holders[order->holder].user_hash, order->order_key);
        audit_map_add(&books->orders_by_key, hash, index);
    }
    return index;
}

uint32_t audit_add_op(audit_books_t *books, const audit_op_t *op)
{
    uint32_t index = next_index(books->op_count);
    uint32_t entry = op_entry(books, op->op_key);
    books->ops = replay_grow(books->ops, &books->op_capacity, books->op_count + 1, sizeof *books->ops);
    books->ops[books->op_count++] = *op;
    if (op->kind == SLC_EVENT_DROP_PURGED) {
        books->ops[index].purge_rank = next_index(books->purge_op_count);
        books->purge_ops = replay_grow(books->purge_ops, &books->purge_op_capacity,
                                       books->purge_op_count + 1, sizeof *books->purge_ops);
        books->purge_ops[books->purge_op_count++] = index;
    }
    if (entry == AUDIT_NONE) {
        audit_map_add(&books->ops_by_key, hash_number(op->op_key, 0), index);
    } else {
        audit_map_replace(&books->ops_by_key, entry, index);
    }
    return index;
}

/* ---- small questions ---- */

slc_text_t audit_holder_user(const audit_books_t *books, uint32_t holder)
{
    const audit_holder_t *record = &books->holders[holder];
    return (slc_text_t){.data = books->text + record->user_at, .bytes = record->user_bytes};
}

uint32_t audit_order_drop(const audit_books_t *books, uint32_t order)
{
    return books->holders[books->orders[order].holder].drop;
}

bool audit_op_is_remembered(const audit_books_t *books, uint32_t op)
{
    const audit_op_t *record = &books->ops[op];
    if (record->kind == SLC_EVENT_DROP_PURGED) {
        return record->purge_rank + AUDIT_PURGE_KEYS_MAX >= books->purge_op_count;
    }
    return !books->drops[record->drop].purged;
}
