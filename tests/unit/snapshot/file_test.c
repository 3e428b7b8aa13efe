/* Writing a snapshot and reading it back: src/snapshot/write.c, read.c, entry.c, files.c. */
#include "../../lib/fake_sys.h"
#include "../../lib/snapshot_script.h"

#include "base/bytes.h"
#include "snapshot/format.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SEQUENCE 4711
#define NAME "snapshot-00000000000000004711.snap"
#define PATH "data/" NAME

static fake_sys_t *fake;
static slc_directory_t *directory;
static slc_error_t error;
static snapshot_script_t script;

static void open_in(fake_sys_t *other)
{
    fake = other;
    cr_assert(slc_directory_open(fake_sys_table(fake), "data", &directory, &error) == SLC_OK);
}

static void setup(void)
{
    open_in(fake_sys_create());
    script = (snapshot_script_t){.drops = 3, .records_per_drop = 17};
}

static void teardown(void)
{
    slc_directory_close(directory);
    fake_sys_destroy(fake);
}

TestSuite(snapshot_file, .init = setup, .fini = teardown);

static slc_err_t write_it(void)
{
    slc_snapshot_source_t source = snapshot_script_source(&script, SEQUENCE);
    slc_snapshot_info_t info;
    return slc_snapshot_write(directory, &source, &info, &error);
}

/* Every entry is that of the script, or the first thing that is not. */
static slc_err_t read_it(void)
{
    slc_snapshot_t *snapshot = NULL;
    slc_err_t code = slc_snapshot_open_file(directory, NAME, SEQUENCE, &snapshot, &error);
    for (uint64_t at = 0; code == SLC_OK; at++) {
        slc_entry_t got;
        slc_entry_t want;
        code = slc_snapshot_next(snapshot, &got, &error);
        bool more = snapshot_script_entry(&script, at, &want);
        cr_assert(code != SLC_OK || (more && snapshot_entries_equal(&got, &want)), "entry %lu",
                  (unsigned long)at);
        cr_assert(code != SLC_END || !more);
        slc_err_t again = code == SLC_OK ? SLC_OK : slc_snapshot_next(snapshot, &got, &error);
        cr_assert(again == code, "what ended a reader is final");
    }
    slc_snapshot_close(snapshot);
    return code;
}

static slc_err_t check_it(void)
{
    slc_snapshot_info_t info;
    return slc_snapshot_check(directory, NAME, SEQUENCE, NULL, NULL, &info, &error);
}

static bool exists(const char *path)
{
    size_t bytes;
    return fake_sys_file(fake, path, &bytes) != NULL;
}

Test(snapshot_file, what_was_written_comes_back_entry_for_entry)
{
    static const snapshot_script_t scripts[] = {{0},
                                                {.drops = 1},
                                                {.drops = 3, .records_per_drop = 17},
                                                {.drops = 40000},
                                                {.drops = 2, .records_per_drop = 60000}};
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        script = scripts[i];
        cr_assert(write_it() == SLC_OK, "%s", error.message);
        cr_assert(read_it() == SLC_END, "%s", error.message);
        cr_assert(!exists("data/" SLC_SNAPSHOT_TEMPORARY_NAME));
    }
}

Test(snapshot_file, it_says_of_itself_what_it_was_told)
{
    slc_snapshot_source_t source = snapshot_script_source(&script, SEQUENCE);
    slc_snapshot_info_t info;
    size_t bytes = 0;
    fake_sys_set_time(fake, 1234567);
    cr_assert(slc_snapshot_write(directory, &source, &info, &error) == SLC_OK);
    cr_assert(fake_sys_file(fake, PATH, &bytes) != NULL);
    cr_assert(info.sequence == SEQUENCE && info.digest == source.info.digest && info.drops == 3 &&
              info.time_us == source.info.time_us && info.orders == source.info.orders);
    cr_assert(info.bytes == bytes && info.written_us >= 1234567);
}

