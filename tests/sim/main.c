/* Runs simulations by number. Examples:
 *   sim --runs 300              seeds SLC_SEED * 1000000 and on, on both cores
 *   sim --seed 17 --verbose     one of them, told step by step
 * Exit 0: all is well. 1: a simulation failed; its seed and the command that repeats it are printed. */
#include "sim.h"

#include "base/log.h"
#include "board/board.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define JOBS 2u
/* Every so many a simulation runs twice, and both must be the same. */
#define TWICE_EVERY 16u
/* From so many on each kind of fault, and each way that matters, must have come about. */
#define RUNS_FOR_ALL 200u

typedef struct tally {
    uint64_t runs;
    uint64_t failed;
    uint64_t twice;
    uint64_t events_min;
    sim_result_t sum;
} tally_t;

static const char *g_program;
static volatile uint64_t g_seed;

static void tell_repeat(uint64_t seed)
{
    char line[256];
    int bytes =
        snprintf(line, sizeof line,
                 "simulation %" PRIu64 " FAILED; to see it again: %s --seed %" PRIu64 " --verbose\n",
                 seed, g_program, seed);
    (void)!write(STDOUT_FILENO, line, (size_t)bytes);
}

/* A broken invariant of the product (SLC_CHECK) or a crash: its own words stand on stderr already. */
static void on_death(int signal_number)
{
    tell_repeat(g_seed);
    (void)signal(signal_number, SIG_DFL);
    (void)raise(signal_number);
}

static void add(tally_t *tally, const sim_result_t *result)
{
    tally->runs++;
    tally->failed += result->wrong[0] != '\0';
    if (tally->events_min == 0 || result->events < tally->events_min) {
        tally->events_min = result->events;
    }
    tally->sum.events += result->events;
    tally->sum.journaled += result->journaled;
    tally->sum.replies += result->replies;
    tally->sum.accepted += result->accepted;
    tally->sum.replayed += result->replayed;
    tally->sum.attempts += result->attempts;
    tally->sum.read_only += result->read_only;
    tally->sum.rolls += result->rolls;
    tally->sum.eagains += result->eagains;
    tally->sum.snapshots += result->snapshots;
    tally->sum.from_snapshot += result->from_snapshot;
    tally->sum.snapshots_refused += result->snapshots_refused;
    tally->sum.segments_gone += result->segments_gone;
    for (int fault = 0; fault < SIM_FAULTS; fault++) {
        tally->sum.faults[fault] += result->faults[fault];
    }
}

static void run_one(tally_t *tally, uint64_t seed, bool twice, bool verbose)
{
    sim_result_t result;
    g_seed = seed;
    sim_run(seed, verbose, &result);
    if (twice && result.wrong[0] == '\0') {
        sim_result_t again;
        sim_run(seed, false, &again);
        tally->twice++;
        if (again.trace != result.trace || again.events != result.events) {
            (void)snprintf(result.wrong, sizeof result.wrong,
                           "it does not run the same way twice (%016" PRIx64 " and %016" PRIx64 ")",
                           result.trace, again.trace);
        }
    }
    add(tally, &result);
    if (result.wrong[0] != '\0') {
        (void)printf("%s\n", result.wrong);
        (void)fflush(stdout);
        tell_repeat(seed);
    }
    if (verbose) {
        (void)printf("seed %" PRIu64 ": %" PRIu64 " events, trace %016" PRIx64 "\n", seed, result.events,
                     result.trace);
    }
}

static void job(tally_t *tally, uint64_t first, uint64_t runs, uint64_t which, uint64_t jobs)
{
    slc_board_reader_register();
    slc_board_reader_sleeps();
    for (uint64_t i = which; i < runs && tally->failed == 0; i += jobs) {
        run_one(tally, first + i, i % TWICE_EVERY == 0, false);
        (void)fflush(stdout);
    }
    slc_board_reader_unregister();
}

