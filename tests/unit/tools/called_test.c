#include "../../../tools/common/called.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What is printed of `text` for one who called replay by `name`; the caller frees it. */
static char *printed(const char *text, const char *name)
{
    char *out = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&out, &bytes);
    cr_assert_not_null(stream);
    called_print(stream, text, "replay", name);
    cr_assert_eq(fclose(stream), 0);
    return out;
}

static void expect(const char *text, const char *name, const char *wanted)
{
    char *out = printed(text, name);
    cr_expect_str_eq(out, wanted);
    free(out);
}

Test(called, each_command_line_begins_with_the_name_that_was_typed)
{
    expect("  replay verify DIR\nusage: replay dump\nsee replay --help\n", "sluice-replay",
           "  sluice-replay verify DIR\nusage: sluice-replay dump\nsee sluice-replay --help\n");
    expect("replay state", "x", "x state");
    expect("replay: see replay --help", "x", "x: see x --help");
}

Test(called, words_that_are_no_command_stay)
{
    const char *text = "replayed replay, x replay: sluice-replay verify /replay x=replay y replay";
    expect(text, "other", text);
    expect("", "other", "");
}

Test(called, a_message_has_the_name_of_the_process_and_what_it_names_as_it_is)
{
    char wanted[200];
    (void)snprintf(wanted, sizeof wanted, "%s: /my replay x: 7; see %s --help\n",
                   program_invocation_short_name, program_invocation_short_name);
    cr_redirect_stderr();
    called_say("replay", "replay: %s: %d; see replay --help\n", "/my replay x", 7);
    (void)fflush(stderr);
    cr_assert_stderr_eq_str(wanted);
}

Test(called, a_name_that_a_format_would_take_for_its_own_is_left_out)
{
    static char odd[] = "%s%n";
    program_invocation_short_name = odd;
    cr_redirect_stderr();
    called_say("replay", "replay: %s\n", "x");
    (void)fflush(stderr);
    cr_assert_stderr_eq_str("replay: x\n");
}

Test(called, without_a_name_it_is_that_of_the_process)
{
    char *out = printed("replay verify", NULL);
    size_t length = strlen(program_invocation_short_name);
    cr_assert_eq(strlen(out), length + strlen(" verify"));
    cr_expect_arr_eq(out, program_invocation_short_name, length);
    cr_expect_str_eq(out + length, " verify");
    free(out);
}
