/* Between the apply station, which alone may cut the state, and the keeper, which writes what was cut:
 * one cut at a time goes over and comes back. The mirror (report/mirror.h) has a handover of its own, in
 * which it is what the keeper is here; of both together one cut is open at a time.
 *
 *     keeper                                    apply station
 *     slc_handover_want  ── wanted ──────────>  slc_handover_wanted: begins a cut, steps it beside events
 *     slc_handover_take <── complete cut ─────  slc_handover_give
 *     slc_handover_return ─ done with ───────>  slc_handover_returned: ends it
 *
 * Threads: each function says whose. Ownership: init/finish are the engine's; the cut stays the logic's.
 * Failure: none. */
#ifndef SLC_SNAPSHOT_HANDOVER_H
#define SLC_SNAPSHOT_HANDOVER_H

#include "logic/cut.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct slc_handover {
    _Atomic bool wanted;
    _Atomic bool failed;           /* a cut could not be made */
    _Atomic(slc_cut_t *) given;    /* complete, for the keeper */
    _Atomic(slc_cut_t *) returned; /* the keeper is done with it */
    pthread_mutex_t mutex;         /* of the keeper's sleep; never held while working */
    pthread_cond_t changed;        /* monotonic clock */
    bool stopping;                 /* under the mutex */
} slc_handover_t;

/* ---- engine ---- */
void slc_handover_init(slc_handover_t *handover);
void slc_handover_finish(slc_handover_t *handover);
/* The keeper is to leave: wakes it. Any thread. */
void slc_handover_stop(slc_handover_t *handover);
/* Whether it was told so. Any thread. */
bool slc_handover_is_stopping(slc_handover_t *handover);
/* When neither side has a thread any more: the cut that is somewhere on the way; NULL: none. */
slc_cut_t *slc_handover_leftover(slc_handover_t *handover);

/* ---- keeper, and whoever asks for a snapshot: any thread ---- */
/* A cut is wanted that covers everything applied before this call. */
void slc_handover_want(slc_handover_t *handover);

/* ---- keeper ---- */
/* The complete cut, NULL: none yet. *ret_failed: there was no memory for one; told once. */
slc_cut_t *slc_handover_take(slc_handover_t *handover, bool *ret_failed);
/* It is done with; the apply station ends it. */
void slc_handover_return(slc_handover_t *handover, slc_cut_t *cut);
/* Sleeps until something was given or failed, or `timeout_ns` are over. False: it is to stop. */
bool slc_handover_wait(slc_handover_t *handover, uint64_t timeout_ns);
/* Sleeps for `time_ns`, whatever comes meanwhile. False: it is to stop, at once. */
bool slc_handover_nap(slc_handover_t *handover, uint64_t time_ns);

/* ---- apply station ---- none of them waits for the keeper's work */
/* True once for any number of wants. */
bool slc_handover_wanted(slc_handover_t *handover);
/* NULL: it could not be made. */
void slc_handover_give(slc_handover_t *handover, slc_cut_t *cut);
/* The cut that came back; NULL: none. */
slc_cut_t *slc_handover_returned(slc_handover_t *handover);

#endif
