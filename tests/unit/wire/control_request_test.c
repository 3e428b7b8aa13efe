/* src/wire/control_request.c. */
#include "build.h"
#include "wire/codec.h"
#include "wire/flat.h"

#define NAME_64 "0123456789012345678901234567890123456789012345678901234567890123"

static slc_codec_t *g_codec;
static slc_command_t *g_command;

static void begin(void)
{
    g_codec = slc_codec_create(16 * 1024);
    cr_assert(g_codec != NULL);
}

static void end(void)
{
    slc_command_destroy(g_command);
    slc_codec_destroy(g_codec);
}

TestSuite(control_request, .init = begin, .fini = end);

static slc_err_t decode(const uint8_t *bytes, size_t count)
{
    slc_command_destroy(g_command);
    return slc_codec_decode_command(g_codec, bytes, count, &g_command);
}

/* A request as a client writes it. */
static slc_err_t ask(const slc_control_request_t *request)
{
    uint8_t frame[SLC_CONTROL_REQUEST_FRAME_BYTES_MAX];
    const uint8_t *body;
    uint32_t body_bytes;
    size_t used;
    size_t bytes = slc_codec_encode_control_request(77, request, frame, sizeof frame);
    cr_assert(bytes > 0 &&
              slc_frame_next(frame, bytes, sizeof frame, &body, &body_bytes, &used) == SLC_FRAME_WHOLE);
    cr_assert(used == bytes);
    return decode(body, body_bytes);
}

/* One op from its fields, which may be any bytes. */
static slc_err_t ask_raw(uint32_t op, const built_t *fields)
{
    built_t built = {0};
    put_varint(&built, 1, 77);
    put_built(&built, op, fields);
    return decode(built.bytes, built.count);
}

static bool refused_for(slc_err_t err, const char *field)
{
    return err == SLC_ERR_REFUSED && g_command != NULL && g_command->request_id == 77 &&
           g_command->status == SLC_STATUS_INVALID && !g_command->is_change &&
           strncmp(g_command->message, field, strlen(field)) == 0 &&
           g_command->message[strlen(field)] == ':';
}

/* An id of 0, for the ops that have no other field with bounds. */
static void check_id(slc_control_op_t op, bool of_an_order)
{
    slc_control_request_t request = {.op = op};
    cr_assert(refused_for(ask(&request), of_an_order ? "order_id" : "drop_id"), "op %d", (int)op);
    if (of_an_order) {
        request.order_id = UINT64_MAX;
    } else {
        request.drop_id = UINT64_MAX;
    }
    cr_assert(ask(&request) == SLC_OK, "op %d", (int)op);
    cr_assert(g_command->request_id == 77 && g_command->op == op);
}

Test(control_request, open_drop_becomes_its_event)
{
    const slc_control_request_t request = {.op = SLC_CONTROL_OPEN_DROP,
                                           .op_key = 5,
                                           .drop_id = 1,
                                           .stock = 10000,
                                           .per_user_limit = 2,
                                           .opens_at_us = 3,
                                           .closes_at_us = 4,
                                           .name = "shoes"};
    cr_assert(ask(&request) == SLC_OK);
    cr_assert(g_command->request_id == 77 && g_command->op == SLC_CONTROL_OPEN_DROP &&
              g_command->is_change);
    const slc_event_t *event = &g_command->event;
    cr_assert(event->kind == SLC_EVENT_DROP_OPENED && event->op_key == 5);
    cr_assert(event->as.drop_opened.drop_id == 1 && event->as.drop_opened.stock == 10000 &&
              event->as.drop_opened.per_user_limit == 2 && event->as.drop_opened.opens_at_us == 3 &&
              event->as.drop_opened.closes_at_us == 4);
    cr_assert(event->as.drop_opened.name.bytes == 5 &&
              memcmp(event->as.drop_opened.name.data, "shoes", 5) == 0);
}

Test(control_request, the_name_outlives_the_codecs_next_message)
{
    slc_control_request_t request = {.op = SLC_CONTROL_OPEN_DROP, .drop_id = 1, .name = "shoes"};
    cr_assert(ask(&request) == SLC_OK);
    slc_command_t *first = g_command;
    g_command = NULL;
    request.name = "other";
    cr_assert(ask(&request) == SLC_OK);
    cr_assert(memcmp(first->event.as.drop_opened.name.data, "shoes", 5) == 0);
    slc_command_destroy(first);
}

