/* Crashes by the million: seeded journals are written, crashed and brought back, each change of each of
 * them crashed at in every way that a disk may take: nothing, everything, sectors by the toss of a coin,
 * all but one, only one, cut short within a write, garbage, stale pages, a killed process; recoveries
 * crashed in their middle. The engine's own recovery has to bring back all that was acknowledged, as the
 * script has it, to find the same again the next time, and to go on from there.
 *
 * SLC_CRASH_STATES: how many states (default 20,000); SLC_SEED; SLC_JOBS: processes (default: one for
 * each core). `--run N` tries one journal of that seed alone, which is what a failure says. */
#include "../lib/fake_sys.h"
#include "../lib/journal_lab.h"
#include "workers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATES_DEFAULT 20000u
#define SEGMENT_BYTES_MIN 20480u
#define BLOCKS_MIN 5u
#define BLOCKS_MAX 14u
#define TOSSES 3u
/* How often what costs more is done, on top of where it must be. */
#define AGAIN_EVERY 8u
#define GO_ON_EVERY 40u
#define DEEPER_EVERY 100u

enum { KILLED = FAKE_KEEP_COUNT, KINDS };

static const char *const kind_names[KINDS] = {
    "nothing unsynced kept", "everything kept", "sectors by the toss", "garbage sectors", "stale pages",
    "one missing",           "one kept",        "write cut short",     "process killed"};

typedef struct {
    uint64_t states;
    uint64_t kinds[KINDS];
    uint64_t in_recovery;
    uint64_t torn;
    uint64_t again;
    uint64_t gone_on;
    uint64_t runs;
} tally_t;

static tally_t *g_tally; /* of this process */
static uint64_t g_seed;

/* One journal, or one recovery, that is watched. */
typedef struct {
    const lab_t *lab;
    lab_outcome_t outcome; /* of what is watched */
    uint64_t floor;        /* acknowledged before */
    uint64_t random;
    uint64_t run;
    unsigned depth; /* 1: a recovery of a crash */
    bool os;        /* durability "os": only the process is killed */
} crash_t;

typedef struct {
    const crash_t *crash;
    uint64_t change;
    uint64_t seed;
    unsigned kind;
} where_t;

static uint64_t acknowledged(const crash_t *crash)
{
    return crash->outcome.acked > crash->floor ? crash->outcome.acked : crash->floor;
}

static void fail(const where_t *where, const char *what, const lab_outcome_t *back)
{
    const crash_t *crash = where->crash;
    (void)fprintf(stderr,
                  "FAILED: %s\n  %s, change %" PRIu64 "%s, unit or coin %" PRIu64 "; %" PRIu64
                  " acknowledged, %" PRIu64 " came back; said: %s\n"
                  "repeat with: SLC_SEED=%" PRIu64 " crash_states --run %" PRIu64 "\n",
                  what, kind_names[where->kind], where->change, crash->depth > 0 ? " of a recovery" : "",
                  where->seed, acknowledged(crash), back->restored.end.sequence, back->error.message,
                  g_seed, crash->run);
    exit(1);
}

static void judge(const where_t *where, const lab_outcome_t *back, uint64_t floor)
{
    if (!back->came_back) {
        fail(where, "refused", back);
    }
    if (back->wrong) {
        fail(where, "another state than the script's at that event", back);
    }
    if (back->restored.end.sequence < floor) {
        fail(where, "acknowledged events are gone", back);
    }
}

/* ---- what is done with one state ---- */

/* A recovery leaves nothing to do for the next one, which finds the same. */
static void come_back_again(const where_t *where, fake_sys_t *fake, const lab_outcome_t *first)
{
    lab_outcome_t again;
    lab_restore(where->crash->lab, fake_sys_table(fake), LAB_DIR, &again);
    judge(where, &again, first->restored.end.sequence);
    if (again.restored.torn || again.restored.end.sequence != first->restored.end.sequence ||
        again.restored.end.offset != first->restored.end.offset ||
        again.restored.end.segment != first->restored.end.segment ||
        again.restored.end.chain != first->restored.end.chain) {
        fail(where, "the second recovery found something else than the first", &again);
    }
    g_tally->again++;
}

/* The worst that may come now. */
static fake_sys_t *leave_of(const crash_t *crash, fake_sys_t *fake)
{
    return crash->os ? fake_sys_kill(fake) : fake_sys_crash(fake, FAKE_KEEP_DURABLE, 0);
}

/* However the segments came about, the last one cannot go missing unseen. */
static void lose_last_segment(const where_t *where, fake_sys_t *fake, uint32_t segment)
{
    lab_outcome_t back;
    char path[64];
    (void)snprintf(path, sizeof path, "%s/segment-%010" PRIu32 ".journal", LAB_DIR, segment);
    fake_sys_remove(fake, path);
    lab_restore(where->crash->lab, fake_sys_table(fake), LAB_DIR, &back);
    if (back.code != SLC_ERR_DAMAGED) {
        fail(where, "the last segment was removed, and nobody noticed", &back);
    }
}

