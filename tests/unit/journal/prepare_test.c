/* The next segment: what is said while it cannot be made, and what is left of it. */
#include "../../lib/fake_sys.h"
#include "../../lib/journal_lab.h"

#include "journal/format.h"
#include "journal/room.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#define SEGMENT_BYTES 32768u
#define PREPARED LAB_DIR "/" SLC_PREPARE_NAME

static fake_sys_t *fake;
static slc_sys_t table;
static slc_directory_t *directory;
static slc_writer_t *writer;
static slc_writer_config_t config;
static slc_error_t error;

static void setup(void)
{
    fake = fake_sys_create();
    table = *fake_sys_table(fake);
    config = (slc_writer_config_t){
        .segment_bytes = SEGMENT_BYTES, .block_bytes_max = 8192, .prepare_inside = true};
    cr_assert(slc_directory_open(&table, LAB_DIR, &directory, &error) == SLC_OK);
}

static void teardown(void)
{
    slc_writer_close(writer);
    slc_directory_close(directory);
    fake_sys_destroy(fake);
}

TestSuite(prepare, .init = setup, .fini = teardown);

static void open_writer(void)
{
    const slc_journal_end_t end = {0};
    cr_assert(slc_writer_open(directory, &config, &end, &writer, &error) == SLC_OK, "%s", error.message);
}

static bool is_there(const char *path)
{
    size_t bytes = 0;
    return fake_sys_file(fake, path, &bytes) != NULL;
}

/* ---- how much is free ---- */

static int free_errno;

static int64_t free_bytes_or_not(void *self, int dir)
{
    return free_errno == 0 ? fake_sys_table(fake)->free_bytes(self, dir) : -free_errno;
}

Test(prepare, a_segment_is_not_begun_where_nobody_can_tell_what_it_would_leave)
{
    const slc_journal_end_t end = {0};
    config.min_free_bytes = 4096;
    table.free_bytes = free_bytes_or_not;
    free_errno = EIO;
    cr_assert(slc_writer_open(directory, &config, &end, &writer, &error) == SLC_ERR_IO);
    cr_assert(error.sys_errno == EIO && strstr(error.message, "cannot make the next segment") != NULL,
              "%s", error.message);
    cr_assert(!is_there(PREPARED) && !is_there(LAB_DIR "/segment-0000000001.journal"));
    free_errno = 0;
    open_writer();
}

Test(prepare, a_server_that_cannot_tell_what_is_free_sells_nothing_until_it_can)
{
    slc_room_t room;
    char reason[SLC_ROOM_REASON_BYTES];
    config.min_free_bytes = 4096;
    table.free_bytes = free_bytes_or_not;
    open_writer();
    slc_room_init(&room, writer);
    cr_assert(slc_room_look(&room, 1, &error) == SLC_OK && !room.read_only);
    free_errno = EIO;
    cr_assert(slc_room_look(&room, 1 + SLC_ROOM_LOOK_US, &error) == SLC_OK && room.read_only);
    slc_room_reason(&room, reason);
    cr_assert(strstr(reason, "cannot tell the disk's free space: ") == reason, "%s", reason);
    free_errno = 0;
    cr_assert(slc_room_look(&room, 1 + 2 * SLC_ROOM_LOOK_US, &error) == SLC_OK && !room.read_only);
    slc_room_finish(&room);
}

/* ---- what the writer keeps for itself ---- */

Test(prepare, the_reserve_is_an_eighth_but_at_least_a_seal_and_at_most_2_mib)
{
    static const uint64_t sizes[][2] = {{20480, 4096},
                                        {65536, 8192},
                                        {UINT64_C(100) << 10, 12288},
                                        {UINT64_C(16) << 20, UINT64_C(2) << 20},
                                        {UINT64_C(20) << 20, UINT64_C(2) << 20}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        teardown();
        writer = NULL;
        setup();
        config.segment_bytes = sizes[i][0];
        open_writer();
        cr_assert(slc_writer_reserve_bytes(writer) == sizes[i][1], "%zu", i);
    }
}

