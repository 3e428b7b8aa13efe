/* What a fault or a power cut beside a snapshot, or beside the removal behind it, can take away: nothing.
 * src/snapshot/keeper.c with write.c and retain.c, over a file system that fails and forgets. */
#include "world.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

TestSuite(keeper_faults, .init = world_setup, .fini = world_teardown);

/* ---- power cuts ---- */

typedef struct cuts {
    world_t *world;
    unsigned each; /* disks for each moment */
    unsigned tried;
    size_t segments; /* at the beginning */
    bool archive;
} cuts_t;

static void cut_power(void *context, fake_sys_t *running, uint64_t change)
{
    static const fake_keep_t keeps[] = {FAKE_KEEP_DURABLE, FAKE_KEEP_ALL, FAKE_KEEP_SOME,
                                        FAKE_KEEP_GARBAGE};
    cuts_t *cuts = context;
    uint64_t promised = slc_keeper_status(cuts->world->keeper).sequence;
    for (unsigned i = 0; i < cuts->each; i++) {
        char names[FAKE_ENTRIES_MAX][FAKE_NAME_BYTES];
        fake_sys_t *left = fake_sys_crash(running, keeps[i % 4], change * 8 + i);
        seen_t seen = judge_disk(left);
        cr_assert(seen.newest >= promised, "change %" PRIu64 ": what the status told is gone", change);
        cr_assert(!cuts->archive ||
                  seen.segments + fake_sys_names(left, "archive", names, FAKE_ENTRIES_MAX) >=
                      cuts->segments);
        fake_sys_destroy(left);
        cuts->tried++;
    }
}

/* ---- calls that fail ---- */

/* Four snapshots, one call of one kind failing (or all from there on), then the power goes. */
static bool one_call_fails(fake_call_t call, uint64_t nth, bool for_ever, bool archive)
{
    world_t world;
    world_open(&world, fake_sys_kill(whole));
    slc_keeper_config_t config = world_config(&world);
    if (archive) {
        (void)strcpy(config.retain.archive, "archive");
    }
    world_keep(&world, &config);
    world_apply(&world, 300);
    cr_assert(world_snapshot_now(&world));
    fake_sys_fail(world.fake, call, nth, call == FAKE_PWRITE && nth % 2 == 0 ? ENOSPC : EIO, for_ever);
    for (int i = 0; i < 2; i++) {
        world_apply(&world, 500);
        (void)world_snapshot_now(&world);
    }
    bool faulted = fake_sys_faulted(world.fake);
    fake_sys_heal(world.fake);
    uint64_t promised = slc_keeper_status(world.keeper).sequence;
    (void)judge_directory(world.directory);
    for (unsigned i = 0; i < 2; i++) {
        fake_sys_t *left = fake_sys_crash(world.fake, i == 0 ? FAKE_KEEP_DURABLE : FAKE_KEEP_SOME, nth);
        cr_assert(judge_disk(left).newest >= promised, "what the status told is gone");
        fake_sys_destroy(left);
    }
    world_apply(&world, 500);
    cr_assert(world_snapshot_now(&world), "%s", slc_keeper_status(world.keeper).error);
    cr_assert(judge_directory(world.directory).newest == world.applied);
    world_close(&world);
    return faulted;
}

/* One of the syncs behind a third snapshot fails, and what it left undone is done later. */
static bool one_sync_fails(uint64_t nth)
{
    world_t world;
    world_open(&world, fake_sys_kill(whole));
    slc_keeper_config_t config = world_config(&world);
    world_keep(&world, &config);
    for (int i = 0; i < 3; i++) {
        world_apply(&world, 650);
        fake_sys_fail(world.fake, FAKE_FSYNC, i == 2 ? nth : UINT64_MAX, EIO, false);
        (void)world_snapshot_now(&world);
    }
    bool faulted = fake_sys_faulted(world.fake);
    cuts_t cuts = {.world = &world, .each = 16};
    fake_sys_heal(world.fake);
    fake_sys_watch(world.fake, cut_power, &cuts);
    (void)world_snapshot_now(&world); /* of nothing new: only what was left undone */
    fake_sys_watch(world.fake, NULL, NULL);
    world_close(&world);
    return faulted;
}

