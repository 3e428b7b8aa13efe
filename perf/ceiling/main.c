/* The ceiling: what is left of a durable sale without its rules. One thread takes all frames that have
 * come, writes them with one durable write behind each other into a prewritten file, and answers each.
 * There is no protobuf, no stock, no key, no second thread: nothing that keeps the same promise ("on disk
 * before the answer") over the same sockets can be much faster on this machine, so Sluice is measured
 * against it.
 *
 *   ceiling --dir DIR     serves on a free port of 127.0.0.1, says "ready listen=HOST:PORT" on stderr,
 *                         ends at SIGTERM and prints {"recorded": N, "writes": N}
 *
 * Threads: one. The file is made in DIR and its name removed at once; the blocks go round in it.
 * Failure: exit 2 for wrong usage, 5 where the system refuses something, O_DIRECT included. */
#include "links.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define BLOCK_BYTES ((size_t)4096)
#define FILE_BYTES ((size_t)64 << 20)
#define EVENTS 256

typedef struct ceiling {
    int epoll_fd;
    int listen_fd;
    int signal_fd;
    int file_fd;
    size_t file_at;
    ceiling_batch_t batch;
    uint64_t recorded;
    uint64_t writes;
} ceiling_t;

static _Noreturn void fail(const char *what)
{
    (void)fprintf(stderr, "ceiling: %s: %s\n", what, strerrordesc_np(errno));
    exit(5);
}

static void write_whole(int fd, const uint8_t *bytes, size_t count, size_t at)
{
    for (size_t done = 0; done < count;) {
        ssize_t wrote = pwrite(fd, bytes + done, count - done, (off_t)(at + done));
        if (wrote > 0) {
            done += (size_t)wrote;
        } else if (wrote == 0 || errno != EINTR) {
            fail("pwrite");
        }
    }
}

/* A file of zeros that is on the disk, opened for durable writes, its name already gone. */
static int prewritten(const char *dir, const uint8_t *zeros)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/ceiling-XXXXXX", dir);
    int fd = mkstemp(path);
    if (fd < 0) {
        fail(path);
    }
    for (size_t at = 0; at < FILE_BYTES; at += CEILING_BATCH_BYTES) {
        write_whole(fd, zeros, CEILING_BATCH_BYTES, at);
    }
    if (fsync(fd) != 0 || close(fd) != 0) {
        fail("fsync");
    }
    fd = open(path, O_WRONLY | O_DIRECT | O_DSYNC | O_CLOEXEC);
    if (fd < 0 || unlink(path) != 0) {
        fail("open with O_DIRECT|O_DSYNC");
    }
    return fd;
}

static void watch(const ceiling_t *ceiling, int fd, void *whose)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = whose};
    if (epoll_ctl(ceiling->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        fail("epoll_ctl");
    }
}

static void begin_to_listen(ceiling_t *ceiling)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    ceiling->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (ceiling->listen_fd < 0 || bind(ceiling->listen_fd, (struct sockaddr *)&address, bytes) != 0 ||
        listen(ceiling->listen_fd, SOMAXCONN) != 0 ||
        getsockname(ceiling->listen_fd, (struct sockaddr *)&address, &bytes) != 0) {
        fail("listen");
    }
    watch(ceiling, ceiling->listen_fd, &ceiling->listen_fd);
    (void)fprintf(stderr, "ready listen=127.0.0.1:%u\n", (unsigned)ntohs(address.sin_port));
}

static void begin(ceiling_t *ceiling, const char *dir)
{
    sigset_t signals;
    void *bytes = NULL;
    if (posix_memalign(&bytes, BLOCK_BYTES, CEILING_BATCH_BYTES) != 0) {
        errno = ENOMEM;
        fail("no memory");
    }
    memset(bytes, 0, CEILING_BATCH_BYTES);
    ceiling->batch.bytes = bytes;
    ceiling->file_fd = prewritten(dir, bytes);
    ceiling->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    if (ceiling->epoll_fd < 0 || sigprocmask(SIG_BLOCK, &signals, NULL) != 0) {
        fail("epoll_create1");
    }
    ceiling->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
    if (ceiling->signal_fd < 0) {
        fail("signalfd");
    }
    watch(ceiling, ceiling->signal_fd, &ceiling->signal_fd);
    begin_to_listen(ceiling);
}

static void accept_one(const ceiling_t *ceiling)
{
    int fd = accept4(ceiling->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR) {
            return;
        }
        fail("accept");
    }
    ceiling_link_t *link = ceiling_link_open(fd);
    if (link == NULL) {
        fail("cannot set up a connection");
    }
    watch(ceiling, fd, link);
}

/* All that came in this turn, on disk; nothing is answered before. */
static void make_durable(ceiling_t *ceiling)
{
    ceiling_batch_t *batch = &ceiling->batch;
    size_t padded = (batch->used + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
    if (padded == 0) {
        return;
    }
    memset(batch->bytes + batch->used, 0, padded - batch->used);
    if (ceiling->file_at + padded > FILE_BYTES) {
        ceiling->file_at = 0;
    }
    write_whole(ceiling->file_fd, batch->bytes, padded, ceiling->file_at);
    ceiling->file_at += padded;
    ceiling->writes++;
}

/* False: the time to end has come. */
static bool turn(ceiling_t *ceiling)
{
    struct epoll_event events[EVENTS];
    bool goes_on = true;
    int count = epoll_wait(ceiling->epoll_fd, events, EVENTS, -1);
    if (count < 0 && errno != EINTR) {
        fail("epoll_wait");
    }
    ceiling_batch_empty(&ceiling->batch);
    for (int i = 0; i < count; i++) {
        void *whose = events[i].data.ptr;
        if (whose == &ceiling->listen_fd) {
            accept_one(ceiling);
        } else if (whose == &ceiling->signal_fd) {
            goes_on = false;
        } else {
            ceiling_batch_read(&ceiling->batch, whose);
        }
    }
    make_durable(ceiling);
    ceiling->recorded = ceiling_batch_answer(&ceiling->batch, ceiling->recorded);
    return goes_on;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"dir", required_argument, NULL, 'd'}, {NULL, 0, NULL, 0}};
    static ceiling_t ceiling;
    const char *dir = ".";
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option != 'd') {
            (void)fputs("ceiling --dir DIR\n", stderr);
            return 2;
        }
        dir = optarg;
    }
    begin(&ceiling, dir);
    while (turn(&ceiling)) {
    }
    (void)printf("{\"recorded\": %llu, \"writes\": %llu}\n", (unsigned long long)ceiling.recorded,
                 (unsigned long long)ceiling.writes);
    return fflush(stdout) == 0 && close(ceiling.file_fd) == 0 ? 0 : 5;
}