Test(control_request, open_drop_has_bounds)
{
    slc_control_request_t request = {.op = SLC_CONTROL_OPEN_DROP,
                                     .drop_id = 1,
                                     .stock = SLC_STOCK_MAX,
                                     .per_user_limit = UINT64_MAX,
                                     .name = NAME_64};
    cr_assert(ask(&request) == SLC_OK);
    request.stock = SLC_STOCK_MAX + 1;
    cr_assert(refused_for(ask(&request), "stock"));
    request.stock = 0;
    request.name = NAME_64 "x";
    cr_assert(refused_for(ask(&request), "name"));
    request.name = NAME_64 NAME_64 NAME_64 NAME_64;
    cr_assert(refused_for(ask(&request), "name"), "the client does not cut it to something shorter");
    request.name = "\xc0\x80";
    cr_assert(refused_for(ask(&request), "name"));
    request.name = NULL;
    cr_assert(ask(&request) == SLC_OK && g_command->event.as.drop_opened.name.bytes == 0);
    request.drop_id = 0;
    cr_assert(refused_for(ask(&request), "drop_id"));
}

Test(control_request, a_drop_closes_behind_its_opening_or_never)
{
    slc_control_request_t request = {
        .op = SLC_CONTROL_OPEN_DROP, .drop_id = 1, .opens_at_us = 5, .closes_at_us = 6};
    cr_assert(ask(&request) == SLC_OK);
    request.closes_at_us = 5;
    cr_assert(refused_for(ask(&request), "closes_at_us"));
    request.closes_at_us = 0;
    cr_assert(ask(&request) == SLC_OK);
    request.opens_at_us = 0;
    request.closes_at_us = 1;
    cr_assert(ask(&request) == SLC_OK);
}

Test(control_request, a_name_with_a_nul_in_it_is_refused_and_not_cut)
{
    static const struct {
        const char *name;
        size_t bytes;
    } names[] = {{"sh\0es", 5}, {"\0", 1}, {"shoes\0", 6}, {"\0shoes", 6}};
    for (size_t i = 0; i < 4; i++) {
        built_t fields = {0};
        put_varint(&fields, 1, 1);
        put_bytes(&fields, 6, names[i].name, names[i].bytes);
        cr_assert(refused_for(ask_raw(SLC_CONTROL_OPEN_DROP, &fields), "name"), "case %zu", i);
    }
}

Test(control_request, a_bad_name_is_refused_also_where_another_or_another_op_wins)
{
    built_t bad = {0};
    put_varint(&bad, 1, 1);
    put_bytes(&bad, 6, "sh\0es", 5);
    put_bytes(&bad, 6, "shirt", 5);
    cr_assert(refused_for(ask_raw(SLC_CONTROL_OPEN_DROP, &bad), "name"));
    built_t twice = {0};
    built_t good = {0};
    put_varint(&good, 1, 9);
    put_varint(&twice, 1, 77);
    put_built(&twice, SLC_CONTROL_OPEN_DROP, &bad);
    put_built(&twice, SLC_CONTROL_CLOSE_DROP, &good);
    cr_assert(refused_for(decode(twice.bytes, twice.count), "name"));
}

Test(control_request, of_a_name_or_an_op_that_stands_twice_the_last_wins)
{
    built_t named = {0};
    built_t nameless = {0};
    built_t built = {0};
    put_varint(&named, 1, 1);
    put_bytes(&named, 6, "shoes", 5);
    put_bytes(&named, 6, "shirts", 6);
    put_varint(&nameless, 1, 9);
    put_built(&built, SLC_CONTROL_OPEN_DROP, &nameless);
    put_built(&built, SLC_CONTROL_OPEN_DROP, &named);
    cr_assert(decode(built.bytes, built.count) == SLC_OK);
    cr_assert(g_command->event.as.drop_opened.name.bytes == 6 && g_command->drop_id == 1);
    put_built(&built, SLC_CONTROL_OPEN_DROP, &nameless);
    cr_assert(decode(built.bytes, built.count) == SLC_OK);
    cr_assert(g_command->event.as.drop_opened.name.bytes == 0 && g_command->drop_id == 9);
    put_built(&built, SLC_CONTROL_CLOSE_DROP, &nameless);
    cr_assert(decode(built.bytes, built.count) == SLC_OK && g_command->op == SLC_CONTROL_CLOSE_DROP);
}

Test(control_request, adjust_stock_takes_a_delta_of_either_sign_within_bounds)
{
    static const int64_t good[] = {1, -1, (int64_t)SLC_STOCK_MAX, -(int64_t)SLC_STOCK_MAX};
    static const int64_t bad[] = {0, (int64_t)SLC_STOCK_MAX + 1, -(int64_t)SLC_STOCK_MAX - 1, INT64_MAX,
                                  INT64_MIN};
    slc_control_request_t request = {.op = SLC_CONTROL_ADJUST_STOCK, .op_key = 9, .drop_id = 3};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        request.delta = good[i];
        cr_assert(ask(&request) == SLC_OK && g_command->is_change);
        cr_assert(g_command->event.kind == SLC_EVENT_STOCK_ADJUSTED && g_command->event.op_key == 9);
        cr_assert(g_command->event.as.stock_adjusted.delta == good[i] &&
                  g_command->event.as.stock_adjusted.drop_id == 3);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        request.delta = bad[i];
        cr_assert(refused_for(ask(&request), "delta"));
    }
    request.delta = 1;
    request.drop_id = 0;
    cr_assert(refused_for(ask(&request), "drop_id"));
}

