#include "reply/reply.h"

#include "base/check.h"
#include "event/command.h"
#include "event/slot.h"
#include "wire/flat.h"
#include "wire/validate.h"

#include <string.h>

static void answered(slc_reply_t *reply, slc_connection_t *connection)
{
    SLC_CHECK(connection->in_flight > 0);
    connection->in_flight--;
    if (connection->paused && connection->out.end - connection->out.begin < SLC_OUTBOX_BYTES_SOFT) {
        connection->paused = false;
        slc_connection_make_ready(reply->connections, connection);
    }
}

static void answer_buyer(slc_reply_t *reply, slc_connection_t *connection, const slc_slot_t *slot)
{
    uint8_t *out = slc_connection_reserve(reply->connections, connection,
                                          SLC_REPLY_FRAME_BYTES_MAX + SLC_REPLY_MESSAGE_BYTES_MAX);
    if (out == NULL) {
        return;
    }
    slc_buy_reply_t message = {
        .request_id = slot->request_id,
        .order_id = slot->as.answer.order_id,
        .remaining = slot->as.answer.remaining,
        .sequence = slot->as.answer.sequence,
        .time_us = slot->kind == SLC_SLOT_BUY ? slot->time_us : 0,
        .status = (slc_status_t)slot->status,
        .replayed = (slot->flags & SLC_SLOT_REPLAYED) != 0,
    };
    if (slot->kind == SLC_SLOT_REFUSED) {
        message.message.data = slc_reason_text((slc_reason_t)slot->quantity);
        message.message.bytes = strlen(message.message.data);
    }
    slc_connection_append(reply->connections, connection, slc_flat_encode_reply(&message, out));
    answered(reply, connection);
}

static void answer_operator(slc_reply_t *reply, slc_connection_t *connection,
                            const slc_command_t *command)
{
    /* Only a list of drops needs much room. */
    size_t room = command->op == SLC_CONTROL_LIST_DROPS ? SLC_CONTROL_REPLY_FRAME_BYTES_MAX : 2048;
    uint8_t *out = slc_connection_reserve(reply->connections, connection, room);
    if (out == NULL) {
        return;
    }
    size_t bytes = slc_codec_encode_control_reply(command, out, room);
    SLC_CHECK(bytes > 0);
    slc_connection_append(reply->connections, connection, bytes);
    answered(reply, connection);
}

/* Slots of one mark that are answered in this turn, which took all of them as long. */
typedef struct tally {
    uint64_t end; /* of that mark */
    uint64_t at_ns;
    uint64_t slots;
} tally_t;

static void tally_close(const slc_reply_t *reply, const tally_t *tally)
{
    if (tally->slots > 0) {
        slc_histogram_add(&reply->connections->meters->request_ns, &slc_bounds_ns,
                          reply->connections->now_ns - tally->at_ns, tally->slots);
    }
}

static void tally_buy(const slc_reply_t *reply, tally_t *tally, uint64_t sequence, uint8_t status)
{
    slc_session_meters_t *meters = reply->connections->meters;
    if (sequence >= tally->end) {
        tally_close(reply, tally);
        const slc_mark_t *mark = slc_marks_of(&meters->marks, sequence);
        SLC_CHECK(mark != NULL); /* whoever claims a BUY's slot puts one */
        *tally = (tally_t){.end = mark->end, .at_ns = mark->at_ns};
    }
    tally->slots++;
    slc_count(&meters->buys[status], 1);
}

static void answer(slc_reply_t *reply, slc_slot_t *slot)
{
    slc_connection_t *connection = slc_connection_find(reply->connections, slc_conn_index(slot->conn),
                                                       slc_conn_generation(slot->conn));
    if ((slot->flags & SLC_SLOT_HAS_COMMAND) == 0) {
        if (connection != NULL) {
            answer_buyer(reply, connection, slot);
        }
        return;
    }
    slc_count(&reply->connections->meters->commands[slot->as.command->status], 1);
    if (connection != NULL) {
        answer_operator(reply, connection, slot->as.command);
    }
    slc_command_destroy(slot->as.command);
}

static int64_t batch(void *context, uint64_t first, uint64_t count)
{
    slc_reply_t *reply = context;
    tally_t tally = {0};
    for (uint64_t sequence = first; sequence < first + count; sequence++) {
        slc_slot_t *slot = slc_ring_slot(reply->ring, sequence);
        if (slot->conn != SLC_CONN_NOBODY && slc_conn_io(slot->conn) == reply->io) {
            if ((slot->flags & SLC_SLOT_HAS_COMMAND) == 0) {
                tally_buy(reply, &tally, sequence, slot->status);
            }
            answer(reply, slot);
        }
    }
    tally_close(reply, &tally);
    return (int64_t)count;
}

int64_t slc_reply_turn(slc_reply_t *reply)
{
    return slc_consumer_poll(reply->consumer, batch, reply);
}
