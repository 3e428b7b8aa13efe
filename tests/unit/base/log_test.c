#include "base/log.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const slc_log_config_t g_text = {SLC_LOG_TEXT, SLC_LOG_INFO, false, 2};
static const slc_log_config_t g_json = {SLC_LOG_JSON, SLC_LOG_INFO, false, 2};

/* 2026-11-22T21:04:05.000042Z */
#define TIME_US UINT64_C(1795381445000042)

static const char *compose(const slc_log_config_t *config, slc_log_level_t level, const char *message)
{
    static char line[SLC_LOG_LINE_BYTES_MAX + 1];
    size_t bytes = slc_log_compose(config, level, TIME_US, message, line);
    cr_assert(bytes <= SLC_LOG_LINE_BYTES_MAX);
    line[bytes] = '\0';
    cr_assert(strlen(line) == bytes, "no NUL inside a line");
    return line;
}

Test(log, a_line_has_time_level_and_message)
{
    cr_assert_str_eq(compose(&g_text, SLC_LOG_WARN, "disk nearly full"),
                     "2026-11-22T21:04:05.000042Z warn  disk nearly full\n");
}

Test(log, a_json_line_is_one_object)
{
    cr_assert_str_eq(compose(&g_json, SLC_LOG_ERROR, "a \"b\" c"),
                     "{\"time\":\"2026-11-22T21:04:05.000042Z\",\"level\":\"error\","
                     "\"message\":\"a \\\"b\\\" c\"}\n");
}

Test(log, under_journald_the_priority_comes_first_and_the_time_is_left_to_it)
{
    slc_log_config_t config = g_text;
    config.journald = true;
    cr_assert_str_eq(compose(&config, SLC_LOG_ERROR, "x"), "<3>x\n");
    cr_assert_str_eq(compose(&config, SLC_LOG_DEBUG, "x"), "<7>x\n");
}

Test(log, text_of_a_client_cannot_forge_a_line_or_steer_a_terminal)
{
    const char *message = "user \"a\nb\r\t\x1b[2J\x7f\\\xc2\x9b"
                          "c\"";
    const char *line = compose(&g_text, SLC_LOG_INFO, message);
    cr_assert_str_eq(line + 34, "user \"a\\nb\\r\\t\\x1b[2J\\x7f\\\\\\xc2\\x9bc\"\n");
    const char *json = strstr(compose(&g_json, SLC_LOG_INFO, message), "message");
    cr_assert_str_eq(
        json, "message\":\"user \\\"a\\\\nb\\\\r\\\\t\\\\x1b[2J\\\\x7f\\\\\\\\\\\\xc2\\\\x9bc\\\"\"}\n");
}

Test(log, well_formed_utf8_stays_and_everything_else_is_escaped)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
        {"\xe2\x82\xac\xf0\x9f\x98\x80", "\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\xc0\xaf", "\\xc0\\xaf"},                   /* overlong */
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* a surrogate */
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* past U+10FFFF */
        {"\xe2\x82", "\\xe2\\x82"},                   /* cut off by the end */
        {"\xf0\x9f\x98", "\\xf0\\x9f\\x98"},
        {"\xff", "\\xff"},
        {"\xe2x", "\\xe2x"},
    };
    for (size_t at = 0; at < sizeof cases / sizeof *cases; at++) {
        char expected[64];
        (void)snprintf(expected, sizeof expected, "%s\n", cases[at].out);
        cr_assert_str_eq(compose(&g_text, SLC_LOG_INFO, cases[at].in) + 34, expected);
    }
}

Test(log, a_long_line_is_cut_between_characters_and_says_so)
{
    static char message[SLC_LOG_LINE_BYTES_MAX * 2];
    memset(message, '\x01', sizeof message - 1);
    for (int json = 0; json < 2; json++) {
        const char *line = compose(json ? &g_json : &g_text, SLC_LOG_INFO, message);
        const char *end = json ? "\\\\x01...\"}\n" : "\\x01...\n";
        cr_assert(strlen(line) > SLC_LOG_LINE_BYTES_MAX - 16);
        cr_assert_str_eq(line + strlen(line) - strlen(end), end);
    }
}

