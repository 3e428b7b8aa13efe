/* The connections of one I/O thread: who is connected, what they have sent that is not taken in yet, what
 * waits to be sent to them, and what each may still ask.
 *
 * A connection is named by its index and generation; a slot in the ring carries both, so that an answer
 * finds its connection or nobody, never a stranger on a reused descriptor. Memory is bounded: input that
 * waits is at most SLC_READ_BYTES and a frame, and a connection whose unsent output passes
 * SLC_OUTBOX_BYTES_SOFT takes in nothing more, so that its output never passes that and one answer for
 * each request in flight. That is the room which is reserved when a request is taken in.
 *
 * Threads: the I/O thread that owns the table, but for slc_connections_open, which anyone may call.
 * Ownership: create/destroy closes and frees all. A pointer to a connection is good until it is closed.
 * Failure: without memory for a connection's buffers that connection is closed, no other. */
#ifndef SLC_SESSION_CONNECTIONS_H
#define SLC_SESSION_CONNECTIONS_H

#include "event/slot.h"
#include "session/meters.h"
#include "session/queue.h"
#include "sys/net.h"

#include <stdatomic.h>
#include <stddef.h>

/* One turn reads at most so much from one connection, so that one firehose starves nobody. */
#define SLC_READ_BYTES ((size_t)32 * 1024)
#define SLC_OUTBOX_BYTES_SOFT ((size_t)64 * 1024)

typedef enum slc_peer {
    SLC_PEER_BUYER,    /* TCP: Hello, then Buy */
    SLC_PEER_OPERATOR, /* the control socket: ControlRequest */
} slc_peer_t;

typedef enum slc_phase {
    SLC_PHASE_FREE,       /* no connection */
    SLC_PHASE_HELLO,      /* nothing but Hello is taken */
    SLC_PHASE_OPEN,       /* requests are taken in */
    SLC_PHASE_LAST_WORDS, /* nothing more is taken in; all answers are still sent */
    SLC_PHASE_LINGER, /* all is sent; what the peer still sends is thrown away until it is through, for
                         a close with unread input would reset the connection and take our last words */
} slc_phase_t;

typedef struct slc_buffer {
    uint8_t *bytes;
    size_t begin;
    size_t end;
    size_t capacity;
} slc_buffer_t;

typedef struct slc_connection {
    int fd;
    uint32_t index;
    uint32_t generation;
    uint32_t in_flight;         /* taken in, not answered yet */
    uint8_t peer;               /* slc_peer_t */
    uint8_t phase;              /* slc_phase_t */
    bool eof;                   /* the peer sends nothing more */
    bool hangup;                /* epoll told so already: read on until eof, no other edge will come */
    bool is_ready;              /* in the ready queue */
    bool is_dirty;              /* in the dirty queue */
    bool paused;                /* window or outbox full: ready again when an answer has gone */
    slc_buffer_t in;            /* read, not taken in yet */
    slc_buffer_t out;           /* encoded, not sent yet */
    uint64_t read_deadline_ns;  /* a Hello or a frame was begun and has to be whole by then; 0: none */
    uint64_t write_deadline_ns; /* unsent output has to move by then; 0: none */
    uint64_t active_ns;         /* last input, coarse */
} slc_connection_t;

typedef struct slc_session_limits {
    uint32_t connections_max; /* of this thread */
    uint32_t in_flight_max;
    uint32_t frame_bytes_max;
    uint64_t hello_timeout_ns;
    uint64_t frame_timeout_ns;
    uint64_t write_timeout_ns;
    uint64_t idle_timeout_ns; /* 0: never */
} slc_session_limits_t;

typedef struct slc_connections {
    slc_session_limits_t limits;
    const slc_net_t *net;
    slc_connection_t *table;
    uint32_t *free_indices;
    uint32_t free_count;
    slc_queue_t ready; /* may have input */
    slc_queue_t dirty; /* have output since the last flush */
    uint64_t now_ns;   /* set once a turn */
    slc_session_meters_t *meters;
    _Atomic uint64_t open;
} slc_connections_t;

/* `net`: what the descriptors of these connections are used with; the caller's. */
slc_err_t slc_connections_init(slc_connections_t *connections, const slc_net_t *net,
                               const slc_session_limits_t *limits, slc_error_t *ret_error);
void slc_connections_finish(slc_connections_t *connections);

/* Takes over `fd`, non-blocking and connected. NULL: the table is full; `fd` stays the caller's. */
slc_connection_t *slc_connection_open(slc_connections_t *connections, int fd, slc_peer_t peer);
/* At once, whatever is in flight: its answers then find nobody. */
void slc_connection_close(slc_connections_t *connections, slc_connection_t *connection);
/* The connection that a slot or event names, or NULL where it is gone. */
slc_connection_t *slc_connection_find(slc_connections_t *connections, uint32_t index,
                                      uint32_t generation);
/* Takes nothing more in, sends what is owed, and closes. */
void slc_connection_last_words(slc_connections_t *connections, slc_connection_t *connection);
/* How many connections are open. */
uint64_t slc_connections_open(const slc_connections_t *connections);

/* It may have input: look at it in the next turn. */
void slc_connection_make_ready(slc_connections_t *connections, slc_connection_t *connection);
/* How many more requests may be taken in now; 0 pauses the connection. */
uint32_t slc_connection_window(slc_connections_t *connections, slc_connection_t *connection);

/* Room for `bytes` at the end of the output, NULL without memory (the connection is then closed). */
uint8_t *slc_connection_reserve(slc_connections_t *connections, slc_connection_t *connection,
                                size_t bytes);
/* So many of the reserved bytes were written; they go out with the next flush. */
void slc_connection_append(slc_connections_t *connections, slc_connection_t *connection, size_t bytes);
/* Sends what every dirty connection has; closes those that are through, gone or too slow. */
void slc_connections_flush(slc_connections_t *connections);
/* The socket takes bytes again. */
void slc_connection_writable(slc_connections_t *connections, slc_connection_t *connection);
/* Closes the connections whose time is over; answers whether any deadline is still running. */
bool slc_connections_sweep(slc_connections_t *connections);

/* Keeps `count` bytes as the input that waits. False without memory: the connection is closed. */
bool slc_connection_keep_input(slc_connections_t *connections, slc_connection_t *connection,
                               const uint8_t *bytes, size_t count);

#endif
