/* The messages of the hot path, encoded and decoded by hand, because a general decoder costs several
 * times as much for each BUY (perf/wire measures both). What is accepted and what it means is exactly
 * what protobuf says: unknown fields are skipped, the last of repeated scalars wins, wrong wire types,
 * groups, overlong varints and lengths past the end are refused. A differential test and a fuzzer hold
 * each function against protobuf-c. Threads: pure functions. Owns nothing: decoded text points into the
 * input. Failure: decoders answer false for bytes that are no such message; bounds of fields are
 * validate.h's. */
#ifndef SLC_WIRE_FLAT_H
#define SLC_WIRE_FLAT_H

#include <sluice/client.h>

/* ---- frames: a message behind its length as a varint ---- */

typedef enum slc_frame {
    SLC_FRAME_WHOLE,    /* *ret_body and *ret_bytes hold; the frame ends at *ret_used */
    SLC_FRAME_PARTIAL,  /* more bytes are needed */
    SLC_FRAME_TOO_LONG, /* its length is over bytes_max, decided from the prefix alone */
    SLC_FRAME_BROKEN,   /* the length is no varint, or one of more than 5 bytes */
} slc_frame_t;

slc_frame_t slc_frame_next(const uint8_t *bytes, size_t count, uint32_t bytes_max,
                           const uint8_t **ret_body, uint32_t *ret_bytes, size_t *ret_used);
/* Writes `length` as a varint, answers how many bytes (1 to 5). */
#define SLC_FRAME_PREFIX_BYTES_MAX 5
size_t slc_frame_prefix(uint32_t length, uint8_t *out);

/* ---- bodies, without the length ---- */

bool slc_flat_decode_buy(const uint8_t *bytes, size_t count, slc_buy_t *ret_buy);
bool slc_flat_decode_reply(const uint8_t *bytes, size_t count, slc_buy_reply_t *ret_reply);

/* Longest encoding of a BuyReply with its prefix, but for `message`, which adds up to
 * SLC_REPLY_MESSAGE_BYTES_MAX. */
#define SLC_REPLY_FRAME_BYTES_MAX 200
#define SLC_REPLY_MESSAGE_BYTES_MAX 112

/* Whole frames, length included; `out` has room for SLC_…_FRAME_BYTES_MAX. A message over its limit is
 * cut at a character. */
size_t slc_flat_encode_buy(const slc_buy_t *buy, uint8_t *out);
size_t slc_flat_encode_reply(const slc_buy_reply_t *reply, uint8_t *out);

/* ---- the journal's payload: one EventBatch ---- */

/* Bytes of time_us and first_sequence in front of the first event. */
#define SLC_BATCH_HEAD_BYTES 18
/* Longest encoding of one event inside a batch, its tag and length included. */
#define SLC_EVENT_BYTES_MAX 160

size_t slc_flat_encode_batch_head(uint64_t time_us, uint64_t first_sequence, uint8_t *out);
/* The hot one: an ORDER_PLACED. */
size_t slc_flat_encode_order_placed(uint64_t drop_id, slc_text_t user, uint64_t quantity,
                                    uint64_t order_key, uint8_t *out);
/* Any event. */
size_t slc_flat_encode_event(const slc_event_t *event, uint8_t *out);

/* Reads the head; *ret_used is where the events begin. A payload that a protobuf library wrote in another
 * order of fields is refused: the journal has one canonical form. */
bool slc_flat_decode_batch_head(const uint8_t *bytes, size_t count, uint64_t *ret_time_us,
                                uint64_t *ret_first_sequence, size_t *ret_used);
/* Reads the event at the beginning of `bytes` (tag and length included), sets kind, op_key and fields;
 * sequence and time are the caller's to set. False: no event, or one whose fields are out of bounds. */
bool slc_flat_decode_event(const uint8_t *bytes, size_t count, slc_event_t *ret_event, size_t *ret_used);

#endif
