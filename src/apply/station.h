/* The apply station: the one place that runs the business logic, behind the journal. It takes slots in
 * ring order, applies those that are events, decides those that are not from the same state, and leaves
 * the answer in the slot. Behind each batch it puts the drops it touched on the board, publishes the
 * (sequence, digest) pair for the journal's next block, and rings the I/O threads that sleep.
 *
 * Beside that it cuts the state for the keeper of snapshots and for the mirror when one is wanted, one
 * cut at a time and some drops a turn, and with nothing else to do it takes apart what purges left.
 *
 * Threads: one at a time (engine/relay.h). Ownership: create/destroy; everything in the config is the
 * caller's. Failure: none of its own; a broken invariant stops the process. */
#ifndef SLC_APPLY_STATION_H
#define SLC_APPLY_STATION_H

#include "apply/toucher.h"
#include "attempts/attempts.h"
#include "base/digest_pair.h"
#include "board/board.h"
#include "disruptor/bell.h"
#include "event/command.h"
#include "logic/logic.h"
#include "snapshot/handover.h"

#include <sluice/disruptor.h>

typedef struct slc_apply_station slc_apply_station_t;

typedef struct slc_apply_config {
    slc_ring_t *ring;
    slc_consumer_t *consumer;
    slc_logic_t *logic;
    slc_board_t *board;
    slc_digest_pair_t *pair;
    /* Takes note of a refusal that was no event; never waits. NULL: not noted. */
    void (*note_attempt)(void *context, const slc_attempt_t *attempt);
    slc_bell_t *bells; /* of the I/O threads */
    uint32_t bell_count;
    /* Fills in what the logic does not know of a GET_STATUS. */
    void (*fill_status)(void *context, slc_engine_info_t *ret_info);
    void *context;            /* of both */
    slc_handover_t *handover; /* to the keeper of snapshots; NULL: none are taken */
    slc_handover_t *mirror;   /* to the mirror (report/mirror.h), second to the keeper; NULL: none */
    slc_toucher_t *toucher;   /* of memory that the logic comes to next; NULL: nobody does */
} slc_apply_config_t;

/* NULL: no memory. */
slc_apply_station_t *slc_apply_station_create(const slc_apply_config_t *config);
/* NULL is fine. */
void slc_apply_station_destroy(slc_apply_station_t *station);

/* Puts every drop of a restored logic on the board, and its digest into the pair. Once, before the ring
 * moves. */
void slc_apply_station_publish_restored(slc_apply_station_t *station);
/* One turn without waiting: slots done with. What purges left is taken apart in a turn that finds none.
 */
int64_t slc_apply_station_turn(slc_apply_station_t *station);
/* Nanoseconds without a slot after which the next turn is due; 0: at once, UINT64_MAX: never. */
uint64_t slc_apply_station_rest_ns(const slc_apply_station_t *station);
/* Behind the last turn, the ring being closed and drained: a cut that was not handed over is given up,
 * one that was is the handover's; rings the bells once more. */
void slc_apply_station_leave(slc_apply_station_t *station);

#endif
