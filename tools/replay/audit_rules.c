#include "audit_rules.h"

#include "audit_digest.h"

#include <string.h>

static audit_verdict_t refused(slc_status_t status)
{
    return (audit_verdict_t){.status = status};
}

static uint64_t remaining(const audit_drop_t *drop)
{
    return drop->stock - drop->sold;
}

/* By an operator, or by its own time. */
static bool is_closed(const audit_drop_t *drop, uint64_t time_us)
{
    return drop->closed || (drop->closes_at_us != 0 && time_us >= drop->closes_at_us);
}

/* ---- a BUY ---- */

/* The answer to a key that was accepted before. */
static audit_verdict_t repeat_order(const audit_order_t *order, uint64_t quantity)
{
    if (order->quantity != quantity) {
        return refused(SLC_STATUS_CONFLICT);
    }
    return (audit_verdict_t){
        .status = order->cancelled ? SLC_STATUS_CANCELLED : SLC_STATUS_ACCEPTED,
        .replayed = true,
        .order_id = order->order_id,
    };
}

/* What stands against a BUY that is no repeat; ACCEPTED: nothing. */
static slc_status_t objection(const audit_drop_t *drop, uint64_t units_held, uint64_t quantity,
                              uint64_t time_us)
{
    if (time_us < drop->opens_at_us) {
        return SLC_STATUS_NOT_OPEN;
    }
    if (is_closed(drop, time_us)) {
        return SLC_STATUS_CLOSED;
    }
    if (quantity > remaining(drop)) {
        return SLC_STATUS_SOLD_OUT;
    }
    if (drop->per_user_limit != 0 && units_held + quantity > drop->per_user_limit) {
        return SLC_STATUS_LIMIT_EXCEEDED;
    }
    return SLC_STATUS_ACCEPTED;
}

static audit_verdict_t judge_order(audit_books_t *books, const slc_event_t *event)
{
    uint64_t key = event->as.order_placed.order_key;
    uint64_t quantity = event->as.order_placed.quantity;
    slc_text_t user = event->as.order_placed.user;
    uint32_t drop = audit_find_drop(books, event->as.order_placed.drop_id);
    if (drop == AUDIT_NONE) {
        return refused(SLC_STATUS_UNKNOWN_DROP);
    }
    uint32_t holder = audit_find_holder(books, drop, user);
    if (holder != AUDIT_NONE && key != 0) {
        uint32_t earlier = audit_find_key(books, holder, key);
        if (earlier != AUDIT_NONE) {
            return repeat_order(&books->orders[earlier], quantity);
        }
    }
    uint64_t units_held = holder == AUDIT_NONE ? 0 : books->holders[holder].units;
    slc_status_t status = objection(&books->drops[drop], units_held, quantity, event->time_us);
    if (status != SLC_STATUS_ACCEPTED) {
        return refused(status);
    }

    if (holder == AUDIT_NONE) {
        holder = audit_add_holder(books, drop, user);
    }
    uint32_t order = audit_add_order(books, &(audit_order_t){
                                                .order_id = event->sequence,
                                                .order_key = key,
                                                .time_us = event->time_us,
                                                .quantity = (uint32_t)quantity,
                                                .holder = holder,
                                                .next_in_drop = AUDIT_NONE,
                                            });
    uint64_t hash = audit_hash_order(books, order);
    books->sum += hash;
    books->holders[holder].units += quantity;
    books->drops[drop].share += hash;
    books->drops[drop].sold += quantity;
    books->drops[drop].orders++;
    audit_unsettle(books, drop);
    return (audit_verdict_t){.status = SLC_STATUS_ACCEPTED, .order_id = event->sequence};
}

/* ---- changes by an operator ---- each answers what stands against it; ACCEPTED: it is done */

