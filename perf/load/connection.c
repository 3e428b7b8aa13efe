#include "connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool load_connection_init(load_connection_t *connection, uint32_t window)
{
    memset(connection, 0, sizeof *connection);
    connection->fd = -1;
    connection->window = connection->unsent = connection->usable = window;
    connection->spare = malloc(window * sizeof *connection->spare);
    connection->pending = malloc(window * sizeof *connection->pending);
    connection->out = malloc(SLC_HELLO_FRAME_BYTES_MAX + (size_t)window * SLC_BUY_FRAME_BYTES_MAX);
    if (connection->spare == NULL || connection->pending == NULL || connection->out == NULL) {
        load_connection_finish(connection);
        return false;
    }
    for (uint32_t slot = 0; slot < window; slot++) {
        connection->spare[slot] = window - 1 - slot;
        connection->pending[slot] =
            (load_pending_t){.request_id = UINT64_C(1) + slot, .number = LOAD_NOTHING};
    }
    return true;
}

bool load_connection_keep_twins(load_connection_t *connection)
{
    connection->twins = calloc(connection->window, sizeof *connection->twins);
    return connection->twins != NULL;
}

void load_connection_finish(load_connection_t *connection)
{
    load_connection_drop(connection);
    free(connection->spare);
    free(connection->pending);
    free(connection->out);
    free(connection->twins);
    connection->twins = NULL;
    connection->spare = NULL;
    connection->pending = NULL;
    connection->out = NULL;
}

static bool failed(load_connection_t *connection, const char *what, int failure)
{
    char text[96];
    (void)snprintf(connection->why, sizeof connection->why, "%s: %s", what,
                   strerror_r(failure, text, sizeof text));
    return false;
}

bool load_connection_begin(load_connection_t *connection, const struct sockaddr_storage *address,
                           socklen_t address_bytes)
{
    connection->fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->fd < 0) {
        return failed(connection, "cannot make a socket", errno);
    }
    int on = 1;
    if (setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        return failed(connection, "cannot set TCP_NODELAY", errno);
    }
    if (connection->receive_bytes > 0 &&
        setsockopt(connection->fd, SOL_SOCKET, SO_RCVBUF, &connection->receive_bytes,
                   sizeof connection->receive_bytes) != 0) {
        return failed(connection, "cannot set SO_RCVBUF", errno);
    }
    if (connect(connection->fd, (const struct sockaddr *)address, address_bytes) != 0 &&
        errno != EINPROGRESS && errno != EINTR) {
        return failed(connection, "cannot connect (does sluiced listen where --connect says?)", errno);
    }
    static const char name[] = "sluice-load/" SLC_VERSION;
    slc_hello_t hello = {.protocol = SLC_PROTOCOL_VERSION,
                         .client = {.data = name, .bytes = sizeof name - 1},
                         .token = {.data = "", .bytes = 0}};
    connection->out_bytes = slc_client_encode_hello(&hello, connection->out);
    connection->state = LOAD_CONNECTING;
    return true;
}

void load_connection_drop(load_connection_t *connection)
{
    if (connection->fd >= 0) {
        (void)close(connection->fd);
    }
    connection->fd = -1;
    connection->state = LOAD_DOWN;
    connection->out_bytes = 0;
    connection->partial_bytes = 0;
    connection->waits_to_write = false;
}

bool load_connection_hang_up(load_connection_t *connection, bool abrupt)
{
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    int failure = abrupt ? setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset)
                         : shutdown(connection->fd, SHUT_WR);
    /* ENOTCONN: the server was quicker, and that is what was wanted. */
    if (failure != 0 && errno != ENOTCONN) {
        return failed(connection, "cannot hang up", errno);
    }
    load_connection_drop(connection);
    return true;
}

bool load_connection_connected(load_connection_t *connection)
{
    int failure = 0;
    socklen_t bytes = sizeof failure;
    if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &failure, &bytes) != 0) {
        failure = errno;
    }
    if (failure != 0) {
        return failed(connection, "cannot connect (does sluiced listen where --connect says?)", failure);
    }
    connection->state = LOAD_GREETING;
    return true;
}

