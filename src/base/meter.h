/* Counters and histograms for people who look on: one thread writes, any thread reads, nobody waits.
 * A count orders nothing, so everything is relaxed; a reader may find one count a moment older than
 * another, never half of one. Each writer keeps its own on cache lines of its own, and who reads adds up.
 * Threads: each meter is written by one thread at a time, read by any.
 * Ownership: plain memory; the bounds of a histogram are its caller's and outlive it. Failure: none. */
#ifndef SLC_BASE_METER_H
#define SLC_BASE_METER_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

typedef _Atomic uint64_t slc_counter_t;

static inline void slc_count(slc_counter_t *counter, uint64_t more)
{
    /* relaxed each: this thread alone writes it, so a load and a store are enough; readers want only the
     * number, and no other memory follows from it */
    uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, now + more, memory_order_relaxed);
}

static inline uint64_t slc_counted(const slc_counter_t *counter)
{
    /* relaxed: see slc_count */
    return atomic_load_explicit(counter, memory_order_relaxed);
}

#define SLC_BOUNDS_MAX 48

/* Upper bounds of buckets, rising, each inclusive; what is above the last goes into one more. */
typedef struct slc_bounds {
    uint64_t le[SLC_BOUNDS_MAX];
    size_t count;
} slc_bounds_t;

/* Of times, in nanoseconds: 10 us to 10 s, six to a decade. */
extern const slc_bounds_t slc_bounds_ns;
/* Of what is counted: powers of two, 1 to 32768. */
extern const slc_bounds_t slc_bounds_events;
/* Of sizes in bytes: powers of two, 4 KiB to 4 MiB. */
extern const slc_bounds_t slc_bounds_bytes;

typedef struct slc_histogram {
    slc_counter_t counts[SLC_BOUNDS_MAX + 1]; /* by bucket, not cumulative */
    slc_counter_t sum;
} slc_histogram_t;

/* The histogram at one moment, for who adds several up and shows them. */
typedef struct slc_distribution {
    uint64_t counts[SLC_BOUNDS_MAX + 1];
    uint64_t sum;
} slc_distribution_t;

/* `times` values of `value`. A bisection over the bounds: five steps or six. */
void slc_histogram_add(slc_histogram_t *histogram, const slc_bounds_t *bounds, uint64_t value,
                       uint64_t times);
/* Adds what was counted so far to *distribution. */
void slc_histogram_read(const slc_histogram_t *histogram, slc_distribution_t *distribution);

#endif
