/* Names and headers of segments: what is one, what is none, and why. */
#include "../../lib/fake_sys.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "journal/segment.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENT_BYTES 16384u
#define SEGMENT_7 "data/segment-0000000007.journal"

static fake_sys_t *fake;
static slc_directory_t *directory;
static slc_error_t error;

static void setup(void)
{
    fake = fake_sys_create();
    cr_assert(slc_directory_open(fake_sys_table(fake), "data", &directory, &error) == SLC_OK);
}

static void teardown(void)
{
    slc_directory_close(directory);
    fake_sys_destroy(fake);
}

TestSuite(segment, .init = setup, .fini = teardown);

/* ---- names ---- */

Test(segment, list_holds_segments_by_rising_number_and_nothing_else)
{
    static const char *const none[] = {"segment-4294967296.journal",
                                       "segment-9999999999.journal",
                                       "segment-0000000000.journal",
                                       "segment-000000001.journal",
                                       "segment-00000000001.journal",
                                       "segment-00000000x1.journal",
                                       "segment-0000000001.journal.bak",
                                       "segment-0000000001",
                                       "torn-segment-0000000001-4096-0.bin",
                                       "Segment-0000000001.journal",
                                       "segment-",
                                       "prepare.tmp"};
    static const uint32_t wanted[] = {1, 7, 10, 4294967295u};
    char path[128];
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        (void)snprintf(path, sizeof path, "data/%s", none[i]);
        fake_sys_put(fake, path, "x", 1);
    }
    for (size_t i = 4; i-- > 0;) {
        (void)snprintf(path, sizeof path, "data/segment-%010u.journal", wanted[i]);
        fake_sys_put(fake, path, "x", 1);
    }
    uint32_t *numbers = NULL;
    size_t count = 0;
    cr_assert(slc_segment_list(directory, &numbers, &count, &error) == SLC_OK);
    cr_assert(count == 4 && memcmp(numbers, wanted, sizeof wanted) == 0);
    free(numbers);
}

#define MANY 1000u

/* Falling, then what is left: no order that a directory would have to keep. */
static int list_many(void *self, int dir, slc_sys_name_fn each, void *context)
{
    (void)self;
    (void)dir;
    int code = 0;
    for (uint32_t i = 0; code == 0 && i < MANY; i++) {
        char name[SLC_SEGMENT_NAME_BYTES];
        slc_segment_name(i % 2 == 0 ? MANY - i : i, name);
        code = each(context, name);
    }
    return code;
}

Test(segment, list_has_room_for_as_many_as_there_are)
{
    slc_sys_t many = *fake_sys_table(fake);
    slc_directory_t crowded = *directory;
    many.list = list_many;
    crowded.sys = &many;
    uint32_t *numbers = NULL;
    size_t count = 0;
    cr_assert(slc_segment_list(&crowded, &numbers, &count, &error) == SLC_OK && count == MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        cr_assert(numbers[i] == i + 1, "%u", i);
    }
    free(numbers);
}

Test(segment, list_that_cannot_be_read_is_an_error_and_no_empty_one)
{
    uint32_t *numbers = NULL;
    size_t count = 4711;
    fake_sys_fail(fake, FAKE_LIST, 1, EIO, false);
    cr_assert(slc_segment_list(directory, &numbers, &count, &error) == SLC_ERR_IO);
    cr_assert(error.sys_errno == EIO && numbers == NULL && count == 4711);
    cr_assert(strstr(error.message, "cannot list the data directory data") != NULL, "%s", error.message);
}

/* ---- headers ---- */

static void put_header(slc_segment_header_t header, size_t change_at, uint32_t change)
{
    static uint8_t file[SEGMENT_BYTES];
    memset(file, 0, sizeof file);
    memcpy(header.directory_id, directory->id, sizeof header.directory_id);
    slc_segment_encode(&header, file);
    if (change_at != 0) {
        slc_store_u32(file + change_at, change);
        slc_store_u64(file + SLC_CHECKSUM_OFFSET,
                      slc_hash(file + SLC_CHECKED_OFFSET, SLC_SEGMENT_HEADER_BYTES - SLC_CHECKED_OFFSET));
    }
    fake_sys_put(fake, SEGMENT_7, file, sizeof file);
}

