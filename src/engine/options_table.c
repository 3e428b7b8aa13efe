#include "engine/options_table.h"

#include "snapshot/retain.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#define KIB(n) (UINT64_C(n) << 10)
#define MIB(n) (UINT64_C(n) << 20)
#define HOUR_MS (UINT64_C(3600) * 1000)

#define FIELD(name) .offset = offsetof(slc_options_t, name)

static bool is_retain(const char *text)
{
    slc_retain_t retain;
    return slc_retain_parse(text, &retain, NULL) == SLC_OK;
}

static_assert(SLC_RETAIN_MIN == 2 && SLC_RETAIN_MAX == 1000, "as its form says");

const slc_option_t slc_options_table[] = {
    {.name = "config",
     .kind = SLC_OPTION_PATH,
     FIELD(config),
     .default_value = "",
     .line_only = true,
     .argument = "FILE",
     .help = "Read options from FILE, one 'name = value' a line, '#' for comments."},
    {.name = "data-dir",
     .kind = SLC_OPTION_PATH,
     FIELD(data_dir),
     .default_value = "",
     .argument = "DIR",
     .help = "Journal, snapshots and control socket live here; made if its parent exists. Required."},
    {.name = "listen",
     .kind = SLC_OPTION_ADDRESS,
     FIELD(listen),
     .default_value = "127.0.0.1:7411",
     .argument = "HOST:PORT",
     .help = "Where buyers connect. Port 0 lets the kernel choose; the ready line tells."},
    {.name = "control",
     .kind = SLC_OPTION_PATH,
     FIELD(control),
     .default_value = "",
     .argument = "PATH",
     .help = "Operators' socket, mode 0600; DIR/control.sock unless given."},
    {.name = "http",
     .kind = SLC_OPTION_ADDRESS,
     FIELD(http),
     .default_value = "127.0.0.1:7412",
     .or_off = true,
     .argument = "HOST:PORT|off",
     .help =
         "Where the live page, /metrics and /status are; it asks nobody who they are. Port 0 lets the "
         "kernel choose; the ready line tells."},
    {.name = "report",
     .kind = SLC_OPTION_PATH,
     FIELD(report),
     .default_value = "off",
     .argument = "FILE|off",
     .help = "Keep an SQLite file of drops and orders up to date, for reports; made where it is missing, "
             "rebuilt where it is damaged."},
    {.name = "durability",
     .kind = SLC_OPTION_CHOICE,
     FIELD(durability),
     .default_value = "fsync",
     .choices = {[SLC_DURABILITY_FSYNC] = "fsync", [SLC_DURABILITY_OS] = "os"},
     .argument = "fsync|os",
     .help =
         "What a yes stands on: the disk, or the kernel's page cache alone, which a power cut empties."},
    {.name = "journal-method",
     .kind = SLC_OPTION_CHOICE,
     FIELD(journal_method),
     .default_value = "auto",
     .choices = {[SLC_JOURNAL_METHOD_AUTO] = "auto",
                 [SLC_JOURNAL_METHOD_DIRECT] = "direct",
                 [SLC_JOURNAL_METHOD_FDATASYNC] = "fdatasync"},
     .argument = "auto|direct|fdatasync",
     .help = "How a block reaches the disk; auto is direct (O_DIRECT) where the file system takes it."},
    {.name = "io-threads",
     .kind = SLC_OPTION_COUNT,
     FIELD(io_threads),
     .default_value = "1",
     .low = 1,
     .high = 16,
     .argument = "N",
     .help = "Threads that read from and write to buyers' sockets."},
    {.name = "busy-spin",
     .kind = SLC_OPTION_SWITCH,
     FIELD(busy_spin),
     .default_value = "off",
     .help = "Never sleep while waiting: lower latency for who owns the cores, 100% CPU when idle."},
    {.name = "ring-slots",
     .kind = SLC_OPTION_COUNT,
     FIELD(ring_slots),
     .default_value = "32768",
     .low = 1024,
     .high = 4194304,
     .power_of_two = true,
     .argument = "N",
     .help = "Requests between socket and answer at a time; a power of two, 128 bytes each."},
    {.name = "segment-size",
     .kind = SLC_OPTION_SIZE,
     FIELD(segment_bytes),
     .default_value = "64MiB",
     .low = MIB(1),
     .high = MIB(1024),
     .multiple_of = 4096,
     .argument = "BYTES",
     .help = "Size of a fresh journal segment."},
    {.name = "block-size-max",
     .kind = SLC_OPTION_SIZE,
     FIELD(block_bytes_max),
     .default_value = "1MiB",
     .low = KIB(8),
     .high = MIB(4),
     .multiple_of = 4096,
     .argument = "BYTES",
     .help = "Largest block that one durable write takes; a segment holds at least two."},
    {.name = "min-free",
     .kind = SLC_OPTION_SIZE,
     FIELD(min_free_bytes),
     .default_value = "",
     .low = KIB(64),
     .high = MIB(1048576),
     .zero_is_never = true,
     .argument = "BYTES",
     .help = "With less free on the disk no BUY is taken in (READ_ONLY) until there is room again; two "
             "segments unless given; 0 waits until no next segment can be made."},
    {.name = "max-in-flight",
     .kind = SLC_OPTION_COUNT,
     FIELD(max_in_flight),
     .default_value = "1024",
     .low = 1,
     .high = 4096,
     .argument = "N",
     .help = "Unanswered requests of one connection; more are not read."},
    {.name = "max-frame-bytes",
     .kind = SLC_OPTION_COUNT,
     FIELD(max_frame_bytes),
     .default_value = "1024",
     .low = 128,
     .high = 65536,
     .argument = "N",
     .help = "Longest frame of a buyer; a longer one ends its connection."},
    {.name = "max-connections",
     .kind = SLC_OPTION_COUNT,
     FIELD(max_connections),
     .default_value = "10000",
     .low = 1,
     .high = 1000000,
     .argument = "N",
     .help = "Buyers' connections at a time; more are refused with a Welcome that says so."},
    {.name = "hello-timeout",
     .kind = SLC_OPTION_DURATION,
     FIELD(hello_timeout_ms),
     .default_value = "5s",
     .low = 10,
     .high = HOUR_MS,
     .argument = "TIME",
     .help = "A connection has this long to say Hello."},
    {.name = "frame-timeout",
     .kind = SLC_OPTION_DURATION,
     FIELD(frame_timeout_ms),
     .default_value = "10s",
     .low = 10,
     .high = HOUR_MS,
     .argument = "TIME",
     .help = "A frame that has begun has this long to be whole."},
    {.name = "idle-timeout",
     .kind = SLC_OPTION_DURATION,
     FIELD(idle_timeout_ms),
     .default_value = "0",
     .low = 10,
     .high = HOUR_MS * 24 * 7,
     .zero_is_never = true,
     .argument = "TIME",
     .help = "A connection that asks nothing for this long is closed; 0 is never."},
    {.name = "write-timeout",
     .kind = SLC_OPTION_DURATION,
     FIELD(write_timeout_ms),
     .default_value = "10s",
     .low = 10,
     .high = HOUR_MS,
     .argument = "TIME",
     .help = "A client that does not read its answers for this long is dropped."},
    {.name = "snapshot-interval",
     .kind = SLC_OPTION_DURATION,
     FIELD(snapshot_interval_ms),
     .default_value = "5min",
     .low = 10,
     .high = HOUR_MS * 24 * 7,
     .zero_is_never = true,
     .argument = "TIME",
     .help = "A snapshot is due so long after the last one, if anything happened; 0 is never."},
    {.name = "snapshot-bytes",
     .kind = SLC_OPTION_SIZE,
     FIELD(snapshot_bytes),
     .default_value = "1GiB",
     .low = KIB(64),
     .high = MIB(1048576),
     .zero_is_never = true,
     .argument = "BYTES",
     .help = "A snapshot is due when the journal has grown by so much since; 0 is never."},
    {.name = "retain",
     .kind = SLC_OPTION_PATH,
     FIELD(retain),
     .default_value = "2",
     .accepts = is_retain,
     .form = "2 to 1000, all, or archive:DIR",
     .argument = "N|all|archive:DIR",
     .help = "Snapshots to keep, 2 or more, with the journal behind the oldest; what they cover is "
             "removed, or moved to DIR on the same file system."},
    {.name = "attempts-log",
     .kind = SLC_OPTION_SWITCH,
     FIELD(attempts_log),
     .default_value = "on",
     .argument = "on|off",
     .help = "Note refused attempts beside the journal, for 'replay explain'."},
    {.name = "attempts-log-size",
     .kind = SLC_OPTION_SIZE,
     FIELD(attempts_log_bytes),
     .default_value = "64MiB",
     .low = KIB(64),
     .high = MIB(65536),
     .argument = "BYTES",
     .help = "Bound of each of its two files."},
    {.name = "insecure",
     .kind = SLC_OPTION_SWITCH,
     FIELD(insecure),
     .default_value = "off",
     .help = "Let --listen leave this machine although buyers are neither encrypted nor authenticated."},
    {.name = "log-format",
     .kind = SLC_OPTION_CHOICE,
     FIELD(log_format),
     .default_value = "text",
     .choices = {[SLC_LOG_TEXT] = "text", [SLC_LOG_JSON] = "json"},
     .argument = "text|json",
     .help = "Form of the log on stderr."},
    {.name = "log-level",
     .kind = SLC_OPTION_CHOICE,
     FIELD(log_level),
     .default_value = "info",
     .choices = {[SLC_LOG_ERROR] = "error",
                 [SLC_LOG_WARN] = "warn",
                 [SLC_LOG_INFO] = "info",
                 [SLC_LOG_DEBUG] = "debug"},
     .argument = "error|warn|info|debug",
     .help = "Least urgent lines that are written."},
};

