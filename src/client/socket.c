#include "client/socket.h"

#include "base/error.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Waits until `events` may go on, at most until `deadline_ms` (0: for ever). */
static slc_err_t wait_for(const slc_socket_t *socket, short events, uint64_t deadline_ms,
                          slc_error_t *ret_error)
{
    for (;;) {
        int wait_ms = -1;
        if (deadline_ms != 0) {
            uint64_t now = now_ms();
            uint64_t left = now < deadline_ms ? deadline_ms - now : 0;
            wait_ms = left < INT_MAX ? (int)left : INT_MAX;
        }
        struct pollfd poller = {.fd = socket->fd, .events = events};
        int ready = poll(&poller, 1, wait_ms);
        if (ready > 0) {
            return SLC_OK;
        }
        if (ready == 0) {
            return slc_error_set(ret_error, SLC_ERR_TIMEOUT, "%s: no answer within %u ms", socket->peer,
                                 socket->timeout_ms);
        }
        if (errno != EINTR) {
            return slc_error_sys(ret_error, SLC_ERR_IO, errno, "%s: cannot wait", socket->peer);
        }
    }
}

static uint64_t deadline_of(const slc_socket_t *socket)
{
    return socket->timeout_ms == 0 ? 0 : now_ms() + socket->timeout_ms;
}

/* Connects a new socket, which stays open only where that succeeded. */
static slc_err_t connect_to(slc_socket_t *out, const struct sockaddr *address, socklen_t bytes,
                            slc_error_t *ret_error)
{
    out->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (out->fd < 0) {
        return slc_error_sys(ret_error, SLC_ERR_IO, errno, "%s: cannot make a socket", out->peer);
    }
    slc_err_t err = SLC_OK;
    /* A UNIX socket whose backlog is full says EAGAIN and cannot be waited for. */
    if (connect(out->fd, address, bytes) != 0 && errno != EINPROGRESS && errno != EINTR) {
        err = slc_error_sys(ret_error, SLC_ERR_IO, errno, "cannot connect to %s", out->peer);
    } else {
        err = wait_for(out, POLLOUT, deadline_of(out), ret_error);
        int failure = 0;
        socklen_t failure_bytes = sizeof failure;
        if (err == SLC_OK && getsockopt(out->fd, SOL_SOCKET, SO_ERROR, &failure, &failure_bytes) != 0) {
            failure = errno;
        }
        if (err == SLC_OK && failure != 0) {
            err = slc_error_sys(ret_error, SLC_ERR_IO, failure, "cannot connect to %s", out->peer);
        }
    }
    if (err != SLC_OK) {
        slc_socket_finish(out);
    }
    return err;
}

/* Splits "HOST:PORT" and "[HOST]:PORT" at the last colon. */
static bool split_address(const char *address, char *host, size_t host_capacity, const char **ret_port)
{
    const char *colon = strrchr(address, ':');
    if (colon == NULL || colon[1] == '\0') {
        return false;
    }
    size_t bytes = (size_t)(colon - address);
    if (bytes >= 2 && address[0] == '[' && address[bytes - 1] == ']') {
        address++;
        bytes -= 2;
    }
    if (bytes == 0 || bytes >= host_capacity) {
        return false;
    }
    memcpy(host, address, bytes);
    host[bytes] = '\0';
    *ret_port = colon + 1;
    return true;
}

