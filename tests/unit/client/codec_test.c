#include "wire/codec.h"
#include "wire/flat.h"

#include <criterion/criterion.h>

#include <string.h>

static slc_text_t text(const char *data)
{
    return (slc_text_t){.data = data, .bytes = strlen(data)};
}

static bool same(slc_text_t a, const char *b)
{
    return a.bytes == strlen(b) && memcmp(a.data, b, a.bytes) == 0;
}

static size_t encode_welcome(uint8_t *out, size_t capacity)
{
    slc_welcome_t welcome = {.status = SLC_STATUS_NOT_LEADER,
                             .max_in_flight = 1024,
                             .max_frame_bytes = 2048,
                             .message = text("go to the leader"),
                             .leader = text("10.0.0.7:7411"),
                             .version = text("0.1.0")};
    return slc_codec_encode_welcome(&welcome, out, capacity);
}

Test(client_codec, a_welcome_is_read_with_texts_that_point_into_its_bytes)
{
    uint8_t bytes[512];
    size_t count = encode_welcome(bytes, sizeof bytes);
    slc_welcome_t welcome;
    size_t used;
    cr_assert(slc_client_decode_welcome(bytes, count, &used, &welcome) == SLC_OK);
    cr_assert(used == count);
    cr_assert(welcome.status == SLC_STATUS_NOT_LEADER);
    cr_assert(welcome.max_in_flight == 1024 && welcome.max_frame_bytes == 2048);
    cr_assert(same(welcome.message, "go to the leader"));
    cr_assert(same(welcome.leader, "10.0.0.7:7411"));
    cr_assert(same(welcome.version, "0.1.0"));
    const char *begin = (const char *)bytes;
    const slc_text_t texts[] = {welcome.message, welcome.leader, welcome.version};
    for (int i = 0; i < 3; i++) {
        cr_assert(texts[i].data >= begin && texts[i].data + texts[i].bytes <= begin + count);
    }
}

Test(client_codec, a_frame_that_is_not_whole_yet_is_told_from_a_broken_one)
{
    uint8_t bytes[512];
    size_t count = encode_welcome(bytes, sizeof bytes);
    slc_welcome_t welcome;
    slc_buy_reply_t reply;
    size_t used;
    for (size_t i = 0; i < count; i++) {
        cr_assert(slc_client_decode_welcome(bytes, i, &used, &welcome) == SLC_END, "at %zu", i);
    }
    slc_buy_reply_t sent = {.request_id = 7, .status = SLC_STATUS_SOLD_OUT, .message = text("gone")};
    count = slc_flat_encode_reply(&sent, bytes);
    for (size_t i = 0; i < count; i++) {
        cr_assert(slc_client_decode_reply(bytes, i, &used, &reply) == SLC_END, "at %zu", i);
    }
    cr_assert(slc_client_decode_reply(bytes, count, &used, &reply) == SLC_OK);
    cr_assert(used == count && reply.request_id == 7 && same(reply.message, "gone"));
}

Test(client_codec, what_can_never_become_a_frame_is_refused_by_its_prefix)
{
    static const uint8_t too_long[] = {0x81, 0x20};                         /* 4097 */
    static const uint8_t overlong[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80}; /* a varint of 6 bytes */
    static const uint8_t no_message[] = {0x02, 0x08, 0x80};                 /* a field cut short */
    slc_welcome_t welcome;
    slc_buy_reply_t reply;
    size_t used;
    cr_assert(slc_client_decode_reply(too_long, sizeof too_long, &used, &reply) == SLC_ERR_PROTOCOL);
    cr_assert(slc_client_decode_welcome(too_long, sizeof too_long, &used, &welcome) == SLC_ERR_PROTOCOL);
    cr_assert(slc_client_decode_reply(overlong, sizeof overlong, &used, &reply) == SLC_ERR_PROTOCOL);
    cr_assert(slc_client_decode_reply(no_message, sizeof no_message, &used, &reply) == SLC_ERR_PROTOCOL);
    cr_assert(slc_client_decode_welcome(no_message, sizeof no_message, &used, &welcome) ==
              SLC_ERR_PROTOCOL);
}

Test(client_codec, texts_over_their_limits_are_not_encoded)
{
    char long_text[300];
    memset(long_text, 'x', sizeof long_text);
    uint8_t out[SLC_HELLO_FRAME_BYTES_MAX];
    memset(out, 0xaa, sizeof out);
    slc_hello_t hello = {.protocol = 1, .client = {long_text, 65}, .token = text("")};
    cr_assert(slc_client_encode_hello(&hello, out) == 0);
    hello = (slc_hello_t){.protocol = 1, .client = text("me"), .token = {long_text, 257}};
    cr_assert(slc_client_encode_hello(&hello, out) == 0);
    slc_buy_t buy = {.drop_id = 1, .user = {long_text, 65}};
    cr_assert(slc_client_encode_buy(&buy, out) == 0);
    for (size_t i = 0; i < sizeof out; i++) {
        cr_assert(out[i] == 0xaa, "byte %zu was written", i);
    }
}

Test(client_codec, the_longest_messages_fit_the_room_that_the_header_promises)
{
    char long_text[256];
    memset(long_text, 'x', sizeof long_text);
    uint8_t out[SLC_HELLO_FRAME_BYTES_MAX];
    slc_hello_t hello = {.protocol = UINT64_MAX, .client = {long_text, 64}, .token = {long_text, 256}};
    size_t bytes = slc_client_encode_hello(&hello, out);
    cr_assert(bytes > 320 && bytes <= SLC_HELLO_FRAME_BYTES_MAX);
    slc_buy_t buy = {.request_id = UINT64_MAX,
                     .drop_id = UINT64_MAX,
                     .order_key = UINT64_MAX,
                     .quantity = UINT64_MAX,
                     .user = {long_text, 64}};
    bytes = slc_client_encode_buy(&buy, out);
    cr_assert(bytes > 64 && bytes <= SLC_BUY_FRAME_BYTES_MAX);
    slc_buy_t back;
    const uint8_t *body;
    uint32_t body_bytes;
    size_t used;
    cr_assert(slc_frame_next(out, bytes, 1024, &body, &body_bytes, &used) == SLC_FRAME_WHOLE);
    cr_assert(slc_flat_decode_buy(body, body_bytes, &back));
    cr_assert(back.request_id == UINT64_MAX && back.order_key == UINT64_MAX && back.user.bytes == 64);
}
