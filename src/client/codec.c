#include "wire/codec.h"
#include "wire/flat.h"

#include <string.h>

/* What a server may send in one frame. More than any server of this version sends: room for fields that
 * a later one adds. */
#define FRAME_BYTES_MAX 4096
/* Decoded, a Welcome is a struct and three short texts. */
#define WELCOME_ARENA_BYTES (FRAME_BYTES_MAX + 1024)

#define CLIENT_BYTES_MAX 64
#define TOKEN_BYTES_MAX 256

size_t slc_client_encode_hello(const slc_hello_t *hello, uint8_t *out)
{
    if (hello->client.bytes > CLIENT_BYTES_MAX || hello->token.bytes > TOKEN_BYTES_MAX) {
        return 0;
    }
    return slc_codec_encode_hello(hello, out, SLC_HELLO_FRAME_BYTES_MAX);
}

size_t slc_client_encode_buy(const slc_buy_t *buy, uint8_t *out)
{
    if (buy->user.bytes > SLC_USER_BYTES_MAX) {
        return 0;
    }
    return slc_flat_encode_buy(buy, out);
}

static slc_err_t next_frame(const uint8_t *bytes, size_t count, const uint8_t **ret_body,
                            uint32_t *ret_bytes, size_t *ret_used)
{
    switch (slc_frame_next(bytes, count, FRAME_BYTES_MAX, ret_body, ret_bytes, ret_used)) {
    case SLC_FRAME_WHOLE:
        return SLC_OK;
    case SLC_FRAME_PARTIAL:
        return SLC_END;
    case SLC_FRAME_TOO_LONG:
    case SLC_FRAME_BROKEN:
        break;
    }
    return SLC_ERR_PROTOCOL;
}

/* The same text inside the encoded body, where it stands letter for letter: it outlives the arena. */
static slc_text_t text_in_body(slc_text_t text, const uint8_t *body, uint32_t bytes)
{
    const char *at = text.bytes == 0 ? NULL : memmem(body, bytes, text.data, text.bytes);
    return at == NULL ? (slc_text_t){.data = "", .bytes = 0}
                      : (slc_text_t){.data = at, .bytes = text.bytes};
}

slc_err_t slc_client_decode_welcome(const uint8_t *bytes, size_t count, size_t *ret_used,
                                    slc_welcome_t *ret_welcome)
{
    const uint8_t *body;
    uint32_t body_bytes;
    slc_err_t err = next_frame(bytes, count, &body, &body_bytes, ret_used);
    if (err != SLC_OK) {
        return err;
    }
    slc_codec_t *codec = slc_codec_create(WELCOME_ARENA_BYTES);
    if (codec == NULL) {
        return SLC_ERR_NO_MEMORY;
    }
    bool is_welcome = slc_codec_decode_welcome(codec, body, body_bytes, ret_welcome);
    if (is_welcome) {
        ret_welcome->message = text_in_body(ret_welcome->message, body, body_bytes);
        ret_welcome->leader = text_in_body(ret_welcome->leader, body, body_bytes);
        ret_welcome->version = text_in_body(ret_welcome->version, body, body_bytes);
    }
    slc_codec_destroy(codec);
    return is_welcome ? SLC_OK : SLC_ERR_PROTOCOL;
}

slc_err_t slc_client_decode_reply(const uint8_t *bytes, size_t count, size_t *ret_used,
                                  slc_buy_reply_t *ret_reply)
{
    const uint8_t *body;
    uint32_t body_bytes;
    slc_err_t err = next_frame(bytes, count, &body, &body_bytes, ret_used);
    if (err != SLC_OK) {
        return err;
    }
    return slc_flat_decode_reply(body, body_bytes, ret_reply) ? SLC_OK : SLC_ERR_PROTOCOL;
}
