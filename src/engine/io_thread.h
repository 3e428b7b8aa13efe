/* An I/O thread: one epoll over its connections, and turns of the I/O station (io_station.h) with them;
 * without work it sleeps until a socket or the bell says that there is more. The first I/O thread also
 * accepts, and deals new connections out in turn.
 *
 * Threads: start, stop and join on the main thread; everything else inside. `take` is any I/O thread's.
 * Ownership: start creates everything the thread needs, join frees it; ring, board, bells and listeners
 *   are the engine's.
 * Failure: start answers what is missing; afterwards a bad connection costs only itself. */
#ifndef SLC_ENGINE_IO_THREAD_H
#define SLC_ENGINE_IO_THREAD_H

#include "disruptor/bell.h"
#include "engine/io_station.h"
#include "session/listener.h"

typedef struct slc_io slc_io_t;

typedef struct slc_io_config {
    slc_io_station_config_t station;
    uint32_t count;            /* of all I/O threads */
    slc_bell_t *bell;          /* its own */
    slc_io_t **all;            /* all I/O threads, by number, to deal connections out to */
    slc_listener_t *listeners; /* of the first I/O thread: [0] buyers', [1] operators' */
    bool busy_spin;
} slc_io_config_t;

slc_err_t slc_io_start(const slc_io_config_t *config, slc_io_t **ret_io, slc_error_t *ret_error);
/* Takes nothing more in; returns once that is so. */
void slc_io_stop(slc_io_t *io);
/* Behind stop, and behind slc_ring_close: waits until every answer is sent, or for a few seconds where a
 * peer does not take its own; then ends the thread and closes its connections. NULL is fine. */
void slc_io_join(slc_io_t *io);
/* Gives the thread a connection. */
void slc_io_take(slc_io_t *io, int fd, slc_peer_t peer);
uint64_t slc_io_connections(const slc_io_t *io);
/* The first I/O thread makes the operators' socket anew, if its name was lost. Returns before that is so.
 */
void slc_io_reopen(slc_io_t *io);
/* Turns so far: one that is rung for comes by. Any thread. */
uint64_t slc_io_turns(const slc_io_t *io);
/* Good until join. Any thread. */
const slc_session_meters_t *slc_io_meters(const slc_io_t *io);

#endif
