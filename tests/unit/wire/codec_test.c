/* src/wire/codec.c, codec_strings.c and arena.c; ControlRequest and ControlReply have files of their own.
 */
#include "wire/codec.h"

#include "random.h"
#include "wire/flat.h"

#include <criterion/criterion.h>

#include <sluice.pb-c.h>

#include <stdio.h>
#include <string.h>

#define ARENA_BYTES ((size_t)1 << 20)

static slc_codec_t *g_codec;

static void setup(void)
{
    g_codec = slc_codec_create(ARENA_BYTES);
    cr_assert(g_codec != NULL);
}

static void teardown(void)
{
    slc_codec_destroy(g_codec);
}

TestSuite(codec, .init = setup, .fini = teardown);

static slc_text_t text_of(const char *string)
{
    return (slc_text_t){string, strlen(string)};
}

static bool same(slc_text_t text, const char *string)
{
    return text.bytes == strlen(string) && memcmp(text.data, string, text.bytes) == 0;
}

/* The body of a frame that fills `bytes` exactly. */
static const uint8_t *body_of(const uint8_t *frame, size_t bytes, uint32_t *ret_count)
{
    const uint8_t *body = NULL;
    size_t used = 0;
    cr_assert(bytes > 0);
    cr_assert(slc_frame_next(frame, bytes, UINT32_MAX, &body, ret_count, &used) == SLC_FRAME_WHOLE);
    cr_assert(used == bytes);
    return body;
}

Test(codec, hello_comes_back)
{
    slc_hello_t hello = {.protocol = 1, .client = text_of("tester/1"), .token = text_of("s\xc3\xa9same")};
    uint8_t frame[SLC_HELLO_FRAME_BYTES_MAX];
    uint32_t count;
    const uint8_t *body = body_of(frame, slc_codec_encode_hello(&hello, frame, sizeof frame), &count);
    slc_hello_t back;
    cr_assert(slc_codec_decode_hello(g_codec, body, count, &back));
    cr_assert(back.protocol == 1 && same(back.client, "tester/1") && same(back.token, "s\xc3\xa9same"));
}

Test(codec, the_longest_hello_fits_its_frame_and_a_longer_one_is_refused)
{
    char text[257];
    memset(text, 'x', sizeof text);
    uint8_t frame[SLC_HELLO_FRAME_BYTES_MAX];
    slc_hello_t hello = {.protocol = UINT64_MAX, .client = {text, 64}, .token = {text, 256}};
    cr_assert(slc_codec_encode_hello(&hello, frame, sizeof frame) > 320);
    hello.client.bytes = 65;
    cr_assert(slc_codec_encode_hello(&hello, frame, sizeof frame) == 0);
    hello.client.bytes = 64;
    hello.token.bytes = 257;
    cr_assert(slc_codec_encode_hello(&hello, frame, sizeof frame) == 0);
}

Test(codec, a_buy_is_no_hello_and_a_hello_no_buy)
{
    slc_buy_t buy = {.request_id = 1, .drop_id = 2, .user = text_of("u")};
    uint8_t frame[SLC_HELLO_FRAME_BYTES_MAX];
    size_t bytes = slc_flat_encode_buy(&buy, frame);
    slc_hello_t hello;
    cr_assert(slc_codec_decode_hello(g_codec, frame + 1, bytes - 1, &hello));
    cr_assert(hello.protocol == 0, "its fields are all unknown to a Hello");
    hello = (slc_hello_t){.protocol = 1, .client = text_of("c"), .token = text_of("t")};
    uint32_t count;
    const uint8_t *body = body_of(frame, slc_codec_encode_hello(&hello, frame, sizeof frame), &count);
    cr_assert(slc_flat_decode_buy(body, count, &buy) && buy.drop_id == 0 && buy.user.bytes == 0);
}

