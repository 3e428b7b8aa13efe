/* The scan over a disk that fails, over segments that another program wrote, and beside a server that is
 * always quicker: it says which of the three it was, and never takes one for another. */
#include "../../lib/fake_sys.h"
#include "../../lib/journal_lab.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "journal/scan.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS 24u
#define SEGMENT_BYTES 32768u

static lab_t *lab;
static fake_sys_t *fake; /* the whole script */
static slc_directory_t *directory;
static slc_scan_t *scan;
static slc_error_t error;

static void setup(void)
{
    lab_outcome_t outcome;
    lab = lab_create(BLOCKS, SEGMENT_BYTES);
    fake = fake_sys_create();
    lab_run(lab, fake_sys_table(fake), LAB_DIR, SIZE_MAX, true, &outcome);
    cr_assert(outcome.code == SLC_OK);
}

static void close_scan(void)
{
    slc_scan_close(scan);
    slc_directory_close(directory);
    scan = NULL;
    directory = NULL;
}

static void teardown(void)
{
    close_scan();
    fake_sys_destroy(fake);
    lab_destroy(lab);
}

TestSuite(scan_faults, .init = setup, .fini = teardown);

static void open_scan(void)
{
    close_scan();
    cr_assert(slc_directory_open_readonly(fake_sys_table(fake), LAB_DIR, &directory, &error) == SLC_OK);
    cr_assert(slc_scan_open(directory, NULL, NULL, &scan, &error) == SLC_OK);
}

static const char *segment_name(uint32_t number)
{
    static char path[64];
    (void)snprintf(path, sizeof path, "%s/segment-%010u.journal", LAB_DIR, number);
    return path;
}

/* To the end, or to what stops it; *ret_last: the last event. */
static slc_err_t read_on(uint64_t *ret_last)
{
    slc_scanned_t block;
    slc_err_t code;
    while ((code = slc_scan_next(scan, &block, &error)) == SLC_OK) {
        cr_assert(*ret_last == 0 || block.header.first_sequence == *ret_last + 1);
        *ret_last = block.header.first_sequence + block.header.events - 1;
    }
    return code;
}

/* ---- a disk that fails ---- */

static void expect_io_or(slc_err_t whole, uint64_t after)
{
    bool faulted = true;
    unsigned failed = 0;
    for (uint64_t nth = 1; faulted; nth++) {
        uint64_t last = 0;
        open_scan();
        slc_scan_behind(scan, after);
        fake_sys_fail(fake, FAKE_ANY, nth, EIO, false);
        slc_err_t code = read_on(&last);
        faulted = fake_sys_faulted(fake);
        fake_sys_heal(fake);
        if (code == SLC_ERR_IO) {
            slc_scanned_t block;
            cr_assert(error.sys_errno == EIO && slc_scan_end(scan) == NULL);
            /* What failed once does not go on. */
            cr_assert(slc_scan_next(scan, &block, NULL) == SLC_ERR_IO);
            cr_assert(slc_scan_seek(scan, 1, &error) == SLC_ERR_IO && error.sys_errno == EIO);
            failed++;
        } else {
            cr_assert(code == whole, "call %" PRIu64 ": %d %s", nth, (int)code, error.message);
            cr_assert(code != SLC_END || last == lab->event_count);
        }
    }
    cr_assert(failed > 10, "%u", failed);
}

Test(scan_faults, a_disk_that_fails_makes_no_end_and_no_damage)
{
    expect_io_or(SLC_END, 0);
    expect_io_or(SLC_END, lab->event_count / 2);
}

Test(scan_faults, a_disk_that_fails_while_damage_is_looked_at_is_named_for_itself)
{
    fake_sys_poke(fake, segment_name(2), "?", 1, 4096 + 60);
    expect_io_or(SLC_ERR_DAMAGED, 0);
}

