/* What a snapshot says of itself under checksums that are right, and that none of it is believed unseen:
 * src/snapshot/read.c. */
#include "../../lib/fake_sys.h"
#include "../../lib/snapshot_script.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "snapshot/format.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEQUENCE 4711
#define NAME "snapshot-00000000000000004711.snap"
#define PATH "data/" NAME

static fake_sys_t *fake;
static slc_directory_t *directory;
static slc_error_t error;
static snapshot_script_t script = {.drops = 3, .records_per_drop = 17};
/* A good one of a single block, to be changed. */
static uint8_t *file;
static size_t bytes;

static void put_snapshot(const slc_directory_t *into, uint64_t sequence)
{
    slc_snapshot_source_t source = snapshot_script_source(&script, sequence);
    slc_snapshot_info_t info;
    cr_assert(slc_snapshot_write(into, &source, &info, &error) == SLC_OK, "%s", error.message);
}

static void setup(void)
{
    fake = fake_sys_create();
    cr_assert(slc_directory_open(fake_sys_table(fake), "data", &directory, &error) == SLC_OK);
    put_snapshot(directory, SEQUENCE);
    const uint8_t *live = fake_sys_file(fake, PATH, &bytes);
    file = malloc(bytes);
    memcpy(file, live, bytes);
}

static void teardown(void)
{
    free(file);
    slc_directory_close(directory);
    fake_sys_destroy(fake);
}

TestSuite(snapshot_read, .init = setup, .fini = teardown);

/* Reads up to what ends it. */
static slc_err_t read_of(uint64_t sequence, slc_error_t *ret_error)
{
    slc_snapshot_t *snapshot = NULL;
    slc_entry_t entry;
    slc_err_t code = slc_snapshot_open_file(directory, NAME, sequence, &snapshot, ret_error);
    while (code == SLC_OK) {
        code = slc_snapshot_next(snapshot, &entry, ret_error);
    }
    if (snapshot != NULL) {
        cr_assert(slc_snapshot_next(snapshot, &entry, NULL) == code, "what ended a reader is final");
    }
    slc_snapshot_close(snapshot);
    return code;
}

/* Checksums of block and header made right again; the chain in the header only where it was. */
static void seal(uint8_t *changed, bool chain_too)
{
    uint8_t *block = changed + SLC_SNAPSHOT_HEADER_BYTES;
    size_t block_bytes = bytes - SLC_SNAPSHOT_HEADER_BYTES;
    slc_store_u64(
        block + SLC_SNAPSHOT_BLOCK_AT_CHECKSUM,
        slc_hash(block + SLC_SNAPSHOT_CHECKED_OFFSET, block_bytes - SLC_SNAPSHOT_CHECKED_OFFSET));
    if (chain_too) {
        memcpy(changed + SLC_SNAPSHOT_AT_CHAIN, block + SLC_SNAPSHOT_BLOCK_AT_CHECKSUM, 8);
    }
    slc_store_u64(changed + 8, slc_hash(changed + SLC_SNAPSHOT_CHECKED_OFFSET,
                                        SLC_SNAPSHOT_HEADER_BYTES - SLC_SNAPSHOT_CHECKED_OFFSET));
}

typedef struct lie {
    size_t at;
    int64_t add;   /* to the byte there, and so to the number that it is the lowest of */
    size_t offset; /* that is named; SIZE_MAX: the file's end */
    const char *words;
} lie_t;

#define BLOCK SLC_SNAPSHOT_HEADER_BYTES

static void expect_found(const lie_t *lie, const uint8_t *changed)
{
    char place[64];
    (void)snprintf(place, sizeof place,
                   NAME ", offset %zu: ", lie->offset == SIZE_MAX ? bytes : lie->offset);
    fake_sys_put(fake, PATH, changed, bytes);
    cr_assert(read_of(SEQUENCE, &error) == SLC_ERR_DAMAGED, "byte %zu: %s", lie->at, lie->words);
    cr_assert(strstr(error.message, place) != NULL && strstr(error.message, lie->words) != NULL,
              "byte %zu: %s", lie->at, error.message);
    cr_assert(read_of(SEQUENCE, NULL) == SLC_ERR_DAMAGED,
              "whoever does not ask why gets the same answer");
}