bool load_connection_welcome(load_connection_t *connection, const slc_welcome_t *welcome)
{
    if (welcome->status != SLC_STATUS_ACCEPTED || welcome->max_in_flight == 0) {
        (void)snprintf(connection->why, sizeof connection->why, "refused: %s %.*s",
                       slc_status_name((int)welcome->status), (int)welcome->message.bytes,
                       welcome->message.data);
        return false;
    }
    connection->usable =
        connection->window < welcome->max_in_flight ? connection->window : welcome->max_in_flight;
    connection->state = LOAD_OPEN;
    return true;
}

static void put(load_connection_t *connection, const load_workload_t *workload,
                const load_pending_t *pending)
{
    load_request_t request;
    load_workload_request(workload, pending->number, &request);
    slc_buy_t buy = {
        .request_id = pending->request_id,
        .drop_id = workload->drops[request.drop].drop_id,
        .order_key = request.order_key,
        .quantity = workload->quantity,
        .user = {.data = request.user, .bytes = LOAD_USER_BYTES},
    };
    connection->out_bytes += slc_client_encode_buy(&buy, connection->out + connection->out_bytes);
}

load_pending_t *load_connection_ask(load_connection_t *connection, const load_workload_t *workload,
                                    uint64_t number, uint64_t begun_ns)
{
    load_pending_t *pending = &connection->pending[connection->spare[--connection->unsent]];
    pending->number = number;
    pending->begun_ns = begun_ns;
    put(connection, workload, pending);
    return pending;
}

uint32_t load_connection_ask_again(load_connection_t *connection, const load_workload_t *workload)
{
    for (uint32_t slot = 0; slot < connection->window; slot++) {
        if (connection->pending[slot].number != LOAD_NOTHING) {
            put(connection, workload, &connection->pending[slot]);
        }
    }
    return load_connection_unanswered(connection);
}

load_pending_t *load_connection_find(load_connection_t *connection, uint64_t request_id)
{
    load_pending_t *pending = &connection->pending[(request_id - 1) % connection->window];
    return pending->request_id == request_id && pending->number != LOAD_NOTHING ? pending : NULL;
}

void load_connection_answered(load_connection_t *connection, load_pending_t *pending)
{
    pending->number = LOAD_NOTHING;
    pending->request_id += connection->window; /* a second answer finds nothing */
    connection->spare[connection->unsent++] = (uint32_t)(pending - connection->pending);
}

bool load_connection_flush(load_connection_t *connection)
{
    size_t done = 0;
    while (done < connection->out_bytes) {
        ssize_t count =
            send(connection->fd, connection->out + done, connection->out_bytes - done, MSG_NOSIGNAL);
        if (count >= 0) {
            done += (size_t)count;
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            return failed(connection, "cannot write", errno);
        }
    }
    connection->out_bytes -= done;
    if (connection->out_bytes > 0) {
        memmove(connection->out, connection->out + done, connection->out_bytes);
    }
    connection->waits_to_write = connection->out_bytes > 0;
    return true;
}

bool load_connection_read(load_connection_t *connection, uint8_t *buffer, size_t capacity,
                          size_t *ret_count)
{
    size_t kept = connection->partial_bytes;
    memcpy(buffer, connection->partial, kept);
    connection->partial_bytes = 0;
    *ret_count = kept;
    ssize_t count = recv(connection->fd, buffer + kept, capacity - kept, 0);
    if (count > 0) {
        *ret_count += (size_t)count;
        return true;
    }
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return true;
    }
    return count == 0 ? failed(connection, "the server closed it", ECONNRESET)
                      : failed(connection, "cannot read", errno);
}

bool load_connection_keep(load_connection_t *connection, const uint8_t *bytes, size_t count)
{
    if (count > sizeof connection->partial) {
        return failed(connection, "a frame is too long", EPROTO);
    }
    memcpy(connection->partial, bytes, count);
    connection->partial_bytes = count;
    return true;
}