Test(codec, text_that_is_no_utf8_or_holds_a_nul_makes_no_hello)
{
    static const uint8_t bad[] = {0x62, 0x02, 'a', 0xff};
    static const uint8_t nul[] = {0x6a, 0x03, 'a', 0x00, 'b'};
    static const uint8_t hidden[] = {0x6a, 0x03, 'a', 0x00, 'b', 0x6a, 0x01, 'c'};
    slc_hello_t hello;
    cr_assert(!slc_codec_decode_hello(g_codec, bad, sizeof bad, &hello));
    cr_assert(!slc_codec_decode_hello(g_codec, nul, sizeof nul, &hello));
    cr_assert(!slc_codec_decode_hello(g_codec, hidden, sizeof hidden, &hello), "also where another wins");
}

Test(codec, welcome_comes_back)
{
    slc_welcome_t welcome = {.status = SLC_STATUS_NOT_LEADER,
                             .max_in_flight = 4096,
                             .max_frame_bytes = 1024,
                             .message = text_of("ask the other one"),
                             .leader = text_of("127.0.0.1:7411"),
                             .version = text_of("9.9")};
    uint8_t frame[512];
    uint32_t count;
    const uint8_t *body = body_of(frame, slc_codec_encode_welcome(&welcome, frame, sizeof frame), &count);
    slc_welcome_t back;
    cr_assert(slc_codec_decode_welcome(g_codec, body, count, &back));
    cr_assert(back.status == SLC_STATUS_NOT_LEADER && back.max_in_flight == 4096);
    cr_assert(back.max_frame_bytes == 1024 && same(back.message, "ask the other one"));
    cr_assert(same(back.leader, "127.0.0.1:7411") && same(back.version, "9.9"));
}