Test(snapshot_read, each_field_that_is_wrong_under_right_checksums_is_damage_and_says_which)
{
    static const lie_t lies[] = {
        {SLC_SNAPSHOT_AT_VERSION, 1, 0, "format version not known"},
        {SLC_SNAPSHOT_AT_RULES, 1, 0, "rules that this program does not know"},
        {SLC_SNAPSHOT_AT_DIRECTORY, 1, 0, "another data directory"},
        {SLC_SNAPSHOT_AT_SEQUENCE, 1, 0, "the name of another"},
        {SLC_SNAPSHOT_AT_FILE_BYTES, 1, 0, "not as long as its header says"},
        {SLC_SNAPSHOT_AT_ZEROS, 1, 0, "the header are out of bounds"},
        {SLC_SNAPSHOT_HEADER_BYTES - 1, 1, 0, "the header are out of bounds"},
        {SLC_SNAPSHOT_AT_BLOCKS, -1, BLOCK, "something follows the last block"},
        {SLC_SNAPSHOT_AT_BLOCKS, 1, SIZE_MAX, "the file ends within this block"},
        {SLC_SNAPSHOT_AT_DROPS, 1, 0, "not what its header says"},
        {SLC_SNAPSHOT_AT_ORDERS, 1, 0, "not what its header says"},
        {SLC_SNAPSHOT_AT_CHAIN, 1, 0, "not what its header says"},
        {BLOCK, 1, BLOCK, "no block begins here"},
        {BLOCK + SLC_SNAPSHOT_BLOCK_AT_NUMBER, 1, BLOCK, "belongs elsewhere"},
        {BLOCK + SLC_SNAPSHOT_BLOCK_AT_CHAIN, 1, BLOCK, "belongs elsewhere"},
        {BLOCK + SLC_SNAPSHOT_BLOCK_AT_ZERO, 1, BLOCK, "this block are out of bounds"},
        {BLOCK + SLC_SNAPSHOT_BLOCK_AT_ENTRIES, 1, SIZE_MAX, "no entry in the block before"},
        {BLOCK + SLC_SNAPSHOT_BLOCK_AT_ENTRIES, -1, SIZE_MAX, "something follows the last entry"},
    };
    uint8_t *changed = malloc(bytes);
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        memcpy(changed, file, bytes);
        changed[lies[i].at] = (uint8_t)(changed[lies[i].at] + lies[i].add);
        seal(changed, lies[i].at != SLC_SNAPSHOT_AT_CHAIN);
        expect_found(&lies[i], changed);
    }
    free(changed);
}

Test(snapshot_read, a_block_of_no_entries_or_no_bytes_or_too_many_is_damage)
{
    static const struct {
        lie_t lie;
        uint32_t value;
    } cases[] = {
        {{BLOCK + SLC_SNAPSHOT_BLOCK_AT_ENTRIES, 0, BLOCK, "this block are out of bounds"}, 0},
        {{BLOCK + SLC_SNAPSHOT_BLOCK_AT_PAYLOAD, 0, BLOCK, "no block begins here"}, 0},
        {{BLOCK + SLC_SNAPSHOT_BLOCK_AT_PAYLOAD, 0, BLOCK, "no block begins here"},
         SLC_SNAPSHOT_PAYLOAD_BYTES_MAX + 1},
        {{BLOCK + SLC_SNAPSHOT_BLOCK_AT_PAYLOAD, 0, BLOCK + SLC_SNAPSHOT_BLOCK_HEADER_BYTES,
          "the file ends within this block"},
         SLC_SNAPSHOT_PAYLOAD_BYTES_MAX},
    };
    uint8_t *changed = malloc(bytes);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memcpy(changed, file, bytes);
        slc_store_u32(changed + cases[i].lie.at, cases[i].value);
        seal(changed, true);
        expect_found(&cases[i].lie, changed);
    }
    free(changed);
}

/* Sequence 0 is "no snapshot" wherever one is named. */
Test(snapshot_read, one_of_sequence_0_is_none_whatever_it_says)
{
    slc_store_u64(file + SLC_SNAPSHOT_AT_SEQUENCE, 0);
    seal(file, true);
    fake_sys_put(fake, PATH, file, bytes);
    cr_assert(read_of(0, &error) == SLC_ERR_DAMAGED);
    cr_assert(strstr(error.message, "the name of another") != NULL, "%s", error.message);
}

