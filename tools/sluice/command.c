#include "command.h"

#include "help.h"
#include "line.h"
#include "when.h"

#include <sluice/build.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define wrong sluice_line_wrong

/* ---- values ---- */

static bool number(const char *what, const char *text, uint64_t *ret_value)
{
    errno = 0;
    bool digits = text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
    *ret_value = digits ? strtoull(text, NULL, 10) : 0;
    char why[96];
    (void)snprintf(why, sizeof why, "needs a whole number, not '%.40s'", text);
    return (digits && errno == 0) || wrong(what, why);
}

static bool delta(const sluice_line_t *line, const char *operand, int64_t *ret_value)
{
    const char *texts[] = {operand, line->values[SLUICE_OPT_BY], line->values[SLUICE_OPT_DELTA]};
    const char *text = NULL;
    for (int i = 0; i < 3; i++) {
        if (texts[i] != NULL && text != NULL) {
            return wrong("drop adjust", "DELTA is given twice");
        }
        text = texts[i] == NULL ? text : texts[i];
    }
    if (text == NULL) {
        return wrong("drop adjust", "by how much? sluice drop adjust ID DELTA");
    }
    char *end;
    errno = 0;
    *ret_value = strtoll(text, &end, 10);
    return (end != text && *end == '\0' && errno == 0) ||
           wrong("DELTA", "needs a whole number such as 50 or -50");
}

static bool moment(const sluice_line_t *line, sluice_option_id_t option, uint64_t *ret_us)
{
    const char *text = line->values[option];
    if (text == NULL || sluice_when_parse(text, sluice_when_now_us(), ret_us)) {
        return true;
    }
    return wrong(text, "needs 2026-12-01T09:00:00Z, +SECONDS, or microseconds since 1970");
}

static bool op_key(const char *text, uint64_t *ret_key)
{
    if (text == NULL) {
        /* Without randomness a key could be one that was used before: none at all is refused. */
        bool drawn = getrandom(ret_key, sizeof *ret_key, 0) == (ssize_t)sizeof *ret_key;
        *ret_key |= 1; /* 0 means none */
        return drawn || wrong("--op-key", "none can be drawn here; give one");
    }
    bool hex =
        text[0] != '\0' && strlen(text) <= 16 && strspn(text, "0123456789abcdefABCDEF") == strlen(text);
    *ret_key = hex ? strtoull(text, NULL, 16) : 0;
    return *ret_key != 0 || wrong("--op-key", "needs 1 to 16 hex digits, not all 0");
}

static bool control_path(const sluice_line_t *line, char *out, size_t capacity)
{
    const char *path = line->values[SLUICE_OPT_CONTROL];
    const char *folder = line->values[SLUICE_OPT_DATA_DIR];
    if (path == NULL && folder == NULL) {
        path = getenv("SLUICE_CONTROL");
        folder = getenv("SLUICE_DATA_DIR");
    }
    folder = folder == NULL || folder[0] == '\0' ? "sluice-data" : folder;
    bool has_path = path != NULL && path[0] != '\0';
    int bytes = has_path ? snprintf(out, capacity, "%s", path)
                         : snprintf(out, capacity, "%s/control.sock", folder);
    return (bytes > 0 && (size_t)bytes < capacity) || wrong("--control", "the path is too long");
}

static bool timeout(const char *text, uint32_t *ret_ms)
{
    uint64_t seconds = 30;
    if (text != NULL && !number("--timeout", text, &seconds)) {
        return false;
    }
    *ret_ms = (uint32_t)(seconds * 1000);
    return (seconds > 0 && seconds <= 86400) || wrong("--timeout", "needs 1 to 86400 seconds");
}

/* ---- putting together ---- */

static bool fill_open(const sluice_line_t *line, slc_control_request_t *request)
{
    const char *stock = line->values[SLUICE_OPT_STOCK];
    const char *per_user = line->values[SLUICE_OPT_PER_USER];
    request->name = line->values[SLUICE_OPT_NAME];
    if (stock == NULL) {
        return wrong("drop open", "how many units? --stock N");
    }
    return number("--stock", stock, &request->stock) &&
           (per_user == NULL || number("--per-user", per_user, &request->per_user_limit)) &&
           moment(line, SLUICE_OPT_OPENS_AT, &request->opens_at_us) &&
           moment(line, SLUICE_OPT_CLOSES_AT, &request->closes_at_us);
}

