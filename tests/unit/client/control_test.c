#include "fake_server.h"

#include "wire/codec.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENT_MS 60000
#define SHORT_MS 30

static slc_control_reply_t reply;

static slc_control_t *connect_to(fake_t *fake, uint32_t timeout_ms)
{
    slc_control_t *control = NULL;
    slc_error_t error;
    slc_err_t err = slc_control_connect(fake->address, timeout_ms, &control, &error);
    cr_assert(err == SLC_OK, "%s", error.message);
    return control;
}

/* Takes a request apart as the server does; NULL: the client is gone. */
static slc_command_t *read_command(int fd)
{
    uint8_t body[1024];
    ssize_t count = fake_read(fd, body, sizeof body);
    if (count < 0) {
        return NULL;
    }
    slc_codec_t *codec = slc_codec_create(8192);
    slc_command_t *command = NULL;
    slc_err_t err = slc_codec_decode_command(codec, body, (size_t)count, &command);
    cr_assert(err == SLC_OK || err == SLC_ERR_REFUSED);
    slc_codec_destroy(codec);
    return command;
}

static void answer(int fd, slc_command_t *command)
{
    static uint8_t out[SLC_CONTROL_REPLY_FRAME_BYTES_MAX];
    fake_write(fd, out, slc_codec_encode_control_reply(command, out, sizeof out));
    slc_command_destroy(command);
}

/* ---- one call ---- */

static void open_drops(fake_t *fake, int fd)
{
    for (slc_command_t *command = read_command(fd); command != NULL; command = read_command(fd)) {
        fake->numbers[0] = command->event.op_key;
        fake->numbers[1] = command->event.as.drop_opened.stock;
        (void)snprintf(fake->seen[0], sizeof fake->seen[0], "%.*s",
                       (int)command->event.as.drop_opened.name.bytes,
                       command->event.as.drop_opened.name.data);
        command->status = SLC_STATUS_ACCEPTED;
        command->sequence = 17;
        command->replayed = true;
        command->has_drop = true;
        command->drop.drop_id = command->event.as.drop_opened.drop_id;
        command->drop.stock = command->drop.remaining = command->event.as.drop_opened.stock;
        (void)snprintf(command->drop.name, sizeof command->drop.name, "%.64s", fake->seen[0]);
        answer(fd, command);
    }
}

static const slc_control_request_t OPEN = {
    .op = SLC_CONTROL_OPEN_DROP, .op_key = 99, .drop_id = 4, .stock = 500, .name = "Schuhe"};

Test(control, a_change_goes_there_and_its_answer_comes_back)
{
    fake_t fake;
    fake_begin_unix(&fake, open_drops, 1);
    slc_control_t *control = connect_to(&fake, PATIENT_MS);
    slc_error_t error;
    cr_assert(slc_control_call(control, &OPEN, &reply, &error) == SLC_OK, "%s", error.message);
    cr_assert(reply.status == SLC_STATUS_ACCEPTED && reply.replayed && reply.sequence == 17);
    cr_assert(reply.drop.drop_id == 4 && reply.drop.stock == 500 && reply.drop.remaining == 500);
    cr_assert_str_eq(reply.drop.name, "Schuhe");
    slc_control_close(control);
    slc_control_close(NULL);
    fake_end(&fake);
    cr_assert(fake.numbers[0] == 99 && fake.numbers[1] == 500);
    cr_assert_str_eq(fake.seen[0], "Schuhe");
}

static void pass_refusals_on(fake_t *fake, int fd)
{
    (void)fake;
    for (slc_command_t *command = read_command(fd); command != NULL; command = read_command(fd)) {
        command->status = command->status == SLC_STATUS_INVALID ? command->status : SLC_STATUS_ACCEPTED;
        answer(fd, command);
    }
}

Test(control, a_name_that_is_too_long_is_for_the_server_to_refuse)
{
    fake_t fake;
    fake_begin_unix(&fake, pass_refusals_on, 1);
    slc_control_t *control = connect_to(&fake, PATIENT_MS);
    slc_error_t error;
    static char name[2000];
    slc_control_request_t request = OPEN;
    request.name = name;
    for (size_t bytes = 63; bytes < sizeof name; bytes = bytes < 66 ? bytes + 1 : bytes * 2) {
        memset(name, 'x', bytes);
        cr_assert(slc_control_call(control, &request, &reply, &error) == SLC_OK);
        slc_status_t wanted = bytes <= SLC_NAME_BYTES_MAX ? SLC_STATUS_ACCEPTED : SLC_STATUS_INVALID;
        cr_assert(reply.status == wanted, "%zu bytes", bytes);
    }
    cr_assert(strstr(reply.message, "name") != NULL);
    slc_control_close(control);
    fake_end(&fake);
}

/* ---- lists ---- */

