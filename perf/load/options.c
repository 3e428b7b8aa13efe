#include "options.h"

#include "../../tools/common/called.h"
#include "connection.h"
#include "drops.h"
#include "help.h"
#include "text.h"

#include <sluice/build.h>

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum {
    OPT_CONNECT = 256,
    OPT_CONNECTIONS,
    OPT_WINDOW,
    OPT_THREADS,
    OPT_REQUESTS,
    OPT_DURATION,
    OPT_RATE,
    OPT_BURST,
    OPT_ZIPF,
    OPT_DROP,
    OPT_OPEN,
    OPT_USERS,
    OPT_QUANTITY,
    OPT_NO_KEYS,
    OPT_SEED,
    OPT_CONTROL,
    OPT_LEDGER,
    OPT_HGRM,
    OPT_HTML,
    OPT_JSON,
    OPT_IDLE,
    OPT_CHURN,
    OPT_RESEND,
    OPT_SLOW,
    OPT_PATIENCE,
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
    {"burst", required_argument, NULL, OPT_BURST},
    {"zipf", required_argument, NULL, OPT_ZIPF},
    {"drop", required_argument, NULL, OPT_DROP},
    {"open", required_argument, NULL, OPT_OPEN},
    {"users", required_argument, NULL, OPT_USERS},
    {"quantity", required_argument, NULL, OPT_QUANTITY},
    {"no-keys", no_argument, NULL, OPT_NO_KEYS},
    {"seed", required_argument, NULL, OPT_SEED},
    {"control", required_argument, NULL, OPT_CONTROL},
    {"ledger", required_argument, NULL, OPT_LEDGER},
    {"hgrm", required_argument, NULL, OPT_HGRM},
    {"html", required_argument, NULL, OPT_HTML},
    {"json", no_argument, NULL, OPT_JSON},
    {"idle", required_argument, NULL, OPT_IDLE},
    {"churn", required_argument, NULL, OPT_CHURN},
    {"resend", required_argument, NULL, OPT_RESEND},
    {"slow-readers", required_argument, NULL, OPT_SLOW},
    {"patience", required_argument, NULL, OPT_PATIENCE},
    {"retry-until-up", required_argument, NULL, OPT_RETRY},
    {"kill-pid", required_argument, NULL, OPT_KILL_PID},
    {"kill-when", required_argument, NULL, OPT_KILL_WHEN},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static bool parse_kill(load_options_t *options, const char *text, uint64_t *ret_drop_id)
{
    const char *at = text;
    uint64_t last;
    if (!load_text_range(&at, ret_drop_id, &last) || last != *ret_drop_id ||
        load_text_fields(at, &options->kill_accepted, 1) != 1 || options->kill_accepted == 0) {
        return load_text_complain("kill-when", text, "needs DROP:COUNT, COUNT above 0");
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
        return load_text_number("connections", optarg, 1, 1000000, &options->connections);
    case OPT_WINDOW:
        return load_text_number("window", optarg, 1, LOAD_WINDOW_MAX, &options->window);
    case OPT_THREADS:
        return load_text_number("threads", optarg, 1, 64, &options->threads);
    case OPT_REQUESTS:
        return load_text_number("requests", optarg, 1, UINT64_C(1) << 48, &options->requests);
    case OPT_DURATION:
        return load_text_positive("duration", optarg, &options->duration_s);
    case OPT_RATE:
        return load_text_rates("rate", optarg, LOAD_STEPS_MAX, options->rates, &options->rate_count,
                               &options->ramp_to);
    case OPT_BURST:
        return load_text_number("burst", optarg, 1, 1000000, &options->burst);
    case OPT_ZIPF:
        return load_text_positive("zipf", optarg, &options->zipf);
    case OPT_DROP:
        return load_drops_parse_drop(workload, optarg);
    case OPT_OPEN:
        return load_drops_parse_open(workload, optarg);
    case OPT_USERS:
        return load_text_number("users", optarg, 1, UINT64_C(10000000000), &workload->users);
    case OPT_QUANTITY:
        return load_text_number("quantity", optarg, 0, SLC_QUANTITY_MAX, &workload->quantity);
    case OPT_NO_KEYS:
        workload->keys = false;
        return true;
    case OPT_SEED:
        return load_text_number("seed", optarg, 0, UINT64_MAX, &workload->seed);
    case OPT_CONTROL:
        options->control = optarg;
        return true;
    case OPT_LEDGER:
        options->ledger = optarg;
        return true;
    case OPT_HGRM:
        options->hgrm = optarg;
        return true;
    case OPT_HTML:
        options->html = optarg;
        return true;
    case OPT_JSON:
        options->json = true;
        return true;
    case OPT_IDLE:
        return load_text_number("idle", optarg, 0, 1000000, &options->idle);
    case OPT_CHURN:
        return load_text_positive("churn", optarg, &options->churn);
    case OPT_RESEND:
        return load_text_positive("resend", optarg, &options->resend) &&
               (options->resend <= 1 || load_text_complain("resend", optarg, "needs a share, at most 1"));
    case OPT_SLOW:
        return load_text_number("slow-readers", optarg, 0, 10000, &options->slow_readers);
    case OPT_PATIENCE:
        return load_text_positive("patience", optarg, &options->patience_s);
    case OPT_RETRY:
        return load_text_positive("retry-until-up", optarg, &options->retry_s);
    case OPT_KILL_PID:
        return load_text_number("kill-pid", optarg, 2, INT32_MAX, &options->kill_pid);
    case OPT_KILL_WHEN:
        return parse_kill(options, optarg, ret_kill_drop_id);
    default:
        called_say("load", "load: see load --help\n");
        return false;
    }
}

static bool wrong(const char *why)
{
    called_say("load", "load: %s; see load --help\n", why);
    return false;
}

/* What no single option can know. */
static bool fit_together(load_options_t *options, load_workload_t *workload, uint64_t kill_drop_id)
{
    bool opens = false;
    bool knows_kill_drop = false;
    if (workload->drop_count == 0 && load_drops_of(workload, 1) == NULL) {
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
    if (!workload->keys && (options->retry_s > 0 || options->churn > 0 || options->resend > 0 ||
                            options->slow_readers > 0)) {
        return wrong(
            "what asks again (--retry-until-up, --churn, --resend, --slow-readers) would buy twice "
            "with --no-keys");
    }
    if (options->resend > 0 && options->connections < 2 * options->threads) {
        return wrong("--resend needs two --connections for each of --threads");
    }
    if ((options->kill_pid != 0) != (options->kill_accepted != 0)) {
        return wrong("--kill-pid and --kill-when belong together");
    }
    if (options->kill_pid != 0 && (!knows_kill_drop || options->threads != 1)) {
        return wrong("--kill-when needs a drop that is asked for, and a single thread");
    }
    if (options->burst > 1 && options->rate_count == 0) {
        return wrong("--burst needs --rate");
    }
    if (options->zipf > 0 && workload->drop_count < 2) {
        return wrong("--zipf needs more than one --drop");
    }
    if (options->ramp_to > 0 && options->duration_s == 0 && options->requests > 0) {
        return wrong("a ramp needs --duration, the time in which it gets to its end");
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
    *ret_options = (load_options_t){.connect = "127.0.0.1:7411",
                                    .connections = 50,
                                    .window = 128,
                                    .threads = 1,
                                    .burst = 1,
                                    .patience_s = 30};
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
            called_print(stdout, LOAD_HELP, "load", NULL);
            called_print(stdout, LOAD_HELP_TROUBLE, "load", NULL);
            called_print(stdout, LOAD_HELP_RESULTS, "load", NULL);
            return LOAD_PARSED_DONE;
        }
        if (option == OPT_VERSION) {
            (void)printf("%s %s (commit %s)\n", program_invocation_short_name, slc_build_version(),
                         slc_build_commit());
            return LOAD_PARSED_DONE;
        }
        if (!take_option(option, ret_options, ret_workload, &kill_drop_id)) {
            return LOAD_PARSED_WRONG;
        }
    }
    if (optind < argc) {
        called_say("load", "load: %s: everything is an option here; see load --help\n", argv[optind]);
        return LOAD_PARSED_WRONG;
    }
    if (!fit_together(ret_options, ret_workload, kill_drop_id)) {
        return LOAD_PARSED_WRONG;
    }
    if (ret_options->zipf > 0) {
        load_workload_zipf(ret_workload, ret_options->zipf);
    }
    load_workload_prepare(ret_workload);
    return LOAD_PARSED_RUN;
}
