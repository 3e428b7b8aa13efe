/* The relay: the journal's and the apply station's turns, done by their own threads while there is much
 * to do, and by the thread that has just given them work while they sleep. A hand-over to a thread that
 * sleeps costs a system call, a wake-up and two changes of caches, tens of us on a virtual machine:
 * more than all the rest of a small batch but the disk's write. So a BUY that finds everything idle is
 * journaled, applied and answered by the I/O thread that read it, with nobody woken; and under load each
 * station has a thread and a core of its own.
 *
 *     I/O thread                        journal thread                     apply thread
 *     publishes quietly
 *     few slots, and it sleeps?  no ──> is awake, or announced to
 *         │ yes, and its lock is free
 *     a turn of the journal             a turn of the journal
 *     few slots, and it sleeps?  ───────────── the same ───────── no ──> is awake, or announced to
 *         │ yes, and its lock is free
 *     a turn of apply
 *
 * A station's lock is held for each turn, whoever does it, so station code knows nothing of all this. A
 * lock that is taken means that somebody else is at it: then the station's own thread is announced to,
 * and takes over behind him.
 *
 * Threads: slc_relay_pass_on by any I/O thread, awake in the sense of board.h (it sleeps there while it
 * lends a turn); each _run by one thread, asleep in that sense.
 * Ownership: init/finish; stations, consumers and ring are the caller's.
 * Failure: a journal that failed ends the process at once (exit code 5), whoever did its turn. */
#ifndef SLC_ENGINE_RELAY_H
#define SLC_ENGINE_RELAY_H

#include "apply/station.h"
#include "engine/pipeline.h"
#include "journal/station.h"

#include <pthread.h>

typedef struct slc_relay {
    slc_pipeline_t *pipeline;
    slc_journal_station_t *journal;
    slc_apply_station_t *apply;
    pthread_mutex_t journal_lock; /* of a turn of the journal station */
    pthread_mutex_t apply_lock;   /* of a turn of the apply station; taken last */
} slc_relay_t;

void slc_relay_init(slc_relay_t *relay, slc_pipeline_t *pipeline, slc_journal_station_t *journal,
                    slc_apply_station_t *apply);
void slc_relay_finish(slc_relay_t *relay);

/* Behind a quiet publish: sees to it that the slots go on their way. */
void slc_relay_pass_on(slc_relay_t *relay);

/* The lives of the two threads: until the ring is closed and drained. */
void slc_relay_run_journal(slc_relay_t *relay);
void slc_relay_run_apply(slc_relay_t *relay);

#endif
