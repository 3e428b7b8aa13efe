/* Operators' changes. Each function below judges one kind in the order that logic.h gives, and either
 * changes the state and answers ACCEPTED, or says why not. */
#include "logic/core.h"

#include "base/check.h"
#include "base/error.h"
#include "base/hash.h"

#include <inttypes.h>
#include <string.h>

#define TEXT_BYTES 256

/* A change on its way: what is asked, and what is answered. */
typedef struct slc_change {
    slc_logic_t *logic;
    const slc_event_t *event;
    slc_answer_t *answer;
    slc_error_t *why; /* takes the sentence of a refusal; NULL: nobody reads it */
    slc_drop_t *drop; /* the drop concerned, where the change was accepted */
} slc_change_t;

/* Refuses a change with a status and a sentence. */
#define REFUSE(change, refused_with, ...)                                                                \
    do {                                                                                                 \
        (change)->answer->status = (refused_with);                                                       \
        (void)slc_error_set((change)->why, SLC_ERR_REFUSED, __VA_ARGS__);                                \
    } while (0)

static void accept(slc_change_t *change, slc_drop_t *drop)
{
    change->drop = drop;
    change->answer->status = SLC_STATUS_ACCEPTED;
    change->answer->sequence = change->event->sequence;
    change->answer->time_us = change->event->time_us;
}

/* The drop of a change; NULL, and refused, where there is none. */
static slc_drop_t *drop_of(slc_change_t *change, uint64_t drop_id)
{
    slc_drop_t *drop = slc_drops_find(&change->logic->drops, drop_id);
    if (drop == NULL) {
        REFUSE(change, SLC_STATUS_UNKNOWN_DROP, "there is no drop %" PRIu64 " (any more)", drop_id);
    } else {
        change->answer->remaining = drop->remaining;
    }
    return drop;
}

static void open_drop(slc_change_t *change)
{
    slc_logic_t *logic = change->logic;
    uint64_t drop_id = change->event->as.drop_opened.drop_id;
    uint64_t stock = change->event->as.drop_opened.stock;
    uint64_t opens_at_us = change->event->as.drop_opened.opens_at_us;
    uint64_t closes_at_us = change->event->as.drop_opened.closes_at_us;
    slc_text_t name = change->event->as.drop_opened.name;
    if (opens_at_us == 0) {
        opens_at_us = change->event->time_us;
    }
    const slc_drop_t *there = slc_drops_find(&logic->drops, drop_id);
    change->answer->remaining = there == NULL ? 0 : there->remaining;
    if (drop_id == 0) {
        REFUSE(change, SLC_STATUS_INVALID, "drop_id: 0 is no drop");
    } else if (stock > SLC_STOCK_MAX) {
        REFUSE(change, SLC_STATUS_INVALID, "stock: %" PRIu64 " is over the most there can be, %" PRIu64,
               stock, SLC_STOCK_MAX);
    } else if (name.bytes > SLC_NAME_BYTES_MAX) {
        REFUSE(change, SLC_STATUS_INVALID, "name: longer than %d bytes", SLC_NAME_BYTES_MAX);
    } else if (there != NULL) {
        REFUSE(change, SLC_STATUS_CONFLICT, "drop %" PRIu64 " exists already", drop_id);
    } else if (closes_at_us != 0 && closes_at_us <= opens_at_us) {
        REFUSE(change, SLC_STATUS_INVALID,
               "closes_at_us: %" PRIu64 " is not behind the opening at %" PRIu64, closes_at_us,
               opens_at_us);
    } else {
        slc_drop_t *drop = slc_drops_add(&logic->drops, drop_id);
        drop->cut = logic->cut_number; /* it is in no cut begun before */
        drop->remaining = stock;
        drop->per_user_limit = change->event->as.drop_opened.per_user_limit;
        drop->opens_at_us = opens_at_us;
        drop->closes_at_us = closes_at_us;
        drop->name_bytes = (uint8_t)name.bytes;
        if (name.bytes > 0) {
            memcpy(drop->name, name.data, name.bytes);
        }
        accept(change, drop);
    }
}

static void adjust_stock(slc_change_t *change)
{
    uint64_t drop_id = change->event->as.stock_adjusted.drop_id;
    int64_t delta = change->event->as.stock_adjusted.delta;
    slc_drop_t *drop = drop_of(change, drop_id);
    if (drop == NULL) {
        return;
    }
    uint64_t stock = drop->remaining + drop->sold;
    uint64_t units = delta < 0 ? 0 - (uint64_t)delta : (uint64_t)delta;
    if (slc_drop_is_closed(drop, change->event->time_us)) {
        REFUSE(change, SLC_STATUS_CLOSED, "drop %" PRIu64 " is closed", drop_id);
    } else if (delta == 0) {
        REFUSE(change, SLC_STATUS_INVALID, "delta: 0 changes nothing");
    } else if (delta < 0 && units > drop->remaining) {
        REFUSE(change, SLC_STATUS_CONFLICT,
               "drop %" PRIu64 " has sold %" PRIu64 " of %" PRIu64 ": at most %" PRIu64
               " can be taken away, not %" PRIu64,
               drop_id, drop->sold, stock, drop->remaining, units);
    } else if (delta > 0 && units > SLC_STOCK_MAX - stock) {
        REFUSE(change, SLC_STATUS_CONFLICT,
               "drop %" PRIu64 " has a stock of %" PRIu64 ": at most %" PRIu64
               " can be added, not %" PRIu64,
               drop_id, stock, SLC_STOCK_MAX - stock, units);
    } else {
        slc_before_change(change->logic, drop);
        drop->remaining = delta < 0 ? drop->remaining - units : drop->remaining + units;
        accept(change, drop);
    }
}