static slc_segment_header_t good(void)
{
    return (slc_segment_header_t){.segment_bytes = SEGMENT_BYTES,
                                  .first_sequence = 100,
                                  .last_time_us = 5,
                                  .chain = 4711,
                                  .number = 7,
                                  .rules_version = SLC_FORMAT_RULES_VERSION};
}

static slc_err_t open_7(slc_segment_header_t *ret_header)
{
    const slc_sys_t *sys = fake_sys_table(fake);
    int fd = -1;
    slc_err_t code = slc_segment_open(directory, 7, O_RDONLY, &fd, ret_header, &error);
    if (code == SLC_OK) {
        cr_assert(sys->close(sys->self, fd) == 0);
    }
    return code;
}

Test(segment, header_comes_back_as_it_was_written)
{
    slc_segment_header_t header;
    put_header(good(), 0, 0);
    cr_assert(open_7(&header) == SLC_OK, "%s", error.message);
    cr_assert(header.segment_bytes == SEGMENT_BYTES && header.first_sequence == 100 &&
              header.last_time_us == 5 && header.chain == 4711 && header.number == 7);
}

static void expect_damaged(const char *why)
{
    slc_segment_header_t header;
    cr_assert(open_7(&header) == SLC_ERR_DAMAGED, "%s", why);
    cr_assert(strstr(error.message, "segment 7, offset ") != NULL, "%s", error.message);
    cr_assert(strstr(error.message, why) != NULL, "%s", error.message);
}

/* Each with a checksum that is right: a program wrote it, and not this one. */
Test(segment, header_with_fields_out_of_bounds_is_damaged)
{
    static const uint64_t sizes[] = {0, 4096, SEGMENT_BYTES + 512, SLC_SEGMENT_BYTES_LIMIT + 4096};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        slc_segment_header_t header = good();
        header.segment_bytes = sizes[i];
        put_header(header, 0, 0);
        expect_damaged("out of bounds");
    }
    slc_segment_header_t header = good();
    header.first_sequence = 0;
    put_header(header, 0, 0);
    expect_damaged("out of bounds");
    static const size_t zeros[] = {44, 80, 2048, 4092};
    for (size_t i = 0; i < sizeof zeros / sizeof zeros[0]; i++) {
        put_header(good(), zeros[i], 1u << 24);
        expect_damaged("out of bounds");
    }
}

Test(segment, header_of_another_version_directory_or_number_says_so)
{
    put_header(good(), 16, 2);
    expect_damaged("format version not known");
    put_header(good(), 20, 2);
    expect_damaged("rules that this program does not know");
    put_header(good(), 24, 2);
    expect_damaged("belongs to another data directory");
    put_header(good(), 40, 8);
    expect_damaged("has the name of another");
    put_header(good(), 48, 2 * SEGMENT_BYTES);
    expect_damaged("the file has 16384 bytes where its header says 32768");
    put_header(good(), 0, 0);
    fake_sys_poke(fake, SEGMENT_7, "?", 1, 60);
    expect_damaged("checksum of the segment's header");
    fake_sys_poke(fake, SEGMENT_7, "?", 1, 0);
    expect_damaged("no journal segment");
    fake_sys_cut_file(fake, SEGMENT_7, 4095);
    expect_damaged("cut off within its header");
}

Test(segment, that_the_disk_does_not_give_is_no_damage)
{
    static const fake_call_t calls[] = {FAKE_OPEN, FAKE_SIZE, FAKE_PREAD};
    slc_segment_header_t header;
    put_header(good(), 0, 0);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        fake_sys_fail(fake, calls[i], 1, EIO, false);
        cr_assert(open_7(&header) == SLC_ERR_IO && error.sys_errno == EIO, "%s",
                  fake_call_name(calls[i]));
        cr_assert(fake_sys_calls(fake, FAKE_CLOSE) == (calls[i] == FAKE_OPEN ? 0 : 1));
    }
}
