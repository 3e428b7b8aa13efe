/* Flags, environment, file and defaults into one slc_options_t, and what must hold between its values. */
#include "engine/options.h"

#include "engine/options_table.h"

#include "base/check.h"
#include "base/error.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>
#include <sys/un.h>

/* ---- flags ---- */

static bool is_action(const char *argument, slc_options_action_t *ret_action)
{
    static const struct {
        const char *flag;
        slc_options_action_t action;
    } actions[] = {
        {"--help", SLC_ACTION_HELP},
        {"-h", SLC_ACTION_HELP},
        {"--version", SLC_ACTION_VERSION},
        {"-V", SLC_ACTION_VERSION},
        {"--check-config", SLC_ACTION_CHECK_CONFIG},
        {"--print-config", SLC_ACTION_PRINT_CONFIG},
    };
    for (size_t at = 0; at < sizeof actions / sizeof *actions; at++) {
        if (strcmp(argument, actions[at].flag) == 0) {
            *ret_action = actions[at].action;
            return true;
        }
    }
    return false;
}

static bool asks_only(int argc, char *const *argv, slc_options_t *options)
{
    for (int at = 1; at < argc; at++) {
        slc_options_action_t action = SLC_ACTION_SERVE;
        if (is_action(argv[at], &action) && (action == SLC_ACTION_HELP || action == SLC_ACTION_VERSION)) {
            options->action = action;
            return true;
        }
    }
    return false;
}

static slc_err_t unknown_flag(const char *flag, const char *name, slc_error_t *error)
{
    static const char *const actions[] = {"help", "version", "check-config", "print-config", NULL};
    const char *suggestion = slc_option_suggest(name, actions);
    if (suggestion != NULL) {
        return slc_error_set(error, SLC_ERR_USAGE, "there is no flag %.64s; did you mean --%s?", flag,
                             suggestion);
    }
    return slc_error_set(error, SLC_ERR_USAGE, "there is no flag %.64s; sluiced --help lists them", flag);
}

/* Reads the flag at argv[at]; answers in *ret_next where the next one stands. */
static slc_err_t read_flag(int argc, char *const *argv, int at, int *ret_next, slc_options_t *options,
                           slc_error_t *error)
{
    const char *flag = argv[at];
    char name[SLC_OPTIONS_NAME_BYTES];
    char place[SLC_OPTIONS_NAME_BYTES + 2];
    *ret_next = at + 1;
    if (is_action(flag, &options->action)) {
        return SLC_OK;
    }
    if (strncmp(flag, "--", 2) != 0) {
        return slc_error_set(error, SLC_ERR_USAGE,
                             "'%.64s' is no flag; sluiced takes flags only, such as --data-dir DIR",
                             flag);
    }
    size_t name_bytes = strcspn(flag + 2, "=");
    const char *value = flag[2 + name_bytes] == '=' ? flag + 2 + name_bytes + 1 : NULL;
    (void)snprintf(name, sizeof name, "%.*s", (int)(name_bytes < 100 ? name_bytes : 100), flag + 2);
    const slc_option_t *option = slc_option_find(name);
    if (option == NULL) {
        return unknown_flag(flag, name, error);
    }
    (void)snprintf(place, sizeof place, "--%s", name);
    if (value == NULL && option->kind == SLC_OPTION_SWITCH && option->argument == NULL) {
        value = "on"; /* --busy-spin alone */
    }
    if (value == NULL) {
        if (at + 1 >= argc) {
            return slc_error_set(error, SLC_ERR_USAGE, "--%s needs a value: --%s %s", name, name,
                                 option->argument);
        }
        if (strncmp(argv[at + 1], "--", 2) == 0) { /* the next flag, most likely */
            return slc_error_set(error, SLC_ERR_USAGE,
                                 "--%s needs a value, and '%.64s' looks like a flag; write --%s %s, or "
                                 "--%s=%.64s where that is meant",
                                 name, argv[at + 1], name, option->argument, name, argv[at + 1]);
        }
        value = argv[at + 1];
        *ret_next = at + 2;
    }
    slc_origin_t origin = {SLC_ORIGIN_FLAG, 0};
    return slc_option_set(option, value, place, origin, options, error);
}

