/* A command of the operators' client, read from its command line by the table: which words, which options
 * go with them, and the request that they make.
 * Threads: one.
 * Ownership: texts point into argv and the environment; `control_path` is the command's.
 * Failure: SLUICE_WRONG, with the reason and what to write instead on stderr. */
#ifndef SLC_TOOLS_SLUICE_COMMAND_H
#define SLC_TOOLS_SLUICE_COMMAND_H

#include "table.h"

#include <sluice/client.h>

typedef enum sluice_parsed {
    SLUICE_RUN,
    SLUICE_DONE, /* --help or --version: printed */
    SLUICE_WRONG,
} sluice_parsed_t;

typedef struct sluice_command {
    slc_control_request_t request;
    sluice_action_t action;
    bool is_change; /* gets an op_key */
    bool wait;      /* for a snapshot to be on disk */
    bool json;
    bool plain; /* of a watch: no live view, also on a terminal */
    uint32_t timeout_ms;
    uint32_t interval_ms; /* of a watch */
    uint64_t frames;      /* of a watch; 0: until it is ended */
    char control_path[4096];
} sluice_command_t;

sluice_parsed_t sluice_command_parse(int argc, char **argv, sluice_command_t *ret_command);

#endif
