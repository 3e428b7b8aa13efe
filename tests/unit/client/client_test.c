#include "fake_server.h"

#include "wire/codec.h"
#include "wire/flat.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* Long enough that a loaded machine does not reach it where an answer is on its way. */
#define PATIENT_MS 60000
/* For waits that nothing will end. */
#define SHORT_MS 30

static slc_client_t *connect_to(fake_t *fake, uint32_t timeout_ms)
{
    slc_client_t *client = NULL;
    slc_error_t error;
    slc_err_t err = slc_client_connect(fake->address, "test/1", NULL, timeout_ms, &client, &error);
    cr_assert(err == SLC_OK, "%s", error.message);
    return client;
}

static slc_buy_t buy_number(uint64_t request_id)
{
    return (slc_buy_t){.request_id = request_id, .drop_id = 1, .user = {.data = "anna", .bytes = 4}};
}

static size_t encode_answer(uint64_t request_id, uint8_t *out)
{
    slc_buy_reply_t reply = {.request_id = request_id,
                             .status = SLC_STATUS_ACCEPTED,
                             .order_id = request_id * 10,
                             .sequence = request_id * 10,
                             .message = {.data = "", .bytes = 0}};
    return slc_flat_encode_reply(&reply, out);
}

/* Reads a Buy, answers its request_id; 0: the client is gone. */
static uint64_t read_buy(int fd)
{
    uint8_t body[256];
    slc_buy_t buy;
    ssize_t count = fake_read(fd, body, sizeof body);
    if (count < 0) {
        return 0;
    }
    cr_assert(slc_flat_decode_buy(body, (size_t)count, &buy));
    return buy.request_id;
}

/* ---- connecting ---- */

static void note_hello(fake_t *fake, int fd)
{
    uint8_t body[512];
    ssize_t count = fake_read(fd, body, sizeof body);
    slc_codec_t *codec = slc_codec_create(4096);
    slc_hello_t hello;
    cr_assert(count > 0 && slc_codec_decode_hello(codec, body, (size_t)count, &hello));
    fake->numbers[0] = hello.protocol;
    (void)snprintf(fake->seen[0], sizeof fake->seen[0], "%.*s", (int)hello.client.bytes,
                   hello.client.data);
    (void)snprintf(fake->seen[1], sizeof fake->seen[1], "%.*s", (int)hello.token.bytes, hello.token.data);
    slc_codec_destroy(codec);
    slc_welcome_t welcome = {.status = SLC_STATUS_ACCEPTED, .max_in_flight = 321};
    welcome.message = welcome.leader = welcome.version = (slc_text_t){.data = "", .bytes = 0};
    uint8_t out[256];
    fake_write(fd, out, slc_codec_encode_welcome(&welcome, out, sizeof out));
}

Test(client, says_hello_and_learns_how_many_requests_may_be_in_flight)
{
    fake_t fake;
    fake_begin_tcp(&fake, note_hello);
    slc_client_t *client = NULL;
    slc_error_t error;
    cr_assert(slc_client_connect(fake.address, "shop/2", "secret", PATIENT_MS, &client, &error) ==
              SLC_OK);
    cr_assert(slc_client_max_in_flight(client) == 321);
    slc_client_close(client);
    fake_end(&fake);
    cr_assert(fake.numbers[0] == SLC_PROTOCOL_VERSION);
    cr_assert_str_eq(fake.seen[0], "shop/2");
    cr_assert_str_eq(fake.seen[1], "secret");
}

static void refuse(fake_t *fake, int fd)
{
    (void)fake;
    uint8_t bytes[512];
    (void)fake_read(fd, bytes, sizeof bytes);
    slc_welcome_t welcome = {.status = SLC_STATUS_UNAUTHENTICATED,
                             .message = {.data = "token: wrong", .bytes = 12},
                             .leader = {.data = "", .bytes = 0},
                             .version = {.data = "", .bytes = 0}};
    fake_write(fd, bytes, slc_codec_encode_welcome(&welcome, bytes, sizeof bytes));
}

