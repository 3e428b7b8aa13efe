#include "options.h"

#include "connection.h"
#include "help.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPT_CONNECT = 256,
    OPT_CONNECTIONS,
    OPT_WINDOW,
    OPT_THREADS,
    OPT_REQUESTS,
    OPT_DURATION,
    OPT_RATE,
    OPT_DROP,
    OPT_OPEN,
    OPT_USERS,
    OPT_QUANTITY,
    OPT_NO_KEYS,
    OPT_SEED,
    OPT_CONTROL,
    OPT_LEDGER,
    OPT_HGRM,
    OPT_JSON,
    OPT_RETRY,
    OPT_KILL_PID,
    OPT_KILL_WHEN,
    OPT_HELP,
    OPT_VERSION,
};

static const struct option LONG_OPTIONS[] = {
    {"connect", required_argument, NULL, OPT_CONNECT},
    {"connections", required_argument, NULL, OPT_CONNECTIONS},
    {"window", required_argument, NULL, OPT_WINDOW},
    {"threads", required_argument, NULL, OPT_THREADS},
    {"requests", required_argument, NULL, OPT_REQUESTS},
    {"duration", required_argument, NULL, OPT_DURATION},
    {"rate", required_argument, NULL, OPT_RATE},
    {"drop", required_argument, NULL, OPT_DROP},
    {"open", required_argument, NULL, OPT_OPEN},
    {"users", required_argument, NULL, OPT_USERS},
    {"quantity", required_argument, NULL, OPT_QUANTITY},
    {"no-keys", no_argument, NULL, OPT_NO_KEYS},
    {"seed", required_argument, NULL, OPT_SEED},
    {"control", required_argument, NULL, OPT_CONTROL},
    {"ledger", required_argument, NULL, OPT_LEDGER},
    {"hgrm", required_argument, NULL, OPT_HGRM},
    {"json", no_argument, NULL, OPT_JSON},
    {"retry-until-up", required_argument, NULL, OPT_RETRY},
    {"kill-pid", required_argument, NULL, OPT_KILL_PID},
    {"kill-when", required_argument, NULL, OPT_KILL_WHEN},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static bool complain(const char *option, const char *text, const char *wanted)
{
    fprintf(stderr, "load: --%s %s: %s; see load --help\n", option, text, wanted);
    return false;
}

/* A decimal number at *at, which moves behind it. */
static bool take_number(const char **at, uint64_t *ret_value)
{
    char *end;
    if (!isdigit((unsigned char)**at)) {
        return false;
    }
    errno = 0;
    *ret_value = strtoull(*at, &end, 10);
    *at = end;
    return errno == 0;
}

/* Up to three numbers with colons between them; answers how many, 0: it is something else. */
static int take_numbers(const char *text, uint64_t *first, uint64_t *second, uint64_t *third)
{
    uint64_t *const numbers[] = {first, second, third};
    for (int count = 0; count < 3;) {
        if (!take_number(&text, numbers[count])) {
            return 0;
        }
        count++;
        if (*text == '\0') {
            return count;
        }
        if (*text++ != ':') {
            return 0;
        }
    }
    return 0;
}

static bool number_in(const char *option, const char *text, uint64_t min, uint64_t max,
                      uint64_t *ret_value)
{
    const char *at = text;
    if (take_number(&at, ret_value) && *at == '\0' && *ret_value >= min && *ret_value <= max) {
        return true;
    }
    char wanted[80];
    (void)snprintf(wanted, sizeof wanted, "needs a number from %llu to %llu", (unsigned long long)min,
                   (unsigned long long)max);
    return complain(option, text, wanted);
}

static bool positive(const char *option, const char *text, double *ret_value)
{
    char *end;
    *ret_value = strtod(text, &end);
    bool good = end != text && *end == '\0' && isfinite(*ret_value) && *ret_value > 0 && *ret_value < 1e9;
    return good || complain(option, text, "needs a number above 0");
}

static load_drop_t *drop_of(load_workload_t *workload, uint64_t drop_id)
{
    for (uint32_t i = 0; i < workload->drop_count; i++) {
        if (workload->drops[i].drop_id == drop_id) {
            return &workload->drops[i];
        }
    }
    if (workload->drop_count == LOAD_DROPS_MAX) {
        fprintf(stderr, "load: at most %d drops\n", LOAD_DROPS_MAX);
        return NULL;
    }
    load_drop_t *drop = &workload->drops[workload->drop_count++];
    *drop = (load_drop_t){.drop_id = drop_id, .weight = 1};
    return drop;
}

static bool parse_drop(load_workload_t *workload, const char *text)
{
    uint64_t drop_id = 0;
    uint64_t weight = 1;
    uint64_t none;
    int count = take_numbers(text, &drop_id, &weight, &none);
    if (count < 1 || count > 2 || drop_id == 0 || weight == 0 || weight > UINT32_MAX) {
        return complain("drop", text, "needs ID or ID:WEIGHT, both above 0");
    }
    load_drop_t *drop = drop_of(workload, drop_id);
    if (drop != NULL) {
        drop->weight = weight;
    }
    return drop != NULL;
}

static bool parse_open(load_workload_t *workload, const char *text)
{
    uint64_t drop_id = 0;
    uint64_t stock = 0;
    uint64_t per_user = 0;
    if (take_numbers(text, &drop_id, &stock, &per_user) < 2 || drop_id == 0) {
        return complain("open", text, "needs ID:STOCK or ID:STOCK:PER_USER");
    }
    load_drop_t *drop = drop_of(workload, drop_id);
    if (drop != NULL) {
        drop->opened = true;
        drop->stock = stock;
        drop->per_user = per_user;
    }
    return drop != NULL;
}

static bool parse_kill(load_options_t *options, const char *text, uint64_t *ret_drop_id)
{
    uint64_t none;
    if (take_numbers(text, ret_drop_id, &options->kill_accepted, &none) != 2 ||
        options->kill_accepted == 0) {
        return complain("kill-when", text, "needs DROP:COUNT, COUNT above 0");
    }
    return true;
}

static bool take_option(int option, load_options_t *options, load_workload_t *workload,
                        uint64_t *ret_kill_drop_id)
{
    switch (option) {
    case OPT_CONNECT:
        options->connect = optarg;
        return true;
    case OPT_CONNECTIONS:
        return number_in("connections", optarg, 1, 1000000, &options->connections);
    case OPT_WINDOW:
        return number_in("window", optarg, 1, LOAD_WINDOW_MAX, &options->window);
    case OPT_THREADS:
        return number_in("threads", optarg, 1, 64, &options->threads);
    case OPT_REQUESTS:
        return number_in("requests", optarg, 1, UINT64_C(1) << 48, &options->requests);
    case OPT_DURATION:
        return positive("duration", optarg, &options->duration_s);
    case OPT_RATE:
        return positive("rate", optarg, &options->rate);
    case OPT_DROP:
        return parse_drop(workload, optarg);
    case OPT_OPEN:
        return parse_open(workload, optarg);
    case OPT_USERS:
        return number_in("users", optarg, 1, UINT64_C(10000000000), &workload->users);
    case OPT_QUANTITY:
        return number_in("quantity", optarg, 0, SLC_QUANTITY_MAX, &workload->quantity);
    case OPT_NO_KEYS:
        workload->keys = false;
        return true;
    case OPT_SEED:
        return number_in("seed", optarg, 0, UINT64_MAX, &workload->seed);
    case OPT_CONTROL:
        options->control = optarg;
        return true;
    case OPT_LEDGER:
        options->ledger = optarg;
        return true;
    case OPT_HGRM:
        options->hgrm = optarg;
        return true;
    case OPT_JSON:
        options->json = true;
        return true;
    case OPT_RETRY:
        return positive("retry-until-up", optarg, &options->retry_s);
    case OPT_KILL_PID:
        return number_in("kill-pid", optarg, 2, INT32_MAX, &options->kill_pid);
    case OPT_KILL_WHEN:
        return parse_kill(options, optarg, ret_kill_drop_id);
    default:
        fprintf(stderr, "load: see load --help\n");
        return false;
    }
}

static bool wrong(const char *why)
{
    fprintf(stderr, "load: %s; see load --help\n", why);
    return false;
}

/* What no single option can know. */
static bool fit_together(load_options_t *options, load_workload_t *workload, uint64_t kill_drop_id)
{
    bool opens = false;
    bool knows_kill_drop = false;
    if (workload->drop_count == 0 && drop_of(workload, 1) == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < workload->drop_count; i++) {
        opens = opens || workload->drops[i].opened;
        if (workload->drops[i].drop_id == kill_drop_id) {
            knows_kill_drop = true;
            options->kill_drop = i;
        }
    }
    if (opens && options->control == NULL) {
        return wrong("--open needs --control");
    }
    if (options->threads > options->connections) {
        return wrong("more --threads than --connections");
    }
    if (options->retry_s > 0 && !workload->keys) {
        return wrong("--retry-until-up with --no-keys would buy twice");
    }
    if ((options->kill_pid != 0) != (options->kill_accepted != 0)) {
        return wrong("--kill-pid and --kill-when belong together");
    }
    if (options->kill_pid != 0 && (!knows_kill_drop || options->threads != 1)) {
        return wrong("--kill-when needs a drop that is asked for, and a single thread");
    }
    if (options->requests == 0 && options->duration_s == 0) {
        options->duration_s = 10;
    }
    return true;
}

load_parsed_t load_options_parse(int argc, char **argv, load_options_t *ret_options,
                                 load_workload_t *ret_workload)
{
    memset(ret_workload, 0, sizeof *ret_workload);
    *ret_options =
        (load_options_t){.connect = "127.0.0.1:7411", .connections = 50, .window = 128, .threads = 1};
    ret_workload->keys = true;
    ret_workload->users = 1000000;
    ret_workload->quantity = 1;
    ret_workload->seed = 1;
    uint64_t kill_drop_id = 0;
    for (;;) {
        int option = getopt_long(argc, argv, "", LONG_OPTIONS, NULL);
        if (option == -1) {
            break;
        }
        if (option == OPT_HELP) {
            (void)fputs(LOAD_HELP, stdout);
            return LOAD_PARSED_DONE;
        }
        if (option == OPT_VERSION) {
            (void)puts("load " SLC_VERSION);
            return LOAD_PARSED_DONE;
        }
        if (!take_option(option, ret_options, ret_workload, &kill_drop_id)) {
            return LOAD_PARSED_WRONG;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "load: %s: everything is an option here; see load --help\n", argv[optind]);
        return LOAD_PARSED_WRONG;
    }
    if (!fit_together(ret_options, ret_workload, kill_drop_id)) {
        return LOAD_PARSED_WRONG;
    }
    load_workload_prepare(ret_workload);
    return LOAD_PARSED_RUN;
}
