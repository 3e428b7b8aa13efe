/* The ingress station on one thread: bytes go in at one end of a socket pair, slots come out of a ring.
 */
#include "event/slot.h"
#include "ingress/ingress.h"
#include "wire/flat.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RING_SLOTS 64

static slc_ring_t *ring;
static slc_consumer_t *consumer;
static slc_board_t *board;
static slc_connections_t connections;
static slc_ingress_t ingress;
static slc_connection_t *connection;
static int peer;
static slc_slot_t taken[4096];
static size_t taken_count;

static void open_connection(uint32_t window)
{
    slc_error_t error;
    int pair[2];
    slc_session_limits_t limits = {
        .connections_max = 4,
        .in_flight_max = window,
        .frame_bytes_max = 1024,
        .hello_timeout_ns = 1000,
        .frame_timeout_ns = 1000,
        .write_timeout_ns = 1000,
    };
    slc_ring_config_t config = {
        .slots = RING_SLOTS, .slot_bytes = sizeof(slc_slot_t), .wait = SLC_WAIT_SLEEP};
    slc_board_reader_register();
    ring = slc_ring_create(&config, &error);
    consumer = slc_consumer_create(ring, NULL, 0, &error);
    slc_ring_gate(ring, consumer);
    board = slc_board_create();
    cr_assert(slc_connections_init(&connections, slc_net_posix(), &limits, &error) == SLC_OK);
    connections.now_ns = 1;
    ingress = (slc_ingress_t){.ring = ring, .board = board, .connections = &connections, .io = 0};
    ingress.codec = slc_codec_create(4096);
    cr_assert(slc_ingress_init(&ingress, &error) == SLC_OK);
    cr_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
    peer = pair[1];
    connection = slc_connection_open(&connections, pair[0], SLC_PEER_BUYER);
    connection->phase = SLC_PHASE_OPEN;
    taken_count = 0;
}

static int64_t take(void *context, uint64_t first, uint64_t count)
{
    (void)context;
    for (uint64_t i = 0; i < count; i++) {
        taken[taken_count++] = *(slc_slot_t *)slc_ring_slot(ring, first + i);
    }
    return (int64_t)count;
}

static void turn(void)
{
    slc_connection_make_ready(&connections, connection);
    (void)slc_ingress_turn(&ingress);
}

static void turn_and_take(void)
{
    turn();
    while (slc_consumer_poll(consumer, take, NULL) > 0) {
    }
}

static void say(const void *bytes, size_t count)
{
    cr_assert(send(peer, bytes, count, 0) == (ssize_t)count);
}

static size_t buy_frame(uint64_t request_id, uint8_t *out)
{
    slc_buy_t buy = {
        .request_id = request_id, .drop_id = 7, .order_key = 99, .quantity = 0, .user = {"ada", 3}};
    return slc_flat_encode_buy(&buy, out);
}

static void say_buy(uint64_t request_id)
{
    uint8_t frame[SLC_BUY_FRAME_BYTES_MAX];
    say(frame, buy_frame(request_id, frame));
}

Test(ingress, a_frame_becomes_a_slot_that_says_who_asked_and_a_quantity_of_nothing_is_one)
{
    open_connection(8);
    say_buy(5);
    turn_and_take();
    cr_assert(taken_count == 1);
    cr_assert(taken[0].kind == SLC_SLOT_BUY && taken[0].request_id == 5 && taken[0].quantity == 1);
    cr_assert(taken[0].as.ask.drop_id == 7 && taken[0].as.ask.order_key == 99);
    cr_assert(taken[0].user_bytes == 3 && memcmp(taken[0].user, "ada", 3) == 0);
    cr_assert(slc_conn_index(taken[0].conn) == connection->index);
    cr_assert(slc_conn_generation(taken[0].conn) == connection->generation);
    cr_assert(connection->in_flight == 1);
}

Test(ingress, an_unknown_drop_is_marked_as_a_probable_refusal)
{
    open_connection(8);
    slc_board_publish(board, 42, 0);
    say_buy(5);
    turn_and_take();
    cr_assert((taken[0].flags & SLC_SLOT_PROBABLE_REFUSAL) != 0 && taken[0].hint_sequence == 42);
}

