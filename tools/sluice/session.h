/* A conversation with the server: connects when it is first asked, and once more where the connection was
 * lost on the way.
 * Threads: one. Ownership: the caller's; sluice_session_close frees what it holds.
 * Failure: an error with a sentence in `error` that says what to do (trouble.h). */
#ifndef SLC_TOOLS_SLUICE_SESSION_H
#define SLC_TOOLS_SLUICE_SESSION_H

#include "command.h"

typedef struct sluice_session {
    const sluice_command_t *command;
    slc_control_t *control; /* NULL: not connected */
    slc_control_reply_t *reply;
    slc_error_t error;
    bool was_sent; /* a request went out in this conversation that was perhaps taken in */
} sluice_session_t;

/* A change carries its key, so it happens once even if the server had taken it in before the connection
 * was lost. `reply` is filled behind OK. */
slc_err_t sluice_session_ask(sluice_session_t *session, const slc_control_request_t *request);
/* Sets the error; answers `err`. */
slc_err_t sluice_session_fail(sluice_session_t *session, slc_err_t err, const char *why);
/* Safe to call twice. */
void sluice_session_close(sluice_session_t *session);

/* Whether the reply is a refusal. */
bool sluice_session_is_refused(const sluice_session_t *session);

/* Every page of the drops into one list, at most `most` of them; *ret_drops is the caller's to free, also
 * behind an error. OK also where a page was refused: look at the reply. */
slc_err_t sluice_session_list(sluice_session_t *session, size_t most, slc_drop_info_t **ret_drops,
                              size_t *ret_count);

#endif
