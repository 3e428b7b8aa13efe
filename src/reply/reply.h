/* The reply station: the last consumer of the ring, one for each I/O thread. It encodes the answer in
 * each slot of a connection of its own thread and puts it into that connection's outbox; what belongs to
 * another thread, or to a connection that is gone, it passes by. Producers may reuse a slot once every
 * reply station has passed it.
 * Threads: the I/O thread that owns the connections.
 * Ownership: init/finish; commands that hang on slots of this thread are freed here.
 * Failure: a connection without memory for its answers is closed; its orders stay. */
#ifndef SLC_REPLY_REPLY_H
#define SLC_REPLY_REPLY_H

#include "session/connections.h"
#include "wire/codec.h"

#include <sluice/disruptor.h>

typedef struct slc_reply {
    slc_ring_t *ring;
    slc_consumer_t *consumer;
    slc_connections_t *connections;
    uint32_t io;
} slc_reply_t;

/* One turn without waiting: slots passed. The answers leave with the next slc_connections_flush. */
int64_t slc_reply_turn(slc_reply_t *reply);

#endif
