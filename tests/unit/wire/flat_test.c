/* src/wire/flat_buy.c, flat_reply.c and varint.c. */
#include "../../fuzz/against_protobuf.h"
#include "random.h"
#include "wire/flat.h"

#include <criterion/criterion.h>

#include <sluice.pb-c.h>

#include <stdio.h>
#include <string.h>

#define ROUNDS 50000

static slc_text_t text_of(const char *string)
{
    return (slc_text_t){string, strlen(string)};
}

static slc_buy_t random_buy(random_t *random, char *user)
{
    return (slc_buy_t){.request_id = random_number(random),
                       .drop_id = random_number(random),
                       .quantity = random_number(random),
                       .order_key = random_number(random),
                       .user = random_text(random, user, SLC_USER_BYTES_MAX)};
}

static slc_buy_reply_t random_reply(random_t *random, char *message)
{
    slc_buy_reply_t reply = {.request_id = random_number(random),
                             .order_id = random_number(random),
                             .remaining = random_number(random),
                             .sequence = random_number(random),
                             .time_us = random_number(random),
                             .status = (slc_status_t)random_below(random, SLC_STATUS_COUNT),
                             .replayed = random_below(random, 2) == 1};
    if (random_below(random, 2) == 1) {
        reply.message = random_text(random, message, SLC_REPLY_MESSAGE_BYTES_MAX);
    }
    return reply;
}

/* Copies the message into memory of just its size, so that a sanitizer sees a read beyond it. */
static bool agree_exactly(bool (*agree)(const uint8_t *, size_t), const uint8_t *bytes, size_t count)
{
    uint8_t *exact = malloc(count == 0 ? 1 : count);
    cr_assert(exact != NULL);
    memcpy(exact, bytes, count);
    bool taken = agree(exact, count);
    free(exact);
    return taken;
}

/* One to three bytes are changed, taken out or doubled: most of the time still nearly a message. */
static size_t damage(random_t *random, uint8_t *bytes, size_t count)
{
    for (uint64_t left = 1 + random_below(random, 3); left > 0 && count > 1; left--) {
        size_t at = random_below(random, count);
        switch (random_below(random, 4)) {
        case 0:
            bytes[at] = (uint8_t)random_u64(random);
            break;
        case 1:
            bytes[at] ^= (uint8_t)(1u << random_below(random, 8));
            break;
        case 2:
            memmove(bytes + at, bytes + at + 1, count - at - 1);
            count--;
            break;
        default:
            memmove(bytes + at + 1, bytes + at, count - at);
            count++;
            break;
        }
    }
    return count;
}

Test(flat, a_buy_comes_back_as_it_went)
{
    random_t random = random_start();
    for (int i = 0; i < ROUNDS; i++) {
        char user[SLC_USER_BYTES_MAX];
        uint8_t frame[SLC_BUY_FRAME_BYTES_MAX];
        slc_buy_t buy = random_buy(&random, user);
        size_t bytes = slc_flat_encode_buy(&buy, frame);
        slc_buy_t back;
        cr_assert(frame[0] == bytes - 1 && slc_flat_decode_buy(frame + 1, bytes - 1, &back));
        cr_assert(back.request_id == buy.request_id && back.drop_id == buy.drop_id &&
                  back.quantity == buy.quantity && back.order_key == buy.order_key);
        cr_assert(back.user.bytes == buy.user.bytes &&
                  memcmp(back.user.data, buy.user.data, buy.user.bytes) == 0);
    }
}

Test(flat, a_buy_is_the_bytes_that_protobuf_writes)
{
    random_t random = random_start();
    for (int i = 0; i < ROUNDS; i++) {
        char user[SLC_USER_BYTES_MAX + 1];
        uint8_t ours[SLC_BUY_FRAME_BYTES_MAX];
        uint8_t theirs[SLC_BUY_FRAME_BYTES_MAX];
        slc_buy_t buy = random_buy(&random, user);
        user[buy.user.bytes] = '\0';
        Sluice__V1__Buy message = SLUICE__V1__BUY__INIT;
        message.request_id = buy.request_id;
        message.drop_id = buy.drop_id;
        message.quantity = buy.quantity;
        message.order_key = buy.order_key;
        message.user = user;
        size_t bytes = slc_flat_encode_buy(&buy, ours);
        cr_assert(sluice__v1__buy__pack(&message, theirs) == bytes - 1);
        cr_assert(memcmp(ours + 1, theirs, bytes - 1) == 0);
        cr_assert(agree_exactly(slc_agree_on_buy, theirs, bytes - 1));
    }
}