Test(snapshot_file, every_flipped_bit_and_every_truncation_is_damage_or_no_file)
{
    size_t bytes = 0;
    cr_assert(write_it() == SLC_OK);
    const uint8_t *live = fake_sys_file(fake, PATH, &bytes);
    uint8_t *good = malloc(bytes);
    memcpy(good, live, bytes);
    for (size_t bit = 0; bit < bytes * 8; bit++) {
        uint8_t byte = good[bit / 8] ^ (uint8_t)(1u << bit % 8);
        fake_sys_poke(fake, PATH, &byte, 1, bit / 8);
        cr_assert(check_it() == SLC_ERR_DAMAGED, "bit %zu", bit);
        cr_assert(strstr(error.message, NAME) != NULL && strstr(error.message, "offset") != NULL);
        fake_sys_poke(fake, PATH, &good[bit / 8], 1, bit / 8);
    }
    cr_assert(check_it() == SLC_OK);
    for (size_t cut = bytes; cut-- > 0;) {
        fake_sys_cut_file(fake, PATH, cut);
        cr_assert(check_it() == SLC_ERR_DAMAGED, "cut to %zu", cut);
    }
    free(good);
}

Test(snapshot_file, something_behind_the_end_is_damage)
{
    size_t bytes = 0;
    cr_assert(write_it() == SLC_OK);
    const uint8_t *live = fake_sys_file(fake, PATH, &bytes);
    uint8_t *longer = calloc(1, bytes + 1);
    memcpy(longer, live, bytes);
    fake_sys_put(fake, PATH, longer, bytes + 1);
    free(longer);
    cr_assert(check_it() == SLC_ERR_DAMAGED);
}

Test(snapshot_file, blocks_that_change_places_are_damage)
{
    size_t bytes = 0;
    script = (snapshot_script_t){.drops = 2, .records_per_drop = 30000};
    cr_assert(write_it() == SLC_OK);
    const uint8_t *live = fake_sys_file(fake, PATH, &bytes);
    uint8_t *mixed = malloc(bytes);
    memcpy(mixed, live, bytes);
    const uint8_t *first = live + SLC_SNAPSHOT_HEADER_BYTES;
    size_t first_bytes = SLC_SNAPSHOT_BLOCK_HEADER_BYTES + slc_load_u32(first + 20);
    const uint8_t *second = first + first_bytes;
    size_t second_bytes = SLC_SNAPSHOT_BLOCK_HEADER_BYTES + slc_load_u32(second + 20);
    memcpy(mixed + SLC_SNAPSHOT_HEADER_BYTES, second, second_bytes);
    memcpy(mixed + SLC_SNAPSHOT_HEADER_BYTES + second_bytes, first, first_bytes);
    fake_sys_put(fake, PATH, mixed, bytes);
    free(mixed);
    cr_assert(check_it() == SLC_ERR_DAMAGED);
}

Test(snapshot_file, one_of_another_directory_or_under_another_name_is_refused)
{
    cr_assert(write_it() == SLC_OK);
    fake_sys_move(fake, PATH, "data/snapshot-00000000000000004712.snap");
    slc_snapshot_info_t info;
    cr_assert(slc_snapshot_check(directory, "snapshot-00000000000000004712.snap", SEQUENCE + 1, NULL,
                                 NULL, &info, &error) == SLC_ERR_DAMAGED);
    cr_assert(strstr(error.message, "name of another") != NULL);
    fake_sys_move(fake, "data/snapshot-00000000000000004712.snap", PATH);
    slc_directory_close(directory);
    fake_sys_poke(fake, "data/lock", "sluice 0123456789", 17, 0);
    open_in(fake);
    cr_assert(check_it() == SLC_ERR_DAMAGED);
    cr_assert(strstr(error.message, "another data directory") != NULL);
}

Test(snapshot_file, names_are_told_from_others_and_listed_in_order)
{
    static const char *const others[] = {
        "snapshot-0000000000000000471.snap",  "snapshot-x0000000000000004711.snap",
        "snapshot-00000000000000000000.snap", "snapshot.tmp",
        "snapshot-99999999999999999999.snap", "snapshot-18446744073709551616.snap",
        "snapshot-00000000000000004711.sna"};
    uint64_t *found = NULL;
    size_t count = 0;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        cr_assert(slc_snapshot_sequence_of_name(others[i]) == 0, "%s", others[i]);
    }
    cr_assert(slc_snapshot_sequence_of_name("snapshot-18446744073709551615.snap") == UINT64_MAX);
    for (uint64_t sequence = 30; sequence > 0; sequence -= 10) {
        char name[SLC_SNAPSHOT_NAME_BYTES];
        char path[64] = "data/";
        slc_snapshot_name(sequence, name);
        cr_assert(slc_snapshot_sequence_of_name(name) == sequence);
        fake_sys_put(fake, strcat(path, name), "", 0);
    }
    cr_assert(slc_snapshot_find(directory, &found, &count, &error) == SLC_OK);
    cr_assert(count == 3 && found[0] == 10 && found[1] == 20 && found[2] == 30);
    free(found);
}