Test(client, a_refusing_welcome_is_an_error_that_says_why)
{
    fake_t fake;
    fake_begin_tcp(&fake, refuse);
    slc_client_t *client = NULL;
    slc_error_t error;
    cr_assert(slc_client_connect(fake.address, "x", NULL, PATIENT_MS, &client, &error) ==
              SLC_ERR_REFUSED);
    cr_assert(client == NULL);
    cr_assert(strstr(error.message, "STATUS_UNAUTHENTICATED") != NULL);
    cr_assert(strstr(error.message, "token: wrong") != NULL);
    fake_end(&fake);
}

static void talk_http(fake_t *fake, int fd)
{
    (void)fake;
    static const char answer[] =
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    fake_write(fd, answer, sizeof answer - 1);
    (void)read_buy(fd);
}

Test(client, a_server_of_another_protocol_is_recognised)
{
    fake_t fake;
    fake_begin_tcp(&fake, talk_http);
    slc_client_t *client = NULL;
    slc_error_t error;
    slc_err_t err = slc_client_connect(fake.address, "x", NULL, PATIENT_MS, &client, &error);
    /* 'H' announces 72 bytes, more than came: what is there is no Welcome, or the rest never comes. */
    cr_assert(err == SLC_ERR_PROTOCOL || err == SLC_ERR_CLOSED);
    cr_assert(client == NULL);
    fake_end(&fake);
}

Test(client, nobody_there_and_no_address_are_errors_that_name_the_address)
{
    fake_t fake;
    fake_begin_tcp(&fake, refuse);
    slc_client_t *client = NULL;
    slc_error_t error;
    (void)slc_client_connect(fake.address, "x", NULL, PATIENT_MS, &client, &error);
    fake_end(&fake); /* its port is free now */
    cr_assert(slc_client_connect(fake.address, "x", NULL, PATIENT_MS, &client, &error) == SLC_ERR_IO);
    cr_assert(strstr(error.message, fake.address) != NULL);
    cr_assert(slc_client_connect("localhost", "x", NULL, 0, &client, &error) == SLC_ERR_USAGE);
    cr_assert(slc_client_connect(":7411", "x", NULL, 0, &client, &error) == SLC_ERR_USAGE);
    cr_assert(client == NULL);
}

/* ---- buying ---- */

static void answer_in_crumbs(fake_t *fake, int fd)
{
    (void)fake;
    fake_welcome(fd, 16);
    for (uint64_t id = read_buy(fd); id != 0; id = read_buy(fd)) {
        uint8_t out[SLC_REPLY_FRAME_BYTES_MAX];
        size_t count = encode_answer(id, out);
        for (size_t i = 0; i < count; i++) {
            fake_write(fd, out + i, 1);
        }
    }
}

Test(client, one_request_gets_its_reply_however_it_is_cut)
{
    fake_t fake;
    fake_begin_tcp(&fake, answer_in_crumbs);
    slc_client_t *client = connect_to(&fake, PATIENT_MS);
    slc_error_t error;
    for (uint64_t id = 1; id <= 20; id++) {
        slc_buy_t buy = buy_number(id);
        slc_buy_reply_t reply;
        cr_assert(slc_client_buy(client, &buy, &reply, &error) == SLC_OK, "%s", error.message);
        cr_assert(reply.request_id == id && reply.order_id == id * 10);
    }
    slc_client_close(client);
    fake_end(&fake);
}

#define MANY 3000

static void answer_backwards(fake_t *fake, int fd)
{
    static uint64_t ids[MANY];
    (void)fake;
    fake_welcome(fd, MANY);
    for (int i = 0; i < MANY; i++) {
        ids[i] = read_buy(fd);
    }
    for (int i = MANY - 1; i >= 0; i--) {
        uint8_t out[SLC_REPLY_FRAME_BYTES_MAX];
        fake_write(fd, out, encode_answer(ids[i], out));
    }
    (void)read_buy(fd);
}

