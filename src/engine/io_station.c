#include "engine/io_station.h"

#include "base/error.h"
#include "wire/codec.h"

#include <string.h>

#define CODEC_ARENA_BYTES ((size_t)256 * 1024)

slc_err_t slc_io_station_init(slc_io_station_t *station, const slc_io_station_config_t *config,
                              slc_error_t *ret_error)
{
    *station = (slc_io_station_t){.config = *config};
    slc_err_t err = slc_connections_init(&station->connections, config->net, &config->limits, ret_error);
    if (err == SLC_OK) {
        err = slc_ingress_init(&station->ingress, ret_error);
    }
    if (err != SLC_OK) {
        return err;
    }
    station->codec = slc_codec_create(CODEC_ARENA_BYTES);
    if (station->codec == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory for an I/O thread");
    }
    station->ingress.ring = station->control.ring = station->reply.ring = config->ring;
    station->ingress.connections = &station->connections;
    station->control.connections = &station->connections;
    station->reply.connections = &station->connections;
    station->ingress.codec = station->control.codec = station->codec;
    station->ingress.io = station->control.io = station->reply.io = config->number;
    station->ingress.board = config->board;
    station->ingress.take_in_operator = slc_control_take_in;
    station->ingress.operator_context = &station->control;
    station->reply.consumer = config->consumer;
    return SLC_OK;
}

void slc_io_station_finish(slc_io_station_t *station)
{
    slc_connections_finish(&station->connections);
    slc_ingress_finish(&station->ingress);
    slc_codec_destroy(station->codec);
    station->codec = NULL;
}

slc_connection_t *slc_io_station_adopt(slc_io_station_t *station, int fd, slc_peer_t peer)
{
    slc_connection_t *connection = NULL;
    /* Operators keep some places of their own, so that a flood of buyers does not shut them out. */
    if (peer == SLC_PEER_OPERATOR || station->connections.free_count > SLC_OPERATOR_PLACES) {
        connection = slc_connection_open(&station->connections, fd, peer);
    }
    if (connection == NULL) {
        slc_io_refuse(station->config.net, fd, peer);
    }
    return connection;
}

void slc_io_station_news(slc_io_station_t *station, uint32_t index, uint32_t generation, bool readable,
                         bool writable, bool hangup)
{
    slc_connection_t *connection = slc_connection_find(&station->connections, index, generation);
    if (connection == NULL) {
        return; /* closed since */
    }
    if (writable) {
        slc_connection_writable(&station->connections, connection);
    }
    if (hangup) {
        connection->hangup = true;
    }
    if (readable || hangup) {
        slc_connection_make_ready(&station->connections, connection);
    }
}

uint64_t slc_io_station_turn(slc_io_station_t *station, bool may_take_in)
{
    const slc_sys_t *sys = station->config.sys;
    slc_connections_t *connections = &station->connections;
    connections->now_ns = sys->monotonic_ns(sys->self);
    uint64_t done = (uint64_t)slc_reply_turn(&station->reply);
    if (may_take_in) {
        done += slc_ingress_turn(&station->ingress);
    }
    slc_connections_flush(connections);
    if (station->config.relay != NULL) {
        slc_relay_pass_on(station->config.relay);
    }
    if (done > 0) {
        slc_io_station_watch_deadlines(station);
    }
    if (station->sweep_at_ns != 0 && connections->now_ns >= station->sweep_at_ns) {
        bool running = slc_connections_sweep(connections);
        station->sweep_at_ns = running ? connections->now_ns + SLC_IO_SWEEP_NS : 0;
    }
    return done;
}

void slc_io_station_watch_deadlines(slc_io_station_t *station)
{
    if (station->sweep_at_ns == 0) {
        station->sweep_at_ns = station->connections.now_ns + SLC_IO_SWEEP_NS;
    }
}

bool slc_io_station_waits_for_room(const slc_io_station_t *station)
{
    return slc_queue_count(&station->connections.ready) > 0;
}

bool slc_io_station_has_unsent(const slc_io_station_t *station)
{
    for (uint32_t i = 0; i < station->connections.limits.connections_max; i++) {
        const slc_connection_t *connection = &station->connections.table[i];
        if (connection->phase != SLC_PHASE_FREE && connection->out.begin < connection->out.end) {
            return true;
        }
    }
    return false;
}

void slc_io_refuse(const slc_net_t *net, int fd, slc_peer_t peer)
{
    if (peer == SLC_PEER_BUYER) {
        static const char message[] = "too many connections; try again later";
        slc_welcome_t welcome = {.status = SLC_STATUS_OVERLOADED, .message = {message, strlen(message)}};
        uint8_t frame[128];
        size_t bytes = slc_codec_encode_welcome(&welcome, frame, sizeof frame);
        /* Without waiting, and without a second try: the close that follows says it too. */
        (void)net->send(net->self, fd, frame, bytes);
        (void)net->shutdown(net->self, fd);
        (void)net->recv(net->self, fd, frame, sizeof frame); /* unread input would make it a reset */
    }
    (void)net->close(net->self, fd);
}
