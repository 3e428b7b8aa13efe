/* How much of the machine the mirror takes. Whatever it does costs the stations something, at the lowest
 * priority too: cores share caches and the memory's bandwidth, and a disk is one. So it works without a
 * rest while little is asked, and while much is, it works for a quarter of the time and lags behind.
 * Threads: the mirror's. Ownership: plain memory. Failure: none. */
#ifndef SLC_REPORT_PACE_H
#define SLC_REPORT_PACE_H

#include <stdint.h>

/* What passes through the logic in a second, from which on it is much: what the mirror keeps up with
 * while it rests so. */
#define SLC_PACE_MUCH_PER_S 80000u
/* So many times as long as it worked it rests; never longer than the bound, so that it is never far from
 * noticing that the rush is over. */
#define SLC_PACE_RESTS 3u
#define SLC_PACE_REST_NS_MAX (UINT64_C(500) * 1000 * 1000)

typedef struct slc_pace {
    uint64_t looked_ns; /* at the end of the last work */
    uint64_t passed;    /* by then */
} slc_pace_t;

/* Between two pieces of work: the last one took `worked_ns` and ends `now_ns`, when `passed` requests had
 * ever been through the logic. Answers how long to rest, 0: not at all. */
uint64_t slc_pace_rest_ns(slc_pace_t *pace, uint64_t worked_ns, uint64_t now_ns, uint64_t passed);

#endif
