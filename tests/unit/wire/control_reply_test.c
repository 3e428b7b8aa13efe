/* src/wire/control_reply.c. */
#include "build.h"
#include "wire/codec.h"
#include "wire/flat.h"

/* What the reply station reserves for every reply but a list of drops. */
#define REPLY_BYTES 2048

static slc_control_reply_t g_reply; /* a page of drops is no guest for the stack */

/* As the client reads what the server wrote; answers the frame's length. */
static size_t back(const slc_command_t *answered, size_t capacity)
{
    uint8_t *frame = malloc(capacity);
    slc_codec_t *codec = slc_codec_create((size_t)1024 * 1024);
    const uint8_t *body = NULL;
    uint32_t body_bytes = 0;
    size_t used = 0;
    uint64_t request_id = 0;
    cr_assert(frame != NULL && codec != NULL);
    size_t bytes = slc_codec_encode_control_reply(answered, frame, capacity);
    cr_assert(bytes > 0 && bytes <= capacity);
    cr_assert(slc_frame_next(frame, bytes, UINT32_MAX, &body, &body_bytes, &used) == SLC_FRAME_WHOLE);
    cr_assert(slc_codec_decode_control_reply(codec, body, body_bytes, &request_id, &g_reply));
    cr_assert(request_id == answered->request_id);
    slc_codec_destroy(codec);
    free(frame);
    return bytes;
}

static slc_command_t answer(slc_control_op_t op)
{
    return (slc_command_t){
        .request_id = UINT64_MAX,
        .op = op,
        .status = SLC_STATUS_ACCEPTED,
        .replayed = true,
        .sequence = UINT64_MAX,
        .time_us = UINT64_MAX,
    };
}

