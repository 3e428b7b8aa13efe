#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t below(clients_t *clients, uint64_t bound)
{
    return fake_random(&clients->random) % bound;
}

bool plan_may_repeat(const want_t *want)
{
    return want->op == 0 ? want->event.as.order_placed.order_key != 0
                         : want->event.kind == 0 || want->event.op_key != 0;
}

static uint32_t operations(const clients_t *clients)
{
    return clients->config.drops + clients->config.buys / 6;
}

bool clients_have_asked(const clients_t *clients)
{
    return clients->asked >= clients->config.buys && clients->operated >= operations(clients);
}

static bool is_open(const want_t *want)
{
    return !want->done && !want->in_flight && !want->given_up;
}

bool clients_are_done(const clients_t *clients)
{
    const history_t *history = clients->history;
    for (size_t i = 0; i < history->want_count; i++) {
        if (is_open(&history->wants[i]) || history->wants[i].in_flight) {
            return false;
        }
    }
    return clients_have_asked(clients);
}

bool plan_has_work(const clients_t *clients, uint32_t who)
{
    const client_t *client = &clients->all[who];
    for (size_t i = 0; i < clients->history->want_count; i++) {
        if (clients->history->wants[i].client == who && is_open(&clients->history->wants[i])) {
            return true;
        }
    }
    return client->is_operator ? clients->operated < operations(clients)
                               : clients->asked < clients->config.buys;
}

/* ---- BUYs ---- */

static void new_buy(clients_t *clients, want_t *want)
{
    uint64_t key = below(clients, 10) == 0 ? 0 : 1 + (fake_random(&clients->random) >> 1);
    want->event = (slc_event_t){
        .kind = SLC_EVENT_ORDER_PLACED,
        .as.order_placed = {.drop_id = 1 + below(clients, clients->config.drops),
                            .order_key = key,
                            .quantity = 1 + below(clients, 3)},
    };
    if (below(clients, 100) == 0) {
        want->event.as.order_placed.drop_id = 99; /* nobody opens it */
    }
    (void)snprintf(want->text, sizeof want->text, "user-%u%s",
                   (unsigned)below(clients, clients->config.users),
                   below(clients, 8) == 0 ? "-with-a-name-that-needs-the-second-cache-line" : "");
}

/* The same order from another device, or something else under a used key. */
static bool copy_buy(clients_t *clients, want_t *want)
{
    const history_t *history = clients->history;
    if (history->want_count < 2) {
        return false;
    }
    const want_t *other = &history->wants[below(clients, history->want_count - 1)];
    if (other->op != 0 || other->event.as.order_placed.order_key == 0) {
        return false;
    }
    want->event = other->event;
    memcpy(want->text, other->text, sizeof want->text);
    if (below(clients, 5) == 0) {
        want->event.as.order_placed.quantity++;
    }
    return true;
}

/* ---- operators ---- */

static uint64_t some_order(clients_t *clients)
{
    const history_t *history = clients->history;
    for (int tries = 0; tries < 8 && history->heard_count > 0; tries++) {
        const heard_t *heard = &history->heards[below(clients, history->heard_count)];
        if (heard->status == SLC_STATUS_ACCEPTED && heard->order_id != 0) {
            return heard->order_id;
        }
    }
    return 1 + below(clients, 50);
}

static void open_drop(clients_t *clients, want_t *want, uint64_t drop_id)
{
    uint64_t stock = clients->config.stock;
    want->op = SLC_CONTROL_OPEN_DROP;
    want->event.kind = SLC_EVENT_DROP_OPENED;
    want->event.as.drop_opened.drop_id = drop_id;
    want->event.as.drop_opened.stock = stock / 2 + below(clients, stock + 1);
    want->event.as.drop_opened.per_user_limit = below(clients, 3) == 0 ? 2 + below(clients, 6) : 0;
    if (below(clients, 4) == 0) {
        want->event.as.drop_opened.opens_at_us = clients->now_us + below(clients, 50000);
    }
    if (below(clients, 6) == 0) {
        want->event.as.drop_opened.closes_at_us = clients->now_us + 50001 + below(clients, 200000);
    }
    (void)snprintf(want->text, sizeof want->text, "drop %u", (unsigned)drop_id);
}