Test(codec, a_status_below_or_over_the_known_ones_is_unspecified)
{
    static const uint8_t negative[] = {0x58, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
    static const uint8_t fifteen[] = {0x58, 0x0f};
    static const uint8_t fourteen[] = {0x58, 0x0e};
    slc_welcome_t welcome;
    cr_assert(slc_codec_decode_welcome(g_codec, negative, sizeof negative, &welcome));
    cr_assert(welcome.status == SLC_STATUS_UNSPECIFIED);
    cr_assert(slc_codec_decode_welcome(g_codec, fifteen, sizeof fifteen, &welcome));
    cr_assert(welcome.status == SLC_STATUS_UNSPECIFIED);
    cr_assert(slc_codec_decode_welcome(g_codec, fourteen, sizeof fourteen, &welcome));
    cr_assert(welcome.status == SLC_STATUS_READ_ONLY);
}

Test(codec, no_frame_is_written_where_it_does_not_fit)
{
    slc_welcome_t welcome = {.status = SLC_STATUS_ACCEPTED, .version = text_of("1.0")};
    uint8_t frame[64];
    size_t bytes = slc_codec_encode_welcome(&welcome, frame, sizeof frame);
    cr_assert(bytes > 0);
    for (size_t capacity = 0; capacity < bytes; capacity++) {
        memset(frame, 0xee, sizeof frame);
        cr_assert(slc_codec_encode_welcome(&welcome, frame, capacity) == 0);
        cr_assert(frame[capacity] == 0xee);
    }
    cr_assert(slc_codec_encode_welcome(&welcome, frame, bytes) == bytes);
}

Test(codec, a_message_that_needs_more_than_the_arena_is_refused_and_the_next_one_is_not)
{
    slc_codec_t *small = slc_codec_create(2048);
    cr_assert(small != NULL);
    /* Two bytes for each unknown field, forty of memory. */
    uint8_t greedy[1000];
    for (size_t i = 0; i < sizeof greedy; i += 2) {
        greedy[i] = 0x08;
        greedy[i + 1] = 0x01;
    }
    slc_hello_t hello;
    cr_assert(!slc_codec_decode_hello(small, greedy, sizeof greedy, &hello));
    static const uint8_t modest[] = {0x58, 0x01, 0x62, 0x01, 'c'};
    for (int i = 0; i < 1000; i++) {
        cr_assert(slc_codec_decode_hello(small, modest, sizeof modest, &hello));
        cr_assert(hello.protocol == 1 && same(hello.client, "c"));
    }
    slc_codec_destroy(small);
}

Test(codec, however_small_the_arena_a_message_is_decoded_or_refused)
{
    slc_control_request_t request = {.op = SLC_CONTROL_OPEN_DROP, .drop_id = 1, .stock = 2, .name = "n"};
    uint8_t frame[SLC_CONTROL_REQUEST_FRAME_BYTES_MAX];
    uint32_t count;
    const uint8_t *body =
        body_of(frame, slc_codec_encode_control_request(7, &request, frame, sizeof frame), &count);
    int refused = 0;
    int taken = 0;
    for (size_t arena = 1; arena < 4096; arena += 7) {
        slc_codec_t *small = slc_codec_create(arena);
        slc_command_t *command = NULL;
        cr_assert(small != NULL);
        slc_err_t answer = slc_codec_decode_command(small, body, count, &command);
        cr_assert(answer == SLC_OK || (answer == SLC_ERR_PROTOCOL && command == NULL));
        refused += answer != SLC_OK;
        taken += answer == SLC_OK;
        slc_command_destroy(command);
        slc_codec_destroy(small);
    }
    cr_assert(refused > 0 && taken > 0);
}

Test(codec, unknown_fields_are_skipped_and_impossible_ones_refused)
{
    static const uint8_t unknown[] = {0x58, 0x01, 0x2d, 1, 2, 3, 4,    0x31, 1,   2,
                                      3,    4,    5,    6, 7, 8, 0x3a, 0x01, 0xff};
    static const uint8_t field_0[] = {0x58, 0x01, 0x00, 0x01};
    static const uint8_t too_far[] = {0x58, 0x01, 0x80, 0x80, 0x80, 0x80, 0x10, 0x01};
    slc_hello_t hello;
    cr_assert(slc_codec_decode_hello(g_codec, unknown, sizeof unknown, &hello) && hello.protocol == 1);
    cr_assert(!slc_codec_decode_hello(g_codec, field_0, sizeof field_0, &hello));
    cr_assert(!slc_codec_decode_hello(g_codec, too_far, sizeof too_far, &hello));
    cr_assert(slc_codec_decode_hello(g_codec, NULL, 0, &hello) && hello.protocol == 0);
}

Test(codec, a_welcome_that_is_none_or_not_text_is_refused)
{
    static const uint8_t cut[] = {0x58};
    static const uint8_t bad[] = {0x62, 0x01, 0xff};
    slc_welcome_t welcome;
    cr_assert(!slc_codec_decode_welcome(g_codec, cut, sizeof cut, &welcome));
    cr_assert(!slc_codec_decode_welcome(g_codec, bad, sizeof bad, &welcome));
}

Test(codec, a_long_message_in_a_welcome_is_cut_in_front_of_a_character)
{
    char text[3 * SLC_REPLY_MESSAGE_BYTES_MAX];
    for (size_t i = 0; i < sizeof text; i += 3) {
        memcpy(text + i, "\xe2\x82\xac", 3);
    }
    slc_welcome_t welcome = {.message = {text, sizeof text}, .leader = {NULL, 0}, .version = {text, 3}};
    uint8_t frame[512];
    uint32_t count;
    const uint8_t *body = body_of(frame, slc_codec_encode_welcome(&welcome, frame, sizeof frame), &count);
    slc_welcome_t back;
    cr_assert(slc_codec_decode_welcome(g_codec, body, count, &back), "half a character is no text");
    cr_assert(back.message.bytes == SLC_REPLY_MESSAGE_BYTES_MAX / 3 * 3 && back.version.bytes == 3);
    cr_assert(back.leader.bytes == 0);
}
