/* What a client does with its connection; what it asks for is plan.c's. */
#include "client.h"

#include "plan.h"

#include "base/check.h"
#include "wire/flat.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CODEC_BYTES ((size_t)256 * 1024)

static uint64_t below(clients_t *clients, uint64_t bound)
{
    return fake_random(&clients->random) % bound;
}

static void note(clients_t *clients, uint64_t value)
{
    clients->trace = (clients->trace ^ value) * UINT64_C(0x100000001b3);
}

void clients_init(clients_t *clients, const clients_config_t *config, history_t *history, net_t *net,
                  uint64_t seed)
{
    memset(clients, 0, sizeof *clients);
    clients->config = *config;
    clients->count = config->buyers + config->operators;
    clients->history = history;
    clients->net = net;
    clients->random = seed;
    clients->codec = slc_codec_create(CODEC_BYTES);
    SLC_CHECK(clients->codec != NULL && clients->count <= CLIENTS_MAX);
    for (uint32_t i = 0; i < clients->count; i++) {
        clients->all[i].link = -1;
        clients->all[i].is_operator = i >= config->buyers;
    }
}

void clients_finish(clients_t *clients)
{
    for (uint32_t i = 0; i < clients->count; i++) {
        free(clients->all[i].in);
    }
    slc_codec_destroy(clients->codec);
}

/* ---- the connection ---- */

/* What was in flight has to be asked again; what cannot be, because it has no key, is given up. */
static void forget_connection(clients_t *clients, uint32_t who)
{
    client_t *client = &clients->all[who];
    history_t *history = clients->history;
    for (size_t i = 0; i < history->want_count; i++) {
        want_t *want = &history->wants[i];
        if (want->client == who && want->in_flight) {
            want->in_flight = false;
            want->given_up |= !plan_may_repeat(want);
        }
    }
    client->link = -1;
    client->welcomed = false;
    client->speaks_no_more = false;
    client->waiting = 0;
    client->in_bytes = 0;
}

void client_break(clients_t *clients, uint32_t who, bool hard)
{
    client_t *client = &clients->all[who];
    if (client->link >= 0) {
        net_leave(clients->net, client->link, hard);
        forget_connection(clients, who);
    }
}

static void connect_now(clients_t *clients, uint32_t who)
{
    client_t *client = &clients->all[who];
    size_t window = below(clients, 4) == 0 ? 24 + below(clients, 200) : 65536; /* a slow reader */
    client->link = net_connect(clients->net, who, client->is_operator, window);
    client->connection = ++clients->connections;
    client->welcomed = client->is_operator;
    if (!client->is_operator) {
        uint8_t frame[SLC_HELLO_FRAME_BYTES_MAX];
        const slc_hello_t hello = {.protocol = SLC_PROTOCOL_VERSION, .client = {"simulation", 10}};
        net_put(clients->net, client->link, frame, slc_client_encode_hello(&hello, frame));
    }
}

/* ---- sending ---- */

static void send_broken(clients_t *clients, client_t *client)
{
    static const uint8_t frames[3][4] = {
        {0xff, 0xff, 0xff, 0x7f}, /* a length beyond every limit */
        {0x02, 0xff, 0xff, 0x00}, /* no message */
        {0x03, 0x0b, 0x0b, 0x0b}, /* groups */
    };
    net_put(clients->net, client->link, frames[below(clients, 3)], 4);
    client->speaks_no_more = true; /* what follows it is never looked at */
}

static void send_invalid(clients_t *clients, client_t *client)
{
    uint8_t frame[SLC_BUY_FRAME_BYTES_MAX];
    const slc_buy_t buy = {.request_id = UINT64_MAX, .drop_id = 0, .user = {"nobody", 6}};
    net_put(clients->net, client->link, frame, slc_client_encode_buy(&buy, frame));
    client->waiting++;
}

static void send_want(clients_t *clients, uint32_t who, uint32_t number)
{
    client_t *client = &clients->all[who];
    uint64_t request_id = history_attempt(clients->history, number, client->connection);
    want_t *want = &clients->history->wants[number];
    uint8_t frame[SLC_CONTROL_REQUEST_FRAME_BYTES_MAX];
    size_t bytes = plan_encode(want, request_id, frame);
    SLC_CHECK(bytes > 0);
    note(clients, request_id);
    net_put(clients->net, client->link, frame, bytes);
    want->in_flight = true;
    client->waiting++;
}

bool client_act(clients_t *clients, uint32_t who)
{
    client_t *client = &clients->all[who];
    uint32_t number = 0;
    if (client->link < 0) {
        if (!plan_has_work(clients, who)) {
            return false;
        }
        connect_now(clients, who);
        return true;
    }
    if (client->speaks_no_more || !client->welcomed || client->waiting >= clients->config.window) {
        return false;
    }
    if (!clients->draining && !client->is_operator && below(clients, 1000) < clients->config.malice) {
        if (below(clients, 2) == 0) {
            send_broken(clients, client);
        } else {
            send_invalid(clients, client);
        }
        return true;
    }
    if (!clients->draining && below(clients, 300) == 0) {
        net_end(clients->net, client->link);
        client->speaks_no_more = true;
        return true;
    }
    if (!plan_next(clients, who, &number)) {
        return false;
    }
    send_want(clients, who, number);
    return true;
}

/* ---- hearing ---- */

