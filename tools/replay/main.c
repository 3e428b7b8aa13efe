/* The commands of replay. */
#include "options.h"

#include <stdio.h>
#include <string.h>

static const char verify_help[] =
    "  replay verify /var/lib/sluice\n"
    "  replay verify --json /var/lib/sluice | jq .last_sequence\n"
    "\n"
    "usage: replay verify DIR [--json]\n"
    "\n"
    "Reads every block: its checksum, its place in the chain, its sequences, its events. Names segment\n"
    "and offset of the first damage. An open tail (a live server) or a torn one (a killed server) is no\n"
    "damage: nothing in it was ever acknowledged.\n"
    "\n"
    "JSON: {directory, result: ok|damaged, segments, blocks, seals, bytes, events, first_sequence,\n"
    "last_sequence, first_time_us, last_time_us, digest_pairs, tail: empty|sealed|open|torn|not "
    "reached,\n"
    "tail_segment, tail_offset, error}; of a damaged journal what stands before the damage.\n"
    "\n"
    "exit: 0 sound, 2 usage, 4 damaged, 5 not readable\n";

static const char dump_help[] =
    "  replay dump /var/lib/sluice\n"
    "  replay dump /var/lib/sluice --from 1000 --until 2000\n"
    "  replay dump /var/lib/sluice --drop 7 --json | jq -r 'select(.type == \"ORDER_PLACED\").user'\n"
    "\n"
    "usage: replay dump DIR [--from SEQ] [--until SEQ] [--drop ID] [--json]\n"
    "\n"
    "Shows the events, one a line: what was asked, in the one order of events. Whether it succeeded is\n"
    "not written anywhere; replay state rebuilds it.\n"
    "\n"
    "  --from SEQ    begin with this event\n"
    "  --until SEQ   end with this event\n"
    "  --drop ID     only events of this drop, cancellations of its orders among them (the journal is\n"
    "                then read from its beginning, to know which orders those are)\n"
    "  --json        one JSON object a line\n"
    "\n"
    "JSON: {sequence, time_us, type, ...} with the fields of\n"
    "  ORDER_PLACED     drop_id, user, quantity, order_key\n"
    "  DROP_OPENED      drop_id, stock, per_user_limit, opens_at_us, closes_at_us, name, op_key\n"
    "  STOCK_ADJUSTED   drop_id, delta, op_key\n"
    "  DROP_CLOSED      drop_id, op_key\n"
    "  DROP_PURGED      drop_id, op_key\n"
    "  ORDER_CANCELLED  order_id, op_key\n"
    "order_key and op_key are strings of 16 hex digits, all zeros where none was given. Other numbers\n"
    "may need all 64 bits.\n"
    "\n"
    "exit: 0 done, 2 usage, 4 damaged (what stands before the damage is shown), 5 not readable\n";

static const char state_help[] =
    "  replay state /var/lib/sluice\n"
    "  replay state /var/lib/sluice --until 5000 --json | jq -r .digest\n"
    "  replay state /var/lib/sluice --orders --json | jq '.drops[].order_list | length'\n"
    "\n"
    "usage: replay state DIR [--until SEQ] [--orders] [--json]\n"
    "\n"
    "Applies the events through the engine's own logic and shows the drops and the state digest, which "
    "is\n"
    "computed here, never copied from a file.\n"
    "\n"
    "  --until SEQ   the state behind this event; otherwise behind the last one\n"
    "  --orders      the orders of each drop too\n"
    "\n"
    "JSON: {sequence, digest, drops: [{drop_id, name, stock, sold, remaining, per_user_limit, "
    "opens_at_us,\n"
    "closes_at_us, closed, orders, cancelled}]}; orders is their number, the cancelled ones among them;\n"
    "with --orders also order_list: [{order_id, user, quantity, order_key, time_us, cancelled}]. digest\n"
    "and order_key are strings of 16 hex digits.\n"
    "\n"
    "exit: 0 done, 2 usage (also where the journal ends before SEQ), 4 damaged, 5 not readable\n";