Test(keeper_faults, a_removal_that_may_not_be_durable_is_made_so_before_the_next)
{
    uint64_t nth = 1;
    while (one_sync_fails(nth)) {
        nth++;
    }
    cr_assert(nth > 5, "%lu", (unsigned long)nth);
}

static void every_call_fails(bool archive)
{
    static const fake_call_t calls[] = {FAKE_OPEN,  FAKE_CLOSE,  FAKE_PREAD, FAKE_PWRITE,
                                        FAKE_FSYNC, FAKE_FORGET, FAKE_SIZE,  FAKE_RENAME,
                                        FAKE_LINK,  FAKE_UNLINK, FAKE_LIST};
    unsigned tried = 0;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        for (int for_ever = 0; for_ever < 2; for_ever++) {
            uint64_t nth = 1;
            while (one_call_fails(calls[i], nth, for_ever == 1, archive)) {
                nth++;
                tried++;
            }
            cr_assert(nth > 1 || (calls[i] == FAKE_LINK && !archive), "%s is never called",
                      fake_call_name(calls[i]));
        }
    }
    cr_assert(tried > 100, "%u", tried);
}

static void make_archive(void)
{
    const slc_sys_t *sys = fake_sys_table(whole);
    cr_assert(sys->mkdir(sys->self, AT_FDCWD, "archive", 0700) == 0);
    int top = sys->open(sys->self, AT_FDCWD, ".", O_RDONLY | O_DIRECTORY, 0);
    cr_assert(top >= 0 && sys->fsync(sys->self, top) == 0 && sys->close(sys->self, top) == 0);
}

Test(keeper_faults, every_call_that_fails_costs_a_snapshot_at_most)
{
    every_call_fails(false);
}

Test(keeper_faults, every_call_that_fails_beside_an_archive_costs_a_snapshot_at_most)
{
    make_archive();
    every_call_fails(true);
}

static void cut_power_everywhere(bool archive)
{
    world_t world;
    world_open(&world, fake_sys_kill(whole));
    slc_keeper_config_t config = world_config(&world);
    if (archive) {
        (void)strcpy(config.retain.archive, "archive");
    }
    world_keep(&world, &config);
    cuts_t cuts = {
        .world = &world, .each = 8, .segments = judge_disk(whole).segments, .archive = archive};
    for (int i = 0; i < 5; i++) {
        world_apply(&world, 400);
        fake_sys_watch(world.fake, cut_power, &cuts);
        cr_assert(world_snapshot_now(&world), "%s", slc_keeper_status(world.keeper).error);
        fake_sys_watch(world.fake, NULL, NULL);
    }
    cr_assert(judge_directory(world.directory).segments < cuts.segments && cuts.tried > 300);
    world_close(&world);
}

Test(keeper_faults, a_power_cut_at_any_moment_leaves_what_was_told_and_a_journal_behind_it)
{
    cut_power_everywhere(false);
}

Test(keeper_faults, a_power_cut_at_any_moment_loses_nothing_between_here_and_the_archive)
{
    make_archive();
    cut_power_everywhere(true);
}

/* Files of one name, length and first page may be different files: a copy made by hand, too early. */
Test(keeper_faults, an_archived_segment_that_differs_anywhere_is_not_taken_for_the_one_here)
{
    static const char path[] = "archive/segment-0000000001.journal";
    world_t world;
    size_t bytes = 0;
    make_archive();
    world_open(&world, fake_sys_kill(whole));
    const uint8_t *here = fake_sys_file(world.fake, LAB_DIR "/segment-0000000001.journal", &bytes);
    uint8_t *other = malloc(bytes);
    (void)memcpy(other, here, bytes);
    other[bytes - 1] ^= 1;
    slc_keeper_config_t config = world_config(&world);
    (void)strcpy(config.retain.archive, "archive");
    world_keep(&world, &config);
    for (int i = 0; i < 3; i++) {
        fake_sys_put(world.fake, path, other, bytes);
        world_apply(&world, 500);
        cr_assert(world_snapshot_now(&world));
        cr_assert(judge_directory(world.directory).reaches_back_to == 1);
    }
    other[bytes - 1] ^= 1;
    fake_sys_put(world.fake, path, other, bytes);
    world_apply(&world, 500);
    cr_assert(world_snapshot_now(&world) && judge_directory(world.directory).reaches_back_to > 1);
    free(other);
    world_close(&world);
}
