/* One connection of the load: a non-blocking socket, its window of unanswered requests, and the bytes
 * that wait to be written. Threads: that of its worker. Ownership: init and finish of the caller's
 * memory; finish closes and frees. Failure: calls that meet a lost connection answer false with the
 * reason in `why`; the window survives, so that all that is unanswered can be sent again over the next
 * connection. */
#ifndef SLC_PERF_LOAD_CONNECTION_H
#define SLC_PERF_LOAD_CONNECTION_H

#include "workload.h"

#include <sys/socket.h>

#define LOAD_WINDOW_MAX 65536u
/* Longest frame that may be cut between two reads. */
#define LOAD_PARTIAL_BYTES 8192u

typedef enum load_state {
    LOAD_DOWN,       /* no socket; tried again at retry_at_ns */
    LOAD_CONNECTING, /* waits for the kernel */
    LOAD_GREETING,   /* Hello is out */
    LOAD_OPEN,
    LOAD_DEAD, /* given up */
} load_state_t;

/* A request that waits for its answer. */
typedef struct load_pending {
    uint64_t request_id; /* slot + 1 + n * window: names slot and the n-th use of it */
    uint64_t number;     /* of the request in the workload; LOAD_NOTHING: the slot is free */
    uint64_t begun_ns;   /* latency counts from here */
} load_pending_t;

#define LOAD_NOTHING UINT64_MAX

typedef struct load_connection {
    int fd; /* -1: none */
    load_state_t state;
    uint32_t window; /* slots */
    uint32_t usable; /* slots that the server's Welcome allows */
    uint32_t unsent; /* free slots on the stack `spare` */
    uint32_t *spare; /* the slot used last on top, for it is still in the cache */
    load_pending_t *pending;
    uint32_t *twins; /* of each slot: which twin it has (load/twins.h), 0: none; NULL: nobody has one */
    uint8_t *out;    /* room for Hello and a whole window */
    size_t out_bytes;
    bool waits_to_write;
    bool deaf;         /* what it is told waits in the kernel */
    int receive_bytes; /* so much may wait there; 0: as the kernel likes */
    size_t partial_bytes;
    uint64_t lost_at_ns; /* when it was last open; 0: since the beginning */
    uint64_t retry_at_ns;
    char why[160];
    uint8_t partial[LOAD_PARTIAL_BYTES];
} load_connection_t;

/* False: no memory. */
bool load_connection_init(load_connection_t *connection, uint32_t window);
/* Makes room for a twin of each request. False: no memory. */
bool load_connection_keep_twins(load_connection_t *connection);
void load_connection_finish(load_connection_t *connection);

/* Begins to connect and queues Hello. */
bool load_connection_begin(load_connection_t *connection, const struct sockaddr_storage *address,
                           socklen_t address_bytes);
/* Closes the socket; what was queued is forgotten, the window is kept. */
void load_connection_drop(load_connection_t *connection);
/* The same in the face of the server: with a FIN, or abruptly, with a RST. */
bool load_connection_hang_up(load_connection_t *connection, bool abrupt);
/* Looks what became of a connect that was under way. */
bool load_connection_connected(load_connection_t *connection);
/* Takes a Welcome: how many requests the server allows. */
bool load_connection_welcome(load_connection_t *connection, const slc_welcome_t *welcome);

static inline uint32_t load_connection_unanswered(const load_connection_t *connection)
{
    return connection->window - connection->unsent;
}
static inline bool load_connection_has_room(const load_connection_t *connection)
{
    return connection->state == LOAD_OPEN && load_connection_unanswered(connection) < connection->usable;
}

/* Takes a slot, which must be there, and queues the request. */
load_pending_t *load_connection_ask(load_connection_t *connection, const load_workload_t *workload,
                                    uint64_t number, uint64_t begun_ns);
/* Queues all that is unanswered once more; answers how many. */
uint32_t load_connection_ask_again(load_connection_t *connection, const load_workload_t *workload);
/* The slot that a reply belongs to, NULL where nothing waits for it. */
load_pending_t *load_connection_find(load_connection_t *connection, uint64_t request_id);
/* Gives the slot back. */
void load_connection_answered(load_connection_t *connection, load_pending_t *pending);

/* Writes what the socket takes; waits_to_write says whether some is left. */
bool load_connection_flush(load_connection_t *connection);
/* Reads behind the bytes that were left over last time: *ret_count of them stand in `buffer`, whose
 * capacity is over LOAD_PARTIAL_BYTES. */
bool load_connection_read(load_connection_t *connection, uint8_t *buffer, size_t capacity,
                          size_t *ret_count);
/* Keeps the frame that is not whole yet. */
bool load_connection_keep(load_connection_t *connection, const uint8_t *bytes, size_t count);

#endif
