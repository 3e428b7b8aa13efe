#include "wire/codec.h"

#include "wire/codec_inside.h"
#include "wire/flat.h"
#include "wire/text.h"

#include <stdlib.h>
#include <string.h>

slc_codec_t *slc_codec_create(size_t arena_bytes)
{
    slc_codec_t *codec = calloc(1, sizeof *codec);
    void *bytes = malloc(arena_bytes);
    if (codec == NULL || bytes == NULL) {
        free(codec);
        free(bytes);
        return NULL;
    }
    slc_arena_init(&codec->arena, bytes, arena_bytes);
    return codec;
}

void slc_codec_destroy(slc_codec_t *codec)
{
    if (codec != NULL) {
        free(codec->arena.bytes);
        free(codec);
    }
}

void *slc_codec_unpack(slc_codec_t *codec, const ProtobufCMessageDescriptor *descriptor,
                       const uint8_t *bytes, size_t count)
{
    slc_arena_reset(&codec->arena);
    return protobuf_c_message_unpack(descriptor, &codec->arena.allocator, count, bytes);
}

size_t slc_codec_pack_frame(const ProtobufCMessage *message, uint8_t *out, size_t capacity)
{
    uint8_t prefix[SLC_FRAME_PREFIX_BYTES_MAX];
    size_t bytes = protobuf_c_message_get_packed_size(message);
    if (bytes > UINT32_MAX) {
        return 0;
    }
    size_t prefix_bytes = slc_frame_prefix((uint32_t)bytes, prefix);
    if (bytes > capacity || prefix_bytes > capacity - bytes) {
        return 0;
    }
    memcpy(out, prefix, prefix_bytes);
    return prefix_bytes + protobuf_c_message_pack(message, out + prefix_bytes);
}

char *slc_codec_string(slc_text_t text, char *out, size_t bytes_max)
{
    size_t bytes = slc_text_cut(text, bytes_max);
    if (bytes > 0) {
        memcpy(out, text.data, bytes);
    }
    out[bytes] = '\0';
    return out;
}

slc_status_t slc_codec_status(Sluice__V1__Status status)
{
    return (uint32_t)status < SLC_STATUS_COUNT ? (slc_status_t)status : SLC_STATUS_UNSPECIFIED;
}

static slc_text_t text_of(const char *string)
{
    return (slc_text_t){string, strlen(string)};
}

#define HELLO_CLIENT_BYTES_MAX 64
#define HELLO_TOKEN_BYTES_MAX 256

bool slc_codec_decode_hello(slc_codec_t *codec, const uint8_t *bytes, size_t count,
                            slc_hello_t *ret_hello)
{
    const Sluice__V1__Hello *hello =
        slc_codec_unpack(codec, &sluice__v1__hello__descriptor, bytes, count);
    if (hello == NULL ||
        slc_codec_strings(&sluice__v1__hello__descriptor, bytes, count) != SLC_STRINGS_GOOD) {
        return false;
    }
    *ret_hello = (slc_hello_t){
        .protocol = hello->protocol,
        .client = text_of(hello->client),
        .token = text_of(hello->token),
    };
    return ret_hello->client.bytes <= HELLO_CLIENT_BYTES_MAX &&
           ret_hello->token.bytes <= HELLO_TOKEN_BYTES_MAX;
}

bool slc_codec_decode_welcome(slc_codec_t *codec, const uint8_t *bytes, size_t count,
                              slc_welcome_t *ret_welcome)
{
    const Sluice__V1__Welcome *welcome =
        slc_codec_unpack(codec, &sluice__v1__welcome__descriptor, bytes, count);
    if (welcome == NULL ||
        slc_codec_strings(&sluice__v1__welcome__descriptor, bytes, count) != SLC_STRINGS_GOOD) {
        return false;
    }
    *ret_welcome = (slc_welcome_t){
        .status = slc_codec_status(welcome->status),
        .max_in_flight = welcome->max_in_flight,
        .max_frame_bytes = welcome->max_frame_bytes,
        .message = text_of(welcome->message),
        .leader = text_of(welcome->leader),
        .version = text_of(welcome->version),
    };
    return true;
}

size_t slc_codec_encode_hello(const slc_hello_t *hello, uint8_t *out, size_t capacity)
{
    char client[HELLO_CLIENT_BYTES_MAX + 1];
    char token[HELLO_TOKEN_BYTES_MAX + 1];
    Sluice__V1__Hello message;
    if (hello->client.bytes > HELLO_CLIENT_BYTES_MAX || hello->token.bytes > HELLO_TOKEN_BYTES_MAX) {
        return 0;
    }
    sluice__v1__hello__init(&message);
    message.protocol = hello->protocol;
    message.client = slc_codec_string(hello->client, client, HELLO_CLIENT_BYTES_MAX);
    message.token = slc_codec_string(hello->token, token, HELLO_TOKEN_BYTES_MAX);
    return slc_codec_pack_frame(&message.base, out, capacity);
}

size_t slc_codec_encode_welcome(const slc_welcome_t *welcome, uint8_t *out, size_t capacity)
{
    char text[SLC_REPLY_MESSAGE_BYTES_MAX + 1];
    char leader[SLC_REPLY_MESSAGE_BYTES_MAX + 1];
    char version[SLC_REPLY_MESSAGE_BYTES_MAX + 1];
    Sluice__V1__Welcome message;
    sluice__v1__welcome__init(&message);
    message.status = (Sluice__V1__Status)welcome->status;
    message.message = slc_codec_string(welcome->message, text, SLC_REPLY_MESSAGE_BYTES_MAX);
    message.max_in_flight = welcome->max_in_flight;
    message.max_frame_bytes = welcome->max_frame_bytes;
    message.leader = slc_codec_string(welcome->leader, leader, SLC_REPLY_MESSAGE_BYTES_MAX);
    message.version = slc_codec_string(welcome->version, version, SLC_REPLY_MESSAGE_BYTES_MAX);
    return slc_codec_pack_frame(&message.base, out, capacity);
}
