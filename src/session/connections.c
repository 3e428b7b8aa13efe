#include "session/connections.h"

#include "base/check.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

#define LINE_PAIR_BYTES 128u

/* On lines of its own: no other thread writes there. */
static slc_session_meters_t *meters_create(void)
{
    size_t bytes =
        (sizeof(slc_session_meters_t) + LINE_PAIR_BYTES - 1) / LINE_PAIR_BYTES * LINE_PAIR_BYTES;
    slc_session_meters_t *meters = aligned_alloc(LINE_PAIR_BYTES, bytes);
    if (meters != NULL) {
        memset(meters, 0, bytes);
    }
    return meters;
}

slc_err_t slc_connections_init(slc_connections_t *connections, const slc_net_t *net,
                               const slc_session_limits_t *limits, slc_error_t *ret_error)
{
    *connections = (slc_connections_t){.limits = *limits, .net = net};
    uint32_t count = limits->connections_max;
    connections->table = calloc(count, sizeof *connections->table);
    connections->free_indices = calloc(count, sizeof *connections->free_indices);
    connections->meters = meters_create();
    if (connections->table == NULL || connections->free_indices == NULL || connections->meters == NULL ||
        slc_queue_init(&connections->ready, count) != SLC_OK ||
        slc_queue_init(&connections->dirty, count) != SLC_OK) {
        slc_connections_finish(connections);
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory for %u connections", count);
    }
    for (uint32_t i = 0; i < count; i++) {
        connections->table[i] = (slc_connection_t){.fd = -1, .index = i};
        connections->free_indices[i] = count - 1 - i; /* the lowest index comes off first */
    }
    connections->free_count = count;
    atomic_init(&connections->open, 0);
    return SLC_OK;
}

void slc_connections_finish(slc_connections_t *connections)
{
    for (uint32_t i = 0; connections->table != NULL && i < connections->limits.connections_max; i++) {
        if (connections->table[i].phase != SLC_PHASE_FREE) {
            slc_connection_close(connections, &connections->table[i]);
        }
    }
    free(connections->table);
    free(connections->free_indices);
    free(connections->meters);
    connections->meters = NULL;
    connections->table = NULL;
    connections->free_indices = NULL;
    slc_queue_finish(&connections->ready);
    slc_queue_finish(&connections->dirty);
}

slc_connection_t *slc_connection_open(slc_connections_t *connections, int fd, slc_peer_t peer)
{
    if (connections->free_count == 0) {
        return NULL;
    }
    slc_connection_t *connection =
        &connections->table[connections->free_indices[--connections->free_count]];
    SLC_CHECK(connection->phase == SLC_PHASE_FREE);
    /* A closed connection may still stand in a queue; its place there now serves its successor. */
    *connection = (slc_connection_t){
        .fd = fd,
        .index = connection->index,
        .generation = connection->generation + 1,
        .peer = (uint8_t)peer,
        .phase = peer == SLC_PEER_BUYER ? SLC_PHASE_HELLO : SLC_PHASE_OPEN,
        .is_ready = connection->is_ready,
        .is_dirty = connection->is_dirty,
        .active_ns = connections->now_ns,
    };
    if (peer == SLC_PEER_BUYER) {
        connection->read_deadline_ns = connections->now_ns + connections->limits.hello_timeout_ns;
    }
    slc_count(&connections->meters->accepted[peer], 1);
    /* relaxed: a count for people */
    atomic_fetch_add_explicit(&connections->open, 1, memory_order_relaxed);
    return connection;
}

void slc_connection_close(slc_connections_t *connections, slc_connection_t *connection)
{
    SLC_CHECK(connection->phase != SLC_PHASE_FREE);
    /* Linux frees the descriptor whatever close says, and nobody waits for these bytes any more. */
    (void)connections->net->close(connections->net->self, connection->fd);
    free(connection->in.bytes);
    free(connection->out.bytes);
    connection->fd = -1;
    connection->phase = SLC_PHASE_FREE;
    connection->in = (slc_buffer_t){0};
    connection->out = (slc_buffer_t){0};
    connections->free_indices[connections->free_count++] = connection->index;
    atomic_fetch_sub_explicit(&connections->open, 1, memory_order_relaxed);
}

void slc_connection_last_words(slc_connections_t *connections, slc_connection_t *connection)
{
    connection->phase = SLC_PHASE_LAST_WORDS;
    connection->read_deadline_ns = 0;
    connection->in.begin = connection->in.end;
    slc_connection_append(connections, connection, 0); /* the flush ends it where nothing is owed */
}

slc_connection_t *slc_connection_find(slc_connections_t *connections, uint32_t index, uint32_t generation)
{
    if (index >= connections->limits.connections_max) {
        return NULL;
    }
    slc_connection_t *connection = &connections->table[index];
    return connection->phase != SLC_PHASE_FREE && connection->generation == generation ? connection
                                                                                       : NULL;
}

uint64_t slc_connections_open(const slc_connections_t *connections)
{
    return atomic_load_explicit(&connections->open, memory_order_relaxed);
}

void slc_connection_make_ready(slc_connections_t *connections, slc_connection_t *connection)
{
    if (!connection->is_ready) {
        connection->is_ready = true;
        slc_queue_push(&connections->ready, connection->index);
    }
}

uint32_t slc_connection_window(slc_connections_t *connections, slc_connection_t *connection)
{
    uint32_t window = connections->limits.in_flight_max;
    if (connection->in_flight >= window ||
        connection->out.end - connection->out.begin >= SLC_OUTBOX_BYTES_SOFT) {
        connection->paused = true;
        return 0;
    }
    return window - connection->in_flight;
}

bool slc_connection_keep_input(slc_connections_t *connections, slc_connection_t *connection,
                               const uint8_t *bytes, size_t count)
{
    slc_buffer_t *in = &connection->in;
    if (count > in->capacity) {
        size_t capacity = count < 1024 ? 1024 : count;
        uint8_t *grown = malloc(capacity);
        if (grown == NULL) {
            slc_connection_close(connections, connection);
            return false;
        }
        memcpy(grown, bytes, count); /* `bytes` may lie in the old buffer */
        free(in->bytes);
        *in = (slc_buffer_t){.bytes = grown, .end = count, .capacity = capacity};
        return true;
    }
    if (count > 0) {
        memmove(in->bytes, bytes, count);
    }
    in->begin = 0;
    in->end = count;
    return true;
}
