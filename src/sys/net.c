#include "sys/net.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static ssize_t posix_recv(void *self, int fd, void *bytes, size_t count)
{
    (void)self;
    ssize_t got;
    do {
        got = recv(fd, bytes, count, MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

static ssize_t posix_send(void *self, int fd, const void *bytes, size_t count)
{
    (void)self;
    ssize_t put;
    do {
        put = send(fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (put < 0 && errno == EINTR);
    return put < 0 ? -errno : put;
}

static int posix_shutdown(void *self, int fd)
{
    (void)self;
    return shutdown(fd, SHUT_WR) < 0 ? -errno : 0;
}

static int posix_close(void *self, int fd)
{
    (void)self;
    return close(fd) < 0 ? -errno : 0;
}

const slc_net_t *slc_net_posix(void)
{
    static const slc_net_t table = {
        .recv = posix_recv,
        .send = posix_send,
        .shutdown = posix_shutdown,
        .close = posix_close,
    };
    return &table;
}
