/* The power goes, or the process is killed, at every call that changes something: while the directory is
 * created, blocks are written, segments roll, recovery repairs. Whatever a crash leaves has to come back
 * with all that was acknowledged, as the script has it, and has to go on from there.
 * tests/fault/crash_states does it by the million; here it is done once, over a script that is fixed. */
#include "../../lib/fake_sys.h"
#include "../../lib/journal_lab.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#define SEGMENT_BYTES 32768u
#define BLOCKS 40u
#define STATES 4000u
/* Going on costs three times what coming back does: for the plain cuts always, for tosses now and then.
 */
#define GO_ON_EVERY 5u

typedef struct {
    const lab_t *lab;
    lab_outcome_t outcome; /* of the run that is watched */
    uint64_t floor;        /* acknowledged in an earlier run */
    uint64_t tosses;       /* seeds for each kind of cut and change */
    uint64_t states;
    uint64_t torn;
    uint64_t deeper;  /* watch recoveries too: so many of their states, 0: none */
    bool killed_only; /* durability "os": the kernel lives on */
} crash_t;

static uint64_t acknowledged(const crash_t *crash)
{
    return crash->outcome.acked > crash->floor ? crash->outcome.acked : crash->floor;
}

static void crash_before_change(void *context, fake_sys_t *fake, uint64_t change);

static void judge(const crash_t *crash, const lab_outcome_t *back, const char *how, uint64_t change,
                  uint64_t seed)
{
    cr_assert(back->came_back, "%s at change %" PRIu64 " seed %" PRIu64 ": refused: %s", how, change,
              seed, back->error.message);
    cr_assert(!back->wrong, "%s at change %" PRIu64 " seed %" PRIu64 ": wrong state at %" PRIu64, how,
              change, seed, back->restored.end.sequence);
    cr_assert(back->restored.end.sequence >= acknowledged(crash),
              "%s at change %" PRIu64 " seed %" PRIu64 ": %" PRIu64 " acknowledged, %" PRIu64
              " came back",
              how, change, seed, acknowledged(crash), back->restored.end.sequence);
}

/* Some blocks more, enough for a roll. */
static size_t blocks_until(const lab_t *lab, uint64_t sequence)
{
    size_t at = 0;
    while (at + 1 < lab->block_count && lab->blocks[at].first <= sequence + 1) {
        at++;
    }
    return at + 7 < lab->block_count ? at + 7 : lab->block_count - 1;
}

/* The worst that may come now. */
static fake_sys_t *leave_of(const crash_t *crash, fake_sys_t *fake)
{
    return crash->killed_only ? fake_sys_kill(fake) : fake_sys_crash(fake, FAKE_KEEP_DURABLE, 0);
}

/* However the segments came about, the last one cannot go missing unseen. */
static void lose_last_segment(const crash_t *crash, fake_sys_t *fake, uint32_t segment)
{
    lab_outcome_t back;
    char path[64];
    (void)snprintf(path, sizeof path, "%s/segment-%010" PRIu32 ".journal", LAB_DIR, segment);
    fake_sys_remove(fake, path);
    lab_restore(crash->lab, fake_sys_table(fake), LAB_DIR, &back);
    cr_assert(back.code == SLC_ERR_DAMAGED);
}

/* What came back was answered from, so the next power cut may not take it; and the script goes on. */
static void go_on(const crash_t *crash, fake_sys_t *fake, uint64_t sequence, const char *how,
                  uint64_t change, uint64_t seed)
{
    lab_outcome_t back;
    size_t until = blocks_until(crash->lab, sequence);
    crash_t answered = {.lab = crash->lab, .floor = sequence};
    fake_sys_t *cut = leave_of(crash, fake);
    lab_run(crash->lab, fake_sys_table(cut), LAB_DIR, until, true, &back);
    judge(&answered, &back, "cut behind recovery", change, seed);
    uint64_t last = crash->lab->blocks[until].first + crash->lab->blocks[until].events - 1;
    cr_assert(back.code == SLC_OK && back.acked == last, "%s at change %" PRIu64 " seed %" PRIu64 ": %s",
              how, change, seed, back.error.message);
    fake_sys_t *end = leave_of(crash, cut);
    lab_restore(crash->lab, fake_sys_table(end), LAB_DIR, &back);
    judge(&answered, &back, "gone on", change, seed);
    cr_assert(back.restored.end.sequence == last && back.restored.end.sealed && !back.restored.torn);
    fake_sys_destroy(end);
    end = leave_of(crash, cut);
    lose_last_segment(crash, end, back.restored.end.segment);
    fake_sys_destroy(end);
    fake_sys_destroy(cut);
}