static slc_drop_info_t full_drop(uint64_t drop_id)
{
    slc_drop_info_t drop = {drop_id,    UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
                            UINT64_MAX, UINT64_MAX, UINT64_MAX, true,       ""};
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

Test(control_reply, status_and_message_come_back_and_the_longest_message_fits)
{
    slc_command_t answered = answer(SLC_CONTROL_CLOSE_DROP);
    answered.status = SLC_STATUS_INVALID;
    memset(answered.message, 'm', sizeof answered.message - 1);
    back(&answered, REPLY_BYTES);
    cr_assert(g_reply.status == SLC_STATUS_INVALID && g_reply.replayed &&
              g_reply.sequence == UINT64_MAX && g_reply.time_us == UINT64_MAX);
    cr_assert_str_eq(g_reply.message, answered.message);
}

Test(control_reply, the_longest_drop_comes_back_and_fits)
{
    slc_command_t answered = answer(SLC_CONTROL_GET_DROP);
    memset(answered.message, 'm', sizeof answered.message - 1);
    answered.has_drop = true;
    answered.drop = full_drop(UINT64_MAX);
    back(&answered, REPLY_BYTES);
    cr_assert(same_drop(&g_reply.drop, &answered.drop));
}

Test(control_reply, each_field_of_a_drop_has_its_own_place)
{
    slc_command_t answered = answer(SLC_CONTROL_GET_DROP);
    answered.has_drop = true;
    answered.drop = (slc_drop_info_t){1, 2, 3, 4, 5, 6, 7, 8, 9, false, "shoes"};
    back(&answered, REPLY_BYTES);
    cr_assert(same_drop(&g_reply.drop, &answered.drop));
}

Test(control_reply, the_longest_order_comes_back_and_fits)
{
    slc_command_t answered = answer(SLC_CONTROL_GET_ORDER);
    memset(answered.message, 'm', sizeof answered.message - 1);
    answered.has_order = true;
    answered.order = (slc_order_info_t){
        UINT64_MAX, UINT64_MAX - 1, UINT64_MAX - 2, UINT64_MAX - 3, UINT64_MAX - 4, true, 0, 0, ""};
    memset(answered.order.user, 'u', SLC_USER_BYTES_MAX);
    back(&answered, REPLY_BYTES);
    const slc_order_info_t *order = &g_reply.order;
    cr_assert(order->order_id == UINT64_MAX && order->drop_id == UINT64_MAX - 1 &&
              order->order_key == UINT64_MAX - 2 && order->quantity == UINT64_MAX - 3 &&
              order->time_us == UINT64_MAX - 4 && order->cancelled);
    cr_assert_str_eq(order->user, answered.order.user);
}

Test(control_reply, the_longest_engine_status_comes_back_and_fits)
{
    slc_command_t answered = answer(SLC_CONTROL_GET_STATUS);
    slc_engine_info_t *engine = &answered.engine;
    memset(answered.message, 'm', sizeof answered.message - 1);
    answered.has_engine = true;
    *engine = (slc_engine_info_t){.applied_sequence = UINT64_MAX,
                                  .digest = UINT64_MAX - 1,
                                  .drops = UINT64_MAX - 2,
                                  .orders = UINT64_MAX - 3,
                                  .uptime_us = UINT64_MAX - 4,
                                  .connections = UINT64_MAX - 5,
                                  .attempts_missing = UINT64_MAX - 6,
                                  .journal_bytes = UINT64_MAX - 7,
                                  .journal_segments = UINT64_MAX - 8,
                                  .snapshot_sequence = UINT64_MAX - 9,
                                  .snapshot_bytes = UINT64_MAX - 10,
                                  .snapshot_time_us = UINT64_MAX - 11,
                                  .snapshots_written = UINT64_MAX - 12,
                                  .snapshots_failed = UINT64_MAX - 13,
                                  .restored_events = UINT64_MAX - 14,
                                  .buys_answered = UINT64_MAX - 15,
                                  .buys_refused = UINT64_MAX - 16};
    memset(engine->snapshot_error, 's', sizeof engine->snapshot_error - 1);
    memset(engine->version, 'v', sizeof engine->version - 1);
    memset(engine->durability, 'd', sizeof engine->durability - 1);
    memset(engine->journal_method, 'j', sizeof engine->journal_method - 1);
    memset(engine->read_only, 'r', sizeof engine->read_only - 1);
    back(&answered, REPLY_BYTES);
    const slc_engine_info_t *got = &g_reply.engine;
    cr_assert(got->applied_sequence == engine->applied_sequence && got->digest == engine->digest &&
              got->drops == engine->drops && got->orders == engine->orders &&
              got->uptime_us == engine->uptime_us && got->connections == engine->connections &&
              got->attempts_missing == engine->attempts_missing);
    cr_assert(got->journal_bytes == engine->journal_bytes &&
              got->journal_segments == engine->journal_segments &&
              got->snapshot_sequence == engine->snapshot_sequence &&
              got->snapshot_bytes == engine->snapshot_bytes &&
              got->snapshot_time_us == engine->snapshot_time_us &&
              got->snapshots_written == engine->snapshots_written &&
              got->snapshots_failed == engine->snapshots_failed &&
              got->restored_events == engine->restored_events &&
              got->buys_answered == engine->buys_answered && got->buys_refused == engine->buys_refused);
    cr_assert_str_eq(got->snapshot_error, engine->snapshot_error);
    cr_assert_str_eq(got->version, engine->version);
    cr_assert_str_eq(got->durability, engine->durability);
    cr_assert_str_eq(got->journal_method, engine->journal_method);
    cr_assert_str_eq(got->read_only, engine->read_only);
}

Test(control_reply, a_full_page_of_the_longest_drops_comes_back_and_fits)
{
    slc_command_t answered = answer(SLC_CONTROL_LIST_DROPS);
    answered.drops = calloc(SLC_DROPS_PAGE_MAX, sizeof *answered.drops);
    cr_assert(answered.drops != NULL);
    memset(answered.message, 'm', sizeof answered.message - 1);
    answered.drop_count = SLC_DROPS_PAGE_MAX;
    answered.next_after_drop_id = UINT64_MAX;
    for (size_t i = 0; i < SLC_DROPS_PAGE_MAX; i++) {
        answered.drops[i] = full_drop(UINT64_MAX - i);
    }
    back(&answered, SLC_CONTROL_REPLY_FRAME_BYTES_MAX);
    cr_assert(g_reply.drop_count == SLC_DROPS_PAGE_MAX && g_reply.next_after_drop_id == UINT64_MAX);
    for (size_t i = 0; i < SLC_DROPS_PAGE_MAX; i++) {
        cr_assert(same_drop(&g_reply.drops[i], &answered.drops[i]), "drop %zu", i);
    }
    free(answered.drops);
}

Test(control_reply, an_empty_page_and_a_refused_one_come_back)
{
    slc_command_t answered = answer(SLC_CONTROL_LIST_DROPS);
    back(&answered, REPLY_BYTES);
    cr_assert(g_reply.status == SLC_STATUS_ACCEPTED && g_reply.drop_count == 0 &&
              g_reply.next_after_drop_id == 0);
    answered.status = SLC_STATUS_INVALID;
    strcpy(answered.message, "page_size: at most 500");
    back(&answered, REPLY_BYTES);
    cr_assert(g_reply.status == SLC_STATUS_INVALID);
    cr_assert_str_eq(g_reply.message, "page_size: at most 500");
}

Test(control_reply, a_page_that_does_not_fit_is_not_written)
{
    slc_drop_info_t drops[2] = {full_drop(1), full_drop(2)};
    slc_command_t answered = answer(SLC_CONTROL_LIST_DROPS);
    uint8_t frame[512];
    answered.drops = drops;
    answered.drop_count = 2;
    size_t bytes = slc_codec_encode_control_reply(&answered, frame, sizeof frame);
    cr_assert(bytes > 0);
    for (size_t capacity = 0; capacity < bytes; capacity++) {
        cr_assert(slc_codec_encode_control_reply(&answered, frame, capacity) == 0);
    }
}

Test(control_reply, more_drops_than_a_page_holds_are_refused_by_the_client)
{
    static uint8_t body[8 * 1024];
    slc_codec_t *codec = slc_codec_create((size_t)1024 * 1024);
    for (size_t count = SLC_DROPS_PAGE_MAX; count <= SLC_DROPS_PAGE_MAX + 1; count++) {
        uint64_t request_id;
        uint8_t *at = body;
        *at++ = 8u << 3 | SLC_WIRE_BYTES;
        at = slc_put_varint(at, count * 4);
        for (size_t i = 0; i < count; i++) {
            memcpy(at, "\x0a\x02\x08\x01", 4);
            at += 4;
        }
        cr_assert(slc_codec_decode_control_reply(codec, body, (size_t)(at - body), &request_id,
                                                 &g_reply) == (count <= SLC_DROPS_PAGE_MAX));
    }
    slc_codec_destroy(codec);
}

Test(control_reply, text_longer_than_its_place_is_cut_and_still_ends)
{
    static char text[1024];
    static const uint32_t fields[] = {5, 6, 7, 10};
    built_t engine = {0};
    built_t built = {0};
    uint64_t request_id;
    slc_codec_t *codec = slc_codec_create(16 * 1024);
    memset(text, 't', sizeof text);
    for (size_t i = 0; i < 4; i++) {
        put_bytes(&engine, fields[i], text, 300);
    }
    put_bytes(&built, 3, text, sizeof text);
    put_built(&built, 10, &engine);
    cr_assert(slc_codec_decode_control_reply(codec, built.bytes, built.count, &request_id, &g_reply));
    cr_assert(strlen(g_reply.message) == sizeof g_reply.message - 1);
    cr_assert(strlen(g_reply.engine.durability) == sizeof g_reply.engine.durability - 1);
    cr_assert(strlen(g_reply.engine.read_only) == sizeof g_reply.engine.read_only - 1);
    slc_codec_destroy(codec);
}

Test(control_reply, a_status_of_the_future_is_no_yes_and_a_result_of_the_future_is_skipped)
{
    slc_codec_t *codec = slc_codec_create(16 * 1024);
    built_t built = {0};
    uint64_t request_id;
    put_varint(&built, 1, 5);
    put_varint(&built, 2, SLC_STATUS_COUNT);
    put_bytes(&built, 12, "\x08\x01", 2);
    cr_assert(slc_codec_decode_control_reply(codec, built.bytes, built.count, &request_id, &g_reply));
    cr_assert(request_id == 5 && g_reply.status == SLC_STATUS_UNSPECIFIED);
    cr_assert(
        !slc_codec_decode_control_reply(codec, built.bytes, built.count - 1, &request_id, &g_reply));
    slc_codec_destroy(codec);
}

Test(control_reply, bad_text_however_deep_makes_no_reply)
{
    static const uint8_t good[] = {0x42, 0x05, 0x0a, 0x03, 0x12, 0x01, 'a'};
    static const uint8_t bad[] = {0x42, 0x05, 0x0a, 0x03, 0x12, 0x01, 0xff};
    static const uint8_t cut[] = {0x42, 0x05, 0x0a};
    slc_codec_t *codec = slc_codec_create((size_t)1024 * 1024);
    uint64_t request_id;
    cr_assert(codec != NULL);
    cr_assert(slc_codec_decode_control_reply(codec, good, sizeof good, &request_id, &g_reply));
    cr_assert(g_reply.drop_count == 1 && strcmp(g_reply.drops[0].name, "a") == 0);
    cr_assert(!slc_codec_decode_control_reply(codec, bad, sizeof bad, &request_id, &g_reply));
    cr_assert(!slc_codec_decode_control_reply(codec, cut, sizeof cut, &request_id, &g_reply));
    slc_codec_destroy(codec);
}
