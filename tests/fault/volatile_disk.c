/* A disk with a volatile cache below real file systems: a FUSE mount with one file, `disk`, which a loop
 * device turns into a block device. The kernel's loop driver turns each flush of the block layer (and
 * each forced write, behind it) into an fsync of the file, which is the flush of disk_cache.h.
 *
 *   volatile_disk IMAGE MOUNTPOINT UNIT       UNIT: bytes that a cut keeps or loses in one piece
 *
 * Commands on stdin, a line each; answers on stdout, a line each:
 *   cut LOSS SEED        the power goes now; LOSS: all suffix writes sectors
 *   cut-at N LOSS SEED   "armed"; the power goes as the N-th write or flush from now arrives, before it
 *                        is answered
 *   lie                  flushes answer yes and do nothing from now on
 *   stats
 * "ready" comes once the mount is there, "cut …" when the power has gone (by itself behind cut-at); then
 * every request answers EIO. It leaves at the end of stdin, and its mount with it.
 *
 * Threads: one. Exit: 0, 2 usage, 5 where the system refuses something. */
#define FUSE_USE_VERSION 35
#include "disk_cache.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_INODE 2
#define FILE_NAME "disk"
#define CACHE_FOR_S 3600.0
#define LINE_BYTES 128

typedef struct server {
    disk_t *disk;
    struct fuse_session *session;
    uint64_t left; /* writes and flushes until the cut, 0: none is armed */
    disk_loss_t loss;
    uint64_t seed;
    char line[LINE_BYTES];
    size_t line_length;
    bool done;
} server_t;

static const char *const losses[DISK_LOSS_COUNT] = {
    [DISK_LOSE_ALL] = "all",
    [DISK_LOSE_SUFFIX] = "suffix",
    [DISK_LOSE_WRITES] = "writes",
    [DISK_LOSE_SECTORS] = "sectors",
};

static _Noreturn void fail(const char *what, int code)
{
    (void)fprintf(stderr, "volatile_disk: %s: %s\n", what, strerror(code));
    exit(5);
}

static void say_stats(const server_t *server, const char *word)
{
    disk_stats_t stats = disk_stats(server->disk);
    (void)printf("%s writes=%" PRIu64 " flushes=%" PRIu64 " unflushed=%" PRIu64 " kept=%" PRIu64
                 " lost=%" PRIu64 "\n",
                 word, stats.writes, stats.flushes, stats.unflushed, stats.kept, stats.lost);
    (void)fflush(stdout);
}

static void say(const char *word)
{
    (void)puts(word);
    (void)fflush(stdout);
}

static void cut(server_t *server)
{
    server->left = 0;
    int code = disk_cut(server->disk, server->loss, server->seed);
    if (code != 0 && code != -EIO) { /* -EIO: there was a cut before */
        fail("the image", -code);
    }
    say_stats(server, "cut");
}

/* A write or a flush has arrived. */
static void count_down(server_t *server)
{
    if (server->left > 0 && --server->left == 0) {
        cut(server);
    }
}

/* ---- the file ---- */

static bool fill_stat(const server_t *server, fuse_ino_t inode, struct stat *stat)
{
    *stat = (struct stat){.st_ino = inode};
    if (inode == FUSE_ROOT_ID) {
        stat->st_mode = S_IFDIR | 0700;
        stat->st_nlink = 2;
        return true;
    }
    stat->st_mode = S_IFREG | 0600;
    stat->st_nlink = 1;
    stat->st_size = (off_t)disk_bytes(server->disk);
    stat->st_blocks = stat->st_size / 512;
    return inode == FILE_INODE;
}

static void on_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    struct fuse_entry_param entry = {
        .ino = FILE_INODE, .attr_timeout = CACHE_FOR_S, .entry_timeout = CACHE_FOR_S};
    if (parent != FUSE_ROOT_ID || strcmp(name, FILE_NAME) != 0) {
        (void)fuse_reply_err(request, ENOENT);
        return;
    }
    (void)fill_stat(fuse_req_userdata(request), FILE_INODE, &entry.attr);
    (void)fuse_reply_entry(request, &entry);
}

static void on_getattr(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *info)
{
    (void)info;
    struct stat stat;
    if (fill_stat(fuse_req_userdata(request), inode, &stat)) {
        (void)fuse_reply_attr(request, &stat, CACHE_FOR_S);
    } else {
        (void)fuse_reply_err(request, ENOENT);
    }
}

static void on_open(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *info)
{
    if (inode != FILE_INODE) {
        (void)fuse_reply_err(request, EISDIR);
        return;
    }
    info->direct_io = 1; /* the page cache of this file would be a second cache, and not ours */
    (void)fuse_reply_open(request, info);
}

static void on_read(fuse_req_t request, fuse_ino_t inode, size_t bytes, off_t offset,
                    struct fuse_file_info *info)
{
    (void)inode;
    (void)info;
    server_t *server = fuse_req_userdata(request);
    uint64_t size = disk_bytes(server->disk);
    uint64_t from = (uint64_t)offset < size ? (uint64_t)offset : size;
    const void *data = NULL;
    bytes = bytes < size - from ? bytes : (size_t)(size - from);
    int code = disk_read(server->disk, from, bytes, &data);
    if (code != 0) {
        (void)fuse_reply_err(request, -code);
    } else {
        (void)fuse_reply_buf(request, data, bytes);
    }
}

