/* The command line of replay: which command, and its options.
 * Threads: one. Ownership: texts are static or point into argv. Failure: USAGE, said on stderr. */
#ifndef REPLAY_OPTIONS_H
#define REPLAY_OPTIONS_H

#include "replay.h"

/* Options that a command may take beside --json and --help. */
enum {
    REPLAY_TAKES_FROM = 1 << 0,
    REPLAY_TAKES_UNTIL = 1 << 1,
    REPLAY_TAKES_DROP = 1 << 2,
    REPLAY_TAKES_ORDERS = 1 << 3,
    REPLAY_TAKES_LEDGER = 1 << 4,
    REPLAY_TAKES_INTO = 1 << 5,
    REPLAY_TAKES_USER = 1 << 6,
    REPLAY_TAKES_WHAT_IF = 1 << 8,
    REPLAY_TAKES_TARGET = 1 << 7, /* --csv, --sqlite, --force */
};

typedef struct replay_command {
    const char *name;
    const char *summary; /* one line */
    const char *help;    /* examples first */
    unsigned takes;
    int (*run)(const replay_options_t *options);
} replay_command_t;

typedef enum replay_parsed {
    REPLAY_PARSED_RUN,
    REPLAY_PARSED_HELP,
    REPLAY_PARSED_WRONG, /* and it has been said why */
} replay_parsed_t;

/* Reads what stands behind the command: argv[0] is its name. */
replay_parsed_t replay_parse(const replay_command_t *command, int argc, char **argv,
                             replay_options_t *ret_options);

#endif