Test(client, many_in_flight_are_all_answered_in_any_order)
{
    fake_t fake;
    fake_begin_tcp(&fake, answer_backwards);
    slc_client_t *client = connect_to(&fake, PATIENT_MS);
    slc_error_t error;
    for (uint64_t id = 1; id <= MANY;
         id++) { /* several buffers full; the last of them is never flushed */
        slc_buy_t buy = buy_number(id);
        cr_assert(slc_client_send(client, &buy, &error) == SLC_OK);
    }
    for (uint64_t id = MANY; id >= 1; id--) {
        slc_buy_reply_t reply;
        cr_assert(slc_client_receive(client, &reply, &error) == SLC_OK, "%s", error.message);
        cr_assert(reply.request_id == id);
    }
    slc_client_close(client);
    fake_end(&fake);
}

static void answer_half_then_wait(fake_t *fake, int fd)
{
    fake_welcome(fd, 16);
    uint8_t out[SLC_REPLY_FRAME_BYTES_MAX];
    size_t count = encode_answer(read_buy(fd), out);
    fake_write(fd, out, count / 2);
    cr_assert(sem_wait(&fake->go) == 0);
    fake_write(fd, out + count / 2, count - count / 2);
    (void)read_buy(fd);
}

Test(client, a_timeout_loses_nothing)
{
    fake_t fake;
    fake_begin_tcp(&fake, answer_half_then_wait);
    slc_client_t *client = connect_to(&fake, SHORT_MS);
    slc_error_t error;
    slc_buy_t buy = buy_number(5);
    slc_buy_reply_t reply;
    cr_assert(slc_client_buy(client, &buy, &reply, &error) == SLC_ERR_TIMEOUT);
    cr_assert(slc_client_receive(client, &reply, &error) == SLC_ERR_TIMEOUT);
    cr_assert(sem_post(&fake.go) == 0);
    slc_err_t err = SLC_ERR_TIMEOUT;
    while (err == SLC_ERR_TIMEOUT) {
        err = slc_client_receive(client, &reply, &error);
    }
    cr_assert(err == SLC_OK && reply.request_id == 5 && reply.order_id == 50);
    slc_client_close(client);
    fake_end(&fake);
}

static void expect_next(fake_t *fake, const uint8_t *body, uint32_t bytes)
{
    slc_buy_t buy;
    cr_assert(slc_flat_decode_buy(body, bytes, &buy));
    cr_assert(buy.request_id == fake->numbers[0] + 1);
    fake->numbers[0] = buy.request_id;
}

/* Reads nothing for a while, then everything, by the block: there are megabytes in the socket. */
static void read_late(fake_t *fake, int fd)
{
    static uint8_t bytes[65536];
    size_t count = 0;
    fake_welcome(fd, UINT32_MAX);
    cr_assert(sem_wait(&fake->go) == 0);
    for (;;) {
        ssize_t more = recv(fd, bytes + count, sizeof bytes - count, 0);
        if (more <= 0) {
            break;
        }
        count += (size_t)more;
        const uint8_t *body;
        uint32_t body_bytes;
        size_t used;
        size_t at = 0;
        while (slc_frame_next(bytes + at, count - at, 1024, &body, &body_bytes, &used) ==
               SLC_FRAME_WHOLE) {
            expect_next(fake, body, body_bytes);
            at += used;
        }
        memmove(bytes, bytes + at, count - at);
        count -= at;
    }
    cr_assert(count == 0);
}