Test(log, a_limit_lets_the_first_lines_of_a_second_pass_and_counts_the_rest)
{
    slc_log_limit_t limit = {0};
    uint64_t suppressed = 99;
    cr_assert(slc_log_limit_take(&limit, 2, 10, &suppressed) && suppressed == 0);
    cr_assert(slc_log_limit_take(&limit, 2, 10, &suppressed) && suppressed == 0);
    for (int more = 0; more < 5; more++) {
        cr_assert(!slc_log_limit_take(&limit, 2, 10, &suppressed));
    }
    cr_assert(slc_log_limit_take(&limit, 2, 11, &suppressed) && suppressed == 5);
    cr_assert(slc_log_limit_take(&limit, 2, 11, &suppressed) && suppressed == 0);
    cr_assert(!slc_log_limit_take(&limit, 2, 11, &suppressed));
}

/* Runs `body` with stderr in a file, answers what it wrote. */
static const char *captured(void (*body)(void))
{
    static char text[65536];
    char name[] = "slc-log-XXXXXX";
    int file = mkstemp(name);
    int saved = dup(STDERR_FILENO);
    cr_assert(file >= 0 && saved >= 0 && unlink(name) == 0);
    cr_assert(dup2(file, STDERR_FILENO) >= 0);
    body();
    cr_assert(dup2(saved, STDERR_FILENO) >= 0);
    ssize_t bytes = pread(file, text, sizeof text - 1, 0);
    cr_assert(bytes >= 0);
    text[bytes] = '\0';
    (void)close(saved);
    (void)close(file);
    return text;
}

static void log_at_each_level(void)
{
    slc_log_setup(SLC_LOG_TEXT, SLC_LOG_WARN);
    slc_log(SLC_LOG_ERROR, "number %d", 1);
    slc_log(SLC_LOG_WARN, "number %d", 2);
    slc_log(SLC_LOG_INFO, "number %d", 3);
}

Test(log, lines_below_the_level_are_not_written)
{
    const char *text = captured(log_at_each_level);
    cr_assert(strstr(text, "error number 1\n") != NULL);
    cr_assert(strstr(text, "warn  number 2\n") != NULL);
    cr_assert(strstr(text, "number 3") == NULL);
    cr_assert(!slc_log_enabled(SLC_LOG_INFO) && slc_log_enabled(SLC_LOG_WARN));
}

static void log_a_long_message(void)
{
    static char message[5000];
    memset(message, 'x', sizeof message - 1);
    slc_log(SLC_LOG_ERROR, "%s", message);
}

Test(log, a_message_over_the_buffer_ends_in_dots)
{
    const char *text = captured(log_a_long_message);
    cr_assert(strlen(text) > 2000);
    cr_assert_str_eq(text + strlen(text) - 5, "x...\n");
}

static void log_a_storm(void)
{
    for (int line = 0; line < 1000; line++) {
        SLC_LOG_LIMITED(3, SLC_LOG_WARN, "storm");
    }
}

Test(log, a_storm_from_one_place_is_a_few_lines)
{
    const char *text = captured(log_a_storm);
    int lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    /* 3 in each second that the loop touched; it never touches 300. */
    cr_assert(lines >= 3 && lines < 900, "%d lines", lines);
}

Test(log, journald_is_recognised_by_device_and_inode_of_the_stream)
{
    struct stat status;
    char stream[64];
    int file = open("/dev/null", O_WRONLY | O_CLOEXEC);
    cr_assert(file >= 0 && fstat(file, &status) == 0);
    (void)snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)status.st_dev,
                   (unsigned long long)status.st_ino);
    cr_assert(slc_log_is_journal(stream, file));
    cr_assert(!slc_log_is_journal(NULL, file));
    cr_assert(!slc_log_is_journal("1:1", file));
    cr_assert(!slc_log_is_journal("", file));
    cr_assert(!slc_log_is_journal("nonsense", file));
    (void)strcat(stream, "7");
    cr_assert(!slc_log_is_journal(stream, file));
    (void)close(file);
}
