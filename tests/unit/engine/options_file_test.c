/* What a file may say of a value that a plain line would not give back: quotes, and the way there and
 * back over --print-config. The rest of the file's syntax is tried in options_test.c. */
#include "engine/options.h"
#include "engine/options_table.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct outcome {
    slc_err_t err;
    slc_options_t options;
    slc_error_t error;
} outcome_t;

static outcome_t defaults(void)
{
    static char program[] = "sluiced";
    static char flag[] = "--data-dir=d";
    char *arguments[] = {program, flag, NULL};
    char *environment[] = {NULL};
    outcome_t outcome = {.err = SLC_OK};
    outcome.err = slc_options_parse(2, arguments, environment, &outcome.options, &outcome.error);
    cr_assert(outcome.err == SLC_OK, "%s", outcome.error.message);
    return outcome;
}

/* What is printed of a path, read as a file, is that path, whatever stands in it. */
Test(options_file, a_path_of_any_bytes_that_is_printed_reads_back_as_itself)
{
    static const char *const paths[] = {"a #b",      "#a",
                                        " a",        "a ",
                                        "\ta\t",     "a\t#b",
                                        "\"a\"",     "a\"b",
                                        "a\\b",      "a\\",
                                        "\\n",       "a\nb",
                                        "a\r",       "a\r\nring-slots = 2",
                                        ";a",        "a;b",
                                        "a = b",     "=",
                                        "\" # x",    "a \\ #",
                                        "[sluiced]", "a#b",
                                        "\n",        "\xc3\xa9 \xff",
                                        "a \"#\" b", "\\\" #\n"};
    for (size_t at = 0; at < sizeof paths / sizeof *paths; at++) {
        char *text = NULL;
        size_t bytes = 0;
        outcome_t outcome = defaults();
        cr_assert(outcome.err == SLC_OK);
        (void)snprintf(outcome.options.data_dir, sizeof outcome.options.data_dir, "%s", paths[at]);
        (void)snprintf(outcome.options.config, sizeof outcome.options.config, "%s", paths[at]);
        for (size_t option = 0; option < slc_options_count; option++) {
            outcome.options.origins[option] =
                (slc_origin_t){SLC_ORIGIN_FILE, 1}; /* in the comment, too */
        }
        FILE *out = open_memstream(&text, &bytes);
        slc_options_print_config(&outcome.options, out);
        cr_assert(fclose(out) == 0);
        outcome_t again = {0};
        again.err = slc_options_read_text("x.ini", text, &again.options, &again.error);
        cr_assert(again.err == SLC_OK, "'%s': %s\n%s", paths[at], again.error.message, text);
        cr_assert_str_eq(again.options.data_dir, paths[at], "'%s' came back as '%s'", paths[at],
                         again.options.data_dir);
        cr_assert(again.options.ring_slots == outcome.options.ring_slots);
        free(text);
    }
}

Test(options_file, a_byte_order_mark_at_the_beginning_is_no_part_of_the_first_name)
{
    static slc_options_t options;
    slc_error_t error = {0};
    cr_assert(slc_options_read_text("s.ini", "\xef\xbb\xbfio-threads = 3\n", &options, &error) == SLC_OK,
              "%s", error.message);
    cr_assert_eq(options.io_threads, 3);
    cr_assert_eq(slc_options_read_text("s.ini", "\n\xef\xbb\xbfio-threads = 3\n", &options, &error),
                 SLC_ERR_CONFIG, "further down it is one");
}

Test(options_file, the_longest_path_reads_back_though_each_byte_is_escaped)
{
    outcome_t outcome = defaults();
    outcome_t again = {0};
    char *text = NULL;
    size_t bytes = 0;
    (void)memset(outcome.options.data_dir, '\n', SLC_OPTIONS_PATH_BYTES - 1);
    (void)memset(outcome.options.config, 'c', SLC_OPTIONS_PATH_BYTES - 1);
    outcome.options.origins[slc_option_find("data-dir") - slc_options_table] =
        (slc_origin_t){SLC_ORIGIN_FILE, UINT32_MAX};
    FILE *out = open_memstream(&text, &bytes);
    slc_options_print_config(&outcome.options, out);
    cr_assert(fclose(out) == 0);
    again.err = slc_options_read_text("x.ini", text, &again.options, &again.error);
    cr_assert(again.err == SLC_OK, "%s", again.error.message);
    cr_assert_str_eq(again.options.data_dir, outcome.options.data_dir);
    free(text);
}

Test(options_file, quotes_that_do_not_end_or_end_too_early_are_refused_with_their_line)
{
    static const char *const lines[] = {"data-dir = \"a",     "data-dir = \"a\" b", "data-dir = \"a\\x\"",
                                        "data-dir = \"a\\\"", "data-dir=\"",        "data-dir = \"a\"b\"",
                                        "data-dir = \"a\\"};
    for (size_t at = 0; at < sizeof lines / sizeof *lines; at++) {
        outcome_t outcome = defaults();
        outcome.err = slc_options_read_text("sluice.ini", lines[at], &outcome.options, &outcome.error);
        cr_assert(outcome.err == SLC_ERR_CONFIG, "%s", lines[at]);
        cr_assert(strstr(outcome.error.message, "sluice.ini:1: 'data-dir' is not quoted rightly") != NULL,
                  "%s", outcome.error.message);
    }
}

Test(options_file, a_comment_may_follow_quotes_and_quotes_may_stand_in_a_comment)
{
    outcome_t outcome = {0};
    const char *text =
        "# data-dir = \"x\n data-dir = \"/a #b\"   # \"why\n; = \"\nring-slots = 4096 # = \"\n";
    outcome.err = slc_options_read_text("x.ini", text, &outcome.options, &outcome.error);
    cr_assert(outcome.err == SLC_OK, "%s", outcome.error.message);
    cr_assert_str_eq(outcome.options.data_dir, "/a #b");
    cr_assert(outcome.options.ring_slots == 4096);
}
