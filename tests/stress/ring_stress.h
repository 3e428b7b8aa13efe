/* What the stress programs of the ring share: how many events, threads, and a failure that names itself.
 * Plain programs, since Criterion does not start under ThreadSanitizer. Each states its forbidden
 * outcomes in its first lines, and ends with 1 and a sentence when it meets one. Threads: stress_fail
 * from any; the rest from main. Ownership: nothing. Failure: prints and exits 1. */
#ifndef SLC_TESTS_STRESS_RING_STRESS_H
#define SLC_TESTS_STRESS_RING_STRESS_H

#include <sluice/disruptor.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

/* This program's share, in percent, of the events that all the ring's programs together send: argument 1,
 * else the environment's SLC_STRESS_EVENTS, else two million. At least 1. */
uint64_t stress_events(int argc, char **argv, uint64_t percent);

_Noreturn void stress_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Fails, with the sentence, unless the expression holds. */
#define STRESS_EXPECT(expression, ...)                                                                   \
    do {                                                                                                 \
        if (__builtin_expect(!(expression), 0)) {                                                        \
            stress_fail(__VA_ARGS__);                                                                    \
        }                                                                                                \
    } while (0)

pthread_t stress_start(void *(*thread)(void *), void *argument);
void stress_join(pthread_t thread);

/* Keeps the calling thread on the `index`th of the cores that the program may use, modulo their number:
 * two threads on one core meet only at its time slices. */
void stress_pin(unsigned index);

slc_ring_t *stress_ring(const slc_ring_config_t *config);
slc_consumer_t *stress_consumer(slc_ring_t *ring, slc_consumer_t *const *after, size_t count);

/* A lost wake-up is a program that stands still for ever. Fails when `progress` stands still for a
 * minute; a watch of NULL ends the watching. */
void stress_watch(const _Atomic uint64_t *progress, const char *what);

/* The line that tools/test prints of a run that came to its end: `events` of them were tried, `how`. */
void stress_tell(uint64_t events, const char *how);

/* What the `number`th generator of a program begins with: another one for each number and for each seed
 * that the environment's SLC_SEED names (none: 1). */
uint64_t stress_seed(uint64_t number);
/* xorshift64*: the same numbers from the same seed (not 0), on every machine. */
uint64_t stress_random(uint64_t *state);

#endif
