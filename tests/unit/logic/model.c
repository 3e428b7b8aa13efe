#include "model.h"

#include <string.h>
#include <xxhash.h>

slc_drop_info_t *model_drop(model_t *model, uint64_t drop_id)
{
    for (size_t i = 0; i < model->drop_count; i++) {
        if (model->drops[i].drop_id == drop_id) {
            return &model->drops[i];
        }
    }
    return NULL;
}

static slc_order_info_t *order_by_id(model_t *model, uint64_t order_id)
{
    for (size_t i = 0; i < model->order_count; i++) {
        if (model->orders[i].order_id == order_id) {
            return &model->orders[i];
        }
    }
    return NULL;
}

static bool is_closed(const slc_drop_info_t *drop, uint64_t time_us)
{
    return drop->closed || (drop->closes_at_us != 0 && time_us >= drop->closes_at_us);
}

static bool same_user(const slc_order_info_t *order, slc_text_t user)
{
    return strlen(order->user) == user.bytes && memcmp(order->user, user.data, user.bytes) == 0;
}

static slc_answer_t refusal(const model_t *model, slc_status_t status, uint64_t remaining)
{
    return (slc_answer_t){
        .status = status, .remaining = remaining, .sequence = model->sequence, .time_us = model->time_us};
}

slc_answer_t model_buy(model_t *model, const slc_event_t *event, bool apply)
{
    slc_text_t user = event->as.order_placed.user;
    uint64_t quantity = event->as.order_placed.quantity;
    uint64_t key = event->as.order_placed.order_key;
    uint64_t held = 0;
    slc_drop_info_t *drop = model_drop(model, event->as.order_placed.drop_id);
    if (drop == NULL) {
        return refusal(model, SLC_STATUS_UNKNOWN_DROP, 0);
    }
    for (size_t i = 0; i < model->order_count; i++) {
        const slc_order_info_t *order = &model->orders[i];
        if (order->drop_id != drop->drop_id || !same_user(order, user)) {
            continue;
        }
        if (!order->cancelled) {
            held += order->quantity;
        }
        if (key == 0 || order->order_key != key) {
            continue;
        }
        if (order->quantity != quantity) {
            return refusal(model, SLC_STATUS_CONFLICT, drop->remaining);
        }
        slc_answer_t answer = refusal(model, SLC_STATUS_CANCELLED, drop->remaining);
        answer.order_id = order->order_id;
        answer.replayed = true;
        if (!order->cancelled) {
            answer.status = SLC_STATUS_ACCEPTED;
            answer.sequence = order->order_id;
            answer.time_us = order->time_us;
        }
        return answer;
    }
    slc_status_t status = event->time_us < drop->opens_at_us ? SLC_STATUS_NOT_OPEN
                          : is_closed(drop, event->time_us)  ? SLC_STATUS_CLOSED
                          : drop->remaining < quantity       ? SLC_STATUS_SOLD_OUT
                          : drop->per_user_limit != 0 && held + quantity > drop->per_user_limit
                              ? SLC_STATUS_LIMIT_EXCEEDED
                              : SLC_STATUS_ACCEPTED;
    if (status != SLC_STATUS_ACCEPTED || !apply) {
        return refusal(model, status, drop->remaining);
    }
    drop->remaining -= quantity;
    drop->sold += quantity;
    drop->orders++;
    slc_order_info_t *order = &model->orders[model->order_count++];
    *order = (slc_order_info_t){.order_id = event->sequence,
                                .drop_id = drop->drop_id,
                                .order_key = key,
                                .quantity = quantity,
                                .time_us = event->time_us};
    memcpy(order->user, user.data, user.bytes);
    return (slc_answer_t){.status = SLC_STATUS_ACCEPTED,
                          .order_id = event->sequence,
                          .remaining = drop->remaining,
                          .sequence = event->sequence,
                          .time_us = event->time_us};
}

static slc_status_t open_drop(model_t *model, const slc_event_t *event)
{
    uint64_t opens = event->as.drop_opened.opens_at_us;
    uint64_t closes = event->as.drop_opened.closes_at_us;
    opens = opens == 0 ? event->time_us : opens;
    if (event->as.drop_opened.drop_id == 0 || event->as.drop_opened.stock > SLC_STOCK_MAX) {
        return SLC_STATUS_INVALID;
    }
    if (model_drop(model, event->as.drop_opened.drop_id) != NULL) {
        return SLC_STATUS_CONFLICT;
    }
    if (closes != 0 && closes <= opens) {
        return SLC_STATUS_INVALID;
    }
    slc_drop_info_t *drop = &model->drops[model->drop_count++];
    *drop = (slc_drop_info_t){.drop_id = event->as.drop_opened.drop_id,
                              .stock = event->as.drop_opened.stock,
                              .remaining = event->as.drop_opened.stock,
                              .per_user_limit = event->as.drop_opened.per_user_limit,
                              .opens_at_us = opens,
                              .closes_at_us = closes};
    memcpy(drop->name, event->as.drop_opened.name.data, event->as.drop_opened.name.bytes);
    return SLC_STATUS_ACCEPTED;
}

