/* What went wrong, said so that the reader knows what to do next.
 * Threads: one. Owns nothing. Cannot fail: what cannot be found out stays as it was said. */
#ifndef SLC_TOOLS_SLUICE_TROUBLE_H
#define SLC_TOOLS_SLUICE_TROUBLE_H

#include "command.h"

#include <stdio.h>

/* Rewrites the sentence of a connect that failed: no server, a stale socket, whose socket it is. */
void sluice_trouble_connect(const char *path, slc_error_t *error);

/* Says what a refusal means and what to do. `drops` are those that there are, or NULL where they are not
 * known; only for an unknown drop. */
void sluice_trouble_refused(const sluice_command_t *command, const slc_control_reply_t *reply,
                            const slc_drop_info_t *drops, size_t count, FILE *out);

/* Says what broke a call. `was_sent`: the server may have taken the request in, so a change is to be
 * asked again with its key. */
void sluice_trouble_failed(const sluice_command_t *command, const slc_error_t *error, bool was_sent,
                           FILE *out);

#endif