Test(prepare, a_limit_beyond_the_largest_block_is_none)
{
    slc_text_t user = {"somebody", 8};
    uint32_t taken[3] = {0};
    static const uint64_t limits[] = {UINT64_MAX, 8192, 4096};
    open_writer();
    for (size_t i = 0; i < 3; i++) {
        slc_writer_begin(writer, 5);
        slc_writer_limit(writer, limits[i]);
        while (slc_writer_append_order(writer, 1, user, 1, taken[i] + 1)) {
            taken[i]++;
        }
        cr_assert(slc_writer_commit(writer, 0, 0, &error) == SLC_OK);
    }
    cr_assert(taken[0] == taken[1] && taken[2] > 0 && taken[2] < taken[1]);
    cr_assert(slc_writer_stats(writer).bytes == 8192 + 8192 + 4096);
}

/* ---- file systems without direct writes, by whatever name they refuse them ---- */

Test(prepare, any_refusal_of_direct_writes_gives_way_to_fdatasync)
{
    static const int refusals[] = {EINVAL, EOPNOTSUPP, ENOSYS};
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        teardown();
        writer = NULL;
        setup();
        fake_sys_fail(fake, FAKE_OPEN, 1, refusals[i], false);
        open_writer();
        cr_assert(strcmp(slc_writer_method(writer), "fdatasync") == 0);
        cr_assert(strstr(slc_writer_method_reason(writer), "refuses O_DIRECT") != NULL);
        cr_assert(!is_there(LAB_DIR "/" SLC_PROBE_NAME));
    }
}

/* ---- with its thread ---- */

static atomic_uint tries; /* of the thread to open the next segment's file */
static atomic_bool hold;  /* the thread waits at that call */
static atomic_int refusal;

static int open_or_not(void *self, int dir, const char *name, int flags, mode_t mode)
{
    if (strcmp(name, SLC_PREPARE_NAME) == 0 && atomic_load(&refusal) != 0) {
        atomic_fetch_add(&tries, 1);
        while (atomic_load(&hold)) {
            (void)sched_yield();
        }
        return -atomic_load(&refusal);
    }
    return fake_sys_table(fake)->open(self, dir, name, flags, mode);
}

/* A server with a segment, whose next one cannot be made. */
static void open_on_a_disk_that_refuses(int code)
{
    const slc_journal_end_t end = {.segment = 1, .offset = 4096};
    open_writer();
    slc_writer_close(writer);
    writer = NULL;
    table.open = open_or_not;
    atomic_store(&refusal, code);
    config.prepare_inside = false;
    cr_assert(slc_writer_open(directory, &config, &end, &writer, &error) == SLC_OK, "%s", error.message);
}

Test(prepare, the_reason_stays_told_while_the_next_try_is_under_way)
{
    open_on_a_disk_that_refuses(ENOSPC);
    while (slc_writer_next_segment(writer, NULL) == SLC_OK) {
        (void)sched_yield();
    }
    uint32_t before = atomic_load(&tries);
    atomic_store(&hold, true);
    while (atomic_load(&tries) == before) { /* a second later it tries again */
        (void)sched_yield();
    }
    slc_err_t during = slc_writer_next_segment(writer, &error);
    bool ready = slc_writer_next_is_ready(writer);
    atomic_store(&hold, false);
    cr_assert(during == SLC_ERR_IO && error.sys_errno == ENOSPC && !ready);
    cr_assert(slc_writer_wait_next(writer, NULL) == SLC_ERR_IO);
    atomic_store(&refusal, 0);
    cr_assert(slc_writer_wait_next(writer, &error) == SLC_OK, "%s", error.message);
    cr_assert(slc_writer_next_is_ready(writer) && slc_writer_next_segment(writer, &error) == SLC_OK);
}

Test(prepare, a_writer_closed_while_its_next_segment_fails_leaves_nothing_and_does_not_wait_for_it)
{
    open_on_a_disk_that_refuses(EIO);
    while (slc_writer_next_segment(writer, &error) == SLC_OK) {
        (void)sched_yield();
    }
    cr_assert(error.sys_errno == EIO && strstr(error.message, "check the disk") != NULL, "%s",
              error.message);
    slc_writer_close(writer);
    writer = NULL;
    cr_assert(!is_there(PREPARED));
}
