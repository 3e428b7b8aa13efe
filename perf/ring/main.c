/* The ring by itself: events a second through the usual shapes, and the round trip of a single event.
 * Runs of different scenarios alternate, so that a slow minute of the machine is shared by all. */
#include "run.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 99

static const char HELP[] =
    "Examples:\n"
    "  ring                        every scenario, 5 runs each, threads that yield while they wait\n"
    "  ring --wait spin --only 1P-1C\n"
    "  ring --events 20000000 --runs 9 --json\n"
    "\n"
    "Measures the ring without journal, logic or network. Every run checks the sum of what each "
    "consumer\n"
    "saw; a wrong one ends the program.\n"
    "\n"
    "  --events N     events a run (5000000); a ping-pong plays a hundredth of that\n"
    "  --runs N       runs of each scenario, 1 to 99 (5)\n"
    "  --wait WAY     spin, yield or sleep (yield); spin wants a core for each thread\n"
    "  --only TEXT    scenarios whose name contains it\n"
    "  --json         the result as one JSON object on stdout\n"
    "  --serve        for perf/rings: reads requests, one a line, SHAPE PRODUCERS BATCH BYTES WAIT "
    "EVENTS\n"
    "                 (one 1 64 8 yield 5000000), answers each with its figure\n"
    "  --help, --version\n"
    "\n"
    "JSON keys: wait, events, runs; results: [{name, producers, batch, slot_bytes, unit (events_per_s, "
    "or\n"
    "round_trip_ns: the median of a run), median, min, max}].\n"
    "\n"
    "Exit: 0 done, 1 a sum was wrong or there were no resources, 2 usage.\n";

static const scenario_t scenarios[] = {
    {"1P-1C one by one", SHAPE_ONE, 1, 1},    {"1P-1C batches of 64", SHAPE_ONE, 1, 64},
    {"1P-3C pipeline", SHAPE_PIPELINE, 1, 1}, {"1P-3C diamond", SHAPE_DIAMOND, 1, 1},
    {"3P-1C one by one", SHAPE_ONE, 3, 1},    {"3P-1C batches of 64", SHAPE_ONE, 3, 64},
    {"ping-pong", SHAPE_PING_PONG, 1, 1},
};
#define SCENARIOS (sizeof scenarios / sizeof *scenarios)

static const size_t slot_sizes[] = {8, 64};
#define SLOT_SIZES (sizeof slot_sizes / sizeof *slot_sizes)

static const char *const wait_names[] = {
    [SLC_WAIT_SPIN] = "spin", [SLC_WAIT_YIELD] = "yield", [SLC_WAIT_SLEEP] = "sleep"};
#define WAITS (sizeof wait_names / sizeof *wait_names)

static const char *const shape_names[] = {[SHAPE_ONE] = "one",
                                          [SHAPE_PIPELINE] = "pipeline",
                                          [SHAPE_DIAMOND] = "diamond",
                                          [SHAPE_PING_PONG] = "ping-pong"};
#define SHAPES (sizeof shape_names / sizeof *shape_names)
#define REQUEST_WORDS 6

typedef struct options {
    uint64_t events;
    unsigned runs;
    slc_wait_t wait;
    const char *only;
    bool json;
    bool serve;
} options_t;

static double figures[SCENARIOS][SLOT_SIZES][RUNS_MAX];

static _Noreturn void usage(const char *what, const char *value)
{
    (void)fprintf(stderr, "ring: %s '%s'; see ring --help\n", what, value);
    exit(2);
}

static uint64_t number(const char *name, const char *text, uint64_t max)
{
    char *end = NULL;
    unsigned long long value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || value == 0 || value > max) {
        (void)fprintf(stderr, "ring: %s takes a whole number from 1 to %llu, not '%s'\n", name,
                      (unsigned long long)max, text);
        exit(2);
    }
    return value;
}

static slc_wait_t wait_named(const char *name)
{
    for (size_t i = 0; i < WAITS; i++) {
        if (strcmp(name, wait_names[i]) == 0) {
            return (slc_wait_t)i;
        }
    }
    usage("--wait takes spin, yield or sleep, not", name);
}