static const char audit_help[] =
    "  replay audit /var/lib/sluice\n"
    "  replay audit /var/lib/sluice --ledger accepted.tsv\n"
    "  replay audit --json /var/lib/sluice | jq '.checks[] | select(.pass | not)'\n"
    "\n"
    "usage: replay audit DIR [--ledger FILE] [--json]\n"
    "\n"
    "Judges every event anew, from the beginning of the journal, by an implementation of the rules that\n"
    "shares no code with the engine's logic. The journal holds what was asked, not what came of it, so "
    "one\n"
    "witness alone proves nothing; three are heard:\n"
    "  - the journal, whose blocks carry digests of the state that the live engine had;\n"
    "  - two logics, the engine's own and the audit's, which must agree on every drop and every order;\n"
    "  - with --ledger, what clients heard.\n"
    "Whatever one of them has sold too often, doubled or lost, another one contradicts.\n"
    "\n"
    "One line for each check, PASS or FAIL with what is wrong and where; the last line is 'audit PASS' "
    "or\n"
    "'audit FAIL'.\n"
    "\n"
    "  --ledger FILE   the ACCEPTED replies that clients heard, one a line, fields with tabs between:\n"
    "                  order_id drop_id user quantity order_key sequence replayed\n"
    "                  order_key in 16 hex digits, replayed 0 or 1, numbers decimal; in user a tab, a "
    "line\n"
    "                  break and a backslash stand as \\t, \\n and \\\\. A broken last line is left "
    "out.\n"
    "                  An order that was cancelled or purged later still stands as it was placed.\n"
    "\n"
    "JSON: {directory, from, first_sequence, last_sequence, events, digest, checks: [{name, pass,\n"
    "looked_at, failures, finding}], result: PASS|FAIL}; names are sequences_without_gaps,\n"
    "time_never_goes_back, no_drop_oversold, no_order_key_bought_twice, no_per_user_limit_passed,\n"
    "units_conserved, digest_pairs_right, engine_agrees, ledger_stands, ledger_not_doubled.\n"
    "\n"
    "exit: 0 PASS, 1 FAIL, 2 usage (also a broken ledger), 4 damaged, 5 not readable\n";

static const replay_command_t commands[] = {
    {"verify", "every checksum, chain and sequence", verify_help, 0, replay_verify},
    {"dump", "the events", dump_help, REPLAY_TAKES_FROM | REPLAY_TAKES_UNTIL | REPLAY_TAKES_DROP,
     replay_dump},
    {"state", "drops, orders and the state digest", state_help, REPLAY_TAKES_UNTIL | REPLAY_TAKES_ORDERS,
     replay_state},
    {"audit", "a second opinion on every outcome", audit_help, REPLAY_TAKES_LEDGER, replay_audit},
};

#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static void print_help(FILE *out)
{
    (void)fputs(
        "  replay verify /var/lib/sluice\n"
        "  replay dump /var/lib/sluice --from 1000 --until 2000\n"
        "  replay state /var/lib/sluice --json\n"
        "  replay audit /var/lib/sluice --ledger accepted.tsv\n"
        "\n"
        "usage: replay COMMAND DIR [OPTION]...\n"
        "\n"
        "Reads the data directory of sluiced, beside a live server or without one. Never writes to it.\n"
        "\n",
        out);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        (void)fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
    }
    (void)fputs("\n"
                "Each takes --json and --help. replay --version names the version.\n"
                "\n"
                "exit: 0 done, 1 a check failed, 2 usage, 4 damaged journal, 5 input or output failed\n",
                out);
}

static int unknown_command(const char *name)
{
    (void)fprintf(stderr, "replay: there is no command '%s'; there are", name);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        (void)fprintf(stderr, "%s %s", i == 0 ? "" : ",", commands[i].name);
    }
    (void)fputs("; see replay --help\n", stderr);
    return REPLAY_USAGE;
}

static int run_command(const replay_command_t *command, int argc, char **argv)
{
    replay_options_t options;
    switch (replay_parse(command, argc, argv, &options)) {
    case REPLAY_PARSED_HELP:
        (void)fputs(command->help, stdout);
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
        puts("replay " SLC_VERSION);
        return replay_flush(REPLAY_DONE);
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return run_command(&commands[i], argc - 1, argv + 1);
        }
    }
    return unknown_command(argv[1]);
}
