#include "../../../tools/replay/options.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char g_said[1024];

/* Of a command that takes --from, --until and a user: what it makes of these words, and says of them. */
static replay_parsed_t parse(const char *line, replay_options_t *options)
{
    static const replay_command_t command = {
        "show", "", "", REPLAY_TAKES_FROM | REPLAY_TAKES_UNTIL | REPLAY_TAKES_USER, NULL};
    static char own[] = "replay";
    static char name[] = "show";
    static char words[512];
    char *arguments[16] = {name};
    int count = 1;
    char *rest = NULL;
    FILE *said = tmpfile();
    int before = dup(STDERR_FILENO);
    cr_assert(said != NULL && before >= 0);
    program_invocation_short_name = own; /* messages begin with it */
    (void)snprintf(words, sizeof words, "%s", line);
    for (char *word = strtok_r(words, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        cr_assert(count < 15);
        arguments[count++] = word;
    }
    optind = 0; /* getopt begins anew */
    cr_assert(dup2(fileno(said), STDERR_FILENO) >= 0);
    replay_parsed_t parsed = replay_parse(&command, count, arguments, options);
    (void)fflush(stderr);
    cr_assert(dup2(before, STDERR_FILENO) >= 0 && close(before) == 0);
    rewind(said);
    g_said[fread(g_said, 1, sizeof g_said - 1, said)] = '\0';
    cr_assert(fclose(said) == 0);
    return parsed;
}

static void expect_wrong(const char *line, const char *sentence)
{
    replay_options_t options;
    cr_assert(parse(line, &options) == REPLAY_PARSED_WRONG, "%s", line);
    cr_assert_str_eq(g_said, sentence);
}

Test(replay_options, a_slip_in_an_option_is_told_with_the_one_that_was_meant)
{
    expect_wrong("d --jsno", "replay show: there is no option '--jsno'; did you mean --json; see replay "
                             "show --help\n");
    expect_wrong("d --untli=3", "replay show: there is no option '--untli=3'; did you mean --until; see "
                                "replay show --help\n");
}

Test(replay_options, what_this_command_does_not_take_is_never_proposed)
{
    expect_wrong("d --legder=x",
                 "replay show: there is no option '--legder=x'; see replay show --help\n");
    expect_wrong("d --ledger=x",
                 "replay show: --ledger is not an option of this command; see replay show --help\n");
}

Test(replay_options, a_name_far_from_all_and_an_endless_one_are_told_without_a_proposal)
{
    char endless[300] = "d --";
    replay_options_t options;
    expect_wrong("d --frobnicate",
                 "replay show: there is no option '--frobnicate'; see replay show --help\n");
    memset(endless + 4, 'x', sizeof endless - 5);
    cr_assert(parse(endless, &options) == REPLAY_PARSED_WRONG);
    cr_assert(strstr(g_said, "there is no option") != NULL && strstr(g_said, "did you mean") == NULL);
}

Test(replay_options, a_missing_value_or_directory_is_told)
{
    expect_wrong("d --from", "replay show: --from needs a value; see replay show --help\n");
    expect_wrong("d --from 0",
                 "replay show: --from takes a number from 1 on, not '0'; see replay show --help\n");
    expect_wrong("", "replay show: no data directory is named; see replay show --help\n");
    expect_wrong("d e", "replay show: one data directory at a time; see replay show --help\n");
}

Test(replay_options, a_letter_among_others_and_a_value_too_many_are_told_as_what_they_are)
{
    expect_wrong("-xj d", "replay show: there is no option '-x'; see replay show --help\n");
    expect_wrong("d -x", "replay show: there is no option '-x'; see replay show --help\n");
    expect_wrong("d --json=yes", "replay show: --json takes no value; see replay show --help\n");
    expect_wrong("d --help=me", "replay show: --help takes no value; see replay show --help\n");
}

Test(replay_options, what_is_well_said_is_read)
{
    replay_options_t options;
    cr_assert(parse("--from 2 d --until=9 --user ada --json", &options) == REPLAY_PARSED_RUN, "%s",
              g_said);
    cr_assert(options.from == 2 && options.until == 9 && options.json);
    cr_assert_str_eq(options.user, "ada");
    cr_assert_str_eq(options.directory, "d");
    cr_assert(parse("d", &options) == REPLAY_PARSED_RUN);
    cr_assert(options.from == 1 && options.until == UINT64_MAX && options.user == NULL && !options.json);
    cr_assert(parse("--help", &options) == REPLAY_PARSED_HELP);
}
