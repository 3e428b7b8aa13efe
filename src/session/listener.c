#include "session/listener.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 4096
/* A peer that vanished without a word is noticed after about two minutes. */
#define KEEPALIVE_IDLE_S 60
#define KEEPALIVE_INTERVAL_S 15
#define KEEPALIVE_PROBES 4

static slc_err_t reserve(slc_listener_t *listener, slc_error_t *ret_error)
{
    listener->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (listener->reserve_fd < 0) {
        return slc_error_sys(ret_error, SLC_ERR_IO, errno,
                             "cannot open /dev/null as a reserve descriptor");
    }
    return SLC_OK;
}

static void name_tcp(slc_listener_t *listener)
{
    struct sockaddr_storage address;
    socklen_t bytes = sizeof address;
    char host[80];
    char port[16];
    if (getsockname(listener->fd, (struct sockaddr *)&address, &bytes) == 0 &&
        getnameinfo((struct sockaddr *)&address, bytes, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
        const char *form = strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s";
        /* Both forms stand in the line above. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(listener->name, sizeof listener->name, form, host, port);
#pragma GCC diagnostic pop
    }
}

static int listen_on(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    address->ai_protocol);
    if (fd < 0) {
        return -errno;
    }
    int one = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(fd, address->ai_addr, address->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        int sys_errno = errno;
        (void)close(fd);
        return -sys_errno;
    }
    return fd;
}

slc_err_t slc_listener_init_tcp(slc_listener_t *listener, const char *host, uint16_t port,
                                slc_error_t *ret_error)
{
    *listener = (slc_listener_t){.fd = -1, .reserve_fd = -1};
    char service[8];
    (void)snprintf(service, sizeof service, "%u", port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *addresses = NULL;
    int failed = getaddrinfo(host, service, &hints, &addresses);
    if (failed != 0) {
        return slc_error_set(ret_error, SLC_ERR_CONFIG, "listen: cannot resolve '%s': %s", host,
                             gai_strerror(failed));
    }
    int fd = listen_on(addresses);
    freeaddrinfo(addresses);
    if (fd < 0) {
        return slc_error_sys(ret_error, SLC_ERR_IO, -fd,
                             "cannot listen on %s:%u (is another server there? --listen HOST:0 asks the "
                             "kernel for a free port)",
                             host, port);
    }
    listener->fd = fd;
    name_tcp(listener);
    slc_err_t err = reserve(listener, ret_error);
    if (err != SLC_OK) {
        slc_listener_finish(listener);
    }
    return err;
}

slc_err_t slc_listener_init_unix(slc_listener_t *listener, const char *path, slc_error_t *ret_error)
{
    *listener = (slc_listener_t){.fd = -1, .reserve_fd = -1, .is_unix = true};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        return slc_error_set(
            ret_error, SLC_ERR_CONFIG,
            "the control socket's path is longer than %zu bytes: give a shorter one with "
            "--control",
            sizeof address.sun_path - 1);
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return slc_error_sys(ret_error, SLC_ERR_IO, errno, "cannot make a UNIX socket");
    }
    (void)snprintf(listener->name, sizeof listener->name, "%s", path);
    struct stat found;
    if (lstat(path, &found) == 0 && S_ISSOCK(found.st_mode)) {
        (void)unlink(path); /* of a dead server; where this fails, bind says so */
    }
    /* Linux makes the name with the mode of the socket: 0600 from the first moment, and other threads may
     * make files meanwhile, which a umask would reach. */
    int failed = fchmod(fd, 0600) != 0 ||
                         bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
                         listen(fd, BACKLOG) != 0 || lstat(path, &found) != 0
                     ? errno
                     : 0;
    if (failed != 0) {
        (void)close(fd);
        return slc_error_sys(ret_error, SLC_ERR_IO, failed, "cannot listen on the control socket %s",
                             path);
    }
    listener->fd = fd;
    listener->device = found.st_dev;
    listener->inode = found.st_ino;
    slc_err_t err = reserve(listener, ret_error);
    if (err != SLC_OK) {
        slc_listener_finish(listener);
    }
    return err;
}

bool slc_listener_is_lost(const slc_listener_t *listener)
{
    struct stat found;
    return listener->is_unix && (lstat(listener->name, &found) != 0 || found.st_dev != listener->device ||
                                 found.st_ino != listener->inode);
}

void slc_listener_finish(slc_listener_t *listener)
{
    if (listener->fd >= 0) {
        if (listener->is_unix && !slc_listener_is_lost(listener)) {
            (void)unlink(listener->name);
        }
        (void)close(listener->fd);
    }
    if (listener->reserve_fd >= 0) {
        (void)close(listener->reserve_fd);
    }
    listener->fd = -1;
    listener->reserve_fd = -1;
}

/* What makes an accepted TCP connection fit: answers at once, and a dead peer is noticed. A failure
 * costs latency or time until then, not correctness. */
static void tune(int fd)
{
    int one = 1;
    int idle_s = KEEPALIVE_IDLE_S;
    int interval_s = KEEPALIVE_INTERVAL_S;
    int probes = KEEPALIVE_PROBES;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

slc_accepted_t slc_listener_accept(slc_listener_t *listener, int *ret_fd)
{
    slc_accepted_t accepted = SLC_ACCEPTED_ONE;
    for (;;) {
        *ret_fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (*ret_fd >= 0) {
            if (!listener->is_unix) {
                tune(*ret_fd);
            }
            return accepted;
        }
        if (errno == EINTR || errno == ECONNABORTED) {
            continue; /* that peer left the queue; the next one may be there */
        }
        if ((errno != EMFILE && errno != ENFILE) || listener->reserve_fd < 0) {
            return SLC_ACCEPTED_NONE;
        }
        (void)close(listener->reserve_fd);
        listener->reserve_fd = -1;
        accepted = SLC_ACCEPTED_EXHAUSTED;
    }
}

void slc_listener_recover(slc_listener_t *listener)
{
    if (listener->reserve_fd < 0) {
        listener->reserve_fd =
            open("/dev/null", O_RDONLY | O_CLOEXEC); /* else: tried at the next refusal */
    }
}
