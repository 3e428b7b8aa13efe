/* The path of a BUY, on one thread and without a clock: bytes in, slot, block, logic, bytes out, through
 * the production stations as the simulations wire them (tests/sim/engine.h), with a disk and a network in
 * memory. The same argument executes the same instructions each time, so callgrind can count them:
 *
 *   valgrind --tool=callgrind --toggle-collect=counted_turns build/tests/guard/path accepted
 *
 * Only the turns of the stations are counted, not what clients do. Every answer is checked. */
#include "../sim/engine.h"

#include "base/check.h"
#include "wire/codec.h"
#include "wire/flat.h"

#include <sluice/client.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINKS 16
#define WINDOW 128
#define WARM_ROUNDS 8u
#define ROUNDS 24u
#define DROP 1u     /* with units for all */
#define SOLD_OUT 2u /* with none */
#define FRAME_ROOM 4096

typedef struct path {
    fake_sys_t *disk;
    net_t net;
    engine_t *engine;
    slc_codec_t *codec;
    int links[LINKS];
    uint64_t asked;
    uint64_t answered;
} path_t;

/* What callgrind counts; it needs the name. */
void counted_turns(engine_t *engine);

static bool turn_all(engine_t *engine)
{
    bool done = engine_io_turn(engine, 0, true);
    done |= engine_journal_turn(engine);
    done |= engine_apply_turn(engine);
    return done;
}

__attribute__((noinline)) void counted_turns(engine_t *engine)
{
    while (turn_all(engine)) {
    }
}

static void turns(path_t *path)
{
    while (turn_all(path->engine)) {
    }
    SLC_CHECK(!path->engine->failed);
}

/* ---- clients ---- */

static void send_bytes(path_t *path, int link, const uint8_t *bytes, size_t count)
{
    net_put(&path->net, link, bytes, count);
    net_deliver_up(&path->net, link, count);
}

/* All that has come down, into `out`. */
static size_t receive(path_t *path, int link, uint8_t *out, size_t capacity)
{
    bool end = false;
    size_t count = 0;
    while (count < capacity && net_down_has(&path->net.links[link])) {
        count += net_deliver_down(&path->net, link, out + count, capacity - count, &end);
        SLC_CHECK(!end);
    }
    return count;
}

static int greet(path_t *path)
{
    uint8_t bytes[FRAME_ROOM];
    slc_hello_t hello = {.protocol = SLC_PROTOCOL_VERSION, .client = {.data = "path", .bytes = 4}};
    slc_welcome_t welcome;
    size_t used;
    int link = net_connect(&path->net, 0, false, SIZE_MAX);
    SLC_CHECK(engine_accept(path->engine, link));
    send_bytes(path, link, bytes, slc_client_encode_hello(&hello, bytes));
    turns(path);
    size_t count = receive(path, link, bytes, sizeof bytes);
    SLC_CHECK(slc_client_decode_welcome(bytes, count, &used, &welcome) == SLC_OK && used == count);
    SLC_CHECK(welcome.status == SLC_STATUS_ACCEPTED && welcome.max_in_flight >= WINDOW);
    return link;
}

static void open_drop(path_t *path, int operator_link, uint64_t drop_id, uint64_t stock)
{
    static slc_control_reply_t reply;
    uint8_t bytes[FRAME_ROOM];
    uint64_t request_id;
    slc_control_request_t request = {
        .op = SLC_CONTROL_OPEN_DROP, .drop_id = drop_id, .stock = stock, .per_user_limit = 4};
    size_t count = slc_codec_encode_control_request(drop_id, &request, bytes, sizeof bytes);
    SLC_CHECK(count > 0);
    send_bytes(path, operator_link, bytes, count);
    turns(path);
    count = receive(path, operator_link, bytes, sizeof bytes);
    const uint8_t *body;
    uint32_t body_bytes;
    size_t used;
    SLC_CHECK(slc_frame_next(bytes, count, FRAME_ROOM, &body, &body_bytes, &used) == SLC_FRAME_WHOLE);
    SLC_CHECK(slc_codec_decode_control_reply(path->codec, body, body_bytes, &request_id, &reply));
    if (reply.status != SLC_STATUS_ACCEPTED) {
        (void)fprintf(stderr, "path: drop %llu cannot be opened: %s\n", (unsigned long long)drop_id,
                      reply.message);
        exit(1);
    }
}

/* ---- one round: each client fills its window, and hears each answer ---- */

typedef struct round {
    uint64_t drop_id;
    uint64_t first; /* number of its first request; the same number is the same request */
    slc_status_t status;
    bool replayed;
} round_t;

