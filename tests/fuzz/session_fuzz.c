/* A connection from its first byte to its end, through session, ingress, control and reply, over sockets
 * that are no sockets: bytes that arrive in pieces make the same slots and the same answers as the same
 * bytes in one piece; what reaches the ring is within its bounds; and a peer that has said all it had to
 * say is answered and let go in a bounded number of turns.
 * Input: 1 byte that steers the pieces, 1 byte of window and peer, the stream. */
#include "base/hash.h"
#include "control/control.h"
#include "event/command.h"
#include "ingress/ingress.h"
#include "reply/reply.h"
#include "tally.h"
#include "wire/validate.h"

#include <errno.h>
#include <string.h>

#define STREAM_BYTES_MAX 2048u
#define RING_SLOTS 16u
#define FRAME_BYTES_MAX 512u

/* The peer: what it says, in which pieces, and what it hears. */
typedef struct {
    const uint8_t *bytes;
    size_t count;
    size_t at;
    size_t piece;
    bool told_eof;
    bool dry; /* every second call finds nothing yet */
    bool is_closed;
    uint64_t heard; /* hash of all answers */
    uint64_t heard_bytes;
    uint64_t slots;  /* hash of all slots */
    uint64_t buys;   /* and how many of them were taken */
    uint64_t others; /* or were commands or refusals */
} peer_t;

static peer_t *g_peer;
static slc_ring_t *g_ring;
static slc_consumer_t *g_decider;
static slc_connections_t g_connections;
static slc_ingress_t g_ingress;
static slc_control_ingress_t g_control;
static slc_reply_t g_reply;
static slc_board_t *g_board;

/* ---- the sockets ---- */

static ssize_t peer_recv(void *self, int fd, void *bytes, size_t count)
{
    peer_t *peer = g_peer;
    (void)self;
    (void)fd;
    FUZZ_CHECK(!peer->is_closed);
    peer->dry = !peer->dry && peer->piece < STREAM_BYTES_MAX;
    if (peer->dry) {
        return -EAGAIN;
    }
    size_t left = peer->count - peer->at;
    size_t take = left < peer->piece ? left : peer->piece;
    take = take < count ? take : count;
    if (take > 0) {
        memcpy(bytes, peer->bytes + peer->at, take);
    }
    peer->at += take;
    peer->told_eof = peer->told_eof || take == 0;
    return (ssize_t)take;
}

