/* What an I/O thread counts of its connections and requests, and the marks that tell how long ago each
 * request was taken in. Marks are the thread's own; the rest is read by anyone (base/meter.h).
 * Threads: written by the I/O thread. Ownership: the connection table's. Failure: none. */
#ifndef SLC_SESSION_METERS_H
#define SLC_SESSION_METERS_H

#include "base/meter.h"
#include "session/marks.h"

#include <sluice/status.h>

typedef struct slc_session_meters {
    slc_counter_t buys[SLC_STATUS_COUNT];     /* BUYs answered, by status, whether or not anybody hears */
    slc_counter_t commands[SLC_STATUS_COUNT]; /* operators' requests, likewise */
    slc_counter_t accepted[2];                /* connections, by slc_peer_t */
    slc_histogram_t request_ns;               /* from the claim of a BUY's slot to its answer */
    slc_marks_t marks;
} slc_session_meters_t;

#endif
