/* The floor under every durable answer: how long this file system takes for one durable write of a block,
 * on a file that was written before (as the journal's segments are), one write at a time.
 *
 *   disk [--dir DIR] [--bytes 4096] [--writes 400] [--json]
 *
 * Threads: one. The file is made in DIR (default: the current one), and removed at once, by its name.
 * Failure: exit 2 for wrong usage, 5 where the file system refuses something, O_DIRECT included. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BLOCK_BYTES 4096u
#define FILE_BYTES ((size_t)16 << 20)

typedef struct settings {
    const char *dir;
    size_t bytes;
    size_t writes;
    bool json;
} settings_t;

static _Noreturn void fail(const char *what)
{
    (void)fprintf(stderr, "disk: %s: %s\n", what, strerror(errno));
    exit(5);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        fail("clock_gettime");
    }
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void write_whole(int fd, const uint8_t *block, size_t bytes, size_t offset)
{
    if (pwrite(fd, block, bytes, (off_t)offset) != (ssize_t)bytes) {
        fail("pwrite");
    }
}

/* A file of zeros that is on the disk, opened for durable writes, its name already gone. */
static int prewritten(const settings_t *settings, const uint8_t *block)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/disk-XXXXXX", settings->dir);
    int fd = mkstemp(path);
    if (fd < 0) {
        fail(path);
    }
    for (size_t offset = 0; offset < FILE_BYTES; offset += settings->bytes) {
        write_whole(fd, block, settings->bytes, offset);
    }
    if (fsync(fd) != 0 || close(fd) != 0) {
        fail("fsync");
    }
    fd = open(path, O_RDWR | O_DIRECT | O_DSYNC | O_CLOEXEC);
    if (fd < 0 || unlink(path) != 0) {
        fail("open with O_DIRECT|O_DSYNC");
    }
    return fd;
}

static int by_size(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

static void report(const settings_t *settings, uint64_t *spent_ns)
{
    qsort(spent_ns, settings->writes, sizeof *spent_ns, by_size);
    size_t middle = settings->writes / 2;
    size_t late = settings->writes * 99 / 100;
    double p50_us = (double)spent_ns[middle] / 1000;
    double p99_us = (double)spent_ns[late] / 1000;
    const char *form = settings->json
                           ? "{\"bytes\": %zu, \"writes\": %zu, \"p50_us\": %.1f, \"p99_us\": %.1f}\n"
                           : "%zu bytes, %zu durable writes one by one: p50 %.1f us, p99 %.1f us\n";
    /* Both forms stand in the line above and take the same. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)printf(form, settings->bytes, settings->writes, p50_us, p99_us);
#pragma GCC diagnostic pop
}

static bool settings_read(int argc, char **argv, settings_t *settings)
{
    static const struct option options[] = {{"dir", required_argument, NULL, 'd'},
                                            {"bytes", required_argument, NULL, 'b'},
                                            {"writes", required_argument, NULL, 'w'},
                                            {"json", no_argument, NULL, 'j'},
                                            {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'd':
            settings->dir = optarg;
            break;
        case 'b':
            settings->bytes = strtoul(optarg, NULL, 10);
            break;
        case 'w':
            settings->writes = strtoul(optarg, NULL, 10);
            break;
        case 'j':
            settings->json = true;
            break;
        default:
            return false;
        }
    }
    return optind == argc && settings->bytes > 0 && settings->bytes % BLOCK_BYTES == 0 &&
           FILE_BYTES % settings->bytes == 0 && settings->writes > 0 && settings->writes <= 1000000;
}

int main(int argc, char **argv)
{
    settings_t settings = {.dir = ".", .bytes = BLOCK_BYTES, .writes = 400};
    if (!settings_read(argc, argv, &settings)) {
        (void)fputs("disk --dir . --bytes 4096 --writes 400 [--json]\n"
                    "bytes: a multiple of 4096 that divides 16 MiB\n",
                    stderr);
        return 2;
    }
    void *block = NULL;
    uint64_t *spent_ns = calloc(settings.writes, sizeof *spent_ns);
    if (spent_ns == NULL || posix_memalign(&block, BLOCK_BYTES, settings.bytes) != 0) {
        fail("no memory");
    }
    memset(block, 0, settings.bytes);
    int fd = prewritten(&settings, block);
    for (size_t i = 0; i < settings.writes; i++) {
        uint64_t begin_ns = now_ns();
        memset(block, (int)(i & 0xff), settings.bytes);
        write_whole(fd, block, settings.bytes, i * settings.bytes % FILE_BYTES);
        spent_ns[i] = now_ns() - begin_ns;
    }
    report(&settings, spent_ns);
    free(block);
    free(spent_ns);
    return close(fd) == 0 ? 0 : 5;
}
