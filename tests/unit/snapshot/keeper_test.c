/* When snapshots are taken, and that they are on disk then: src/snapshot/keeper.c. */
#include "world.h"

#include "snapshot/format.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

TestSuite(keeper, .init = world_setup, .fini = world_teardown);

/* ---- when ---- */

Test(keeper, one_that_is_asked_for_is_on_disk_and_in_the_status)
{
    world_t world;
    world_open(&world, fake_sys_kill(whole));
    slc_keeper_config_t config = world_config(&world);
    world_keep(&world, &config);
    cr_assert(!world_settle(&world) && slc_keeper_status(world.keeper).sequence == 0);
    world_apply(&world, 200);
    cr_assert(world_snapshot_now(&world));
    slc_keeper_status_t status = slc_keeper_status(world.keeper);
    seen_t seen = judge_directory(world.directory);
    cr_assert(seen.snapshots == 1 && seen.newest == 200 && status.sequence == 200);
    cr_assert(status.written == 1 && status.failed == 0 && status.error[0] == '\0');
    cr_assert(status.bytes > SLC_SNAPSHOT_HEADER_BYTES && status.written_us >= START_US);
    cr_assert(status.journal_segments == seen.segments);
    cr_assert(status.journal_bytes == seen.segments * lab->config.segment_bytes);
    world_close(&world);
}

Test(keeper, nothing_is_written_twice_where_nothing_was_applied_since)
{
    world_t world;
    world_open(&world, fake_sys_kill(whole));
    slc_keeper_config_t config = world_config(&world);
    world_keep(&world, &config);
    cr_assert(!world_snapshot_now(&world), "there is nothing yet");
    world_apply(&world, 200);
    cr_assert(world_snapshot_now(&world) && !world_snapshot_now(&world));
    world_apply(&world, 1);
    cr_assert(world_snapshot_now(&world) && slc_keeper_status(world.keeper).sequence == 201);
    world_close(&world);
}

Test(keeper, one_is_due_after_the_interval_if_anything_was_applied)
{
    world_t world;
    world_open(&world, fake_sys_kill(whole));
    slc_keeper_config_t config = world_config(&world);
    config.interval_ns = 60 * SECOND_NS;
    world_keep(&world, &config);
    world_apply(&world, 100);
    fake_sys_pass_time(world.fake, 59 * SECOND_NS);
    cr_assert(!world_settle(&world));
    fake_sys_pass_time(world.fake, SECOND_NS);
    cr_assert(world_settle(&world) && slc_keeper_status(world.keeper).sequence == 100);
    fake_sys_pass_time(world.fake, 600 * SECOND_NS);
    cr_assert(!world_settle(&world), "nothing was applied");
    world_apply(&world, 1);
    cr_assert(world_settle(&world) && slc_keeper_status(world.keeper).sequence == 101);
    world_apply(&world, 1);
    fake_sys_pass_time(world.fake, 59 * SECOND_NS);
    cr_assert(!world_settle(&world), "the interval begins anew with each");
    world_close(&world);
}

Test(keeper, one_is_due_after_so_many_bytes_of_journal)
{
    world_t world;
    world_open(&world, fake_sys_kill(whole));
    slc_keeper_config_t config = world_config(&world);
    config.journal_bytes = 50 * BYTES_PER_EVENT;
    world_keep(&world, &config);
    world_apply(&world, 49);
    fake_sys_pass_time(world.fake, 3600 * SECOND_NS);
    cr_assert(!world_settle(&world));
    world_apply(&world, 1);
    cr_assert(world_settle(&world) && slc_keeper_status(world.keeper).sequence == 50);
    world_apply(&world, 49);
    cr_assert(!world_settle(&world));
    world_apply(&world, 1);
    cr_assert(world_settle(&world) && slc_keeper_status(world.keeper).sequence == 100);
    world_close(&world);
}

Test(keeper, one_that_is_under_way_is_not_asked_for_again)
{
    world_t world;
    world_open(&world, fake_sys_kill(whole));
    slc_keeper_config_t config = world_config(&world);
    config.interval_ns = SECOND_NS;
    world_keep(&world, &config);
    world_apply(&world, 100);
    fake_sys_pass_time(world.fake, 2 * SECOND_NS);
    cr_assert(!slc_keeper_turn(world.keeper) && slc_handover_wanted(&world.handover));
    fake_sys_pass_time(world.fake, 2 * SECOND_NS);
    cr_assert(!slc_keeper_turn(world.keeper));
    cr_assert(!slc_handover_wanted(&world.handover), "the cut is still to come");
    cr_assert(world_snapshot_now(&world));
    world_apply(&world, 1);
    fake_sys_pass_time(world.fake, 2 * SECOND_NS);
    cr_assert(world_settle(&world), "and behind it the next one is asked for");
    world_close(&world);
}

