/* The mirror shows what was true behind one event, at any moment, and gets over whatever becomes of its
 * file. Seeds: SLC_SEED. */
#include "mirror_world.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(mirror, .init = world_setup, .fini = world_teardown, .timeout = 100);

static uint64_t seed(void)
{
    const char *text = getenv("SLC_SEED");
    return text == NULL ? 7000 : strtoull(text, NULL, 0);
}

/* Random events, turns and restarts; whatever the file shows meanwhile is looked at now and then. */
static void live(uint64_t with_seed, uint32_t buffer_rows, bool restarts)
{
    world_begin(with_seed, 4);
    world_shell("rm -f %s*", world.path);
    world_open_mirror(buffer_rows);
    stream_t dice = {.random = with_seed};
    for (int i = 0; i < 400; i++) {
        world_apply(stream_below(&dice, 40));
        for (uint64_t turns = stream_below(&dice, 6); turns > 0; turns--) {
            (void)slc_mirror_turn(world.mirror);
            if (stream_below(&dice, 3) > 0) {
                world_station_turn();
            }
            world.now_ns += stream_below(&dice, 2) * SECOND_NS;
        }
        if (stream_below(&dice, 20) == 0) {
            world_expect_true();
        }
        if (restarts && stream_below(&dice, 20) == 0) {
            world_drop_mirror();
            world_open_mirror(buffer_rows);
        }
    }
    cr_assert(world_settle(20000), "it comes to an end");
    world_expect_true();
    cr_assert_eq(slc_mirror_status(world.mirror).failures, 0);
    cr_assert_eq(slc_mirror_status(world.mirror).rebuilds, 0);
    for (int i = 0; i < 50; i++) {
        (void)slc_mirror_turn(world.mirror); /* rows of purged drops go */
    }
    cr_assert_str_eq(world_ask("SELECT (SELECT count(*) FROM order_rows) - (SELECT count(*) FROM orders)"
                               " + (SELECT count(*) FROM removed)"),
                     "0");
}

Test(mirror, shows_the_state_behind_one_event_at_any_moment)
{
    for (uint64_t i = 0; i < 3; i++) {
        live(seed() + i, 1000, false);
    }
}

Test(mirror, shows_it_while_it_takes_many_cuts_and_drops_are_purged_meanwhile)
{
    for (uint64_t i = 0; i < 3; i++) {
        live(seed() + 100 + i, 1 + (uint32_t)i * 6, false);
    }
}

Test(mirror, neither_skips_nor_repeats_whenever_it_is_killed)
{
    for (uint64_t i = 0; i < 3; i++) {
        live(seed() + 200 + i, 5, true);
    }
}

Test(mirror, says_how_far_it_is_behind)
{
    cr_assert_eq(slc_mirror_status(NULL).state, SLC_MIRROR_OFF);
    world_open_mirror(0);
    world_apply(500);
    world.now_ns += 10 * SECOND_NS;
    slc_mirror_status_t status = slc_mirror_status(world.mirror);
    cr_assert(status.lag_events == 500 && status.lag_us == 10000000 &&
              status.state == SLC_MIRROR_CATCHING);
    cr_assert(world_settle(30));
    status = slc_mirror_status(world.mirror);
    cr_assert(status.lag_events == 0 && status.lag_us == 0 && status.sequence == 500 &&
              status.state == SLC_MIRROR_CURRENT);
    cr_assert_eq(status.rows_written,
                 (uint64_t)strtoull(world_ask("SELECT (SELECT count(*) FROM order_rows)"
                                              " + (SELECT count(*) FROM cancellation_rows)"),
                                    NULL, 10));
    uint64_t cuts = world.cuts;
    for (int i = 0; i < 100; i++) {
        (void)slc_mirror_turn(world.mirror);
        world_station_turn();
        world.now_ns += SECOND_NS;
    }
    cr_assert_eq(world.cuts, cuts, "where nothing happens it asks for nothing");
    world_apply(1);
    cr_assert_leq(slc_mirror_status(world.mirror).lag_us, 1000000, "an hour of quiet is no lag");
}

Test(mirror, writes_the_last_state_at_a_stop)
{
    world_open_mirror(0);
    world_apply(700);
    cr_assert(slc_mirror_last(world.mirror, world.logic));
    cr_assert_eq(world_covered(), 700);
    world_expect_true();
}

/* ---- what becomes of the file ---- */

/* Covers some events, so that there is something to lose. */
static void have_one(void)
{
    world_open_mirror(50);
    world_apply(600);
    cr_assert(world_settle(200));
}

static void expect_rebuilt(void)
{
    world_apply(10);
    cr_assert(world_settle(500), "%s", slc_mirror_status(world.mirror).error);
    world_expect_true();
    cr_assert_eq(slc_mirror_status(world.mirror).rebuilds, 1);
}

Test(mirror, rebuilds_a_file_that_was_deleted)
{
    have_one();
    world_shell("rm %s*", world.path);
    expect_rebuilt();
    cr_assert_eq(slc_mirror_status(world.mirror).failures, 0);
}

