#include "attempts/attempts.h"
#include "attempts/format.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[64];
static slc_directory_t *directory;
static slc_error_t error;

static void before(void)
{
    strcpy(path, "/tmp/sluice-attempts-XXXXXX");
    cr_assert(mkdtemp(path) != NULL);
    cr_assert(slc_directory_open(slc_sys_posix(), path, &directory, &error) == SLC_OK, "%s",
              error.message);
}

static void after(void)
{
    char command[96];
    slc_directory_close(directory);
    (void)snprintf(command, sizeof command, "rm -r %s", path);
    cr_assert(system(command) == 0);
}

TestSuite(attempts, .init = before, .fini = after);

static slc_attempt_t attempt_of(uint64_t number)
{
    slc_attempt_t attempt = {
        .time_us = 1000 + number,
        .sequence = number,
        .drop_id = 7,
        .order_key = ~number,
        .remaining = 0,
        .quantity = 2,
        .status = SLC_STATUS_SOLD_OUT,
    };
    attempt.user_bytes =
        (uint8_t)snprintf(attempt.user, sizeof attempt.user, "u%lu", (unsigned long)number);
    return attempt;
}

typedef struct seen {
    uint64_t count;
    uint64_t last;
    bool in_order;
    bool whole;
    uint64_t stop_at; /* 0: never */
} seen_t;

static void see(seen_t *seen, const slc_attempt_t *attempt)
{
    slc_attempt_t wanted = attempt_of(attempt->sequence);
    seen->in_order &= attempt->sequence > seen->last;
    seen->whole &= attempt->order_key == wanted.order_key && attempt->status == wanted.status &&
                   attempt->quantity == wanted.quantity && attempt->time_us == wanted.time_us &&
                   attempt->drop_id == wanted.drop_id && attempt->user_bytes == wanted.user_bytes &&
                   memcmp(attempt->user, wanted.user, wanted.user_bytes) == 0;
    seen->last = attempt->sequence;
    seen->count++;
}

static slc_attempts_told_t told;

static seen_t read_back(uint64_t stop_at, uint64_t *ret_missing)
{
    seen_t seen = {.in_order = true, .whole = true, .stop_at = stop_at};
    slc_attempts_reader_t *reader = NULL;
    slc_attempt_t attempt;
    slc_err_t err = slc_attempts_reader_begin(directory, &reader, &error);
    cr_assert(err == SLC_OK, "%s", error.message);
    while (err == SLC_OK && (stop_at == 0 || seen.count < stop_at)) {
        err = slc_attempts_reader_next(reader, &attempt, &error);
        if (err == SLC_OK) {
            see(&seen, &attempt);
        }
    }
    cr_assert(err == SLC_OK || err == SLC_END, "%s", error.message);
    told = slc_attempts_told(reader);
    cr_assert(told.entries == seen.count);
    *ret_missing = told.missing;
    slc_attempts_reader_close(reader);
    return seen;
}

/* Notes [from, to) and closes; answers how many were missing. */
static uint64_t note_run(uint64_t from, uint64_t to, uint64_t file_bytes_max, bool give_time)
{
    slc_attempts_t *attempts = NULL;
    cr_assert(slc_attempts_open(directory, file_bytes_max, &attempts, &error) == SLC_OK, "%s",
              error.message);
    for (uint64_t i = from; i < to; i++) {
        slc_attempt_t attempt = attempt_of(i);
        slc_attempts_note(attempts, &attempt);
        if (give_time && i % 1000 == 0) {
            (void)usleep(50000);
        }
    }
    (void)usleep(50000); /* what is left out in the end is counted before close all the same */
    uint64_t missing = slc_attempts_missing(attempts);
    slc_attempts_close(attempts);
    return missing;
}

Test(attempts, what_is_noted_is_read_back_whole_and_in_order)
{
    uint64_t missing;
    cr_assert(note_run(1, 3001, 1u << 20, true) == 0);
    seen_t seen = read_back(0, &missing);
    cr_assert(seen.count == 3000 && seen.in_order && seen.whole && missing == 0);
    cr_assert(told.files == 1 && !told.older_removed && !told.cut_short);
}

Test(attempts, an_empty_log_is_no_file_and_no_error)
{
    uint64_t missing;
    cr_assert(note_run(1, 1, 1u << 20, false) == 0);
    seen_t seen = read_back(0, &missing);
    cr_assert(seen.count == 0 && missing == 0 && told.files == 0 && !told.cut_short);
}

Test(attempts, a_reader_may_stop)
{
    uint64_t missing;
    (void)note_run(1, 100, 1u << 20, false);
    seen_t seen = read_back(10, &missing);
    cr_assert(seen.count == 10);
}

Test(attempts, a_storm_loses_entries_counts_every_one_of_them_and_never_waits)
{
    uint64_t missing;
    enum { STORM = 1000000 };
    (void)note_run(1, STORM + 1, 64u << 20, false);
    seen_t seen = read_back(0, &missing);
    cr_assert(seen.in_order && seen.whole);
    cr_assert(seen.count < STORM, "a storm of this size does not fit");
    cr_assert(seen.count + missing == STORM, "%lu kept, %lu missing", (unsigned long)seen.count,
              (unsigned long)missing);
}

