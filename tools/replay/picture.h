/* Pictures of how a drop went, as SVG within a page, each with a table that says the same.
 * Threads: one. Ownership: the caller's. Failure: errors of the stream stay with the stream. */
#ifndef REPLAY_PICTURE_H
#define REPLAY_PICTURE_H

#include "going.h"

#include <stdio.h>

/* Text of strangers on a page: marked up where it means something there, what is not seen as \xHH, and
 * unable to turn the writing direction of what stands around it. */
void picture_put_text(FILE *out, const char *text);
/* "1,234,567" */
void picture_put_count(FILE *out, uint64_t number);
/* A time since another, in a unit that fits. */
void picture_put_span(FILE *out, uint64_t us);

/* Each is a whole <figure>. */
void picture_arrivals(FILE *out, const going_drop_t *drop);
void picture_left(FILE *out, const going_drop_t *drop);
void picture_retries(FILE *out, const going_drop_t *drop);

/* Percentiles of a latency, as HdrHistogram's plotters read them. */
typedef struct picture_latency {
    double *values_ms;
    double *percentiles; /* 0 to 1, rising */
    uint64_t count;
    uint64_t capacity;
    uint64_t percentiles_capacity;
} picture_latency_t;

/* False: it is no such file, or cannot be read; said. */
bool picture_latency_read(const char *path, picture_latency_t *ret_latency);
void picture_latency(FILE *out, const picture_latency_t *latency);
void picture_latency_finish(picture_latency_t *latency);

#endif
