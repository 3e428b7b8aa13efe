#include "../../lib/fake_sys.h"
#include "../../lib/journal_lab.h"

#include "journal/format.h"
#include "journal/segment.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static fake_sys_t *fake;
static slc_directory_t *directory;
static slc_writer_t *writer;
static slc_error_t error;
static slc_journal_end_t end;
static slc_writer_config_t config;

static void setup(void)
{
    fake = fake_sys_create();
    config =
        (slc_writer_config_t){.segment_bytes = 32768, .block_bytes_max = 8192, .prepare_inside = true};
    cr_assert(slc_directory_open(fake_sys_table(fake), LAB_DIR, &directory, &error) == SLC_OK);
}

static void teardown(void)
{
    slc_writer_close(writer);
    slc_directory_close(directory);
    fake_sys_destroy(fake);
}

TestSuite(writer, .init = setup, .fini = teardown);

static void open_writer(void)
{
    cr_assert(slc_writer_open(directory, &config, &end, &writer, &error) == SLC_OK, "%s", error.message);
}

static slc_err_t commit_orders(uint32_t count)
{
    slc_text_t user = {"somebody", 8};
    slc_writer_begin(writer, 1700000000000000);
    for (uint32_t i = 0; i < count; i++) {
        cr_assert(slc_writer_append_order(writer, 1, user, 1, i));
    }
    return slc_writer_commit(writer, 0, 0, &error);
}

Test(writer, takes_numbers_one_by_one_and_counts)
{
    open_writer();
    cr_assert(slc_writer_sequence(writer) == 0 && slc_writer_pending(writer) == 0);
    cr_assert(commit_orders(3) == SLC_OK && slc_writer_sequence(writer) == 3);
    cr_assert(commit_orders(1) == SLC_OK && slc_writer_sequence(writer) == 4);
    slc_writer_stats_t stats = slc_writer_stats(writer);
    cr_assert(stats.blocks == 2 && stats.bytes == 8192 && stats.rolls == 0);
}

Test(writer, commits_an_empty_batch_by_doing_nothing)
{
    open_writer();
    uint64_t before = fake_sys_calls(fake, FAKE_PWRITE);
    slc_writer_begin(writer, 1);
    cr_assert(slc_writer_commit(writer, 0, 0, &error) == SLC_OK);
    cr_assert(fake_sys_calls(fake, FAKE_PWRITE) == before);
}

/* The hot path: one call a block, and the device has it when it returns. */
Test(writer, makes_a_block_durable_with_one_call)
{
    open_writer();
    uint64_t before = fake_sys_calls(fake, FAKE_ANY);
    cr_assert(commit_orders(50) == SLC_OK);
    cr_assert(fake_sys_calls(fake, FAKE_ANY) == before + 1);
    cr_assert(strcmp(slc_writer_method(writer), "direct") == 0);
    cr_assert(slc_writer_method_reason(writer)[0] == '\0');
}

Test(writer, falls_back_to_fdatasync_and_says_why)
{
    fake_sys_refuse_direct(fake);
    open_writer();
    uint64_t before = fake_sys_calls(fake, FAKE_FDATASYNC);
    cr_assert(commit_orders(1) == SLC_OK && fake_sys_calls(fake, FAKE_FDATASYNC) == before + 1);
    cr_assert(strcmp(slc_writer_method(writer), "fdatasync") == 0);
    cr_assert(strstr(slc_writer_method_reason(writer), "O_DIRECT") != NULL);
}

Test(writer, refuses_to_open_where_nothing_but_direct_may_be_taken_and_is_refused)
{
    fake_sys_refuse_direct(fake);
    config.only_direct = true;
    cr_assert(slc_writer_open(directory, &config, &end, &writer, &error) == SLC_ERR_CONFIG);
    cr_assert(strstr(error.message, "refuses O_DIRECT") != NULL, "%s", error.message);
}

Test(writer, takes_fdatasync_where_direct_is_turned_off)
{
    config.no_direct = true;
    open_writer();
    cr_assert(strcmp(slc_writer_method(writer), "fdatasync") == 0);
    cr_assert(strstr(slc_writer_method_reason(writer), "turned off") != NULL);
}

