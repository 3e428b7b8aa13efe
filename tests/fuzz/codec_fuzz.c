/* The messages off the hot path: whatever the bytes and however small the arena, they are decoded within
 * their bounds or refused; every change that is taken is an event that the journal reads back, and every
 * request that is taken or refused can be answered.
 * Input: 1 byte that picks the message, 1 byte of arena, the message. */
#include "against_protobuf.h"
#include "tally.h"
#include "wire/codec.h"
#include "wire/flat.h"

#include <string.h>

static bool check_hello(slc_codec_t *codec, const uint8_t *bytes, size_t count)
{
    slc_hello_t hello;
    if (!slc_codec_decode_hello(codec, bytes, count, &hello)) {
        return false;
    }
    uint8_t frame[SLC_HELLO_FRAME_BYTES_MAX];
    FUZZ_CHECK(slc_text_is_valid(hello.client, 0, 64) && slc_text_is_valid(hello.token, 0, 256));
    FUZZ_CHECK(slc_codec_encode_hello(&hello, frame, sizeof frame) > 0);
    return true;
}

static bool check_welcome(slc_codec_t *codec, const uint8_t *bytes, size_t count)
{
    slc_welcome_t welcome;
    if (!slc_codec_decode_welcome(codec, bytes, count, &welcome)) {
        return false;
    }
    FUZZ_CHECK(welcome.status < SLC_STATUS_COUNT);
    FUZZ_CHECK(slc_text_is_valid(welcome.message, 0, count) &&
               slc_text_is_valid(welcome.leader, 0, count));
    FUZZ_CHECK(slc_text_is_valid(welcome.version, 0, count));
    return true;
}

static void check_answerable(const slc_command_t *command)
{
    static uint8_t frame[2048];
    FUZZ_CHECK(slc_codec_encode_control_reply(command, frame, sizeof frame) > 0);
}

/* A command that was taken, as the request of a client. */
static slc_control_request_t request_of(const slc_command_t *command, char *name)
{
    const slc_event_t *event = &command->event;
    slc_control_request_t request = {
        .op = command->op,
        .op_key = event->op_key,
        .drop_id = command->drop_id,
        .order_id = command->order_id,
        .page_size = command->page_size,
    };
    if (command->op == SLC_CONTROL_OPEN_DROP) {
        request.stock = event->as.drop_opened.stock;
        request.per_user_limit = event->as.drop_opened.per_user_limit;
        request.opens_at_us = event->as.drop_opened.opens_at_us;
        request.closes_at_us = event->as.drop_opened.closes_at_us;
        memcpy(name, event->as.drop_opened.name.data, event->as.drop_opened.name.bytes);
        name[event->as.drop_opened.name.bytes] = '\0';
        request.name = name;
    } else if (command->op == SLC_CONTROL_ADJUST_STOCK) {
        request.delta = event->as.stock_adjusted.delta;
    }
    return request;
}

/* What a client would send for it is taken for the same command. */
static void check_comes_back(const slc_command_t *command)
{
    char name[SLC_NAME_BYTES_MAX + 1];
    uint8_t frame[SLC_CONTROL_REQUEST_FRAME_BYTES_MAX];
    uint8_t events[2][SLC_EVENT_BYTES_MAX];
    const uint8_t *body = NULL;
    uint32_t body_bytes = 0;
    size_t used = 0;
    slc_command_t *again = NULL;
    slc_codec_t *codec = slc_codec_create(65536);
    slc_control_request_t request = request_of(command, name);
    size_t bytes = slc_codec_encode_control_request(command->request_id, &request, frame, sizeof frame);
    FUZZ_CHECK(codec != NULL && bytes > 0);
    FUZZ_CHECK(slc_frame_next(frame, bytes, sizeof frame, &body, &body_bytes, &used) == SLC_FRAME_WHOLE);
    FUZZ_CHECK(slc_codec_decode_command(codec, body, body_bytes, &again) == SLC_OK);
    FUZZ_CHECK(again->request_id == command->request_id && again->op == command->op);
    FUZZ_CHECK(again->is_change == command->is_change && again->page_size == command->page_size);
    FUZZ_CHECK(again->drop_id == command->drop_id && again->order_id == command->order_id);
    if (command->is_change) {
        size_t event_bytes = slc_flat_encode_event(&command->event, events[0]);
        FUZZ_CHECK(slc_flat_encode_event(&again->event, events[1]) == event_bytes);
        FUZZ_CHECK(memcmp(events[0], events[1], event_bytes) == 0);
    }
    slc_command_destroy(again);
    slc_codec_destroy(codec);
}

static bool check_command(slc_codec_t *codec, const uint8_t *bytes, size_t count)
{
    slc_command_t *command = NULL;
    slc_err_t answer = slc_codec_decode_command(codec, bytes, count, &command);
    FUZZ_CHECK(answer == SLC_OK || answer == SLC_ERR_REFUSED || answer == SLC_ERR_PROTOCOL);
    FUZZ_CHECK((command == NULL) == (answer == SLC_ERR_PROTOCOL));
    if (answer == SLC_OK && command->is_change) {
        uint8_t journaled[SLC_EVENT_BYTES_MAX];
        size_t bytes_in = slc_flat_encode_event(&command->event, journaled);
        FUZZ_CHECK(bytes_in <= sizeof journaled && slc_agree_on_event(journaled, bytes_in));
    }
    if (answer == SLC_OK) {
        check_comes_back(command);
    }
    if (answer == SLC_ERR_REFUSED) {
        FUZZ_CHECK(strchr(command->message, ':') != NULL); /* the field's name stands in front */
        FUZZ_CHECK(command->status == SLC_STATUS_INVALID && command->message[0] != '\0');
    }
    if (command != NULL) {
        check_answerable(command);
    }
    slc_command_destroy(command);
    return answer == SLC_OK;
}

static bool check_control_reply(slc_codec_t *codec, const uint8_t *bytes, size_t count)
{
    static slc_control_reply_t reply;
    uint64_t request_id;
    if (!slc_codec_decode_control_reply(codec, bytes, count, &request_id, &reply)) {
        return false;
    }
    FUZZ_CHECK(reply.status < SLC_STATUS_COUNT && reply.drop_count <= SLC_DROPS_PAGE_MAX);
    FUZZ_CHECK(memchr(reply.message, 0, sizeof reply.message) != NULL);
    FUZZ_CHECK(memchr(reply.drop.name, 0, sizeof reply.drop.name) != NULL);
    FUZZ_CHECK(memchr(reply.order.user, 0, sizeof reply.order.user) != NULL);
    FUZZ_CHECK(memchr(reply.engine.read_only, 0, sizeof reply.engine.read_only) != NULL);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        fuzz_tally(0);
        return 0;
    }
    /* Most arenas hold any message of this size; some hold none, or just the beginning of one. */
    slc_codec_t *codec = slc_codec_create(data[1] < 64 ? (size_t)data[1] * 16 + 1 : 65536);
    FUZZ_CHECK(codec != NULL);
    bool taken = false;
    switch (data[0] % 4) {
    case 0:
        taken = check_hello(codec, data + 2, size - 2);
        break;
    case 1:
        taken = check_welcome(codec, data + 2, size - 2);
        break;
    case 2:
        taken = check_command(codec, data + 2, size - 2);
        break;
    default:
        taken = check_control_reply(codec, data + 2, size - 2);
        break;
    }
    slc_codec_destroy(codec);
    fuzz_tally(taken);
    return 0;
}