Test(scan_faults, a_segment_that_becomes_shorter_under_the_scan_is_damaged)
{
    bool faulted = true;
    unsigned shorter = 0;
    for (uint64_t nth = 1; faulted; nth++) {
        uint64_t last = 0;
        open_scan();
        fake_sys_shorten(fake, FAKE_PREAD, nth, 0);
        slc_err_t code = read_on(&last);
        faulted = fake_sys_faulted(fake);
        /* The header of the first segment is looked at twice, for a server may be removing it. */
        bool whole = code == SLC_END && last == lab->event_count && (nth == 1 || !faulted);
        bool cut = code == SLC_ERR_DAMAGED && faulted &&
                   (strstr(error.message, "cut off within its header") != NULL ||
                    strstr(error.message, "became shorter while it was read") != NULL);
        cr_assert(whole || cut, "%" PRIu64 ": %d %s", nth, (int)code, error.message);
        shorter += cut && strstr(error.message, "became shorter") != NULL;
    }
    cr_assert(shorter > 3);
}

/* ---- seeking ---- */

Test(scan_faults, a_seek_that_fails_leaves_the_reader_where_it_was)
{
    bool faulted = true;
    unsigned failed = 0;
    for (uint64_t nth = 1; faulted; nth++) {
        slc_scanned_t block;
        open_scan();
        cr_assert(slc_scan_next(scan, &block, &error) == SLC_OK && block.header.first_sequence == 1);
        uint64_t last = block.header.events;
        fake_sys_fail(fake, FAKE_ANY, nth, EIO, false);
        slc_err_t code = slc_scan_seek(scan, lab->event_count / 2, nth % 2 == 0 ? &error : NULL);
        uint64_t opened = fake_sys_calls(fake, FAKE_OPEN);
        faulted = fake_sys_faulted(fake);
        bool open_failed = code == SLC_ERR_IO && opened > fake_sys_calls(fake, FAKE_SIZE);
        if (code == SLC_ERR_IO) {
            /* Each that was opened on the way is closed again. */
            cr_assert(fake_sys_calls(fake, FAKE_CLOSE) == opened - open_failed);
            failed++;
            fake_sys_heal(fake);
            cr_assert(read_on(&last) == SLC_END && last == lab->event_count, "%s", error.message);
        }
        cr_assert(code == SLC_ERR_IO || code == SLC_OK);
        fake_sys_heal(fake);
    }
    cr_assert(failed > 4, "%u", failed);
}

Test(scan_faults, a_seek_where_there_is_no_segment_finds_the_end)
{
    uint64_t last = 0;
    slc_directory_t *made = NULL;
    fake_sys_destroy(fake);
    fake = fake_sys_create();
    cr_assert(slc_directory_open(fake_sys_table(fake), LAB_DIR, &made, &error) == SLC_OK);
    slc_directory_close(made);
    open_scan();
    cr_assert(slc_scan_seek(scan, 5, &error) == SLC_OK, "%s", error.message);
    cr_assert(read_on(&last) == SLC_END && last == 0);
    cr_assert(slc_scan_end(scan)->rule == NULL);
}

/* ---- a server that is always quicker ---- */

Test(scan_faults, segments_that_are_gone_whenever_they_are_opened_end_the_search)
{
    uint64_t last = 0;
    open_scan();
    fake_sys_fail(fake, FAKE_OPEN, 1, ENOENT, true);
    cr_assert(read_on(&last) == SLC_ERR_IO && error.sys_errno == ENOENT, "%s", error.message);
    cr_assert(fake_sys_calls(fake, FAKE_OPEN) == 8);
    /* This is no verdict about the journal: a seek begins again. */
    fake_sys_heal(fake);
    cr_assert(slc_scan_seek(scan, 0, &error) == SLC_OK, "%s", error.message);
    cr_assert(read_on(&last) == SLC_END && last == lab->event_count);
    fake_sys_fail(fake, FAKE_OPEN, 1, ENOENT, true);
    cr_assert(slc_scan_seek(scan, 0, &error) == SLC_ERR_IO && error.sys_errno == ENOENT);
    cr_assert(fake_sys_calls(fake, FAKE_OPEN) == 8);
    fake_sys_heal(fake);
    open_scan();
    slc_scan_behind(scan, lab->event_count / 2);
    fake_sys_fail(fake, FAKE_OPEN, 1, ENOENT, true);
    last = 0;
    cr_assert(read_on(&last) == SLC_ERR_IO && error.sys_errno == ENOENT, "%s", error.message);
    fake_sys_heal(fake);
    /* The one that would come next, listed and gone each time. */
    open_scan();
    fake_sys_fail(fake, FAKE_OPEN, 2, ENOENT, true);
    last = 0;
    cr_assert(read_on(&last) == SLC_ERR_IO && error.sys_errno == ENOENT, "%s", error.message);
    cr_assert(last > 0 && last < lab->event_count && slc_scan_end(scan) == NULL);
    fake_sys_heal(fake);
}