typedef struct stopping {
    snapshot_script_t script;
    unsigned rests;
    unsigned until; /* the rest that ends it */
} stopping_t;

static bool next_of_stopping(void *context, slc_entry_t *ret_entry)
{
    stopping_t *stopping = context;
    return snapshot_script_entry(&stopping->script, stopping->script.at++, ret_entry);
}

static bool rest_of_stopping(void *context, uint64_t worked_ns)
{
    (void)worked_ns;
    stopping_t *stopping = context;
    return ++stopping->rests < stopping->until;
}

/* At each of its rests, while it is written and while it is read back; behind the last it is there. */
Test(snapshot_file, one_that_is_stopped_leaves_nothing_behind)
{
    static const char *const words[] = {"while writing", "while checking"};
    unsigned stopped[2] = {0, 0};
    for (unsigned until = 1;; until++) {
        stopping_t stopping = {.script = {.drops = 1, .records_per_drop = 100000}, .until = until};
        slc_snapshot_source_t source = snapshot_script_source(&stopping.script, SEQUENCE);
        slc_snapshot_info_t info;
        source.next = next_of_stopping;
        source.rest = rest_of_stopping;
        source.context = &stopping;
        slc_err_t code = slc_snapshot_write(directory, &source, &info, &error);
        cr_assert(!exists("data/" SLC_SNAPSHOT_TEMPORARY_NAME));
        if (stopping.rests < until) {
            cr_assert(code == SLC_OK && exists(PATH));
            break;
        }
        cr_assert(code == SLC_ERR_CLOSED && stopping.rests == until && !exists(PATH));
        unsigned phase = strstr(error.message, words[0]) != NULL ? 0 : 1;
        cr_assert(strstr(error.message, words[phase]) != NULL, "rest %u: %s", until, error.message);
        cr_assert(phase == 1 || stopped[1] == 0, "it is read back when all of it is written");
        stopped[phase]++;
    }
    cr_assert(stopped[0] >= 3 && stopped[1] >= 4, "%u and %u", stopped[0], stopped[1]);
}

static bool no_entry(void *context, slc_entry_t *ret_entry)
{
    (void)context;
    (void)ret_entry;
    return false;
}

/* Every drop was purged, without an operator's key. */
Test(snapshot_file, a_state_that_holds_nothing_is_a_header_and_comes_back)
{
    slc_snapshot_source_t source = {.info = {.sequence = SEQUENCE, .time_us = 77}, .next = no_entry};
    slc_snapshot_info_t info;
    cr_assert(slc_snapshot_write(directory, &source, &info, &error) == SLC_OK, "%s", error.message);
    cr_assert(info.bytes == SLC_SNAPSHOT_HEADER_BYTES && info.time_us == 77);
    script = (snapshot_script_t){0};
    slc_snapshot_t *snapshot = NULL;
    slc_entry_t entry;
    cr_assert(slc_snapshot_open_file(directory, NAME, SEQUENCE, &snapshot, &error) == SLC_OK);
    cr_assert(slc_snapshot_next(snapshot, &entry, &error) == SLC_END);
    slc_snapshot_close(snapshot);
}

Test(snapshot_file, one_whose_source_holds_other_than_it_says_gets_no_name)
{
    for (int which = 0; which < 2; which++) {
        slc_snapshot_source_t source = snapshot_script_source(&script, SEQUENCE);
        slc_snapshot_info_t info;
        *(which == 0 ? &source.info.drops : &source.info.orders) += 1;
        cr_assert(slc_snapshot_write(directory, &source, &info, NULL) == SLC_ERR_DAMAGED);
        cr_assert(!exists(PATH) && !exists("data/" SLC_SNAPSHOT_TEMPORARY_NAME));
    }
}

