/* Collects where each drop has records in each span of sequences (places.h), while drops come one after
 * the other, and then notes their orders' places, which must come by rising order_id over all drops.
 *
 * On the way it finds a sequence that two drops claim: in a span with records of one drop only there is
 * none, for a drop's sequences rise; in the others each record is looked at once.
 *
 * Threads: one. Ownership: init/finish. Failure: running out of memory stops the process (SLC_CHECK). */
#ifndef SLC_LOGIC_SPANS_H
#define SLC_LOGIC_SPANS_H

#include "logic/places.h"
#include "logic/region.h"

/* A drop's first record in a span, of an order or a cancellation. */
typedef struct slc_span_start {
    uint64_t sequence;
    slc_ref_t ref;
} slc_span_start_t;

typedef struct slc_spans {
    slc_span_start_t *starts;
    uint64_t count;
    uint64_t capacity;
} slc_spans_t;

void slc_spans_init(slc_spans_t *spans);
void slc_spans_finish(slc_spans_t *spans);
void slc_spans_add(slc_spans_t *spans, uint64_t sequence, slc_ref_t ref);
/* Notes the places of all orders behind what was added. False: *ret_twice is a sequence that two records
 * have. */
bool slc_spans_place(slc_spans_t *spans, const slc_region_t *region, slc_places_t *places,
                     uint64_t *ret_twice);

#endif
