/* Where orders are, by order_id: for showing and cancelling one, at the price of almost nothing an order.
 *
 * An order_id is the sequence of its event, and the records of a drop are in that order. So it is enough
 * to know, for each span of 1,024 sequences and each drop that sold in it, the first record there; from
 * there a look-up walks at most the span. A drop that sells a lot costs 8 bytes a span, and the worst
 * case, each order of a span in a drop of its own, 8 bytes an order.
 *
 * Threads: one. Ownership: init/finish.
 * Failure: running out of memory stops the process (SLC_CHECK), as logic.h says. */
#ifndef SLC_LOGIC_PLACES_H
#define SLC_LOGIC_PLACES_H

#include "logic/region.h"

#define SLC_SPAN_LOG 10
#define SLC_SPAN_SEQUENCES (1u << SLC_SPAN_LOG)

/* Offset of the order in its span in the upper bits, ref of its record in the lower 35; ref 0: gone. */
typedef uint64_t slc_place_t;

typedef struct slc_span {
    union {
        slc_place_t one;   /* count is 1 */
        slc_place_t *many; /* in rising order */
    } as;
    uint32_t count;
    uint32_t live; /* of them not gone; 0: as.many is freed */
} slc_span_t;

/* A page of spans: 1,048,576 sequences. */
#define SLC_SPANS_PER_PAGE 1024u

typedef struct slc_places {
    struct slc_span_page **pages; /* NULL where nothing is left */
    uint64_t page_count;
    uint64_t current; /* number of the span that is being filled */
    uint32_t count;   /* places in it */
    slc_place_t filling[SLC_SPAN_SEQUENCES];
    uint64_t bytes; /* of pages and of places outside this struct */
} slc_places_t;

void slc_places_init(slc_places_t *places);
void slc_places_finish(slc_places_t *places);

static inline uint64_t slc_span_of(uint64_t order_id)
{
    return order_id >> SLC_SPAN_LOG;
}

/* Notes the first order of some drop in its span. Orders come in rising order. */
void slc_places_add(slc_places_t *places, uint64_t order_id, slc_ref_t ref);
/* Forgets one that was added. */
void slc_places_remove(slc_places_t *places, uint64_t order_id);
/* The places of the span of an order_id, in rising order; NULL and count 0: none. */
const slc_place_t *slc_places_of(const slc_places_t *places, uint64_t order_id, uint32_t *ret_count);

static inline slc_ref_t slc_place_ref(slc_place_t place)
{
    return place & SLC_REF_MAX;
}

static inline uint64_t slc_place_order_id(slc_place_t place, uint64_t span)
{
    return (span << SLC_SPAN_LOG) | (place >> SLC_REF_BITS);
}

#endif
