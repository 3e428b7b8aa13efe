/* Every call of a run fails, one after the other, with each of a few errors, once and for ever. Nothing
 * may be acknowledged behind a failure, and once the fault is gone everything acknowledged has to be
 * there. */
#include "../../lib/fake_sys.h"
#include "../../lib/journal_lab.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>

#define SEGMENT_BYTES 32768u
#define BLOCKS 14u

typedef struct {
    const lab_t *lab;
    fake_sys_t *start; /* what each run begins with */
    uint64_t floor;    /* acknowledged before */
    const char *name;
    uint64_t runs;
    uint64_t stopped;
} fault_t;

static void judge_left(const fault_t *fault, fake_sys_t *left, uint64_t acked, uint64_t nth, int error,
                       const char *how)
{
    lab_outcome_t back;
    lab_restore(fault->lab, fake_sys_table(left), LAB_DIR, &back);
    cr_assert(back.came_back, "%s, call %" PRIu64 ", errno %d, %s: refused: %s", fault->name, nth, error,
              how, back.error.message);
    cr_assert(!back.wrong, "%s, call %" PRIu64 ", errno %d, %s: wrong state", fault->name, nth, error,
              how);
    cr_assert(back.restored.end.sequence >= acked,
              "%s, call %" PRIu64 ", errno %d, %s: acknowledged %" PRIu64 ", came back %" PRIu64,
              fault->name, nth, error, how, acked, back.restored.end.sequence);
    fake_sys_destroy(left);
}

static void judge_run(fault_t *fault, fake_sys_t *fake, const lab_outcome_t *outcome, uint64_t nth,
                      int error)
{
    uint64_t acked = outcome->acked > fault->floor ? outcome->acked : fault->floor;
    fault->runs++;
    fault->stopped += outcome->code != SLC_OK;
    cr_assert(!outcome->wrong && !outcome->unstopped, "%s, call %" PRIu64 ", errno %d", fault->name, nth,
              error);
    cr_assert(outcome->code == SLC_OK || outcome->error.message[0] != '\0');
    cr_assert(outcome->code != SLC_ERR_DAMAGED, "%s, call %" PRIu64 ", errno %d: %s", fault->name, nth,
              error, outcome->error.message);
    fake_sys_heal(fake);
    fake_sys_t *killed = fake_sys_kill(fake);
    /* The machine lives on and its page cache with it, then the power goes. */
    fake_sys_t *later = fake_sys_kill(fake);
    lab_outcome_t back;
    lab_restore(fault->lab, fake_sys_table(later), LAB_DIR, &back);
    fake_sys_t *cut = fake_sys_crash(later, FAKE_KEEP_DURABLE, 0);
    judge_left(fault, cut, back.acked > acked ? back.acked : acked, nth, error, "restarted, then cut");
    fake_sys_destroy(later);
    judge_left(fault, killed, acked, nth, error, "restarted");
    judge_left(fault, fake_sys_crash(fake, FAKE_KEEP_DURABLE, 0), acked, nth, error, "cut");
    judge_left(fault, fake_sys_crash(fake, FAKE_KEEP_SOME, nth), acked, nth, error, "cut with some");
}

static uint64_t calls_of_a_run(const fault_t *fault)
{
    lab_outcome_t outcome;
    fake_sys_t *fake = fake_sys_kill(fault->start);
    fake_sys_heal(fake);
    lab_run(fault->lab, fake_sys_table(fake), LAB_DIR, SIZE_MAX, true, &outcome);
    cr_assert(outcome.code == SLC_OK, "%s", outcome.error.message);
    uint64_t calls = fake_sys_calls(fake, FAKE_ANY);
    fake_sys_destroy(fake);
    return calls;
}

static void fail_each(fault_t *fault, int error, bool for_ever)
{
    uint64_t calls = calls_of_a_run(fault);
    for (uint64_t nth = 1; nth <= calls; nth++) {
        lab_outcome_t outcome;
        fake_sys_t *fake = fake_sys_kill(fault->start);
        fake_sys_fail(fake, FAKE_ANY, nth, error, for_ever);
        lab_run(fault->lab, fake_sys_table(fake), LAB_DIR, SIZE_MAX, true, &outcome);
        cr_assert(fake_sys_faulted(fake));
        judge_run(fault, fake, &outcome, nth, error);
        fake_sys_destroy(fake);
    }
}

static void sweep(fault_t *fault)
{
    static const int errors[] = {EIO, ENOSPC, EINTR};
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 30); /* thousands of file systems come and go */
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 30);
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        fail_each(fault, errors[i], false);
        fail_each(fault, errors[i], true);
    }
    cr_assert(fault->stopped > fault->runs / 2);
    cr_log_info("%s: %" PRIu64 " runs, %" PRIu64 " stopped", fault->name, fault->runs, fault->stopped);
}

Test(fault, of_any_call_of_a_fresh_journal_stops_it_and_loses_nothing)
{
    lab_t *lab = lab_create(BLOCKS, SEGMENT_BYTES);
    fault_t fault = {.lab = lab, .start = fake_sys_create(), .name = "fresh"};
    sweep(&fault);
    fake_sys_destroy(fault.start);
    lab_destroy(lab);
}