static slc_err_t read_flags(int argc, char *const *argv, slc_options_t *options, slc_error_t *error)
{
    for (int at = 1; at < argc;) {
        slc_err_t err = read_flag(argc, argv, at, &at, options, error);
        if (err != SLC_OK) {
            return err;
        }
    }
    return SLC_OK;
}

/* ---- environment ---- */

static slc_err_t read_variable(const char *variable, slc_options_t *options, slc_error_t *error)
{
    char name[SLC_OPTIONS_NAME_BYTES];
    size_t name_bytes = strcspn(variable, "=");
    if (variable[name_bytes] != '=' || name_bytes >= sizeof name) {
        return SLC_OK;
    }
    memcpy(name, variable, name_bytes);
    name[name_bytes] = '\0';
    for (size_t at = 0; at < slc_options_count; at++) {
        char known[SLC_OPTIONS_NAME_BYTES];
        slc_option_environment_name(&slc_options_table[at], known);
        if (strcmp(name, known) == 0) {
            slc_origin_t origin = {SLC_ORIGIN_ENVIRONMENT, 0};
            return slc_option_set(&slc_options_table[at], variable + name_bytes + 1, name, origin,
                                  options, error);
        }
    }
    /* A slip of the pen is an error. A name far from all of ours is someone else's: Kubernetes gives
     * SLUICE_SERVICE_HOST and the like to every container beside a service called sluice. */
    char as_option[SLC_OPTIONS_NAME_BYTES];
    (void)snprintf(as_option, sizeof as_option, "%s", name + strlen("SLUICE_"));
    for (char *at = as_option; *at != '\0'; at++) {
        *at = *at == '_' ? '-' : (char)(*at >= 'A' && *at <= 'Z' ? *at + ('a' - 'A') : *at);
    }
    const char *meant = slc_option_nearest(as_option, NULL);
    if (meant == NULL) {
        return SLC_OK;
    }
    char known[SLC_OPTIONS_NAME_BYTES];
    slc_option_environment_name(slc_option_find(meant), known);
    return slc_error_set(error, SLC_ERR_CONFIG, "%s: there is no such option; did you mean %s?", name,
                         known);
}

static slc_err_t read_environment(char *const *environment, slc_options_t *options, slc_error_t *error)
{
    for (size_t at = 0; environment != NULL && environment[at] != NULL; at++) {
        if (strncmp(environment[at], "SLUICE_", 7) == 0) {
            slc_err_t err = read_variable(environment[at], options, error);
            if (err != SLC_OK) {
                return err;
            }
        }
    }
    return SLC_OK;
}

/* ---- what must hold between values ---- */

static bool is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1) {
        return ntohl(v4.s_addr) >> 24 == 127;
    }
    if (inet_pton(AF_INET6, host, &v6) == 1) {
        return IN6_IS_ADDR_LOOPBACK(&v6);
    }
    return strcmp(host, "localhost") == 0;
}

#define SETTING_BYTES 512

typedef struct setting {
    char text[SETTING_BYTES]; /* "io-threads = 2 (file sluice.ini:3)" */
} setting_t;

static setting_t setting_of(const slc_options_t *options, const char *name)
{
    setting_t setting;
    char value[SLC_OPTIONS_PATH_BYTES];
    char origin[SLC_OPTIONS_PATH_BYTES + 32];
    const slc_option_t *option = slc_option_find(name);
    SLC_CHECK(option != NULL);
    slc_option_write(option, options, value, sizeof value);
    slc_options_origin(options, name, origin, sizeof origin);
    size_t origin_bytes = strlen(origin); /* of a long path the end, with the line, says most */
    (void)snprintf(setting.text, sizeof setting.text, "%s = %.64s%s (%.120s)", name, value,
                   strlen(value) > 64 ? "..." : "",
                   origin_bytes > 120 ? origin + origin_bytes - 120 : origin);
    return setting;
}