static void change_drop(clients_t *clients, want_t *want, uint64_t drop_id)
{
    uint64_t toss = below(clients, 1000);
    if (toss < clients->config.restock) {
        want->op = SLC_CONTROL_ADJUST_STOCK;
        want->event.kind = SLC_EVENT_STOCK_ADJUSTED;
        want->event.as.stock_adjusted.drop_id = drop_id;
        want->event.as.stock_adjusted.delta = 1 + (int64_t)below(clients, clients->config.stock / 2 + 1);
        if (below(clients, 4) == 0) {
            want->event.as.stock_adjusted.delta *= -1;
        }
        return;
    }
    toss = below(clients, 100);
    if (toss < 60) {
        want->op = SLC_CONTROL_CANCEL_ORDER;
        want->event.kind = SLC_EVENT_ORDER_CANCELLED;
        want->event.as.order_cancelled.order_id = some_order(clients);
    } else if (toss < 75) {
        open_drop(clients, want, drop_id);
    } else {
        want->op = toss < 88 ? SLC_CONTROL_CLOSE_DROP : SLC_CONTROL_PURGE_DROP;
        want->event.kind = toss < 88 ? SLC_EVENT_DROP_CLOSED : SLC_EVENT_DROP_PURGED;
        want->event.as.drop_closed.drop_id = drop_id;
    }
}

static void new_operation(clients_t *clients, want_t *want)
{
    uint64_t drop_id = 1 + below(clients, clients->config.drops);
    if (clients->operated < clients->config.drops) {
        open_drop(clients, want, clients->operated + 1);
    } else if (below(clients, 4) == 0) {
        static const slc_control_op_t queries[] = {SLC_CONTROL_GET_STATUS, SLC_CONTROL_GET_DROP,
                                                   SLC_CONTROL_TAKE_SNAPSHOT};
        want->op = queries[below(clients, 3)];
        want->event.as.drop_closed.drop_id = drop_id;
    } else {
        change_drop(clients, want, drop_id);
    }
    if (want->event.kind != 0 && below(clients, 10) != 0) {
        want->event.op_key = 1 + (fake_random(&clients->random) >> 1);
    }
}

/* ---- next ---- */

/* Something that was asked and not answered; or, without need, something that was. */
static bool again(clients_t *clients, uint32_t who, uint32_t *ret_want)
{
    const history_t *history = clients->history;
    for (uint32_t i = 0; i < history->want_count; i++) {
        if (history->wants[i].client == who && is_open(&history->wants[i])) {
            *ret_want = i;
            return true;
        }
    }
    if (clients->draining || history->want_count == 0 || below(clients, 12) != 0) {
        return false;
    }
    *ret_want = (uint32_t)below(clients, history->want_count);
    const want_t *want = &history->wants[*ret_want];
    return want->client == who && plan_may_repeat(want);
}

bool plan_next(clients_t *clients, uint32_t who, uint32_t *ret_want)
{
    bool is_operator = clients->all[who].is_operator;
    if (again(clients, who, ret_want)) {
        return true;
    }
    if (is_operator ? clients->operated >= operations(clients) : clients->asked >= clients->config.buys) {
        return false;
    }
    want_t *want = history_want(clients->history, ret_want);
    want->client = who;
    if (is_operator) {
        new_operation(clients, want);
        clients->operated++;
        return true;
    }
    if (below(clients, 20) != 0 || !copy_buy(clients, want)) {
        new_buy(clients, want);
    }
    clients->asked++;
    return true;
}

size_t plan_encode(want_t *want, uint64_t request_id, uint8_t *out)
{
    const slc_event_t *event = &want->event;
    if (want->op == 0) {
        const slc_buy_t buy = {.request_id = request_id,
                               .drop_id = event->as.order_placed.drop_id,
                               .order_key = event->as.order_placed.order_key,
                               .quantity = event->as.order_placed.quantity,
                               .user = {want->text, strlen(want->text)}};
        return slc_client_encode_buy(&buy, out);
    }
    slc_control_request_t request = {.op = want->op, .op_key = event->op_key, .name = want->text};
    request.drop_id = event->as.drop_closed.drop_id; /* the first field of all but one */
    if (event->kind == SLC_EVENT_DROP_OPENED) {
        request.stock = event->as.drop_opened.stock;
        request.per_user_limit = event->as.drop_opened.per_user_limit;
        request.opens_at_us = event->as.drop_opened.opens_at_us;
        request.closes_at_us = event->as.drop_opened.closes_at_us;
    } else if (event->kind == SLC_EVENT_STOCK_ADJUSTED) {
        request.delta = event->as.stock_adjusted.delta;
    } else if (event->kind == SLC_EVENT_ORDER_CANCELLED) {
        request.order_id = event->as.order_cancelled.order_id;
    }
    return slc_codec_encode_control_request(request_id, &request, out,
                                            SLC_CONTROL_REQUEST_FRAME_BYTES_MAX);
}

void plan_heard(clients_t *clients, want_t *want, const heard_t *heard)
{
    /* What asks for units and got none is asked for again now and then, behind a restock perhaps. */
    bool may = !clients->draining && plan_may_repeat(want);
    bool sold_out = want->op == 0 && heard->status == SLC_STATUS_SOLD_OUT;
    clients->read_only += heard->status == SLC_STATUS_READ_ONLY;
    if (may && ((sold_out && below(clients, 6) == 0) ||
                (heard->status == SLC_STATUS_READ_ONLY && below(clients, 2) == 0))) {
        want->done = false;
    }
}
