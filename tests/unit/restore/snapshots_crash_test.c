/* Power cuts at each moment of a recovery from snapshots, and of their making. */
#include "../../lib/fake_sys.h"
#include "../../lib/journal_lab.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define SEGMENT_BYTES 32768u
#define BLOCKS 24u
#define EVERY 5u

static lab_t *lab;
static lab_outcome_t back;

static void setup(void)
{
    lab = lab_create(BLOCKS, SEGMENT_BYTES);
    lab_take_snapshots(lab, EVERY);
}

static void teardown(void)
{
    lab_destroy(lab);
}

TestSuite(snapshots_crash, .init = setup, .fini = teardown);

/* Cuts the power before each call that changes something in a run that recovers from a snapshot. */
typedef struct {
    uint64_t at;
    fake_sys_t *dark;
} crash_t;

static void crash(void *context, fake_sys_t *machine, uint64_t change)
{
    crash_t *when = context;
    if (change == when->at) {
        when->dark = fake_sys_crash(machine, FAKE_KEEP_SOME, change * 77);
    }
}

Test(snapshots_crash, at_each_moment_of_a_recovery_from_them_is_survived)
{
    lab_outcome_t outcome;
    uint64_t end = 0;
    char segment[64];
    fake_sys_t *fake = fake_sys_create();
    lab_run(lab, fake_sys_table(fake), LAB_DIR, BLOCKS - 2, false, &outcome);
    cr_assert(outcome.code == SLC_OK && outcome.snapshot > 0);
    uint64_t snapshot = outcome.snapshot;
    lab_restore(lab, fake_sys_table(fake), LAB_DIR, &outcome);
    end = outcome.restored.end.offset;
    (void)snprintf(segment, sizeof segment, LAB_DIR "/segment-%010u.journal",
                   outcome.restored.end.segment);
    fake_sys_poke(fake, segment, "torn", 4, end + 100);
    bool more = true;
    unsigned crashes = 0;
    for (uint64_t at = 1; more; at++) {
        crash_t when = {.at = at};
        fake_sys_t *machine = fake_sys_kill(fake);
        fake_sys_watch(machine, crash, &when);
        lab_restore(lab, fake_sys_table(machine), LAB_DIR, &back);
        cr_assert(back.code == SLC_OK && !back.wrong && back.restored.torn, "%s", back.error.message);
        more = when.dark != NULL;
        if (more) {
            crashes++;
            lab_restore(lab, fake_sys_table(when.dark), LAB_DIR, &back);
            cr_assert(back.code == SLC_OK && !back.wrong && back.acked == outcome.acked, "%s",
                      back.error.message);
            cr_assert(back.restored.snapshot_sequence == snapshot);
            fake_sys_destroy(when.dark);
        }
        fake_sys_destroy(machine);
    }
    fake_sys_destroy(fake);
    cr_assert(crashes > 5);
}

/* Anything cut off while snapshots are written and the journal behind them is removed. */
Test(snapshots_crash, at_each_moment_of_their_making_is_survived)
{
    for (uint64_t seed = 0; seed < 2; seed++) {
        bool more = true;
        unsigned crashes = 0;
        for (uint64_t at = 1; more; at++) {
            crash_t when = {.at = at};
            lab_outcome_t outcome;
            fake_sys_t *machine = fake_sys_create();
            fake_sys_watch(machine, crash, &when);
            lab_run(lab, fake_sys_table(machine), LAB_DIR, SIZE_MAX, seed == 0, &outcome);
            more = when.dark != NULL;
            if (more) {
                crashes++;
                lab_restore(lab, fake_sys_table(when.dark), LAB_DIR, &back);
                cr_assert(back.code == SLC_OK && !back.wrong, "%s", back.error.message);
                fake_sys_destroy(when.dark);
            }
            fake_sys_destroy(machine);
        }
        cr_assert(crashes > 100);
    }
}