Test(scan_faults, a_directory_without_an_identity_yet_has_no_journal)
{
    uint64_t last = 0;
    open_scan();
    memset(directory->id, 0, sizeof directory->id);
    cr_assert(read_on(&last) == SLC_END && last == 0 && slc_scan_end(scan)->rule == NULL);
}

/* ---- segments of another program: their checksums are right ---- */

static void change_header(uint32_t number, size_t at, uint64_t value)
{
    uint8_t header[SLC_SEGMENT_HEADER_BYTES];
    size_t bytes = 0;
    memcpy(header, fake_sys_file(fake, segment_name(number), &bytes), sizeof header);
    slc_store_u64(header + at, value);
    slc_store_u64(header + SLC_CHECKSUM_OFFSET,
                  slc_hash(header + SLC_CHECKED_OFFSET, sizeof header - SLC_CHECKED_OFFSET));
    fake_sys_poke(fake, segment_name(number), header, sizeof header, 0);
}

static void expect_damaged(const char *first, const char *second)
{
    uint64_t last = 0;
    open_scan();
    cr_assert(read_on(&last) == SLC_ERR_DAMAGED);
    cr_assert(strstr(error.message, first) != NULL, "%s", error.message);
    cr_assert(strstr(error.message, second) != NULL, "%s", error.message);
}

Test(scan_faults, a_next_segment_with_another_chain_sequence_or_time_does_not_continue)
{
    static const size_t fields[] = {56, 64, 72};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        size_t bytes = 0;
        uint64_t was = slc_load_u64(fake_sys_file(fake, segment_name(2), &bytes) + fields[i]);
        change_header(2, fields[i], was + 1);
        expect_damaged("segment 1, offset ", "does not continue where this one ends");
        change_header(2, fields[i], was);
        uint64_t last = 0;
        open_scan();
        cr_assert(read_on(&last) == SLC_END && last == lab->event_count, "%s", error.message);
    }
}

Test(scan_faults, a_first_segment_that_knows_of_one_before_it_is_damaged)
{
    change_header(1, 72, 4711);
    expect_damaged("segment 1, offset 0: ", "there was one before it");
    change_header(1, 72, 0);
    change_header(1, 64, 4711);
    expect_damaged("segment 1, offset 0: ", "there was one before it");
    change_header(1, 64, 0);
    change_header(1, 56, 2);
    expect_damaged("segment 1, offset 0: ", "no longer reaches back to event 1");
}

/* ---- blocks made by hand ---- */

#define BIG_BYTES ((uint64_t)5 << 20)

static uint64_t directory_word;
static uint64_t header_chain;