const size_t slc_options_count = sizeof slc_options_table / sizeof *slc_options_table;

static_assert(sizeof slc_options_table / sizeof *slc_options_table <= SLC_OPTIONS_MAX,
              "each option has an origin");
static_assert(sizeof(slc_durability_t) == 4 && sizeof(slc_journal_method_t) == 4 &&
                  sizeof(slc_log_format_t) == 4 && sizeof(slc_log_level_t) == 4,
              "a CHOICE is stored as 32 bits");

void slc_option_environment_name(const slc_option_t *option, char out[SLC_OPTIONS_NAME_BYTES])
{
    (void)snprintf(out, SLC_OPTIONS_NAME_BYTES, "SLUICE_%s", option->name);
    for (char *at = out; *at != '\0'; at++) {
        *at = *at == '-' ? '_' : (char)toupper((unsigned char)*at);
    }
}

const slc_option_t *slc_option_find(const char *name)
{
    for (size_t at = 0; at < slc_options_count; at++) {
        if (strcmp(name, slc_options_table[at].name) == 0) {
            return &slc_options_table[at];
        }
    }
    return NULL;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits from `a` to `b`: one for each character inserted, deleted or exchanged, and for each swap of two
 * neighbours (optimal string alignment). Both shorter than SLC_OPTIONS_NAME_BYTES. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t rows[3][SLC_OPTIONS_NAME_BYTES + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    size_t width = strlen(b);
    for (size_t column = 0; column <= width; column++) {
        above[column] = column;
        before[column] = column;
    }
    for (size_t line = 1; a[line - 1] != '\0'; line++) {
        row[0] = line;
        for (size_t column = 1; column <= width; column++) {
            size_t exchanged = above[column - 1] + (a[line - 1] == b[column - 1] ? 0 : 1);
            row[column] = least(exchanged, least(above[column], row[column - 1]) + 1);
            if (line > 1 && column > 1 && a[line - 1] == b[column - 2] && a[line - 2] == b[column - 1]) {
                row[column] = least(row[column], before[column - 2] + 1);
            }
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[width];
}

typedef struct nearest {
    const char *name;
    size_t edits;
} nearest_t;

static void consider(const char *name, const char *candidate, nearest_t *nearest)
{
    size_t edits = edit_distance(name, candidate);
    if (nearest->name == NULL || edits < nearest->edits) {
        *nearest = (nearest_t){candidate, edits};
    }
}

const char *slc_option_nearest(const char *name, const char *const *more)
{
    nearest_t nearest = {NULL, 0};
    size_t length = strlen(name);
    if (length >= SLC_OPTIONS_NAME_BYTES) {
        return NULL;
    }
    for (size_t at = 0; at < slc_options_count; at++) {
        consider(name, slc_options_table[at].name, &nearest);
    }
    for (; more != NULL && *more != NULL; more++) {
        consider(name, *more, &nearest);
    }
    /* Meant is what shares most of its letters: one edit in three, at least one. */
    return nearest.edits <= (length < 3 ? 1 : length / 3) ? nearest.name : NULL;
}

/* All words of one, joined by dashes, begin the other. */
static bool shares_words(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return (*a == '\0' && *b == '-') || (*b == '\0' && *a == '-');
}

const char *slc_option_suggest(const char *name, const char *const *more)
{
    const char *nearest = slc_option_nearest(name, more);
    for (size_t at = 0; nearest == NULL && *name != '\0' && at < slc_options_count; at++) {
        nearest = shares_words(name, slc_options_table[at].name) ? slc_options_table[at].name : NULL;
    }
    return nearest;
}