Test(flat, a_reply_is_the_bytes_that_protobuf_writes)
{
    random_t random = random_start();
    for (int i = 0; i < ROUNDS; i++) {
        char text[SLC_REPLY_MESSAGE_BYTES_MAX + 1];
        uint8_t ours[SLC_REPLY_FRAME_BYTES_MAX];
        uint8_t theirs[SLC_REPLY_FRAME_BYTES_MAX];
        slc_buy_reply_t reply = random_reply(&random, text);
        text[reply.message.bytes] = '\0';
        Sluice__V1__BuyReply message = SLUICE__V1__BUY_REPLY__INIT;
        message.request_id = reply.request_id;
        message.status = (Sluice__V1__Status)reply.status;
        message.order_id = reply.order_id;
        message.remaining = reply.remaining;
        message.replayed = reply.replayed;
        message.sequence = reply.sequence;
        message.time_us = reply.time_us;
        message.message = text;
        size_t bytes = slc_flat_encode_reply(&reply, ours);
        const uint8_t *body;
        uint32_t body_bytes;
        size_t used;
        cr_assert(slc_frame_next(ours, bytes, 1024, &body, &body_bytes, &used) == SLC_FRAME_WHOLE);
        cr_assert(used == bytes && sluice__v1__buy_reply__pack(&message, theirs) == body_bytes);
        cr_assert(memcmp(body, theirs, body_bytes) == 0);
        cr_assert(agree_exactly(slc_agree_on_reply, body, body_bytes));
    }
}

Test(flat, a_reply_cuts_a_long_message_in_front_of_a_character)
{
    char text[3 * SLC_REPLY_MESSAGE_BYTES_MAX];
    for (size_t i = 0; i < sizeof text; i += 3) {
        memcpy(text + i, "\xe2\x82\xac", 3);
    }
    slc_buy_reply_t reply = {.request_id = UINT64_MAX,
                             .order_id = UINT64_MAX,
                             .remaining = UINT64_MAX,
                             .sequence = UINT64_MAX,
                             .time_us = UINT64_MAX,
                             .status = SLC_STATUS_INVALID,
                             .replayed = true,
                             .message = {text, sizeof text}};
    uint8_t frame[SLC_REPLY_FRAME_BYTES_MAX];
    size_t bytes = slc_flat_encode_reply(&reply, frame);
    slc_buy_reply_t back;
    cr_assert(bytes <= sizeof frame && slc_flat_decode_reply(frame + 2, bytes - 2, &back));
    cr_assert(back.message.bytes == SLC_REPLY_MESSAGE_BYTES_MAX / 3 * 3);
    cr_assert(back.time_us == UINT64_MAX && back.status == SLC_STATUS_INVALID);
}

Test(flat, damaged_messages_are_judged_as_protobuf_judges_them)
{
    random_t random = random_start();
    int taken = 0;
    for (int i = 0; i < ROUNDS; i++) {
        char text[SLC_REPLY_MESSAGE_BYTES_MAX];
        uint8_t frame[SLC_REPLY_FRAME_BYTES_MAX + 8];
        slc_buy_t buy = random_buy(&random, text);
        size_t bytes = slc_flat_encode_buy(&buy, frame) - 1;
        bytes = damage(&random, frame + 1, bytes);
        taken += agree_exactly(slc_agree_on_buy, frame + 1, bytes);
        slc_buy_reply_t reply = random_reply(&random, text);
        reply.message.bytes = 0;
        bytes = damage(&random, frame + 1, slc_flat_encode_reply(&reply, frame) - 1);
        taken += agree_exactly(slc_agree_on_reply, frame + 1, bytes);
    }
    cr_assert(taken > ROUNDS / 4 && taken < 2 * ROUNDS, "%d", taken);
}