static slc_status_t open_drop(audit_books_t *books, const slc_event_t *event, uint32_t *ret_drop)
{
    if (audit_find_drop(books, event->as.drop_opened.drop_id) != AUDIT_NONE) {
        return SLC_STATUS_CONFLICT;
    }
    uint64_t asked_us = event->as.drop_opened.opens_at_us;
    audit_drop_t drop = {
        .drop_id = event->as.drop_opened.drop_id,
        .stock = event->as.drop_opened.stock,
        .per_user_limit = event->as.drop_opened.per_user_limit,
        .opens_at_us = asked_us == 0 ? event->time_us : asked_us,
        .closes_at_us = event->as.drop_opened.closes_at_us,
        .first_order = AUDIT_NONE,
        .last_order = AUDIT_NONE,
        .name_bytes = (uint32_t)event->as.drop_opened.name.bytes,
    };
    bool never_sells = drop.closes_at_us != 0 && drop.closes_at_us <= drop.opens_at_us;
    if (drop.drop_id == 0 || drop.stock > SLC_STOCK_MAX || never_sells) {
        return SLC_STATUS_INVALID;
    }
    if (drop.name_bytes > 0) {
        memcpy(drop.name, event->as.drop_opened.name.data, drop.name_bytes);
    }
    *ret_drop = audit_add_drop(books, &drop);
    return SLC_STATUS_ACCEPTED;
}

static slc_status_t adjust_stock(audit_books_t *books, const slc_event_t *event, uint32_t *ret_drop)
{
    *ret_drop = audit_find_drop(books, event->as.stock_adjusted.drop_id);
    if (*ret_drop == AUDIT_NONE) {
        return SLC_STATUS_UNKNOWN_DROP;
    }
    audit_drop_t *drop = &books->drops[*ret_drop];
    int64_t delta = event->as.stock_adjusted.delta;
    uint64_t added = delta > 0 ? (uint64_t)delta : 0;
    uint64_t taken = delta < 0 ? 0 - (uint64_t)delta : 0;
    if (is_closed(drop, event->time_us)) {
        return SLC_STATUS_CLOSED;
    }
    if (delta == 0) {
        return SLC_STATUS_INVALID;
    }
    if (taken > remaining(drop) || added > SLC_STOCK_MAX - drop->stock) {
        return SLC_STATUS_CONFLICT;
    }
    drop->stock += (uint64_t)delta; /* modulo 2^64, so a negative one is subtracted */
    return SLC_STATUS_ACCEPTED;
}

static slc_status_t close_drop(audit_books_t *books, const slc_event_t *event, uint32_t *ret_drop)
{
    *ret_drop = audit_find_drop(books, event->as.drop_closed.drop_id);
    if (*ret_drop == AUDIT_NONE) {
        return SLC_STATUS_UNKNOWN_DROP;
    }
    if (is_closed(&books->drops[*ret_drop], event->time_us)) {
        return SLC_STATUS_CLOSED;
    }
    books->drops[*ret_drop].closed = true;
    return SLC_STATUS_ACCEPTED;
}

static slc_status_t purge_drop(audit_books_t *books, const slc_event_t *event, uint32_t *ret_drop)
{
    *ret_drop = audit_find_drop(books, event->as.drop_purged.drop_id);
    if (*ret_drop == AUDIT_NONE) {
        return SLC_STATUS_UNKNOWN_DROP;
    }
    audit_drop_t *drop = &books->drops[*ret_drop];
    if (!is_closed(drop, event->time_us)) {
        return SLC_STATUS_CONFLICT;
    }
    drop->purged = true;
    books->sum -= drop->share + drop->record_hash;
    return SLC_STATUS_ACCEPTED;
}

