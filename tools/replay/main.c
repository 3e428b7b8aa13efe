/* The commands of replay. */
#include "../common/called.h"
#include "../common/near.h"
#include "help.h"
#include "options.h"

#include <sluice/build.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const replay_command_t commands[] = {
    {"verify", "every checksum, chain and sequence", replay_verify_help, 0, replay_verify},
    {"dump", "the events", replay_dump_help, REPLAY_TAKES_FROM | REPLAY_TAKES_UNTIL | REPLAY_TAKES_DROP,
     replay_dump},
    {"state", "drops, orders and the state digest", replay_state_help,
     REPLAY_TAKES_UNTIL | REPLAY_TAKES_DROP | REPLAY_TAKES_ORDERS | REPLAY_TAKES_WHAT_IF, replay_state},
    {"audit", "a second opinion on every outcome", replay_audit_help, REPLAY_TAKES_LEDGER, replay_audit},
    {"explain", "why this user won or lost", replay_explain_help,
     REPLAY_TAKES_FROM | REPLAY_TAKES_UNTIL | REPLAY_TAKES_DROP | REPLAY_TAKES_USER, replay_explain},
    {"export", "orders as CSV or SQLite; how a drop went as a page", replay_export_help,
     REPLAY_TAKES_FROM | REPLAY_TAKES_UNTIL | REPLAY_TAKES_DROP | REPLAY_TAKES_TARGET, replay_export},
    {"compact", "the state as a new directory of one snapshot", replay_compact_help, REPLAY_TAKES_INTO,
     replay_compact},
};

#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static void print_help(FILE *out)
{
    called_print(
        out,
        "  replay verify /var/lib/sluice\n"
        "  replay dump /var/lib/sluice --from 1000 --until 2000\n"
        "  replay state /var/lib/sluice --json\n"
        "  replay audit /var/lib/sluice --ledger accepted.tsv\n"
        "  replay state /var/lib/sluice --what-if stock=2000,per-user=1\n"
        "  replay explain /var/lib/sluice --drop 1 --user ada\n"
        "  replay export /var/lib/sluice --sqlite orders.db\n"
        "  replay export /var/lib/sluice --html drop.html\n"
        "  replay compact /var/lib/sluice --into /var/lib/sluice-new\n"
        "\n"
        "usage: replay COMMAND DIR [OPTION]...\n"
        "\n"
        "Reads the data directory of sluiced, beside a live server or without one. Never writes to it.\n"
        "\n",
        "replay", NULL);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        (void)fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
    }
    called_print(out,
                 "\n"
                 "Each takes --json and --help. replay --version names the version.\n"
                 "\n"
                 "exit: 0 done, 1 a check failed, 2 usage, 4 damaged journal or snapshot, 5 input or "
                 "output failed\n",
                 "replay", NULL);
}

static int unknown_command(const char *name)
{
    near_t near;
    near_begin(&near, name);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        near_consider(&near, commands[i].name);
    }
    called_say("replay", "replay: there is no command '%s'; ", name);
    if (near.nearest != NULL) {
        (void)fprintf(stderr, "did you mean %s? ", near.nearest);
    }
    (void)fputs("there are", stderr);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        (void)fprintf(stderr, "%s %s", i == 0 ? "" : ",", commands[i].name);
    }
    called_say("replay", "; see replay --help\n");
    return REPLAY_USAGE;
}

static int run_command(const replay_command_t *command, int argc, char **argv)
{
    replay_options_t options;
    switch (replay_parse(command, argc, argv, &options)) {
    case REPLAY_PARSED_HELP:
        called_print(stdout, command->help, "replay", NULL);
        return replay_flush(REPLAY_DONE);
    case REPLAY_PARSED_WRONG:
        return REPLAY_USAGE;
    case REPLAY_PARSED_RUN:
        break;
    }
    return command->run(&options);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return REPLAY_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return replay_flush(REPLAY_DONE);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("%s %s (commit %s)\n", program_invocation_short_name, slc_build_version(),
               slc_build_commit());
        return replay_flush(REPLAY_DONE);
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return run_command(&commands[i], argc - 1, argv + 1);
        }
    }
    return unknown_command(argv[1]);
}
