#include "world.h"

#include "journal/segment.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>

lab_t *lab;
fake_sys_t *whole;

static slc_error_t error;

void world_setup(void)
{
    lab_outcome_t outcome = {0};
    lab = lab_create(60, 40960);
    whole = fake_sys_create();
    lab_run(lab, fake_sys_table(whole), LAB_DIR, SIZE_MAX, true, &outcome);
    cr_assert(outcome.code == SLC_OK, "%s", outcome.error.message);
}

void world_teardown(void)
{
    fake_sys_destroy(whole);
    lab_destroy(lab);
}

static uint64_t applied_of(void *context)
{
    return ((world_t *)context)->applied;
}

static uint64_t journaled_of(void *context)
{
    return ((world_t *)context)->journaled;
}

slc_keeper_config_t world_config(world_t *world)
{
    return (slc_keeper_config_t){.directory = world->directory,
                                 .handover = &world->handover,
                                 .retain = {.snapshots = 2},
                                 .applied = applied_of,
                                 .journaled = journaled_of,
                                 .context = world};
}

void world_open(world_t *world, fake_sys_t *fake)
{
    *world = (world_t){.fake = fake};
    fake_sys_set_time(fake, START_US);
    cr_assert(slc_directory_open(fake_sys_table(fake), LAB_DIR, &world->directory, &error) == SLC_OK);
    world->logic = slc_logic_create();
    slc_handover_init(&world->handover);
}

void world_keep(world_t *world, const slc_keeper_config_t *config)
{
    cr_assert(slc_keeper_create(config, &world->keeper, &error) == SLC_OK, "%s", error.message);
}

void world_close(world_t *world)
{
    slc_keeper_destroy(world->keeper);
    (void)slc_handover_leftover(&world->handover); /* the logic ends it */
    slc_handover_finish(&world->handover);
    slc_logic_destroy(world->logic);
    slc_directory_close(world->directory);
    fake_sys_destroy(world->fake);
}

static uint64_t time_of(uint64_t sequence)
{
    size_t at = 0;
    while (at + 1 < lab->block_count && lab->blocks[at + 1].first <= sequence) {
        at++;
    }
    return lab->blocks[at].time_us;
}

void world_apply(world_t *world, uint64_t events)
{
    for (uint64_t i = 0; i < events && world->applied < lab->event_count; i++) {
        slc_answer_t answer;
        slc_event_t event = lab_event(world->applied + 1, time_of(world->applied + 1));
        slc_logic_apply(world->logic, &event, &answer, NULL);
        world->applied++;
        world->journaled += BYTES_PER_EVENT;
    }
}

void world_station_turn(world_t *world)
{
    slc_cut_t *back = slc_handover_returned(&world->handover);
    if (back != NULL) {
        slc_logic_cut_end(world->logic, back);
        world->cut = NULL;
    }
    if (world->cut == NULL && slc_handover_wanted(&world->handover)) {
        world->cut = slc_logic_cut_begin(world->logic);
        cr_assert(world->cut != NULL);
        while (slc_logic_cut_step(world->logic, 1) == SLC_CUT_MORE) {
        }
        slc_handover_give(&world->handover, world->cut);
    }
}

bool world_settle(world_t *world)
{
    bool wrote = false;
    for (int i = 0; i < 4; i++) {
        wrote = slc_keeper_turn(world->keeper) || wrote;
        world_station_turn(world);
    }
    return wrote;
}

bool world_snapshot_now(world_t *world)
{
    uint64_t before = slc_keeper_status(world->keeper).written;
    slc_handover_want(&world->handover);
    (void)world_settle(world);
    return slc_keeper_status(world->keeper).written == before + 1;
}

/* ---- what is on a disk ---- */

static void look_at_snapshots(const slc_directory_t *directory, seen_t *seen)
{
    uint64_t *sequences = NULL;
    cr_assert(slc_snapshot_find(directory, &sequences, &seen->snapshots, &error) == SLC_OK);
    for (size_t i = 0; i < seen->snapshots; i++) {
        char name[SLC_SNAPSHOT_NAME_BYTES];
        slc_snapshot_info_t info;
        slc_snapshot_name(sequences[i], name);
        cr_assert(slc_snapshot_check(directory, name, sequences[i], NULL, NULL, &info, &error) == SLC_OK,
                  "%s", error.message);
        cr_assert(sequences[i] <= lab->event_count && info.digest == lab->digests[sequences[i]],
                  "%s holds another state", name);
        seen->older = seen->newest;
        seen->newest = sequences[i];
    }
    free(sequences);
}

static void look_at_segments(const slc_directory_t *directory, seen_t *seen)
{
    uint32_t *numbers = NULL;
    slc_segment_header_t header;
    int fd = -1;
    cr_assert(slc_segment_list(directory, &numbers, &seen->segments, &error) == SLC_OK);
    cr_assert(seen->segments > 0);
    for (size_t i = 1; i < seen->segments; i++) {
        cr_assert(numbers[i] == numbers[i - 1] + 1, "segment %" PRIu32 " is missing", numbers[i] - 1);
    }
    cr_assert(slc_segment_open(directory, numbers[0], O_RDONLY, &fd, &header, &error) == SLC_OK);
    (void)directory->sys->close(directory->sys->self, fd);
    seen->reaches_back_to = header.first_sequence;
    free(numbers);
}

seen_t judge_directory(const slc_directory_t *directory)
{
    seen_t seen = {0};
    look_at_snapshots(directory, &seen);
    look_at_segments(directory, &seen);
    cr_assert(seen.reaches_back_to <= seen.older + 1,
              "%zu snapshots, the older of %" PRIu64 ", but the journal begins at %" PRIu64,
              seen.snapshots, seen.older, seen.reaches_back_to);
    return seen;
}

seen_t judge_disk(fake_sys_t *left)
{
    slc_directory_t *directory = NULL;
    cr_assert(slc_directory_open(fake_sys_table(left), LAB_DIR, &directory, &error) == SLC_OK);
    seen_t seen = judge_directory(directory);
    slc_directory_close(directory);
    return seen;
}
