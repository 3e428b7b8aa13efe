/* When the slots of one I/O thread were claimed, without a word in each slot: one mark for all that was
 * claimed in a turn, in ring order. Ingress puts marks behind, reply takes them from the front.
 * Threads: the I/O thread's. Owns nothing. Failure: none; where more turns are under way than there is
 * room for, the newest mark takes the next turn in, whose slots then seem to have come a little earlier.
 */
#ifndef SLC_SESSION_MARKS_H
#define SLC_SESSION_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#define SLC_MARKS 1024u /* a power of two */

typedef struct slc_mark {
    uint64_t end; /* sequence of the ring behind the last slot that it is about */
    uint64_t at_ns;
} slc_mark_t;

typedef struct slc_marks {
    slc_mark_t ring[SLC_MARKS];
    uint64_t put;
    uint64_t taken;
} slc_marks_t;

/* This thread claimed slots up to `end`, which rises from call to call. */
static inline void slc_marks_put(slc_marks_t *marks, uint64_t end, uint64_t now_ns)
{
    if (marks->put != marks->taken) {
        slc_mark_t *last = &marks->ring[(marks->put - 1) % SLC_MARKS];
        if (last->at_ns == now_ns || marks->put - marks->taken == SLC_MARKS) {
            last->end = end;
            return;
        }
    }
    marks->ring[marks->put++ % SLC_MARKS] = (slc_mark_t){end, now_ns};
}

/* The mark of the slot `sequence`, which this thread claimed; asked by rising sequence. NULL: none was
 * put. */
static inline const slc_mark_t *slc_marks_of(slc_marks_t *marks, uint64_t sequence)
{
    while (marks->taken != marks->put) {
        const slc_mark_t *first = &marks->ring[marks->taken % SLC_MARKS];
        if (sequence < first->end) {
            return first;
        }
        marks->taken++;
    }
    return 0;
}

#endif
