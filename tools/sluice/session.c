#include "session.h"

#include "trouble.h"

#include <stdio.h>
#include <stdlib.h>

static slc_err_t connect_and_call(sluice_session_t *session, const slc_control_request_t *request)
{
    const sluice_command_t *command = session->command;
    if (session->control == NULL) {
        slc_err_t err = slc_control_connect(command->control_path, command->timeout_ms, &session->control,
                                            &session->error);
        if (err != SLC_OK) {
            sluice_trouble_connect(command->control_path, &session->error);
            return err;
        }
    }
    session->was_sent = true;
    return slc_control_call(session->control, request, session->reply, &session->error);
}

slc_err_t sluice_session_ask(sluice_session_t *session, const slc_control_request_t *request)
{
    slc_err_t err = connect_and_call(session, request);
    bool was_connected = session->control != NULL;
    if (was_connected && (err == SLC_ERR_CLOSED || err == SLC_ERR_IO)) {
        sluice_session_close(session);
        err = connect_and_call(session, request);
    }
    return err;
}

slc_err_t sluice_session_fail(sluice_session_t *session, slc_err_t err, const char *why)
{
    (void)snprintf(session->error.message, sizeof session->error.message, "%s", why);
    session->error.code = err;
    session->error.sys_errno = 0;
    return err;
}

void sluice_session_close(sluice_session_t *session)
{
    slc_control_close(session->control);
    session->control = NULL;
}

bool sluice_session_is_refused(const sluice_session_t *session)
{
    return session->reply->status != SLC_STATUS_ACCEPTED;
}

slc_err_t sluice_session_list(sluice_session_t *session, size_t most, slc_drop_info_t **ret_drops,
                              size_t *ret_count)
{
    slc_control_request_t request = {.op = SLC_CONTROL_LIST_DROPS, .page_size = SLC_DROPS_PAGE_MAX};
    *ret_drops = NULL;
    *ret_count = 0;
    do {
        slc_err_t err = sluice_session_ask(session, &request);
        if (err != SLC_OK || sluice_session_is_refused(session)) {
            return err;
        }
        size_t more = session->reply->drop_count;
        more = more < most - *ret_count ? more : most - *ret_count;
        slc_drop_info_t *grown = realloc(*ret_drops, (*ret_count + more + 1) * sizeof *grown);
        if (grown == NULL) {
            return sluice_session_fail(session, SLC_ERR_NO_MEMORY, "no memory for the list of drops");
        }
        *ret_drops = grown;
        for (size_t i = 0; i < more; i++) {
            grown[(*ret_count)++] = session->reply->drops[i];
        }
        request.drop_id = session->reply->next_after_drop_id;
    } while (request.drop_id != 0 && *ret_count < most);
    return SLC_OK;
}
