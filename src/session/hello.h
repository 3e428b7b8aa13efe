/* The first exchange on a buyers' connection: Hello in, Welcome out.
 * Threads: the I/O thread of the connection. Owns nothing.
 * Failure: a Hello that is broken, or of a protocol that this server does not speak, is answered with a
 * Welcome that says so, and the connection ends. */
#ifndef SLC_SESSION_HELLO_H
#define SLC_SESSION_HELLO_H

#include "session/connections.h"
#include "wire/codec.h"

/* Handles one frame's body in phase HELLO. Behind it the connection is OPEN, in its LAST_WORDS or gone.
 */
void slc_session_hello(slc_connections_t *connections, slc_connection_t *connection, slc_codec_t *codec,
                       const uint8_t *body, size_t bytes);
/* Says no before anything else was said, and ends the connection. */
void slc_session_refuse(slc_connections_t *connections, slc_connection_t *connection, slc_status_t status,
                        const char *message);

#endif