static void print(const tally_t *tally, uint64_t first, uint64_t wanted)
{
    (void)printf(
        "simulations: %" PRIu64 " of %" PRIu64 " from seed %" PRIu64 ", %" PRIu64 " failed, %" PRIu64
        " run twice alike; at least %" PRIu64 " events each, %" PRIu64 " in all\n",
        tally->runs, wanted, first, tally->failed, tally->twice, tally->events_min, tally->sum.events);
    (void)printf("replies %" PRIu64 ", accepted %" PRIu64 ", replayed %" PRIu64 ", read-only %" PRIu64
                 ", journaled %" PRIu64 ", refused unjournaled %" PRIu64 ", rolls %" PRIu64
                 ", full sockets %" PRIu64 "\n",
                 tally->sum.replies, tally->sum.accepted, tally->sum.replayed, tally->sum.read_only,
                 tally->sum.journaled, tally->sum.attempts, tally->sum.rolls, tally->sum.eagains);
    (void)printf("snapshots %" PRIu64 ", starts from one %" PRIu64 ", refused by a start %" PRIu64
                 ", with segments gone %" PRIu64 "\n",
                 tally->sum.snapshots, tally->sum.from_snapshot, tally->sum.snapshots_refused,
                 tally->sum.segments_gone);
    for (int fault = 0; fault < SIM_FAULTS; fault++) {
        (void)printf("%s%s %" PRIu64, fault == 0 ? "faults: " : ", ", sim_fault_name((sim_fault_t)fault),
                     tally->sum.faults[fault]);
    }
    (void)printf("\n");
}

/* A simulation that no longer meets what it is there for would go green for ever. */
static bool is_complete(const tally_t *tally)
{
    bool complete = tally->sum.attempts > 0 && tally->sum.replayed > 0 && tally->sum.read_only > 0 &&
                    tally->sum.rolls > 0 && tally->sum.eagains > 0 && tally->sum.snapshots > 0 &&
                    tally->sum.from_snapshot > 0 && tally->sum.segments_gone > 0 &&
                    tally->events_min >= 1000;
    for (int fault = 0; fault < SIM_FAULTS; fault++) {
        complete &= tally->sum.faults[fault] > 0;
    }
    if (!complete) {
        (void)printf("something above never happened, or a simulation was too short\n");
    }
    return complete;
}

static int run_all(uint64_t first, uint64_t runs)
{
    tally_t *tallies =
        mmap(NULL, sizeof *tallies * JOBS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tallies == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    pid_t children[JOBS];
    for (uint64_t i = 0; i < JOBS; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            job(&tallies[i], first, runs, i, JOBS);
            exit(tallies[i].failed > 0 ? 1 : 0);
        }
    }
    tally_t all = {.runs = 0};
    bool failed = false;
    for (uint64_t i = 0; i < JOBS; i++) {
        int status = 1;
        failed |= children[i] < 0 || waitpid(children[i], &status, 0) < 0 || status != 0;
        const tally_t *one = &tallies[i];
        uint64_t least = one->events_min;
        all.events_min =
            all.events_min == 0 || (least != 0 && least < all.events_min) ? least : all.events_min;
        uint64_t runs_before = all.runs;
        uint64_t events_min = all.events_min;
        add(&all, &one->sum);
        all.runs = runs_before + one->runs;
        all.events_min = events_min;
        all.failed += one->failed;
        all.twice += one->twice;
    }
    print(&all, first, runs);
    failed |= all.runs != runs || (runs >= RUNS_FOR_ALL && !is_complete(&all));
    return failed ? 1 : 0;
}

static uint64_t number_of(const char *text, uint64_t otherwise)
{
    return text == NULL || *text == '\0' ? otherwise : strtoull(text, NULL, 10);
}

int main(int argc, char **argv)
{
    uint64_t first = number_of(getenv("SLC_SEED"), 1) * 1000000;
    uint64_t runs = number_of(getenv("SLC_SIM_RUNS"), 300);
    bool verbose = false;
    g_program = argv[0];
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--verbose") == 0) {
            verbose = true;
        } else if (value != NULL && strcmp(argv[i], "--seed") == 0) {
            first = number_of(value, 0);
            runs = 1;
            i++;
        } else if (value != NULL && strcmp(argv[i], "--runs") == 0) {
            runs = number_of(value, 0);
            i++;
        } else {
            (void)fprintf(stderr, "usage: sim [--seed N] [--runs N] [--verbose]\n");
            return 2;
        }
    }
    slc_log_setup(SLC_LOG_TEXT, SLC_LOG_ERROR); /* its warnings are of faults that we made */
    (void)signal(SIGABRT, on_death);
    (void)signal(SIGSEGV, on_death);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (!verbose) {
        return run_all(first, runs);
    }
    tally_t tally = {.runs = 0};
    slc_board_reader_register();
    slc_board_reader_sleeps();
    for (uint64_t i = 0; i < runs; i++) {
        run_one(&tally, first + i, true, true);
    }
    slc_board_reader_unregister();
    print(&tally, first, runs);
    return tally.failed > 0 ? 1 : 0;
}