static slc_status_t cancel_order(audit_books_t *books, const slc_event_t *event, uint32_t *ret_drop)
{
    uint32_t index = audit_find_order(books, event->as.order_cancelled.order_id);
    *ret_drop = index == AUDIT_NONE ? AUDIT_NONE : audit_order_drop(books, index);
    if (*ret_drop == AUDIT_NONE || books->drops[*ret_drop].purged) {
        return SLC_STATUS_INVALID;
    }
    audit_order_t *order = &books->orders[index];
    audit_drop_t *drop = &books->drops[*ret_drop];
    if (order->cancelled) {
        return SLC_STATUS_CANCELLED;
    }
    uint64_t before = audit_hash_order(books, index);
    order->cancelled = true;
    uint64_t change = audit_hash_order(books, index) - before;
    books->sum += change;
    drop->share += change;
    drop->sold -= order->quantity;
    drop->cancelled++;
    books->holders[order->holder].units -= order->quantity;
    return SLC_STATUS_ACCEPTED;
}

/* Remembers the key of a change that was accepted: with its drop, or, for a purge, among the purges. */
static void remember_op(audit_books_t *books, const slc_event_t *event, uint64_t contents, uint32_t drop)
{
    bool is_purge = event->kind == SLC_EVENT_DROP_PURGED;
    uint32_t op = audit_add_op(books, &(audit_op_t){
                                          .op_key = event->op_key,
                                          .drop_id = books->drops[drop].drop_id,
                                          .contents = contents,
                                          .sequence = event->sequence,
                                          .time_us = event->time_us,
                                          .kind = event->kind,
                                          .drop = is_purge ? AUDIT_NONE : drop,
                                      });
    uint64_t hash = audit_hash_op(&books->ops[op]);
    books->sum += hash;
    if (!is_purge) {
        books->drops[drop].share += hash;
    } else if (books->ops[op].purge_rank >= AUDIT_PURGE_KEYS_MAX) {
        uint32_t oldest = books->purge_ops[books->ops[op].purge_rank - AUDIT_PURGE_KEYS_MAX];
        books->sum -= audit_hash_op(&books->ops[oldest]);
    }
}

static slc_status_t change_books(audit_books_t *books, const slc_event_t *event, uint32_t *ret_drop)
{
    switch (event->kind) {
    case SLC_EVENT_DROP_OPENED:
        return open_drop(books, event, ret_drop);
    case SLC_EVENT_STOCK_ADJUSTED:
        return adjust_stock(books, event, ret_drop);
    case SLC_EVENT_DROP_CLOSED:
        return close_drop(books, event, ret_drop);
    case SLC_EVENT_DROP_PURGED:
        return purge_drop(books, event, ret_drop);
    case SLC_EVENT_ORDER_CANCELLED:
        return cancel_order(books, event, ret_drop);
    case SLC_EVENT_ORDER_PLACED:
        break;
    }
    return SLC_STATUS_INVALID;
}

static audit_verdict_t judge_change(audit_books_t *books, const slc_event_t *event)
{
    uint64_t contents = audit_hash_contents(event);
    uint32_t known = event->op_key == 0 ? AUDIT_NONE : audit_find_op(books, event->op_key);
    if (known != AUDIT_NONE) {
        bool same = books->ops[known].contents == contents;
        return (audit_verdict_t){
            .status = same ? SLC_STATUS_ACCEPTED : SLC_STATUS_CONFLICT,
            .replayed = same,
        };
    }
    uint32_t drop = AUDIT_NONE;
    slc_status_t status = change_books(books, event, &drop);
    if (status != SLC_STATUS_ACCEPTED) {
        return refused(status);
    }
    audit_unsettle(books, drop);
    if (event->op_key != 0) {
        remember_op(books, event, contents, drop);
    }
    return (audit_verdict_t){.status = SLC_STATUS_ACCEPTED};
}

audit_verdict_t audit_judge(audit_books_t *books, const slc_event_t *event)
{
    audit_verdict_t verdict =
        event->kind == SLC_EVENT_ORDER_PLACED ? judge_order(books, event) : judge_change(books, event);
    books->sequence = event->sequence;
    books->time_us = event->time_us;
    return verdict;
}
