/* Threads that log at once through a pipe: every line arrives whole, none twice, and what a limit
 * swallowed is accounted for. Under ThreadSanitizer it also finds a race. */
#include "base/log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS 4
#define LINES 20000

static slc_log_limit_t g_limit;
static _Atomic uint64_t g_taken;
static _Atomic uint64_t g_swallowed;

static void *writer(void *context)
{
    const int *number = context;
    for (int line = 0; line < LINES; line++) {
        uint64_t suppressed = 0;
        slc_log(SLC_LOG_INFO, "thread %d line %06d %0*d end", *number, line, 10 + line % 300, 0);
        if (slc_log_limit_take(&g_limit, 3, (uint64_t)line / 100, &suppressed)) {
            g_taken++;
            g_swallowed += suppressed;
        }
    }
    return NULL;
}

static void *reader(void *context)
{
    FILE *pipe_end = context;
    char text[SLC_LOG_LINE_BYTES_MAX + 1];
    static int next[THREADS];
    uint64_t broken = 0;
    uint64_t lines = 0;
    while (fgets(text, sizeof text, pipe_end) != NULL) {
        int thread = -1;
        int line = -1;
        const char *message = strstr(text, "info  thread ");
        size_t bytes = strlen(text);
        bool whole = message == text + 28 && bytes > 40 && strcmp(text + bytes - 5, " end\n") == 0 &&
                     sscanf(message, "info  thread %d line %d", &thread, &line) == 2;
        if (!whole || thread < 0 || thread >= THREADS || line != next[thread]) {
            broken++;
            continue;
        }
        next[thread]++;
        lines++;
    }
    if (broken != 0 || lines != (uint64_t)THREADS * LINES) {
        printf("%" PRIu64 " whole lines in order, %" PRIu64 " broken ones\n", lines, broken);
        exit(1);
    }
    return NULL;
}

int main(void)
{
    int ends[2];
    pthread_t threads[THREADS];
    pthread_t reading;
    int numbers[THREADS];
    if (pipe(ends) != 0 || dup2(ends[1], STDERR_FILENO) < 0 || close(ends[1]) != 0) {
        return 99;
    }
    FILE *pipe_end = fdopen(ends[0], "r");
    if (pipe_end == NULL || pthread_create(&reading, NULL, reader, pipe_end) != 0) {
        return 99;
    }
    for (int number = 0; number < THREADS; number++) {
        numbers[number] = number;
        if (pthread_create(&threads[number], NULL, writer, &numbers[number]) != 0) {
            return 99;
        }
    }
    for (int number = 0; number < THREADS; number++) {
        (void)pthread_join(threads[number], NULL);
    }
    (void)close(STDERR_FILENO);
    (void)pthread_join(reading, NULL);
    uint64_t swallowed = g_swallowed + g_limit.suppressed;
    if (g_taken + swallowed != (uint64_t)THREADS * LINES || g_taken < 3 || swallowed == 0) {
        printf("%" PRIu64 " taken and %" PRIu64 " suppressed are not all\n", g_taken, swallowed);
        return 1;
    }
    printf("%d lines whole, %" PRIu64 " let through a limit, %" PRIu64 " counted as suppressed\n",
           THREADS * LINES, g_taken, swallowed);
    return 0;
}
