/* A stream of random events, for whoever holds two states against each other: small ranges, so that keys,
 * users and drops meet again and again, and each rule is reached. The seed decides everything.
 * Threads: one. Ownership: the caller's struct; text in an event is static. Cannot fail. */
#ifndef SLC_TEST_EVENT_STREAM_H
#define SLC_TEST_EVENT_STREAM_H

#include <sluice/journal.h>

typedef struct stream {
    uint64_t random; /* the seed, then where its generator stands */
    uint64_t sequence;
    uint64_t time_us;
    uint64_t drops; /* numbers 1 to this */
    uint64_t keys;  /* operators' keys 1 to this */
} stream_t;

/* The next event: sequences rise by one, times by 0 to 2 microseconds. */
slc_event_t stream_next(stream_t *stream);
/* The same generator: 0 to limit - 1. */
uint64_t stream_below(stream_t *stream, uint64_t limit);

#endif