Test(client, a_write_that_times_out_goes_on_where_it_stopped)
{
    fake_t fake;
    fake_begin_tcp(&fake, read_late);
    slc_client_t *client = connect_to(&fake, SHORT_MS);
    slc_error_t error;
    slc_err_t err = SLC_OK;
    uint64_t sent = 0;
    while (err == SLC_OK) {
        slc_buy_t buy = buy_number(sent + 1);
        err = slc_client_send(client, &buy, &error);
        sent += err == SLC_OK ? 1 : 0;
    }
    cr_assert(err == SLC_ERR_TIMEOUT, "%s", error.message);
    cr_assert(sem_post(&fake.go) == 0);
    while (err == SLC_ERR_TIMEOUT) {
        err = slc_client_flush(client, &error);
    }
    cr_assert(err == SLC_OK, "%s", error.message);
    slc_client_close(client);
    fake_end(&fake);
    cr_assert(fake.numbers[0] == sent);
}

static void leave(fake_t *fake, int fd)
{
    (void)fake;
    fake_welcome(fd, 16);
    (void)read_buy(fd);
}

Test(client, a_closed_connection_stays_closed)
{
    fake_t fake;
    fake_begin_tcp(&fake, leave);
    slc_client_t *client = connect_to(&fake, PATIENT_MS);
    slc_error_t error;
    slc_buy_t buy = buy_number(1);
    slc_buy_reply_t reply;
    cr_assert(slc_client_buy(client, &buy, &reply, &error) == SLC_ERR_CLOSED);
    cr_assert(strstr(error.message, fake.address) != NULL);
    cr_assert(slc_client_receive(client, &reply, &error) == SLC_ERR_CLOSED);
    cr_assert(slc_client_send(client, &buy, &error) == SLC_ERR_CLOSED);
    cr_assert(slc_client_flush(client, &error) == SLC_ERR_CLOSED);
    slc_client_close(client);
    fake_end(&fake);
}

static void answer_nonsense(fake_t *fake, int fd)
{
    (void)fake;
    fake_welcome(fd, 16);
    (void)read_buy(fd);
    static const uint8_t nonsense[] = {0x02, 0x0b, 0x0c}; /* groups */
    fake_write(fd, nonsense, sizeof nonsense);
    (void)read_buy(fd);
}

static void answer_somebody_else(fake_t *fake, int fd)
{
    (void)fake;
    fake_welcome(fd, 16);
    uint8_t out[SLC_REPLY_FRAME_BYTES_MAX];
    fake_write(fd, out, encode_answer(read_buy(fd) + 1, out));
    (void)read_buy(fd);
}

static void expect_protocol_error(fake_script_t script)
{
    fake_t fake;
    fake_begin_tcp(&fake, script);
    slc_client_t *client = connect_to(&fake, PATIENT_MS);
    slc_error_t error;
    slc_buy_t buy = buy_number(1);
    slc_buy_reply_t reply;
    cr_assert(slc_client_buy(client, &buy, &reply, &error) == SLC_ERR_PROTOCOL);
    cr_assert(slc_client_buy(client, &buy, &reply, &error) == SLC_ERR_PROTOCOL);
    slc_client_close(client);
    fake_end(&fake);
}

Test(client, bytes_that_are_no_reply_end_the_connection)
{
    expect_protocol_error(answer_nonsense);
}

Test(client, a_reply_to_another_request_ends_the_connection)
{
    expect_protocol_error(answer_somebody_else);
}

Test(client, a_request_that_cannot_be_encoded_leaves_the_connection_as_it_was)
{
    fake_t fake;
    fake_begin_tcp(&fake, answer_in_crumbs);
    slc_client_t *client = connect_to(&fake, PATIENT_MS);
    slc_error_t error;
    char long_user[65];
    memset(long_user, 'x', sizeof long_user);
    slc_buy_t bad = buy_number(1);
    bad.user = (slc_text_t){.data = long_user, .bytes = sizeof long_user};
    slc_buy_t good = buy_number(2);
    slc_buy_reply_t reply;
    cr_assert(slc_client_buy(client, &bad, &reply, &error) == SLC_ERR_USAGE);
    cr_assert(slc_client_buy(client, &good, &reply, &error) == SLC_OK);
    cr_assert(reply.request_id == 2);
    slc_client_close(client);
    slc_client_close(NULL);
    fake_end(&fake);
}
