#include "ring_stress.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Without any progress; SLC_STRESS_STILL_S says otherwise. */
#define STILL_SECONDS_MAX 60

uint64_t stress_events(int argc, char **argv, uint64_t percent)
{
    const char *text = argc > 1 ? argv[1] : getenv("SLC_STRESS_EVENTS");
    if (text == NULL) {
        text = "2000000";
    }
    char *end = NULL;
    unsigned long long events = strtoull(text, &end, 10);
    STRESS_EXPECT(*text >= '1' && *text <= '9' && *end == '\0', "not a number of events: %s", text);
    return events / 100 * percent + 1;
}

/* As the environment has it, for whoever wants the run again. */
static const char *seed_text(void)
{
    const char *text = getenv("SLC_SEED");
    return text == NULL ? "1" : text;
}

void stress_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fputs("FORBIDDEN: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fprintf(stderr, " (SLC_SEED=%s)\n", seed_text());
    va_end(arguments);
    _Exit(1); /* other threads are still running: no destructors */
}

pthread_t stress_start(void *(*thread)(void *), void *argument)
{
    pthread_t started;
    int error = pthread_create(&started, NULL, thread, argument);
    STRESS_EXPECT(error == 0, "no thread: %s", strerror(error));
    return started;
}

void stress_join(pthread_t thread)
{
    int error = pthread_join(thread, NULL);
    STRESS_EXPECT(error == 0, "no join: %s", strerror(error));
}

/* As the program found them: a thread that is pinned hands its one core on to the threads it starts. */
static cpu_set_t cores_allowed;

static void note_cores(void)
{
    STRESS_EXPECT(sched_getaffinity(0, sizeof cores_allowed, &cores_allowed) == 0, "no list of cores");
}

void stress_pin(unsigned index)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    STRESS_EXPECT(pthread_once(&once, note_cores) == 0, "no list of cores");
    unsigned skip = index % (unsigned)CPU_COUNT(&cores_allowed);
    for (unsigned core = 0; core < CPU_SETSIZE; core++) {
        if (CPU_ISSET(core, &cores_allowed) && skip-- == 0) {
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(core, &one);
            int error = pthread_setaffinity_np(pthread_self(), sizeof one, &one);
            STRESS_EXPECT(error == 0, "core %u: %s", core, strerror(error));
            return;
        }
    }
}

slc_ring_t *stress_ring(const slc_ring_config_t *config)
{
    slc_error_t error = {0};
    slc_ring_t *ring = slc_ring_create(config, &error);
    STRESS_EXPECT(ring != NULL, "%s", error.message);
    return ring;
}

slc_consumer_t *stress_consumer(slc_ring_t *ring, slc_consumer_t *const *after, size_t count)
{
    slc_error_t error = {0};
    slc_consumer_t *consumer = slc_consumer_create(ring, after, count, &error);
    STRESS_EXPECT(consumer != NULL, "%s", error.message);
    return consumer;
}

static _Atomic(const char *) watched_name;
static const _Atomic uint64_t *watched;

static void *watch(void *unused)
{
    (void)unused;
    uint64_t last = 0;
    const char *seconds = getenv("SLC_STRESS_STILL_S");
    unsigned long still_max = seconds == NULL ? STILL_SECONDS_MAX : strtoul(seconds, NULL, 10);
    for (unsigned long still = 0; still < still_max; still++) {
        struct timespec second = {.tv_sec = 1};
        (void)nanosleep(&second, NULL); /* cut short by a signal: it only looks sooner */
        uint64_t progress = atomic_load(watched);
        if (progress != last) {
            last = progress;
            still = 0;
        }
    }
    stress_fail("%s: nothing moves after %llu: a wake-up was lost", atomic_load(&watched_name),
                (unsigned long long)last);
}

void stress_watch(const _Atomic uint64_t *progress, const char *what)
{
    bool first = atomic_load(&watched_name) == NULL;
    atomic_store(&watched_name, what);
    if (first) {
        watched = progress;
        (void)pthread_detach(stress_start(watch, NULL)); /* lives as long as the program */
    }
}

void stress_tell(uint64_t events, const char *how)
{
    (void)printf("%llu events %s tried, 0 failed, seed %s\n", (unsigned long long)events, how,
                 seed_text());
}

uint64_t stress_seed(uint64_t number)
{
    char *end = NULL;
    unsigned long long seed = strtoull(seed_text(), &end, 10);
    STRESS_EXPECT(*seed_text() >= '0' && *seed_text() <= '9' && *end == '\0', "not a seed: %s",
                  seed_text());
    /* splitmix64, so that neighbours begin far from each other */
    uint64_t value = seed * UINT64_C(0x9e3779b97f4a7c15) + number * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    value ^= value >> 31;
    return value == 0 ? 1 : value;
}

uint64_t stress_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}