Test(keeper, one_is_due_from_what_the_start_found)
{
    world_t world;
    world_open(&world, fake_sys_kill(whole));
    world_apply(&world, 80);
    slc_keeper_config_t config = world_config(&world);
    config.sequence = 80;
    config.interval_ns = SECOND_NS;
    world_keep(&world, &config);
    fake_sys_pass_time(world.fake, 10 * SECOND_NS);
    cr_assert(!world_settle(&world) && slc_keeper_status(world.keeper).sequence == 80);
    world_apply(&world, 1);
    cr_assert(world_settle(&world) && slc_keeper_status(world.keeper).sequence == 81);
    world_close(&world);
}

Test(keeper, the_last_one_is_taken_where_there_is_enough_to_replay)
{
    world_t world;
    world_open(&world, fake_sys_kill(whole));
    slc_keeper_config_t config = world_config(&world);
    world_keep(&world, &config);
    world_apply(&world, 200);
    cr_assert(!slc_keeper_last(world.keeper, world.logic) &&
              slc_keeper_status(world.keeper).sequence == 0);
    world.journaled = UINT64_C(1) << 30;
    cr_assert(slc_keeper_last(world.keeper, world.logic) &&
              slc_keeper_status(world.keeper).sequence == 200);
    cr_assert(judge_directory(world.directory).newest == 200);
    world_close(&world);
}

Test(keeper, the_last_one_holds_any_number_of_drops)
{
    enum { DROPS = 9000 };
    world_t world;
    slc_error_t error;
    world_open(&world, fake_sys_kill(whole));
    slc_keeper_config_t config = world_config(&world);
    world_keep(&world, &config);
    for (uint64_t drop = 1; drop <= DROPS; drop++) {
        slc_answer_t answer;
        slc_event_t event = {.kind = SLC_EVENT_DROP_OPENED,
                             .sequence = drop,
                             .time_us = START_US,
                             .as.drop_opened = {.drop_id = drop, .stock = 1}};
        slc_logic_apply(world.logic, &event, &answer, NULL);
    }
    world.journaled = UINT64_C(1) << 30;
    cr_assert(slc_keeper_last(world.keeper, world.logic));
    slc_snapshot_info_t info;
    char name[SLC_SNAPSHOT_NAME_BYTES];
    slc_snapshot_name(DROPS, name);
    cr_assert(slc_snapshot_check(world.directory, name, DROPS, NULL, NULL, &info, &error) == SLC_OK, "%s",
              error.message);
    cr_assert(info.drops == DROPS && info.digest == slc_logic_digest(world.logic));
    world_close(&world);
}

Test(keeper, a_last_one_that_fails_is_told_and_nothing_is_let_go_for_it)
{
    world_t world;
    world_open(&world, fake_sys_kill(whole));
    slc_keeper_config_t config = world_config(&world);
    world_keep(&world, &config);
    world_apply(&world, 300);
    cr_assert(world_snapshot_now(&world));
    world_apply(&world, 1000);
    seen_t before = judge_directory(world.directory);
    world.journaled = UINT64_C(1) << 30;
    fake_sys_fail(world.fake, FAKE_RENAME, 1, ENOSPC, true);
    cr_assert(!slc_keeper_last(world.keeper, world.logic));
    fake_sys_heal(world.fake);
    slc_keeper_status_t status = slc_keeper_status(world.keeper);
    seen_t seen = judge_directory(world.directory);
    cr_assert(status.failed == 1 && status.sequence == 300 && status.error[0] != '\0');
    cr_assert(seen.newest == 300 && seen.segments == before.segments);
    world_close(&world);
}

Test(keeper, a_journal_without_end_stays_bounded_on_disk)
{
    world_t world;
    world_open(&world, fake_sys_kill(whole));
    slc_keeper_config_t config = world_config(&world);
    config.journal_bytes = 97 * BYTES_PER_EVENT;
    world_keep(&world, &config);
    for (int i = 0; i < 1000 && world.applied < lab->event_count; i++) {
        world_apply(&world, 60);
        (void)world_settle(&world);
        seen_t seen = judge_directory(world.directory);
        cr_assert(seen.snapshots <= 2 && slc_keeper_status(world.keeper).sequence == seen.newest);
        cr_assert(slc_keeper_status(world.keeper).journal_segments == seen.segments);
    }
    seen_t seen = judge_directory(world.directory);
    cr_assert(seen.snapshots == 2 && seen.reaches_back_to > lab->event_count / 2);
    world_close(&world);
}

/* ---- faults ---- */