Test(snapshot_file, a_leftover_that_cannot_be_removed_is_said_and_one_that_is_gone_is_fine)
{
    cr_assert(slc_snapshot_remove_leftover(directory, &error) == SLC_OK, "there is none");
    fake_sys_put(fake, "data/" SLC_SNAPSHOT_TEMPORARY_NAME, "x", 1);
    fake_sys_fail(fake, FAKE_UNLINK, 1, EROFS, false);
    cr_assert(slc_snapshot_remove_leftover(directory, &error) == SLC_ERR_IO && error.sys_errno == EROFS);
    cr_assert(strstr(error.message, "data/" SLC_SNAPSHOT_TEMPORARY_NAME) != NULL, "%s", error.message);
    fake_sys_heal(fake);
    cr_assert(slc_snapshot_remove_leftover(directory, &error) == SLC_OK);
    cr_assert(!exists("data/" SLC_SNAPSHOT_TEMPORARY_NAME));
}

Test(snapshot_file, every_call_that_fails_leaves_the_one_before_and_no_half_one)
{
    static const int errors[] = {EIO, ENOSPC, EDQUOT};
    static const fake_call_t calls[] = {FAKE_OPEN,  FAKE_PWRITE, FAKE_FSYNC,  FAKE_FDATASYNC, FAKE_FORGET,
                                        FAKE_PREAD, FAKE_SIZE,   FAKE_RENAME, FAKE_CLOSE};
    unsigned failures = 0;
    /* Over 4 MiB, so that it is synced on the way, too. */
    script = (snapshot_script_t){.drops = 1, .records_per_drop = 120000};
    for (size_t call = 0; call < sizeof calls / sizeof calls[0]; call++) {
        for (uint64_t nth = 1; nth <= 20; nth++) {
            int reason = errors[nth % 3];
            fake_sys_fail(fake, calls[call], nth, reason, false);
            slc_err_t code = write_it();
            bool faulted = fake_sys_faulted(fake);
            fake_sys_heal(fake);
            if (!faulted) {
                cr_assert(code == SLC_OK && nth > 1, "%s is never called", fake_call_name(calls[call]));
                break;
            }
            /* Closing what was only read from may fail unheard. */
            cr_assert(code == SLC_ERR_IO || (calls[call] == FAKE_CLOSE && code == SLC_OK), "%s %lu",
                      fake_call_name(calls[call]), (unsigned long)nth);
            cr_assert(!exists("data/" SLC_SNAPSHOT_TEMPORARY_NAME));
            cr_assert(code == SLC_OK || !exists(PATH) || read_it() == SLC_END);
            failures += code == SLC_ERR_IO ? 1 : 0;
            if (exists(PATH)) {
                fake_sys_remove(fake, PATH);
            }
        }
        if (exists(PATH)) {
            fake_sys_remove(fake, PATH);
        }
    }
    cr_assert(failures > 15);
}

typedef struct crashes {
    unsigned tried;
    bool named; /* the call has answered OK */
} crashes_t;

/* What a power cut now leaves: under its name a good file or none. */
static void judge(void *context, fake_sys_t *running, uint64_t change)
{
    static const fake_keep_t keeps[] = {FAKE_KEEP_DURABLE, FAKE_KEEP_ALL, FAKE_KEEP_SOME,
                                        FAKE_KEEP_GARBAGE};
    crashes_t *crashes = context;
    slc_directory_t *running_directory = directory;
    for (unsigned i = 0; i < 16; i++) {
        fake_sys_t *left = fake_sys_crash(running, keeps[i % 4], change * 16 + i);
        open_in(left);
        cr_assert(!exists(PATH) || read_it() == SLC_END, "change %lu: %s", (unsigned long)change,
                  error.message);
        cr_assert(!crashes->named || exists(PATH));
        cr_assert(slc_snapshot_remove_leftover(directory, &error) == SLC_OK);
        slc_directory_close(directory);
        fake_sys_destroy(left);
        crashes->tried++;
    }
    fake = running;
    directory = running_directory;
}

Test(snapshot_file, a_power_cut_at_any_moment_leaves_a_whole_one_or_none)
{
    crashes_t crashes = {0};
    fake_sys_watch(fake, judge, &crashes);
    cr_assert(write_it() == SLC_OK);
    fake_sys_watch(fake, NULL, NULL);
    crashes.named = true;
    judge(&crashes, fake, 1000);
    cr_assert(crashes.tried > 80);
}
