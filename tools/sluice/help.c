#include "help.h"

#include <string.h>

#define WIDTH 100
#define COLUMN 25 /* where what a name means begins */

static const char EXAMPLES[] =
    "Examples:\n"
    "  sluice drop open 1 --stock 10000 --per-user 2 --name \"Sneaker, blue\"\n"
    "  sluice drop open 2 --stock 500 --opens-at 2026-12-01T09:00:00Z --closes-at 2026-12-01T10:00:00Z\n"
    "  sluice drop adjust 1 -50\n"
    "  sluice drop list\n"
    "  sluice watch\n"
    "  sluice order cancel 4711\n"
    "  sluice --data-dir /var/lib/sluice status --json\n"
    "\n"
    "usage: sluice COMMAND [ID] [OPTION]...\n"
    "\n"
    "Operates a Sluice server over its control socket. A change is answered once it is durable.\n";

static const char TIMES[] =
    "\n"
    "TIME is 2026-12-01T09:00:00Z (UTC), +SECONDS from now, or microseconds since 1970.\n";

static const char KEYS[] =
    "\n"
    "JSON keys:\n"
    "  drop      drop_id, name, stock, sold, remaining, per_user_limit (0: none), opens_at_us, "
    "closes_at_us\n"
    "            (0: never), closed, orders, cancelled; drop list: {\"drops\": [...]}\n"
    "  order     order_id, drop_id, user, quantity, order_key (16 hex digits), time_us, cancelled\n"
    "  status    sequence (also as applied_sequence), digest (16 hex digits), drops, orders, version,\n"
    "            durability, journal_method, uptime_us, connections, read_only (null: it sells),\n"
    "            attempts_missing, journal_bytes, journal_segments, snapshot_sequence (0: none),\n"
    "            snapshot_bytes, snapshot_time_us, snapshots_written, snapshots_failed,\n"
    "            snapshot_error (null: the last one succeeded), restored_events,\n"
    "            buys_answered, buys_refused (both since the start)\n"
    "  watch     a line for each look: time_us, status (as above), drops: [...] (as above, the first\n"
    "            2000), events_per_s, orders_per_s, refusals_per_s (null: nothing to compare with\n"
    "            yet); instead of these while no server answers: time_us, error\n"
    "  a change, a snapshot, and whatever is refused\n"
    "            status, message, replayed, sequence, time_us, op_key (16 hex digits; null for none), "
    "drop\n"
    "            or order where the server tells it\n";

static const char CODES[] = "\nExit: 0 done, 1 refused by the server, 2 usage, 5 input or output.\n";

/* `head` in its column, `text` beside it, broken at spaces. */
static void print_entry(const char *head, const char *text, FILE *out)
{
    size_t at = (size_t)fprintf(out, "  %s", head);
    if (at >= COLUMN - 1) {
        (void)fputs("\n", out);
        at = 0;
    }
    fprintf(out, "%*s", (int)(COLUMN - at), "");
    at = COLUMN;
    while (*text != '\0') {
        size_t word = strcspn(text, " ");
        if (at > COLUMN && at + 1 + word > WIDTH) {
            fprintf(out, "\n%*s", COLUMN, "");
            at = COLUMN;
        }
        at += (size_t)fprintf(out, at > COLUMN ? " %.*s" : "%.*s", (int)word, text);
        text += word;
        text += *text == ' ' ? 1 : 0;
    }
    (void)fputs("\n", out);
}

static void print_options(unsigned options, FILE *out)
{
    for (int i = 0; i < SLUICE_OPT_COUNT; i++) {
        if ((options & SLUICE_OPTION_BIT(i)) != 0) {
            const sluice_option_t *option = &sluice_options[i];
            char head[64];
            (void)snprintf(head, sizeof head, "--%s%s%s", option->name,
                           option->argument == NULL ? "" : " ",
                           option->argument == NULL ? "" : option->argument);
            print_entry(head, option->help, out);
        }
    }
}

static void print_verb(const sluice_verb_t *verb, FILE *out)
{
    char head[160];
    (void)snprintf(head, sizeof head, "%s%s%s%s%s", verb->words[0], verb->words[1] == NULL ? "" : " ",
                   verb->words[1] == NULL ? "" : verb->words[1], verb->arguments[0] == '\0' ? "" : " ",
                   verb->arguments);
    print_entry(head, verb->help, out);
}

void sluice_help_print(FILE *out)
{
    unsigned others = 0;
    (void)fputs(EXAMPLES, out);
    (void)fputs("\nCommands:\n", out);
    for (size_t i = 0; i < sluice_verb_count; i++) {
        print_verb(&sluice_verbs[i], out);
        others |= sluice_verbs[i].options & ~sluice_common_options;
    }
    (void)fputs("\nOptions of every command, before or behind its words:\n", out);
    print_options(sluice_common_options, out);
    (void)fputs("\nOptions of some (sluice COMMAND --help says of which):\n", out);
    print_options(others, out);
    (void)fputs(TIMES, out);
    (void)fputs(KEYS, out);
    (void)fputs(CODES, out);
}

void sluice_help_print_verb(const sluice_verb_t *verb, FILE *out)
{
    fprintf(out, "usage: sluice %s%s%s%s%s\n\n%s\n\nOptions:\n", verb->words[0],
            verb->words[1] == NULL ? "" : " ", verb->words[1] == NULL ? "" : verb->words[1],
            verb->arguments[0] == '\0' ? "" : " ", verb->arguments, verb->help);
    print_options(verb->options, out);
    if ((verb->options & SLUICE_OPTION_BIT(SLUICE_OPT_OPENS_AT)) != 0) {
        (void)fputs(TIMES, out);
    }
    (void)fputs("\nsluice --help has examples, and the keys of the JSON.\n", out);
}
