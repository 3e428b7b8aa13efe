#include "idle.h"

#include <sluice/client.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

/* So many say Hello before the first Welcome is read: fewer turns of both programs for each. */
#define AT_ONCE 100u

static bool failed(load_idle_t *idle, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool failed(load_idle_t *idle, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(idle->why, sizeof idle->why, format, arguments);
    va_end(arguments);
    return false;
}

/* A connected socket that has said Hello; -1 with errno. */
static int begin_one(const struct sockaddr_storage *address, socklen_t address_bytes, double timeout_s)
{
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    struct timeval bound = {.tv_sec = (time_t)timeout_s,
                            .tv_usec = (suseconds_t)((timeout_s - (double)(time_t)timeout_s) * 1e6)};
    static const char name[] = "sluice-load-idle";
    slc_hello_t hello = {.protocol = SLC_PROTOCOL_VERSION,
                         .client = {.data = name, .bytes = sizeof name - 1},
                         .token = {.data = "", .bytes = 0}};
    uint8_t frame[SLC_HELLO_FRAME_BYTES_MAX];
    ssize_t bytes = (ssize_t)slc_client_encode_hello(&hello, frame);
    /* The one that is sent is shorter than any socket's buffer: it goes at once. */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof bound) != 0 ||
        connect(fd, (const struct sockaddr *)address, address_bytes) != 0 ||
        send(fd, frame, (size_t)bytes, MSG_NOSIGNAL) != bytes) {
        int failure = errno;
        (void)close(fd);
        errno = failure;
        return -1;
    }
    return fd;
}

static bool read_welcome(load_idle_t *idle, int *fd)
{
    uint8_t bytes[1024];
    size_t count = 0;
    size_t used;
    slc_welcome_t welcome;
    slc_err_t err = SLC_END;
    while (err == SLC_END && count < sizeof bytes) {
        ssize_t more = recv(*fd, bytes + count, sizeof bytes - count, 0);
        if (more <= 0) {
            return failed(idle, "idle connection %u of %u was not welcomed: %s", idle->opened + 1,
                          idle->wanted, more == 0 ? "the server closed it" : strerrordesc_np(errno));
        }
        count += (size_t)more;
        err = slc_client_decode_welcome(bytes, count, &used, &welcome);
    }
    if (err != SLC_OK) {
        return failed(idle, "idle connection %u of %u: what came is no Welcome", idle->opened + 1,
                      idle->wanted);
    }
    if (welcome.status != SLC_STATUS_ACCEPTED) {
        return failed(idle, "idle connection %u of %u was refused: %s %.*s", idle->opened + 1,
                      idle->wanted, slc_status_name((int)welcome.status), (int)welcome.message.bytes,
                      welcome.message.data);
    }
    if (used < count) { /* told of something that it never asked: it does not count as standing */
        (void)close(*fd);
        *fd = -1;
    }
    return true;
}

bool load_idle_open(load_idle_t *idle, uint32_t wanted, const struct sockaddr_storage *address,
                    socklen_t address_bytes, double timeout_s)
{
    *idle = (load_idle_t){.wanted = wanted};
    idle->fds = malloc((wanted + 1) * sizeof *idle->fds);
    if (idle->fds == NULL) {
        return failed(idle, "no memory for %u idle connections", wanted);
    }
    for (uint32_t i = 0; i < wanted; i++) {
        idle->fds[i] = -1;
    }
    for (uint32_t begun = 0; idle->opened < wanted;) {
        for (; begun < wanted && begun < idle->opened + AT_ONCE; begun++) {
            idle->fds[begun] = begin_one(address, address_bytes, timeout_s);
            if (idle->fds[begun] < 0) {
                return failed(idle, "idle connection %u of %u cannot be opened: %s", begun + 1, wanted,
                              strerrordesc_np(errno));
            }
        }
        while (idle->opened < begun) {
            if (!read_welcome(idle, &idle->fds[idle->opened])) {
                return false;
            }
            idle->opened++;
        }
    }
    return true;
}

uint32_t load_idle_count_open(const load_idle_t *idle)
{
    uint32_t open = 0;
    for (uint32_t i = 0; i < idle->opened; i++) {
        char byte;
        ssize_t count = recv(idle->fds[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        open += count < 0 && errno == EAGAIN ? 1 : 0;
    }
    return open;
}

void load_idle_close(load_idle_t *idle)
{
    for (uint32_t i = 0; idle->fds != NULL && i < idle->wanted; i++) {
        if (idle->fds[i] >= 0) {
            (void)close(idle->fds[i]);
        }
    }
    free(idle->fds);
    *idle = (load_idle_t){.fds = NULL};
}
