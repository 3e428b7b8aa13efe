/* The log of a program: one line an event, on stderr, as text or as JSON, each line by one write(2) so
 * that lines of several threads never mix.
 *
 *   text   2026-11-22T21:04:05.123456Z warn  connection 7 closed: no reply read for 10 s
 *   json   {"time":"2026-11-22T21:04:05.123456Z","level":"warn","message":"connection 7 closed: …"}
 *
 * Text that clients sent may be logged as it is: control characters, backslashes and bytes that are no
 * UTF-8 leave escaped (\n, \\, \x1b), so nobody can forge a line or steer a terminal. Where stderr is
 * systemd's journal, each line carries its priority as a prefix (<4>, sd-daemon(3)) and no time of its
 * own.
 *
 * Threads: setup before the others start; everything else by any. Not for signal handlers.
 * Ownership: nothing is kept but the setting, and the counters of each SLC_LOG_LIMITED in its static.
 * Failure: a line that stderr refuses is lost; a log must not stop what it describes. */
#ifndef SLC_BASE_LOG_H
#define SLC_BASE_LOG_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum slc_log_level {
    SLC_LOG_ERROR, /* something is lost or stops; somebody has to act */
    SLC_LOG_WARN,  /* it goes on, but not as it should */
    SLC_LOG_INFO,  /* the life of the program: started, recovered, stopped */
    SLC_LOG_DEBUG, /* for who looks into one connection */
} slc_log_level_t;

typedef enum slc_log_format {
    SLC_LOG_TEXT,
    SLC_LOG_JSON,
} slc_log_format_t;

typedef struct slc_log_config {
    slc_log_format_t format;
    slc_log_level_t level; /* the least urgent level that is written */
    bool journald;         /* prefix each line with its priority, leave out the time (text only) */
    int fd;
} slc_log_config_t;

/* Longest line, its newline included: what a pipe takes in one piece (PIPE_BUF). Longer text is cut,
 * which a trailing "..." shows. */
#define SLC_LOG_LINE_BYTES_MAX 4096

/* Sets format and level; looks whether stderr is systemd's journal (JOURNAL_STREAM, sd-daemon(3)).
 * Without it: text, info. */
void slc_log_setup(slc_log_format_t format, slc_log_level_t level);

bool slc_log_enabled(slc_log_level_t level);
void slc_log(slc_log_level_t level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- at most so many lines a second from one place ---- */

typedef struct slc_log_limit {
    _Atomic uint64_t second; /* that `taken` counts for */
    _Atomic uint64_t taken;
    _Atomic uint64_t suppressed; /* since the last line that went out */
} slc_log_limit_t;

/* May a line go out at `now_s` seconds? If so, *ret_suppressed says how many did not since the last one.
 * Approximate between threads: around the turn of a second a few lines more may pass, none is counted
 * twice. */
bool slc_log_limit_take(slc_log_limit_t *limit, uint32_t per_second, uint64_t now_s,
                        uint64_t *ret_suppressed);
/* slc_log through a limit by the monotonic clock; a line that ends a silence says "(N more not shown)".
 */
void slc_log_limited(slc_log_limit_t *limit, uint32_t per_second, slc_log_level_t level,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* What a peer can cause is logged by this one: SLC_LOG_LIMITED(5, SLC_LOG_WARN, "…", …). */
#define SLC_LOG_LIMITED(per_second, level, ...)                                                          \
    do {                                                                                                 \
        static slc_log_limit_t slc_log_limit_here;                                                       \
        slc_log_limited(&slc_log_limit_here, (per_second), (level), __VA_ARGS__);                        \
    } while (0)

/* ---- inside, open for tests ---- */

/* Composes the line of `message` at `time_us` (since 1970, UTC) with its newline; answers its length. */
size_t slc_log_compose(const slc_log_config_t *config, slc_log_level_t level, uint64_t time_us,
                       const char *message, char out[SLC_LOG_LINE_BYTES_MAX]);
/* Is `fd` the stream that JOURNAL_STREAM ("DEVICE:INODE", NULL: not set) names? */
bool slc_log_is_journal(const char *journal_stream, int fd);

#endif
