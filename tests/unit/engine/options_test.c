#include "engine/options.h"
#include "engine/options_table.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGUMENTS_MAX 32

typedef struct outcome {
    slc_err_t err;
    slc_options_t options;
    slc_error_t error;
} outcome_t;

/* Splits both lines at blanks: `flags` behind the program's name, `environment` as it is. */
static outcome_t parse(const char *flags, const char *environment)
{
    outcome_t outcome;
    static char words[2][4096];
    char *lists[2][ARGUMENTS_MAX + 1] = {{(char *)"sluiced"}, {NULL}};
    int counts[2] = {1, 0};
    const char *lines[2] = {flags, environment};
    memset(&outcome, 0, sizeof outcome);
    for (int list = 0; list < 2; list++) {
        (void)snprintf(words[list], sizeof words[list], "%s", lines[list]);
        char *rest = NULL;
        for (char *word = strtok_r(words[list], " ", &rest); word != NULL;
             word = strtok_r(NULL, " ", &rest)) {
            cr_assert(counts[list] < ARGUMENTS_MAX);
            lists[list][counts[list]++] = word;
        }
        lists[list][counts[list]] = NULL;
    }
    outcome.err = slc_options_parse(counts[0], lists[0], lists[1], &outcome.options, &outcome.error);
    return outcome;
}

static void expect_error(outcome_t outcome, int exit_code, const char *sentence)
{
    cr_assert(slc_err_exit_code(outcome.err) == exit_code, "exit %d: %s", slc_err_exit_code(outcome.err),
              outcome.error.message);
    cr_assert_str_eq(outcome.error.message, sentence);
}

