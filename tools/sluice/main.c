/* sluice: the operators' client. Reads a command, asks the server over its control socket, prints the
 * answer. */
#include "print.h"
#include "session.h"
#include "trouble.h"
#include "watch.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

/* Says why, and where a drop is unknown which ones there are; answers the exit code. */
static int refuse(sluice_session_t *session)
{
    static slc_control_reply_t refusal;
    slc_drop_info_t *drops = NULL;
    size_t count = 0;
    refusal = *session->reply;
    if (refusal.status == SLC_STATUS_UNKNOWN_DROP &&
        (sluice_session_list(session, SIZE_MAX, &drops, &count) != SLC_OK ||
         sluice_session_is_refused(session))) {
        free(drops); /* the refusal is what was asked for; without the list it says less */
        drops = NULL;
    }
    sluice_trouble_refused(session->command, &refusal, drops, count, stderr);
    free(drops);
    return slc_err_exit_code(SLC_ERR_CHECK_FAILED);
}

static int print_and_judge(sluice_session_t *session)
{
    sluice_print_reply(session->command, session->reply, stdout);
    return sluice_session_is_refused(session) ? refuse(session) : 0;
}

static int run_call(sluice_session_t *session, slc_err_t *ret_err)
{
    *ret_err = sluice_session_ask(session, &session->command->request);
    return *ret_err == SLC_OK ? print_and_judge(session) : 0;
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
static slc_err_t wait_for_snapshot(sluice_session_t *session, uint64_t sequence, uint64_t failed_before)
{
    static const struct timespec pause = {.tv_nsec = 20000000};
    const slc_control_request_t request = {.op = SLC_CONTROL_GET_STATUS};
    struct timespec end = {0};
    if (clock_gettime(CLOCK_MONOTONIC, &end) != 0) {
        return sluice_session_fail(session, SLC_ERR_IO, "no clock to wait by");
    }
    end.tv_sec += (time_t)(session->command->timeout_ms / 1000);
    for (;;) {
        slc_err_t err = sluice_session_ask(session, &request);
        const slc_engine_info_t *engine = &session->reply->engine;
        if (err != SLC_OK || engine->snapshot_sequence >= sequence) {
            return err;
        }
        if (engine->snapshots_failed > failed_before) {
            return sluice_session_fail(session, SLC_ERR_IO, engine->snapshot_error);
        }
        if (is_over(&end)) {
            return sluice_session_fail(session, SLC_ERR_TIMEOUT,
                                       "the snapshot is not on disk yet; it is written in the "
                                       "background, see sluice status, or wait longer with --timeout");
        }
        (void)nanosleep(&pause, NULL); /* cut short by a signal: it only looks sooner */
    }
}

static int run_snapshot(sluice_session_t *session, slc_err_t *ret_err)
{
    const slc_control_request_t status = {.op = SLC_CONTROL_GET_STATUS};
    *ret_err = sluice_session_ask(session, &status);
    uint64_t failed_before = session->reply->engine.snapshots_failed;
    if (*ret_err == SLC_OK) {
        *ret_err = sluice_session_ask(session, &session->command->request);
    }
    if (*ret_err != SLC_OK) {
        return 0;
    }
    uint64_t sequence = session->reply->sequence;
    if (!sluice_session_is_refused(session) && session->command->wait) {
        *ret_err = wait_for_snapshot(session, sequence, failed_before);
        if (*ret_err != SLC_OK) {
            return 0;
        }
        session->reply->sequence = session->reply->engine.snapshot_sequence;
    }
    return print_and_judge(session);
}

/* Into one list: its columns are as wide as its widest number. */
static int run_list(sluice_session_t *session, slc_err_t *ret_err)
{
    slc_drop_info_t *drops = NULL;
    size_t count = 0;
    int code = 0;
    *ret_err = sluice_session_list(session, SIZE_MAX, &drops, &count);
    if (*ret_err == SLC_OK && sluice_session_is_refused(session)) {
        code = refuse(session);
    } else if (*ret_err == SLC_OK) {
        sluice_print_drops(drops, count, session->command->json, stdout);
    }
    free(drops);
    return code;
}

static int run(sluice_session_t *session, slc_err_t *ret_err)
{
    switch (session->command->action) {
    case SLUICE_ACT_LIST:
        return run_list(session, ret_err);
    case SLUICE_ACT_SNAPSHOT:
        return run_snapshot(session, ret_err);
    case SLUICE_ACT_WATCH:
        *ret_err = sluice_watch(session);
        return 0;
    case SLUICE_ACT_CALL:
        break;
    }
    return run_call(session, ret_err);
}

int main(int argc, char **argv)
{
    static sluice_command_t command;
    static slc_control_reply_t reply;
    sluice_session_t session = {.command = &command, .reply = &reply};
    slc_err_t err = SLC_OK;
    int code = 0;
    (void)signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of write */
    switch (sluice_command_parse(argc, argv, &command)) {
    case SLUICE_WRONG:
        return slc_err_exit_code(SLC_ERR_USAGE);
    case SLUICE_DONE:
        break;
    case SLUICE_RUN:
        code = run(&session, &err);
        break;
    }
    sluice_session_close(&session);
    if (err != SLC_OK) {
        sluice_trouble_failed(&command, &session.error, session.was_sent, stderr);
        return slc_err_exit_code(err);
    }
    if (fflush(stdout) != 0) {
        (void)fputs("sluice: the answer cannot be written\n", stderr);
        return slc_err_exit_code(SLC_ERR_IO);
    }
    return code;
}
