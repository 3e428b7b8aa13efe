#include "command.h"

#include "help.h"
#include "when.h"

#include <sluice/build.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* ---- what there is ---- */

typedef enum option_id {
    OPT_CONTROL,
    OPT_DATA_DIR,
    OPT_JSON,
    OPT_TIMEOUT,
    OPT_OP_KEY,
    OPT_STOCK,
    OPT_PER_USER,
    OPT_OPENS_AT,
    OPT_CLOSES_AT,
    OPT_NAME,
    OPT_BY,
    OPT_DELTA,
    OPT_NO_WAIT,
    OPT_HELP,
    OPT_VERSION,
    OPT_COUNT,
} option_id_t;

#define BIT(option) (1u << (option))
#define ALWAYS                                                                                           \
    (BIT(OPT_CONTROL) | BIT(OPT_DATA_DIR) | BIT(OPT_JSON) | BIT(OPT_TIMEOUT) | BIT(OPT_HELP) |           \
     BIT(OPT_VERSION))
#define CHANGE (ALWAYS | BIT(OPT_OP_KEY))

static const struct {
    const char *name;
    bool has_value;
} OPTIONS[OPT_COUNT] = {
    [OPT_CONTROL] = {"control", true},
    [OPT_DATA_DIR] = {"data-dir", true},
    [OPT_JSON] = {"json", false},
    [OPT_TIMEOUT] = {"timeout", true},
    [OPT_OP_KEY] = {"op-key", true},
    [OPT_STOCK] = {"stock", true},
    [OPT_PER_USER] = {"per-user", true},
    [OPT_OPENS_AT] = {"opens-at", true},
    [OPT_CLOSES_AT] = {"closes-at", true},
    [OPT_NAME] = {"name", true},
    [OPT_BY] = {"by", true},
    [OPT_DELTA] = {"delta", true},
    [OPT_NO_WAIT] = {"no-wait", false},
    [OPT_HELP] = {"help", false},
    [OPT_VERSION] = {"version", false},
};

typedef enum operand { NO_OPERAND, DROP_ID, ORDER_ID } operand_t;

typedef struct verb {
    const char *words[2]; /* the second is NULL for a single word */
    slc_control_op_t op;
    operand_t operand;
    unsigned options; /* that go with it */
} verb_t;

static const verb_t VERBS[] = {
    {{"drop", "open"},
     SLC_CONTROL_OPEN_DROP,
     DROP_ID,
     CHANGE | BIT(OPT_STOCK) | BIT(OPT_PER_USER) | BIT(OPT_OPENS_AT) | BIT(OPT_CLOSES_AT) |
         BIT(OPT_NAME)},
    {{"drop", "adjust"}, SLC_CONTROL_ADJUST_STOCK, DROP_ID, CHANGE | BIT(OPT_BY) | BIT(OPT_DELTA)},
    {{"drop", "close"}, SLC_CONTROL_CLOSE_DROP, DROP_ID, CHANGE},
    {{"drop", "purge"}, SLC_CONTROL_PURGE_DROP, DROP_ID, CHANGE},
    {{"drop", "show"}, SLC_CONTROL_GET_DROP, DROP_ID, ALWAYS},
    {{"drop", "list"}, SLC_CONTROL_LIST_DROPS, NO_OPERAND, ALWAYS},
    {{"order", "show"}, SLC_CONTROL_GET_ORDER, ORDER_ID, ALWAYS},
    {{"order", "cancel"}, SLC_CONTROL_CANCEL_ORDER, ORDER_ID, CHANGE},
    {{"snapshot", NULL}, SLC_CONTROL_TAKE_SNAPSHOT, NO_OPERAND, ALWAYS | BIT(OPT_NO_WAIT)},
    {{"status", NULL}, SLC_CONTROL_GET_STATUS, NO_OPERAND, ALWAYS},
};

#define WORDS_MAX 4

/* A command line taken apart: options anywhere, everything else is a word, "-5" among them. */
typedef struct line {
    const char *values[OPT_COUNT]; /* NULL: not given; "" for one without a value */
    const char *words[WORDS_MAX];
    size_t word_count;
} line_t;

static bool wrong(const char *what, const char *why)
{
    fprintf(stderr, "sluice: %s: %s; see sluice --help\n", what, why);
    return false;
}

/* ---- taking apart ---- */

static bool take_option(line_t *line, int argc, char **argv, int *at)
{
    const char *name = argv[*at] + 2;
    size_t bytes = strcspn(name, "=");
    for (int i = 0; i < OPT_COUNT; i++) {
        if (strlen(OPTIONS[i].name) != bytes || strncmp(OPTIONS[i].name, name, bytes) != 0) {
            continue;
        }
        const char *value = name[bytes] == '=' ? name + bytes + 1 : NULL;
        if (!OPTIONS[i].has_value && value != NULL) {
            return wrong(argv[*at], "this option has no value");
        }
        if (OPTIONS[i].has_value && value == NULL) {
            if (*at + 1 == argc) {
                return wrong(argv[*at], "needs a value");
            }
            value = argv[++*at];
        }
        line->values[i] = value == NULL ? "" : value;
        return true;
    }
    return wrong(argv[*at], "there is no such option");
}

static bool is_negative_number(const char *text)
{
    return text[0] == '-' && text[1] != '\0' && strspn(text + 1, "0123456789") == strlen(text + 1);
}