static bool fill_watch(const sluice_line_t *line, sluice_command_t *command)
{
    const char *interval = line->values[SLUICE_OPT_INTERVAL];
    const char *frames = line->values[SLUICE_OPT_FRAMES];
    bool once = line->values[SLUICE_OPT_ONCE] != NULL;
    char *end = NULL;
    double seconds = interval == NULL ? 1 : strtod(interval, &end);
    /* Written this way round it refuses "nan", too. */
    if ((end != NULL && (end == interval || *end != '\0')) || !(seconds >= 0.1 && seconds <= 3600)) {
        return wrong("--interval", "needs 0.1 to 3600 seconds");
    }
    if (once && frames != NULL) {
        return wrong("--once", "is --count 1; give one of them");
    }
    if (frames != NULL && !number("--count", frames, &command->frames)) {
        return false;
    }
    if (frames != NULL && command->frames == 0) {
        return wrong("--count", "needs 1 or more");
    }
    command->frames = once ? 1 : command->frames;
    command->plain = once;
    command->interval_ms = (uint32_t)(seconds * 1000 + 0.5);
    return true;
}

static const char *what_is_missing(const sluice_verb_t *verb)
{
    return verb->operand == SLUICE_ORDER_ID
               ? "which order? its ID is missing (the buyer's answer had it as order_id)"
               : "which drop? its ID is missing (sluice drop list shows all)";
}

static bool fill_operands(const sluice_line_t *line, const sluice_verb_t *verb, size_t words,
                          slc_control_request_t *request)
{
    const char *operand = line->word_count > words ? line->words[words] : NULL;
    size_t operands = line->word_count - words;
    size_t most = verb->operand == SLUICE_NO_OPERAND          ? 0
                  : verb->operand == SLUICE_DROP_ID_AND_DELTA ? 2
                                                              : 1;
    if (operands > most) {
        return wrong(line->words[line->word_count - 1], "one word too many");
    }
    if (most > 0 && operand == NULL) {
        return wrong(verb->words[1], what_is_missing(verb));
    }
    if (most > 0 && !number("ID", operand,
                            verb->operand == SLUICE_ORDER_ID ? &request->order_id : &request->drop_id)) {
        return false;
    }
    return verb->operand != SLUICE_DROP_ID_AND_DELTA ||
           delta(line, operands == 2 ? line->words[words + 1] : NULL, &request->delta);
}

static bool fill(const sluice_line_t *line, const sluice_verb_t *verb, size_t words,
                 sluice_command_t *command)
{
    slc_control_request_t *request = &command->request;
    request->op = verb->op;
    command->action = verb->action;
    command->is_change = (verb->options & SLUICE_OPTION_BIT(SLUICE_OPT_OP_KEY)) != 0;
    command->wait = verb->action == SLUICE_ACT_SNAPSHOT && line->values[SLUICE_OPT_NO_WAIT] == NULL;
    command->json = line->values[SLUICE_OPT_JSON] != NULL;
    return fill_operands(line, verb, words, request) &&
           (verb->op != SLC_CONTROL_OPEN_DROP || fill_open(line, request)) &&
           (verb->action != SLUICE_ACT_WATCH || fill_watch(line, command)) &&
           control_path(line, command->control_path, sizeof command->control_path) &&
           timeout(line->values[SLUICE_OPT_TIMEOUT], &command->timeout_ms) &&
           (!command->is_change || op_key(line->values[SLUICE_OPT_OP_KEY], &request->op_key));
}

static sluice_parsed_t print_help(const sluice_line_t *line)
{
    size_t words;
    const sluice_verb_t *verb = sluice_line_verb(line, true, &words);
    if (verb == NULL) {
        sluice_help_print(stdout);
    } else {
        sluice_help_print_verb(verb, stdout);
    }
    return SLUICE_DONE;
}

sluice_parsed_t sluice_command_parse(int argc, char **argv, sluice_command_t *ret_command)
{
    sluice_line_t line;
    memset(ret_command, 0, sizeof *ret_command);
    if (!sluice_line_read(&line, argc, argv)) {
        return SLUICE_WRONG;
    }
    if (line.values[SLUICE_OPT_HELP] != NULL) {
        return print_help(&line);
    }
    if (line.values[SLUICE_OPT_VERSION] != NULL) {
        (void)printf("sluice %s (commit %s)\n", slc_build_version(), slc_build_commit());
        return SLUICE_DONE;
    }
    size_t words;
    const sluice_verb_t *verb = sluice_line_verb(&line, false, &words);
    return verb != NULL && sluice_line_fits(&line, verb) && fill(&line, verb, words, ret_command)
               ? SLUICE_RUN
               : SLUICE_WRONG;
}