static void close_drop(slc_change_t *change)
{
    slc_drop_t *drop = drop_of(change, change->event->as.drop_closed.drop_id);
    if (drop == NULL) {
        return;
    }
    if (slc_drop_is_closed(drop, change->event->time_us)) {
        REFUSE(change, SLC_STATUS_CLOSED, "drop %" PRIu64 " is closed already", drop->drop_id);
        return;
    }
    slc_before_change(change->logic, drop);
    drop->closed = true;
    accept(change, drop);
}

static void purge_drop(slc_change_t *change)
{
    slc_drop_t *drop = drop_of(change, change->event->as.drop_purged.drop_id);
    if (drop == NULL) {
        return;
    }
    if (!slc_drop_is_closed(drop, change->event->time_us)) {
        REFUSE(change, SLC_STATUS_CONFLICT, "drop %" PRIu64 " is not closed: close it first",
               drop->drop_id);
        return;
    }
    accept(change, NULL);
    change->answer->remaining = 0;
    slc_purge_drop(change->logic, drop);
}

static void cancel_order(slc_change_t *change)
{
    slc_logic_t *logic = change->logic;
    uint64_t order_id = change->event->as.order_cancelled.order_id;
    change->answer->order_id = order_id;
    slc_ref_t ref;
    const slc_record_t *order = slc_find_order(logic, order_id, &ref);
    if (order == NULL) {
        REFUSE(change, SLC_STATUS_INVALID, "order_id: there is no order %" PRIu64 " (any more)",
               order_id);
        return;
    }
    slc_drop_t *drop = slc_drop_at(&logic->region, order->drop);
    slc_ref_t cancel_ref;
    if (slc_find_cancel(logic, order_id, &cancel_ref) != NULL) {
        change->answer->remaining = drop->remaining;
        REFUSE(change, SLC_STATUS_CANCELLED, "order %" PRIu64 " is cancelled already", order_id);
        return;
    }
    (void)slc_cancel_order(logic, ref, change->event->sequence, change->event->time_us);
    accept(change, drop);
}

slc_ref_t slc_cancel_order(slc_logic_t *logic, slc_ref_t order_ref, uint64_t sequence, uint64_t time_us)
{
    const slc_record_t *order = slc_record_at(&logic->region, order_ref);
    slc_drop_t *drop = slc_drop_at(&logic->region, order->drop);
    slc_text_t user = {slc_record_user(order), slc_record_user_bytes(order)};
    uint64_t user_bytes_hash = slc_hash(user.data, user.bytes);
    slc_record_parts_t parts = {
        .sequence = sequence,
        .key = order_ref,
        .time_us = time_us,
        .quantity = slc_record_quantity(order),
        .flags = SLC_RECORD_CANCEL,
    };
    SLC_CHECK(drop->sold >= parts.quantity);
    slc_before_change(logic, drop);
    uint64_t user_hash = slc_user_hash(logic, drop->drop_id, user_bytes_hash);
    slc_ref_t latest_ref = 0;
    if (drop->per_user_limit != 0) {
        const slc_record_t *latest = slc_find_user(logic, drop, user, user_hash, &latest_ref);
        SLC_CHECK(latest != NULL && slc_record_held(latest) >= parts.quantity);
        parts.held = slc_record_held(latest) - parts.quantity;
        parts.flags |= SLC_RECORD_HELD;
    }
    slc_ref_t ref = slc_append_record(logic, drop, &parts);
    slc_index_insert(&logic->cancels, slc_cancel_hash(order->sequence), ref);
    if (order->key != 0) {
        uint64_t hash = slc_key_hash(logic, drop->drop_id, user_bytes_hash, order->key);
        slc_index_replace(&logic->keys, hash, order_ref, ref);
    }
    if (latest_ref != 0) {
        slc_index_replace(&logic->users, user_hash, latest_ref, ref);
    }
    drop->remaining += parts.quantity;
    drop->sold -= parts.quantity;
    drop->cancelled++;
    uint64_t rise = slc_order_digest(drop, order, true) - slc_order_digest(drop, order, false);
    drop->kept_digest += rise;
    logic->digest += rise;
    return ref;
}

/* Remembers an accepted change under its key. */
static void remember(slc_change_t *change, uint64_t contents)
{
    const slc_event_t *event = change->event;
    const slc_op_t op = {
        .op_key = event->op_key,
        .contents = contents,
        .sequence = event->sequence,
        .time_us = event->time_us,
        .drop_id = change->drop == NULL ? event->as.drop_purged.drop_id : change->drop->drop_id,
        .kind = (uint32_t)event->kind,
    };
    change->logic->digest += slc_ops_remember(&change->logic->ops, change->drop, &op);
}