static slc_status_t adjust(slc_drop_info_t *drop, const slc_event_t *event)
{
    int64_t delta = event->as.stock_adjusted.delta;
    if (drop == NULL) {
        return SLC_STATUS_UNKNOWN_DROP;
    }
    if (is_closed(drop, event->time_us)) {
        return SLC_STATUS_CLOSED;
    }
    if (delta == 0) {
        return SLC_STATUS_INVALID;
    }
    int64_t stock = (int64_t)drop->stock + delta;
    if (stock < (int64_t)drop->sold || stock > (int64_t)SLC_STOCK_MAX) {
        return SLC_STATUS_CONFLICT;
    }
    drop->stock = (uint64_t)stock;
    drop->remaining = drop->stock - drop->sold;
    return SLC_STATUS_ACCEPTED;
}

static slc_status_t cancel(model_t *model, const slc_event_t *event)
{
    slc_order_info_t *order = order_by_id(model, event->as.order_cancelled.order_id);
    if (order == NULL) {
        return SLC_STATUS_INVALID;
    }
    if (order->cancelled) {
        return SLC_STATUS_CANCELLED;
    }
    slc_drop_info_t *drop = model_drop(model, order->drop_id);
    order->cancelled = true;
    drop->cancelled++;
    drop->sold -= order->quantity;
    drop->remaining += order->quantity;
    return SLC_STATUS_ACCEPTED;
}

static slc_status_t purge(model_t *model, const slc_event_t *event)
{
    slc_drop_info_t *drop = model_drop(model, event->as.drop_purged.drop_id);
    if (drop == NULL) {
        return SLC_STATUS_UNKNOWN_DROP;
    }
    if (!is_closed(drop, event->time_us)) {
        return SLC_STATUS_CONFLICT;
    }
    uint64_t drop_id = drop->drop_id;
    size_t kept = 0;
    for (size_t i = 0; i < model->order_count; i++) {
        if (model->orders[i].drop_id != drop_id) {
            model->orders[kept++] = model->orders[i];
        }
    }
    model->order_count = kept;
    kept = 0;
    for (size_t i = 0; i < model->op_count; i++) {
        if (model->ops[i].drop_id != drop_id || model->ops[i].kind == SLC_EVENT_DROP_PURGED) {
            model->ops[kept++] = model->ops[i];
        }
    }
    model->op_count = kept;
    *drop = model->drops[--model->drop_count];
    return SLC_STATUS_ACCEPTED;
}

/* ---- the digest: bytes laid out one by one ---- */

typedef struct bytes {
    unsigned char at[256];
    size_t count;
} bytes_t;

static void put(bytes_t *bytes, uint64_t number)
{
    for (int shift = 0; shift < 64; shift += 8) {
        bytes->at[bytes->count++] = (unsigned char)(number >> shift);
    }
}

static void put_text(bytes_t *bytes, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bytes->at[bytes->count++] = (unsigned char)text[i];
    }
}

static uint64_t hash(const bytes_t *bytes)
{
    return XXH3_64bits(bytes->at, bytes->count);
}

static uint64_t contents(const slc_event_t *event)
{
    bytes_t bytes = {.count = 0};
    put(&bytes, (uint64_t)event->kind);
    if (event->kind == SLC_EVENT_DROP_OPENED) {
        put(&bytes, event->as.drop_opened.drop_id);
        put(&bytes, event->as.drop_opened.stock);
        put(&bytes, event->as.drop_opened.per_user_limit);
        put(&bytes, event->as.drop_opened.opens_at_us);
        put(&bytes, event->as.drop_opened.closes_at_us);
        put_text(&bytes, event->as.drop_opened.name.data, event->as.drop_opened.name.bytes);
    } else if (event->kind == SLC_EVENT_STOCK_ADJUSTED) {
        put(&bytes, event->as.stock_adjusted.drop_id);
        put(&bytes, (uint64_t)event->as.stock_adjusted.delta);
    } else if (event->kind == SLC_EVENT_ORDER_CANCELLED) {
        put(&bytes, event->as.order_cancelled.order_id);
    } else {
        put(&bytes, event->as.drop_closed.drop_id);
    }
    return hash(&bytes);
}

static uint64_t order_digest(const slc_order_info_t *order)
{
    bytes_t bytes = {.count = 0};
    put(&bytes, 1);
    put(&bytes, order->drop_id);
    put(&bytes, order->order_id);
    put(&bytes, order->order_key);
    put(&bytes, order->quantity);
    put(&bytes, order->time_us);
    put(&bytes, order->cancelled);
    put_text(&bytes, order->user, strlen(order->user));
    return hash(&bytes);
}

