#include "logic/spans.h"

#include "base/check.h"
#include "logic/records.h"

#include <stdlib.h>
#include <string.h>

/* How far ahead records are fetched: each lies somewhere else. */
#define AHEAD 16u

#define DIGIT_BITS 11u
#define DIGITS (1u << DIGIT_BITS)

void slc_spans_init(slc_spans_t *spans)
{
    *spans = (slc_spans_t){.starts = NULL};
}

void slc_spans_finish(slc_spans_t *spans)
{
    free(spans->starts);
    slc_spans_init(spans);
}

void slc_spans_add(slc_spans_t *spans, uint64_t sequence, slc_ref_t ref)
{
    if (spans->count == spans->capacity) {
        uint64_t capacity = spans->capacity == 0 ? 256 : 2 * spans->capacity;
        slc_span_start_t *grown = realloc(spans->starts, capacity * sizeof *grown);
        SLC_CHECK(grown != NULL);
        spans->starts = grown;
        spans->capacity = capacity;
    }
    spans->starts[spans->count++] = (slc_span_start_t){.sequence = sequence, .ref = ref};
}

/* One pass of a radix sort: `from` by the digit at `shift`, into `to`. */
static void sort_digit(const slc_span_start_t *from, slc_span_start_t *to, uint64_t count, unsigned shift)
{
    uint64_t at[DIGITS] = {0};
    for (uint64_t i = 0; i < count; i++) {
        at[(from[i].sequence >> shift) & (DIGITS - 1)]++;
    }
    uint64_t sum = 0;
    for (unsigned digit = 0; digit < DIGITS; digit++) {
        uint64_t here = at[digit];
        at[digit] = sum;
        sum += here;
    }
    for (uint64_t i = 0; i < count; i++) {
        to[at[(from[i].sequence >> shift) & (DIGITS - 1)]++] = from[i];
    }
}

static void sort(slc_spans_t *spans)
{
    uint64_t largest = 0;
    bool rising = true;
    for (uint64_t i = 0; i < spans->count; i++) {
        rising = rising && largest <= spans->starts[i].sequence;
        largest = largest < spans->starts[i].sequence ? spans->starts[i].sequence : largest;
    }
    if (rising) {
        return; /* one drop after the other, or a single one */
    }
    slc_span_start_t *other = malloc(spans->count * sizeof *other);
    SLC_CHECK(other != NULL);
    for (unsigned shift = 0; shift < 64 && largest >> shift != 0; shift += DIGIT_BITS) {
        sort_digit(spans->starts, other, spans->count, shift);
        slc_span_start_t *sorted = other;
        other = spans->starts;
        spans->starts = sorted;
    }
    free(other);
}

/* A span under way: its orders' places, and the sequences met. */
typedef struct slc_span_work {
    const slc_region_t *region;
    uint64_t span;
    uint32_t places;
    slc_place_t place[SLC_SPAN_SEQUENCES];
    uint64_t met[SLC_SPAN_SEQUENCES / 64];
} slc_span_work_t;

/* Walks the records of one drop in the span; false: one of them has a sequence met before. Where `alone`
 * is set, only as far as the first order. */
static bool walk(slc_span_work_t *work, const slc_span_start_t *start, bool alone, uint64_t *ret_twice)
{
    const slc_drop_t *drop = slc_drop_at(work->region, slc_record_at(work->region, start->ref)->drop);
    bool placed = false;
    for (slc_ref_t ref = start->ref; ref != 0 && !(alone && placed);
         ref = slc_records_behind(work->region, drop, ref)) {
        const slc_record_t *record = slc_record_at(work->region, ref);
        if (slc_span_of(record->sequence) != work->span) {
            break;
        }
        uint64_t offset = record->sequence & (SLC_SPAN_SEQUENCES - 1);
        if ((work->met[offset / 64] >> (offset % 64) & 1) != 0) {
            *ret_twice = record->sequence;
            return false;
        }
        work->met[offset / 64] |= UINT64_C(1) << (offset % 64);
        if (!placed && !slc_record_is_cancel(record)) {
            placed = true;
            /* In order: only few are not, where a drop's cancellation came before its first order. */
            uint32_t at = work->places++;
            slc_place_t place = offset << SLC_REF_BITS | ref;
            for (; at > 0 && work->place[at - 1] > place; at--) {
                work->place[at] = work->place[at - 1];
            }
            work->place[at] = place;
        }
    }
    return true;
}

static bool place_span(slc_span_work_t *work, const slc_span_start_t *starts, uint64_t count,
                       slc_places_t *places, uint64_t *ret_twice)
{
    work->span = slc_span_of(starts[0].sequence);
    work->places = 0;
    memset(work->met, 0, sizeof work->met);
    for (uint64_t i = 0; i < count; i++) {
        if (!walk(work, &starts[i], count == 1, ret_twice)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < work->places; i++) {
        slc_places_add(places, slc_place_order_id(work->place[i], work->span),
                       slc_place_ref(work->place[i]));
    }
    return true;
}

bool slc_spans_place(slc_spans_t *spans, const slc_region_t *region, slc_places_t *places,
                     uint64_t *ret_twice)
{
    sort(spans);
    slc_span_work_t work = {.region = region};
    uint64_t first = 0;
    for (uint64_t i = 0; i < spans->count; i++) {
        if (i + AHEAD < spans->count) {
            __builtin_prefetch(slc_region_at(region, spans->starts[i + AHEAD].ref));
        }
        bool last = i + 1 == spans->count ||
                    slc_span_of(spans->starts[i].sequence) != slc_span_of(spans->starts[i + 1].sequence);
        if (!last) {
            continue;
        }
        if (!place_span(&work, spans->starts + first, i + 1 - first, places, ret_twice)) {
            return false;
        }
        first = i + 1;
    }
    return true;
}
