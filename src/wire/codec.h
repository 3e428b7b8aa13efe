/* The messages off the hot path, through protobuf-c with an arena that is bounded and refuses: this
 * folder is its only user.
 * Threads: a codec belongs to one thread.
 * Ownership: create/destroy; decoded text points into the codec's arena and is good until its next call.
 * Failure: decoders answer false for bytes that are no such message or need more than the arena holds. */
#ifndef SLC_WIRE_CODEC_H
#define SLC_WIRE_CODEC_H

#include "event/command.h"

typedef struct slc_codec slc_codec_t;

/* `arena_bytes`: what one message may need. NULL: no memory. */
slc_codec_t *slc_codec_create(size_t arena_bytes);
void slc_codec_destroy(slc_codec_t *codec);

/* Bodies, without their length prefix. */
bool slc_codec_decode_hello(slc_codec_t *codec, const uint8_t *bytes, size_t count,
                            slc_hello_t *ret_hello);
bool slc_codec_decode_welcome(slc_codec_t *codec, const uint8_t *bytes, size_t count,
                              slc_welcome_t *ret_welcome);

/* Decodes a ControlRequest and checks its bounds. OK: *ret_command is the caller's to publish or destroy.
 * PROTOCOL: no such message. REFUSED: a field is out of bounds, or no op is given; *ret_command then
 * holds request_id, status INVALID and message, ready to be answered. NO_MEMORY. */
slc_err_t slc_codec_decode_command(slc_codec_t *codec, const uint8_t *bytes, size_t count,
                                   slc_command_t **ret_command);
/* The other direction, for clients: false where the reply is no ControlReply. */
bool slc_codec_decode_control_reply(slc_codec_t *codec, const uint8_t *bytes, size_t count,
                                    uint64_t *ret_request_id, slc_control_reply_t *ret_reply);

/* Whole frames, length prefix included. Answers the length; 0: it needs more than `capacity`. */
size_t slc_codec_encode_hello(const slc_hello_t *hello, uint8_t *out, size_t capacity);
size_t slc_codec_encode_welcome(const slc_welcome_t *welcome, uint8_t *out, size_t capacity);
size_t slc_codec_encode_control_request(uint64_t request_id, const slc_control_request_t *request,
                                        uint8_t *out, size_t capacity);
size_t slc_codec_encode_control_reply(const slc_command_t *answered, uint8_t *out, size_t capacity);
/* Enough for any ControlRequest, and for a reply with a page of SLC_DROPS_PAGE_MAX drops. */
#define SLC_CONTROL_REQUEST_FRAME_BYTES_MAX 512
#define SLC_CONTROL_REPLY_FRAME_BYTES_MAX (192u * 1024u)

#endif