Test(control_request, close_purge_and_cancel_become_their_events)
{
    check_id(SLC_CONTROL_CLOSE_DROP, false);
    cr_assert(g_command->is_change && g_command->event.kind == SLC_EVENT_DROP_CLOSED &&
              g_command->event.as.drop_closed.drop_id == UINT64_MAX);
    check_id(SLC_CONTROL_PURGE_DROP, false);
    cr_assert(g_command->is_change && g_command->event.kind == SLC_EVENT_DROP_PURGED &&
              g_command->event.as.drop_purged.drop_id == UINT64_MAX);
    check_id(SLC_CONTROL_CANCEL_ORDER, true);
    cr_assert(g_command->is_change && g_command->event.kind == SLC_EVENT_ORDER_CANCELLED &&
              g_command->event.as.order_cancelled.order_id == UINT64_MAX);
}

Test(control_request, queries_are_no_changes)
{
    check_id(SLC_CONTROL_GET_DROP, false);
    cr_assert(!g_command->is_change && g_command->drop_id == UINT64_MAX);
    check_id(SLC_CONTROL_GET_ORDER, true);
    cr_assert(!g_command->is_change && g_command->order_id == UINT64_MAX);
    static const slc_control_op_t bare[] = {SLC_CONTROL_TAKE_SNAPSHOT, SLC_CONTROL_GET_STATUS};
    for (size_t i = 0; i < 2; i++) {
        const slc_control_request_t request = {.op = bare[i]};
        cr_assert(ask(&request) == SLC_OK && g_command->op == bare[i] && !g_command->is_change);
    }
}

Test(control_request, a_page_of_drops_is_100_by_itself_and_500_at_most)
{
    slc_control_request_t request = {.op = SLC_CONTROL_LIST_DROPS, .drop_id = 9};
    cr_assert(ask(&request) == SLC_OK && g_command->page_size == 100 && g_command->drop_id == 9);
    request.page_size = 1;
    cr_assert(ask(&request) == SLC_OK && g_command->page_size == 1 && g_command->drops != NULL);
    request.page_size = SLC_DROPS_PAGE_MAX;
    cr_assert(ask(&request) == SLC_OK && g_command->page_size == SLC_DROPS_PAGE_MAX);
    g_command->drops[SLC_DROPS_PAGE_MAX - 1].drop_id = 1; /* there is room for it */
    request.page_size = SLC_DROPS_PAGE_MAX + 1;
    cr_assert(refused_for(ask(&request), "page_size"));
    request.page_size = UINT64_MAX;
    cr_assert(refused_for(ask(&request), "page_size"), "and nothing of that size is allocated");
    cr_assert(g_command->page_size <= SLC_DROPS_PAGE_MAX);
}

Test(control_request, no_op_or_one_of_the_future_is_refused)
{
    built_t none = {0};
    built_t fields = {0};
    put_varint(&none, 1, 77);
    cr_assert(refused_for(decode(none.bytes, none.count), "op"));
    put_varint(&fields, 1, 1);
    cr_assert(refused_for(ask_raw(13, &fields), "op"));
    cr_assert(decode((const uint8_t *)"", 0) == SLC_ERR_REFUSED && g_command->request_id == 0);
}

Test(control_request, bytes_that_are_no_message_are_refused_as_such)
{
    built_t built = {0};
    built_t fields = {0};
    put_varint(&fields, 1, 1);
    put_bytes(&fields, 6, "shoes", 5);
    put_built(&built, SLC_CONTROL_OPEN_DROP, &fields);
    for (size_t count = 1; count < built.count; count++) {
        uint8_t *cut = exact(built.bytes, count);
        cr_assert(decode(cut, count) == SLC_ERR_PROTOCOL && g_command == NULL, "%zu bytes", count);
        free(cut);
    }
    cr_assert(decode(built.bytes, built.count) == SLC_OK);
    cr_assert(decode((const uint8_t *)"\x1b\x1c", 2) == SLC_ERR_PROTOCOL, "a group");
    cr_assert(decode((const uint8_t *)"\x18\x01", 2) == SLC_ERR_PROTOCOL, "an op that is a number");
    /* Field 0 in a padded tag, which protobuf-c alone would let pass, is no matter of the name. */
    put_raw(&fields, "\x80\x00\x01", 3);
    for (uint32_t op = SLC_CONTROL_OPEN_DROP; op <= SLC_CONTROL_GET_STATUS; op++) {
        cr_assert(ask_raw(op, &fields) == SLC_ERR_PROTOCOL && g_command == NULL, "op %u", op);
    }
}
