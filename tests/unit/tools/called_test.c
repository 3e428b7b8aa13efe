#include "../../../tools/common/called.h"

#include <criterion/criterion.h>
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
}

Test(called, words_that_are_no_command_stay)
{
    const char *text = "replayed replay, replay: sluice-replay verify /replay x=replay y replay";
    expect(text, "other", text);
    expect("", "other", "");
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