Test(ingress, frames_split_at_every_byte_are_as_if_in_one_piece)
{
    uint8_t frame[SLC_BUY_FRAME_BYTES_MAX];
    open_connection(100);
    size_t bytes = buy_frame(1, frame);
    for (size_t split = 1; split < bytes; split++) {
        say(frame, split);
        turn_and_take();
        cr_assert(taken_count == split - 1, "nothing of a part");
        say(frame + split, bytes - split);
        turn_and_take();
        cr_assert(taken_count == split && taken[split - 1].kind == SLC_SLOT_BUY);
    }
}

Test(ingress, many_frames_in_one_piece_are_as_many_slots_in_their_order)
{
    open_connection(60);
    for (uint64_t i = 1; i <= 50; i++) {
        say_buy(i);
    }
    turn_and_take();
    cr_assert(taken_count == 50);
    for (uint64_t i = 0; i < 50; i++) {
        cr_assert(taken[i].request_id == i + 1);
    }
}

Test(ingress, a_full_ring_leaves_the_input_where_it_is_and_loses_none_of_it)
{
    open_connection(1000);
    for (uint64_t i = 1; i <= 200; i++) {
        say_buy(i);
    }
    turn();
    cr_assert(slc_ring_claimed(ring) == RING_SLOTS, "no slot is lapped");
    cr_assert(connection->is_ready, "it is looked at again");
    for (int i = 0; i < 10; i++) {
        turn_and_take();
    }
    cr_assert(taken_count == 200);
    for (uint64_t i = 0; i < 200; i++) {
        cr_assert(taken[i].request_id == i + 1);
    }
}

Test(ingress, a_window_bounds_what_is_taken_in_until_answers_have_gone)
{
    open_connection(8);
    for (uint64_t i = 1; i <= 20; i++) {
        say_buy(i);
    }
    turn_and_take();
    cr_assert(taken_count == 8 && connection->paused);
    turn_and_take();
    cr_assert(taken_count == 8);
    connection->in_flight = 3;
    connection->paused = false;
    turn_and_take();
    cr_assert(taken_count == 13 && taken[12].request_id == 13);
}

Test(ingress, a_field_out_of_bounds_is_a_refused_slot_and_the_connection_goes_on)
{
    uint8_t frame[SLC_BUY_FRAME_BYTES_MAX];
    slc_buy_t buy = {.request_id = 3, .drop_id = 7, .quantity = SLC_QUANTITY_MAX + 1, .user = {"ada", 3}};
    open_connection(8);
    say(frame, slc_flat_encode_buy(&buy, frame));
    say("", 1); /* a length of 0: an empty message, which lacks its drop */
    say_buy(4);
    turn_and_take();
    cr_assert(taken_count == 3);
    cr_assert(taken[0].kind == SLC_SLOT_REFUSED && taken[0].request_id == 3);
    cr_assert(taken[0].quantity == SLC_REASON_QUANTITY && taken[0].status == SLC_STATUS_INVALID);
    cr_assert(taken[1].kind == SLC_SLOT_REFUSED && taken[1].quantity == SLC_REASON_DROP_ID);
    cr_assert(taken[2].kind == SLC_SLOT_BUY && connection->phase == SLC_PHASE_OPEN);
}

Test(ingress, a_broken_frame_is_the_last_word_and_what_stood_behind_it_is_never_taken_in)
{
    static const uint8_t no_message[] = {2, 0x0c, 0x00}; /* a group's end */
    open_connection(8);
    say_buy(1);
    say(no_message, sizeof no_message);
    say_buy(2);
    turn_and_take();
    size_t answered = 0;
    for (size_t i = 0; i < taken_count; i++) {
        answered += taken[i].conn != SLC_CONN_NOBODY;
        cr_assert(taken[i].kind != SLC_SLOT_BUY || taken[i].request_id == 1);
    }
    cr_assert(answered == 2 && taken[1].quantity == SLC_REASON_FRAME && taken[1].request_id == 0);
    cr_assert(connection->phase == SLC_PHASE_LAST_WORDS);
    cr_assert(connection->in_flight == 2);
}

