/* A journal that is only in the page cache: what a snapshot above it needs to be durable first.
 * src/snapshot/keeper.c with sync_journal. */
#include "world.h"

#include "journal/segment.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static slc_error_t error;

TestSuite(keeper_sync, .init = world_setup, .fini = world_teardown);

/* Bytes of the newest segment that no sync has seen, where no block stands. */
static void write_unsynced(world_t *world)
{
    const slc_sys_t *sys = world->directory->sys;
    uint32_t *numbers = NULL;
    size_t count = 0;
    char name[SLC_SEGMENT_NAME_BYTES];
    cr_assert(slc_segment_list(world->directory, &numbers, &count, &error) == SLC_OK && count > 0);
    slc_segment_name(numbers[count - 1], name);
    free(numbers);
    int fd = sys->open(sys->self, world->directory->fd, name, O_RDWR, 0);
    cr_assert(fd >= 0 && sys->pwrite(sys->self, fd, "unsynced", 8, lab->config.segment_bytes - 8) == 8);
    cr_assert(sys->close(sys->self, fd) == 0);
}

static bool has_unsynced(fake_sys_t *left)
{
    char names[FAKE_ENTRIES_MAX][FAKE_NAME_BYTES];
    size_t count = fake_sys_names(left, LAB_DIR, names, FAKE_ENTRIES_MAX);
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        char path[FAKE_NAME_BYTES + 8] = LAB_DIR "/";
        size_t bytes = 0;
        (void)strcat(path, names[i]);
        const uint8_t *file = fake_sys_file(left, path, &bytes);
        found = found || (bytes >= 8 && memcmp(file + bytes - 8, "unsynced", 8) == 0);
    }
    return found;
}

static void judge_synced(void *context, fake_sys_t *running, uint64_t change)
{
    unsigned *named = context;
    for (unsigned i = 0; i < 8; i++) {
        fake_sys_t *left =
            fake_sys_crash(running, i == 0 ? FAKE_KEEP_DURABLE : FAKE_KEEP_SOME, change * 8 + i);
        bool is_named = judge_disk(left).snapshots > 0;
        cr_assert(!is_named || has_unsynced(left), "a snapshot of what the journal has lost");
        *named += is_named ? 1 : 0;
        fake_sys_destroy(left);
    }
}

Test(keeper_sync, a_journal_in_the_page_cache_is_synced_before_a_snapshot_gets_its_name)
{
    world_t world;
    unsigned named = 0;
    world_open(&world, fake_sys_kill(whole));
    slc_keeper_config_t config = world_config(&world);
    config.sync_journal = true;
    world_keep(&world, &config);
    world_apply(&world, 300);
    write_unsynced(&world);
    fake_sys_watch(world.fake, judge_synced, &named);
    cr_assert(world_snapshot_now(&world));
    fake_sys_watch(world.fake, NULL, NULL);
    judge_synced(&named, world.fake, 1000);
    cr_assert(named >= 8);
    world_close(&world);
}

/* The second sync would say yes, although the first one has lost what it should have written. */
Test(keeper_sync, a_journal_whose_sync_failed_is_not_trusted_again)
{
    world_t world;
    world_open(&world, fake_sys_kill(whole));
    slc_keeper_config_t config = world_config(&world);
    config.sync_journal = true;
    world_keep(&world, &config);
    world_apply(&world, 300);
    write_unsynced(&world);
    fake_sys_fail(world.fake, FAKE_FDATASYNC, judge_directory(world.directory).segments, EIO, false);
    cr_assert(!world_snapshot_now(&world) && fake_sys_faulted(world.fake));
    fake_sys_heal(world.fake);
    world_apply(&world, 100);
    cr_assert(!world_snapshot_now(&world));
    cr_assert(strstr(slc_keeper_status(world.keeper).error, "sync") != NULL);
    fake_sys_t *left = fake_sys_crash(world.fake, FAKE_KEEP_ALL, 1);
    cr_assert(judge_disk(left).snapshots == 0);
    fake_sys_destroy(left);
    world_close(&world);
}

static void open_synced(world_t *world)
{
    world_open(world, fake_sys_kill(whole));
    slc_keeper_config_t config = world_config(world);
    config.sync_journal = true;
    world_keep(world, &config);
    world_apply(world, 300);
}

Test(keeper_sync, segments_that_were_synced_and_are_full_are_not_synced_again)
{
    world_t world;
    open_synced(&world);
    size_t segments = judge_directory(world.directory).segments;
    fake_sys_heal(world.fake);
    cr_assert(world_snapshot_now(&world));
    cr_assert(segments > 4 && fake_sys_calls(world.fake, FAKE_FDATASYNC) == segments);
    world_apply(&world, 10);
    fake_sys_heal(world.fake);
    cr_assert(world_snapshot_now(&world));
    cr_assert(judge_directory(world.directory).segments > 1);
    cr_assert(fake_sys_calls(world.fake, FAKE_FDATASYNC) == 1, "the newest alone may have grown");
    world_close(&world);
}

/* The names of segments, too, are only in the page cache until their directory is synced. */
Test(keeper_sync, a_directory_whose_sync_failed_is_not_trusted_again)
{
    world_t world;
    open_synced(&world);
    fake_sys_fail(world.fake, FAKE_FSYNC, 1, EIO, false);
    cr_assert(!world_snapshot_now(&world) && fake_sys_faulted(world.fake));
    cr_assert(strstr(slc_keeper_status(world.keeper).error, "directory") != NULL);
    fake_sys_heal(world.fake);
    world_apply(&world, 100);
    cr_assert(!world_snapshot_now(&world));
    cr_assert(strstr(slc_keeper_status(world.keeper).error, "before a restart") != NULL, "%s",
              slc_keeper_status(world.keeper).error);
    cr_assert(judge_directory(world.directory).snapshots == 0);
    world_close(&world);
}

/* Nothing was asked of the disk yet, so nothing is lost by asking again. */
Test(keeper_sync, a_segment_that_cannot_be_opened_costs_this_snapshot_alone)
{
    world_t world;
    open_synced(&world);
    fake_sys_fail(world.fake, FAKE_OPEN, 2, EMFILE, false);
    cr_assert(!world_snapshot_now(&world) && fake_sys_faulted(world.fake));
    cr_assert(strstr(slc_keeper_status(world.keeper).error, "segment-") != NULL, "%s",
              slc_keeper_status(world.keeper).error);
    cr_assert(slc_keeper_status(world.keeper).failed == 1);
    fake_sys_heal(world.fake);
    cr_assert(world_snapshot_now(&world) && judge_directory(world.directory).newest == 300);
    world_close(&world);
}
