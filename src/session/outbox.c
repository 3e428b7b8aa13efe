/* The sending half of a connection: see connections.h. */
#include "session/connections.h"

#include "base/check.h"

#include <errno.h>
#include <string.h>

/* How long a peer may take to notice that it was refused. */
#define LINGER_NS (UINT64_C(1) * 1000 * 1000 * 1000)

uint8_t *slc_connection_reserve(slc_connections_t *connections, slc_connection_t *connection,
                                size_t bytes)
{
    slc_buffer_t *out = &connection->out;
    if (out->capacity - out->end >= bytes) {
        return out->bytes + out->end;
    }
    size_t waiting = out->end - out->begin;
    if (out->begin > 0 && out->capacity - waiting >= bytes && waiting <= out->capacity / 2) {
        memmove(out->bytes, out->bytes + out->begin, waiting);
        out->begin = 0;
        out->end = waiting;
        return out->bytes + waiting;
    }
    size_t capacity = out->capacity < 4096 ? 4096 : out->capacity * 2;
    while (capacity - waiting < bytes) {
        capacity *= 2;
    }
    uint8_t *grown = malloc(capacity);
    if (grown == NULL) {
        slc_connection_close(connections, connection);
        return NULL;
    }
    if (waiting > 0) {
        memcpy(grown, out->bytes + out->begin, waiting);
    }
    free(out->bytes);
    *out = (slc_buffer_t){.bytes = grown, .end = waiting, .capacity = capacity};
    return out->bytes + waiting;
}

void slc_connection_append(slc_connections_t *connections, slc_connection_t *connection, size_t bytes)
{
    connection->out.end += bytes;
    SLC_CHECK(connection->out.end <= connection->out.capacity);
    if (!connection->is_dirty) {
        connection->is_dirty = true;
        slc_queue_push(&connections->dirty, connection->index);
    }
}

/* Everything is sent: nothing to wait for, and perhaps nothing left to do. */
static void sent_all(slc_connections_t *connections, slc_connection_t *connection)
{
    connection->out.begin = 0;
    connection->out.end = 0;
    connection->write_deadline_ns = 0;
    if (connection->phase != SLC_PHASE_LAST_WORDS || connection->in_flight > 0) {
        return;
    }
    if (connection->eof || connections->net->shutdown(connections->net->self, connection->fd) != 0) {
        slc_connection_close(connections, connection);
        return;
    }
    connection->phase = SLC_PHASE_LINGER;
    connection->read_deadline_ns = connections->now_ns + LINGER_NS;
    slc_connection_make_ready(connections, connection);
}

static void flush_one(slc_connections_t *connections, slc_connection_t *connection)
{
    slc_buffer_t *out = &connection->out;
    while (out->begin < out->end) {
        ssize_t put = connections->net->send(connections->net->self, connection->fd,
                                             out->bytes + out->begin, out->end - out->begin);
        if (put > 0) {
            out->begin += (size_t)put;
            connection->write_deadline_ns = 0;
            continue;
        }
        if (put == -EAGAIN || put == -EWOULDBLOCK) {
            if (connection->write_deadline_ns == 0) {
                connection->write_deadline_ns =
                    connections->now_ns + connections->limits.write_timeout_ns;
            }
            break;
        }
        slc_connection_close(connections, connection); /* the peer is gone; its orders stay */
        return;
    }
    if (connection->paused && out->end - out->begin < SLC_OUTBOX_BYTES_SOFT &&
        connection->in_flight < connections->limits.in_flight_max) {
        connection->paused = false;
        slc_connection_make_ready(connections, connection);
    }
    if (out->begin == out->end) {
        sent_all(connections, connection);
    }
}

void slc_connections_flush(slc_connections_t *connections)
{
    for (uint32_t left = slc_queue_count(&connections->dirty); left > 0; left--) {
        slc_connection_t *connection = &connections->table[slc_queue_pop(&connections->dirty)];
        connection->is_dirty = false;
        if (connection->phase != SLC_PHASE_FREE) {
            flush_one(connections, connection);
        }
    }
}

void slc_connection_writable(slc_connections_t *connections, slc_connection_t *connection)
{
    if (connection->out.begin < connection->out.end && !connection->is_dirty) {
        connection->is_dirty = true;
        slc_queue_push(&connections->dirty, connection->index);
    }
}

bool slc_connections_sweep(slc_connections_t *connections)
{
    bool running = false;
    uint64_t now_ns = connections->now_ns;
    uint64_t idle_ns = connections->limits.idle_timeout_ns;
    for (uint32_t i = 0; i < connections->limits.connections_max; i++) {
        slc_connection_t *connection = &connections->table[i];
        if (connection->phase == SLC_PHASE_FREE) {
            continue;
        }
        /* A paused connection waits for us, not we for it. */
        bool read_over = !connection->paused && connection->read_deadline_ns != 0 &&
                         connection->read_deadline_ns <= now_ns;
        bool write_over = connection->write_deadline_ns != 0 && connection->write_deadline_ns <= now_ns;
        bool idle_over = idle_ns != 0 && connection->in_flight == 0 &&
                         connection->out.begin == connection->out.end &&
                         connection->active_ns + idle_ns <= now_ns;
        if (read_over || write_over || idle_over) {
            slc_connection_close(connections, connection);
            continue;
        }
        running |=
            connection->read_deadline_ns != 0 || connection->write_deadline_ns != 0 || idle_ns != 0;
    }
    return running;
}