Test(flat, a_message_cut_anywhere_is_judged_as_protobuf_judges_it)
{
    slc_buy_t buy = {.request_id = UINT64_MAX, .drop_id = 300, .quantity = 7, .order_key = 1};
    buy.user = text_of("somebody");
    uint8_t frame[SLC_BUY_FRAME_BYTES_MAX];
    size_t bytes = slc_flat_encode_buy(&buy, frame) - 1;
    int taken = 0;
    for (size_t cut = 0; cut <= bytes; cut++) {
        taken += agree_exactly(slc_agree_on_buy, frame + 1, cut);
    }
    cr_assert(taken == 6, "nothing, and after each of five fields, not %d", taken);
}

/* Bytes in hex, for a case written out. */
static bool takes_buy(const char *hex, slc_buy_t *ret_buy)
{
    static uint8_t bytes[256];
    size_t count = strlen(hex) / 2;
    for (size_t i = 0; i < count; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    bool taken = agree_exactly(slc_agree_on_buy, bytes, count);
    cr_assert(slc_flat_decode_buy(bytes, count, ret_buy) == taken);
    return taken;
}

Test(flat, of_a_scalar_that_comes_twice_the_last_counts)
{
    slc_buy_t buy;
    cr_assert(takes_buy("0801"
                        "1002"
                        "0803"
                        "1004"
                        "1a0161"
                        "1a026262"
                        "2900000000000000012901000000000000"
                        "00",
                        &buy));
    cr_assert(buy.request_id == 3 && buy.drop_id == 4 && buy.order_key == 1);
    cr_assert(buy.user.bytes == 2 && memcmp(buy.user.data, "bb", 2) == 0);
}

Test(flat, fields_may_come_in_any_order)
{
    slc_buy_t buy;
    cr_assert(takes_buy("2007"
                        "1a0161"
                        "1002"
                        "0801",
                        &buy));
    cr_assert(buy.request_id == 1 && buy.drop_id == 2 && buy.quantity == 7 && buy.user.bytes == 1);
}

Test(flat, unknown_fields_of_every_wire_type_are_skipped)
{
    slc_buy_t buy;
    cr_assert(takes_buy("0801"
                        "3005"
                        "390102030405060708"
                        "4203616263"
                        "4d01020304"
                        "1002",
                        &buy));
    cr_assert(buy.request_id == 1 && buy.drop_id == 2);
}

Test(flat, a_tag_may_be_longer_than_it_needs_to_be)
{
    slc_buy_t buy;
    cr_assert(takes_buy("8880808000"
                        "05",
                        &buy) &&
              buy.request_id == 5);
    cr_assert(!takes_buy("888080808000"
                         "05",
                         &buy),
              "but not over five bytes");
}

Test(flat, a_number_may_be_longer_than_it_needs_to_be_up_to_ten_bytes)
{
    slc_buy_t buy;
    cr_assert(takes_buy("08"
                        "85808080808080808000"
                        "1002",
                        &buy) &&
              buy.request_id == 5);
    cr_assert(takes_buy("08"
                        "ffffffffffffffffff01",
                        &buy) &&
              buy.request_id == UINT64_MAX);
    cr_assert(takes_buy("08"
                        "ffffffffffffffffff7f",
                        &buy) &&
              buy.request_id == UINT64_MAX);
    cr_assert(!takes_buy("08"
                         "8580808080808080808000"
                         "1002",
                         &buy),
              "eleven");
    cr_assert(!takes_buy("08"
                         "80",
                         &buy),
              "cut");
}

Test(flat, a_number_over_32_bits_is_not_cut)
{
    slc_buy_t buy;
    cr_assert(takes_buy("20"
                        "8180808010",
                        &buy) &&
              buy.quantity == (UINT64_C(1) << 32) + 1);
}

Test(flat, wrong_wire_types_groups_and_impossible_ones_are_refused)
{
    static const char *const cases[] = {"090000000000000000",
                                        "0a00",
                                        "0d00000000",
                                        "1801",
                                        "2d00000000",
                                        "2801",
                                        "2a00",
                                        "0b0c",
                                        "3334",
                                        "34",
                                        "0e",
                                        "0f",
                                        "3601",
                                        "3701"};
    slc_buy_t buy;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_assert(!takes_buy(cases[i], &buy), "%s", cases[i]);
    }
}

