/* Each option of the table, in each place where it can stand: what is said of a wrong value, and the way
 * there and back over --print-config. An option that is added is tried here without a new line; a new
 * kind of option does not compile (-Wswitch). Single sentences stand in options_test.c. */
#include "engine/options_table.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_BYTES 2048

typedef struct outcome {
    slc_err_t err;
    slc_options_t options;
    slc_error_t error;
} outcome_t;

typedef enum place { FLAG, VARIABLE, LINE, PLACES } place_t;

static outcome_t g_outcome;

/* What of the text a value can be written in a file at all: the empty one stands there plainly, too. */
static void write_quoted(const char *value, char *out)
{
    *out++ = '"';
    for (; *value != '\0'; value++) {
        if (strchr("\"\\\n\r", *value) != NULL) {
            *out++ = '\\';
        }
        *out++ = (char)(*value == '\n' ? 'n' : *value == '\r' ? 'r' : *value);
    }
    (void)strcpy(out, "\"");
}

/* Gives `value` to `name` at that place, with nothing else but a data directory. */
static void give(place_t place, const char *name, const char *value)
{
    static char program[] = "sluiced";
    static char directory[] = "--data-dir=/d";
    static char flag[VALUE_BYTES + 64];
    static char variable[VALUE_BYTES + 64];
    static char quoted[2 * VALUE_BYTES + 3];
    static char text[sizeof quoted + 64];
    slc_option_t named = {.name = name};
    char upper[SLC_OPTIONS_NAME_BYTES];
    char *arguments[] = {program, directory, place == FLAG ? flag : NULL, NULL};
    char *environment[] = {place == VARIABLE ? variable : NULL, NULL};
    slc_option_environment_name(&named, upper);
    (void)snprintf(flag, sizeof flag, "--%s=%s", name, value);
    (void)snprintf(variable, sizeof variable, "%s=%s", upper, value);
    write_quoted(value, quoted);
    (void)snprintf(text, sizeof text, "\n%s = %s\n", name, quoted);
    g_outcome.err = slc_options_parse(place == FLAG ? 3 : 2, arguments, environment, &g_outcome.options,
                                      &g_outcome.error);
    if (place == LINE) {
        cr_assert(g_outcome.err == SLC_OK, "%s", g_outcome.error.message);
        g_outcome.err = slc_options_read_text("/etc/s.ini", text, &g_outcome.options, &g_outcome.error);
    }
}

/* As an error has to begin. */
static void name_place(place_t place, const char *name, char out[128])
{
    slc_option_t named = {.name = name};
    switch (place) {
    case FLAG:
        (void)snprintf(out, 128, "--%s: ", name);
        break;
    case VARIABLE:
        slc_option_environment_name(&named, out);
        (void)strcat(out, ": ");
        break;
    case LINE:
    case PLACES:
        (void)snprintf(out, 128, "/etc/s.ini:2: %s: ", name);
        break;
    }
}

static bool can_stand(const slc_option_t *option, place_t place)
{
    return place != LINE || !option->line_only;
}

/* Wherever it stands: refused as configuration, with place and value, and each of `words`, which end with
 * NULL. */
static void expect_refused(const slc_option_t *option, const char *value, const char *const *words)
{
    for (place_t place = FLAG; place < PLACES; place++) {
        char begins[128];
        char quoted[VALUE_BYTES];
        if (!can_stand(option, place)) {
            continue;
        }
        give(place, option->name, value);
        const char *message = g_outcome.error.message;
        cr_assert(g_outcome.err == SLC_ERR_CONFIG, "%s = '%s' is taken", option->name, value);
        name_place(place, option->name, begins);
        cr_assert(strncmp(message, begins, strlen(begins)) == 0, "no place '%s': %s", begins, message);
        (void)snprintf(quoted, sizeof quoted, "'%.40s", value);
        cr_assert(strstr(message, quoted) != NULL || *value == '\0', "no value '%s': %s", value, message);
        for (size_t at = 0; words[at] != NULL; at++) {
            cr_assert(strstr(message, words[at]) != NULL, "'%s' is not told: %s", words[at], message);
        }
    }
}

static void expect_taken(const slc_option_t *option, const char *value)
{
    for (place_t place = FLAG; place < PLACES; place++) {
        if (can_stand(option, place) && strcmp(option->name, "config") != 0) {
            give(place, option->name, value);
            cr_assert(g_outcome.err == SLC_OK || strstr(g_outcome.error.message, option->name) == NULL ||
                          strstr(g_outcome.error.message, "out of bounds") == NULL,
                      "%s = %s: %s", option->name, value, g_outcome.error.message);
        }
    }
}