static uint64_t drop_digest(const slc_drop_info_t *drop)
{
    bytes_t bytes = {.count = 0};
    put(&bytes, 2);
    put(&bytes, drop->drop_id);
    put(&bytes, drop->stock);
    put(&bytes, drop->sold);
    put(&bytes, drop->per_user_limit);
    put(&bytes, drop->opens_at_us);
    put(&bytes, drop->closes_at_us);
    put(&bytes, drop->closed);
    put(&bytes, drop->orders);
    put(&bytes, drop->cancelled);
    put_text(&bytes, drop->name, strlen(drop->name));
    return hash(&bytes);
}

uint64_t model_digest(const model_t *model)
{
    uint64_t digest = 0;
    for (size_t i = 0; i < model->order_count; i++) {
        digest += order_digest(&model->orders[i]);
    }
    for (size_t i = 0; i < model->drop_count; i++) {
        digest += drop_digest(&model->drops[i]);
    }
    for (size_t i = 0; i < model->op_count; i++) {
        const model_op_t *op = &model->ops[i];
        bytes_t bytes = {.count = 0};
        put(&bytes, 3);
        put(&bytes, op->op_key);
        put(&bytes, (uint64_t)op->kind);
        put(&bytes, op->drop_id);
        put(&bytes, op->contents);
        put(&bytes, op->sequence);
        put(&bytes, op->time_us);
        digest += hash(&bytes);
    }
    return digest;
}

/* ---- any event ---- */

static slc_status_t change(model_t *model, const slc_event_t *event, uint64_t *ret_drop_id)
{
    *ret_drop_id = event->as.drop_closed.drop_id; /* the first field of all but a cancellation */
    slc_drop_info_t *drop = model_drop(model, *ret_drop_id);
    switch (event->kind) {
    case SLC_EVENT_DROP_OPENED:
        return open_drop(model, event);
    case SLC_EVENT_STOCK_ADJUSTED:
        return adjust(drop, event);
    case SLC_EVENT_DROP_CLOSED:
        if (drop == NULL || is_closed(drop, event->time_us)) {
            return drop == NULL ? SLC_STATUS_UNKNOWN_DROP : SLC_STATUS_CLOSED;
        }
        drop->closed = true;
        return SLC_STATUS_ACCEPTED;
    case SLC_EVENT_DROP_PURGED:
        return purge(model, event);
    case SLC_EVENT_ORDER_PLACED:
    case SLC_EVENT_ORDER_CANCELLED:
    default: {
        const slc_order_info_t *order = order_by_id(model, event->as.order_cancelled.order_id);
        *ret_drop_id = order == NULL ? 0 : order->drop_id;
        return cancel(model, event);
    }
    }
}

static slc_answer_t apply_change(model_t *model, const slc_event_t *event)
{
    slc_answer_t answer = refusal(model, SLC_STATUS_UNSPECIFIED, 0);
    uint64_t asked = contents(event);
    if (event->kind == SLC_EVENT_ORDER_CANCELLED) {
        answer.order_id = event->as.order_cancelled.order_id;
    }
    for (size_t i = 0; event->op_key != 0 && i < model->op_count; i++) {
        const model_op_t *op = &model->ops[i];
        if (op->op_key != event->op_key) {
            continue;
        }
        if (op->contents != asked) {
            answer.status = SLC_STATUS_CONFLICT;
            answer.order_id = 0;
            return answer;
        }
        answer.status = SLC_STATUS_ACCEPTED;
        answer.replayed = true;
        answer.sequence = op->sequence;
        answer.time_us = op->time_us;
        slc_drop_info_t *drop = model_drop(model, op->drop_id);
        answer.remaining = op->kind == SLC_EVENT_DROP_PURGED ? 0 : drop->remaining;
        return answer;
    }
    uint64_t drop_id;
    answer.status = change(model, event, &drop_id);
    const slc_drop_info_t *drop = model_drop(model, drop_id);
    answer.remaining = drop == NULL ? 0 : drop->remaining;
    if (answer.status == SLC_STATUS_ACCEPTED) {
        answer.sequence = event->sequence;
        answer.time_us = event->time_us;
        if (event->op_key != 0) {
            model->ops[model->op_count++] = (model_op_t){.op_key = event->op_key,
                                                         .drop_id = drop_id,
                                                         .contents = asked,
                                                         .sequence = event->sequence,
                                                         .time_us = event->time_us,
                                                         .kind = event->kind};
        }
    }
    return answer;
}

slc_answer_t model_apply(model_t *model, const slc_event_t *event)
{
    slc_answer_t answer = event->kind == SLC_EVENT_ORDER_PLACED ? model_buy(model, event, true)
                                                                : apply_change(model, event);
    model->sequence = event->sequence;
    model->time_us = event->time_us;
    return answer;
}
