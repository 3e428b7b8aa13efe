#include "base/check.h"
#include "base/error.h"
#include "client/socket.h"
#include "wire/codec.h"
#include "wire/flat.h"

#include <stdlib.h>
#include <string.h>

/* Decoded, a page of drops needs more than its bytes on the wire: structs with every field. */
#define ARENA_BYTES 1572864u /* eight times SLC_CONTROL_REPLY_FRAME_BYTES_MAX */

struct slc_control {
    slc_socket_t socket;
    slc_err_t broken; /* OK, or what ended the connection for good */
    slc_codec_t *codec;
    uint64_t request_id; /* of the last request */
    size_t in_bytes;
    uint8_t in[SLC_CONTROL_REPLY_FRAME_BYTES_MAX];
};

slc_err_t slc_control_connect(const char *path, uint32_t timeout_ms, slc_control_t **ret_control,
                              slc_error_t *ret_error)
{
    *ret_control = NULL;
    slc_control_t *control = malloc(sizeof *control);
    slc_codec_t *codec = slc_codec_create(ARENA_BYTES);
    if (control == NULL || codec == NULL) {
        free(control);
        slc_codec_destroy(codec);
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory for a connection to %s", path);
    }
    control->broken = SLC_OK;
    control->codec = codec;
    control->request_id = 0;
    control->in_bytes = 0;
    slc_err_t err = slc_socket_connect_unix(&control->socket, path, timeout_ms, ret_error);
    if (err != SLC_OK) {
        slc_control_close(control);
        return err;
    }
    *ret_control = control;
    return SLC_OK;
}

void slc_control_close(slc_control_t *control)
{
    if (control != NULL) {
        slc_socket_finish(&control->socket);
        slc_codec_destroy(control->codec);
        free(control);
    }
}

/* Decodes the frame at the beginning of the buffer and takes it away. OK, END: not whole, or PROTOCOL. */
static slc_err_t next_reply(slc_control_t *control, uint64_t *ret_request_id,
                            slc_control_reply_t *ret_reply, slc_error_t *ret_error)
{
    const uint8_t *body;
    uint32_t body_bytes;
    size_t used;
    slc_frame_t frame =
        slc_frame_next(control->in, control->in_bytes, sizeof control->in - 5, &body, &body_bytes, &used);
    if (frame == SLC_FRAME_PARTIAL) {
        return SLC_END;
    }
    if (frame != SLC_FRAME_WHOLE ||
        !slc_codec_decode_control_reply(control->codec, body, body_bytes, ret_request_id, ret_reply)) {
        return slc_error_set(ret_error, SLC_ERR_PROTOCOL, "%s sent what is no ControlReply",
                             control->socket.peer);
    }
    memmove(control->in, control->in + used, control->in_bytes - used);
    control->in_bytes -= used;
    return SLC_OK;
}

/* Waits for the reply to the last request. Replies to earlier ones, whose calls timed out, are passed
 * over; request_id 0 answers a frame that the server took for broken. */
static slc_err_t await_reply(slc_control_t *control, slc_control_reply_t *ret_reply,
                             slc_error_t *ret_error)
{
    for (;;) {
        uint64_t request_id = 0;
        slc_err_t err = next_reply(control, &request_id, ret_reply, ret_error);
        if (err == SLC_OK && (request_id == control->request_id || request_id == 0)) {
            return SLC_OK;
        }
        if (err != SLC_OK && err != SLC_END) {
            return err;
        }
        if (err == SLC_END) {
            SLC_CHECK(control->in_bytes < sizeof control->in); /* longer is refused by its prefix */
            size_t done;
            err = slc_socket_read(&control->socket, control->in + control->in_bytes,
                                  sizeof control->in - control->in_bytes, &done, ret_error);
            control->in_bytes += done;
            if (err != SLC_OK) {
                return err;
            }
        }
    }
}

slc_err_t slc_control_call(slc_control_t *control, const slc_control_request_t *request,
                           slc_control_reply_t *ret_reply, slc_error_t *ret_error)
{
    if (control->broken != SLC_OK) {
        return slc_error_set(ret_error, control->broken,
                             "%s: the connection failed before; open a new one", control->socket.peer);
    }
    uint8_t frame[SLC_CONTROL_REQUEST_FRAME_BYTES_MAX];
    size_t bytes =
        slc_codec_encode_control_request(control->request_id + 1, request, frame, sizeof frame);
    SLC_CHECK(bytes > 0); /* the codec cuts what is too long to a length that the server still refuses */
    control->request_id++;
    size_t done;
    slc_err_t err = slc_socket_write(&control->socket, frame, bytes, &done, ret_error);
    if (err == SLC_ERR_TIMEOUT && done > 0) {
        control->broken = SLC_ERR_IO; /* half a request is out: nothing whole can follow it */
    }
    if (err == SLC_OK) {
        err = await_reply(control, ret_reply, ret_error);
    }
    if (err == SLC_ERR_PROTOCOL || err == SLC_ERR_CLOSED || err == SLC_ERR_IO) {
        control->broken = err;
    }
    return err;
}