/* What came back was answered from, so the next power cut may not take it; and the script goes on. */
static void go_on(const where_t *where, fake_sys_t *fake, uint64_t sequence)
{
    const lab_t *lab = where->crash->lab;
    const lab_block_t *last = &lab->blocks[lab->block_count - 1];
    lab_outcome_t back;
    fake_sys_t *cut = leave_of(where->crash, fake);
    lab_run(lab, fake_sys_table(cut), LAB_DIR, SIZE_MAX, true, &back);
    judge(where, &back, sequence);
    if (back.code != SLC_OK || back.acked != last->first + last->events - 1) {
        fail(where, "it came back, but could not go on", &back);
    }
    fake_sys_t *end = leave_of(where->crash, cut);
    lab_restore(lab, fake_sys_table(end), LAB_DIR, &back);
    judge(where, &back, last->first + last->events - 1);
    if (!back.restored.end.sealed || back.restored.torn) {
        fail(where, "gone on and sealed, it came back unsealed", &back);
    }
    lose_last_segment(where, end, back.restored.end.segment);
    fake_sys_destroy(end);
    fake_sys_destroy(cut);
    g_tally->gone_on++;
}

static void crash_before_change(void *context, fake_sys_t *fake, uint64_t change);

static void come_back(const where_t *where, fake_sys_t *fake, bool deeper, lab_outcome_t *back)
{
    const crash_t *crash = where->crash;
    if (crash->depth > 0 || !deeper) {
        lab_restore(crash->lab, fake_sys_table(fake), LAB_DIR, back);
        return;
    }
    crash_t recovery = *crash;
    recovery.depth = 1;
    recovery.floor = acknowledged(crash);
    fake_sys_watch(fake, crash_before_change, &recovery);
    lab_restore(crash->lab, fake_sys_table(fake), LAB_DIR, &recovery.outcome);
    fake_sys_watch(fake, NULL, NULL);
    *back = recovery.outcome;
}

/* The fake file system is this state's own. */
static void try_state(crash_t *crash, fake_sys_t *fake, unsigned kind, uint64_t change, uint64_t seed)
{
    lab_outcome_t back;
    uint64_t coin = fake_random(&crash->random);
    const where_t where = {.crash = crash, .change = change, .seed = seed, .kind = kind};
    g_tally->states++;
    g_tally->kinds[kind]++;
    g_tally->in_recovery += crash->depth > 0;
    come_back(&where, fake, (coin >> 32) % DEEPER_EVERY == 0, &back);
    if (back.code == SLC_ERR_DAMAGED && acknowledged(crash) == 0 &&
        (kind == FAKE_KEEP_GARBAGE || kind == FAKE_KEEP_STALE)) {
        return; /* the lock file itself holds something else: refused, and nothing had been promised */
    }
    judge(&where, &back, acknowledged(crash));
    g_tally->torn += back.restored.torn;
    if (back.restored.torn || coin % AGAIN_EVERY == 0) {
        come_back_again(&where, fake, &back);
    }
    if ((coin >> 16) % GO_ON_EVERY == 0) {
        go_on(&where, fake, back.restored.end.sequence);
    }
}

/* ---- which states there are ---- */

static void cut_power(crash_t *crash, fake_sys_t *fake, fake_keep_t keep, uint64_t change, uint64_t seed)
{
    fake_sys_t *left = fake_sys_crash(fake, keep, seed);
    try_state(crash, left, keep, change, seed);
    fake_sys_destroy(left);
}

static void crash_before_change(void *context, fake_sys_t *fake, uint64_t change)
{
    crash_t *crash = context;
    fake_sys_t *killed = fake_sys_kill(fake);
    try_state(crash, killed, KILLED, change, fake_random(&crash->random));
    fake_sys_destroy(killed);
    if (crash->os) {
        return;
    }
    cut_power(crash, fake, FAKE_KEEP_DURABLE, change, 0);
    cut_power(crash, fake, FAKE_KEEP_ALL, change, 1);
    size_t units = fake_sys_unsynced(fake);
    for (uint64_t unit = 0; units > 1 && unit < units; unit++) {
        cut_power(crash, fake, FAKE_KEEP_ONE, change, unit);
        cut_power(crash, fake, FAKE_KEEP_BUT_ONE, change, unit);
    }
    size_t sectors = fake_sys_write_sectors(fake);
    for (uint64_t sector = 1; sector < sectors && sectors <= 16; sector++) {
        cut_power(crash, fake, FAKE_KEEP_UNTIL, change, sector);
    }
    for (unsigned toss = 0; units > 0 && toss < TOSSES; toss++) {
        cut_power(crash, fake, FAKE_KEEP_SOME, change, fake_random(&crash->random));
        cut_power(crash, fake, FAKE_KEEP_GARBAGE, change, fake_random(&crash->random));
        cut_power(crash, fake, FAKE_KEEP_STALE, change, fake_random(&crash->random));
    }
}

