/* What sluiced is told: file, environment and command line. Whatever they say, it is taken within its
 * bounds, or refused with a sentence; and what --print-config says of it is read back as the same.
 * Input: the file's text up to a byte 1; then variables, each up to a byte 2; behind another byte 1 the
 * arguments, each up to a byte 2. */
#include "engine/options_table.h"
#include "tally.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TEXT_BYTES_MAX 2048u
#define WORDS_MAX 24u
#define PRINTED_BYTES_MAX 65536u

static char g_path[64]; /* of the file, which is in memory */
static int g_file = -1;

static void prepare(void)
{
    if (g_file < 0) {
        g_file = memfd_create("config", 0);
        FUZZ_CHECK(g_file >= 0);
        (void)snprintf(g_path, sizeof g_path, "/proc/self/fd/%d", g_file);
    }
}

static void put_file(const char *text, size_t bytes)
{
    FUZZ_CHECK(ftruncate(g_file, 0) == 0);
    FUZZ_CHECK(pwrite(g_file, text, bytes, 0) == (ssize_t)bytes);
}

/* Cuts `text` into words at each byte 2; behind them NULL. Answers how many. */
static int cut_words(char *text, char **words, size_t begin)
{
    size_t count = begin;
    for (char *at = text; *at != '\0' && count < WORDS_MAX;) {
        size_t bytes = strcspn(at, "\002");
        words[count++] = at;
        at += bytes + (at[bytes] != '\0');
        at[-1] = at[-1] == '\002' ? '\0' : at[-1];
    }
    words[count] = NULL;
    return (int)count;
}

/* The values alone, one a line, without where they came from. False: one would not fit a line of a
 * file, for a path may hold anything. */
static bool values_of(const slc_options_t *options, char *values)
{
    size_t used = 0;
    for (size_t i = 0; i < slc_options_count; i++) {
        char value[SLC_OPTIONS_PATH_BYTES + 64];
        if (slc_options_table[i].line_only) {
            continue;
        }
        slc_option_write(&slc_options_table[i], options, value, sizeof value);
        size_t bytes = strlen(value);
        bool plain = strpbrk(value, "#\n\r\t ;") == NULL && bytes > 0;
        if (bytes > 0 && !plain) {
            return false;
        }
        if (bytes > 0) {
            used += (size_t)snprintf(values + used, PRINTED_BYTES_MAX - used, "%s = %s\n",
                                     slc_options_table[i].name, value);
            FUZZ_CHECK(used < PRINTED_BYTES_MAX);
        }
    }
    return true;
}

static void check_bounds(const slc_options_t *options)
{
    FUZZ_CHECK(memchr(options->data_dir, 0, sizeof options->data_dir) != NULL);
    FUZZ_CHECK(memchr(options->control, 0, sizeof options->control) != NULL);
    FUZZ_CHECK(memchr(options->retain, 0, sizeof options->retain) != NULL);
    FUZZ_CHECK(memchr(options->listen.host, 0, sizeof options->listen.host) != NULL);
    FUZZ_CHECK(options->ring_slots > 0 && (options->ring_slots & (options->ring_slots - 1)) == 0);
    FUZZ_CHECK(options->max_in_flight >= 1 && options->max_in_flight <= options->ring_slots);
    FUZZ_CHECK(options->io_threads >= 1 && options->io_threads <= 16);
    FUZZ_CHECK(options->block_bytes_max % 4096 == 0 && options->segment_bytes % 4096 == 0);
    FUZZ_CHECK(options->segment_bytes >= 2 * options->block_bytes_max + 4096);
}

/* What --print-config writes is a configuration file. */
static void check_printed(const slc_options_t *options)
{
    static char printed[PRINTED_BYTES_MAX];
    char config[80];
    char name[] = "sluiced";
    slc_options_t again;
    static char values[2][PRINTED_BYTES_MAX];
    if (!values_of(options, values[0])) {
        return;
    }
    FILE *out = fmemopen(printed, sizeof printed, "w");
    FUZZ_CHECK(out != NULL);
    slc_options_print_config(options, out);
    FUZZ_CHECK(fclose(out) == 0);
    put_file(printed, strlen(printed));
    (void)snprintf(config, sizeof config, "--config=%s", g_path);
    char *arguments[] = {name, config, NULL};
    FUZZ_CHECK(slc_options_parse(2, arguments, NULL, &again, NULL) == SLC_OK);
    FUZZ_CHECK(values_of(&again, values[1]) && strcmp(values[0], values[1]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static slc_options_t options;
    slc_error_t error = {0};
    char text[TEXT_BYTES_MAX + 1];
    char name[] = "sluiced";
    char config[80];
    char *variables[WORDS_MAX + 1];
    char *arguments[WORDS_MAX + 1] = {name, config};
    if (size > TEXT_BYTES_MAX) {
        fuzz_tally(0);
        return 0;
    }
    prepare();
    memcpy(text, data, size);
    text[size] = '\0';
    /* The file may hold NULs, the rest ends at one. */
    char *split = memchr(text, 1, size);
    put_file(text, split == NULL ? size : (size_t)(split - text));
    char *rest = split == NULL ? text + size : split + 1;
    char *second = strchr(rest, 1);
    if (second != NULL) {
        *second = '\0';
    }
    (void)cut_words(rest, variables, 0);
    (void)snprintf(config, sizeof config, "--config=%s", g_path);
    int count = cut_words(second == NULL ? text + size : second + 1, arguments, 2);
    slc_err_t code = slc_options_parse(count, arguments, variables, &options, &error);
    FUZZ_CHECK(code == SLC_OK || code == SLC_ERR_USAGE || code == SLC_ERR_CONFIG);
    FUZZ_CHECK(code == SLC_OK || error.message[0] != '\0');
    bool serves = code == SLC_OK && options.action == SLC_ACTION_SERVE;
    if (serves) {
        check_bounds(&options);
        check_printed(&options);
    }
    fuzz_tally(serves);
    return 0;
}