/* The fake file system is this state's own. */
static void come_back_and_go_on(crash_t *crash, fake_sys_t *fake, const char *how, uint64_t change,
                                uint64_t seed)
{
    lab_outcome_t back;
    const slc_sys_t *sys = fake_sys_table(fake);
    crash->states++;
    if (crash->deeper) {
        crash_t recovery = {.lab = crash->lab, .floor = acknowledged(crash), .tosses = 1};
        fake_sys_watch(fake, crash_before_change, &recovery);
        lab_run(crash->lab, sys, LAB_DIR, 0, true, &recovery.outcome);
        fake_sys_watch(fake, NULL, NULL);
        crash->states += recovery.states;
        back = recovery.outcome;
    } else {
        lab_restore(crash->lab, sys, LAB_DIR, &back);
    }
    if (back.code == SLC_ERR_DAMAGED && strcmp(how, "garbage") == 0 && acknowledged(crash) == 0) {
        return; /* the lock file itself is garbage: refused, and nothing had been promised */
    }
    judge(crash, &back, how, change, seed);
    crash->torn += back.restored.torn;
    if (seed % GO_ON_EVERY == 0) {
        go_on(crash, fake, back.restored.end.sequence, how, change, seed);
    }
}

static void crash_once(crash_t *crash, fake_sys_t *fake, fake_keep_t keep, const char *how,
                       uint64_t change, uint64_t seed)
{
    fake_sys_t *left = fake_sys_crash(fake, keep, seed);
    come_back_and_go_on(crash, left, how, change, seed);
    fake_sys_destroy(left);
}

static void crash_before_change(void *context, fake_sys_t *fake, uint64_t change)
{
    crash_t *crash = context;
    fake_sys_t *killed = fake_sys_kill(fake);
    come_back_and_go_on(crash, killed, "killed", change, 0);
    fake_sys_destroy(killed);
    if (crash->killed_only) {
        return;
    }
    crash_once(crash, fake, FAKE_KEEP_DURABLE, "durable", change, 0);
    crash_once(crash, fake, FAKE_KEEP_ALL, "all", change, 0);
    for (uint64_t toss = 0; toss < crash->tosses; toss++) {
        crash_once(crash, fake, FAKE_KEEP_SOME, "some", change, change * 1000003 + toss);
        crash_once(crash, fake, FAKE_KEEP_GARBAGE, "garbage", change, change * 1000033 + toss);
    }
}

/* The script from nothing to its end, crashed before each change. */
static void sweep(crash_t *crash, fake_sys_t *fake)
{
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 30); /* thousands of file systems come and go */
    (void)mallopt(M_TOP_PAD, 16 << 20);
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 30);
    fake_sys_watch(fake, crash_before_change, crash);
    lab_run(crash->lab, fake_sys_table(fake), LAB_DIR, SIZE_MAX, true, &crash->outcome);
    cr_assert(crash->outcome.code == SLC_OK, "%s", crash->outcome.error.message);
    crash_before_change(crash, fake, fake_sys_changes(fake) + 1);
}

static uint64_t tosses_for(size_t blocks, uint64_t share)
{
    uint64_t changes = blocks * 4; /* about */
    uint64_t tosses = STATES * share / 100 / changes / 2;
    return tosses == 0 ? 1 : tosses;
}

Test(crash, at_any_moment_loses_nothing_acknowledged)
{
    lab_t *lab = lab_create(BLOCKS, SEGMENT_BYTES);
    fake_sys_t *fake = fake_sys_create();
    crash_t crash = {.lab = lab, .tosses = tosses_for(BLOCKS, 40)};
    sweep(&crash, fake);
    cr_assert(crash.states > 100 && crash.torn > 0);
    cr_log_info("%" PRIu64 " crash states, %" PRIu64 " with a torn tail", crash.states, crash.torn);
    fake_sys_destroy(fake);
    lab_destroy(lab);
}

Test(crash, at_any_moment_where_direct_writes_are_refused_loses_nothing)
{
    lab_t *lab = lab_create(BLOCKS, SEGMENT_BYTES);
    fake_sys_t *fake = fake_sys_create();
    fake_sys_refuse_direct(fake);
    crash_t crash = {.lab = lab, .tosses = tosses_for(BLOCKS, 30)};
    sweep(&crash, fake);
    cr_assert(crash.states > 100 && crash.torn > 0);
    fake_sys_destroy(fake);
    lab_destroy(lab);
}

Test(crash, of_the_process_alone_loses_nothing_with_durability_os)
{
    lab_t *lab = lab_create(BLOCKS, SEGMENT_BYTES);
    lab->config.durability = SLC_DURABILITY_OS;
    fake_sys_t *fake = fake_sys_create();
    crash_t crash = {.lab = lab, .killed_only = true};
    sweep(&crash, fake);
    cr_assert(crash.states > 100);
    fake_sys_destroy(fake);
    lab_destroy(lab);
}

Test(crash, during_recovery_is_recovered_from)
{
    lab_t *lab = lab_create(7, SEGMENT_BYTES);
    fake_sys_t *fake = fake_sys_create();
    crash_t crash = {.lab = lab, .tosses = 1, .deeper = true};
    sweep(&crash, fake);
    cr_assert(crash.states > 1000);
    cr_log_info("%" PRIu64 " crash states, those in recoveries among them", crash.states);
    fake_sys_destroy(fake);
    lab_destroy(lab);
}
