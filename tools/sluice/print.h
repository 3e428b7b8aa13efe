/* Answers of the server, for people and as JSON. The keys are those of sluice --help.
 * Threads: one. Owns nothing. Failure: main looks at stdout when it closes it. */
#ifndef SLC_TOOLS_SLUICE_PRINT_H
#define SLC_TOOLS_SLUICE_PRINT_H

#include "command.h"

#include <stdio.h>

/* The answer to anything but a list; of a refusal only the JSON is printed here. */
void sluice_print_reply(const sluice_command_t *command, const slc_control_reply_t *reply, FILE *out);
void sluice_print_drops(const slc_drop_info_t *drops, size_t count, bool json, FILE *out);

/* One object, without a line end. */
void sluice_print_json_drop(const slc_drop_info_t *drop, FILE *out);
void sluice_print_json_engine(const slc_engine_info_t *engine, FILE *out);

#endif