static bool is_number(const slc_option_t *option)
{
    return option->kind == SLC_OPTION_COUNT || option->kind == SLC_OPTION_SIZE ||
           option->kind == SLC_OPTION_DURATION;
}

/* In base units, as anybody may write it. */
static const char *plain(const slc_option_t *option, uint64_t value)
{
    static char text[64];
    (void)snprintf(text, sizeof text, "%" PRIu64 "%s", value,
                   option->kind == SLC_OPTION_DURATION ? "ms" : "");
    return text;
}

/* As --print-config writes it, and so as an error should. */
static const char *shortest(const slc_option_t *option, uint64_t value, char out[64])
{
    slc_options_t options;
    uint32_t count = (uint32_t)value;
    memset(&options, 0, sizeof options);
    if (option->kind == SLC_OPTION_COUNT) {
        memcpy((char *)&options + option->offset, &count, sizeof count);
    } else {
        memcpy((char *)&options + option->offset, &value, sizeof value);
    }
    slc_option_write(option, &options, out, 64);
    return out;
}

static void expect_number_is_guarded(const slc_option_t *option)
{
    static const char *const none[] = {"x",
                                       "-1",
                                       "1.5",
                                       "0x10",
                                       "0.5GiB",
                                       "0x",
                                       " 1",
                                       "1 KiBs",
                                       "1 lakhs",
                                       "",
                                       "99999999999999999999999"};
    char low[64];
    char high[64];
    const char *words[] = {shortest(option, option->low, low), shortest(option, option->high, high),
                           "give ", option->zero_is_never ? "or 0 for never" : NULL, NULL};
    for (size_t at = 0; at < sizeof none / sizeof *none; at++) {
        expect_refused(option, none[at], words);
    }
    cr_assert(option->low < option->high);
    expect_taken(option, plain(option, option->low));
    expect_taken(option, plain(option, option->high));
    expect_refused(option, plain(option, option->high + 1), words);
    if (option->low > 1 || !option->zero_is_never) {
        expect_refused(option, plain(option, option->low - 1), words);
    }
    if (option->multiple_of != 0) {
        expect_refused(option, plain(option, option->low + 1), words);
    }
    if (option->power_of_two) {
        expect_refused(option, plain(option, option->low + option->low / 2), words);
    }
}

static void expect_path_is_guarded(const slc_option_t *option)
{
    static char long_path[SLC_OPTIONS_PATH_BYTES + 1];
    memset(long_path, 'p', sizeof long_path - 1);
    expect_refused(option, "", (const char *[]){"is empty; give ", option->argument, NULL});
    for (place_t place = FLAG; place < PLACES; place++) {
        if (can_stand(option, place)) {
            char begins[128];
            give(place, option->name, long_path);
            name_place(place, option->name, begins);
            cr_assert(g_outcome.err == SLC_ERR_CONFIG);
            cr_assert(strncmp(g_outcome.error.message, begins, strlen(begins)) == 0);
            cr_assert(strstr(g_outcome.error.message, "give at most 1023") != NULL);
        }
    }
    if (option->accepts != NULL) {
        expect_refused(option, "no such thing", (const char *[]){"give ", option->form, NULL});
    }
}

/* Each kind of option, with what is wrong for it. */
static void expect_is_guarded(const slc_option_t *option)
{
    switch (option->kind) {
    case SLC_OPTION_COUNT:
    case SLC_OPTION_SIZE:
    case SLC_OPTION_DURATION:
        expect_number_is_guarded(option);
        return;
    case SLC_OPTION_PATH:
        expect_path_is_guarded(option);
        return;
    case SLC_OPTION_ADDRESS: {
        static const char *const bad[] = {"",       "7411",     ":7411", "h:",   "h:65536", "h:-1",
                                          "h:0abc", "::1:7411", "[::1]", "[]:1", "[[]:1",   "[[::1]:1",
                                          "a[b:1",  "[a]b]:1",  "OFF",   "h:1 "};
        for (size_t at = 0; at < sizeof bad / sizeof *bad; at++) {
            expect_refused(
                option, bad[at],
                (const char *[]){"127.0.0.1:7411", "0 to 65535", option->or_off ? "or off" : NULL, NULL});
        }
        return;
    }
    case SLC_OPTION_CHOICE: {
        const char *words[6] = {"give "};
        for (size_t at = 0; at < 4 && option->choices[at] != NULL; at++) {
            words[at + 1] = option->choices[at];
        }
        expect_refused(option, "", words);
        expect_refused(option, "no such thing", words);
        return;
    }
    case SLC_OPTION_SWITCH:
        expect_refused(option, "", (const char *[]){"give on or off", NULL});
        expect_refused(option, "maybe", (const char *[]){"give on or off", NULL});
        return;
    }
    cr_assert_fail("%s is of no kind that is known here", option->name);
}