Test(snapshot_read, a_call_that_fails_is_told_as_such_and_not_as_damage)
{
    static const fake_call_t calls[] = {FAKE_OPEN, FAKE_SIZE, FAKE_PREAD};
    for (size_t call = 0; call < sizeof calls / sizeof calls[0]; call++) {
        uint64_t nth = 1;
        for (;; nth++) {
            fake_sys_fail(fake, calls[call], nth, EIO, false);
            slc_err_t code = read_of(SEQUENCE, &error);
            if (!fake_sys_faulted(fake)) {
                cr_assert(code == SLC_END);
                break;
            }
            cr_assert(code == SLC_ERR_IO && error.sys_errno == EIO, "%s", error.message);
            cr_assert(strstr(error.message, "data/" NAME) != NULL, "%s", error.message);
            fake_sys_fail(fake, calls[call], nth, EIO, false);
            cr_assert(read_of(SEQUENCE, NULL) == SLC_ERR_IO);
        }
        cr_assert(nth == (calls[call] == FAKE_PREAD ? 4 : 2), "header, and block in two");
        fake_sys_heal(fake);
    }
}

/* ---- by the path of the directory ---- */

static char path[] = "/tmp/slc-read-XXXXXX";

static void make_directory_with(uint64_t snapshots)
{
    slc_directory_t *made = NULL;
    cr_assert_not_null(mkdtemp(path));
    cr_assert(slc_directory_open(slc_sys_posix(), path, &made, &error) == SLC_OK, "%s", error.message);
    for (uint64_t sequence = snapshots; sequence > 0; sequence--) {
        put_snapshot(made, sequence * 100);
    }
    slc_directory_close(made);
}

static void remove_directory(void)
{
    char command[64];
    (void)snprintf(command, sizeof command, "rm -rf %s", path);
    cr_assert(system(command) == 0);
}

Test(snapshot_read, a_directory_lists_its_snapshots_and_says_how_many_there_are)
{
    uint64_t sequences[4] = {7, 7, 7, 7};
    size_t count = 0;
    make_directory_with(3);
    cr_assert(slc_snapshot_list(path, sequences, 4, &count, &error) == SLC_OK, "%s", error.message);
    cr_assert(count == 3 && sequences[0] == 100 && sequences[1] == 200 && sequences[2] == 300);
    sequences[1] = 7;
    cr_assert(slc_snapshot_list(path, sequences, 1, &count, &error) == SLC_OK);
    cr_assert(count == 3 && sequences[0] == 100 && sequences[1] == 7,
              "only as many as there is room for");
    remove_directory();
    cr_assert(slc_snapshot_list(path, sequences, 4, &count, &error) != SLC_OK);
    cr_assert(strstr(error.message, path) != NULL, "%s", error.message);
}

Test(snapshot_read, one_is_opened_by_directory_and_sequence)
{
    slc_snapshot_t *snapshot = NULL;
    slc_entry_t entry;
    uint64_t entries = 0;
    make_directory_with(1);
    cr_assert(slc_snapshot_open(path, 100, &snapshot, &error) == SLC_OK, "%s", error.message);
    cr_assert(slc_snapshot_info(snapshot).sequence == 100 && slc_snapshot_info(snapshot).drops == 3);
    slc_err_t code = SLC_OK;
    while ((code = slc_snapshot_next(snapshot, &entry, &error)) == SLC_OK) {
        slc_entry_t want;
        cr_assert(snapshot_script_entry(&script, entries++, &want));
        cr_assert(snapshot_entries_equal(&entry, &want));
    }
    cr_assert(code == SLC_END && entries > 50);
    slc_snapshot_close(snapshot);
    snapshot = NULL;
    cr_assert(slc_snapshot_open(path, 101, &snapshot, &error) == SLC_ERR_IO && error.sys_errno == ENOENT);
    cr_assert_null(snapshot);
    remove_directory();
    cr_assert(slc_snapshot_open(path, 100, &snapshot, &error) != SLC_OK);
    cr_assert(strstr(error.message, path) != NULL, "%s", error.message);
    cr_assert_null(snapshot);
}