Test(attempts, two_files_are_kept_and_each_is_bounded)
{
    uint64_t missing;
    enum { BOUND = 64u << 10 };
    (void)note_run(1, 10001, BOUND, true);
    uint32_t lowest;
    uint32_t highest;
    cr_assert(slc_attempts_numbers(directory, &lowest, &highest, &error) == SLC_OK);
    cr_assert(highest > 2 && highest - lowest == 1);
    for (uint32_t number = lowest; number <= highest; number++) {
        char name[128];
        struct stat status;
        (void)snprintf(name, sizeof name, "%s/attempts-%010u.log", path, number);
        cr_assert(stat(name, &status) == 0 && status.st_size <= BOUND + 64 * 1024);
    }
    seen_t seen = read_back(0, &missing);
    cr_assert(seen.last == 10000 && seen.in_order && seen.whole);
    cr_assert(told.files == 2 && told.older_removed, "the first files are gone, and it says so");
}

Test(attempts, a_second_run_goes_on_behind_the_first)
{
    uint64_t missing;
    (void)note_run(1, 101, 1u << 20, false);
    (void)note_run(101, 201, 1u << 20, false);
    seen_t seen = read_back(0, &missing);
    cr_assert(seen.count == 200 && seen.in_order && seen.last == 200);
}

Test(attempts, a_torn_end_or_a_flipped_bit_ends_the_reading_of_its_file_and_invents_nothing)
{
    uint64_t missing;
    char name[128];
    struct stat status;
    uint64_t cut_short = 0;
    (void)note_run(1, 2001, 1u << 20, true);
    (void)snprintf(name, sizeof name, "%s/attempts-0000000001.log", path);
    cr_assert(stat(name, &status) == 0);
    for (off_t bytes = status.st_size - 1; bytes > 0; bytes -= 997) {
        cr_assert(truncate(name, bytes) == 0);
        seen_t seen = read_back(0, &missing);
        cr_assert(seen.count < 2000 && seen.in_order && seen.whole && seen.last == seen.count);
        cut_short += told.cut_short;
    }
    cr_assert(cut_short > 0, "an end that is no end is told of");
}

Test(attempts, a_log_of_another_directory_is_not_read)
{
    uint64_t missing;
    (void)note_run(1, 101, 1u << 20, false);
    directory->id[0] ^= 1;
    seen_t seen = read_back(0, &missing);
    cr_assert(seen.count == 0);
}

Test(attempts, an_entry_with_everything_at_its_limit_fits_and_comes_back)
{
    slc_attempt_t attempt;
    slc_attempt_t back;
    uint8_t bytes[SLC_ATTEMPT_BYTES_MAX];
    memset(&attempt, 0xff, sizeof attempt);
    attempt.quantity = (uint32_t)SLC_QUANTITY_MAX;
    attempt.status = SLC_STATUS_READ_ONLY;
    attempt.user_bytes = SLC_USER_BYTES_MAX;
    memset(attempt.user, 'x', sizeof attempt.user);
    size_t count = slc_attempt_encode(&attempt, bytes);
    cr_assert(count <= sizeof bytes);
    cr_assert(slc_attempt_decode(bytes, count, &back) == count);
    cr_assert(back.order_key == UINT64_MAX && back.remaining == UINT64_MAX && back.user_bytes == 64);
    for (size_t cut = 0; cut < count; cut++) {
        cr_assert(slc_attempt_decode(bytes, cut, &back) == 0);
    }
}

Test(attempts, what_others_may_read_is_what_was_noted)
{
    slc_attempts_reader_t *reader = NULL;
    slc_attempt_t attempt;
    (void)note_run(1, 101, 1u << 20, false);
    cr_assert(slc_attempts_reader_open(path, &reader, &error) == SLC_OK, "%s", error.message);
    for (uint64_t i = 1; i <= 100; i++) {
        cr_assert(slc_attempts_reader_next(reader, &attempt, &error) == SLC_OK && attempt.sequence == i);
    }
    cr_assert(slc_attempts_reader_next(reader, &attempt, &error) == SLC_END);
    slc_attempts_reader_close(reader);
    cr_assert(slc_attempts_reader_open("/nowhere/at/all", &reader, &error) != SLC_OK);
    slc_attempts_reader_close(NULL);
}

Test(attempts, a_server_that_goes_on_does_not_move_the_end_of_what_is_read)
{
    slc_attempts_reader_t *reader = NULL;
    slc_attempt_t attempt;
    uint64_t count = 0;
    (void)note_run(1, 101, 64u << 10, false);
    cr_assert(slc_attempts_reader_begin(directory, &reader, &error) == SLC_OK);
    (void)note_run(101, 10001, 64u << 10, true); /* removes the file that is being read */
    while (slc_attempts_reader_next(reader, &attempt, &error) == SLC_OK) {
        count++;
    }
    cr_assert(count == 100, "%lu", (unsigned long)count);
    slc_attempts_reader_close(reader);
}
