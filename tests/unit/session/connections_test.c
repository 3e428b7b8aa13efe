#include "session/connections.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SECOND_NS UINT64_C(1000000000)

static slc_connections_t connections;

static void table_open(void)
{
    slc_session_limits_t limits = {
        .connections_max = 4,
        .in_flight_max = 8,
        .frame_bytes_max = 1024,
        .hello_timeout_ns = 5 * SECOND_NS,
        .frame_timeout_ns = 10 * SECOND_NS,
        .write_timeout_ns = 10 * SECOND_NS,
    };
    slc_error_t error;
    cr_assert(slc_connections_init(&connections, slc_net_posix(), &limits, &error) == SLC_OK);
    connections.now_ns = 100 * SECOND_NS;
}

static void table_close(void)
{
    slc_connections_finish(&connections);
}

TestSuite(connections, .init = table_open, .fini = table_close);

/* A connection of ours; *ret_peer is the other end. */
static slc_connection_t *connected(int *ret_peer)
{
    int pair[2];
    cr_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
    *ret_peer = pair[1];
    slc_connection_t *connection = slc_connection_open(&connections, pair[0], SLC_PEER_BUYER);
    cr_assert(connection != NULL);
    connection->phase = SLC_PHASE_OPEN;
    connection->read_deadline_ns = 0;
    return connection;
}

static void say(slc_connection_t *connection, size_t bytes)
{
    uint8_t *out = slc_connection_reserve(&connections, connection, bytes);
    cr_assert(out != NULL);
    memset(out, 'x', bytes);
    slc_connection_append(&connections, connection, bytes);
}

static size_t heard(int peer)
{
    char bytes[65536];
    size_t all = 0;
    for (ssize_t got; (got = recv(peer, bytes, sizeof bytes, MSG_DONTWAIT)) > 0;) {
        all += (size_t)got;
    }
    return all;
}

Test(connections, an_answer_for_a_closed_connection_finds_nobody_even_where_its_place_is_taken_again)
{
    int first_peer;
    int second_peer;
    slc_connection_t *first = connected(&first_peer);
    uint32_t index = first->index;
    uint32_t generation = first->generation;
    cr_assert(slc_connection_find(&connections, index, generation) == first);
    slc_connection_close(&connections, first);
    cr_assert(slc_connection_find(&connections, index, generation) == NULL);
    slc_connection_t *second = connected(&second_peer);
    cr_assert(second->index == index);
    cr_assert(slc_connection_find(&connections, index, generation) == NULL);
}

Test(connections, a_full_table_takes_no_more_and_counts_what_is_open)
{
    int peer;
    for (int i = 0; i < 4; i++) {
        (void)connected(&peer);
    }
    cr_assert(slc_connections_open(&connections) == 4);
    cr_assert(slc_connection_open(&connections, 0, SLC_PEER_BUYER) == NULL);
}

Test(connections, a_window_that_is_full_pauses_the_connection)
{
    int peer;
    slc_connection_t *connection = connected(&peer);
    cr_assert(slc_connection_window(&connections, connection) == 8);
    connection->in_flight = 7;
    cr_assert(slc_connection_window(&connections, connection) == 1 && !connection->paused);
    connection->in_flight = 8;
    cr_assert(slc_connection_window(&connections, connection) == 0 && connection->paused);
}

Test(connections, a_peer_that_does_not_read_is_taken_nothing_more_from_and_goes_on_when_it_reads)
{
    int peer;
    slc_connection_t *connection = connected(&peer);
    size_t said = 0;
    while (slc_connection_window(&connections, connection) > 0) {
        say(connection, 8192);
        said += 8192;
        slc_connections_flush(&connections);
        cr_assert(said < (4u << 20), "output without a bound");
    }
    cr_assert(connection->paused);
    cr_assert(connection->out.end - connection->out.begin <= SLC_OUTBOX_BYTES_SOFT + 8192);
    size_t got = heard(peer);
    slc_connection_writable(&connections, connection);
    slc_connections_flush(&connections);
    cr_assert(!connection->paused && connection->is_ready);
    cr_assert(got + heard(peer) == said);
}

Test(connections, a_peer_that_does_not_read_in_time_is_closed)
{
    int peer;
    slc_connection_t *connection = connected(&peer);
    while (connection->out.begin == connection->out.end) {
        say(connection, 65536);
        slc_connections_flush(&connections);
    }
    connections.now_ns += 9 * SECOND_NS;
    cr_assert(slc_connections_sweep(&connections) && connection->phase != SLC_PHASE_FREE);
    connections.now_ns += 2 * SECOND_NS;
    (void)slc_connections_sweep(&connections);
    cr_assert(connection->phase == SLC_PHASE_FREE);
}

Test(connections, a_hello_that_does_not_come_in_time_ends_the_connection)
{
    int pair[2];
    cr_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
    slc_connection_t *connection = slc_connection_open(&connections, pair[0], SLC_PEER_BUYER);
    connections.now_ns += 4 * SECOND_NS;
    cr_assert(slc_connections_sweep(&connections) && connection->phase == SLC_PHASE_HELLO);
    connections.now_ns += 2 * SECOND_NS;
    cr_assert(!slc_connections_sweep(&connections) && connection->phase == SLC_PHASE_FREE);
}

Test(connections, a_connection_that_waits_for_us_is_not_closed_for_its_frame)
{
    int peer;
    slc_connection_t *connection = connected(&peer);
    connection->read_deadline_ns = connections.now_ns + 1;
    connection->paused = true;
    connections.now_ns += 100 * SECOND_NS;
    (void)slc_connections_sweep(&connections);
    cr_assert(connection->phase == SLC_PHASE_OPEN);
}

Test(connections, last_words_are_sent_behind_the_answers_that_are_owed_and_then_it_lingers)
{
    int peer;
    slc_connection_t *connection = connected(&peer);
    connection->in_flight = 1;
    slc_connection_last_words(&connections, connection);
    slc_connections_flush(&connections);
    cr_assert(connection->phase == SLC_PHASE_LAST_WORDS, "an answer is still owed");
    say(connection, 10);
    connection->in_flight = 0;
    slc_connections_flush(&connections);
    cr_assert(connection->phase == SLC_PHASE_LINGER);
    cr_assert(heard(peer) == 10);
    char byte;
    cr_assert(recv(peer, &byte, 1, 0) == 0, "the peer sees the end");
}

Test(connections, input_that_waits_is_kept_whole)
{
    int peer;
    slc_connection_t *connection = connected(&peer);
    uint8_t bytes[3000];
    memset(bytes, 7, sizeof bytes);
    cr_assert(slc_connection_keep_input(&connections, connection, bytes, 100));
    cr_assert(slc_connection_keep_input(&connections, connection, bytes, sizeof bytes));
    cr_assert(connection->in.end - connection->in.begin == sizeof bytes);
    cr_assert(memcmp(connection->in.bytes + connection->in.begin, bytes, sizeof bytes) == 0);
    /* what waits may be a part of what waited */
    cr_assert(slc_connection_keep_input(&connections, connection, connection->in.bytes + 2990, 10));
    cr_assert(connection->in.end - connection->in.begin == 10 && connection->in.bytes[9] == 7);
}
