#include "series.h"

#include <stdlib.h>
#include <string.h>

static uint64_t slice_of(const load_series_t *series, uint64_t now_ns)
{
    return (now_ns - series->origin_ns) / LOAD_SLICE_NS;
}

void load_series_begin(load_series_t *series, uint64_t origin_ns, uint64_t now_ns)
{
    memset(series, 0, sizeof *series);
    series->origin_ns = origin_ns;
    series->end_ns = origin_ns + (slice_of(series, now_ns) + 1) * LOAD_SLICE_NS;
}

void load_series_finish(load_series_t *series)
{
    free(series->slices);
    series->slices = NULL;
    series->count = series->capacity = 0;
}

/* The slice with that index; those in front of it in which nothing came are zero. NULL: no memory. */
static load_slice_t *reach(load_series_t *series, uint64_t index)
{
    if (index >= LOAD_SLICES_MAX) {
        return NULL;
    }
    if (index >= series->capacity) {
        uint64_t capacity = 2 * index + 64;
        load_slice_t *slices = realloc(series->slices, capacity * sizeof *slices);
        if (slices == NULL) {
            return NULL;
        }
        memset(slices + series->capacity, 0, (capacity - series->capacity) * sizeof *slices);
        series->slices = slices;
        series->capacity = capacity;
    }
    series->count = index + 1 > series->count ? index + 1 : series->count;
    return &series->slices[index];
}

/* The quantiles of what came between two states of one histogram. */
static void note_latency(load_slice_t *slice, const load_histogram_t *before, const load_histogram_t *now)
{
    uint64_t count = now->count - before->count;
    uint64_t seen = 0;
    for (uint32_t i = 0; seen < count && i < LOAD_HISTOGRAM_BUCKETS; i++) {
        uint64_t here = now->buckets[i] - before->buckets[i];
        if (here == 0) {
            continue;
        }
        uint64_t top = load_histogram_bucket_top(i);
        top = top < now->max ? top : now->max;
        slice->p50_ns = seen * 2 < count ? top : slice->p50_ns;
        slice->p99_ns = seen * 100 < count * 99 ? top : slice->p99_ns;
        slice->max_ns = top;
        seen += here;
    }
}

void load_series_close(load_series_t *series, const load_tally_t *tally, uint32_t drops, uint64_t now_ns)
{
    load_slice_t *slice = reach(series, slice_of(series, series->end_ns - 1));
    if (slice == NULL) {
        series->incomplete = true;
        series->end_ns = UINT64_MAX;
        return;
    }
    slice->answered = tally->latency_ns.count - series->before.count;
    slice->accepted = tally->by_status[SLC_STATUS_ACCEPTED] - series->accepted_before;
    note_latency(slice, &series->before, &tally->latency_ns);
    for (uint32_t i = 0; i < drops && i < LOAD_SERIES_DROPS; i++) {
        uint64_t sold = tally->by_drop[i][SLC_STATUS_ACCEPTED];
        slice->sold[i] = sold - series->sold_before[i];
        series->sold_before[i] = sold;
    }
    series->accepted_before = tally->by_status[SLC_STATUS_ACCEPTED];
    series->before = tally->latency_ns;
    series->end_ns = series->origin_ns + (slice_of(series, now_ns) + 1) * LOAD_SLICE_NS;
}

void load_series_merge(load_series_t *into, const load_series_t *from)
{
    into->incomplete = into->incomplete || from->incomplete;
    for (uint64_t i = 0; i < from->count; i++) {
        const load_slice_t *other = &from->slices[i];
        load_slice_t *slice = reach(into, i);
        if (slice == NULL) {
            into->incomplete = true;
            return;
        }
        if (other->p99_ns > slice->p99_ns) {
            slice->p50_ns = other->p50_ns;
            slice->p99_ns = other->p99_ns;
        }
        slice->max_ns = other->max_ns > slice->max_ns ? other->max_ns : slice->max_ns;
        slice->answered += other->answered;
        slice->accepted += other->accepted;
        for (uint32_t drop = 0; drop < LOAD_SERIES_DROPS; drop++) {
            slice->sold[drop] += other->sold[drop];
        }
    }
}
