/* Listening for one user on one drop. */
#include "explain.h"
#include "memory.h"

#include <stdlib.h>
#include <string.h>

static explain_row_t *add_row(explain_t *explain, explain_kind_t kind, explain_source_t source,
                              uint64_t sequence, uint64_t time_us)
{
    explain->rows =
        replay_grow(explain->rows, &explain->capacity, explain->count + 1, sizeof *explain->rows);
    explain_row_t *row = &explain->rows[explain->count++];
    *row = (explain_row_t){.kind = kind,
                           .source = source,
                           .sequence = sequence,
                           .time_us = time_us,
                           .left = explain->drop.remaining,
                           .left_is_known = source == EXPLAIN_JOURNAL,
                           .held = explain->units,
                           .limit = explain->drop.info.per_user_limit};
    return row;
}

static bool is_same(slc_text_t a, const char *bytes, size_t count)
{
    return a.bytes == count && memcmp(a.data, bytes, count) == 0;
}

/* ---- what it begins with ---- */

static void take_order(explain_t *explain, const slc_order_info_t *order)
{
    if (!is_same(explain->user, order->user, strlen(order->user))) {
        return;
    }
    explain_row_t *row =
        add_row(explain, EXPLAIN_ATTEMPT, EXPLAIN_SNAPSHOT, order->order_id, order->time_us);
    row->win = explain->drop.accepted;
    row->quantity = order->quantity;
    row->order_key = order->order_key;
    row->order_id = order->order_id;
    row->status = SLC_STATUS_ACCEPTED;
    explain->attempts++;
    if (order->cancelled) {
        row = add_row(explain, EXPLAIN_CANCELLED, EXPLAIN_SNAPSHOT, order->cancel_sequence,
                      order->cancel_time_us);
        row->order_id = order->order_id;
        row->quantity = order->quantity;
        explain->cancelled++;
        return;
    }
    explain->orders++;
    explain->units += order->quantity;
}

static void begin(void *context, const slc_state_t *base)
{
    explain_t *explain = context;
    slc_order_info_t order = {0};
    explain_finish(explain);
    *explain = (explain_t){.drop_id = explain->drop_id, .user = explain->user};
    if (!slc_state_drop(base, explain->drop_id, &explain->drop.info)) {
        return;
    }
    explain->was_seen = explain->drop.exists = true;
    while (slc_state_next_order(base, explain->drop_id, order.order_id, &order)) {
        explain->drop.accepted++;
        explain->drop.line++;
        take_order(explain, &order);
    }
    explain->drop.remaining = explain->drop.info.remaining;
}

/* ---- changes by operators ---- */

static void take_opening(explain_t *explain, const slc_event_t *event)
{
    slc_text_t name = event->as.drop_opened.name;
    explain->was_seen = true;
    explain->drop = (explain_drop_t){
        .exists = true,
        .info = {.drop_id = explain->drop_id,
                 .stock = event->as.drop_opened.stock,
                 .per_user_limit = event->as.drop_opened.per_user_limit,
                 .opens_at_us = event->as.drop_opened.opens_at_us,
                 .closes_at_us = event->as.drop_opened.closes_at_us},
        .remaining = event->as.drop_opened.stock,
    };
    memcpy(explain->drop.info.name, name.data, name.bytes);
    (void)add_row(explain, EXPLAIN_OPENED, EXPLAIN_JOURNAL, event->sequence, event->time_us);
}

static void take_cancellation(explain_t *explain, const slc_event_t *event)
{
    uint64_t order_id = event->as.order_cancelled.order_id;
    uint64_t quantity = 0;
    for (uint64_t i = 0; i < explain->count && quantity == 0; i++) {
        const explain_row_t *row = &explain->rows[i];
        bool is_order = row->kind == EXPLAIN_ATTEMPT && row->status == SLC_STATUS_ACCEPTED;
        quantity = is_order && row->order_id == order_id ? row->quantity : 0;
    }
    if (quantity == 0) {
        return; /* somebody else's */
    }
    explain_row_t *row =
        add_row(explain, EXPLAIN_CANCELLED, EXPLAIN_JOURNAL, event->sequence, event->time_us);
    row->order_id = order_id;
    row->quantity = quantity;
    explain->cancelled++;
    explain->orders--;
    explain->units -= quantity;
}

static void take_change(explain_t *explain, const slc_event_t *event)
{
    switch (event->kind) {
    case SLC_EVENT_DROP_OPENED:
        take_opening(explain, event);
        return;
    case SLC_EVENT_STOCK_ADJUSTED:
        add_row(explain, EXPLAIN_ADJUSTED, EXPLAIN_JOURNAL, event->sequence, event->time_us)->delta =
            event->as.stock_adjusted.delta;
        explain->drop.info.stock += (uint64_t)event->as.stock_adjusted.delta;
        return;
    case SLC_EVENT_DROP_CLOSED:
        (void)add_row(explain, EXPLAIN_CLOSED, EXPLAIN_JOURNAL, event->sequence, event->time_us);
        explain->drop.info.closed = true;
        return;
    case SLC_EVENT_DROP_PURGED: /* what comes behind a new opening is another drop */
        (void)add_row(explain, EXPLAIN_PURGED, EXPLAIN_JOURNAL, event->sequence, event->time_us);
        explain->drop = (explain_drop_t){0};
        explain->attempts = explain->orders = explain->units = explain->cancelled = 0;
        return;
    case SLC_EVENT_ORDER_CANCELLED:
        take_cancellation(explain, event);
        return;
    case SLC_EVENT_ORDER_PLACED:
        return;
    }
}

