/* What the files of the codec share. Threads, ownership, failure: as in codec.h. */
#ifndef SLC_WIRE_CODEC_INSIDE_H
#define SLC_WIRE_CODEC_INSIDE_H

#include "wire/arena.h"
#include "wire/codec.h"

#include <sluice.pb-c.h>

struct slc_codec {
    slc_arena_t arena;
};

/* Unpacks into the emptied arena; NULL: no such message, or it needs more than the arena holds. */
void *slc_codec_unpack(slc_codec_t *codec, const ProtobufCMessageDescriptor *descriptor,
                       const uint8_t *bytes, size_t count);
/* What a second reading of a message says that protobuf-c has taken. */
typedef enum slc_codec_strings {
    SLC_STRINGS_GOOD,       /* each string, in each of its occurrences, is UTF-8 without NUL */
    SLC_STRINGS_BAD,        /* one is not */
    SLC_STRINGS_NO_MESSAGE, /* a field is numbered 0 or over 2^29 - 1, which protobuf-c lets pass */
} slc_codec_strings_t;
slc_codec_strings_t slc_codec_strings(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes,
                                      size_t count);
/* The message as a frame; 0: over `capacity`. */
size_t slc_codec_pack_frame(const ProtobufCMessage *message, uint8_t *out, size_t capacity);
/* A status that this version does not know, negative ones among them, is UNSPECIFIED. */
slc_status_t slc_codec_status(Sluice__V1__Status status);
/* Text of the caller as the NUL-terminated string that protobuf-c wants, cut behind the last
 * character that bytes_max holds. */
char *slc_codec_string(slc_text_t text, char *out, size_t bytes_max);

#endif