Test(options_table, a_wrong_value_of_any_option_is_told_with_its_place_and_what_would_be_right)
{
    for (size_t at = 0; at < slc_options_count; at++) {
        expect_is_guarded(&slc_options_table[at]);
    }
}

Test(options_table, a_slip_in_the_name_of_any_option_is_told_with_the_name_that_was_meant)
{
    for (size_t at = 0; at < slc_options_count; at++) {
        const char *name = slc_options_table[at].name;
        char slips[4][SLC_OPTIONS_NAME_BYTES];
        size_t bytes = strlen(name);
        (void)snprintf(slips[0], sizeof slips[0], "%.*s", (int)bytes - 1, name);
        (void)snprintf(slips[1], sizeof slips[1], "%sx", name);
        (void)snprintf(slips[2], sizeof slips[2], "%c%c%s", name[1], name[0], name + 2);
        (void)snprintf(slips[3], sizeof slips[3], "%s-now", name); /* of a word too many */
        for (size_t slip = 0; slip < 4; slip++) {
            for (place_t place = FLAG; place < PLACES; place++) {
                slc_option_t meant = {.name = name};
                char upper[SLC_OPTIONS_NAME_BYTES];
                char expected[160];
                if (slip == 3 && place == VARIABLE) {
                    continue; /* that may be somebody else's variable */
                }
                slc_option_environment_name(&meant, upper);
                (void)snprintf(expected, sizeof expected,
                               place == FLAG       ? "did you mean --%s?"
                               : place == VARIABLE ? "did you mean %s?"
                                                   : "did you mean '%s'?",
                               place == VARIABLE ? upper : name);
                give(place, slips[slip], "1");
                cr_assert(g_outcome.err == (place == FLAG ? SLC_ERR_USAGE : SLC_ERR_CONFIG), "%s",
                          slips[slip]);
                cr_assert(strstr(g_outcome.error.message, expected) != NULL, "%s: %s", slips[slip],
                          g_outcome.error.message);
            }
        }
    }
}

Test(options_table, words_that_are_too_many_or_too_few_are_no_slip_and_still_told)
{
    cr_assert_str_eq(slc_option_suggest("min-free-space", NULL), "min-free");
    cr_assert_str_eq(slc_option_suggest("segment", NULL), "segment-size");
    cr_assert_null(slc_option_suggest("seg", NULL), "no whole word");
    cr_assert_null(slc_option_suggest("free", NULL), "not the first word");
    cr_assert_null(slc_option_nearest("http-proxy", NULL), "in the environment that is somebody else's");
}

Test(options_table, any_option_that_stands_twice_in_a_file_is_told_with_both_lines)
{
    for (size_t at = 0; at < slc_options_count; at++) {
        const slc_option_t *option = &slc_options_table[at];
        char value[SLC_OPTIONS_PATH_BYTES];
        char text[4 * SLC_OPTIONS_PATH_BYTES];
        char expected[128];
        give(FLAG, "insecure", "on");
        slc_option_write(option, &g_outcome.options, value, sizeof value);
        (void)snprintf(text, sizeof text, "%s = %s\n\n%s = %s\n", option->name, value, option->name,
                       value);
        slc_err_t err = slc_options_read_text("s.ini", text, &g_outcome.options, &g_outcome.error);
        cr_assert(err == SLC_ERR_CONFIG, "%s", option->name);
        (void)snprintf(expected, sizeof expected,
                       option->line_only ? "s.ini:1: '%s' cannot stand in a file; give it as --%s"
                                         : "s.ini:3: '%s' stands in line 1 already; remove one",
                       option->name, option->name);
        cr_assert_str_eq(g_outcome.error.message, expected);
    }
}

/* ---- there and back ---- */

static uint64_t g_random = 1;

static uint64_t below(uint64_t bound)
{
    g_random = g_random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return bound == 0 ? 0 : (g_random >> 24) % bound;
}