static slc_err_t check_control(const slc_options_t *options, slc_error_t *error)
{
    size_t longest = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;
    const slc_option_t *control = slc_option_find("control");
    SLC_CHECK(control != NULL);
    if (strlen(options->control) <= longest) {
        return SLC_OK;
    }
    bool derived = options->origins[control - slc_options_table].kind == SLC_ORIGIN_DEFAULT;
    return slc_error_set(error, SLC_ERR_CONFIG,
                         "%s: %sa socket's path has at most %zu bytes; give a shorter one, such as "
                         "--control /run/sluice.sock",
                         setting_of(options, derived ? "data-dir" : "control").text,
                         derived ? "DIR/control.sock is too long, " : "", longest);
}

static slc_err_t check_together(const slc_options_t *options, slc_error_t *error)
{
    if (!options->insecure && !is_loopback(options->listen.host)) {
        return slc_error_set(
            error, SLC_ERR_CONFIG,
            "%s: this address can be reached from other machines, and buyers are neither encrypted nor "
            "authenticated; listen on 127.0.0.1 behind a proxy that does both, or say --insecure where "
            "the network itself is trusted",
            setting_of(options, "listen").text);
    }
    if (options->max_in_flight > options->ring_slots) {
        return slc_error_set(
            error, SLC_ERR_CONFIG, "%s: one connection could fill the ring; give at most %s",
            setting_of(options, "max-in-flight").text, setting_of(options, "ring-slots").text);
    }
    if (options->durability == SLC_DURABILITY_OS && options->journal_method != SLC_JOURNAL_METHOD_AUTO) {
        return slc_error_set(
            error, SLC_ERR_CONFIG, "%s: with %s no block is forced to the disk; leave journal-method out",
            setting_of(options, "journal-method").text, setting_of(options, "durability").text);
    }
    if (options->segment_bytes < 2 * options->block_bytes_max + 4096) {
        return slc_error_set(
            error, SLC_ERR_CONFIG,
            "%s: a segment holds its header of 4096 bytes and at least two blocks; give at least %" PRIu64
            ", or less than %s",
            setting_of(options, "segment-size").text, 2 * options->block_bytes_max + 4096,
            setting_of(options, "block-size-max").text);
    }
    return check_control(options, error);
}

/* ---- all of it ---- */

static void set_defaults(slc_options_t *options)
{
    memset(options, 0, sizeof *options);
    for (size_t at = 0; at < slc_options_count; at++) {
        const slc_option_t *option = &slc_options_table[at];
        if (option->default_value[0] != '\0') {
            SLC_CHECK(slc_option_read(option, option->default_value, option->name, options, NULL) ==
                      SLC_OK);
        }
    }
}

static slc_err_t complete(slc_options_t *options, slc_error_t *error)
{
    if (options->data_dir[0] == '\0') {
        return slc_error_set(error, SLC_ERR_USAGE,
                             "no data directory was named; say where journal and snapshots live: "
                             "sluiced --data-dir DIR");
    }
    if (options->control[0] == '\0') {
        int bytes =
            snprintf(options->control, sizeof options->control, "%s/control.sock", options->data_dir);
        if (bytes < 0 || (size_t)bytes >= sizeof options->control) {
            return slc_error_set(error, SLC_ERR_CONFIG,
                                 "%s: the path is too long for DIR/control.sock; give --control PATH",
                                 setting_of(options, "data-dir").text);
        }
    }
    const slc_option_t *min_free = slc_option_find("min-free");
    SLC_CHECK(min_free != NULL);
    if (options->origins[min_free - slc_options_table].kind == SLC_ORIGIN_DEFAULT) {
        options->min_free_bytes = 2 * options->segment_bytes;
    }
    return check_together(options, error);
}

slc_err_t slc_options_parse(int argc, char *const *argv, char *const *environment,
                            slc_options_t *ret_options, slc_error_t *ret_error)
{
    set_defaults(ret_options);
    if (asks_only(argc, argv, ret_options)) {
        return SLC_OK;
    }
    slc_err_t err = read_flags(argc, argv, ret_options, ret_error);
    if (err == SLC_OK) {
        err = read_environment(environment, ret_options, ret_error);
    }
    if (err == SLC_OK && ret_options->config[0] != '\0') {
        err = slc_options_read_file(ret_options->config, ret_options, ret_error);
    }
    return err == SLC_OK ? complete(ret_options, ret_error) : err;
}
