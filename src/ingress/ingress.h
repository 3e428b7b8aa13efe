/* The ingress station: from a socket's bytes to published slots. It reads a connection that may have
 * input, cuts frames, decodes and validates, claims slots, and publishes them. Nothing unvalidated
 * reaches the ring; what is invalid goes through it as a slot that is already decided, so that every
 * answer takes one way out.
 *
 * It never waits: with the ring full it leaves the input where it is (back-pressure by TCP), and so it
 * does with a connection whose window or outbox is full.
 *
 * Threads: the I/O thread that owns the connections; a reader of the board, awake.
 * Ownership: init/finish; ring, board and connections are the caller's.
 * Failure: a connection that breaks the protocol is answered once and ends; no other notices. */
#ifndef SLC_INGRESS_INGRESS_H
#define SLC_INGRESS_INGRESS_H

#include "board/board.h"
#include "session/connections.h"
#include "wire/codec.h"

#include <sluice/disruptor.h>

typedef struct slc_ingress slc_ingress_t;

/* Takes in frames of an operator's connection; answers how many bytes were used. (src/control has it; the
 * stations do not know each other, so the engine hands it in.) */
typedef size_t (*slc_take_in_fn)(void *context, slc_connection_t *connection, const uint8_t *bytes,
                                 size_t count);

struct slc_ingress {
    slc_ring_t *ring;
    const slc_board_t *board;
    slc_connections_t *connections;
    slc_codec_t *codec;
    uint32_t io; /* number of this I/O thread */
    slc_take_in_fn take_in_operator;
    void *operator_context;
    uint8_t *scratch; /* one turn's input of one connection */
};

slc_err_t slc_ingress_init(slc_ingress_t *ingress, slc_error_t *ret_error);
void slc_ingress_finish(slc_ingress_t *ingress);

/* One turn over the connections that are ready now; answers how many it looked at. Stops where the ring
 * has no room; the connections left are looked at in the next turn. */
uint32_t slc_ingress_turn(slc_ingress_t *ingress);

/* Takes in frames of a buyer's connection: answers how many bytes were used (src/ingress/buys.c). */
size_t slc_ingress_take_in_buys(slc_ingress_t *ingress, slc_connection_t *connection,
                                const uint8_t *bytes, size_t count);

#endif