Test(writer, with_durability_os_syncs_no_block)
{
    config.durability = SLC_DURABILITY_OS;
    open_writer();
    uint64_t before = fake_sys_calls(fake, FAKE_ANY);
    cr_assert(commit_orders(1) == SLC_OK && fake_sys_calls(fake, FAKE_ANY) == before + 1);
    cr_assert(strcmp(slc_writer_method(writer), "page-cache") == 0);
    cr_assert(slc_writer_method_reason(writer)[0] != '\0');
}

Test(writer, a_disk_that_takes_nothing_is_no_method)
{
    fake_sys_fail(fake, FAKE_PWRITE, 1, EIO, true);
    cr_assert(slc_writer_open(directory, &config, &end, &writer, &error) == SLC_ERR_IO);
    cr_assert(error.sys_errno == EIO && strstr(error.message, "trial write") != NULL, "%s",
              error.message);
}

Test(writer, says_where_a_block_is_full_and_goes_on_in_the_next)
{
    slc_text_t user = {"somebody", 8};
    uint32_t count = 0;
    open_writer();
    slc_writer_begin(writer, 5);
    while (slc_writer_append_order(writer, 1, user, 1, count + 1)) {
        count++;
    }
    cr_assert(count > 150 && slc_writer_pending(writer) == count);
    cr_assert(slc_writer_commit(writer, 0, 0, &error) == SLC_OK && slc_writer_sequence(writer) == count);
    cr_assert(slc_writer_stats(writer).bytes == 8192);
    cr_assert(commit_orders(1) == SLC_OK);
}

Test(writer, rolls_when_a_segment_is_full_and_keeps_room_for_the_seal)
{
    open_writer();
    uint64_t room = slc_writer_room_bytes(writer);
    cr_assert(room == 32768 - 4096 - 4096);
    for (unsigned i = 0; i < 6; i++) {
        cr_assert(commit_orders(1) == SLC_OK);
    }
    cr_assert(slc_writer_stats(writer).rolls == 0 && slc_writer_room_bytes(writer) == 0);
    cr_assert(commit_orders(1) == SLC_OK && slc_writer_stats(writer).rolls == 1);
    size_t bytes = 0;
    const uint8_t *old = fake_sys_file(fake, LAB_DIR "/segment-0000000001.journal", &bytes);
    cr_assert(bytes == 32768 && old[28672 + 18] == (SLC_BLOCK_SEAL | SLC_BLOCK_ROLLED));
    cr_assert(fake_sys_file(fake, LAB_DIR "/segment-0000000002.journal", &bytes) != NULL);
}

Test(writer, seals_once)
{
    open_writer();
    cr_assert(commit_orders(1) == SLC_OK);
    cr_assert(slc_writer_seal(writer, 1, 4711, &error) == SLC_OK);
    uint64_t blocks = slc_writer_stats(writer).blocks;
    cr_assert(slc_writer_seal(writer, 1, 4711, &error) == SLC_OK);
    cr_assert(slc_writer_stats(writer).blocks == blocks);
    cr_assert(commit_orders(1) == SLC_OK && slc_writer_seal(writer, 1, 4711, &error) == SLC_OK);
    cr_assert(slc_writer_stats(writer).blocks == blocks + 2);
}

Test(writer, that_failed_once_does_nothing_any_more)
{
    open_writer();
    cr_assert(commit_orders(2) == SLC_OK);
    fake_sys_fail(fake, FAKE_PWRITE, 1, EIO, false);
    cr_assert(commit_orders(1) == SLC_ERR_IO && error.sys_errno == EIO);
    cr_assert(strstr(error.message, "start again") != NULL, "%s", error.message);
    uint64_t before = fake_sys_calls(fake, FAKE_ANY);
    slc_error_t again = {0};
    cr_assert(slc_writer_pending(writer) == 0);
    slc_writer_begin(writer, 1700000000000000);
    cr_assert(slc_writer_commit(writer, 0, 0, &again) == SLC_ERR_IO);
    cr_assert(strcmp(again.message, error.message) == 0);
    cr_assert(slc_writer_seal(writer, 0, 0, &again) == SLC_ERR_IO);
    cr_assert(slc_writer_sequence(writer) == 2 && fake_sys_calls(fake, FAKE_ANY) == before);
}

