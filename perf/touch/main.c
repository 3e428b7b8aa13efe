/* What one touch of a random cache line costs on this machine, by the size of the table that it lies in:
 * the physical floor under a look-up. Between two touches some 400 instructions of other work, as in a
 * BUY.
 *
 *   touch [--mib 1536] [--touches 400000] [--small-pages]
 *
 * Columns: without a prefetch; with one just before each piece of work, for 64 touches later; and with 64
 * prefetches at a time before 64 pieces of work. What a prefetch does not hide is the walk through the
 * page tables, and only walks side by side are cheap: hence the last column, and logic/ahead.c.
 *
 * Threads: one. Ownership: one mapping, for the process's life. Failure: exit 2 for wrong usage, 5
 * without memory. */
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define LINE_BYTES 64u
#define HUGE_BYTES ((size_t)2 << 20)
#define GROUP 64u
#define WORK_STEPS 133u /* of three instructions */
#define ROUNDS 5u

typedef enum way { WAY_WORK, WAY_PLAIN, WAY_ONE, WAY_GROUP, WAYS } way_t;

typedef struct table {
    uint8_t *bytes;
    uint64_t lines;
    uint64_t seed; /* which lines are touched */
} table_t;

static uint64_t now_ns(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        perror("clock_gettime");
        exit(5);
    }
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The line of the i-th touch (splitmix64, S. Vigna). */
static inline uint8_t *line_of(const table_t *table, uint64_t i)
{
    uint64_t z = (i + table->seed) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return table->bytes + (z >> 32) % table->lines * LINE_BYTES;
}

/* Work that waits for nothing but itself: each step for the one before. */
static inline uint64_t work(uint64_t word)
{
    for (uint32_t step = 0; step < WORK_STEPS; step++) {
        word = (word ^ (word >> 7)) + step;
    }
    return word;
}

static double touch_all(table_t *table, way_t way, uint64_t touches)
{
    table->seed += UINT64_C(0x1000000007);
    uint64_t word = 1;
    uint64_t begun = now_ns();
    for (uint64_t i = 0; i < touches; i++) {
        if (way == WAY_ONE) {
            __builtin_prefetch(line_of(table, i + GROUP));
        }
        for (uint64_t ahead = 0; way == WAY_GROUP && i % GROUP == 0 && ahead < GROUP; ahead++) {
            __builtin_prefetch(line_of(table, i + ahead));
        }
        word = work(word);
        if (way != WAY_WORK) {
            volatile uint8_t *line = line_of(table, i);
            *line = (uint8_t)(*line + 1);
            word += *line; /* the next piece of work waits for this touch, as the next BUY may */
        }
    }
    double each = (double)(now_ns() - begun) / (double)touches;
    return word == 0 ? 0 : each;
}

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static void measure(table_t *table, uint64_t mib, uint64_t touches)
{
    double spent[WAYS][ROUNDS];
    table->lines = (mib << 20) / LINE_BYTES;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (way_t way = 0; way < WAYS; way++) {
            spent[way][round] = touch_all(table, way, touches);
        }
    }
    for (way_t way = 0; way < WAYS; way++) {
        qsort(spent[way], ROUNDS, sizeof spent[way][0], by_size);
    }
    double none = spent[WAY_WORK][ROUNDS / 2];
    (void)printf("%8llu %12.1f %12.1f %12.1f\n", (unsigned long long)mib,
                 spent[WAY_PLAIN][ROUNDS / 2] - none, spent[WAY_ONE][ROUNDS / 2] - none,
                 spent[WAY_GROUP][ROUNDS / 2] - none);
}

static uint8_t *map(size_t bytes, bool small_pages)
{
    uint8_t *at = mmap(NULL, bytes + HUGE_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) {
        perror("mmap");
        exit(5);
    }
    at += HUGE_BYTES - (uintptr_t)at % HUGE_BYTES;
    (void)madvise(at, bytes, small_pages ? MADV_NOHUGEPAGE : MADV_HUGEPAGE); /* a hint */
    memset(at, 1, bytes);
    return at;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"mib", required_argument, NULL, 'm'},
                                            {"touches", required_argument, NULL, 't'},
                                            {"small-pages", no_argument, NULL, 's'},
                                            {NULL, 0, NULL, 0}};
    uint64_t mib = 1536;
    uint64_t touches = 400000;
    bool small_pages = false;
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'm') {
            mib = strtoull(optarg, NULL, 10);
        } else if (option == 't') {
            touches = strtoull(optarg, NULL, 10);
        } else if (option == 's') {
            small_pages = true;
        } else {
            break;
        }
    }
    if (option != -1 || optind < argc || mib == 0 || mib > 65536 || touches == 0) {
        (void)fputs("touch [--mib 1536] [--touches 400000] [--small-pages]\n", stderr);
        return 2;
    }
    table_t table = {.bytes = map((size_t)mib << 20, small_pages)};
    (void)printf("ns of a touch: medians of %u rounds\n%8s %12s %12s %12s\n", ROUNDS, "MiB", "plain",
                 "one ahead", "64 at a time");
    for (uint64_t size = 1; size < mib; size *= 4) {
        measure(&table, size, touches);
    }
    measure(&table, mib, touches);
    return 0;
}
