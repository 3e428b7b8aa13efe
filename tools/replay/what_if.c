/* Feeding a state of one's own.
 *
 * Events go in as they were, but for what a drop is opened with; between them the attempts that were
 * refused without an event, each of which is a BUY again. An order has another number there, so a
 * cancellation is led to the order that its BUY would have been; if it would have been none, there is
 * nothing to cancel.
 *
 * Where a snapshot replaced the beginning, its drops are opened at time 0 with their own hours, and its
 * orders and cancellations go in by sequence among the attempts of that time. What closed a drop is
 * known, not when: it is closed behind them, and attempts that heard of it, or that no stock or limit
 * could have helped, are left out. */
#include "what_if.h"
#include "memory.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* ---- the rules ---- */

const char *what_if_parse(const char *text, what_if_rules_t *ret_rules)
{
    static const char wrong[] = "takes stock=N, per-user=N, or both with a comma between";
    *ret_rules = (what_if_rules_t){0};
    while (*text != '\0') {
        const char *equals = strchr(text, '=');
        if (equals == NULL) {
            return wrong;
        }
        bool is_stock = equals - text == 5 && memcmp(text, "stock", 5) == 0;
        bool is_limit = equals - text == 8 && memcmp(text, "per-user", 8) == 0;
        slc_text_t value = {equals + 1, strcspn(equals + 1, ",")};
        uint64_t number;
        if ((!is_stock && !is_limit) || !replay_parse_number(value, &number)) {
            return wrong;
        }
        if (is_stock && number > SLC_STOCK_MAX) {
            return "a stock is at most 1000000000000";
        }
        ret_rules->has_stock |= is_stock;
        ret_rules->has_per_user |= is_limit;
        *(is_stock ? &ret_rules->stock : &ret_rules->per_user) = number;
        text = value.data + value.bytes;
        if (text[0] == ',' && text[1] == '\0') {
            return wrong;
        }
        text += *text == ',' ? 1 : 0;
    }
    return ret_rules->has_stock || ret_rules->has_per_user ? NULL : wrong;
}

static bool is_ruled(const what_if_t *what_if, uint64_t drop_id)
{
    return what_if->rules.drop_id == 0 || what_if->rules.drop_id == drop_id;
}

/* ---- one event ---- */

static void open_drop(what_if_t *what_if, slc_event_t event, slc_outcome_t *ret_outcome)
{
    if (is_ruled(what_if, event.as.drop_opened.drop_id)) {
        if (what_if->rules.has_stock) {
            event.as.drop_opened.stock = what_if->rules.stock;
        }
        if (what_if->rules.has_per_user) {
            event.as.drop_opened.per_user_limit = what_if->rules.per_user;
        }
    }
    slc_state_apply(what_if->state, &event, ret_outcome);
}

/* `sequence`: of the event that the BUY was; 0: it was none. */
static void buy(what_if_t *what_if, const slc_event_t *event, uint64_t sequence)
{
    slc_outcome_t outcome;
    slc_state_apply(what_if->state, event, &outcome);
    if (outcome.status != SLC_STATUS_ACCEPTED || outcome.replayed || sequence == 0) {
        return;
    }
    what_if->orders = replay_grow(what_if->orders, &what_if->order_capacity, what_if->order_count + 1,
                                  sizeof *what_if->orders);
    what_if->orders[what_if->order_count++] = (what_if_pair_t){sequence, outcome.order_id};
}

static void cancel(what_if_t *what_if, uint64_t order_id, uint64_t time_us)
{
    uint64_t low = 0;
    uint64_t high = what_if->order_count; /* they rise by the event */
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (what_if->orders[middle].first < order_id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < what_if->order_count && what_if->orders[low].first == order_id) {
        const slc_event_t event = {.time_us = time_us,
                                   .kind = SLC_EVENT_ORDER_CANCELLED,
                                   .as.order_cancelled = {what_if->orders[low].second}};
        slc_state_apply(what_if->state, &event, NULL);
    }
}

/* ---- the snapshot that it begins with ---- */

static void add_past(what_if_t *what_if, uint64_t sequence, uint64_t order_id)
{
    what_if->past = replay_grow(what_if->past, &what_if->past_capacity, what_if->past_count + 1,
                                sizeof *what_if->past);
    what_if->past[what_if->past_count++] = (what_if_pair_t){sequence, order_id};
}

static int by_first(const void *a, const void *b)
{
    const what_if_pair_t *left = a;
    const what_if_pair_t *right = b;
    return left->first < right->first ? -1 : left->first > right->first;
}

static void take_past_one(what_if_t *what_if, const what_if_pair_t *pair)
{
    slc_order_info_t order;
    if (!slc_state_order(what_if->base, pair->second, &order)) {
        return; /* cannot be: nothing of that state changed since */
    }
    if (pair->first != pair->second) {
        cancel(what_if, order.order_id, order.cancel_time_us);
        return;
    }
    const slc_event_t event = {.time_us = order.time_us,
                               .kind = SLC_EVENT_ORDER_PLACED,
                               .as.order_placed = {.drop_id = order.drop_id,
                                                   .order_key = order.order_key,
                                                   .quantity = order.quantity,
                                                   .user = replay_text(order.user)}};
    buy(what_if, &event, order.order_id);
}