/* The clock tells: the mirror reads it before it looks at the file. */
Test(mirror, fetches_a_cut_that_waits_before_it_looks_at_the_file)
{
    world.past_a_cut = 0;
    have_one();
    cr_assert_gt(world.cuts, 1);
    cr_assert_eq(world.past_a_cut, 0, "nobody else gets a cut meanwhile");
}

Test(mirror, goes_on_where_the_log_beside_the_file_was_deleted)
{
    have_one();
    world_shell("rm %s-wal", world.path);
    world_apply(10);
    cr_assert(world_settle(500));
    world_expect_true();
}

Test(mirror, rebuilds_a_file_that_somebody_overwrites_while_it_is_open)
{
    have_one();
    world_drop_mirror();
    world_open_mirror(50); /* from here on the log beside it is empty */
    (void)slc_mirror_turn(world.mirror);
    world_shell("dd if=/dev/urandom of=%s bs=4096 seek=3 count=20 conv=notrunc status=none", world.path);
    expect_rebuilt();
    world_shell("test ! -e %s.aside", world.path);
}

Test(mirror, sets_aside_what_it_finds_damaged_at_the_start)
{
    have_one();
    world_drop_mirror();
    world_shell("dd if=/dev/urandom of=%s bs=4096 count=20 conv=notrunc status=none", world.path);
    world_open_mirror(50);
    expect_rebuilt();
    world_shell("test -e %s.aside", world.path);
}

Test(mirror, rebuilds_a_file_that_is_ahead_of_the_journal)
{
    have_one();
    world_go_back(300);
    world_open_mirror(50);
    expect_rebuilt();
}

Test(mirror, rebuilds_a_file_that_covers_the_same_event_of_another_history)
{
    have_one();
    world_begin(99, 3);
    world_apply(600);
    world_open_mirror(50);
    expect_rebuilt();
}

Test(mirror, sets_aside_the_report_of_another_data_directory)
{
    have_one();
    world_drop_mirror();
    world_shell("sqlite3 %s \"UPDATE source SET data_directory = 'ffeeddccbbaa99887766554433221100'\"",
                world.path);
    world_open_mirror(50);
    expect_rebuilt();
    world_shell("sqlite3 -readonly %s.aside 'SELECT * FROM covered' | grep -q '1|600|'", world.path);
}

Test(mirror, leaves_the_file_of_another_program_alone_and_says_so)
{
    world_shell("sqlite3 %s 'CREATE TABLE mine (a)'", world.path);
    world_open_mirror(50);
    world_apply(10);
    cr_assert_not(world_settle(20));
    slc_mirror_status_t status = slc_mirror_status(world.mirror);
    cr_assert_eq(status.state, SLC_MIRROR_FAILED);
    cr_assert_not_null(strstr(status.error, "another program"));
    cr_assert_str_eq(world_ask("SELECT group_concat(name) FROM sqlite_schema"), "mine");
    world_shell("rm %s", world.path);
    cr_assert(world_settle(50));
}

Test(mirror, gives_the_cut_back_and_waits_while_the_file_is_locked)
{
    sqlite3 *other = NULL;
    have_one();
    cr_assert_eq(sqlite3_open(world.path, &other), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    world_apply(100);
    for (int i = 0; i < 6; i++) {
        (void)slc_mirror_turn(world.mirror);
        world_station_turn();
        world.now_ns += SECOND_NS;
    }
    slc_mirror_status_t status = slc_mirror_status(world.mirror);
    cr_assert_eq(status.state, SLC_MIRROR_FAILED);
    cr_assert_not_null(strstr(status.error, "locked"));
    cr_assert_null(world.cut, "snapshots and purges do not wait for it");
    cr_assert_eq(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(other);
    cr_assert(world_settle(50));
    world_expect_true();
    cr_assert_eq(slc_mirror_status(world.mirror).rebuilds, 0);
}

Test(mirror, waits_while_there_is_no_room_and_goes_on_then)
{
    struct rlimit limit;
    struct rlimit tight;
    have_one();
    cr_assert_neq(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    tight = (struct rlimit){.rlim_cur = 4096, .rlim_max = limit.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &tight), 0);
    world_apply(2000);
    cr_assert_not(world_settle(10));
    slc_mirror_status_t status = slc_mirror_status(world.mirror);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_assert_eq(status.state, SLC_MIRROR_FAILED);
    cr_assert_gt(status.failures, 0);
    cr_assert_eq(status.sequence, 600);
    cr_assert(world_settle(500), "%s", slc_mirror_status(world.mirror).error);
    world_expect_true();
}

Test(mirror, says_what_is_wrong_with_a_path_and_goes_on_when_it_is_right)
{
    world_shell("mkdir %s", world.path);
    world_open_mirror(50);
    world_apply(10);
    cr_assert_not(world_settle(5));
    cr_assert_not_null(strstr(slc_mirror_status(world.mirror).error, "no regular file"));
    world_shell("rmdir %s", world.path);
    cr_assert(world_settle(50));
    world_expect_true();
}
