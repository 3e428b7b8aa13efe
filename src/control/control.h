/* The operators' socket: frames of ControlRequest to command slots. Changes are journaled like a BUY;
 * queries ride through the ring unjournaled and are answered from the state at their place in the order.
 * Threads: the I/O thread that owns the connection.
 * Ownership: init/finish; each command belongs to its slot once that is published.
 * Failure: as on the buyers' stream: INVALID names the field; a broken frame is answered and ends the
 * connection. */
#ifndef SLC_CONTROL_CONTROL_H
#define SLC_CONTROL_CONTROL_H

#include "session/connections.h"
#include "wire/codec.h"

#include <sluice/disruptor.h>

#define SLC_CONTROL_FRAME_BYTES_MAX (64u * 1024u)

typedef struct slc_control_ingress {
    slc_ring_t *ring;
    slc_connections_t *connections;
    slc_codec_t *codec;
    uint32_t io;
} slc_control_ingress_t;

/* Takes in whole frames while ring and window have room; bytes used. `context` is the struct above. */
size_t slc_control_take_in(void *context, slc_connection_t *connection, const uint8_t *bytes,
                           size_t count);

#endif