Test(ingress, a_length_over_the_limit_is_decided_from_the_prefix_alone)
{
    static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 0x07};
    open_connection(8);
    say(huge, sizeof huge);
    turn_and_take();
    cr_assert(taken_count == 1 && taken[0].quantity == SLC_REASON_FRAME_LENGTH);
    cr_assert(connection->phase == SLC_PHASE_LAST_WORDS && connection->in.capacity == 0);
}

Test(ingress, complete_frames_before_the_end_of_input_are_taken_in_and_a_part_behind_them_is_nothing)
{
    uint8_t frame[SLC_BUY_FRAME_BYTES_MAX];
    open_connection(8);
    say_buy(1);
    say(frame, buy_frame(2, frame) - 1);
    cr_assert(shutdown(peer, SHUT_WR) == 0);
    turn_and_take();
    turn_and_take();
    cr_assert(taken_count == 1 && taken[0].request_id == 1);
    cr_assert(connection->phase == SLC_PHASE_LAST_WORDS && connection->in_flight == 1);
}

Test(ingress, an_end_that_epoll_told_of_together_with_the_input_is_read_without_another_edge)
{
    open_connection(8);
    say_buy(1);
    cr_assert(shutdown(peer, SHUT_WR) == 0);
    connection->hangup = true; /* one event for both; there will be no other */
    turn_and_take();
    cr_assert(connection->is_ready);
    (void)slc_ingress_turn(&ingress);
    cr_assert(taken_count == 1 && connection->phase == SLC_PHASE_LAST_WORDS);
}

Test(ingress, a_frame_that_is_not_whole_has_a_deadline_that_further_bytes_do_not_move)
{
    uint8_t frame[SLC_BUY_FRAME_BYTES_MAX];
    open_connection(8);
    (void)buy_frame(1, frame);
    say(frame, 1);
    turn_and_take();
    uint64_t deadline_ns = connection->read_deadline_ns;
    cr_assert(deadline_ns == 1001);
    connections.now_ns += 500;
    say(frame + 1, 1);
    turn_and_take();
    cr_assert(connection->read_deadline_ns == deadline_ns);
    connections.now_ns += 501;
    (void)slc_connections_sweep(&connections);
    cr_assert(connection->phase == SLC_PHASE_FREE);
}

Test(ingress, a_connection_that_takes_turns_reads_no_more_than_its_share)
{
    open_connection(4000);
    int bytes = 1 << 20;
    cr_assert(setsockopt(peer, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) == 0);
    size_t said = 0;
    for (uint64_t i = 1; said < SLC_READ_BYTES + 4096; i++) {
        uint8_t frame[SLC_BUY_FRAME_BYTES_MAX];
        size_t count = buy_frame(i, frame);
        say(frame, count);
        said += count;
    }
    turn();
    cr_assert(connection->is_ready, "there is more");
    cr_assert(connection->in.end <= SLC_READ_BYTES);
}

Test(ingress, nothing_but_hello_opens_a_connection)
{
    open_connection(8);
    connection->phase = SLC_PHASE_HELLO;
    say_buy(1);
    turn_and_take();
    cr_assert(taken_count == 0 && connection->phase == SLC_PHASE_LAST_WORDS);
}

Test(ingress, a_buy_right_behind_hello_is_taken_in)
{
    uint8_t frame[SLC_HELLO_FRAME_BYTES_MAX];
    slc_hello_t hello = {.protocol = SLC_PROTOCOL_VERSION, .client = {"test", 4}, .token = {"", 0}};
    open_connection(8);
    connection->phase = SLC_PHASE_HELLO;
    say(frame, slc_codec_encode_hello(&hello, frame, sizeof frame));
    say_buy(1);
    turn_and_take();
    cr_assert(connection->phase == SLC_PHASE_OPEN && taken_count == 1);
    cr_assert(connection->out.end > connection->out.begin, "Welcome waits to be sent");
}