/* Answers leave in pieces, too; the hash is over the bytes, wherever they were cut. */
static ssize_t peer_send(void *self, int fd, const void *bytes, size_t count)
{
    peer_t *peer = g_peer;
    (void)self;
    (void)fd;
    FUZZ_CHECK(!peer->is_closed && count > 0);
    size_t take = count < peer->piece ? count : peer->piece;
    for (size_t i = 0; i < take; i++) {
        peer->heard = (peer->heard ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
    }
    peer->heard_bytes += take;
    return (ssize_t)take;
}

static int peer_shutdown(void *self, int fd)
{
    (void)self;
    (void)fd;
    return 0;
}

static int peer_close(void *self, int fd)
{
    (void)self;
    (void)fd;
    FUZZ_CHECK(!g_peer->is_closed);
    g_peer->is_closed = true;
    return 0;
}

/* ---- the stations behind ---- */

static void note(const void *bytes, size_t count)
{
    g_peer->slots = slc_hash_seeded(bytes, count, g_peer->slots);
}

static void decide_buy(slc_slot_t *slot)
{
    FUZZ_CHECK(slot->quantity >= 1 && slot->quantity <= SLC_QUANTITY_MAX);
    FUZZ_CHECK(slot->user_bytes >= 1 && slot->user_bytes <= SLC_USER_BYTES_MAX);
    FUZZ_CHECK(slot->as.ask.user_hash == slc_hash(slot->user, slot->user_bytes));
    note(&slot->as.ask, sizeof slot->as.ask);
    note(slot->user, slot->user_bytes);
    g_peer->buys++;
    slot->status = SLC_STATUS_UNKNOWN_DROP;
    slot->as.answer.order_id = 0;
    slot->as.answer.remaining = 0;
    slot->as.answer.sequence = 7;
    slot->time_us = 7;
}

static int64_t decide(void *context, uint64_t first, uint64_t count)
{
    (void)context;
    for (uint64_t sequence = first; sequence < first + count; sequence++) {
        slc_slot_t *slot = slc_ring_slot(g_ring, sequence);
        if (slot->conn == SLC_CONN_NOBODY) {
            continue; /* how many of these there are depends on the pieces */
        }
        bool has_command = (slot->flags & SLC_SLOT_HAS_COMMAND) != 0;
        note(&slot->kind, sizeof slot->kind);
        note(&slot->quantity, has_command ? 0 : sizeof slot->quantity);
        if (slot->kind == SLC_SLOT_BUY) {
            note(&slot->request_id, sizeof slot->request_id);
            decide_buy(slot);
            continue;
        }
        FUZZ_CHECK(slot->kind == SLC_SLOT_REFUSED || slot->kind == SLC_SLOT_COMMAND);
        FUZZ_CHECK(has_command || slot->kind == SLC_SLOT_REFUSED);
        if (has_command) {
            note(&slot->as.command->op, sizeof slot->as.command->op);
            note(&slot->as.command->request_id, sizeof slot->as.command->request_id);
        }
        g_peer->others++;
    }
    return (int64_t)count;
}

static void prepare(void)
{
    static const slc_net_t net = {
        .recv = peer_recv, .send = peer_send, .shutdown = peer_shutdown, .close = peer_close};
    static const slc_session_limits_t limits = {.connections_max = 2,
                                                .in_flight_max = 1,
                                                .frame_bytes_max = FRAME_BYTES_MAX,
                                                .hello_timeout_ns = 1000000,
                                                .frame_timeout_ns = 1000000,
                                                .write_timeout_ns = 1000000};
    static const slc_ring_config_t config = {
        .slots = RING_SLOTS, .slot_bytes = sizeof(slc_slot_t), .wait = SLC_WAIT_SLEEP};
    slc_consumer_t *replier = NULL;
    if (g_ring != NULL) {
        return;
    }
    slc_board_reader_register();
    g_ring = slc_ring_create(&config, NULL);
    FUZZ_CHECK(g_ring != NULL);
    g_decider = slc_consumer_create(g_ring, NULL, 0, NULL);
    replier = slc_consumer_create(g_ring, &g_decider, 1, NULL);
    FUZZ_CHECK(g_decider != NULL && replier != NULL);
    slc_ring_gate(g_ring, replier);
    g_board = slc_board_create();
    FUZZ_CHECK(slc_connections_init(&g_connections, &net, &limits, NULL) == SLC_OK);
    slc_codec_t *codec = slc_codec_create(4096);
    FUZZ_CHECK(g_board != NULL && codec != NULL);
    g_control =
        (slc_control_ingress_t){.ring = g_ring, .connections = &g_connections, .codec = codec, .io = 0};
    g_ingress = (slc_ingress_t){.ring = g_ring,
                                .board = g_board,
                                .connections = &g_connections,
                                .codec = codec,
                                .take_in_operator = slc_control_take_in,
                                .operator_context = &g_control};
    FUZZ_CHECK(slc_ingress_init(&g_ingress, NULL) == SLC_OK);
    g_reply = (slc_reply_t){.ring = g_ring, .consumer = replier, .connections = &g_connections};
}

/* One connection with all its turns. */
static void live(peer_t *peer, slc_peer_t kind)
{
    g_peer = peer;
    g_connections.now_ns = 1; /* no deadline ever comes: what ends, ends by itself */
    slc_connection_t *connection = slc_connection_open(&g_connections, 3, kind);
    FUZZ_CHECK(connection != NULL);
    uint32_t index = connection->index;
    uint32_t generation = connection->generation;
    size_t turns_max = 64 + 8 * peer->count;
    for (size_t turn = 0; !peer->is_closed && turn < turns_max; turn++) {
        connection = slc_connection_find(&g_connections, index, generation);
        FUZZ_CHECK(connection != NULL);
        FUZZ_CHECK(connection->in_flight <= g_connections.limits.in_flight_max);
        slc_connection_make_ready(&g_connections, connection);
        (void)slc_ingress_turn(&g_ingress);
        while (slc_consumer_poll(g_decider, decide, NULL) > 0) {
        }
        while (slc_reply_turn(&g_reply) > 0) {
        }
        slc_connections_flush(&g_connections);
    }
    FUZZ_CHECK(peer->is_closed);
    FUZZ_CHECK(slc_connections_open(&g_connections) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > STREAM_BYTES_MAX) {
        fuzz_tally(0);
        return 0;
    }
    prepare();
    slc_peer_t kind = data[1] % 4 == 3 ? SLC_PEER_OPERATOR : SLC_PEER_BUYER;
    g_connections.limits.in_flight_max = 1 + data[1] / 4 % 32;
    peer_t whole = {.bytes = data + 2, .count = size - 2, .piece = STREAM_BYTES_MAX};
    peer_t pieces = whole;
    pieces.piece = data[0] % 8 == 0 ? 1 + data[0] / 8U : data[0];
    live(&whole, kind);
    live(&pieces, kind);
    FUZZ_CHECK(whole.buys == pieces.buys && whole.others == pieces.others);
    FUZZ_CHECK(whole.slots == pieces.slots);
    FUZZ_CHECK(whole.heard == pieces.heard && whole.heard_bytes == pieces.heard_bytes);
    /* Each slot was answered: a BUY by a status at least, a command here, where no logic fills its answer
     * in, by a message that may be empty, of which only the length is sent. */
    FUZZ_CHECK(whole.heard_bytes >= 2 * whole.buys + whole.others);
    fuzz_tally(whole.buys + whole.others > 0);
    return 0;
}