static void hear(clients_t *clients, uint32_t who, uint64_t request_id, const heard_t *said)
{
    client_t *client = &clients->all[who];
    history_t *history = clients->history;
    note(clients, request_id ^ said->sequence ^ ((uint64_t)said->status << 56));
    if (client->waiting == 0) {
        (void)history_wrong(history, "client %u hears an answer (%" PRIu64 ") with nothing asked", who,
                            request_id);
        return;
    }
    client->waiting--;
    if (request_id == UINT64_MAX) { /* asked to be INVALID */
        clients->invalid++;
        if (said->status != SLC_STATUS_INVALID) {
            (void)history_wrong(history, "an invalid BUY was answered %s",
                                slc_status_name((int)said->status));
        }
        return;
    }
    if (request_id == 0 || request_id > history->attempt_count) {
        (void)history_wrong(history, "client %u hears of a request %" PRIu64 " that nobody sent", who,
                            request_id);
        return;
    }
    attempt_t *attempt = &history->attempts[request_id - 1];
    want_t *want = &history->wants[attempt->want];
    if (attempt->answered || attempt->connection != client->connection) {
        (void)history_wrong(history, "request %" PRIu64 " was answered %s", request_id,
                            attempt->answered ? "twice" : "on another connection");
        return;
    }
    attempt->answered = true;
    heard_t *heard = history_heard(history);
    *heard = *said;
    heard->attempt = (uint32_t)request_id - 1;
    heard->time_high_us = clients->time_high_us;
    if (said->sequence > history->floor) {
        history->floor = said->sequence;
    }
    want->in_flight = false;
    want->done = true;
    clients->replayed += said->replayed;
    clients->accepted += said->status == SLC_STATUS_ACCEPTED;
    clients->refused += said->status != SLC_STATUS_ACCEPTED;
    plan_heard(clients, want, heard);
}

static void hear_buyer(clients_t *clients, uint32_t who, const uint8_t *body, uint32_t bytes)
{
    client_t *client = &clients->all[who];
    slc_buy_reply_t reply;
    slc_welcome_t welcome;
    if (!client->welcomed) {
        if (!slc_codec_decode_welcome(clients->codec, body, bytes, &welcome)) {
            (void)history_wrong(clients->history, "client %u hears no Welcome", who);
        }
        client->welcomed = welcome.status == SLC_STATUS_ACCEPTED;
        client->speaks_no_more = !client->welcomed;
        return;
    }
    if (!slc_flat_decode_reply(body, bytes, &reply)) {
        (void)history_wrong(clients->history, "client %u hears no BuyReply", who);
        return;
    }
    if (reply.request_id == 0 && client->speaks_no_more) {
        clients->invalid++;
        if (reply.status != SLC_STATUS_INVALID) {
            (void)history_wrong(clients->history, "a broken frame was answered %s",
                                slc_status_name((int)reply.status));
        }
        return;
    }
    const heard_t said = {.status = reply.status,
                          .replayed = reply.replayed,
                          .sequence = reply.sequence,
                          .order_id = reply.order_id,
                          .remaining = reply.remaining,
                          .time_us = reply.time_us};
    hear(clients, who, reply.request_id, &said);
}

static void hear_operator(clients_t *clients, uint32_t who, const uint8_t *body, uint32_t bytes)
{
    slc_control_reply_t *reply = &clients->reply;
    uint64_t request_id = 0;
    if (!slc_codec_decode_control_reply(clients->codec, body, bytes, &request_id, reply)) {
        (void)history_wrong(clients->history, "client %u hears no ControlReply", who);
        return;
    }
    const heard_t said = {.status = reply->status,
                          .replayed = reply->replayed,
                          .sequence = reply->sequence,
                          .time_us = reply->time_us,
                          .digest = reply->engine.digest,
                          .drop = reply->drop};
    hear(clients, who, request_id, &said);
}

void client_receive(clients_t *clients, uint32_t who, const uint8_t *bytes, size_t count, bool end)
{
    client_t *client = &clients->all[who];
    if (client->in == NULL || client->in_bytes + count > client->in_room) {
        client->in_room = 256 + (client->in_bytes + count) * 2;
        client->in = realloc(client->in, client->in_room);
        SLC_CHECK(client->in != NULL);
    }
    if (count > 0) {
        memcpy(client->in + client->in_bytes, bytes, count);
    }
    client->in_bytes += count;
    size_t used = 0;
    for (;;) {
        const uint8_t *body;
        uint32_t body_bytes;
        size_t frame_bytes;
        slc_frame_t frame =
            slc_frame_next(client->in + used, client->in_bytes - used, SLC_CONTROL_REPLY_FRAME_BYTES_MAX,
                           &body, &body_bytes, &frame_bytes);
        if (frame == SLC_FRAME_PARTIAL) {
            break;
        }
        if (frame != SLC_FRAME_WHOLE) {
            (void)history_wrong(clients->history, "client %u hears what is no frame", who);
            return;
        }
        if (client->is_operator) {
            hear_operator(clients, who, body, body_bytes);
        } else {
            hear_buyer(clients, who, body, body_bytes);
        }
        used += frame_bytes;
    }
    client->in_bytes -= used;
    if (client->in_bytes > 0) {
        memmove(client->in, client->in + used, client->in_bytes);
    }
    if (end) {
        client_break(clients, who, false);
    }
}
