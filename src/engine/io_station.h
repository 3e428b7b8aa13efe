/* What an I/O thread does, without the thread: both ends of the ring for its connections, turn by turn.
 * A turn never waits, but for the disk where the relay has it do a turn of the journal; who calls it
 * (engine/io_thread.c with epoll, a simulation without) tells of sockets that have news, and lets it rest
 * when it had nothing to do.
 *
 * Threads: one for all calls but slc_connections_open of its connections; a registered reader of the
 *   board (board/board.h), awake.
 * Ownership: init/finish; everything in the config is the caller's. An adopted descriptor is the
 * station's. Failure: init answers NO_MEMORY; afterwards a bad connection costs only itself. */
#ifndef SLC_ENGINE_IO_STATION_H
#define SLC_ENGINE_IO_STATION_H

#include "control/control.h"
#include "engine/relay.h"
#include "ingress/ingress.h"
#include "reply/reply.h"
#include "sys/net.h"
#include "sys/sys.h"

/* How often deadlines are looked at while any is running. */
#define SLC_IO_SWEEP_NS (UINT64_C(250) * 1000 * 1000)

typedef struct slc_io_station_config {
    uint32_t number;      /* of the I/O thread, in the connection ids of its slots */
    const slc_sys_t *sys; /* its monotonic clock */
    const slc_net_t *net;
    slc_ring_t *ring;
    slc_consumer_t *consumer; /* its own reply consumer */
    slc_relay_t *relay; /* takes over what is published; NULL: who waits for the ring looks by itself */
    const slc_board_t *board;
    slc_session_limits_t limits;
} slc_io_station_config_t;

typedef struct slc_io_station {
    slc_io_station_config_t config;
    slc_connections_t connections;
    slc_codec_t *codec;
    slc_ingress_t ingress;
    slc_control_ingress_t control;
    slc_reply_t reply;
    uint64_t sweep_at_ns; /* 0: no deadline is running */
} slc_io_station_t;

slc_err_t slc_io_station_init(slc_io_station_t *station, const slc_io_station_config_t *config,
                              slc_error_t *ret_error);
/* Closes all connections. Also behind an init that failed. */
void slc_io_station_finish(slc_io_station_t *station);

/* A new connection on `fd`, connected and non-blocking. NULL: there is no place for it; the peer was told
 * OVERLOADED, as far as that goes without waiting, and `fd` is closed. */
slc_connection_t *slc_io_station_adopt(slc_io_station_t *station, int fd, slc_peer_t peer);
/* What is new on a connection's socket; a connection that is gone is passed by. `hangup`: the peer sends
 * nothing more, or is gone. */
void slc_io_station_news(slc_io_station_t *station, uint32_t index, uint32_t generation, bool readable,
                         bool writable, bool hangup);
/* Everything that can be done without waiting: the answers that are decided, then input (if it may be
 * taken in), then sending, then what the relay makes of the input, then deadlines. Answers how much was
 * done; 0: rest until there is news. */
uint64_t slc_io_station_turn(slc_io_station_t *station, bool may_take_in);
/* A deadline may be running: call the next turn SLC_IO_SWEEP_NS from now at the latest. */
void slc_io_station_watch_deadlines(slc_io_station_t *station);
/* Input waits for room in the ring, which others' replies will make: nobody tells of that. */
bool slc_io_station_waits_for_room(const slc_io_station_t *station);
bool slc_io_station_has_unsent(const slc_io_station_t *station);

/* Says OVERLOADED to a buyer, as far as that goes without waiting, and closes. */
void slc_io_refuse(const slc_net_t *net, int fd, slc_peer_t peer);

/* Places in each connection table that buyers may not take. */
#define SLC_OPERATOR_PLACES 16u

#endif
