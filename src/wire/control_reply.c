/* ControlReply, both ways. */
#include "wire/codec.h"
#include "wire/codec_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the server's side ---- strings point into what is encoded; protobuf-c only reads them */

static void put_drop(Sluice__V1__Drop *message, slc_drop_info_t *drop)
{
    sluice__v1__drop__init(message);
    message->drop_id = drop->drop_id;
    message->name = drop->name;
    message->stock = drop->stock;
    message->sold = drop->sold;
    message->remaining = drop->remaining;
    message->per_user_limit = drop->per_user_limit;
    message->opens_at_us = drop->opens_at_us;
    message->closes_at_us = drop->closes_at_us;
    message->closed = drop->closed;
    message->orders = drop->orders;
    message->cancelled = drop->cancelled;
}

static void put_order(Sluice__V1__Order *message, slc_order_info_t *order)
{
    sluice__v1__order__init(message);
    message->order_id = order->order_id;
    message->drop_id = order->drop_id;
    message->user = order->user;
    message->quantity = order->quantity;
    message->order_key = order->order_key;
    message->time_us = order->time_us;
    message->cancelled = order->cancelled;
}

static void put_engine(Sluice__V1__EngineStatus *message, slc_engine_info_t *engine)
{
    sluice__v1__engine_status__init(message);
    message->applied_sequence = engine->applied_sequence;
    message->digest = engine->digest;
    message->drops = engine->drops;
    message->orders = engine->orders;
    message->version = engine->version;
    message->durability = engine->durability;
    message->journal_method = engine->journal_method;
    message->uptime_us = engine->uptime_us;
    message->connections = engine->connections;
    message->read_only = engine->read_only;
    message->attempts_missing = engine->attempts_missing;
    message->journal_bytes = engine->journal_bytes;
    message->journal_segments = engine->journal_segments;
    message->snapshot_sequence = engine->snapshot_sequence;
    message->snapshot_bytes = engine->snapshot_bytes;
    message->snapshot_time_us = engine->snapshot_time_us;
    message->snapshots_written = engine->snapshots_written;
    message->snapshots_failed = engine->snapshots_failed;
    message->snapshot_error = engine->snapshot_error;
    message->restored_events = engine->restored_events;
    message->buys_answered = engine->buys_answered;
    message->buys_refused = engine->buys_refused;
}

/* A page of drops needs room that the stack should not give: a block of the heap, for the call. */
static size_t pack_page(Sluice__V1__ControlReply *reply, const slc_command_t *answered, uint8_t *out,
                        size_t capacity)
{
    Sluice__V1__DropList list;
    size_t count = answered->drop_count;
    Sluice__V1__Drop *drops = calloc(count + 1, sizeof *drops);
    Sluice__V1__Drop **pointers = calloc(count + 1, sizeof(void *));
    size_t bytes = 0;
    sluice__v1__drop_list__init(&list);
    if (drops != NULL && pointers != NULL) {
        for (size_t i = 0; i < count; i++) {
            put_drop(&drops[i], &answered->drops[i]);
            pointers[i] = &drops[i];
        }
        list.n_drops = count;
        list.drops = pointers;
        list.next_after_drop_id = answered->next_after_drop_id;
        reply->result_case = SLUICE__V1__CONTROL_REPLY__RESULT_DROPS;
        reply->drops = &list;
        bytes = slc_codec_pack_frame(&reply->base, out, capacity);
        reply->result_case =
            SLUICE__V1__CONTROL_REPLY__RESULT__NOT_SET; /* the list ends with this call */
        reply->drops = NULL;
    }
    free(drops);
    free(pointers);
    return bytes;
}

size_t slc_codec_encode_control_reply(const slc_command_t *answered, uint8_t *out, size_t capacity)
{
    /* protobuf-c wants strings it could write to; it does not. The copy keeps the promise of const. */
    slc_command_t copy = *answered;
    Sluice__V1__ControlReply reply;
    Sluice__V1__Drop drop;
    Sluice__V1__Order order;
    Sluice__V1__EngineStatus engine;
    sluice__v1__control_reply__init(&reply);
    reply.request_id = copy.request_id;
    reply.status = (Sluice__V1__Status)copy.status;
    reply.message = copy.message;
    reply.replayed = copy.replayed;
    reply.sequence = copy.sequence;
    reply.time_us = copy.time_us;
    if (copy.op == SLC_CONTROL_LIST_DROPS && copy.status == SLC_STATUS_ACCEPTED) {
        return pack_page(&reply, &copy, out, capacity);
    }
    if (copy.has_drop) {
        put_drop(&drop, &copy.drop);
        reply.result_case = SLUICE__V1__CONTROL_REPLY__RESULT_DROP;
        reply.drop = &drop;
    } else if (copy.has_order) {
        put_order(&order, &copy.order);
        reply.result_case = SLUICE__V1__CONTROL_REPLY__RESULT_ORDER;
        reply.order = &order;
    } else if (copy.has_engine) {
        put_engine(&engine, &copy.engine);
        reply.result_case = SLUICE__V1__CONTROL_REPLY__RESULT_ENGINE;
        reply.engine = &engine;
    }
    return slc_codec_pack_frame(&reply.base, out, capacity);
}

