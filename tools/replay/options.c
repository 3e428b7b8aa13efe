#include "options.h"

#include "../common/called.h"
#include "../common/near.h"
#include "text.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    OPTION_FROM = 256,
    OPTION_UNTIL,
    OPTION_DROP,
    OPTION_ORDERS,
    OPTION_LEDGER,
    OPTION_INTO,
    OPTION_USER,
    OPTION_CSV,
    OPTION_SQLITE,
    OPTION_HTML,
    OPTION_LATENCY,
    OPTION_FORCE,
    OPTION_WHAT_IF,
    OPTION_JSON,
};

static const struct option long_options[] = {
    {"from", required_argument, NULL, OPTION_FROM},
    {"until", required_argument, NULL, OPTION_UNTIL},
    {"drop", required_argument, NULL, OPTION_DROP},
    {"orders", no_argument, NULL, OPTION_ORDERS},
    {"ledger", required_argument, NULL, OPTION_LEDGER},
    {"into", required_argument, NULL, OPTION_INTO},
    {"user", required_argument, NULL, OPTION_USER},
    {"csv", required_argument, NULL, OPTION_CSV},
    {"sqlite", required_argument, NULL, OPTION_SQLITE},
    {"what-if", required_argument, NULL, OPTION_WHAT_IF},
    {"html", required_argument, NULL, OPTION_HTML},
    {"latency", required_argument, NULL, OPTION_LATENCY},
    {"force", no_argument, NULL, OPTION_FORCE},
    {"json", no_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

__attribute__((format(printf, 2, 3))) static replay_parsed_t wrong(const replay_command_t *command,
                                                                   const char *format, ...)
{
    va_list arguments;
    called_say("replay", "replay %s: ", command->name);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    called_say("replay", "; see replay %s --help\n", command->name);
    return REPLAY_PARSED_WRONG;
}

/* A number from 1 on. */
static replay_parsed_t parse_number(const replay_command_t *command, const char *option,
                                    const char *value, uint64_t *ret_number)
{
    if (!replay_parse_number(replay_text(value), ret_number) || *ret_number == 0) {
        return wrong(command, "--%s takes a number from 1 on, not '%s'", option, value);
    }
    return REPLAY_PARSED_RUN;
}

/* What a command has to take for an option to be allowed. */
static unsigned needed_for(int option)
{
    switch (option) {
    case OPTION_FROM:
        return REPLAY_TAKES_FROM;
    case OPTION_UNTIL:
        return REPLAY_TAKES_UNTIL;
    case OPTION_DROP:
        return REPLAY_TAKES_DROP;
    case OPTION_ORDERS:
        return REPLAY_TAKES_ORDERS;
    case OPTION_LEDGER:
        return REPLAY_TAKES_LEDGER;
    case OPTION_INTO:
        return REPLAY_TAKES_INTO;
    case OPTION_USER:
        return REPLAY_TAKES_USER;
    case OPTION_WHAT_IF:
        return REPLAY_TAKES_WHAT_IF;
    case OPTION_CSV:
    case OPTION_SQLITE:
    case OPTION_HTML:
    case OPTION_LATENCY:
    case OPTION_FORCE:
        return REPLAY_TAKES_TARGET;
    default:
        return 0;
    }
}

static replay_parsed_t parse_option(const replay_command_t *command, int option, const char *name,
                                    replay_options_t *options)
{
    if ((needed_for(option) & ~command->takes) != 0) {
        return wrong(command, "--%s is not an option of this command", name);
    }
    switch (option) {
    case OPTION_FROM:
        return parse_number(command, name, optarg, &options->from);
    case OPTION_UNTIL:
        return parse_number(command, name, optarg, &options->until);
    case OPTION_DROP:
        return parse_number(command, name, optarg, &options->drop_id);
    case OPTION_ORDERS:
        options->orders = true;
        return REPLAY_PARSED_RUN;
    case OPTION_LEDGER:
        options->ledger = optarg;
        return REPLAY_PARSED_RUN;
    case OPTION_INTO:
        options->into = optarg;
        return REPLAY_PARSED_RUN;
    case OPTION_USER:
        options->user = optarg;
        return REPLAY_PARSED_RUN;
    case OPTION_CSV:
        options->csv = optarg;
        return REPLAY_PARSED_RUN;
    case OPTION_SQLITE:
        options->sqlite = optarg;
        return REPLAY_PARSED_RUN;
    case OPTION_WHAT_IF:
        options->what_if = optarg;
        return REPLAY_PARSED_RUN;
    case OPTION_HTML:
        options->html = optarg;
        return REPLAY_PARSED_RUN;
    case OPTION_LATENCY:
        options->latency = optarg;
        return REPLAY_PARSED_RUN;
    case OPTION_FORCE:
        options->force = true;
        return REPLAY_PARSED_RUN;
    case OPTION_JSON:
        options->json = true;
        return REPLAY_PARSED_RUN;
    case 'h':
        return REPLAY_PARSED_HELP;
    default:
        return REPLAY_PARSED_WRONG;
    }
}

/* Of what this command takes, the nearest to what was written. */
static replay_parsed_t unknown_option(const replay_command_t *command, const char *written)
{
    near_t near;
    char name[NEAR_NAME_BYTES];
    const char *word = written + strspn(written, "-");
    size_t bytes = strcspn(word, "=");
    (void)snprintf(name, sizeof name, "%.*s", bytes < sizeof name ? (int)bytes : 0, word);
    near_begin(&near, name);
    for (const struct option *option = long_options; option->name != NULL; option++) {
        if ((needed_for(option->val) & ~command->takes) == 0) {
            near_consider(&near, option->name);
        }
    }
    if (near.nearest == NULL) {
        return wrong(command, "there is no option '%s'", written);
    }
    return wrong(command, "there is no option '%s'; did you mean --%s", written, near.nearest);
}

/* What getopt stumbled over: a long option that is none, or has a value that it does not take, or a
 * letter, which may stand among others. */
static replay_parsed_t not_an_option(const replay_command_t *command, const char *written)
{
    if (optopt == 0) {
        return unknown_option(command, written);
    }
    for (const struct option *option = long_options; option->name != NULL; option++) {
        if (option->val == optopt) {
            return wrong(command, "--%s takes no value", option->name);
        }
    }
    return wrong(command, "there is no option '-%c'", optopt);
}

replay_parsed_t replay_parse(const replay_command_t *command, int argc, char **argv,
                             replay_options_t *ret_options)
{
    *ret_options = (replay_options_t){.from = 1, .until = UINT64_MAX};
    opterr = 0;
    for (;;) {
        int index = 0;
        int option = getopt_long(argc, argv, ":h", long_options, &index);
        if (option == -1) {
            break;
        }
        if (option == '?') {
            return not_an_option(command, argv[optind - 1]);
        }
        if (option == ':') {
            return wrong(command, "%s needs a value", argv[optind - 1]);
        }
        replay_parsed_t parsed = parse_option(command, option, long_options[index].name, ret_options);
        if (parsed != REPLAY_PARSED_RUN) {
            return parsed;
        }
    }
    if (argc - optind != 1) {
        return wrong(command,
                     argc == optind ? "no data directory is named" : "one data directory at a time");
    }
    ret_options->directory = argv[optind];
    return REPLAY_PARSED_RUN;
}
