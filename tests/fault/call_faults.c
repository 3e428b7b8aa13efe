/* Every call of a run fails, one after the other: on fresh directories and on such as need repair, with
 * each of a few errors, once, for ever, and together with every call behind it; reads and writes also
 * stop short. Nothing may be acknowledged behind a failed write or sync, no failure may be taken for
 * damage, and once the fault is gone everything acknowledged is there, after a restart and after a power
 * cut. An interrupted or short read or write is no failure.
 *
 * SLC_FAULT_CASES: how many cases (default 20,000); SLC_SEED; SLC_JOBS. `--run N` does one journal. */
#include "../lib/fake_sys.h"
#include "../lib/journal_lab.h"
#include "workers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CASES_DEFAULT 20000u
#define SEGMENT_BYTES 20480u
#define BLOCKS_MIN 4u
#define BLOCKS_MORE 6u
#define STARTS_TRIED 6u /* crashes at each change, looking for one that needs repair */

enum { FRESH, NO_DIRECT, OS, TORN, UNROLLED, STARTS };
enum { ONCE, FOR_EVER, ALL_BEHIND, MODES };

static const char *const start_names[STARTS] = {"fresh", "no direct writes", "durability os", "torn tail",
                                                "unfinished roll"};
static const char *const mode_names[MODES] = {"once", "for ever", "and every call behind it"};

typedef struct {
    uint64_t cases;
    uint64_t stopped;
    uint64_t survived;
    uint64_t starts[STARTS];
    uint64_t calls[FAKE_CALL_COUNT];
    uint64_t runs;
} tally_t;

static tally_t *g_tally;
static uint64_t g_seed;

typedef struct {
    lab_t *lab;
    fake_sys_t *start; /* what each case begins with; NULL: not found yet */
    uint64_t floor;    /* acknowledged before it */
    uint64_t run;
    uint64_t random;
    unsigned kind;
    lab_outcome_t outcome; /* of the run that is looked through for a start */
    /* The case. */
    fake_call_t call;
    uint64_t nth;
    int error; /* 0: stops short behind `bytes` */
    size_t bytes;
    unsigned mode;
} fault_t;

static void fail(const fault_t *fault, const char *what, const lab_outcome_t *seen)
{
    (void)fprintf(stderr,
                  "FAILED: %s\n  %s: %s number %" PRIu64 ", %s %d, %s; acknowledged %" PRIu64
                  ", came back %" PRIu64 "; code %d: %s\n"
                  "repeat with: SLC_SEED=%" PRIu64 " call_faults --run %" PRIu64 "\n",
                  what, start_names[fault->kind], fake_call_name(fault->call), fault->nth,
                  fault->error == 0 ? "short" : "errno",
                  fault->error == 0 ? (int)fault->bytes : fault->error, mode_names[fault->mode],
                  seen->acked, seen->restored.end.sequence, seen->code, seen->error.message, g_seed,
                  fault->run);
    exit(1);
}

/* ---- what has to hold ---- */

/* Answers the last event that came back; the file system is gone then. */
static uint64_t judge_left(const fault_t *fault, fake_sys_t *left, uint64_t floor, const char *how)
{
    lab_outcome_t back;
    lab_restore(fault->lab, fake_sys_table(left), LAB_DIR, &back);
    if (!back.came_back || back.wrong || back.restored.end.sequence < floor) {
        (void)fprintf(stderr, "%s: %" PRIu64 " acknowledged\n", how, floor);
        fail(fault, "what was acknowledged did not come back as it was", &back);
    }
    fake_sys_destroy(left);
    return back.restored.end.sequence;
}

/* Must this one have gone well? An interrupted call that read_all and write_all stand behind, and one
 * that stopped at the end of a sector. */
static bool is_survivable(const fault_t *fault)
{
    bool moves_bytes = fault->call == FAKE_PREAD || fault->call == FAKE_PWRITE;
    bool interrupted = fault->error == EINTR && fault->mode == ONCE;
    bool stopped_short = fault->error == 0 && fault->bytes == FAKE_SECTOR_BYTES;
    return moves_bytes && (interrupted || stopped_short);
}

