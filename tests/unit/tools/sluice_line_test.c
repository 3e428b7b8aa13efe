#include "../../../tools/sluice/line.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sluice_line_t g_line;
static char g_said[1024];

/* Splits at blanks, reads and looks for the command; what was said on the way stands in g_said. */
static const sluice_verb_t *read_line(const char *text, bool *ret_good)
{
    static char copy[512];
    static char program[] = "sluice";
    char *arguments[16] = {program};
    int count = 1;
    char *rest = NULL;
    char *said = NULL;
    size_t bytes = 0;
    size_t words = 0;
    FILE *before = stderr;
    (void)snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        cr_assert(count < 16);
        arguments[count++] = word;
    }
    FILE *heard = open_memstream(&said, &bytes);
    cr_assert(heard != NULL);
    stderr = heard;
    const sluice_verb_t *verb = NULL;
    *ret_good = sluice_line_read(&g_line, count, arguments);
    if (*ret_good) {
        verb = sluice_line_verb(&g_line, false, &words);
        *ret_good = verb != NULL && sluice_line_fits(&g_line, verb);
    }
    stderr = before;
    cr_assert(fclose(heard) == 0);
    (void)snprintf(g_said, sizeof g_said, "%s", said);
    free(said);
    return verb;
}

static void expect_wrong(const char *text, const char *sentence)
{
    bool good = true;
    (void)read_line(text, &good);
    cr_assert(!good, "%s", text);
    cr_assert_str_eq(g_said, sentence);
}

Test(sluice_line, each_command_is_found_and_a_slip_in_it_is_told_with_what_was_meant)
{
    for (size_t i = 0; i < sluice_verb_count; i++) {
        const sluice_verb_t *verb = &sluice_verbs[i];
        const char *second = verb->words[1] == NULL ? "" : verb->words[1];
        char text[64];
        char meant[64];
        bool good = false;
        (void)snprintf(text, sizeof text, "%s %s", verb->words[0], second);
        cr_assert(read_line(text, &good) == verb && good, "%s: %s", text, g_said);
        (void)snprintf(text, sizeof text, "%s %sx", verb->words[0], second);
        if (*second == '\0') {
            (void)snprintf(text, sizeof text, "%sx", verb->words[0]);
        }
        (void)snprintf(meant, sizeof meant, "did you mean %s%s%s? See sluice --help\n", verb->words[0],
                       *second == '\0' ? "" : " ", second);
        cr_assert(read_line(text, &good) == NULL && !good, "%s", text);
        cr_assert(strstr(g_said, meant) != NULL, "%s: %s", text, g_said);
    }
}

Test(sluice_line, each_option_goes_with_the_commands_of_the_table_and_no_other)
{
    for (size_t i = 0; i < sluice_verb_count; i++) {
        for (int option = 0; option < SLUICE_OPT_COUNT; option++) {
            const sluice_verb_t *verb = &sluice_verbs[i];
            char text[128];
            bool good = false;
            (void)snprintf(text, sizeof text, "%s %s --%s%s", verb->words[0],
                           verb->words[1] == NULL ? "" : verb->words[1], sluice_options[option].name,
                           sluice_options[option].argument == NULL ? "" : "=1");
            (void)read_line(text, &good);
            cr_assert(good == ((verb->options & SLUICE_OPTION_BIT(option)) != 0), "%s", text);
            cr_assert(good || strstr(g_said, "does not go with this command") != NULL, "%s", g_said);
        }
    }
}

Test(sluice_line, what_is_wrong_with_an_option_is_told)
{
    expect_wrong("status --jsno",
                 "sluice: --jsno: there is no such option; did you mean --json? See sluice --help\n");
    expect_wrong("status --frobnicate",
                 "sluice: --frobnicate: there is no such option; see sluice --help\n");
    expect_wrong("status -x", "sluice: -x: there is no such option; see sluice --help\n");
    expect_wrong("status --json=1", "sluice: --json=1: this option has no value; see sluice --help\n");
    expect_wrong("status --timeout",
                 "sluice: --timeout: needs a value: --timeout SECONDS; see sluice --help\n");
    expect_wrong("status --json --json", "sluice: --json: is given twice; see sluice --help\n");
}

Test(sluice_line, too_many_words_and_half_a_command_are_told)
{
    bool good = true;
    expect_wrong("a b c d e", "sluice: e: one word too many; see sluice --help\n");
    (void)read_line("drop", &good);
    cr_assert(!good && strstr(g_said, "sluice: drop: what about it? there are open, adjust") != NULL,
              "%s", g_said);
    (void)read_line("", &good);
    cr_assert(!good && strstr(g_said, "no command is given; there are drop, order") != NULL, "%s",
              g_said);
}

Test(sluice_line, a_negative_number_is_a_word_and_so_is_all_behind_two_dashes)
{
    bool good = false;
    (void)read_line("drop adjust 1 -5", &good);
    cr_assert(good && g_line.word_count == 4);
    cr_assert_str_eq(g_line.words[3], "-5");
    (void)read_line("drop show -- --json", &good);
    cr_assert(good && g_line.values[SLUICE_OPT_JSON] == NULL);
    cr_assert_str_eq(g_line.words[2], "--json");
}
