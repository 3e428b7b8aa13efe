/* The network of a simulation: connections as two queues of bytes. What is sent lies in its queue until
 * the schedule delivers some of it, at any byte, so pieces arrive split and connections overtake each
 * other; what a sender ends or breaks off arrives in its turn. The engine's side is a slc_net_t, and news
 * come as epoll tells them: once for each arrival, not for each look.
 * Threads: one. Ownership: init/finish; a connection is free again once both sides closed it.
 * Failure: too many connections end the simulation. */
#ifndef TESTS_SIM_NET_H
#define TESTS_SIM_NET_H

#include "sys/net.h"

#include <stdbool.h>
#include <stdint.h>

#define NET_LINKS_MAX 64u

typedef struct net_queue {
    uint8_t *bytes;
    size_t begin;
    size_t end;
    size_t capacity;
    size_t visible; /* from `begin` on: arrived */
    bool ended;     /* the sender sends nothing more */
    bool end_told;  /* and that has arrived */
} net_queue_t;

typedef struct net_link {
    bool client_open;
    bool engine_open;
    bool waits; /* to be accepted */
    bool reset; /* broken off: nothing more arrives on either side */
    bool is_operator;
    uint32_t client; /* who made it */
    net_queue_t up;  /* to the engine */
    net_queue_t down;
    size_t window; /* bytes that may lie in `down`; the engine's send then says EAGAIN */
    bool blocked;  /* it did */
    bool readable; /* news for the engine */
    bool writable;
    bool hangup;
    uint32_t io; /* the engine's name for it */
    uint32_t index;
    uint32_t generation;
    bool adopted;
} net_link_t;

typedef struct net {
    slc_net_t table;
    net_link_t links[NET_LINKS_MAX];
    bool engine_dead; /* what it sends from now on goes nowhere */
    uint64_t resets;
    uint64_t eagains;
} net_t;

void net_init(net_t *net);
void net_finish(net_t *net);

/* ---- the client's side ---- */

int net_connect(net_t *net, uint32_t client, bool is_operator, size_t window);
void net_put(net_t *net, int link, const void *bytes, size_t count);
/* Sends nothing more. */
void net_end(net_t *net, int link);
/* Leaves; `hard`: what is under way is lost. */
void net_leave(net_t *net, int link, bool hard);

/* ---- the wire ---- */

/* Bytes to the engine that have not arrived, and whether anything at all is under way to it. */
size_t net_up_waiting(const net_link_t *link);
bool net_up_has(const net_link_t *link);
void net_deliver_up(net_t *net, int link, size_t bytes);
/* The same towards the client: copies what arrives to `out`, answers how much. *ret_end: the engine sends
 * nothing more, or the connection is broken. */
bool net_down_has(const net_link_t *link);
size_t net_deliver_down(net_t *net, int link, uint8_t *out, size_t bytes, bool *ret_end);

/* ---- the engine ---- descriptors are NET_FD_BASE + link */

#define NET_FD_BASE 1000
/* The process is gone: connections break where they are, but what was sent may still arrive. */
void net_engine_died(net_t *net);

#endif