static void list_full_page(fake_t *fake, int fd)
{
    (void)fake;
    slc_command_t *command = read_command(fd);
    command->status = SLC_STATUS_ACCEPTED;
    cr_assert(command->page_size == SLC_DROPS_PAGE_MAX);
    for (size_t i = 0; i < SLC_DROPS_PAGE_MAX; i++) {
        slc_drop_info_t *drop = &command->drops[i];
        memset(drop, 0, sizeof *drop);
        drop->drop_id = UINT64_MAX - SLC_DROPS_PAGE_MAX + i;
        drop->stock = drop->sold = drop->remaining = drop->per_user_limit = UINT64_MAX;
        drop->opens_at_us = drop->closes_at_us = drop->orders = drop->cancelled = UINT64_MAX;
        drop->closed = true;
        memset(drop->name, 'n', SLC_NAME_BYTES_MAX);
    }
    command->drop_count = SLC_DROPS_PAGE_MAX;
    command->next_after_drop_id = UINT64_MAX - 1;
    answer(fd, command);
}

Test(control, the_largest_page_fits)
{
    fake_t fake;
    fake_begin_unix(&fake, list_full_page, 1);
    slc_control_t *control = connect_to(&fake, PATIENT_MS);
    slc_error_t error;
    slc_control_request_t list = {.op = SLC_CONTROL_LIST_DROPS, .page_size = SLC_DROPS_PAGE_MAX};
    cr_assert(slc_control_call(control, &list, &reply, &error) == SLC_OK, "%s", error.message);
    cr_assert(reply.drop_count == SLC_DROPS_PAGE_MAX);
    cr_assert(reply.next_after_drop_id == UINT64_MAX - 1);
    cr_assert(reply.drops[SLC_DROPS_PAGE_MAX - 1].drop_id == UINT64_MAX - 1);
    cr_assert(strlen(reply.drops[0].name) == SLC_NAME_BYTES_MAX);
    slc_control_close(control);
    fake_end(&fake);
}

/* ---- late answers, and none ---- */

/* Holds the first answer back until the test has given it up; all others are good news. */
static void answer_late(fake_t *fake, int fd)
{
    slc_command_t *command = read_command(fd);
    command->status = SLC_STATUS_CONFLICT;
    cr_assert(sem_wait(&fake->go) == 0);
    for (; command != NULL; command = read_command(fd)) {
        command->status = command->status == SLC_STATUS_CONFLICT ? command->status : SLC_STATUS_ACCEPTED;
        answer(fd, command);
    }
}

Test(control, an_answer_that_comes_after_its_timeout_is_not_taken_for_a_later_one)
{
    fake_t fake;
    fake_begin_unix(&fake, answer_late, 1);
    slc_control_t *control = connect_to(&fake, SHORT_MS);
    slc_error_t error;
    slc_control_request_t status = {.op = SLC_CONTROL_GET_STATUS};
    cr_assert(slc_control_call(control, &status, &reply, &error) == SLC_ERR_TIMEOUT);
    cr_assert(sem_post(&fake.go) == 0);
    slc_err_t err = SLC_ERR_TIMEOUT;
    while (err == SLC_ERR_TIMEOUT) { /* a machine with much to do may need several tries */
        err = slc_control_call(control, &status, &reply, &error);
    }
    cr_assert(err == SLC_OK && reply.status == SLC_STATUS_ACCEPTED);
    slc_control_close(control);
    fake_end(&fake);
}

static void leave(fake_t *fake, int fd)
{
    (void)fake;
    slc_command_destroy(read_command(fd));
}

Test(control, a_closed_connection_stays_closed)
{
    fake_t fake;
    fake_begin_unix(&fake, leave, 1);
    slc_control_t *control = connect_to(&fake, PATIENT_MS);
    slc_error_t error;
    cr_assert(slc_control_call(control, &OPEN, &reply, &error) == SLC_ERR_CLOSED);
    cr_assert(slc_control_call(control, &OPEN, &reply, &error) == SLC_ERR_CLOSED);
    cr_assert(strstr(error.message, fake.address) != NULL);
    slc_control_close(control);
    fake_end(&fake);
}

static void answer_nonsense(fake_t *fake, int fd)
{
    (void)fake;
    slc_command_destroy(read_command(fd));
    static const uint8_t nonsense[] = {0x02, 0x0b, 0x0c}; /* groups */
    fake_write(fd, nonsense, sizeof nonsense);
}

Test(control, bytes_that_are_no_reply_end_the_connection)
{
    fake_t fake;
    fake_begin_unix(&fake, answer_nonsense, 1);
    slc_control_t *control = connect_to(&fake, PATIENT_MS);
    slc_error_t error;
    cr_assert(slc_control_call(control, &OPEN, &reply, &error) == SLC_ERR_PROTOCOL);
    fake_end(&fake); /* the peer is gone now, but the first reason stands */
    cr_assert(slc_control_call(control, &OPEN, &reply, &error) == SLC_ERR_PROTOCOL);
    slc_control_close(control);
}

Test(control, a_socket_that_is_not_there_is_named)
{
    slc_control_t *control = NULL;
    slc_error_t error;
    cr_assert(slc_control_connect("/nowhere/control.sock", 1000, &control, &error) == SLC_ERR_IO);
    cr_assert(strstr(error.message, "/nowhere/control.sock") != NULL);
    char long_path[300];
    memset(long_path, 'p', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    cr_assert(slc_control_connect(long_path, 1000, &control, &error) == SLC_ERR_USAGE);
    cr_assert(slc_control_connect("", 1000, &control, &error) == SLC_ERR_USAGE);
    cr_assert(control == NULL);
}