/* A journal of one segment without blocks, and with room for `bytes`. */
static void begin_segment(uint32_t number, uint64_t bytes, uint64_t first, uint64_t chain,
                          uint64_t time_us)
{
    slc_directory_t *made = NULL;
    uint8_t *file = calloc(1, bytes);
    cr_assert(file != NULL);
    if (number == 1) {
        fake_sys_destroy(fake);
        fake = fake_sys_create();
    }
    cr_assert(slc_directory_open(fake_sys_table(fake), LAB_DIR, &made, &error) == SLC_OK);
    slc_segment_header_t header = {.segment_bytes = bytes,
                                   .first_sequence = first,
                                   .last_time_us = time_us,
                                   .chain = chain,
                                   .number = number,
                                   .rules_version = SLC_FORMAT_RULES_VERSION};
    memcpy(header.directory_id, made->id, sizeof header.directory_id);
    directory_word = slc_load_u64(made->id);
    slc_segment_encode(&header, file);
    header_chain = header.checksum;
    fake_sys_put(fake, segment_name(number), file, bytes);
    slc_directory_close(made);
    free(file);
}

static uint64_t put_block(uint64_t segment_bytes, uint64_t offset, slc_block_header_t header,
                          uint32_t payload_bytes)
{
    static uint8_t block[65536];
    const slc_block_place_t place = {
        .directory = directory_word, .offset = offset, .segment_bytes = segment_bytes, .segment = 1};
    header.payload_bytes = payload_bytes;
    header.events = 1;
    header.time_us = 10;
    memset(block + SLC_BLOCK_HEADER_BYTES, 0x11, payload_bytes);
    slc_block_finish(block, &place, &header);
    fake_sys_poke(fake, segment_name(1), block, header.total_bytes, offset);
    return header.checksum;
}

/* A window of 4 MiB begins at the first page behind the header, so this block reaches into the next. */
Test(scan_faults, a_block_far_behind_a_hole_and_across_two_windows_is_seen_whole)
{
    const uint64_t offset = (uint64_t)4 << 20;
    uint64_t last = 0;
    begin_segment(1, BIG_BYTES, 1, 0, 0);
    (void)put_block(BIG_BYTES, offset, (slc_block_header_t){.first_sequence = 9, .durable_sequence = 4},
                    6000);
    expect_damaged("segment 1, offset 4096: an acknowledged block is broken or missing",
                   "seen at offset 4194304");
    /* Issued before anything was acknowledged, it is cut with what is missing before it. */
    (void)put_block(BIG_BYTES, offset, (slc_block_header_t){.first_sequence = 9, .durable_sequence = 0},
                    6000);
    open_scan();
    cr_assert(read_on(&last) == SLC_END && last == 0, "%s", error.message);
    const slc_scan_end_t *end = slc_scan_end(scan);
    cr_assert(end->rule->verdict == SLC_VERDICT_TORN && end->end.offset == 4096);
    cr_assert(end->bytes_end == offset + 8192, "%" PRIu64, end->bytes_end);
}

Test(scan_faults, of_several_later_blocks_the_first_that_vouches_is_named)
{
    static const uint64_t durable[] = {0, 0, 3, 0, 4, 0};
    begin_segment(1, 65536, 1, 0, 0);
    for (size_t i = 0; i < sizeof durable / sizeof durable[0]; i++) {
        (void)put_block(65536, 8192 + i * 4096,
                        (slc_block_header_t){.first_sequence = 9 + i, .durable_sequence = durable[i]},
                        60);
    }
    expect_damaged("segment 1, offset 4096: ", "seen at offset 16384");
}

/* This engine keeps the last page for the seal of the roll; another may not have. */
Test(scan_faults, a_segment_full_to_its_last_byte_is_followed_by_the_next_and_owes_no_seal)
{
    uint64_t last = 0;
    begin_segment(1, 8192, 1, 0, 0);
    uint64_t chain =
        put_block(8192, 4096, (slc_block_header_t){.first_sequence = 1, .chain = header_chain}, 60);
    begin_segment(2, 8192, 2, chain, 10);
    open_scan();
    cr_assert(read_on(&last) == SLC_END && last == 1, "%s", error.message);
    const slc_scan_end_t *end = slc_scan_end(scan);
    cr_assert(end->end.segment == 2 && end->end.offset == 4096 && end->unrolled_segment == 0);
}
