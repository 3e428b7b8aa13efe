/* The buyers and operators of a simulation: each speaks real bytes over one connection at a time, loses
 * it, comes back, and asks again under the same keys until it has heard.
 * Threads: one. Ownership: init/finish. Failure: what a server may never say is noted in the history. */
#ifndef TESTS_SIM_CLIENT_H
#define TESTS_SIM_CLIENT_H

#include "history.h"
#include "net.h"

#include "wire/codec.h"

#define CLIENTS_MAX 12u
#define CLIENT_WINDOW_MAX 16u

typedef struct clients clients_t;

typedef struct client {
    bool is_operator;
    int link; /* -1: none */
    uint64_t connection;
    bool welcomed;
    bool speaks_no_more; /* ended its side, or sent what ends the connection */
    uint32_t waiting;    /* requests without an answer on this connection */
    uint8_t *in;
    size_t in_bytes;
    size_t in_room;
} client_t;

typedef struct clients_config {
    uint32_t buyers;
    uint32_t operators;
    uint32_t drops;
    uint32_t users;
    uint32_t window;  /* requests in flight */
    uint32_t buys;    /* to ask for in all, and changes and queries in proportion */
    uint64_t stock;   /* of a drop, about */
    uint32_t malice;  /* in 1000: a broken frame in place of a request */
    uint32_t restock; /* in 1000 of changes: units given to a drop, from any other change */
} clients_config_t;

struct clients {
    clients_config_t config;
    client_t all[CLIENTS_MAX];
    uint32_t count;
    history_t *history;
    net_t *net;
    slc_codec_t *codec;
    slc_control_reply_t reply;
    uint64_t random;
    uint64_t connections;
    uint32_t asked; /* BUYs */
    uint32_t operated;
    bool draining; /* nothing new is asked, and nobody misbehaves */
    uint64_t now_us;
    uint64_t time_high_us;
    uint64_t trace;
    uint64_t replayed, refused, accepted, invalid, read_only;
};

void clients_init(clients_t *clients, const clients_config_t *config, history_t *history, net_t *net,
                  uint64_t seed);
void clients_finish(clients_t *clients);
/* Client `who` does something, if it has anything to do: true. */
bool client_act(clients_t *clients, uint32_t who);
/* Bytes have come, or the end. */
void client_receive(clients_t *clients, uint32_t who, const uint8_t *bytes, size_t count, bool end);
/* It loses its connection now. */
void client_break(clients_t *clients, uint32_t who, bool hard);
/* All has been asked, and everything that may be asked again was answered. */
bool clients_are_done(const clients_t *clients);
bool clients_have_asked(const clients_t *clients);

#endif
