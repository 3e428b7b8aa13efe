#include "line.h"

#include "../common/near.h"

#include <stdio.h>
#include <string.h>

bool sluice_line_wrong(const char *what, const char *why)
{
    size_t bytes = strlen(why);
    bool asks = bytes > 0 && why[bytes - 1] == '?';
    fprintf(stderr, "sluice: %s: %s%s sluice --help\n", what, why, asks ? " See" : "; see");
    return false;
}

/* ---- options ---- */

static bool unknown_option(const char *text, const char *name, size_t bytes)
{
    char wanted[NEAR_NAME_BYTES];
    char why[2 * NEAR_NAME_BYTES + 64];
    near_t near;
    (void)snprintf(wanted, sizeof wanted, "%.*s", (int)(bytes < 1000 ? bytes : 1000), name);
    near_begin(&near, wanted);
    for (int i = 0; i < SLUICE_OPT_COUNT; i++) {
        near_consider(&near, sluice_options[i].name);
    }
    if (near.nearest == NULL) {
        return sluice_line_wrong(text, "there is no such option");
    }
    (void)snprintf(why, sizeof why, "there is no such option; did you mean --%s?", near.nearest);
    return sluice_line_wrong(text, why);
}

static bool take_option(sluice_line_t *line, int argc, char **argv, int *at)
{
    const char *text = argv[*at];
    const char *name = text + 2;
    size_t bytes = strcspn(name, "=");
    for (int i = 0; i < SLUICE_OPT_COUNT; i++) {
        const sluice_option_t *option = &sluice_options[i];
        if (strlen(option->name) != bytes || strncmp(option->name, name, bytes) != 0) {
            continue;
        }
        const char *value = name[bytes] == '=' ? name + bytes + 1 : NULL;
        if (option->argument == NULL && value != NULL) {
            return sluice_line_wrong(text, "this option has no value");
        }
        if (option->argument != NULL && value == NULL) {
            if (*at + 1 == argc) {
                char why[64];
                (void)snprintf(why, sizeof why, "needs a value: --%s %s", option->name, option->argument);
                return sluice_line_wrong(text, why);
            }
            value = argv[++*at];
        }
        if (line->values[i] != NULL) {
            return sluice_line_wrong(text, "is given twice");
        }
        line->values[i] = value == NULL ? "" : value;
        return true;
    }
    return unknown_option(text, name, bytes);
}

static bool is_negative_number(const char *text)
{
    return text[0] == '-' && text[1] != '\0' && strspn(text + 1, "0123456789") == strlen(text + 1);
}

bool sluice_line_read(sluice_line_t *ret_line, int argc, char **argv)
{
    bool only_words = false;
    *ret_line = (sluice_line_t){.word_count = 0};
    for (int at = 1; at < argc; at++) {
        const char *text = argv[at];
        if (!only_words && strcmp(text, "--") == 0) {
            only_words = true;
        } else if (!only_words && strcmp(text, "-h") == 0) {
            ret_line->values[SLUICE_OPT_HELP] = "";
        } else if (!only_words && strncmp(text, "--", 2) == 0) {
            if (!take_option(ret_line, argc, argv, &at)) {
                return false;
            }
        } else if (!only_words && text[0] == '-' && !is_negative_number(text)) {
            return sluice_line_wrong(text, "there is no such option");
        } else if (ret_line->word_count == SLUICE_WORDS_MAX) {
            return sluice_line_wrong(text, "one word too many");
        } else {
            ret_line->words[ret_line->word_count++] = text;
        }
    }
    return true;
}

bool sluice_line_fits(const sluice_line_t *line, const sluice_verb_t *verb)
{
    for (int i = 0; i < SLUICE_OPT_COUNT; i++) {
        if (line->values[i] != NULL && (verb->options & SLUICE_OPTION_BIT(i)) == 0) {
            char option[32];
            char why[96];
            (void)snprintf(option, sizeof option, "--%s", sluice_options[i].name);
            (void)snprintf(why, sizeof why, "does not go with this command: sluice %s%s%s --help",
                           verb->words[0], verb->words[1] == NULL ? "" : " ",
                           verb->words[1] == NULL ? "" : verb->words[1]);
            return sluice_line_wrong(option, why);
        }
    }
    return true;
}

/* ---- words ---- */

/* "there are drop open, drop adjust, ..." of those whose first word is `first`; NULL: their first words.
 */
static void list_verbs(const char *first, char *out, size_t capacity)
{
    size_t used = 0;
    const char *last = "";
    for (size_t i = 0; i < sluice_verb_count && used < capacity; i++) {
        const char *const *words = sluice_verbs[i].words;
        const char *name = first == NULL ? words[0] : words[1];
        if ((first != NULL && strcmp(words[0], first) != 0) || strcmp(name, last) == 0) {
            continue;
        }
        int more = snprintf(out + used, capacity - used, "%s%s", used == 0 ? "there are " : ", ", name);
        used += more > 0 ? (size_t)more : 0;
        last = name;
    }
}

static bool has_second(const char *first)
{
    for (size_t i = 0; i < sluice_verb_count; i++) {
        if (strcmp(sluice_verbs[i].words[0], first) == 0) {
            return sluice_verbs[i].words[1] != NULL;
        }
    }
    return false;
}

/* The word that is wrong is the second where the first is that of a pair, else the first. */
static void unknown_verb(const sluice_line_t *line)
{
    char what[128];
    char why[256];
    char list[160];
    near_t near;
    if (line->word_count == 0) {
        list_verbs(NULL, list, sizeof list);
        (void)snprintf(why, sizeof why, "no command is given; %s", list);
        (void)sluice_line_wrong("nothing to do", why);
        return;
    }
    const char *first = has_second(line->words[0]) ? line->words[0] : NULL;
    const char *word = first == NULL ? line->words[0] : line->word_count > 1 ? line->words[1] : "";
    (void)snprintf(what, sizeof what, "%.50s%s%.50s", first == NULL ? "" : first,
                   first == NULL || *word == '\0' ? "" : " ", word);
    near_begin(&near, word);
    for (size_t i = 0; i < sluice_verb_count; i++) {
        const char *const *words = sluice_verbs[i].words;
        if (first == NULL || strcmp(words[0], first) == 0) {
            near_consider(&near, words[first == NULL ? 0 : 1]);
        }
    }
    list_verbs(first, list, sizeof list);
    if (*word == '\0') {
        (void)snprintf(why, sizeof why, "what about it? %s", list);
    } else if (near.nearest != NULL) {
        (void)snprintf(why, sizeof why, "there is no such command; did you mean %s%s%s?",
                       first == NULL ? "" : first, first == NULL ? "" : " ", near.nearest);
    } else {
        (void)snprintf(why, sizeof why, "there is no such command; %s", list);
    }
    (void)sluice_line_wrong(what, why);
}

const sluice_verb_t *sluice_line_verb(const sluice_line_t *line, bool silent, size_t *ret_words)
{
    for (size_t i = 0; i < sluice_verb_count; i++) {
        const sluice_verb_t *verb = &sluice_verbs[i];
        *ret_words = verb->words[1] == NULL ? 1 : 2;
        if (line->word_count >= *ret_words && strcmp(line->words[0], verb->words[0]) == 0 &&
            (*ret_words == 1 || strcmp(line->words[1], verb->words[1]) == 0)) {
            return verb;
        }
    }
    if (!silent) {
        unknown_verb(line);
    }
    return NULL;
}