Test(flat, field_numbers_that_do_not_exist_are_refused)
{
    slc_buy_t buy;
    cr_assert(!takes_buy("0001", &buy), "field 0");
    cr_assert(!takes_buy("8080808010"
                         "01",
                         &buy),
              "field 2^29");
    cr_assert(takes_buy("f8ffffff0f"
                        "01",
                        &buy),
              "field 2^29 - 1 is unknown, and skipped");
}

Test(flat, a_length_past_the_end_is_refused_whatever_it_claims)
{
    static const char *const cases[] = {"1a0261",
                                        "1affffffff0761",
                                        "1affffffff0f61",
                                        "1affffffffffffffffff0161",
                                        "1a8180808080006161",
                                        "42ffffffff0f"};
    slc_buy_t buy;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_assert(!takes_buy(cases[i], &buy), "%s", cases[i]);
    }
}

Test(flat, an_empty_message_is_one_with_every_field_at_its_default)
{
    slc_buy_t buy;
    slc_buy_reply_t reply;
    cr_assert(takes_buy("", &buy) && buy.request_id == 0 && buy.user.bytes == 0 && buy.user.data != NULL);
    cr_assert(slc_flat_decode_buy(NULL, 0, &buy) && slc_flat_decode_reply(NULL, 0, &reply));
    cr_assert(reply.status == SLC_STATUS_UNSPECIFIED && reply.message.bytes == 0);
}

Test(flat, a_status_that_nobody_knows_is_unspecified)
{
    static const uint8_t fifteen[] = {0x10, 0x0f};
    static const uint8_t negative[] = {0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
    static const uint8_t over_32_bits[] = {0x10, 0x81, 0x80, 0x80, 0x80, 0x10};
    slc_buy_reply_t reply;
    cr_assert(slc_flat_decode_reply(fifteen, sizeof fifteen, &reply));
    cr_assert(reply.status == SLC_STATUS_UNSPECIFIED);
    cr_assert(slc_flat_decode_reply(negative, sizeof negative, &reply));
    cr_assert(reply.status == SLC_STATUS_UNSPECIFIED);
    cr_assert(slc_flat_decode_reply(over_32_bits, sizeof over_32_bits, &reply));
    cr_assert(reply.status == SLC_STATUS_ACCEPTED, "an enum is its low 32 bits");
    cr_assert(slc_agree_on_reply(fifteen, sizeof fifteen) &&
              slc_agree_on_reply(negative, sizeof negative) &&
              slc_agree_on_reply(over_32_bits, sizeof over_32_bits));
}

/* 2^7 - 1 and 2^7, 2^14 - 1 and so on: where a varint grows by a byte. */
Test(flat, numbers_at_every_edge_of_a_varint_come_back)
{
    for (unsigned bits = 0; bits < 64; bits++) {
        for (uint64_t around = 0; around < 3; around++) {
            uint64_t number = (UINT64_C(1) << bits) + around - 1;
            slc_buy_t buy = {.request_id = number, .drop_id = number, .quantity = number};
            slc_buy_t back;
            uint8_t frame[SLC_BUY_FRAME_BYTES_MAX];
            size_t bytes = slc_flat_encode_buy(&buy, frame);
            cr_assert(slc_flat_decode_buy(frame + 1, bytes - 1, &back));
            cr_assert(back.request_id == number && back.drop_id == number && back.quantity == number);
            cr_assert(agree_exactly(slc_agree_on_buy, frame + 1, bytes - 1));
        }
    }
}