static char *file_with(const char *text)
{
    static char path[] = "/tmp/slc-options-XXXXXX";
    (void)snprintf(path, sizeof path, "/tmp/slc-options-XXXXXX");
    int fd = mkstemp(path);
    cr_assert(fd >= 0);
    cr_assert(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    cr_assert(close(fd) == 0);
    return path;
}

/* Parses with `text` as the file; the file is gone again afterwards. */
static outcome_t parse_with_file(const char *flags, const char *environment, const char *text)
{
    char line[4096];
    char *path = file_with(text);
    (void)snprintf(line, sizeof line, "--config %s %s", path, flags);
    outcome_t outcome = parse(line, environment);
    cr_assert(unlink(path) == 0);
    return outcome;
}

static outcome_t parse_text(const char *text)
{
    outcome_t outcome = parse("--data-dir d", "");
    cr_assert(outcome.err == SLC_OK);
    outcome.err = slc_options_read_text("sluice.ini", text, &outcome.options, &outcome.error);
    return outcome;
}

Test(options, defaults_are_those_of_the_contract)
{
    outcome_t outcome = parse("--data-dir /data", "");
    const slc_options_t *options = &outcome.options;
    cr_assert(outcome.err == SLC_OK, "%s", outcome.error.message);
    cr_assert(options->action == SLC_ACTION_SERVE);
    cr_assert_str_eq(options->data_dir, "/data");
    cr_assert_str_eq(options->listen.host, "127.0.0.1");
    cr_assert(options->listen.port == 7411);
    cr_assert_str_eq(options->control, "/data/control.sock");
    cr_assert_str_eq(options->http.host, "127.0.0.1");
    cr_assert(options->http.port == 7412);
    cr_assert(options->durability == SLC_DURABILITY_FSYNC);
    cr_assert(options->journal_method == SLC_JOURNAL_METHOD_AUTO);
    cr_assert(options->io_threads == 1 && !options->busy_spin && options->ring_slots == 32768);
    cr_assert(options->segment_bytes == SLC_SEGMENT_BYTES_DEFAULT);
    cr_assert(options->block_bytes_max == SLC_BLOCK_BYTES_MAX_DEFAULT);
    cr_assert(options->max_in_flight == 1024 && options->max_frame_bytes == 1024);
    cr_assert(options->max_connections == 10000);
    cr_assert(options->hello_timeout_ms == 5000 && options->frame_timeout_ms == 10000);
    cr_assert(options->idle_timeout_ms == 0 && options->write_timeout_ms == 10000);
    cr_assert(options->attempts_log && options->attempts_log_bytes == UINT64_C(64) << 20);
    cr_assert(!options->insecure);
    cr_assert(options->log_format == SLC_LOG_TEXT && options->log_level == SLC_LOG_INFO);
}

Test(options, flags_win_over_environment_over_file_over_defaults)
{
    const char *file = "io-threads = 2\nring-slots = 2048\nmax-connections = 5\n";
    outcome_t outcome = parse_with_file("--data-dir d --io-threads 4",
                                        "SLUICE_IO_THREADS=3 SLUICE_RING_SLOTS=4096", file);
    cr_assert(outcome.err == SLC_OK, "%s", outcome.error.message);
    cr_assert(outcome.options.io_threads == 4);
    cr_assert(outcome.options.ring_slots == 4096);
    cr_assert(outcome.options.max_connections == 5);
    cr_assert(outcome.options.max_in_flight == 1024);
}

Test(options, a_value_is_checked_even_where_a_stronger_place_overrides_it)
{
    expect_error(parse("--data-dir d --io-threads 4", "SLUICE_IO_THREADS=99"), 3,
                 "SLUICE_IO_THREADS: '99' is out of bounds; give 1 to 16");
}

Test(options, the_file_can_be_named_by_the_environment)
{
    char variable[128];
    char *path = file_with(
        "# site\n[sluiced]\n\n data-dir = /srv/a b  # blanks stay inside\r\nbusy-spin=yes\n;x\n");
    (void)snprintf(variable, sizeof variable, "SLUICE_CONFIG=%s", path);
    outcome_t outcome = parse("", variable);
    cr_assert(unlink(path) == 0);
    cr_assert(outcome.err == SLC_OK, "%s", outcome.error.message);
    cr_assert_str_eq(outcome.options.data_dir, "/srv/a b");
    cr_assert(outcome.options.busy_spin);
}

Test(options, every_origin_is_printed_and_the_output_reads_back)
{
    char *text = NULL;
    size_t bytes = 0;
    char expected[128];
    char *path = file_with("# first\nring-slots = 4096\n");
    char line[256];
    (void)snprintf(line, sizeof line, "--config=%s --data-dir=d --busy-spin --segment-size 128MiB", path);
    outcome_t outcome = parse(line, "SLUICE_IDLE_TIMEOUT=90s");
    cr_assert(outcome.err == SLC_OK, "%s", outcome.error.message);
    FILE *out = open_memstream(&text, &bytes);
    slc_options_print_config(&outcome.options, out);
    cr_assert(fclose(out) == 0);
    cr_assert(strstr(text, "busy-spin = on                           # flag --busy-spin\n") != NULL, "%s",
              text);
    cr_assert(strstr(text, "segment-size = 128MiB                    # flag --segment-size\n") != NULL);
    cr_assert(
        strstr(text, "idle-timeout = 90s                       # environment SLUICE_IDLE_TIMEOUT\n") !=
        NULL);
    cr_assert(strstr(text, "write-timeout = 10s                      # default\n") != NULL);
    (void)snprintf(expected, sizeof expected, "ring-slots = 4096                        # file %s:2\n",
                   path);
    cr_assert(strstr(text, expected) != NULL);
    cr_assert(unlink(path) == 0);

    outcome_t again = parse_text(text);
    cr_assert(again.err == SLC_OK, "%s", again.error.message);
    char *text_again = NULL;
    memset(outcome.options.origins, 0, sizeof outcome.options.origins);
    memset(again.options.origins, 0, sizeof again.options.origins);
    /* data-dir came from a flag in both, so all that differs is where the values came from. */
    out = open_memstream(&text_again, &bytes);
    slc_options_print_config(&again.options, out);
    cr_assert(fclose(out) == 0);
    free(text);
    out = open_memstream(&text, &bytes);
    slc_options_print_config(&outcome.options, out);
    cr_assert(fclose(out) == 0);
    cr_assert_str_eq(text_again, text);
    free(text);
    free(text_again);
}

Test(options, an_unknown_flag_is_wrong_usage_with_a_suggestion)
{
    expect_error(parse("--data-dir d --io-thread 2", ""), 2,
                 "there is no flag --io-thread; did you mean --io-threads?");
    expect_error(parse("--data-dri=d", ""), 2, "there is no flag --data-dri=d; did you mean --data-dir?");
    expect_error(parse("--chekc-config", ""), 2,
                 "there is no flag --chekc-config; did you mean --check-config?");
    expect_error(parse("--tls-certificate x", ""), 2,
                 "there is no flag --tls-certificate; sluiced --help lists them");
    expect_error(parse("serve", ""), 2,
                 "'serve' is no flag; sluiced takes flags only, such as --data-dir DIR");
    expect_error(parse("--listen", ""), 2, "--listen needs a value: --listen HOST:PORT");
    expect_error(
        parse("--data-dir --print-config", ""), 2,
        "--data-dir needs a value, and '--print-config' looks like a flag; write --data-dir DIR, or "
        "--data-dir=--print-config where that is meant");
    cr_assert_str_eq(parse("--data-dir=--odd", "").options.data_dir, "--odd");
}

Test(options, an_endless_flag_is_refused_like_any_other)
{
    static char flag[3000];
    memset(flag, 'x', sizeof flag - 1);
    memcpy(flag, "--", 2);
    outcome_t outcome = parse(flag, "");
    cr_assert(outcome.err == SLC_ERR_USAGE);
}

Test(options, a_missing_data_directory_is_wrong_usage)
{
    expect_error(
        parse("", ""), 2,
        "no data directory was named; say where journal and snapshots live: sluiced --data-dir DIR");
}

Test(options, an_unknown_key_of_the_file_is_an_error_with_its_line_and_a_suggestion)
{
    expect_error(parse_text("\n\nlog-levle = info\n"), 3,
                 "sluice.ini:3: there is no option 'log-levle'; did you mean 'log-level'?");
    expect_error(parse_text("frobnicate = 1"), 3,
                 "sluice.ini:1: there is no option 'frobnicate'; sluiced --help lists them");
    expect_error(parse_text("[server]\n"), 3,
                 "sluice.ini:1: there is no section '[server]'; only [sluiced] can stand here");
    expect_error(parse_text("config = other.ini\n"), 3,
                 "sluice.ini:1: 'config' cannot stand in a file; give it as --config");
    expect_error(parse_text("io-threads = 1\n\nio-threads = 2\n"), 3,
                 "sluice.ini:3: 'io-threads' stands in line 1 already; remove one");
    expect_error(parse_text("io-threads = 1 2\n"), 3,
                 "sluice.ini:1: io-threads: '1 2' is not a whole number; give 1 to 16");
    expect_error(parse_text("control =\n"), 3,
                 "sluice.ini:1: control: the value is empty; give PATH or leave it out");
}

Test(options, a_file_that_is_none_is_refused)
{
    outcome_t outcome = parse("--data-dir d --config /nonexistent/sluice.ini", "");
    expect_error(outcome, 3,
                 "cannot open the configuration file /nonexistent/sluice.ini, which --config or "
                 "SLUICE_CONFIG names: No such file or directory");
    outcome = parse("--data-dir d --config /", "");
    cr_assert(outcome.err == SLC_ERR_CONFIG);
    outcome = parse("--data-dir d --config /dev/zero", "");
    expect_error(outcome, 3,
                 "/dev/zero is over 65536 bytes: that is no configuration file; give --config or "
                 "SLUICE_CONFIG another");
    static char line[5000];
    memset(line, 'a', sizeof line - 1);
    expect_error(parse_text(line), 3, "sluice.ini:1: the line is over 4095 bytes; shorten it");
}

Test(options, a_slip_in_the_environment_is_an_error_and_names_of_others_are_not)
{
    expect_error(parse("--data-dir d", "SLUICE_IO_THREAD=2"), 3,
                 "SLUICE_IO_THREAD: there is no such option; did you mean SLUICE_IO_THREADS?");
    outcome_t outcome = parse(
        "--data-dir d", "SLUICE_SERVICE_HOST=10.0.0.1 SLUICE_PORT_7411_TCP_ADDR=x SLUICES=9 PATH=/bin");
    cr_assert(outcome.err == SLC_OK, "%s", outcome.error.message);
}

Test(options, counts_keep_their_bounds)
{
    static const struct {
        const char *flags;
        bool good;
    } cases[] = {
        {"--io-threads 1", true},           {"--io-threads 16", true},
        {"--io-threads 0", false},          {"--io-threads 17", false},
        {"--io-threads -1", false},         {"--io-threads 0x2", false},
        {"--io-threads 4294967297", false}, {"--io-threads 18446744073709551617", false},
        {"--io-threads=", false},           {"--io-threads 2k", false},
        {"--ring-slots 1024", true},        {"--ring-slots 4194304", true},
        {"--ring-slots 512", false},        {"--ring-slots 8388608", false},
        {"--ring-slots 1025", false},       {"--ring-slots 3072", false},
        {"--max-in-flight 1", true},        {"--max-in-flight 4096", true},
        {"--max-in-flight 0", false},       {"--max-in-flight 4097", false},
        {"--max-frame-bytes 128", true},    {"--max-frame-bytes 127", false},
        {"--max-frame-bytes 65536", true},  {"--max-frame-bytes 65537", false},
        {"--max-connections 0", false},     {"--max-connections 1000000", true},
    };
    for (size_t at = 0; at < sizeof cases / sizeof *cases; at++) {
        char line[128];
        (void)snprintf(line, sizeof line, "--data-dir d %s", cases[at].flags);
        outcome_t outcome = parse(line, "");
        cr_assert(outcome.err == (cases[at].good ? SLC_OK : SLC_ERR_CONFIG), "%s: %s", cases[at].flags,
                  outcome.error.message);
    }
}

Test(options, sizes_and_times_say_their_unit)
{
    outcome_t outcome =
        parse("--data-dir d --segment-size 1GiB --block-size-max 8192 --attempts-log-size 64KiB "
              "--hello-timeout 10ms --frame-timeout 2min --idle-timeout 1h --write-timeout 1s",
              "");
    cr_assert(outcome.err == SLC_OK, "%s", outcome.error.message);
    cr_assert(outcome.options.segment_bytes == UINT64_C(1) << 30);
    cr_assert(outcome.options.block_bytes_max == 8192);
    cr_assert(outcome.options.attempts_log_bytes == 65536);
    cr_assert(outcome.options.hello_timeout_ms == 10);
    cr_assert(outcome.options.frame_timeout_ms == 120000);
    cr_assert(outcome.options.idle_timeout_ms == 3600000);
    cr_assert(outcome.options.write_timeout_ms == 1000);

    expect_error(
        parse("--data-dir d --segment-size 64MB", ""), 3,
        "--segment-size: '64MB' is not a whole number of bytes, or one with KiB, MiB or GiB; give 1MiB "
        "to 1GiB, a multiple of 4KiB");
    expect_error(parse("--data-dir d --segment-size 1048577", ""), 3,
                 "--segment-size: '1048577' is out of bounds; give 1MiB to 1GiB, a multiple of 4KiB");
    expect_error(
        parse("--data-dir d --segment-size 17179869184GiB", ""), 3,
        "--segment-size: '17179869184GiB' is not a whole number of bytes, or one with KiB, MiB or GiB; "
        "give 1MiB to 1GiB, a multiple of 4KiB");
    expect_error(parse("--data-dir d --hello-timeout 5", ""), 3,
                 "--hello-timeout: '5' is not a whole number with ms, s, min or h; give 10ms to 1h");
    expect_error(parse("--data-dir d --hello-timeout 0", ""), 3,
                 "--hello-timeout: '0' is out of bounds; give 10ms to 1h");
    expect_error(parse("--data-dir d --idle-timeout 9ms", ""), 3,
                 "--idle-timeout: '9ms' is out of bounds; give 10ms to 168h, or 0 for never");
}

Test(options, choices_and_switches_know_their_words)
{
    outcome_t outcome =
        parse("--data-dir d --durability os --attempts-log off --log-format=json --log-level debug",
              "SLUICE_BUSY_SPIN=true");
    cr_assert(outcome.err == SLC_OK, "%s", outcome.error.message);
    cr_assert(outcome.options.durability == SLC_DURABILITY_OS && !outcome.options.attempts_log);
    cr_assert(outcome.options.log_format == SLC_LOG_JSON && outcome.options.log_level == SLC_LOG_DEBUG);
    cr_assert(outcome.options.busy_spin);
    outcome = parse("--data-dir d --busy-spin=off", "SLUICE_BUSY_SPIN=on");
    cr_assert(outcome.err == SLC_OK && !outcome.options.busy_spin);

    expect_error(parse("--data-dir d --durability none", ""), 3,
                 "--durability: 'none' is unknown; give fsync|os");
    expect_error(parse("--data-dir d --attempts-log maybe", ""), 3,
                 "--attempts-log: 'maybe' is unknown; give on or off");
}

Test(options, addresses_are_host_and_port)
{
    static const struct {
        const char *text, *host;
        uint16_t port;
    } good[] = {
        {"127.0.0.1:0", "127.0.0.1", 0},
        {"127.9.9.9:65535", "127.9.9.9", 65535},
        {"[::1]:7411", "::1", 7411},
        {"localhost:80", "localhost", 80},
    };
    for (size_t at = 0; at < sizeof good / sizeof *good; at++) {
        char line[128];
        char back[128];
        (void)snprintf(line, sizeof line, "--data-dir d --listen %s", good[at].text);
        outcome_t outcome = parse(line, "");
        cr_assert(outcome.err == SLC_OK, "%s", outcome.error.message);
        cr_assert_str_eq(outcome.options.listen.host, good[at].host);
        cr_assert(outcome.options.listen.port == good[at].port);
        slc_option_write(slc_option_find("listen"), &outcome.options, back, sizeof back);
        cr_assert_str_eq(back, good[at].text);
    }
    static const char *const bad[] = {
        "7411",        ":7411",    "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
        "127.0.0.1:x", "::1:7411", "[]:1",      "[::1]"};
    for (size_t at = 0; at < sizeof bad / sizeof *bad; at++) {
        char line[128];
        (void)snprintf(line, sizeof line, "--data-dir d --listen %s", bad[at]);
        outcome_t outcome = parse(line, "");
        cr_assert(outcome.err == SLC_ERR_CONFIG, "%s", bad[at]);
        cr_assert(strstr(outcome.error.message, "write it like 127.0.0.1:7411") != NULL);
    }
}

Test(options, leaving_this_machine_needs_a_word)
{
    static const char *const far[] = {"0.0.0.0:1",      "192.168.0.1:1", "[::]:1",
                                      "shop.example:1", "128.0.0.1:1",   "[::ffff:127.0.0.1]:1"};
    for (size_t at = 0; at < sizeof far / sizeof *far; at++) {
        char line[128];
        (void)snprintf(line, sizeof line, "--data-dir d --listen %s", far[at]);
        outcome_t outcome = parse(line, "");
        cr_assert(outcome.err == SLC_ERR_CONFIG, "%s", far[at]);
        cr_assert(strstr(outcome.error.message, "can be reached from other machines") != NULL);
        cr_assert(strstr(outcome.error.message, "--insecure") != NULL);
        (void)snprintf(line, sizeof line, "--data-dir d --insecure --listen %s", far[at]);
        cr_assert(parse(line, "").err == SLC_OK, "%s", far[at]);
    }
}

Test(options, values_that_contradict_each_other_are_refused)
{
    expect_error(
        parse("--data-dir d --ring-slots 1024 --max-in-flight 2048", ""), 3,
        "max-in-flight = 2048 (flag --max-in-flight): one connection could fill the ring; give at most "
        "ring-slots = 1024 (flag --ring-slots)");
    outcome_t apart = parse_with_file("--data-dir d", "SLUICE_RING_SLOTS=1024", "\nmax-in-flight=2048\n");
    cr_assert(apart.err == SLC_ERR_CONFIG);
    cr_assert(strstr(apart.error.message, ":2): one connection could fill the ring") != NULL, "%s",
              apart.error.message);
    cr_assert(strstr(apart.error.message, "ring-slots = 1024 (environment SLUICE_RING_SLOTS)") != NULL);
    cr_assert(parse("--data-dir d --ring-slots 2048 --max-in-flight 2048", "").err == SLC_OK);
    expect_error(
        parse("--data-dir d --segment-size 2MiB", ""), 3,
        "segment-size = 2MiB (flag --segment-size): a segment holds its header of 4096 bytes and "
        "at least two blocks; give at least 2101248, or less than block-size-max = 1MiB (default)");
    cr_assert(parse("--data-dir d --segment-size 2101248", "").err == SLC_OK);
    expect_error(parse("--data-dir d --durability os --journal-method direct", ""), 3,
                 "journal-method = direct (flag --journal-method): with durability = os (flag "
                 "--durability) no block is forced to the disk; leave journal-method out");
    cr_assert(parse("--data-dir d --journal-method fdatasync", "").err == SLC_OK);
    char line[400];
    (void)snprintf(line, sizeof line, "--data-dir d --control /%0107d", 0);
    outcome_t outcome = parse(line, "");
    cr_assert(outcome.err == SLC_ERR_CONFIG);
    cr_assert(strstr(outcome.error.message, "a socket's path has at most 107 bytes") != NULL);
    cr_assert(strstr(outcome.error.message, "(flag --control)") != NULL);
    (void)snprintf(line, sizeof line, "--data-dir d --control /%0106d", 0);
    cr_assert(parse(line, "").err == SLC_OK);
    (void)snprintf(line, sizeof line, "--data-dir /%0200d", 0);
    outcome = parse(line, "");
    cr_assert(outcome.err == SLC_ERR_CONFIG, "the default control path would be too long");
    cr_assert(strstr(outcome.error.message, "(flag --data-dir): DIR/control.sock is too long") != NULL);
}

Test(options, help_and_version_win_over_all_else)
{
    cr_assert(parse("--nonsense --help", "SLUICE_IO_THREADS=99").options.action == SLC_ACTION_HELP);
    cr_assert(parse("--version", "").options.action == SLC_ACTION_VERSION);
    cr_assert(parse("--check-config --data-dir d", "").options.action == SLC_ACTION_CHECK_CONFIG);
    cr_assert(parse("--data-dir d --print-config", "").options.action == SLC_ACTION_PRINT_CONFIG);
}

Test(options, help_begins_with_examples_and_names_every_option)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    slc_options_print_help(out);
    cr_assert(fclose(out) == 0);
    cr_assert(strncmp(text, "Examples:\n", 10) == 0);
    for (size_t at = 0; at < slc_options_count; at++) {
        char flag[64];
        (void)snprintf(flag, sizeof flag, "\n  --%s", slc_options_table[at].name);
        cr_assert(strstr(text, flag) != NULL, "%s", flag);
    }
    free(text);
}

Test(options, each_name_is_one_that_flag_file_and_environment_can_carry)
{
    for (size_t at = 0; at < slc_options_count; at++) {
        const slc_option_t *option = &slc_options_table[at];
        char variable[SLC_OPTIONS_NAME_BYTES];
        cr_assert(strspn(option->name, "abcdefghijklmnopqrstuvwxyz-") == strlen(option->name));
        slc_option_environment_name(option, variable);
        cr_assert(strspn(variable, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == strlen(variable));
        cr_assert(slc_option_find(option->name) == option, "%s stands twice", option->name);
        cr_assert(option->kind == SLC_OPTION_SWITCH || option->argument != NULL);
    }
    cr_assert_str_eq(slc_option_suggest("log-formta", NULL), "log-format");
    cr_assert(slc_option_suggest("", NULL) == NULL);
}