static bool take_apart(line_t *line, int argc, char **argv)
{
    bool only_words = false;
    for (int at = 1; at < argc; at++) {
        const char *text = argv[at];
        if (!only_words && strcmp(text, "--") == 0) {
            only_words = true;
        } else if (!only_words && strcmp(text, "-h") == 0) {
            line->values[OPT_HELP] = "";
        } else if (!only_words && strncmp(text, "--", 2) == 0) {
            if (!take_option(line, argc, argv, &at)) {
                return false;
            }
        } else if (!only_words && text[0] == '-' && !is_negative_number(text)) {
            return wrong(text, "there is no such option");
        } else if (line->word_count == WORDS_MAX) {
            return wrong(text, "one word too many");
        } else {
            line->words[line->word_count++] = text;
        }
    }
    return true;
}

/* ---- values ---- */

static bool number(const char *what, const char *text, uint64_t *ret_value)
{
    errno = 0;
    bool digits = text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
    *ret_value = digits ? strtoull(text, NULL, 10) : 0;
    return (digits && errno == 0) || wrong(what, "needs a whole number");
}

static bool delta(const line_t *line, const char *operand, int64_t *ret_value)
{
    const char *texts[] = {operand, line->values[OPT_BY], line->values[OPT_DELTA]};
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
    return (end != text && *end == '\0' && errno == 0) || wrong("DELTA", "needs a whole number");
}

static bool moment(const line_t *line, option_id_t option, uint64_t *ret_us)
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

static bool control_path(const line_t *line, char *out, size_t capacity)
{
    const char *path = line->values[OPT_CONTROL];
    const char *folder = line->values[OPT_DATA_DIR];
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

static const verb_t *find_verb(const line_t *line, size_t *ret_words)
{
    for (size_t i = 0; i < sizeof VERBS / sizeof VERBS[0]; i++) {
        const verb_t *verb = &VERBS[i];
        *ret_words = verb->words[1] == NULL ? 1 : 2;
        if (line->word_count >= *ret_words && strcmp(line->words[0], verb->words[0]) == 0 &&
            (*ret_words == 1 || strcmp(line->words[1], verb->words[1]) == 0)) {
            return verb;
        }
    }
    return NULL;
}

static bool options_fit(const line_t *line, const verb_t *verb)
{
    for (int i = 0; i < OPT_COUNT; i++) {
        if (line->values[i] != NULL && (verb->options & BIT(i)) == 0) {
            char option[32];
            (void)snprintf(option, sizeof option, "--%s", OPTIONS[i].name);
            return wrong(option, "does not go with this command");
        }
    }
    return true;
}

static bool fill_open(const line_t *line, slc_control_request_t *request)
{
    const char *stock = line->values[OPT_STOCK];
    const char *per_user = line->values[OPT_PER_USER];
    request->name = line->values[OPT_NAME];
    if (stock == NULL) {
        return wrong("drop open", "how many units? --stock N");
    }
    return number("--stock", stock, &request->stock) &&
           (per_user == NULL || number("--per-user", per_user, &request->per_user_limit)) &&
           moment(line, OPT_OPENS_AT, &request->opens_at_us) &&
           moment(line, OPT_CLOSES_AT, &request->closes_at_us);
}

static bool fill(const line_t *line, const verb_t *verb, size_t words, sluice_command_t *command)
{
    slc_control_request_t *request = &command->request;
    const char *operand = line->word_count > words ? line->words[words] : NULL;
    size_t operands = line->word_count - words;
    size_t most = verb->operand == NO_OPERAND ? 0 : verb->op == SLC_CONTROL_ADJUST_STOCK ? 2 : 1;
    if (operands > most) {
        return wrong(line->words[line->word_count - 1], "one word too many");
    }
    if (most > 0 && operand == NULL) {
        return wrong(verb->words[1], "which one? its ID is missing");
    }
    request->op = verb->op;
    command->is_change = (verb->options & BIT(OPT_OP_KEY)) != 0;
    command->wait = verb->op == SLC_CONTROL_TAKE_SNAPSHOT && line->values[OPT_NO_WAIT] == NULL;
    if (verb->operand == DROP_ID && !number("ID", operand, &request->drop_id)) {
        return false;
    }
    if (verb->operand == ORDER_ID && !number("ID", operand, &request->order_id)) {
        return false;
    }
    if (verb->op == SLC_CONTROL_OPEN_DROP && !fill_open(line, request)) {
        return false;
    }
    if (verb->op == SLC_CONTROL_ADJUST_STOCK &&
        !delta(line, operands == 2 ? line->words[words + 1] : NULL, &request->delta)) {
        return false;
    }
    return !command->is_change || op_key(line->values[OPT_OP_KEY], &request->op_key);
}

sluice_parsed_t sluice_command_parse(int argc, char **argv, sluice_command_t *ret_command)
{
    line_t line = {.word_count = 0};
    memset(ret_command, 0, sizeof *ret_command);
    if (!take_apart(&line, argc, argv)) {
        return SLUICE_WRONG;
    }
    if (line.values[OPT_HELP] != NULL) {
        (void)fputs(SLUICE_HELP, stdout);
        return SLUICE_DONE;
    }
    if (line.values[OPT_VERSION] != NULL) {
        (void)printf("sluice %s (commit %s)\n", slc_build_version(), slc_build_commit());
        return SLUICE_DONE;
    }
    size_t words;
    const verb_t *verb = find_verb(&line, &words);
    if (verb == NULL) {
        (void)wrong(line.word_count == 0 ? "nothing to do" : line.words[0],
                    line.word_count == 0 ? "no command is given" : "there is no such command");
        return SLUICE_WRONG;
    }
    ret_command->json = line.values[OPT_JSON] != NULL;
    return options_fit(&line, verb) && fill(&line, verb, words, ret_command) &&
                   control_path(&line, ret_command->control_path, sizeof ret_command->control_path) &&
                   timeout(line.values[OPT_TIMEOUT], &ret_command->timeout_ms)
               ? SLUICE_RUN
               : SLUICE_WRONG;
}