/* ---- journals ---- */

/* A part of the script under watch, then the machine goes down in one of its ways; answers what is left.
 */
static fake_sys_t *live_once(crash_t *crash, fake_sys_t *fake, size_t until)
{
    fake_sys_watch(fake, crash_before_change, crash);
    lab_run(crash->lab, fake_sys_table(fake), LAB_DIR, until, fake_random(&crash->random) % 2 == 0,
            &crash->outcome);
    crash_before_change(crash, fake, fake_sys_changes(fake) + 1);
    if (crash->outcome.code != SLC_OK) {
        const where_t where = {.crash = crash, .change = fake_sys_changes(fake), .kind = KILLED};
        fail(&where, "the journal could not be written", &crash->outcome);
    }
    crash->floor = acknowledged(crash);
    fake_sys_t *left = crash->os || fake_random(&crash->random) % 2 == 0
                           ? fake_sys_kill(fake)
                           : fake_sys_crash(fake, FAKE_KEEP_SOME, fake_random(&crash->random));
    fake_sys_destroy(fake);
    return left;
}

static void try_run(void *context, uint64_t run)
{
    (void)context;
    uint64_t random = g_seed * UINT64_C(1000003) + run;
    size_t blocks = BLOCKS_MIN + fake_random(&random) % (BLOCKS_MAX - BLOCKS_MIN + 1);
    uint64_t segment_bytes = SEGMENT_BYTES_MIN + fake_random(&random) % 3 * 4096;
    lab_t *lab = lab_create_seeded(fake_random(&random), blocks, segment_bytes);
    fake_sys_t *fake = fake_sys_create();
    crash_t crash = {.lab = lab, .random = fake_random(&random), .run = run};
    uint64_t way = fake_random(&random) % 8;
    crash.os = way == 0;
    lab->config.durability = crash.os ? SLC_DURABILITY_OS : SLC_DURABILITY_FSYNC;
    if (way == 1 || way == 2) {
        fake_sys_refuse_direct(fake);
    }
    uint64_t snapshots = fake_random(&random) % 6;
    if (snapshots > 1) {
        lab_take_snapshots(lab, snapshots);
        lab->archive = fake_random(&random) % 4 == 0;
    }
    size_t stop = fake_random(&random) % blocks;
    fake = live_once(&crash, fake, stop);
    fake = live_once(&crash, fake, SIZE_MAX);
    fake_sys_destroy(fake);
    lab_destroy(lab);
    g_tally->runs++;
}

static uint64_t states_so_far(const void *tally)
{
    return ((const tally_t *)tally)->states;
}

static void print(const tally_t *sum, double seconds, unsigned jobs)
{
    (void)printf("crash states: %" PRIu64 " tried in %" PRIu64 " journals, 0 failed, seed %" PRIu64
                 "; %.0f a second on %u processes\n",
                 sum->states, sum->runs, g_seed, (double)sum->states / seconds, jobs);
    for (unsigned kind = 0; kind < KINDS; kind++) {
        (void)printf("  %-22s %9" PRIu64 "\n", kind_names[kind], sum->kinds[kind]);
    }
    (void)printf("  %" PRIu64 " of them in a recovery; %" PRIu64 " torn tails cut, %" PRIu64
                 " recovered again, %" PRIu64 " gone on\n",
                 sum->in_recovery, sum->torn, sum->again, sum->gone_on);
}

int main(int argc, char **argv)
{
    static tally_t sum;
    g_seed = workers_number("SLC_SEED", 1);
    workers_t workers = {.try_run = try_run,
                         .done = states_so_far,
                         .wanted = workers_number("SLC_CRASH_STATES", STATES_DEFAULT),
                         .tally = (void **)&g_tally,
                         .tally_numbers = sizeof sum / sizeof(uint64_t)};
    if (!workers_run(&workers, argc, argv, (uint64_t *)(void *)&sum)) {
        return 1;
    }
    print(&sum, workers.seconds, workers.jobs);
    bool all = argc > 1;
    for (unsigned kind = 0; kind < KINDS && !all; kind++) {
        if (sum.kinds[kind] == 0) {
            (void)fprintf(stderr, "FAILED: no state of the kind \"%s\"\n", kind_names[kind]);
            return 1;
        }
    }
    if (!all && (sum.in_recovery == 0 || sum.torn == 0 || sum.again == 0 || sum.gone_on == 0)) {
        (void)fprintf(stderr, "FAILED: something above was never tried\n");
        return 1;
    }
    return 0;
}
