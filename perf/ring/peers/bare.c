/* The floor of a ping-pong: no ring, only what any must do. Each side writes an event on a line of its
 * own, then stores a number on another line that the other side looks at. Serves the requests of queue.h.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct way {
    _Alignas(128) _Atomic uint64_t turn;
    _Alignas(128) uint64_t event[WORDS];
} way_t;

static way_t there;
static way_t back;
static uint64_t rounds;

static void fail(const char *what)
{
    (void)fprintf(stderr, "%s\n", what);
    exit(1);
}

static double now_ns(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        fail("no monotonic clock");
    }
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void wait_for(way_t *way, uint64_t turn)
{
    /* Acquire, and release below: the event comes with its number. */
    while (atomic_load_explicit(&way->turn, memory_order_acquire) != turn) {
        __builtin_ia32_pause();
    }
}

static void send(way_t *way, uint64_t turn, uint64_t number)
{
    for (unsigned i = 0; i < WORDS; i++) {
        way->event[i] = number;
    }
    atomic_store_explicit(&way->turn, turn, memory_order_release);
}

static void *send_back(void *argument)
{
    for (uint64_t turn = 1; turn <= rounds; turn++) {
        wait_for(&there, turn);
        send(&back, turn, there.event[0]);
    }
    return argument;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static double run(void)
{
    double *times_ns = calloc(rounds, sizeof *times_ns);
    pthread_t thread;
    atomic_store(&there.turn, 0);
    atomic_store(&back.turn, 0);
    if (times_ns == NULL || pthread_create(&thread, NULL, send_back, NULL) != 0) {
        fail("no memory, or no thread");
    }
    for (uint64_t turn = 1; turn <= rounds; turn++) {
        double before = now_ns();
        send(&there, turn, turn);
        wait_for(&back, turn);
        times_ns[turn - 1] = now_ns() - before;
        if (back.event[WORDS - 1] != turn) {
            fail("a wrong event came back");
        }
    }
    (void)pthread_join(thread, NULL);
    qsort(times_ns, rounds, sizeof *times_ns, compare);
    double median_ns = times_ns[rounds / 2];
    free(times_ns);
    return median_ns;
}

int main(void)
{
    char line[256];
    while (fgets(line, sizeof line, stdin) != NULL) {
        unsigned long long events = 0;
        if (sscanf(line, "ping-pong 1 1 %*u spin %llu", &events) != 1 || events == 0) {
            fail("not a request that this can serve");
        }
        rounds = events;
        (void)printf("%.0f\n", run());
        (void)fflush(stdout);
    }
    return 0;
}