static void judge(const fault_t *fault, fake_sys_t *fake, const lab_outcome_t *outcome)
{
    uint64_t acked = outcome->acked > fault->floor ? outcome->acked : fault->floor;
    if (outcome->wrong) {
        fail(fault, "another state than the script's", outcome);
    }
    if (outcome->unstopped) {
        fail(fault, "the writer went on behind a failure", outcome);
    }
    if (outcome->code != SLC_OK && outcome->error.message[0] == '\0') {
        fail(fault, "it failed without a sentence", outcome);
    }
    /* A disk that cannot read any snapshot is as bad as one that has none, as long as it says so. */
    bool unreadable = fault->error == EIO && fault->mode != ONCE &&
                      strstr(outcome->error.message, "cannot be loaded") != NULL &&
                      strstr(outcome->error.message, "Input/output error") != NULL;
    if (outcome->code == SLC_ERR_DAMAGED && !unreadable) {
        fail(fault, "a failing call was taken for damage", outcome);
    }
    if (outcome->code == SLC_OK ? outcome->acked != fault->lab->event_count : is_survivable(fault)) {
        fail(fault, "a call that can be gone on with was not", outcome);
    }
    fake_sys_heal(fake);
    (void)judge_left(fault, fake_sys_kill(fake), acked, "restarted");
    if (fault->kind == OS) {
        return; /* promises nothing after a power cut */
    }
    (void)judge_left(fault, fake_sys_crash(fake, FAKE_KEEP_DURABLE, 0), acked, "cut");
    (void)judge_left(fault, fake_sys_crash(fake, FAKE_KEEP_SOME, fault->nth), acked, "cut with some");
    /* The machine lives on and its page cache with it; what then came back was answered from. */
    lab_outcome_t back;
    fake_sys_t *later = fake_sys_kill(fake);
    lab_restore(fault->lab, fake_sys_table(later), LAB_DIR, &back);
    (void)judge_left(fault, fake_sys_crash(later, FAKE_KEEP_DURABLE, 0),
                     back.acked > acked ? back.acked : acked, "restarted, then cut");
    fake_sys_destroy(later);
}

/* ---- one case, and all of one start ---- */

static void try_case(const fault_t *fault)
{
    lab_outcome_t outcome;
    fake_sys_t *fake = fake_sys_kill(fault->start);
    if (fault->error == 0) {
        fake_sys_shorten(fake, fault->call, fault->nth, fault->bytes);
    } else {
        fake_sys_fail(fake, fault->call, fault->nth, fault->error, fault->mode != ONCE);
    }
    lab_run(fault->lab, fake_sys_table(fake), LAB_DIR, SIZE_MAX, true, &outcome);
    if (!fake_sys_faulted(fake)) {
        fail(fault, "the fault never came", &outcome);
    }
    g_tally->cases++;
    g_tally->stopped += outcome.code != SLC_OK;
    g_tally->survived += outcome.code == SLC_OK;
    g_tally->starts[fault->kind]++;
    /* Where a call fails that was counted over all kinds, no kind is known. */
    g_tally->calls[fault->call % FAKE_CALL_COUNT] += fault->call != FAKE_ANY;
    judge(fault, fake, &outcome);
    fake_sys_destroy(fake);
}

static void try_errors(fault_t *fault)
{
    static const int errors[] = {EIO, ENOSPC, EINTR, EDQUOT, EROFS};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        fault->error = errors[i];
        if (fault->call == FAKE_ANY) {
            fault->mode = ALL_BEHIND;
            try_case(fault);
            continue;
        }
        for (fault->mode = ONCE; fault->mode <= FOR_EVER; fault->mode++) {
            try_case(fault);
        }
    }
}

static void try_short(fault_t *fault)
{
    static const size_t counts[] = {FAKE_SECTOR_BYTES, 100};
    fault->error = 0;
    fault->mode = ONCE;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        fault->bytes = counts[i];
        try_case(fault);
    }
}

/* How often each call is made when nothing fails. */
static void count_calls(const fault_t *fault, uint64_t counts[FAKE_CALL_COUNT + 1])
{
    lab_outcome_t outcome;
    fake_sys_t *fake = fake_sys_kill(fault->start);
    fake_sys_heal(fake);
    lab_run(fault->lab, fake_sys_table(fake), LAB_DIR, SIZE_MAX, true, &outcome);
    if (outcome.code != SLC_OK) {
        fail(fault, "it failed without a fault", &outcome);
    }
    for (unsigned call = 0; call <= FAKE_CALL_COUNT; call++) {
        counts[call] = fake_sys_calls(fake, (fake_call_t)call);
    }
    fake_sys_destroy(fake);
}

static void try_start(fault_t *fault)
{
    uint64_t counts[FAKE_CALL_COUNT + 1];
    count_calls(fault, counts);
    for (unsigned call = 0; call <= FAKE_CALL_COUNT; call++) {
        fault->call = (fake_call_t)call;
        for (fault->nth = 1; fault->nth <= counts[call]; fault->nth++) {
            try_errors(fault);
            if (call == FAKE_PREAD || call == FAKE_PWRITE) {
                try_short(fault);
            }
        }
    }
}