/* ---- attempts ---- */

/* Keeps the moment at which the last unit went. */
static void note_sold_out(explain_t *explain, const slc_event_t *event, uint64_t remaining)
{
    explain_drop_t *drop = &explain->drop;
    bool is_new = drop->exists && remaining == 0 && drop->remaining > 0;
    if (remaining > 0) {
        drop->sold_out_time_us = drop->sold_out_sequence = 0;
    } else if (is_new && event->kind == SLC_EVENT_ORDER_PLACED) {
        drop->sold_out_sequence = event->sequence;
        drop->sold_out_time_us = event->time_us;
        add_row(explain, EXPLAIN_SOLD_OUT, EXPLAIN_JOURNAL, event->sequence, event->time_us)->order_id =
            event->sequence;
    }
    drop->remaining = remaining;
}

static void take_buy(explain_t *explain, const slc_event_t *event, const slc_outcome_t *outcome)
{
    slc_text_t user = event->as.order_placed.user;
    bool is_accepted = outcome->status == SLC_STATUS_ACCEPTED && !outcome->replayed;
    explain->drop.line += outcome->replayed ? 0 : 1;
    explain->drop.accepted += is_accepted ? 1 : 0;
    if (!is_same(explain->user, user.data, user.bytes)) {
        return;
    }
    explain_row_t *row =
        add_row(explain, EXPLAIN_ATTEMPT, EXPLAIN_JOURNAL, event->sequence, event->time_us);
    row->place = outcome->replayed ? 0 : explain->drop.line;
    row->win = is_accepted ? explain->drop.accepted : 0;
    row->quantity = event->as.order_placed.quantity;
    row->order_key = event->as.order_placed.order_key;
    row->order_id = outcome->order_id;
    row->status = outcome->status;
    row->replayed = outcome->replayed;
    row->left_is_known = explain->drop.exists;
    explain->was_seen = true;
    explain->attempts += outcome->replayed ? 0 : 1;
    if (is_accepted) {
        explain->orders++;
        explain->units += row->quantity;
    }
}

static void take_event(void *context, const slc_event_t *event, const slc_outcome_t *outcome)
{
    explain_t *explain = context;
    if (outcome->drop_id != explain->drop_id) {
        return;
    }
    if (event->kind == SLC_EVENT_ORDER_PLACED) {
        take_buy(explain, event, outcome);
    } else if (outcome->status == SLC_STATUS_ACCEPTED && !outcome->replayed) {
        take_change(explain, event);
    }
    note_sold_out(explain, event, outcome->remaining);
}

static void take_attempt(void *context, const slc_attempt_t *attempt)
{
    explain_t *explain = context;
    if (attempt->drop_id != explain->drop_id) {
        return;
    }
    explain->drop.line++;
    if (!is_same(explain->user, attempt->user, attempt->user_bytes)) {
        return;
    }
    explain_row_t *row =
        add_row(explain, EXPLAIN_ATTEMPT, EXPLAIN_LOG, attempt->sequence, attempt->time_us);
    row->place = explain->drop.line;
    row->left = attempt->remaining;
    row->left_is_known = attempt->status != SLC_STATUS_UNKNOWN_DROP;
    row->quantity = attempt->quantity;
    row->order_key = attempt->order_key;
    row->status = (slc_status_t)attempt->status;
    explain->was_seen = true;
    explain->attempts++;
}

slc_listener_t explain_listener(explain_t *explain)
{
    return (slc_listener_t){
        .context = explain, .begin = begin, .event = take_event, .attempt = take_attempt};
}

void explain_finish(explain_t *explain)
{
    free(explain->rows);
    explain->rows = NULL;
}

/* ---- the verdict ---- */

const char *explain_verdict(const explain_t *explain)
{
    return explain->units > 0       ? "won"
           : explain->cancelled > 0 ? "cancelled"
           : explain->attempts > 0  ? "lost"
                                    : "never tried";
}

const explain_row_t *explain_decisive(const explain_t *explain)
{
    const explain_row_t *found = NULL;
    for (uint64_t i = 0; i < explain->count; i++) {
        const explain_row_t *row = &explain->rows[i];
        if (row->kind == EXPLAIN_PURGED) {
            found = NULL;
        } else if (row->kind == EXPLAIN_ATTEMPT && found == NULL) {
            found = row;
        }
    }
    return found;
}
