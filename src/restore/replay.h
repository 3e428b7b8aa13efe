/* Events of the journal, applied through the logic in the order and at the speed of a scan.
 * Threads: one. Ownership: logic, directory and watch are the caller's; nothing is kept.
 * Failure: DAMAGED names segment and offset, IO as scan.h; the logic then stands somewhere. Nothing is
 *   ever written. */
#ifndef SLC_RESTORE_REPLAY_H
#define SLC_RESTORE_REPLAY_H

#include "journal/scan.h"
#include "logic/logic.h"
#include "restore/watch.h"

typedef struct slc_replay_order {
    const slc_directory_t *directory;
    slc_logic_t *logic; /* what it holds, up to its sequence, is not applied again */
    uint64_t until;     /* the last event wanted; UINT64_MAX: to the journal's end */
    bool check_digests; /* compare the pairs that blocks carry */
    slc_watch_t *watch;
    /* Told of each event behind its application; NULL: nobody is. */
    void (*applied)(void *context, const slc_event_t *event, const slc_answer_t *answer);
    void *context;
} slc_replay_order_t;

typedef struct slc_replayed {
    uint64_t events;       /* applied */
    uint64_t digest_pairs; /* compared */
    bool ended;            /* the journal's end was reached, before or behind `until` */
    slc_scan_end_t end;    /* where `ended`; without any segment: behind what the logic held */
} slc_replayed_t;

/* The digest pairs of blocks are compared with the logic's own at their sequences; a difference is
 * DAMAGED. A pair is known when its block has been checked, some megabytes ahead of being replayed, and
 * tells of an event before it; one that tells of an event from before that window can't be compared and
 * is not counted. The engine's pairs trail their blocks by a batch or two. */
slc_err_t slc_replay(const slc_replay_order_t *order, slc_replayed_t *ret_replayed,
                     slc_error_t *ret_error);

#endif