static void on_write(fuse_req_t request, fuse_ino_t inode, const char *data, size_t bytes, off_t offset,
                     struct fuse_file_info *info)
{
    (void)inode;
    (void)info;
    server_t *server = fuse_req_userdata(request);
    int code = disk_write(server->disk, (uint64_t)offset, data, bytes);
    bool armed = server->left > 0;
    count_down(server); /* what the power finds under way is cached, but not answered */
    if (armed && server->left == 0) {
        code = -EIO;
    }
    if (code != 0) {
        (void)fuse_reply_err(request, -code);
    } else {
        (void)fuse_reply_write(request, bytes);
    }
}

static void on_fsync(fuse_req_t request, fuse_ino_t inode, int data_only, struct fuse_file_info *info)
{
    (void)inode;
    (void)data_only;
    (void)info;
    server_t *server = fuse_req_userdata(request);
    count_down(server);
    (void)fuse_reply_err(request, -disk_flush(server->disk));
}

static const struct fuse_lowlevel_ops operations = {
    .lookup = on_lookup,
    .getattr = on_getattr,
    .open = on_open,
    .read = on_read,
    .write = on_write,
    .fsync = on_fsync,
};

/* ---- commands ---- */

static bool parse_loss(const char *word, disk_loss_t *ret_loss)
{
    for (int loss = 0; loss < DISK_LOSS_COUNT; loss++) {
        if (strcmp(word, losses[loss]) == 0) {
            *ret_loss = (disk_loss_t)loss;
            return true;
        }
    }
    return false;
}

static void obey(server_t *server, const char *line)
{
    char word[16] = "";
    uint64_t left = 0;
    if (strcmp(line, "stats") == 0) {
        say_stats(server, "stats");
    } else if (strcmp(line, "lie") == 0) {
        disk_lie(server->disk);
        say("lying");
    } else if (sscanf(line, "cut %15s %" SCNu64, word, &server->seed) == 2 &&
               parse_loss(word, &server->loss)) {
        cut(server);
    } else if (sscanf(line, "cut-at %" SCNu64 " %15s %" SCNu64, &left, word, &server->seed) == 3 &&
               left > 0 && parse_loss(word, &server->loss)) {
        server->left = left;
        say("armed");
    } else {
        (void)fprintf(stderr, "volatile_disk: no command: %s\n", line);
        exit(2);
    }
}

static void read_commands(server_t *server)
{
    ssize_t got =
        read(STDIN_FILENO, server->line + server->line_length, LINE_BYTES - server->line_length);
    if (got < 0 && errno == EINTR) {
        return;
    }
    if (got <= 0) {
        server->done = true;
        return;
    }
    server->line_length += (size_t)got;
    char *end = NULL;
    while ((end = memchr(server->line, '\n', server->line_length)) != NULL) {
        *end = '\0';
        obey(server, server->line);
        server->line_length -= (size_t)(end + 1 - server->line);
        memmove(server->line, end + 1, server->line_length);
    }
    if (server->line_length == LINE_BYTES) {
        fail("a command", E2BIG);
    }
}

/* ---- life ---- */

static void serve_request(server_t *server, struct fuse_buf *buffer)
{
    int got = fuse_session_receive_buf(server->session, buffer);
    if (got > 0) {
        fuse_session_process_buf(server->session, buffer);
    } else if (got != -EINTR && got != -EAGAIN) {
        server->done = true; /* 0: unmounted from outside */
    }
}

static void serve(server_t *server)
{
    struct fuse_buf buffer = {0};
    struct pollfd waits[] = {{.fd = fuse_session_fd(server->session), .events = POLLIN},
                             {.fd = STDIN_FILENO, .events = POLLIN}};
    say("ready");
    while (!server->done && fuse_session_exited(server->session) == 0) {
        if (poll(waits, 2, -1) < 0 && errno != EINTR) {
            fail("poll", errno);
        }
        if (waits[1].revents != 0) {
            read_commands(server);
        }
        if (waits[0].revents != 0) {
            serve_request(server, &buffer);
        }
    }
    free(buffer.mem);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        (void)fputs("usage: volatile_disk IMAGE MOUNTPOINT UNIT\n", stderr);
        return 2;
    }
    server_t server = {0};
    int code = disk_open(argv[1], strtoul(argv[3], NULL, 10), &server.disk);
    if (code != 0) {
        fail(argv[1], -code);
    }
    char name[] = "volatile_disk";
    char *arguments[] = {name, NULL};
    struct fuse_args args = FUSE_ARGS_INIT(1, arguments);
    server.session = fuse_session_new(&args, &operations, sizeof operations, &server);
    if (server.session == NULL || fuse_session_mount(server.session, argv[2]) != 0) {
        fail(argv[2], EIO); /* libfuse has said why */
    }
    serve(&server);
    fuse_session_unmount(server.session);
    fuse_session_destroy(server.session);
    disk_close(server.disk);
    return 0;
}