/* Answers a change whose key is known: as before, or CONFLICT. */
static void answer_known(slc_change_t *change, const slc_op_t *op, uint64_t contents)
{
    if (op->contents != contents || op->kind != (uint32_t)change->event->kind) {
        REFUSE(change, SLC_STATUS_CONFLICT,
               "op_key: event %" PRIu64 " was another change under the same key; draw a new one",
               op->sequence);
        return;
    }
    change->answer->status = SLC_STATUS_ACCEPTED;
    change->answer->replayed = true;
    change->answer->sequence = op->sequence;
    change->answer->time_us = op->time_us;
    if (op->drop != 0) {
        change->answer->remaining = slc_drop_at(&change->logic->region, op->drop)->remaining;
    }
    if (change->event->kind == SLC_EVENT_ORDER_CANCELLED) {
        change->answer->order_id = change->event->as.order_cancelled.order_id;
    }
}

static void judge_change(slc_change_t *change)
{
    switch (change->event->kind) {
    case SLC_EVENT_DROP_OPENED:
        open_drop(change);
        return;
    case SLC_EVENT_STOCK_ADJUSTED:
        adjust_stock(change);
        return;
    case SLC_EVENT_DROP_CLOSED:
        close_drop(change);
        return;
    case SLC_EVENT_DROP_PURGED:
        purge_drop(change);
        return;
    case SLC_EVENT_ORDER_CANCELLED:
        cancel_order(change);
        return;
    case SLC_EVENT_ORDER_PLACED: /* a BUY is judged in logic.c */
    default:
        return;
    }
}

bool slc_logic_recall(slc_logic_t *logic, const slc_event_t *event, slc_answer_t *ret_answer,
                      char ret_text[256])
{
    *ret_answer = (slc_answer_t){.sequence = logic->sequence, .time_us = logic->time_us};
    ret_text[0] = '\0';
    const slc_op_t *known = event->op_key == 0 ? NULL : slc_ops_find(&logic->ops, event->op_key);
    if (known == NULL) {
        return false;
    }
    slc_error_t why = {.code = SLC_OK};
    slc_change_t change = {.logic = logic, .event = event, .answer = ret_answer, .why = &why};
    answer_known(&change, known, slc_digest_change(event));
    memcpy(ret_text, why.message, TEXT_BYTES);
    ret_text[TEXT_BYTES - 1] = '\0';
    return true;
}

static void apply_order_placed(slc_logic_t *logic, const slc_event_t *event, slc_answer_t *ret_answer)
{
    slc_text_t user = event->as.order_placed.user;
    uint64_t quantity = event->as.order_placed.quantity;
    SLC_CHECK(user.bytes >= 1 && user.bytes <= SLC_USER_BYTES_MAX);
    SLC_CHECK(quantity >= 1 && quantity <= SLC_QUANTITY_MAX);
    const slc_ask_t ask = {
        .drop_id = event->as.order_placed.drop_id,
        .order_key = event->as.order_placed.order_key,
        .user_hash = slc_hash(user.data, user.bytes),
        .user = user.data,
        .user_bytes = (uint32_t)user.bytes,
        .quantity = (uint32_t)quantity,
    };
    slc_logic_buy(logic, &ask, event->sequence, event->time_us, ret_answer);
}

void slc_logic_apply(slc_logic_t *logic, const slc_event_t *event, slc_answer_t *ret_answer,
                     char ret_text[256])
{
    if (event->kind == SLC_EVENT_ORDER_PLACED) {
        if (ret_text != NULL) {
            ret_text[0] = '\0';
        }
        apply_order_placed(logic, event, ret_answer);
        return;
    }
    SLC_CHECK(event->kind > SLC_EVENT_ORDER_PLACED && event->kind <= SLC_EVENT_ORDER_CANCELLED);
    slc_logic_enter(logic, event->sequence, event->time_us);
    *ret_answer = (slc_answer_t){.sequence = logic->sequence, .time_us = logic->time_us};
    slc_error_t why = {.code = SLC_OK};
    slc_change_t change = {
        .logic = logic, .event = event, .answer = ret_answer, .why = ret_text == NULL ? NULL : &why};
    uint64_t contents = event->op_key == 0 ? 0 : slc_digest_change(event);
    const slc_op_t *known = event->op_key == 0 ? NULL : slc_ops_find(&logic->ops, event->op_key);
    if (known != NULL) {
        answer_known(&change, known, contents);
    } else {
        judge_change(&change);
        if (ret_answer->status == SLC_STATUS_ACCEPTED && event->op_key != 0) {
            remember(&change, contents);
        }
        if (change.drop != NULL) {
            ret_answer->remaining = change.drop->remaining;
            slc_drops_mark(&logic->drops, change.drop);
        }
    }
    slc_logic_leave(logic, event->sequence, event->time_us);
    if (ret_text != NULL) {
        memcpy(ret_text, why.message, TEXT_BYTES);
        ret_text[TEXT_BYTES - 1] = '\0';
    }
}
