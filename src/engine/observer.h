/* What the engine shows over HTTP (observe/http.h): it is there before the way back begins, tells of its
 * progress, then takes its pictures of the running stations, and of how it ended while the server stops.
 *
 *     start ── progress ... ── serve ── stopping ── freeze ── stop
 *
 * Threads: all calls are the main thread's; pictures are taken by the HTTP thread, under a lock that the
 *   main thread holds only to change what is shown. No station knows of it.
 * Ownership: start/stop; what serve is given stays the engine's, and lives until freeze (the board: until
 *   stop).
 * Failure: start answers IO, or CONFIG for a name that means nothing, and names --http. */
#ifndef SLC_ENGINE_OBSERVER_H
#define SLC_ENGINE_OBSERVER_H

#include "attempts/attempts.h"
#include "engine/io_thread.h"
#include "engine/options.h"
#include "engine/pipeline.h"
#include "engine/reporting.h"
#include "engine/snapshots.h"
#include "journal/station.h"
#include "observe/http.h"
#include "session/listener.h"

#include <pthread.h>

/* The running engine. */
typedef struct slc_observed {
    const slc_pipeline_t *pipeline;
    slc_journal_station_t *journal;
    const slc_writer_t *writer;
    slc_snapshots_t *snapshots;
    slc_reporting_t *reporting;     /* NULL: no report is kept */
    const slc_attempts_t *attempts; /* NULL: switched off */
    slc_io_t *const *io;
    const slc_digest_pair_t *pair;
    const slc_board_t *board;
} slc_observed_t;

typedef struct slc_observer {
    const slc_options_t *options;
    const slc_sys_t *sys;
    slc_listener_t listener;
    slc_http_t *http;
    pthread_mutex_t lock; /* of everything below */
    slc_engine_state_t state;
    uint64_t replaying_since_ns;
    slc_picture_t kept; /* the parts that do not come from the stations; once frozen, all */
    slc_observed_t observed;
    bool frozen;
} slc_observer_t;

/* Listens and answers, unless HTTP is off. `observer` is zeroed memory that stays where it is. */
slc_err_t slc_observer_start(slc_observer_t *observer, const slc_options_t *options, const slc_sys_t *sys,
                             slc_error_t *ret_error);
/* "127.0.0.1:7412", or "off". */
const char *slc_observer_name(const slc_observer_t *observer);
void slc_observer_progress(slc_observer_t *observer, uint64_t done_bytes, uint64_t total_bytes,
                           uint64_t events);
/* The way back is over, after `events`; all stations run. */
void slc_observer_serve(slc_observer_t *observer, const slc_observed_t *observed, uint64_t events);
void slc_observer_stopping(slc_observer_t *observer);
/* The stations end now: what is shown from here on is the last picture of them. */
void slc_observer_freeze(slc_observer_t *observer);
void slc_observer_stop(slc_observer_t *observer);

#endif
