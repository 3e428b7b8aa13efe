#include "session/hello.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WELCOME_BYTES_MAX 256

static void say(slc_connections_t *connections, slc_connection_t *connection, slc_status_t status,
                const char *message)
{
    slc_welcome_t welcome = {
        .status = status,
        .max_in_flight = connections->limits.in_flight_max,
        .max_frame_bytes = connections->limits.frame_bytes_max,
        .message = {message, strlen(message)},
        .version = {SLC_VERSION, strlen(SLC_VERSION)},
    };
    uint8_t *out = slc_connection_reserve(connections, connection, WELCOME_BYTES_MAX);
    if (out != NULL) {
        slc_connection_append(connections, connection,
                              slc_codec_encode_welcome(&welcome, out, WELCOME_BYTES_MAX));
    }
}

void slc_session_refuse(slc_connections_t *connections, slc_connection_t *connection, slc_status_t status,
                        const char *message)
{
    uint32_t index = connection->index;
    uint32_t generation = connection->generation;
    say(connections, connection, status, message);
    if (slc_connection_find(connections, index, generation) != NULL) {
        slc_connection_last_words(connections, connection);
    }
}

void slc_session_hello(slc_connections_t *connections, slc_connection_t *connection, slc_codec_t *codec,
                       const uint8_t *body, size_t bytes)
{
    slc_hello_t hello;
    if (!slc_codec_decode_hello(codec, body, bytes, &hello)) {
        slc_session_refuse(connections, connection, SLC_STATUS_INVALID,
                           "the first frame is no Hello; see sluice.proto");
        return;
    }
    if (hello.protocol != SLC_PROTOCOL_VERSION) {
        char message[96];
        (void)snprintf(message, sizeof message, "protocol: this server speaks version %d, not %" PRIu64,
                       SLC_PROTOCOL_VERSION, hello.protocol);
        slc_session_refuse(connections, connection, SLC_STATUS_INVALID, message);
        return;
    }
    connection->phase = SLC_PHASE_OPEN;
    connection->read_deadline_ns = 0;
    say(connections, connection, SLC_STATUS_ACCEPTED, "");
}
