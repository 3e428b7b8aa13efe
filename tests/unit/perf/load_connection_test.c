#include "../../../perf/load/connection.h"

#include <criterion/criterion.h>

#include <string.h>

#define WINDOW 5

static load_workload_t workload;
static load_connection_t connection;

static void start(void)
{
    workload.drop_count = 1;
    workload.drops[0] = (load_drop_t){.drop_id = 1, .weight = 1};
    workload.users = 10;
    load_workload_prepare(&workload);
    cr_assert(load_connection_init(&connection, WINDOW));
    connection.state = LOAD_OPEN;
}

static void stop(void)
{
    load_connection_finish(&connection);
}

TestSuite(load_connection, .init = start, .fini = stop);

Test(load_connection, an_answer_is_taken_once)
{
    load_connection_ask(&connection, &workload, 0, 1);
    uint64_t id = connection.pending[0].request_id;
    load_pending_t *pending = load_connection_find(&connection, id);
    cr_assert(pending != NULL && pending->number == 0);
    load_connection_answered(&connection, pending);
    cr_assert(load_connection_find(&connection, id) == NULL);
    load_connection_ask(&connection, &workload, 1, 1); /* the slot is in use again, under another id */
    cr_assert(load_connection_find(&connection, id) == NULL);
    cr_assert(load_connection_find(&connection, id + WINDOW) != NULL);
}

Test(load_connection, ids_that_were_never_given_find_nothing)
{
    load_connection_ask(&connection, &workload, 0, 1);
    const uint64_t ids[] = {0, 2, WINDOW + 1, UINT64_MAX};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        cr_assert(load_connection_find(&connection, ids[i]) == NULL, "%llu", (unsigned long long)ids[i]);
    }
}

Test(load_connection, never_has_more_in_flight_than_its_window_or_the_server_allow)
{
    slc_welcome_t welcome = {.status = SLC_STATUS_ACCEPTED, .max_in_flight = 3};
    cr_assert(load_connection_welcome(&connection, &welcome));
    uint64_t number = 0;
    while (load_connection_has_room(&connection)) {
        load_connection_ask(&connection, &workload, number++, 1);
    }
    cr_assert(number == 3 && load_connection_unanswered(&connection) == 3);
    welcome.max_in_flight = 1000;
    cr_assert(load_connection_welcome(&connection, &welcome));
    while (load_connection_has_room(&connection)) {
        load_connection_ask(&connection, &workload, number++, 1);
    }
    cr_assert(number == WINDOW);
}

Test(load_connection, what_is_unanswered_is_asked_again_word_for_word)
{
    for (uint64_t number = 0; number < WINDOW; number++) {
        load_connection_ask(&connection, &workload, number, 1);
    }
    load_connection_answered(&connection, load_connection_find(&connection, 2));
    static uint8_t first[2048];
    size_t bytes = connection.out_bytes;
    memcpy(first, connection.out, bytes);
    load_connection_drop(&connection);
    cr_assert(connection.out_bytes == 0);
    cr_assert(load_connection_ask_again(&connection, &workload) == WINDOW - 1);
    /* Four of the five frames, each as it was. */
    size_t frame = bytes / WINDOW;
    cr_assert(connection.out_bytes == bytes - frame);
    cr_assert(memcmp(connection.out, first, frame) == 0);
    cr_assert(memcmp(connection.out + frame, first + 2 * frame, 3 * frame) == 0);
}

Test(load_connection, a_refusing_welcome_is_a_reason)
{
    slc_welcome_t welcome = {
        .status = SLC_STATUS_OVERLOADED, .max_in_flight = 8, .message = {.data = "too many", .bytes = 8}};
    cr_assert(!load_connection_welcome(&connection, &welcome));
    cr_assert(strstr(connection.why, "too many") != NULL);
}