Test(keeper, one_that_fails_is_shown_and_tried_again_when_it_is_due_but_not_at_once)
{
    world_t world;
    world_open(&world, fake_sys_kill(whole));
    slc_keeper_config_t config = world_config(&world);
    config.interval_ns = SECOND_NS / 1000;
    world_keep(&world, &config);
    world_apply(&world, 100);
    fake_sys_pass_time(world.fake, SECOND_NS / 100);
    fake_sys_fail(world.fake, FAKE_PWRITE, 1, ENOSPC, true);
    cr_assert(world_settle(&world));
    slc_keeper_status_t status = slc_keeper_status(world.keeper);
    cr_assert(status.failed == 1 && status.written == 0 && status.sequence == 0);
    cr_assert(strstr(status.error, "snapshot.tmp") != NULL, "%s", status.error);
    fake_sys_heal(world.fake);
    fake_sys_pass_time(world.fake, SECOND_NS / 2);
    cr_assert(!world_settle(&world), "a disk that is full now is full a moment later");
    fake_sys_pass_time(world.fake, SECOND_NS);
    cr_assert(world_settle(&world));
    status = slc_keeper_status(world.keeper);
    cr_assert(status.sequence == 100 && status.failed == 1 && status.error[0] == '\0');
    world_close(&world);
}

Test(keeper, with_an_archive_that_is_none_there_is_no_keeper)
{
    world_t world;
    slc_error_t error;
    world_open(&world, fake_sys_kill(whole));
    slc_keeper_config_t config = world_config(&world);
    (void)strcpy(config.retain.archive, "nowhere");
    cr_assert(slc_keeper_create(&config, &world.keeper, &error) == SLC_ERR_CONFIG);
    cr_assert(world.keeper == NULL && strstr(error.message, "nowhere") != NULL, "%s", error.message);
    world_close(&world);
}

Test(keeper, a_cut_that_there_is_no_memory_for_is_a_failure_like_another)
{
    world_t world;
    world_open(&world, fake_sys_kill(whole));
    slc_keeper_config_t config = world_config(&world);
    world_keep(&world, &config);
    world_apply(&world, 100);
    slc_handover_give(&world.handover, NULL);
    cr_assert(slc_keeper_turn(world.keeper));
    cr_assert(slc_keeper_status(world.keeper).failed == 1 &&
              strstr(slc_keeper_status(world.keeper).error, "memory") != NULL);
    cr_assert(world_snapshot_now(&world));
    world_close(&world);
}

Test(keeper, a_stop_leaves_the_one_under_way_and_nothing_of_it)
{
    world_t world;
    world_open(&world, fake_sys_kill(whole));
    slc_keeper_config_t config = world_config(&world);
    config.paced = true;
    world_keep(&world, &config);
    world_apply(&world, 100);
    slc_handover_stop(&world.handover);
    cr_assert(!world_snapshot_now(&world));
    size_t bytes = 0;
    cr_assert(judge_directory(world.directory).snapshots == 0);
    cr_assert(fake_sys_file(world.fake, LAB_DIR "/" SLC_SNAPSHOT_TEMPORARY_NAME, &bytes) == NULL);
    cr_assert(slc_keeper_status(world.keeper).failed == 0 && world.cut == NULL, "it came back");
    world_close(&world);
}

/* ---- its thread ---- */

static void *run_keeper(void *context)
{
    slc_keeper_run(((world_t *)context)->keeper);
    return NULL;
}

Test(keeper, its_thread_looks_by_itself_whether_one_is_due)
{
    world_t world;
    pthread_t thread;
    world_open(&world, fake_sys_kill(whole));
    slc_keeper_config_t config = world_config(&world);
    config.interval_ns = SECOND_NS / 500;
    world_keep(&world, &config);
    fake_sys_pass_time(world.fake, SECOND_NS);
    cr_assert(pthread_create(&thread, NULL, run_keeper, &world) == 0);
    world_apply(&world, 100); /* due from now on, or from a look a little later */
    while (slc_keeper_status(world.keeper).sequence != 100 || world.cut != NULL) {
        world_station_turn(&world);
        (void)sched_yield();
    }
    slc_handover_stop(&world.handover);
    cr_assert(pthread_join(thread, NULL) == 0);
    cr_assert(slc_keeper_status(world.keeper).written == 1, "nothing was applied since");
    world_close(&world);
}

Test(keeper, its_thread_writes_what_is_asked_for_and_leaves_when_told)
{
    world_t world;
    pthread_t thread;
    world_open(&world, fake_sys_kill(whole));
    slc_keeper_config_t config = world_config(&world);
    config.paced = true;
    world_keep(&world, &config);
    cr_assert(pthread_create(&thread, NULL, run_keeper, &world) == 0);
    for (int i = 1; i <= 3; i++) {
        world_apply(&world, 100);
        slc_handover_want(&world.handover);
        while (slc_keeper_status(world.keeper).sequence != world.applied || world.cut != NULL) {
            world_station_turn(&world);
            (void)sched_yield();
        }
    }
    slc_handover_stop(&world.handover);
    cr_assert(pthread_join(thread, NULL) == 0);
    cr_assert(slc_keeper_status(world.keeper).written == 3);
    cr_assert(judge_directory(world.directory).newest == 300);
    world_close(&world);
}