static options_t options_of(int argc, char **argv)
{
    static const struct option known[] = {
        {"events", required_argument, NULL, 'e'},
        {"runs", required_argument, NULL, 'r'},
        {"wait", required_argument, NULL, 'w'},
        {"only", required_argument, NULL, 'o'},
        {"json", no_argument, NULL, 'j'},
        {"serve", no_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0},
    };
    options_t options = {.events = 5000000, .runs = 5, .wait = SLC_WAIT_YIELD, .only = ""};
    for (int found; (found = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (found) {
        case 'e':
            options.events = number("--events", optarg, UINT64_C(100000000000));
            break;
        case 'r':
            options.runs = (unsigned)number("--runs", optarg, RUNS_MAX);
            break;
        case 'w':
            options.wait = wait_named(optarg);
            break;
        case 'o':
            options.only = optarg;
            break;
        case 'j':
            options.json = true;
            break;
        case 's':
            options.serve = true;
            break;
        case 'h':
            (void)fputs(HELP, stdout);
            exit(0);
        case 'v':
            (void)puts("ring " SLC_VERSION);
            exit(0);
        default:
            exit(2); /* getopt_long has said why */
        }
    }
    if (optind < argc) {
        usage("there is no argument", argv[optind]);
    }
    return options;
}

static bool is_wanted(const options_t *options, size_t scenario)
{
    return strstr(scenarios[scenario].name, options->only) != NULL;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static void print_text(const scenario_t *scenario, size_t slot_bytes, double median, double min,
                       double max)
{
    if (scenario->shape == SHAPE_PING_PONG) {
        (void)printf("%-22s %3zu bytes %10.0f ns a round trip (%.0f to %.0f)\n", scenario->name,
                     slot_bytes, median, min, max);
    } else {
        (void)printf("%-22s %3zu bytes %10.1f million events/s (%.1f to %.1f)\n", scenario->name,
                     slot_bytes, median / 1e6, min / 1e6, max / 1e6);
    }
}

static void print_json(const scenario_t *scenario, size_t slot_bytes, double median, double min,
                       double max, bool first)
{
    (void)printf("%s{\"name\":\"%s\",\"producers\":%u,\"batch\":%llu,\"slot_bytes\":%zu,\"unit\":\"%s\","
                 "\"median\":%.0f,\"min\":%.0f,\"max\":%.0f}",
                 first ? "" : ",", scenario->name, scenario->producers,
                 (unsigned long long)scenario->batch, slot_bytes,
                 scenario->shape == SHAPE_PING_PONG ? "round_trip_ns" : "events_per_s", median, min, max);
}

static void print_results(const options_t *options)
{
    bool first = true;
    if (options->json) {
        (void)printf("{\"wait\":\"%s\",\"events\":%llu,\"runs\":%u,\"results\":[",
                     wait_names[options->wait], (unsigned long long)options->events, options->runs);
    }
    for (size_t i = 0; i < SCENARIOS; i++) {
        for (size_t j = 0; j < SLOT_SIZES && is_wanted(options, i); j++) {
            double *runs = figures[i][j];
            qsort(runs, options->runs, sizeof *runs, compare);
            double median = runs[options->runs / 2];
            if (options->json) {
                print_json(&scenarios[i], slot_sizes[j], median, runs[0], runs[options->runs - 1], first);
            } else {
                print_text(&scenarios[i], slot_sizes[j], median, runs[0], runs[options->runs - 1]);
            }
            first = false;
        }
    }
    if (options->json) {
        (void)puts("]}");
    }
}

static shape_t shape_named(const char *name)
{
    for (size_t i = 0; i < SHAPES; i++) {
        if (strcmp(name, shape_names[i]) == 0) {
            return (shape_t)i;
        }
    }
    usage("there is no shape", name);
}

/* One request a line, until the end of the input. */
static int serve(void)
{
    char line[256];
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *words[REQUEST_WORDS] = {NULL};
        char *rest = line;
        for (size_t i = 0; i < REQUEST_WORDS; i++) {
            words[i] = strtok_r(i == 0 ? line : NULL, " \n", &rest);
            if (words[i] == NULL) {
                usage("a request has six words; it ends with", i > 0 ? words[i - 1] : "nothing");
            }
        }
        const scenario_t scenario = {.name = words[0],
                                     .shape = shape_named(words[0]),
                                     .producers = (unsigned)number("PRODUCERS", words[1], PRODUCERS_MAX),
                                     .batch = number("BATCH", words[2], SLOTS)};
        size_t slot_bytes = number("BYTES", words[3], 64);
        if (slot_bytes != 8 && slot_bytes != 64) {
            usage("BYTES is 8 or 64, not", words[3]);
        }
        double figure = run_scenario(&scenario, slot_bytes, wait_named(words[4]),
                                     number("EVENTS", words[5], UINT64_C(100000000000)));
        (void)printf("%.0f\n", figure);
        (void)fflush(stdout);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const options_t options = options_of(argc, argv);
    if (options.serve) {
        return serve();
    }
    size_t wanted = 0;
    for (size_t i = 0; i < SCENARIOS; i++) {
        wanted += is_wanted(&options, i);
    }
    if (wanted == 0) {
        usage("no scenario's name contains", options.only);
    }
    for (unsigned run = 0; run < options.runs; run++) {
        for (size_t i = 0; i < SCENARIOS; i++) {
            for (size_t j = 0; j < SLOT_SIZES && is_wanted(&options, i); j++) {
                figures[i][j][run] = run_scenario(
                    &scenarios[i], slot_sizes[j], options.wait,
                    scenarios[i].shape == SHAPE_PING_PONG ? options.events / 100 + 1 : options.events);
            }
        }
    }
    print_results(&options);
    return 0;
}
