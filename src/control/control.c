#include "control/control.h"

#include "event/slot.h"
#include "wire/flat.h"

#include <stdio.h>

/* The last word to a peer that does not speak the protocol. */
static slc_command_t *refusal_create(const char *message)
{
    slc_command_t *command = slc_command_create(SLC_CONTROL_GET_STATUS, 0);
    if (command != NULL) {
        command->status = SLC_STATUS_INVALID;
        (void)snprintf(command->message, sizeof command->message, "%s", message);
    }
    return command;
}

/* What the frame's body asks; *ret_decided: it is refused already, *ret_broken: and the connection ends.
 * NULL: no memory. */
static slc_command_t *command_of(slc_control_ingress_t *control, const uint8_t *body, uint32_t bytes,
                                 bool *ret_decided, bool *ret_broken)
{
    slc_command_t *command = NULL;
    *ret_broken = false;
    switch ((int)slc_codec_decode_command(control->codec, body, bytes, &command)) {
    case SLC_OK:
        *ret_decided = false;
        return command;
    case SLC_ERR_REFUSED:
        *ret_decided = true;
        return command;
    case SLC_ERR_PROTOCOL:
        *ret_decided = true;
        *ret_broken = true;
        return refusal_create("frame: no ControlRequest of sluice.proto");
    default:
        return NULL;
    }
}

static void publish(slc_control_ingress_t *control, slc_connection_t *connection, uint64_t sequence,
                    slc_command_t *command, bool decided)
{
    slc_slot_t *slot = slc_ring_slot(control->ring, sequence);
    slot->request_id = command->request_id;
    slot->conn = slc_conn_id(control->io, connection->index, connection->generation);
    slot->as.command = command;
    slot->kind = decided ? SLC_SLOT_REFUSED : SLC_SLOT_COMMAND;
    slot->flags = SLC_SLOT_HAS_COMMAND;
    slot->status = (uint8_t)command->status;
    connection->in_flight++;
    slc_ring_publish_quietly(control->ring, sequence, 1);
}

/* One frame: bytes used, 0 where it has to wait or was the last of its connection. */
static size_t take_in_one(slc_control_ingress_t *control, slc_connection_t *connection,
                          const uint8_t *bytes, size_t count)
{
    const uint8_t *body = NULL;
    uint32_t body_bytes = 0;
    size_t used = 0;
    slc_frame_t frame =
        slc_frame_next(bytes, count, SLC_CONTROL_FRAME_BYTES_MAX, &body, &body_bytes, &used);
    if (frame == SLC_FRAME_PARTIAL || slc_connection_window(control->connections, connection) == 0) {
        return 0;
    }
    uint64_t sequence;
    if (!slc_ring_try_claim(control->ring, 1, &sequence)) {
        slc_connection_make_ready(control->connections, connection);
        return 0;
    }
    bool decided = true;
    bool broken = frame != SLC_FRAME_WHOLE;
    slc_command_t *command = broken ? refusal_create("frame: its length is over the limit or no varint")
                                    : command_of(control, body, body_bytes, &decided, &broken);
    if (command == NULL) { /* without memory for its request it loses its connection, nothing else */
        slc_slot_t *slot = slc_ring_slot(control->ring, sequence);
        slot->conn = SLC_CONN_NOBODY;
        slot->kind = SLC_SLOT_REFUSED;
        slot->flags = 0;
        slc_ring_publish_quietly(control->ring, sequence, 1);
        slc_connection_last_words(control->connections, connection);
        return 0;
    }
    publish(control, connection, sequence, command, decided);
    if (broken) {
        slc_connection_last_words(control->connections, connection);
        return 0;
    }
    return used;
}

size_t slc_control_take_in(void *context, slc_connection_t *connection, const uint8_t *bytes,
                           size_t count)
{
    slc_control_ingress_t *control = context;
    size_t used = 0;
    while (used < count && connection->phase == SLC_PHASE_OPEN) {
        size_t frame_bytes = take_in_one(control, connection, bytes + used, count - used);
        if (frame_bytes == 0) {
            break;
        }
        used += frame_bytes;
    }
    return used;
}
