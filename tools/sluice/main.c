/* sluice: the operators' client. Reads a command, asks the server over its control socket, prints the
 * answer. */
#include "command.h"
#include "print.h"
#include "text.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

typedef struct session {
    const sluice_command_t *command;
    slc_control_t *control; /* NULL: not connected */
    slc_control_reply_t *reply;
    slc_error_t error;
} session_t;

static slc_err_t connect_and_call(session_t *session, const slc_control_request_t *request)
{
    const sluice_command_t *command = session->command;
    slc_err_t err = SLC_OK;
    if (session->control == NULL) {
        err = slc_control_connect(command->control_path, command->timeout_ms, &session->control,
                                  &session->error);
    }
    return err == SLC_OK ? slc_control_call(session->control, request, session->reply, &session->error)
                         : err;
}

/* Asks, and where the connection was lost on the way once more over a new one: a change carries its key,
 * so it happens once even if the server had taken it in. */
static slc_err_t ask(session_t *session, const slc_control_request_t *request)
{
    slc_err_t err = connect_and_call(session, request);
    bool was_connected = session->control != NULL;
    if (was_connected && (err == SLC_ERR_CLOSED || err == SLC_ERR_IO)) {
        slc_control_close(session->control);
        session->control = NULL;
        err = connect_and_call(session, request);
    }
    return err;
}

static slc_err_t fail(session_t *session, slc_err_t err, const char *why)
{
    (void)snprintf(session->error.message, sizeof session->error.message, "%s", why);
    session->error.code = err;
    return err;
}

static bool is_refused(const session_t *session)
{
    if (session->reply->status == SLC_STATUS_ACCEPTED) {
        return false;
    }
    fprintf(stderr, "sluice: %s", slc_status_name((int)session->reply->status));
    if (session->reply->message[0] != '\0') {
        (void)fputs(": ", stderr);
        sluice_text_print(stderr, session->reply->message);
    }
    (void)fputs("\n", stderr);
    return true;
}

static int run_one(session_t *session, slc_err_t *ret_err)
{
    *ret_err = ask(session, &session->command->request);
    if (*ret_err != SLC_OK) {
        return 0;
    }
    sluice_print_reply(session->command, session->reply, stdout);
    return is_refused(session) ? slc_err_exit_code(SLC_ERR_CHECK_FAILED) : 0;
}

static bool is_over(const struct timespec *end)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        return true;
    }
    return now.tv_sec > end->tv_sec || (now.tv_sec == end->tv_sec && now.tv_nsec >= end->tv_nsec);
}

/* The server answers when it was asked; the snapshot is there once its status says so. */
static slc_err_t wait_for_snapshot(session_t *session, uint64_t sequence, uint64_t failed_before)
{
    static const struct timespec pause = {.tv_nsec = 20000000};
    const slc_control_request_t request = {.op = SLC_CONTROL_GET_STATUS};
    struct timespec end = {0};
    if (clock_gettime(CLOCK_MONOTONIC, &end) != 0) {
        return fail(session, SLC_ERR_IO, "no clock to wait by");
    }
    end.tv_sec += (time_t)(session->command->timeout_ms / 1000);
    for (;;) {
        slc_err_t err = ask(session, &request);
        const slc_engine_info_t *engine = &session->reply->engine;
        if (err != SLC_OK || engine->snapshot_sequence >= sequence) {
            return err;
        }
        if (engine->snapshots_failed > failed_before) {
            return fail(session, SLC_ERR_IO, engine->snapshot_error);
        }
        if (is_over(&end)) {
            return fail(session, SLC_ERR_TIMEOUT,
                        "the snapshot is not on disk yet; it is written in the background, see "
                        "sluice status, or wait longer with --timeout");
        }
        (void)nanosleep(&pause, NULL); /* cut short by a signal: it only looks sooner */
    }
}

static int run_snapshot(session_t *session, slc_err_t *ret_err)
{
    const slc_control_request_t status = {.op = SLC_CONTROL_GET_STATUS};
    *ret_err = ask(session, &status);
    uint64_t failed_before = session->reply->engine.snapshots_failed;
    if (*ret_err == SLC_OK) {
        *ret_err = ask(session, &session->command->request);
    }
    if (*ret_err != SLC_OK) {
        return 0;
    }
    uint64_t sequence = session->reply->sequence;
    if (session->reply->status == SLC_STATUS_ACCEPTED && session->command->wait) {
        *ret_err = wait_for_snapshot(session, sequence, failed_before);
        if (*ret_err != SLC_OK) {
            return 0;
        }
        session->reply->sequence = session->reply->engine.snapshot_sequence;
    }
    sluice_print_reply(session->command, session->reply, stdout);
    return is_refused(session) ? slc_err_exit_code(SLC_ERR_CHECK_FAILED) : 0;
}

/* Page by page into one list: its columns are as wide as its widest number. */
static int run_list(session_t *session, slc_err_t *ret_err)
{
    slc_control_request_t request = session->command->request;
    slc_drop_info_t *drops = NULL;
    size_t count = 0;
    int code = 0;
    request.page_size = SLC_DROPS_PAGE_MAX;
    do {
        *ret_err = ask(session, &request);
        if (*ret_err != SLC_OK || (code = is_refused(session) ? 1 : 0) != 0) {
            break;
        }
        size_t more = session->reply->drop_count;
        slc_drop_info_t *grown = realloc(drops, (count + more + 1) * sizeof *drops);
        if (grown == NULL) {
            *ret_err = SLC_ERR_NO_MEMORY;
            (void)snprintf(session->error.message, sizeof session->error.message,
                           "no memory for the list");
            break;
        }
        drops = grown;
        for (size_t i = 0; i < more; i++) {
            drops[count++] = session->reply->drops[i];
        }
        request.drop_id = session->reply->next_after_drop_id;
    } while (request.drop_id != 0);
    if (*ret_err == SLC_OK && code == 0) {
        sluice_print_drops(drops, count, session->command->json, stdout);
    }
    free(drops);
    return code;
}

int main(int argc, char **argv)
{
    static sluice_command_t command;
    static slc_control_reply_t reply;
    session_t session = {.command = &command, .reply = &reply};
    slc_err_t err = SLC_OK;
    int code = 0;
    (void)signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of write */
    switch (sluice_command_parse(argc, argv, &command)) {
    case SLUICE_WRONG:
        return slc_err_exit_code(SLC_ERR_USAGE);
    case SLUICE_DONE:
        break;
    case SLUICE_RUN:
        code = command.request.op == SLC_CONTROL_LIST_DROPS      ? run_list(&session, &err)
               : command.request.op == SLC_CONTROL_TAKE_SNAPSHOT ? run_snapshot(&session, &err)
                                                                 : run_one(&session, &err);
        break;
    }
    slc_control_close(session.control);
    if (err != SLC_OK) {
        fprintf(stderr, "sluice: %s\n", session.error.message);
        return slc_err_exit_code(err);
    }
    if (fflush(stdout) != 0) {
        (void)fputs("sluice: the answer cannot be written\n", stderr);
        return slc_err_exit_code(SLC_ERR_IO);
    }
    return code;
}