static void ask(path_t *path, const round_t *round)
{
    static uint8_t bytes[WINDOW * SLC_BUY_FRAME_BYTES_MAX];
    uint64_t number = round->first;
    for (int i = 0; i < LINKS; i++) {
        size_t count = 0;
        for (uint64_t slot = 0; slot < WINDOW; slot++, number++) {
            char user[16];
            int user_bytes = snprintf(user, sizeof user, "u%010llu", (unsigned long long)number);
            slc_buy_t buy = {.request_id = slot + 1,
                             .drop_id = round->drop_id,
                             .order_key = (number + 1) * UINT64_C(0x9e3779b97f4a7c15),
                             .quantity = 1,
                             .user = {.data = user, .bytes = (uint32_t)user_bytes}};
            count += slc_client_encode_buy(&buy, bytes + count);
        }
        send_bytes(path, path->links[i], bytes, count);
    }
    path->asked = LINKS * WINDOW;
    path->answered = 0;
}

static void hear(path_t *path, const round_t *round)
{
    static uint8_t bytes[WINDOW * 256];
    for (int i = 0; i < LINKS; i++) {
        size_t count = receive(path, path->links[i], bytes, sizeof bytes);
        size_t at = 0;
        size_t used = 0;
        slc_buy_reply_t reply;
        for (; at < count; at += used) {
            SLC_CHECK(slc_client_decode_reply(bytes + at, count - at, &used, &reply) == SLC_OK);
            SLC_CHECK(reply.status == round->status && reply.replayed == round->replayed);
            path->answered++;
        }
    }
    SLC_CHECK(path->answered == path->asked);
}

static void run_rounds(path_t *path, round_t round, uint32_t rounds, bool counted)
{
    for (uint32_t i = 0; i < rounds; i++) {
        ask(path, &round);
        if (counted) {
            counted_turns(path->engine);
        } else {
            turns(path);
        }
        hear(path, &round);
        round.first += LINKS * WINDOW;
    }
}

static bool run(path_t *path, const char *what)
{
    const uint64_t buys = (uint64_t)LINKS * WINDOW;
    round_t accepted = {.drop_id = DROP, .status = SLC_STATUS_ACCEPTED};
    round_t behind = {.drop_id = DROP, .status = SLC_STATUS_ACCEPTED, .first = WARM_ROUNDS * buys};
    round_t refused = {.drop_id = SOLD_OUT, .status = SLC_STATUS_SOLD_OUT};
    round_t replayed = {.drop_id = DROP, .status = SLC_STATUS_ACCEPTED, .replayed = true};
    if (strcmp(what, "accepted") == 0) {
        run_rounds(path, accepted, WARM_ROUNDS, false);
        run_rounds(path, behind, ROUNDS, true);
    } else if (strcmp(what, "refused") == 0) {
        run_rounds(path, refused, WARM_ROUNDS, false);
        run_rounds(path, refused, ROUNDS, true);
    } else if (strcmp(what, "replayed") == 0) {
        run_rounds(path, accepted, ROUNDS, false);
        run_rounds(path, replayed, ROUNDS, true);
    } else {
        return false;
    }
    (void)printf("%s %llu\n", what, (unsigned long long)(ROUNDS * buys));
    return true;
}

static void set_up(path_t *path)
{
    const engine_config_t config = {
        .ios = 1,
        .ring_slots = 4096,
        .segment_bytes = UINT64_C(16) << 20,
        .block_bytes_max = 1u << 20,
        .durability = SLC_DURABILITY_FSYNC,
        .limits = {.connections_max = LINKS + SLC_OPERATOR_PLACES + 1,
                   .in_flight_max = 1024,
                   .frame_bytes_max = 1024},
        .retain = "all",
    };
    slc_error_t error = {.message = ""};
    path->disk = fake_sys_create();
    path->codec = slc_codec_create(65536);
    SLC_CHECK(path->codec != NULL);
    net_init(&path->net);
    if (engine_start(&path->engine, &config, path->disk, &path->net, &error) != SLC_OK) {
        (void)fprintf(stderr, "path: %s\n", error.message);
        exit(5);
    }
    int operator_link = net_connect(&path->net, 0, true, SIZE_MAX);
    SLC_CHECK(engine_accept(path->engine, operator_link));
    open_drop(path, operator_link, DROP, 1000000);
    open_drop(path, operator_link, SOLD_OUT, 0);
    for (int i = 0; i < LINKS; i++) {
        path->links[i] = greet(path);
    }
}

int main(int count, char **arguments)
{
    static path_t path;
    slc_board_reader_register();
    slc_board_reader_sleeps();
    set_up(&path);
    bool known = count == 2 && run(&path, arguments[1]);
    engine_drop(path.engine);
    net_finish(&path.net);
    slc_codec_destroy(path.codec);
    fake_sys_destroy(path.disk);
    slc_board_reader_unregister();
    if (!known) {
        (void)fprintf(stderr, "usage: path accepted|refused|replayed\n");
        return 2;
    }
    return 0;
}