/* ---- starts ---- */

/* A crash behind which recovery has to cut a torn tail, or to finish a roll. */
static void look_for_repair(void *context, fake_sys_t *fake, uint64_t change)
{
    fault_t *fault = context;
    (void)change;
    for (unsigned i = 0; i < STARTS_TRIED && fault->outcome.acked > 3; i++) {
        lab_outcome_t back;
        fake_sys_t *left = fake_sys_crash(fake, FAKE_KEEP_SOME, fake_random(&fault->random));
        fake_sys_t *tried = fake_sys_kill(left);
        lab_restore(fault->lab, fake_sys_table(tried), LAB_DIR, &back);
        bool repaired = back.code == SLC_OK && !fake_sys_same_files(left, tried);
        bool fits = repaired && back.restored.torn == (fault->kind == TORN);
        fake_sys_destroy(tried);
        if (fits && (fault->start == NULL || fake_random(&fault->random) % 4 == 0)) {
            fake_sys_destroy(fault->start);
            fault->start = left;
            fault->floor = fault->outcome.acked;
        } else {
            fake_sys_destroy(left);
        }
    }
}

static bool make_start(fault_t *fault)
{
    fake_sys_t *fake = fake_sys_create();
    if (fault->kind == TORN || fault->kind == UNROLLED) {
        fake_sys_watch(fake, look_for_repair, fault);
        lab_run(fault->lab, fake_sys_table(fake), LAB_DIR, SIZE_MAX, true, &fault->outcome);
        fake_sys_destroy(fake);
        return fault->start != NULL;
    }
    if (fault->kind == NO_DIRECT) {
        fake_sys_refuse_direct(fake);
    }
    fault->start = fake;
    return true;
}

static void try_run(void *context, uint64_t run)
{
    (void)context;
    fault_t fault = {.run = run, .random = g_seed * UINT64_C(1000003) + run};
    size_t blocks = BLOCKS_MIN + fake_random(&fault.random) % BLOCKS_MORE;
    fault.lab = lab_create_seeded(fake_random(&fault.random), blocks, SEGMENT_BYTES);
    fault.kind = (unsigned)(run % STARTS);
    uint64_t snapshots = fake_random(&fault.random) % 4;
    if (snapshots > 1) { /* one that fails stops nothing */
        lab_take_snapshots(fault.lab, snapshots);
        fault.lab->archive = fake_random(&fault.random) % 2 == 0;
    }
    if (fault.kind == OS) {
        fault.lab->config.durability = SLC_DURABILITY_OS;
    }
    if (make_start(&fault)) { /* a short journal may never roll */
        try_start(&fault);
        fake_sys_destroy(fault.start);
    }
    lab_destroy(fault.lab);
    g_tally->runs++;
}

static uint64_t cases_so_far(const void *tally)
{
    return ((const tally_t *)tally)->cases;
}

int main(int argc, char **argv)
{
    static tally_t sum;
    g_seed = workers_number("SLC_SEED", 1);
    workers_t workers = {.try_run = try_run,
                         .done = cases_so_far,
                         .wanted = workers_number("SLC_FAULT_CASES", CASES_DEFAULT),
                         .tally = (void **)&g_tally,
                         .tally_numbers = sizeof sum / sizeof(uint64_t)};
    if (!workers_run(&workers, argc, argv, (uint64_t *)(void *)&sum)) {
        return 1;
    }
    (void)printf("failing calls: %" PRIu64 " cases in %" PRIu64 " journals, 0 failed, seed %" PRIu64
                 "; %" PRIu64 " stopped, %" PRIu64 " went on rightly; %.0f a second\n",
                 sum.cases, sum.runs, g_seed, sum.stopped, sum.survived,
                 (double)sum.cases / workers.seconds);
    bool all = true;
    for (unsigned kind = 0; kind < STARTS; kind++) {
        (void)printf("  %-18s %8" PRIu64 "\n", start_names[kind], sum.starts[kind]);
        all = all && sum.starts[kind] > 0;
    }
    for (unsigned call = 0; call < FAKE_CALL_COUNT; call++) {
        (void)printf("  %-18s %8" PRIu64 "\n", fake_call_name((fake_call_t)call), sum.calls[call]);
        all = all && (sum.calls[call] > 0 || call == FAKE_TRUNCATE);
    }
    if (!all && argc == 1) {
        (void)fprintf(stderr, "FAILED: something above was never tried\n");
        return 1;
    }
    return 0;
}
