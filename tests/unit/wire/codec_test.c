/* src/wire/codec.c, codec_strings.c, arena.c, control_request.c and control_reply.c. */
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

/* ---- ControlRequest ---- */

static slc_err_t decode(const slc_control_request_t *request, slc_command_t **ret_command)
{
    uint8_t frame[SLC_CONTROL_REQUEST_FRAME_BYTES_MAX];
    uint32_t count;
    size_t bytes = slc_codec_encode_control_request(42, request, frame, sizeof frame);
    const uint8_t *body = body_of(frame, bytes, &count);
    return slc_codec_decode_command(g_codec, body, count, ret_command);
}

Test(codec, an_open_drop_becomes_its_event)
{
    slc_control_request_t request = {.op = SLC_CONTROL_OPEN_DROP,
                                     .op_key = UINT64_MAX,
                                     .drop_id = 9,
                                     .stock = SLC_STOCK_MAX,
                                     .per_user_limit = 2,
                                     .opens_at_us = 5,
                                     .closes_at_us = 6,
                                     .name = "caf\xc3\xa9"};
    slc_command_t *command;
    cr_assert(decode(&request, &command) == SLC_OK);
    cr_assert(command->request_id == 42 && command->op == SLC_CONTROL_OPEN_DROP && command->is_change);
    const slc_event_t *event = &command->event;
    cr_assert(event->kind == SLC_EVENT_DROP_OPENED && event->op_key == UINT64_MAX);
    cr_assert(event->as.drop_opened.drop_id == 9 && event->as.drop_opened.stock == SLC_STOCK_MAX);
    cr_assert(event->as.drop_opened.per_user_limit == 2 && event->as.drop_opened.opens_at_us == 5);
    cr_assert(event->as.drop_opened.closes_at_us == 6 && same(event->as.drop_opened.name, "caf\xc3\xa9"));
    cr_assert(event->as.drop_opened.name.data == command->text, "it outlives the codec's arena");
    slc_command_destroy(command);
}

