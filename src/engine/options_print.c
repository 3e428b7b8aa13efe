/* --help, --version and --print-config, made from the table. */
#include "engine/options.h"

#include "base/check.h"
#include "engine/options_table.h"

#include <sluice/build.h>

#include <string.h>

#define HELP_COLUMN 30

static void print_option(const slc_option_t *option, FILE *out)
{
    char flag[80];
    (void)snprintf(flag, sizeof flag, "  --%s%s%s", option->name, option->argument == NULL ? "" : " ",
                   option->argument == NULL ? "" : option->argument);
    (void)fprintf(out, "%-*s", HELP_COLUMN - 1, flag);
    if (strlen(flag) >= HELP_COLUMN - 1) {
        (void)fprintf(out, "\n%*s", HELP_COLUMN - 1, "");
    }
    (void)fprintf(out, " %s", option->help);
    if (option->default_value[0] != '\0') {
        (void)fprintf(out, " [%s]", option->default_value);
    }
    (void)fputc('\n', out);
}

void slc_options_print_help(FILE *out)
{
    (void)fputs(
        "Examples:\n"
        "  sluiced --data-dir /var/lib/sluice\n"
        "  sluiced --data-dir ./data --listen 127.0.0.1:0 --log-format json\n"
        "  sluiced --config /etc/sluice.ini --print-config\n"
        "\n"
        "sluiced sells what its operators put up for sale, each unit once, and says yes to a buyer only\n"
        "when the order is on disk. It prints 'ready listen=... control=... http=...' on stderr when it\n"
        "serves. SIGTERM stops it cleanly; stopping it in any other way loses nothing that was "
        "answered.\n"
        "\n"
        "Each option can also stand in the environment (SLUICE_IO_THREADS=2) or in the file that "
        "--config\n"
        "names (io-threads = 2). Flags win over the environment, the environment over the file. Sizes\n"
        "take KiB, MiB, GiB; times take ms, s, min, h.\n"
        "\n"
        "Options, with their defaults:\n",
        out);
    for (size_t at = 0; at < slc_options_count; at++) {
        print_option(&slc_options_table[at], out);
    }
    (void)fputs(
        "  --check-config              Check all values, say nothing where they are good, exit 0 or 3.\n"
        "  --print-config              Print each value and where it comes from, in the form of a file.\n"
        "  --help, --version\n"
        "\n"
        "Exit codes: 0 stopped cleanly, 2 wrong usage, 3 bad configuration, 4 damaged journal or\n"
        "snapshot, 5 input or output failed, 6 the data directory is in use.\n",
        out);
}

void slc_options_print_version(FILE *out)
{
    (void)fprintf(out, "sluiced %s (commit %s)\n", slc_build_version(), slc_build_commit());
}

static void describe_origin(const slc_options_t *options, const slc_option_t *option, char *out,
                            size_t capacity)
{
    const slc_origin_t *origin = &options->origins[option - slc_options_table];
    char variable[SLC_OPTIONS_NAME_BYTES];
    switch (origin->kind) {
    case SLC_ORIGIN_DEFAULT:
        (void)snprintf(out, capacity, "default");
        break;
    case SLC_ORIGIN_FILE:
        (void)snprintf(out, capacity, "file %s:%u", options->config, origin->line);
        break;
    case SLC_ORIGIN_ENVIRONMENT:
        slc_option_environment_name(option, variable);
        (void)snprintf(out, capacity, "environment %s", variable);
        break;
    case SLC_ORIGIN_FLAG:
        (void)snprintf(out, capacity, "flag --%s", option->name);
        break;
    }
}

void slc_options_origin(const slc_options_t *options, const char *name, char *out, size_t capacity)
{
    const slc_option_t *option = slc_option_find(name);
    SLC_CHECK(option != NULL);
    describe_origin(options, option, out, capacity);
}

/* A line of a file would not give it back as it is. */
static bool needs_quotes(const char *value)
{
    size_t bytes = strlen(value);
    return bytes == 0 || strchr(" \t\"#", value[0]) != NULL || strchr(" \t", value[bytes - 1]) != NULL ||
           strpbrk(value, "\n\r") != NULL || strstr(value, " #") != NULL || strstr(value, "\t#") != NULL;
}

/* As options_file.c reads it. `out` has room for twice the value and three bytes. */
static void write_value(const char *value, char *out)
{
    bool quoted = needs_quotes(value);
    if (quoted) {
        *out++ = '"';
    }
    for (; *value != '\0'; value++) {
        if (quoted && strchr("\"\\\n\r", *value) != NULL) {
            *out++ = '\\';
        }
        *out++ = (char)(quoted && *value == '\n' ? 'n' : quoted && *value == '\r' ? 'r' : *value);
    }
    if (quoted) {
        *out++ = '"';
    }
    *out = '\0';
}

/* It stands in a comment, which ends with its line. */
static void stay_in_line(char *text)
{
    for (; *text != '\0'; text++) {
        *text = (char)(*text == '\n' || *text == '\r' ? '?' : *text);
    }
}

void slc_options_print_config(const slc_options_t *options, FILE *out)
{
    for (size_t at = 0; at < slc_options_count; at++) {
        const slc_option_t *option = &slc_options_table[at];
        char value[SLC_OPTIONS_PATH_BYTES];
        char origin[SLC_OPTIONS_PATH_BYTES + 32];
        char written[2 * SLC_OPTIONS_PATH_BYTES + 3];
        char setting[sizeof written + SLC_OPTIONS_NAME_BYTES + 3];
        if (option->line_only) {
            continue; /* it could not be read back */
        }
        slc_option_write(option, options, value, sizeof value);
        describe_origin(options, option, origin, sizeof origin);
        stay_in_line(origin);
        write_value(value, written);
        (void)snprintf(setting, sizeof setting, "%s = %s", option->name, written);
        (void)fprintf(out, "%-40s # %s\n", setting, origin);
    }
}
