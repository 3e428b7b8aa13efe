#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static slc_log_config_t g_log = {SLC_LOG_TEXT, SLC_LOG_INFO, false, STDERR_FILENO};

static const struct {
    const char *name;
    char priority; /* of syslog(3), as systemd's journal reads it */
} g_levels[] = {
    [SLC_LOG_ERROR] = {"error", '3'},
    [SLC_LOG_WARN] = {"warn", '4'},
    [SLC_LOG_INFO] = {"info", '6'},
    [SLC_LOG_DEBUG] = {"debug", '7'},
};

/* ---- composing a line ---- */

/* What may stand behind the message in any format: the cut mark, `"}` and the newline. */
#define TAIL_BYTES 8

typedef struct line {
    char *out;
    size_t used;
    bool cut;
} line_t;

/* Appends all of `bytes` or, where there is no room, nothing ever again. */
static void put(line_t *line, const char *bytes, size_t count)
{
    if (line->cut || line->used + count > SLC_LOG_LINE_BYTES_MAX - TAIL_BYTES) {
        line->cut = true;
        return;
    }
    memcpy(line->out + line->used, bytes, count);
    line->used += count;
}

/* Length of the well-formed UTF-8 character at `at`, 0 where there is none (Unicode 15, table 3-7). */
static size_t character_bytes(const unsigned char *at)
{
    static const struct {
        unsigned char first_low, first_high, second_low, second_high, bytes;
    } forms[] = {
        {0x01, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t form = 0; form < sizeof forms / sizeof *forms; form++) {
        if (at[0] < forms[form].first_low || at[0] > forms[form].first_high) {
            continue;
        }
        if (forms[form].bytes > 1 &&
            (at[1] < forms[form].second_low || at[1] > forms[form].second_high)) {
            return 0;
        }
        for (size_t byte = 2; byte < forms[form].bytes; byte++) {
            if (at[byte] < 0x80 || at[byte] > 0xbf) { /* stops at the final NUL too */
                return 0;
            }
        }
        return forms[form].bytes;
    }
    return 0;
}

/* One character of the message, escaped where it could do harm. Answers how many bytes it took. JSON
 * wants its backslashes doubled, so that a reader of either format sees the same text. */
static size_t put_escaped(line_t *line, slc_log_format_t format, const unsigned char *at)
{
    const char *backslash = format == SLC_LOG_JSON ? "\\\\" : "\\";
    char escape[8];
    size_t bytes = character_bytes(at);
    bool is_c1_control = bytes == 2 && at[0] == 0xc2 && at[1] < 0xa0;
    if (bytes == 1 && *at == '"' && format == SLC_LOG_JSON) {
        put(line, "\\\"", 2);
        return 1;
    }
    if (bytes > 0 && *at >= 0x20 && *at != 0x7f && *at != '\\' && !is_c1_control) {
        put(line, (const char *)at, bytes);
        return bytes;
    }
    const char *known = *at == '\n' ? "n" : *at == '\r' ? "r" : *at == '\t' ? "t" : NULL;
    if (*at == '\\') {
        (void)snprintf(escape, sizeof escape, "%s%s", backslash, backslash);
    } else if (known != NULL) {
        (void)snprintf(escape, sizeof escape, "%s%s", backslash, known);
    } else {
        (void)snprintf(escape, sizeof escape, "%sx%02x", backslash, *at);
    }
    put(line, escape, strlen(escape));
    return 1;
}

static void put_time(line_t *line, uint64_t time_us)
{
    time_t seconds = (time_t)(time_us / 1000000);
    struct tm utc;
    char text[40] = "unknown-time";
    if (gmtime_r(&seconds, &utc) != NULL) {
        size_t used = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
        (void)snprintf(text + used, sizeof text - used, ".%06uZ", (unsigned)(time_us % 1000000));
    }
    put(line, text, strlen(text));
}

static void put_head(line_t *line, const slc_log_config_t *config, slc_log_level_t level,
                     uint64_t time_us)
{
    char text[32];
    if (config->journald) {
        const char prefix[] = {'<', g_levels[level].priority, '>'};
        put(line, prefix, sizeof prefix);
    }
    if (config->format == SLC_LOG_JSON) {
        put(line, "{\"time\":\"", 9);
        put_time(line, time_us);
        int used = snprintf(text, sizeof text, "\",\"level\":\"%s\"", g_levels[level].name);
        put(line, text, (size_t)used);
        put(line, ",\"message\":\"", 12);
        return;
    }
    if (!config->journald) {
        put_time(line, time_us);
        int used = snprintf(text, sizeof text, " %-5s ", g_levels[level].name);
        put(line, text, (size_t)used);
    }
}

size_t slc_log_compose(const slc_log_config_t *config, slc_log_level_t level, uint64_t time_us,
                       const char *message, char out[SLC_LOG_LINE_BYTES_MAX])
{
    line_t line = {out, 0, false};
    put_head(&line, config, level, time_us);
    const unsigned char *at = (const unsigned char *)message;
    while (*at != '\0' && !line.cut) {
        at += put_escaped(&line, config->format, at);
    }
    const char *mark = line.cut ? "..." : "";
    const char *end = config->format == SLC_LOG_JSON ? "\"}\n" : "\n";
    int tail = snprintf(out + line.used, TAIL_BYTES, "%s%s", mark, end);
    return line.used + (size_t)tail;
}

/* ---- writing it ---- */

bool slc_log_is_journal(const char *journal_stream, int fd)
{
    struct stat status;
    unsigned long long device = 0;
    unsigned long long inode = 0;
    if (journal_stream == NULL || fstat(fd, &status) != 0) {
        return false;
    }
    char *rest = NULL;
    device = strtoull(journal_stream, &rest, 10);
    if (*rest != ':') {
        return false;
    }
    inode = strtoull(rest + 1, &rest, 10);
    return *rest == '\0' && device == status.st_dev && inode == status.st_ino;
}

void slc_log_setup(slc_log_format_t format, slc_log_level_t level)
{
    g_log.format = format;
    g_log.level = level;
    g_log.journald = slc_log_is_journal(getenv("JOURNAL_STREAM"), g_log.fd); /* before threads start */
}

bool slc_log_enabled(slc_log_level_t level)
{
    return level <= g_log.level;
}

static void write_message(slc_log_level_t level, const char *message)
{
    char line[SLC_LOG_LINE_BYTES_MAX];
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail with this clock */
    uint64_t time_us = (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
    size_t bytes = slc_log_compose(&g_log, level, time_us, message, line);
    ssize_t written = 0;
    do {
        written = write(g_log.fd, line, bytes);
    } while (written < 0 && errno == EINTR);
    /* A refused or cut line is lost: there is nowhere left to complain. */
}

/* A message longer than this is cut; the rest of the line is room for its escapes. */
#define MESSAGE_BYTES_MAX 2048

static void write_formatted(slc_log_level_t level, uint64_t suppressed, const char *format,
                            va_list arguments) __attribute__((format(printf, 3, 0)));

static void write_formatted(slc_log_level_t level, uint64_t suppressed, const char *format,
                            va_list arguments)
{
    char message[MESSAGE_BYTES_MAX];
    int wanted = vsnprintf(message, sizeof message, format, arguments);
    size_t used = wanted < 0 ? 0 : (size_t)wanted;
    if (used >= sizeof message) {
        used = sizeof message - 4;
        (void)snprintf(message + used, sizeof message - used, "...");
    } else if (suppressed > 0) {
        (void)snprintf(message + used, sizeof message - used, " (%llu more not shown)",
                       (unsigned long long)suppressed);
    }
    write_message(level, message);
}

void slc_log(slc_log_level_t level, const char *format, ...)
{
    if (!slc_log_enabled(level)) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    write_formatted(level, 0, format, arguments);
    va_end(arguments);
}

/* ---- limits ---- */

bool slc_log_limit_take(slc_log_limit_t *limit, uint32_t per_second, uint64_t now_s,
                        uint64_t *ret_suppressed)
{
    /* Relaxed throughout: these are counters, no other memory hangs on them. The one who moves `second`
     * on starts the count anew; another thread that counted in between makes the limit a little too wide
     * for that second, which a log can bear. */
    uint64_t second = atomic_load_explicit(&limit->second, memory_order_relaxed);
    if (second < now_s &&
        atomic_compare_exchange_strong_explicit(&limit->second, &second, now_s, memory_order_relaxed,
                                                memory_order_relaxed)) {
        atomic_store_explicit(&limit->taken, 0, memory_order_relaxed);
    }
    if (atomic_fetch_add_explicit(&limit->taken, 1, memory_order_relaxed) >= per_second) {
        atomic_fetch_add_explicit(&limit->suppressed, 1, memory_order_relaxed);
        return false;
    }
    *ret_suppressed = atomic_exchange_explicit(&limit->suppressed, 0, memory_order_relaxed);
    return true;
}

void slc_log_limited(slc_log_limit_t *limit, uint32_t per_second, slc_log_level_t level,
                     const char *format, ...)
{
    struct timespec now = {0, 0};
    uint64_t suppressed = 0;
    if (!slc_log_enabled(level)) {
        return;
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock */
    if (!slc_log_limit_take(limit, per_second, (uint64_t)now.tv_sec + 1, &suppressed)) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    write_formatted(level, suppressed, format, arguments);
    va_end(arguments);
}