/* What stands in the snapshot up to an event. */
static void take_past(what_if_t *what_if, uint64_t until)
{
    while (what_if->past_at < what_if->past_count && what_if->past[what_if->past_at].first <= until) {
        take_past_one(what_if, &what_if->past[what_if->past_at++]);
    }
}

/* Behind all of it: what an operator closed is closed. */
static void close_past(what_if_t *what_if)
{
    slc_drop_info_t drop = {0};
    if (what_if->past == NULL) {
        return;
    }
    take_past(what_if, UINT64_MAX);
    while (slc_state_next_drop(what_if->base, drop.drop_id, &drop)) {
        const slc_event_t event = {.kind = SLC_EVENT_DROP_CLOSED, .as.drop_closed = {drop.drop_id}};
        if (drop.closed) {
            slc_state_apply(what_if->state, &event, NULL);
        }
    }
    free(what_if->past);
    what_if->past = NULL;
    what_if->past_count = what_if->past_capacity = what_if->past_at = 0;
}

/* A copy of the base, as the past of both. */
static void open_past(what_if_t *what_if, const slc_state_t *base)
{
    slc_drop_info_t drop = {0};
    while (slc_state_next_drop(base, drop.drop_id, &drop)) {
        slc_order_info_t order = {0};
        const slc_event_t event = {.kind = SLC_EVENT_DROP_OPENED,
                                   .as.drop_opened = {.drop_id = drop.drop_id,
                                                      .stock = drop.stock,
                                                      .per_user_limit = drop.per_user_limit,
                                                      .opens_at_us = drop.opens_at_us,
                                                      .closes_at_us = drop.closes_at_us,
                                                      .name = replay_text(drop.name)}};
        open_drop(what_if, event, NULL);
        while (slc_state_next_order(base, drop.drop_id, order.order_id, &order)) {
            add_past(what_if, order.order_id, order.order_id);
            if (order.cancelled) {
                add_past(what_if, order.cancel_sequence, order.order_id);
            }
        }
    }
    if (what_if->past_count == 0) {
        add_past(what_if, 0, 0); /* so that drops are closed behind it; leads to no order */
    }
    qsort(what_if->past, what_if->past_count, sizeof *what_if->past, by_first);
}

/* ---- the listener ---- */

static void begin(void *context, const slc_state_t *base)
{
    what_if_t *what_if = context;
    const what_if_rules_t rules = what_if->rules;
    what_if_finish(what_if);
    what_if_begin(what_if, &rules);
    what_if->base = base;
    what_if->base_sequence = slc_state_sequence(base);
    if (what_if->base_sequence > 0) {
        open_past(what_if, base);
    }
}

static void take_event(void *context, const slc_event_t *event, const slc_outcome_t *outcome)
{
    what_if_t *what_if = context;
    slc_event_t again = *event;
    slc_outcome_t would_be = {.status = SLC_STATUS_ACCEPTED};
    close_past(what_if);
    if (event->kind == SLC_EVENT_ORDER_PLACED) {
        buy(what_if, event, event->sequence);
        return;
    }
    if (outcome->status != SLC_STATUS_ACCEPTED || outcome->replayed) {
        return; /* it changed nothing */
    }
    again.op_key = 0; /* what was a repeat is left out above */
    if (event->kind == SLC_EVENT_DROP_OPENED) {
        open_drop(what_if, again, &would_be);
    } else if (event->kind == SLC_EVENT_ORDER_CANCELLED) {
        cancel(what_if, event->as.order_cancelled.order_id, event->time_us);
    } else {
        slc_state_apply(what_if->state, &again, &would_be);
    }
    what_if->refused += would_be.status != SLC_STATUS_ACCEPTED;
}

/* No stock and no limit would have helped; nor is it known when a drop of the snapshot was closed. */
static bool is_beyond_help(const slc_attempt_t *attempt)
{
    return attempt->status != SLC_STATUS_SOLD_OUT && attempt->status != SLC_STATUS_LIMIT_EXCEEDED;
}

static void take_attempt(void *context, const slc_attempt_t *attempt)
{
    what_if_t *what_if = context;
    if (attempt->sequence < what_if->base_sequence) {
        take_past(what_if, attempt->sequence);
    } else {
        close_past(what_if);
    }
    if (is_beyond_help(attempt)) {
        return;
    }
    const slc_event_t event = {.time_us = attempt->time_us,
                               .kind = SLC_EVENT_ORDER_PLACED,
                               .as.order_placed = {.drop_id = attempt->drop_id,
                                                   .order_key = attempt->order_key,
                                                   .quantity = attempt->quantity,
                                                   .user = {attempt->user, attempt->user_bytes}}};
    buy(what_if, &event, 0);
}

slc_listener_t what_if_listener(what_if_t *what_if)
{
    return (slc_listener_t){
        .context = what_if, .begin = begin, .event = take_event, .attempt = take_attempt};
}

void what_if_begin(what_if_t *what_if, const what_if_rules_t *rules)
{
    *what_if = (what_if_t){.rules = *rules, .state = slc_state_create()};
    if (what_if->state == NULL) {
        replay_out_of_memory();
    }
}

void what_if_end(what_if_t *what_if, const slc_state_t *actual)
{
    what_if->base = actual;
    close_past(what_if);
}

void what_if_finish(what_if_t *what_if)
{
    slc_state_destroy(what_if->state);
    free(what_if->orders);
    free(what_if->past);
    *what_if = (what_if_t){.rules = what_if->rules};
}
