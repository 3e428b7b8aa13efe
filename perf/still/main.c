/* still: the floor under a tail of latencies. A virtual machine whose host takes its cores away now and
 * then has pauses that no server on it can avoid. A thread of real-time priority on each core sleeps a
 * millisecond at a time; while all of them oversleep at once, nothing ran at all, and whoever was due in
 * that time had to wait for its end at least. From these times alone follow percentiles that no open loop
 * on this machine can go below.
 *
 * Threads: one witness a core, each with spans of its own until it is joined.
 * Failure: without the right to a real-time priority it ends and says so: an oversleeping thread of
 * ordinary priority may have waited for another program. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NAP_NS 1000000
#define OVERSLEPT_NS 1000000 /* what is shorter may be a late timer */
#define NS_PER_S 1e9
#define SPANS_MAX 100000u

typedef struct span {
    double from_ns;
    double to_ns;
} span_t;

typedef struct spans {
    size_t count;
    span_t at[SPANS_MAX];
} spans_t;

typedef struct witness {
    pthread_t thread;
    int core;
    double end_ns;
    spans_t *stood; /* when its core did not run */
} witness_t;

static void fail(const char *what)
{
    (void)fprintf(stderr, "still: %s\n", what);
    exit(1);
}

static double now_ns(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        fail("no monotonic clock");
    }
    return (double)now.tv_sec * NS_PER_S + (double)now.tv_nsec;
}

static void add(spans_t *spans, double from_ns, double to_ns)
{
    if (spans->count == SPANS_MAX) {
        fail("more standstills than it can note: fewer seconds, please");
    }
    spans->at[spans->count++] = (span_t){from_ns, to_ns};
}

static void *witness(void *context)
{
    witness_t *self = context;
    cpu_set_t core;
    CPU_ZERO(&core);
    CPU_SET((size_t)self->core, &core);
    const struct sched_param highest = {.sched_priority = 50};
    if (pthread_setaffinity_np(pthread_self(), sizeof core, &core) != 0 ||
        pthread_setschedparam(pthread_self(), SCHED_FIFO, &highest) != 0) {
        fail("no real-time priority on each core: run it as root (or with CAP_SYS_NICE)");
    }
    for (double last_ns = now_ns(); last_ns < self->end_ns;) {
        const struct timespec nap = {.tv_nsec = NAP_NS};
        if (nanosleep(&nap, NULL) != 0 && errno != EINTR) {
            fail("cannot sleep");
        }
        double woken_ns = now_ns();
        if (woken_ns - last_ns > NAP_NS + OVERSLEPT_NS) {
            add(self->stood, last_ns + NAP_NS, woken_ns);
        }
        last_ns = woken_ns;
    }
    return NULL;
}

static spans_t *new_spans(void)
{
    spans_t *spans = calloc(1, sizeof *spans);
    if (spans == NULL) {
        fail("no memory");
    }
    return spans;
}

/* The times that are in both; each is in order and without overlaps. */
static spans_t *in_both(const spans_t *a, const spans_t *b)
{
    spans_t *both = new_spans();
    for (size_t i = 0, j = 0; i < a->count && j < b->count;) {
        double from_ns = a->at[i].from_ns > b->at[j].from_ns ? a->at[i].from_ns : b->at[j].from_ns;
        double to_ns = a->at[i].to_ns < b->at[j].to_ns ? a->at[i].to_ns : b->at[j].to_ns;
        if (to_ns > from_ns) {
            add(both, from_ns, to_ns);
        }
        if (a->at[i].to_ns < b->at[j].to_ns) {
            i++;
        } else {
            j++;
        }
    }
    return both;
}

/* The share of moments in `total_ns` from which it takes longer than `wait_ns` until something runs. */
static double share_waiting(const spans_t *stood, double wait_ns, double total_ns)
{
    double sum_ns = 0;
    for (size_t i = 0; i < stood->count; i++) {
        double length_ns = stood->at[i].to_ns - stood->at[i].from_ns;
        sum_ns += length_ns > wait_ns ? length_ns - wait_ns : 0;
    }
    return sum_ns / total_ns;
}

static double floor_us(const spans_t *stood, double share, double total_ns)
{
    double low_ns = 0;
    double high_ns = total_ns;
    while (high_ns - low_ns > 100) {
        double middle_ns = (low_ns + high_ns) / 2;
        if (share_waiting(stood, middle_ns, total_ns) > share) {
            low_ns = middle_ns;
        } else {
            high_ns = middle_ns;
        }
    }
    return high_ns < 1000 ? 0 : high_ns / 1000;
}

static void print(const spans_t *stood, double total_ns, long cores, bool json)
{
    double longest_ns = 0;
    for (size_t i = 0; i < stood->count; i++) {
        double length_ns = stood->at[i].to_ns - stood->at[i].from_ns;
        longest_ns = length_ns > longest_ns ? length_ns : longest_ns;
    }
    (void)printf(
        json ? "{\"cores\": %ld, \"seconds\": %.2f, \"count\": %zu, \"share\": %.5f, \"longest_us\": "
               "%.0f, "
               "\"p99_us\": %.0f, \"p999_us\": %.0f}\n"
             : "%ld cores, %.1f s: all of them stood still %zu times, %.4f of the time, for %.0f us at "
               "most;\nso whatever is due at any moment waits at least p99 %.0f us, p99.9 %.0f us\n",
        cores, total_ns / NS_PER_S, stood->count, share_waiting(stood, 0, total_ns), longest_ns / 1000,
        floor_us(stood, 0.01, total_ns), floor_us(stood, 0.001, total_ns));
}

static void usage(void)
{
    (void)fprintf(stderr, "still [--seconds N] [--json]   (10 s; as root)\n");
    exit(2);
}

int main(int count, char **arguments)
{
    double seconds = 10;
    bool json = false;
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--json") == 0) {
            json = true;
        } else if (strcmp(arguments[i], "--seconds") == 0 && i + 1 < count) {
            char *end = NULL;
            seconds = strtod(arguments[++i], &end);
            if (*end != '\0' || !(seconds > 0) || seconds > 3600) {
                usage();
            }
        } else {
            usage();
        }
    }
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    witness_t *witnesses = calloc((size_t)cores, sizeof *witnesses);
    if (cores < 1 || witnesses == NULL) {
        fail("no memory");
    }
    double begun_ns = now_ns();
    for (long i = 0; i < cores; i++) {
        witnesses[i] =
            (witness_t){.core = (int)i, .end_ns = begun_ns + seconds * NS_PER_S, .stood = new_spans()};
        if (pthread_create(&witnesses[i].thread, NULL, witness, &witnesses[i]) != 0) {
            fail("no thread");
        }
    }
    spans_t *all = new_spans();
    add(all, begun_ns, witnesses[0].end_ns); /* cut down to what each core says */
    for (long i = 0; i < cores; i++) {
        (void)pthread_join(witnesses[i].thread, NULL);
        spans_t *both = in_both(all, witnesses[i].stood);
        free(all);
        free(witnesses[i].stood);
        all = both;
    }
    print(all, now_ns() - begun_ns, cores, json);
    free(all);
    free(witnesses);
    return 0;
}