Test(codec, every_other_op_becomes_its_command)
{
    static const struct {
        slc_control_op_t op;
        slc_event_kind_t kind; /* 0: a query */
    } cases[] = {{SLC_CONTROL_ADJUST_STOCK, SLC_EVENT_STOCK_ADJUSTED},
                 {SLC_CONTROL_CLOSE_DROP, SLC_EVENT_DROP_CLOSED},
                 {SLC_CONTROL_PURGE_DROP, SLC_EVENT_DROP_PURGED},
                 {SLC_CONTROL_CANCEL_ORDER, SLC_EVENT_ORDER_CANCELLED},
                 {SLC_CONTROL_GET_DROP, 0},
                 {SLC_CONTROL_LIST_DROPS, 0},
                 {SLC_CONTROL_GET_ORDER, 0},
                 {SLC_CONTROL_TAKE_SNAPSHOT, 0},
                 {SLC_CONTROL_GET_STATUS, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        slc_control_request_t request = {
            .op = cases[i].op, .op_key = 3, .drop_id = 11, .order_id = 12, .delta = -5, .page_size = 500};
        slc_command_t *command;
        cr_assert(decode(&request, &command) == SLC_OK, "op %d", (int)cases[i].op);
        cr_assert(command->op == cases[i].op && command->request_id == 42);
        cr_assert(command->is_change == (cases[i].kind != 0));
        cr_assert(!command->is_change || command->event.kind == cases[i].kind);
        if (cases[i].kind == SLC_EVENT_STOCK_ADJUSTED) {
            cr_assert(command->event.as.stock_adjusted.drop_id == 11);
            cr_assert(command->event.as.stock_adjusted.delta == -5);
        } else if (cases[i].kind == SLC_EVENT_ORDER_CANCELLED) {
            cr_assert(command->event.as.order_cancelled.order_id == 12);
        } else if (cases[i].kind != 0) {
            cr_assert(command->event.as.drop_closed.drop_id == 11);
        } else if (cases[i].op == SLC_CONTROL_GET_ORDER) {
            cr_assert(command->order_id == 12);
        } else if (cases[i].op == SLC_CONTROL_GET_DROP || cases[i].op == SLC_CONTROL_LIST_DROPS) {
            cr_assert(command->drop_id == 11);
        }
        cr_assert(cases[i].op != SLC_CONTROL_LIST_DROPS || command->page_size == 500);
        slc_command_destroy(command);
    }
}

static void expect_refused(slc_control_request_t request, const char *field)
{
    slc_command_t *command = NULL;
    cr_assert(decode(&request, &command) == SLC_ERR_REFUSED, "%s", field);
    cr_assert(command->request_id == 42 && command->status == SLC_STATUS_INVALID && !command->is_change);
    cr_assert(strncmp(command->message, field, strlen(field)) == 0, "%s", command->message);
    slc_command_destroy(command);
}

Test(codec, a_request_out_of_bounds_is_refused_by_the_name_of_its_field)
{
    char name[SLC_NAME_BYTES_MAX + 2];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    slc_control_request_t open = {.op = SLC_CONTROL_OPEN_DROP, .drop_id = 1, .stock = 1};
    slc_control_request_t request = open;
    request.drop_id = 0;
    expect_refused(request, "drop_id");
    request = open;
    request.stock = SLC_STOCK_MAX + 1;
    expect_refused(request, "stock");
    request = open;
    request.name = name;
    expect_refused(request, "name");
    request.name = "\xff";
    expect_refused(request, "name");
    request = open;
    request.opens_at_us = 10;
    request.closes_at_us = 10;
    expect_refused(request, "closes_at_us");
    expect_refused((slc_control_request_t){.op = SLC_CONTROL_ADJUST_STOCK, .drop_id = 1}, "delta");
    expect_refused((slc_control_request_t){.op = SLC_CONTROL_ADJUST_STOCK, .delta = 1}, "drop_id");
    expect_refused(
        (slc_control_request_t){.op = SLC_CONTROL_ADJUST_STOCK, .drop_id = 1, .delta = INT64_MIN},
        "delta");
    expect_refused((slc_control_request_t){.op = SLC_CONTROL_CLOSE_DROP}, "drop_id");
    expect_refused((slc_control_request_t){.op = SLC_CONTROL_PURGE_DROP}, "drop_id");
    expect_refused((slc_control_request_t){.op = SLC_CONTROL_CANCEL_ORDER}, "order_id");
    expect_refused((slc_control_request_t){.op = SLC_CONTROL_GET_DROP}, "drop_id");
    expect_refused((slc_control_request_t){.op = SLC_CONTROL_GET_ORDER}, "order_id");
    expect_refused((slc_control_request_t){.op = SLC_CONTROL_LIST_DROPS, .page_size = 501}, "page_size");
}

Test(codec, a_name_with_a_nul_in_it_is_refused_and_not_cut)
{
    static const uint8_t body[] = {0x08, 42, 0x1a, 9, 0x08, 1, 0x10, 1, 0x32, 3, 'a', 0, 'b'};
    slc_command_t *command = NULL;
    cr_assert(slc_codec_decode_command(g_codec, body, sizeof body, &command) == SLC_ERR_REFUSED);
    cr_assert(strncmp(command->message, "name", 4) == 0 && command->request_id == 42);
    slc_command_destroy(command);
}

Test(codec, a_page_size_that_is_not_given_is_100)
{
    slc_command_t *command;
    cr_assert(decode(&(slc_control_request_t){.op = SLC_CONTROL_LIST_DROPS}, &command) == SLC_OK);
    cr_assert(command->page_size == 100 && command->drops != NULL && command->drop_id == 0);
    slc_command_destroy(command);
}

Test(codec, a_request_without_an_op_or_with_one_of_a_later_version_is_refused)
{
    static const uint8_t none[] = {0x08, 42};
    static const uint8_t later[] = {0x08, 42, 0xa2, 0x06, 0x00};
    slc_command_t *command = NULL;
    cr_assert(slc_codec_decode_command(g_codec, none, sizeof none, &command) == SLC_ERR_REFUSED);
    cr_assert(command->request_id == 42 && strncmp(command->message, "op", 2) == 0);
    slc_command_destroy(command);
    cr_assert(slc_codec_decode_command(g_codec, later, sizeof later, &command) == SLC_ERR_REFUSED);
    cr_assert(command->status == SLC_STATUS_INVALID);
    slc_command_destroy(command);
}

Test(codec, bytes_that_are_no_request_give_no_command)
{
    static const uint8_t cut[] = {0x1a, 0x05, 0x08};
    static const uint8_t group[] = {0x0b, 0x0c};
    static const uint8_t type[] = {0x18, 0x01};
    slc_command_t *command = NULL;
    cr_assert(slc_codec_decode_command(g_codec, cut, sizeof cut, &command) == SLC_ERR_PROTOCOL);
    cr_assert(slc_codec_decode_command(g_codec, group, sizeof group, &command) == SLC_ERR_PROTOCOL);
    cr_assert(slc_codec_decode_command(g_codec, type, sizeof type, &command) == SLC_ERR_PROTOCOL);
    cr_assert(command == NULL);
}

/* ---- ControlReply ---- */

/* Encodes, decodes, and hands out what a client sees. */
static slc_control_reply_t *round_trip(const slc_command_t *answered, uint8_t *frame, size_t capacity)
{
    slc_control_reply_t *reply = calloc(1, sizeof *reply);
    uint32_t count;
    uint64_t request_id;
    cr_assert(reply != NULL);
    const uint8_t *body =
        body_of(frame, slc_codec_encode_control_reply(answered, frame, capacity), &count);
    cr_assert(slc_codec_decode_control_reply(g_codec, body, count, &request_id, reply));
    cr_assert(request_id == answered->request_id && reply->status == answered->status);
    cr_assert(reply->replayed == answered->replayed && reply->sequence == answered->sequence);
    cr_assert(reply->time_us == answered->time_us && strcmp(reply->message, answered->message) == 0);
    return reply;
}

static slc_drop_info_t drop_of(uint64_t id)
{
    slc_drop_info_t drop = {.drop_id = id,
                            .stock = UINT64_MAX,
                            .sold = UINT64_MAX - 1,
                            .remaining = UINT64_MAX - 2,
                            .per_user_limit = UINT64_MAX - 3,
                            .opens_at_us = UINT64_MAX - 4,
                            .closes_at_us = UINT64_MAX - 5,
                            .orders = UINT64_MAX - 6,
                            .cancelled = UINT64_MAX - 7,
                            .closed = true};
    memset(drop.name, 'n', SLC_NAME_BYTES_MAX);
    return drop;
}

static bool same_drop(const slc_drop_info_t *a, const slc_drop_info_t *b)
{
    return a->drop_id == b->drop_id && a->stock == b->stock && a->sold == b->sold &&
           a->remaining == b->remaining && a->per_user_limit == b->per_user_limit &&
           a->opens_at_us == b->opens_at_us && a->closes_at_us == b->closes_at_us &&
           a->orders == b->orders && a->cancelled == b->cancelled && a->closed == b->closed &&
           strcmp(a->name, b->name) == 0;
}

Test(codec, the_answer_with_a_drop_comes_back_whole)
{
    uint8_t frame[2048];
    slc_command_t answered = {.request_id = UINT64_MAX,
                              .op = SLC_CONTROL_OPEN_DROP,
                              .status = SLC_STATUS_ACCEPTED,
                              .replayed = true,
                              .sequence = 77,
                              .time_us = 88,
                              .has_drop = true,
                              .drop = drop_of(5)};
    slc_control_reply_t *reply = round_trip(&answered, frame, sizeof frame);
    cr_assert(same_drop(&reply->drop, &answered.drop));
    free(reply);
}

Test(codec, the_answer_with_an_order_comes_back_whole)
{
    uint8_t frame[2048];
    slc_command_t answered = {
        .op = SLC_CONTROL_GET_ORDER, .status = SLC_STATUS_ACCEPTED, .has_order = true};
    answered.order = (slc_order_info_t){
        .order_id = 1, .drop_id = 2, .order_key = 3, .quantity = 4, .time_us = 5, .cancelled = true};
    memset(answered.order.user, 'u', SLC_USER_BYTES_MAX);
    slc_control_reply_t *reply = round_trip(&answered, frame, sizeof frame);
    cr_assert(reply->order.order_id == 1 && reply->order.drop_id == 2 && reply->order.order_key == 3);
    cr_assert(reply->order.quantity == 4 && reply->order.time_us == 5 && reply->order.cancelled);
    cr_assert(strcmp(reply->order.user, answered.order.user) == 0);
    free(reply);
}

Test(codec, the_answer_with_the_engine_comes_back_whole)
{
    uint8_t frame[2048];
    slc_command_t answered = {
        .op = SLC_CONTROL_GET_STATUS, .status = SLC_STATUS_ACCEPTED, .has_engine = true};
    answered.engine = (slc_engine_info_t){.applied_sequence = 1,
                                          .digest = UINT64_MAX,
                                          .drops = 3,
                                          .orders = 4,
                                          .uptime_us = 5,
                                          .connections = 6,
                                          .attempts_missing = 7,
                                          .version = "0.1.0",
                                          .durability = "fsync",
                                          .journal_method = "direct",
                                          .read_only = "the disk is full"};
    slc_control_reply_t *reply = round_trip(&answered, frame, sizeof frame);
    cr_assert(reply->engine.applied_sequence == 1 && reply->engine.digest == UINT64_MAX);
    cr_assert(reply->engine.drops == 3 && reply->engine.orders == 4 && reply->engine.uptime_us == 5);
    cr_assert(reply->engine.connections == 6 && reply->engine.attempts_missing == 7);
    cr_assert(strcmp(reply->engine.version, "0.1.0") == 0);
    cr_assert(strcmp(reply->engine.durability, "fsync") == 0);
    cr_assert(strcmp(reply->engine.journal_method, "direct") == 0);
    cr_assert(strcmp(reply->engine.read_only, "the disk is full") == 0);
    free(reply);
}

Test(codec, the_longest_page_of_drops_fits_its_frame)
{
    uint8_t *frame = malloc(SLC_CONTROL_REPLY_FRAME_BYTES_MAX);
    slc_command_t *answered = slc_command_create(SLC_CONTROL_LIST_DROPS, SLC_DROPS_PAGE_MAX);
    cr_assert(frame != NULL && answered != NULL);
    answered->status = SLC_STATUS_ACCEPTED;
    answered->next_after_drop_id = UINT64_MAX;
    answered->drop_count = SLC_DROPS_PAGE_MAX;
    memset(answered->message, 'm', sizeof answered->message - 1);
    for (uint64_t i = 0; i < SLC_DROPS_PAGE_MAX; i++) {
        answered->drops[i] = drop_of(UINT64_MAX - i);
    }
    slc_control_reply_t *reply = round_trip(answered, frame, SLC_CONTROL_REPLY_FRAME_BYTES_MAX);
    cr_assert(reply->drop_count == SLC_DROPS_PAGE_MAX && reply->next_after_drop_id == UINT64_MAX);
    for (size_t i = 0; i < SLC_DROPS_PAGE_MAX; i++) {
        cr_assert(same_drop(&reply->drops[i], &answered->drops[i]));
    }
    free(reply);
    slc_command_destroy(answered);
    free(frame);
}

Test(codec, more_drops_than_a_page_holds_are_no_reply)
{
    uint8_t body[8 + 2 * (SLC_DROPS_PAGE_MAX + 1)];
    size_t list = 2 * (SLC_DROPS_PAGE_MAX + 1);
    size_t at = 0;
    body[at++] = 0x42; /* drops, of 1002 bytes */
    body[at++] = (uint8_t)(list | 0x80);
    body[at++] = (uint8_t)(list >> 7);
    for (size_t i = 0; i < SLC_DROPS_PAGE_MAX + 1; i++) {
        body[at++] = 0x0a;
        body[at++] = 0x00;
    }
    slc_control_reply_t *reply = calloc(1, sizeof *reply);
    uint64_t request_id;
    cr_assert(reply != NULL && !slc_codec_decode_control_reply(g_codec, body, at, &request_id, reply));
    body[1] -= 2; /* just one fewer is a page */
    cr_assert(slc_codec_decode_control_reply(g_codec, body, at - 2, &request_id, reply));
    cr_assert(reply->drop_count == SLC_DROPS_PAGE_MAX);
    free(reply);
}

Test(codec, a_refused_list_says_why_and_has_no_drops)
{
    uint8_t frame[2048];
    slc_command_t *answered = slc_command_create(SLC_CONTROL_LIST_DROPS, 1);
    cr_assert(answered != NULL);
    answered->status = SLC_STATUS_INVALID;
    (void)snprintf(answered->message, sizeof answered->message, "page_size: at most 500");
    slc_control_reply_t *reply = round_trip(answered, frame, sizeof frame);
    cr_assert(reply->drop_count == 0 && strcmp(reply->message, "page_size: at most 500") == 0);
    free(reply);
    slc_command_destroy(answered);
}