/* Anything that the option takes. */
static void choose(const slc_option_t *option, char out[VALUE_BYTES])
{
    static const char odd[] = " \t\"#;=\\\n\r[]ab\xc3\xff";
    if (is_number(option)) {
        uint64_t value = option->low + below(option->high - option->low + 1);
        if (option->power_of_two) {
            for (value = option->low; value < option->high && below(3) > 0;) {
                value *= 2;
            }
        } else if (option->multiple_of != 0) {
            value -= value % option->multiple_of;
            value = value < option->low ? option->low : value;
        }
        (void)snprintf(out, VALUE_BYTES, "%s",
                       option->zero_is_never && below(4) == 0 ? "0" : plain(option, value));
    } else if (option->kind == SLC_OPTION_SWITCH) {
        (void)strcpy(out, below(2) == 0 ? "yes" : "no");
    } else if (option->kind == SLC_OPTION_CHOICE) {
        size_t count = 0;
        while (count < 4 && option->choices[count] != NULL) {
            count++;
        }
        (void)strcpy(out, option->choices[below(count)]);
    } else if (option->kind == SLC_OPTION_ADDRESS) {
        static const char *const hosts[] = {"127.0.0.1", "[::1]", "localhost", "[a]",
                                            " a #b",     "\"h\"", "off"};
        (void)snprintf(out, VALUE_BYTES, "%s:%" PRIu64, hosts[below(7)], below(65536));
        if (option->or_off && below(4) == 0) {
            (void)strcpy(out, "off");
        }
    } else {
        size_t bytes = 1 + below(below(8) == 0 ? SLC_OPTIONS_PATH_BYTES - 16 : 12);
        (void)strcpy(out, option->accepts != NULL ? "archive:" : "");
        size_t at = strlen(out);
        for (size_t end = at + bytes; at < end; at++) {
            out[at] = odd[below(sizeof odd - 1)];
        }
        out[at] = '\0';
    }
}

static void expect_same(const slc_options_t *a, const slc_options_t *b, const char *text)
{
    for (size_t at = 0; at < slc_options_count; at++) {
        const slc_option_t *option = &slc_options_table[at];
        const char *one = (const char *)a + option->offset;
        const char *other = (const char *)b + option->offset;
        bool same = option->line_only;
        switch (option->kind) {
        case SLC_OPTION_PATH:
            same = same || strcmp(one, other) == 0;
            break;
        case SLC_OPTION_ADDRESS:
            same = strcmp(((const slc_options_address_t *)(const void *)one)->host,
                          ((const slc_options_address_t *)(const void *)other)->host) == 0 &&
                   ((const slc_options_address_t *)(const void *)one)->port ==
                       ((const slc_options_address_t *)(const void *)other)->port;
            break;
        case SLC_OPTION_COUNT:
        case SLC_OPTION_CHOICE:
            same = memcmp(one, other, sizeof(uint32_t)) == 0;
            break;
        case SLC_OPTION_SIZE:
        case SLC_OPTION_DURATION:
            same = memcmp(one, other, sizeof(uint64_t)) == 0;
            break;
        case SLC_OPTION_SWITCH:
            same = *(const bool *)(const void *)one == *(const bool *)(const void *)other;
            break;
        }
        cr_assert(same, "%s came back as another value from\n%s", option->name, text);
    }
}

Test(options_table, each_option_says_what_it_is_for_and_what_its_text_has_to_look_like)
{
    for (size_t at = 0; at < slc_options_count; at++) {
        const slc_option_t *option = &slc_options_table[at];
        cr_assert(option->help != NULL && strlen(option->help) > 20, "%s: no help", option->name);
        cr_assert(option->accepts == NULL || option->form != NULL, "%s: refused, without a form",
                  option->name);
    }
}

Test(options_table, what_print_config_prints_of_any_values_reads_back_as_the_same_values)
{
    static slc_options_t options;
    static slc_options_t again;
    for (int round = 0; round < 500; round++) {
        char value[VALUE_BYTES];
        char *text = NULL;
        size_t bytes = 0;
        slc_error_t error = {0};
        give(FLAG, "insecure", "on");
        options = g_outcome.options;
        again = g_outcome.options;
        for (size_t at = 0; at < slc_options_count; at++) {
            slc_origin_t origin = {(slc_origin_kind_t)(1 + below(3)), (uint32_t)below(UINT32_MAX)};
            choose(&slc_options_table[at], value);
            cr_assert(slc_option_set(&slc_options_table[at], value, "here", origin, &options, &error) ==
                              SLC_OK ||
                          options.origins[at].kind == SLC_ORIGIN_FLAG,
                      "%s", error.message);
        }
        memset(again.origins, 0, sizeof again.origins);
        FILE *out = open_memstream(&text, &bytes);
        slc_options_print_config(&options, out);
        cr_assert(fclose(out) == 0);
        cr_assert(slc_options_read_text("s.ini", text, &again, &error) == SLC_OK, "%s\n%s", error.message,
                  text);
        expect_same(&options, &again, text);
        free(text);
    }
}