Test(fault, of_any_call_without_direct_writes_stops_it_and_loses_nothing)
{
    lab_t *lab = lab_create(BLOCKS, SEGMENT_BYTES);
    fault_t fault = {.lab = lab, .start = fake_sys_create(), .name = "no direct"};
    fake_sys_refuse_direct(fault.start);
    sweep(&fault);
    fake_sys_destroy(fault.start);
    lab_destroy(lab);
}

/* A directory with a torn tail behind an unfinished roll cannot be; two that need repair can. */
typedef struct {
    fake_sys_t *torn;
    fake_sys_t *unrolled;
    const lab_t *lab;
    lab_outcome_t outcome;
    uint64_t torn_floor;
    uint64_t unrolled_floor;
} found_t;

static void find_repairs(void *context, fake_sys_t *fake, uint64_t change)
{
    found_t *found = context;
    (void)change;
    for (uint64_t seed = 0; seed < 4; seed++) {
        lab_outcome_t back;
        fake_sys_t *left = fake_sys_crash(fake, FAKE_KEEP_SOME, seed);
        fake_sys_t *tried = fake_sys_kill(left);
        uint64_t before = fake_sys_changes(tried);
        lab_restore(found->lab, fake_sys_table(tried), LAB_DIR, &back);
        bool repaired = back.code == SLC_OK && back.acked > 100 && fake_sys_changes(tried) > before;
        if (repaired && back.restored.torn && found->torn == NULL) {
            found->torn = fake_sys_kill(left);
            found->torn_floor = found->outcome.acked;
        }
        if (repaired && back.restored.end.offset == 4096 && found->unrolled == NULL) {
            found->unrolled = fake_sys_kill(left);
            found->unrolled_floor = found->outcome.acked;
        }
        fake_sys_destroy(tried);
        fake_sys_destroy(left);
    }
}

Test(fault, of_any_call_of_a_recovery_that_repairs_loses_nothing)
{
    lab_t *lab = lab_create(BLOCKS, SEGMENT_BYTES);
    fake_sys_t *fake = fake_sys_create();
    found_t found = {.lab = lab};
    fake_sys_watch(fake, find_repairs, &found);
    lab_run(lab, fake_sys_table(fake), LAB_DIR, SIZE_MAX, true, &found.outcome);
    cr_assert(found.outcome.code == SLC_OK && found.torn != NULL && found.unrolled != NULL);
    fault_t torn = {.lab = lab, .start = found.torn, .floor = found.torn_floor, .name = "torn"};
    sweep(&torn);
    fault_t unrolled = {
        .lab = lab, .start = found.unrolled, .floor = found.unrolled_floor, .name = "unrolled"};
    sweep(&unrolled);
    fake_sys_destroy(found.torn);
    fake_sys_destroy(found.unrolled);
    fake_sys_destroy(fake);
    lab_destroy(lab);
}

static void shorten_each(fault_t *fault, fake_call_t call, size_t bytes)
{
    for (uint64_t nth = 1;; nth++) {
        lab_outcome_t outcome;
        fake_sys_t *fake = fake_sys_kill(fault->start);
        fake_sys_shorten(fake, call, nth, bytes);
        lab_run(fault->lab, fake_sys_table(fake), LAB_DIR, SIZE_MAX, true, &outcome);
        bool faulted = fake_sys_faulted(fake);
        if (faulted && bytes > 0 && bytes % FAKE_SECTOR_BYTES == 0) {
            cr_assert(outcome.code == SLC_OK, "%s %" PRIu64 ": %s", fake_call_name(call), nth,
                      outcome.error.message);
        }
        if (faulted && outcome.code != SLC_ERR_DAMAGED) {
            judge_run(fault, fake, &outcome, nth, 0);
        }
        fake_sys_destroy(fake);
        if (!faulted) {
            return;
        }
    }
}

/* Sectors go on where the call stopped; an odd count can't with direct writes, and stops the writer. */
Test(fault, a_short_write_is_finished_or_stops_the_writer)
{
    lab_t *lab = lab_create(BLOCKS, SEGMENT_BYTES);
    fault_t fault = {.lab = lab, .start = fake_sys_create(), .name = "short write"};
    shorten_each(&fault, FAKE_PWRITE, 512);
    shorten_each(&fault, FAKE_PWRITE, 100);
    shorten_each(&fault, FAKE_PWRITE, 0);
    cr_assert(fault.runs > 60 && fault.stopped > 20);
    fake_sys_destroy(fault.start);
    lab_destroy(lab);
}

Test(fault, a_short_read_is_finished)
{
    lab_t *lab = lab_create(BLOCKS, SEGMENT_BYTES);
    fault_t fault = {.lab = lab, .start = fake_sys_create(), .name = "short read"};
    lab_outcome_t outcome;
    lab_run(lab, fake_sys_table(fault.start), LAB_DIR, 10, false, &outcome);
    cr_assert(outcome.code == SLC_OK);
    fake_sys_t *start = fake_sys_kill(fault.start);
    fake_sys_destroy(fault.start);
    fault.start = start;
    fault.floor = outcome.acked;
    shorten_each(&fault, FAKE_PREAD, 512);
    cr_assert(fault.runs > 3 && fault.stopped == 0);
    fake_sys_destroy(fault.start);
    lab_destroy(lab);
}