slc_err_t slc_socket_connect_tcp(slc_socket_t *socket, const char *address, uint32_t timeout_ms,
                                 slc_error_t *ret_error)
{
    *socket = (slc_socket_t){.fd = -1, .timeout_ms = timeout_ms};
    (void)snprintf(socket->peer, sizeof socket->peer, "%s", address);
    char host[256];
    const char *port;
    if (!split_address(address, host, sizeof host, &port)) {
        return slc_error_set(ret_error, SLC_ERR_USAGE, "%s is no HOST:PORT", socket->peer);
    }
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int failure = getaddrinfo(host, port, &hints, &found);
    if (failure != 0) {
        return slc_error_set(ret_error, SLC_ERR_IO, "cannot find %s: %s", socket->peer,
                             gai_strerror(failure));
    }
    slc_err_t err = SLC_ERR_IO;
    for (const struct addrinfo *at = found; at != NULL && err != SLC_OK; at = at->ai_next) {
        err = connect_to(socket, at->ai_addr, at->ai_addrlen, ret_error);
    }
    freeaddrinfo(found);
    int on = 1;
    if (err == SLC_OK && setsockopt(socket->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        err = slc_error_sys(ret_error, SLC_ERR_IO, errno, "%s: cannot set TCP_NODELAY", socket->peer);
        slc_socket_finish(socket);
    }
    return err;
}

slc_err_t slc_socket_connect_unix(slc_socket_t *socket, const char *path, uint32_t timeout_ms,
                                  slc_error_t *ret_error)
{
    *socket = (slc_socket_t){.fd = -1, .timeout_ms = timeout_ms};
    (void)snprintf(socket->peer, sizeof socket->peer, "%s", path);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t bytes = strlen(path);
    if (bytes == 0 || bytes >= sizeof address.sun_path) {
        return slc_error_set(ret_error, SLC_ERR_USAGE,
                             "%s: a socket's path has 1 to %zu bytes; give a shorter one", socket->peer,
                             sizeof address.sun_path - 1);
    }
    memcpy(address.sun_path, path, bytes + 1);
    return connect_to(socket, (const struct sockaddr *)&address, sizeof address, ret_error);
}

void slc_socket_finish(slc_socket_t *socket)
{
    if (socket->fd >= 0) {
        (void)close(socket->fd); /* nothing of ours is unwritten that an error could still tell about */
        socket->fd = -1;
    }
}

static slc_err_t transfer_failed(const slc_socket_t *socket, int failure, slc_error_t *ret_error)
{
    if (failure == EPIPE || failure == ECONNRESET) {
        return slc_error_set(ret_error, SLC_ERR_CLOSED, "%s closed the connection", socket->peer);
    }
    return slc_error_sys(ret_error, SLC_ERR_IO, failure, "%s: the connection failed", socket->peer);
}

slc_err_t slc_socket_write(slc_socket_t *socket, const uint8_t *bytes, size_t count, size_t *ret_done,
                           slc_error_t *ret_error)
{
    uint64_t deadline_ms = deadline_of(socket);
    *ret_done = 0;
    while (*ret_done < count) {
        ssize_t done = send(socket->fd, bytes + *ret_done, count - *ret_done, MSG_NOSIGNAL);
        if (done >= 0) {
            *ret_done += (size_t)done;
        } else if (errno == EAGAIN) {
            slc_err_t err = wait_for(socket, POLLOUT, deadline_ms, ret_error);
            if (err != SLC_OK) {
                return err;
            }
        } else if (errno != EINTR) {
            return transfer_failed(socket, errno, ret_error);
        }
    }
    return SLC_OK;
}

slc_err_t slc_socket_read(slc_socket_t *socket, uint8_t *bytes, size_t capacity, size_t *ret_done,
                          slc_error_t *ret_error)
{
    uint64_t deadline_ms = deadline_of(socket);
    *ret_done = 0;
    for (;;) {
        ssize_t done = recv(socket->fd, bytes, capacity, 0);
        if (done > 0) {
            *ret_done = (size_t)done;
            return SLC_OK;
        }
        if (done == 0) {
            return transfer_failed(socket, EPIPE, ret_error);
        }
        if (errno == EAGAIN) {
            slc_err_t err = wait_for(socket, POLLIN, deadline_ms, ret_error);
            if (err != SLC_OK) {
                return err;
            }
        } else if (errno != EINTR) {
            return transfer_failed(socket, errno, ret_error);
        }
    }
}