/* ---- the client's side ---- */

static void copy_text(char *out, size_t capacity, const char *text)
{
    (void)snprintf(out, capacity, "%s", text);
}

static void get_drop(slc_drop_info_t *drop, const Sluice__V1__Drop *message)
{
    *drop = (slc_drop_info_t){
        .drop_id = message->drop_id,
        .stock = message->stock,
        .sold = message->sold,
        .remaining = message->remaining,
        .per_user_limit = message->per_user_limit,
        .opens_at_us = message->opens_at_us,
        .closes_at_us = message->closes_at_us,
        .orders = message->orders,
        .cancelled = message->cancelled,
        .closed = message->closed != 0,
    };
    copy_text(drop->name, sizeof drop->name, message->name);
}

static void get_order(slc_order_info_t *order, const Sluice__V1__Order *message)
{
    *order = (slc_order_info_t){
        .order_id = message->order_id,
        .drop_id = message->drop_id,
        .order_key = message->order_key,
        .quantity = message->quantity,
        .time_us = message->time_us,
        .cancelled = message->cancelled != 0,
    };
    copy_text(order->user, sizeof order->user, message->user);
}

static void get_engine(slc_engine_info_t *engine, const Sluice__V1__EngineStatus *message)
{
    *engine = (slc_engine_info_t){
        .applied_sequence = message->applied_sequence,
        .digest = message->digest,
        .drops = message->drops,
        .orders = message->orders,
        .uptime_us = message->uptime_us,
        .connections = message->connections,
        .attempts_missing = message->attempts_missing,
        .journal_bytes = message->journal_bytes,
        .journal_segments = message->journal_segments,
        .snapshot_sequence = message->snapshot_sequence,
        .snapshot_bytes = message->snapshot_bytes,
        .snapshot_time_us = message->snapshot_time_us,
        .snapshots_written = message->snapshots_written,
        .snapshots_failed = message->snapshots_failed,
        .restored_events = message->restored_events,
        .buys_answered = message->buys_answered,
        .buys_refused = message->buys_refused,
    };
    copy_text(engine->snapshot_error, sizeof engine->snapshot_error, message->snapshot_error);
    copy_text(engine->version, sizeof engine->version, message->version);
    copy_text(engine->durability, sizeof engine->durability, message->durability);
    copy_text(engine->journal_method, sizeof engine->journal_method, message->journal_method);
    copy_text(engine->read_only, sizeof engine->read_only, message->read_only);
}

static bool get_result(slc_control_reply_t *reply, const Sluice__V1__ControlReply *message)
{
    switch (message->result_case) {
    case SLUICE__V1__CONTROL_REPLY__RESULT_DROP:
        get_drop(&reply->drop, message->drop);
        return true;
    case SLUICE__V1__CONTROL_REPLY__RESULT_DROPS:
        if (message->drops->n_drops > SLC_DROPS_PAGE_MAX) {
            return false;
        }
        reply->drop_count = message->drops->n_drops;
        reply->next_after_drop_id = message->drops->next_after_drop_id;
        for (size_t i = 0; i < reply->drop_count; i++) {
            get_drop(&reply->drops[i], message->drops->drops[i]);
        }
        return true;
    case SLUICE__V1__CONTROL_REPLY__RESULT_ORDER:
        get_order(&reply->order, message->order);
        return true;
    case SLUICE__V1__CONTROL_REPLY__RESULT_ENGINE:
        get_engine(&reply->engine, message->engine);
        return true;
    case SLUICE__V1__CONTROL_REPLY__RESULT__NOT_SET:
    case _SLUICE__V1__CONTROL_REPLY__RESULT__CASE_IS_INT_SIZE:
        break;
    }
    return true;
}

bool slc_codec_decode_control_reply(slc_codec_t *codec, const uint8_t *bytes, size_t count,
                                    uint64_t *ret_request_id, slc_control_reply_t *ret_reply)
{
    const Sluice__V1__ControlReply *message =
        slc_codec_unpack(codec, &sluice__v1__control_reply__descriptor, bytes, count);
    if (message == NULL ||
        slc_codec_strings(&sluice__v1__control_reply__descriptor, bytes, count) != SLC_STRINGS_GOOD) {
        return false;
    }
    *ret_request_id = message->request_id;
    *ret_reply = (slc_control_reply_t){
        .status = slc_codec_status(message->status),
        .replayed = message->replayed != 0,
        .sequence = message->sequence,
        .time_us = message->time_us,
    };
    copy_text(ret_reply->message, sizeof ret_reply->message, message->message);
    return get_result(ret_reply, message);
}
