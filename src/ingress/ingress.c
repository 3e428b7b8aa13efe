#include "ingress/ingress.h"

#include "base/error.h"
#include "session/hello.h"
#include "wire/flat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Input that waits is a frame at most when more is read, plus its prefix. */
#define FRAME_BYTES_MAX ((size_t)64 * 1024 + 5)
#define SCRATCH_BYTES (FRAME_BYTES_MAX + SLC_READ_BYTES)

slc_err_t slc_ingress_init(slc_ingress_t *ingress, slc_error_t *ret_error)
{
    ingress->scratch = malloc(SCRATCH_BYTES);
    if (ingress->scratch == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory for an input buffer");
    }
    return SLC_OK;
}

void slc_ingress_finish(slc_ingress_t *ingress)
{
    free(ingress->scratch);
    ingress->scratch = NULL;
}

/* Handles the Hello at the beginning, where it is whole: bytes used. */
static size_t take_in_hello(slc_ingress_t *ingress, slc_connection_t *connection, const uint8_t *bytes,
                            size_t count)
{
    const uint8_t *body;
    uint32_t body_bytes;
    size_t used = 0;
    switch (slc_frame_next(bytes, count, ingress->connections->limits.frame_bytes_max, &body, &body_bytes,
                           &used)) {
    case SLC_FRAME_WHOLE:
        slc_session_hello(ingress->connections, connection, ingress->codec, body, body_bytes);
        return used;
    case SLC_FRAME_PARTIAL:
        return 0;
    case SLC_FRAME_TOO_LONG:
    case SLC_FRAME_BROKEN:
        break;
    }
    slc_session_refuse(ingress->connections, connection, SLC_STATUS_INVALID,
                       "frame: this is not the delimited protobuf of sluice.proto");
    return 0;
}

static size_t take_in(slc_ingress_t *ingress, slc_connection_t *connection, const uint8_t *bytes,
                      size_t count)
{
    size_t used = 0;
    if (connection->phase == SLC_PHASE_HELLO) {
        used = take_in_hello(ingress, connection, bytes, count);
    }
    if (connection->phase == SLC_PHASE_OPEN && used < count) {
        used += connection->peer == SLC_PEER_BUYER
                    ? slc_ingress_take_in_buys(ingress, connection, bytes + used, count - used)
                    : ingress->take_in_operator(ingress->operator_context, connection, bytes + used,
                                                count - used);
    }
    return used;
}

/* The bytes behind what was used wait; a frame that they begin has to be whole in time. */
static void keep_rest(slc_ingress_t *ingress, slc_connection_t *connection, const uint8_t *bytes,
                      size_t count, bool progress)
{
    slc_connections_t *connections = ingress->connections;
    if (!slc_connection_keep_input(connections, connection, bytes, count) ||
        connection->phase != SLC_PHASE_OPEN) {
        return;
    }
    if (count == 0) {
        connection->read_deadline_ns = 0;
    } else if (progress || connection->read_deadline_ns == 0) {
        connection->read_deadline_ns = connections->now_ns + connections->limits.frame_timeout_ns;
    }
}

/* Reads once, behind `waiting` bytes that stand in scratch already: bytes now there; -1: it is gone. */
static int64_t read_more(slc_ingress_t *ingress, slc_connection_t *connection, size_t waiting)
{
    const slc_net_t *net = ingress->connections->net;
    ssize_t got = net->recv(net->self, connection->fd, ingress->scratch + waiting, SLC_READ_BYTES);
    if (got > 0) {
        connection->active_ns = ingress->connections->now_ns;
        if ((size_t)got == SLC_READ_BYTES || connection->hangup) {
            /* There may be more, or the end; otherwise a shorter read has emptied the socket, and epoll
             * will tell of news. */
            slc_connection_make_ready(ingress->connections, connection);
        }
        return (int64_t)waiting + got;
    }
    if (got == 0) {
        connection->eof = true;
        return (int64_t)waiting;
    }
    if (got == -EAGAIN || got == -EWOULDBLOCK) {
        return (int64_t)waiting;
    }
    slc_connection_close(ingress->connections, connection);
    return -1;
}

/* Input that waited goes first. True: it is used up but for a part of a frame, which is in scratch. */
static bool take_in_waiting(slc_ingress_t *ingress, slc_connection_t *connection, size_t *ret_waiting)
{
    slc_buffer_t *in = &connection->in;
    uint32_t generation = connection->generation;
    if (in->begin < in->end) {
        size_t used = take_in(ingress, connection, in->bytes + in->begin, in->end - in->begin);
        if (slc_connection_find(ingress->connections, connection->index, generation) == NULL) {
            return false;
        }
        in->begin += used;
        if (used > 0) {
            connection->read_deadline_ns =
                0; /* what is left is another frame; keep_rest starts its time */
        }
    }
    *ret_waiting = in->end - in->begin;
    bool may_read = !connection->paused && !connection->is_ready && *ret_waiting <= FRAME_BYTES_MAX &&
                    (connection->phase == SLC_PHASE_HELLO || connection->phase == SLC_PHASE_OPEN);
    if (may_read && *ret_waiting > 0) {
        memcpy(ingress->scratch, in->bytes + in->begin, *ret_waiting);
    }
    return may_read;
}

static void throw_away(slc_ingress_t *ingress, slc_connection_t *connection)
{
    int64_t got = read_more(ingress, connection, 0);
    if (got >= 0 && connection->eof) {
        slc_connection_close(ingress->connections, connection);
    }
}

static void turn_of(slc_ingress_t *ingress, slc_connection_t *connection)
{
    size_t waiting = 0;
    uint32_t generation = connection->generation;
    if (connection->phase == SLC_PHASE_LINGER) {
        throw_away(ingress, connection);
        return;
    }
    if (!take_in_waiting(ingress, connection, &waiting)) {
        return;
    }
    int64_t there = connection->eof ? (int64_t)waiting : read_more(ingress, connection, waiting);
    if (there < 0) {
        return;
    }
    size_t count = (size_t)there;
    size_t used = take_in(ingress, connection, ingress->scratch, count);
    if (slc_connection_find(ingress->connections, connection->index, generation) == NULL) {
        return;
    }
    if (connection->phase == SLC_PHASE_HELLO || connection->phase == SLC_PHASE_OPEN) {
        keep_rest(ingress, connection, ingress->scratch + used, count - used, used > 0);
    }
    /* Behind the end of its input an incomplete frame is nothing; complete ones are answered. */
    if (connection->phase != SLC_PHASE_FREE && connection->eof && !connection->paused &&
        !connection->is_ready) {
        slc_connection_last_words(ingress->connections, connection);
    }
}

uint32_t slc_ingress_turn(slc_ingress_t *ingress)
{
    slc_queue_t *ready = &ingress->connections->ready;
    uint32_t looked = 0;
    /* Only those that are ready now: one that becomes ready again in its turn waits for the next. */
    for (uint32_t left = slc_queue_count(ready); left > 0 && slc_ring_room(ingress->ring) > 0; left--) {
        slc_connection_t *connection = &ingress->connections->table[slc_queue_pop(ready)];
        connection->is_ready = false;
        if (connection->phase != SLC_PHASE_FREE && connection->phase != SLC_PHASE_LAST_WORDS) {
            turn_of(ingress, connection);
            looked++;
        }
    }
    return looked;
}
