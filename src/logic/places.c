#include "logic/places.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

typedef struct slc_span_page {
    uint32_t live; /* spans in it that have a place */
    slc_span_t spans[SLC_SPANS_PER_PAGE];
} slc_span_page_t;

void slc_places_init(slc_places_t *places)
{
    places->pages = NULL;
    places->page_count = 0;
    places->current = 0;
    places->count = 0;
    places->bytes = 0;
}

static void free_span(slc_places_t *places, slc_span_t *span)
{
    if (span->count > 1 && span->live > 0) {
        free(span->as.many);
        places->bytes -= span->count * sizeof *span->as.many;
    }
    *span = (slc_span_t){.count = 0};
}

void slc_places_finish(slc_places_t *places)
{
    for (uint64_t page = 0; page < places->page_count; page++) {
        for (uint32_t i = 0; places->pages[page] != NULL && i < SLC_SPANS_PER_PAGE; i++) {
            free_span(places, &places->pages[page]->spans[i]);
        }
        free(places->pages[page]);
    }
    free(places->pages);
    slc_places_init(places);
}

/* The span of that number, its page made where it is missing. */
static slc_span_t *make_span(slc_places_t *places, uint64_t number, slc_span_page_t **ret_page)
{
    uint64_t page = number / SLC_SPANS_PER_PAGE;
    if (page >= places->page_count) {
        uint64_t count = places->page_count < 8 ? 8 : places->page_count;
        while (count <= page) {
            count *= 2;
        }
        slc_span_page_t **grown = realloc(places->pages, count * sizeof(slc_span_page_t *));
        SLC_CHECK(grown != NULL);
        memset(grown + places->page_count, 0, (count - places->page_count) * sizeof(slc_span_page_t *));
        places->bytes += (count - places->page_count) * sizeof(slc_span_page_t *);
        places->pages = grown;
        places->page_count = count;
    }
    if (places->pages[page] == NULL) {
        places->pages[page] = calloc(1, sizeof(slc_span_page_t));
        SLC_CHECK(places->pages[page] != NULL);
        places->bytes += sizeof(slc_span_page_t);
    }
    *ret_page = places->pages[page];
    return &places->pages[page]->spans[number % SLC_SPANS_PER_PAGE];
}

static uint32_t count_live(const slc_place_t *filled, uint32_t count)
{
    uint32_t live = 0;
    for (uint32_t i = 0; i < count; i++) {
        live += slc_place_ref(filled[i]) != 0 ? 1 : 0;
    }
    return live;
}

/* Puts the span that was being filled where it stays. */
static void store_current(slc_places_t *places)
{
    uint32_t live = count_live(places->filling, places->count);
    if (live > 0) {
        slc_span_page_t *page;
        slc_span_t *span = make_span(places, places->current, &page);
        *span = (slc_span_t){.count = places->count, .live = live};
        if (span->count == 1) {
            span->as.one = places->filling[0];
        } else {
            span->as.many = malloc(span->count * sizeof *span->as.many);
            SLC_CHECK(span->as.many != NULL);
            memcpy(span->as.many, places->filling, span->count * sizeof *span->as.many);
            places->bytes += span->count * sizeof *span->as.many;
        }
        page->live++;
    }
    places->count = 0;
}

void slc_places_add(slc_places_t *places, uint64_t order_id, slc_ref_t ref)
{
    uint64_t number = slc_span_of(order_id);
    if (number != places->current) {
        SLC_CHECK(number > places->current);
        store_current(places);
        places->current = number;
    }
    SLC_CHECK(places->count < SLC_SPAN_SEQUENCES);
    uint64_t offset = order_id & (SLC_SPAN_SEQUENCES - 1);
    places->filling[places->count++] = offset << SLC_REF_BITS | ref;
}

/* The place of that offset. */
static slc_place_t *find(slc_place_t *first, uint32_t count, uint64_t offset)
{
    uint32_t low = 0;
    uint32_t high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (first[middle] >> SLC_REF_BITS < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    SLC_CHECK(low < count && first[low] >> SLC_REF_BITS == offset && slc_place_ref(first[low]) != 0);
    return &first[low];
}

void slc_places_remove(slc_places_t *places, uint64_t order_id)
{
    uint64_t number = slc_span_of(order_id);
    uint64_t offset = order_id & (SLC_SPAN_SEQUENCES - 1);
    if (number == places->current) {
        *find(places->filling, places->count, offset) &= ~SLC_REF_MAX;
        return;
    }
    uint64_t at = number / SLC_SPANS_PER_PAGE;
    SLC_CHECK(at < places->page_count && places->pages[at] != NULL);
    slc_span_page_t *page = places->pages[at];
    slc_span_t *span = &page->spans[number % SLC_SPANS_PER_PAGE];
    SLC_CHECK(span->live > 0);
    *find(span->count == 1 ? &span->as.one : span->as.many, span->count, offset) &= ~SLC_REF_MAX;
    if (span->live > 1) {
        span->live--;
        return;
    }
    free_span(places, span);
    if (--page->live == 0) {
        free(page);
        places->pages[at] = NULL;
        places->bytes -= sizeof *page;
    }
}

const slc_place_t *slc_places_of(const slc_places_t *places, uint64_t order_id, uint32_t *ret_count)
{
    uint64_t number = slc_span_of(order_id);
    *ret_count = 0;
    if (number == places->current) {
        *ret_count = places->count;
        return places->filling;
    }
    uint64_t at = number / SLC_SPANS_PER_PAGE;
    if (at >= places->page_count || places->pages[at] == NULL) {
        return NULL;
    }
    const slc_span_t *span = &places->pages[at]->spans[number % SLC_SPANS_PER_PAGE];
    *ret_count = span->count;
    return span->count == 1 ? &span->as.one : span->as.many;
}