Test(writer, without_room_for_a_new_segment_stops_and_says_so)
{
    open_writer();
    fake_sys_limit_bytes(fake, 40000);
    slc_err_t code = SLC_OK;
    for (unsigned i = 0; i < 8 && code == SLC_OK; i++) {
        code = commit_orders(1);
    }
    cr_assert(code == SLC_ERR_IO && error.sys_errno == ENOSPC);
    cr_assert(strstr(error.message, "make room") != NULL, "%s", error.message);
    size_t bytes = 0;
    cr_assert(fake_sys_file(fake, LAB_DIR "/" SLC_PREPARE_NAME, &bytes) == NULL);
}

Test(writer, refuses_sizes_that_cannot_be)
{
    static const struct {
        uint64_t segment;
        uint32_t block;
    } sizes[] = {{32768, 4096},       {32768, 8193}, {32768, 16384},
                 {32769, 8192},       {16384, 8192}, {UINT64_C(1) << 41, 8192},
                 {64 << 20, 8 << 20}, {0, 8192}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        config.segment_bytes = sizes[i].segment;
        config.block_bytes_max = sizes[i].block;
        cr_assert(slc_writer_open(directory, &config, &end, &writer, &error) == SLC_ERR_CONFIG, "%zu", i);
    }
}

Test(writer, opens_on_a_full_disk_for_what_the_segment_still_takes)
{
    open_writer();
    cr_assert(commit_orders(1) == SLC_OK);
    slc_writer_close(writer);
    writer = NULL;
    fake_sys_limit_bytes(fake, 1);
    end = (slc_journal_end_t){.sequence = 1, .time_us = 1700000000000000, .segment = 1, .offset = 8192};
    open_writer();
    cr_assert(strstr(slc_writer_method_reason(writer), "full") != NULL);
    cr_assert(commit_orders(1) == SLC_OK && slc_writer_sequence(writer) == 2);
}

/* ---- with the preparing thread ---- */

Test(writer, with_its_thread_has_the_next_segment_ready)
{
    config.prepare_inside = false;
    open_writer();
    for (unsigned i = 0; i < 100; i++) {
        cr_assert(commit_orders(3) == SLC_OK, "%s", error.message);
    }
    cr_assert(slc_writer_sequence(writer) == 300 && slc_writer_stats(writer).rolls == 100 / 6);
    cr_assert(slc_writer_next_segment(writer, &error) == SLC_OK);
    slc_writer_close(writer);
    writer = NULL;
    size_t bytes = 0;
    cr_assert(fake_sys_file(fake, LAB_DIR "/" SLC_PREPARE_NAME, &bytes) == NULL);
}

Test(writer, tells_while_there_is_room_left_that_the_next_segment_cannot_be_made)
{
    config.prepare_inside = false;
    fake_sys_limit_bytes(fake, 40000);
    open_writer();
    slc_err_t code = SLC_OK;
    while (code == SLC_OK) {
        code = slc_writer_next_segment(writer, &error);
    }
    cr_assert(code == SLC_ERR_IO && error.sys_errno == ENOSPC);
    cr_assert(slc_writer_room_bytes(writer) > 0 && commit_orders(1) == SLC_OK);
    /* Room again: the next roll finds a segment, without a restart. */
    fake_sys_limit_bytes(fake, 0);
    for (unsigned i = 0; i < 8; i++) {
        cr_assert(commit_orders(1) == SLC_OK, "%s", error.message);
    }
    cr_assert(slc_writer_stats(writer).rolls == 1);
}

Test(writer, without_room_stops_at_the_roll_also_with_its_thread)
{
    config.prepare_inside = false;
    fake_sys_limit_bytes(fake, 40000);
    open_writer();
    slc_err_t code = SLC_OK;
    for (unsigned i = 0; i < 8 && code == SLC_OK; i++) {
        code = commit_orders(1);
    }
    cr_assert(code == SLC_ERR_IO && error.sys_errno == ENOSPC && slc_writer_sequence(writer) == 6);
}
