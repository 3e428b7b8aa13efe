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

/* The times that are in one of them or in both. */
static spans_t *in_either(const spans_t *a, const spans_t *b)
{
    spans_t *either = new_spans();
    for (size_t i = 0, j = 0; i < a->count || j < b->count;) {
        bool from_a = j == b->count || (i < a->count && a->at[i].from_ns < b->at[j].from_ns);
        const span_t *next = from_a ? &a->at[i++] : &b->at[j++];
        span_t *last = either->count > 0 ? &either->at[either->count - 1] : NULL;
        if (last == NULL || next->from_ns > last->to_ns) {
            add(either, next->from_ns, next->to_ns);
        } else if (next->to_ns > last->to_ns) {
            last->to_ns = next->to_ns;
        }
    }
    return either;
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

static double longest_us(const spans_t *stood)
{
    double longest_ns = 0;
    for (size_t i = 0; i < stood->count; i++) {
        double length_ns = stood->at[i].to_ns - stood->at[i].from_ns;
        longest_ns = length_ns > longest_ns ? length_ns : longest_ns;
    }
    return longest_ns / 1000;
}

static void print_json(const char *name, const spans_t *stood, double total_ns)
{
    (void)printf(", \"%s\": {\"count\": %zu, \"share\": %.5f, \"longest_us\": %.0f, \"p99_us\": %.0f, "
                 "\"p999_us\": %.0f}",
                 name, stood->count, share_waiting(stood, 0, total_ns), longest_us(stood),
                 floor_us(stood, 0.01, total_ns), floor_us(stood, 0.001, total_ns));
}

static void print_line(const char *name, const spans_t *stood, double total_ns)
{
    (void)printf("%-14s %5zu times, %6.2f%% of the time, %6.0f us at most; a wait of p99 %5.0f us, p99.9 "
                 "%5.0f us\n",
                 name, stood->count, 100 * share_waiting(stood, 0, total_ns), longest_us(stood),
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
    spans_t *one = new_spans();
    add(all, begun_ns, witnesses[0].end_ns); /* cut down to what each core says */
    for (long i = 0; i < cores; i++) {
        (void)pthread_join(witnesses[i].thread, NULL);
        spans_t *in_all = in_both(all, witnesses[i].stood);
        spans_t *in_one = in_either(one, witnesses[i].stood);
        free(all);
        free(one);
        free(witnesses[i].stood);
        all = in_all;
        one = in_one;
    }
    double total_ns = now_ns() - begun_ns;
    if (json) {
        (void)printf("{\"cores\": %ld, \"seconds\": %.2f", cores, total_ns / NS_PER_S);
        print_json("all", all, total_ns);
        print_json("one", one, total_ns);
        (void)printf("}\n");
    } else {
        (void)printf("%ld cores, %.1f s, stood still\n", cores, total_ns / NS_PER_S);
        print_line("all at once", all, total_ns);
        print_line("one or more", one, total_ns);
    }
    free(all);
    free(one);
    free(witnesses);
    return 0;
}
