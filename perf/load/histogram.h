/* A histogram of latencies: log-linear as in HDR histograms (G. Tene), 128 linear steps for each power of
 * two, so that any value is known to better than 1 part in 128 and recording is a shift and an addition.
 * Threads: one thread at a time; each worker has its own, merged at the end.
 * Ownership: the caller's memory, 58 KiB, no heap.
 * Failure: none; every 64-bit value has a bucket. */
#ifndef SLC_PERF_LOAD_HISTOGRAM_H
#define SLC_PERF_LOAD_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define LOAD_HISTOGRAM_STEP_BITS 7
#define LOAD_HISTOGRAM_STEPS (1u << LOAD_HISTOGRAM_STEP_BITS)
#define LOAD_HISTOGRAM_BUCKETS ((64u - LOAD_HISTOGRAM_STEP_BITS + 1) * LOAD_HISTOGRAM_STEPS)

typedef struct load_histogram {
    uint64_t count;
    uint64_t max;
    uint64_t buckets[LOAD_HISTOGRAM_BUCKETS];
} load_histogram_t;

/* Values below 128 have a bucket each; from there on the 7 bits behind the leading one choose it. */
static inline uint32_t load_histogram_bucket(uint64_t value)
{
    if (value < LOAD_HISTOGRAM_STEPS) {
        return (uint32_t)value;
    }
    uint32_t shift = 63u - (uint32_t)__builtin_clzll(value) - LOAD_HISTOGRAM_STEP_BITS;
    return shift * LOAD_HISTOGRAM_STEPS + (uint32_t)(value >> shift);
}

static inline void load_histogram_record(load_histogram_t *histogram, uint64_t value)
{
    histogram->buckets[load_histogram_bucket(value)]++;
    histogram->count++;
    if (value > histogram->max) {
        histogram->max = value;
    }
}

/* The highest value that falls into the same bucket. */
uint64_t load_histogram_bucket_top(uint32_t bucket);
void load_histogram_merge(load_histogram_t *into, const load_histogram_t *from);
/* The smallest value that at least `fraction` (0 to 1) of all recorded ones do not pass, rounded up to
 * its bucket's top, never above the largest recorded. 0 of an empty histogram. */
uint64_t load_histogram_quantile(const load_histogram_t *histogram, double fraction);
/* Writes the distribution as HdrHistogram's plotters read it (.hgrm), values divided by `unit`. */
void load_histogram_write(const load_histogram_t *histogram, double unit, FILE *out);

/* The same into a file of that name, in ms of values in ns. False: it cannot be written. */
bool load_histogram_save(const load_histogram_t *histogram, const char *path);

#endif
