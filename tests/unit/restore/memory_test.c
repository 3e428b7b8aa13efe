/* Every allocation on the way from a directory to a server that writes is refused in its turn: the answer
 * is NO_MEMORY with a sentence, nothing stays open, and the next try finds all that was there. On real
 * files, so that no allocation is a test's own. The state itself is not among them: a logic without
 * memory stops the process, and so it is tried on journals without events. */
#include "../../lib/journal_lab.h"

#include "allocations.h"

#include "journal/found.h"
#include "journal/scan.h"
#include "journal/station.h"
#include "restore/newest.h"
#include "restore/replay.h"
#include "snapshot/write.h"

#include <sluice/journal.h>

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEGMENT_BYTES 32768u

static char base[] = "/tmp/slc-memory-XXXXXX";
static char path[64];
static slc_error_t error;
static slc_directory_t *directory; /* of a journal without events, locked */
static slc_journal_end_t end;

/* ---- how the allocator is made to refuse ---- */

static uint64_t refuse_at; /* 0: nothing is refused */
static uint64_t asked;

static bool is_refused(void)
{
    return refuse_at != 0 && ++asked == refuse_at;
}

void *__wrap_malloc(size_t bytes)
{
    return is_refused() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return is_refused() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *at, size_t bytes)
{
    return is_refused() ? NULL : __real_realloc(at, bytes);
}

void *__wrap_aligned_alloc(size_t alignment, size_t bytes)
{
    return is_refused() ? NULL : __real_aligned_alloc(alignment, bytes);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *context)
{
    return is_refused() ? EAGAIN : __real_pthread_create(thread, attributes, run, context);
}

/* ---- the directory ---- */

static const slc_writer_config_t config = {
    .segment_bytes = SEGMENT_BYTES, .block_bytes_max = 8192, .prepare_inside = true};

static void open_directory(void)
{
    cr_assert(slc_directory_open(slc_sys_posix(), path, &directory, &error) == SLC_OK, "%s",
              error.message);
}

static void setup(void)
{
    slc_writer_t *writer = NULL;
    slc_restored_t restored;
    slc_logic_t *logic = NULL;
    cr_assert(mkdtemp(base) != NULL);
    (void)snprintf(path, sizeof path, "%s/data", base);
    open_directory();
    cr_assert(slc_writer_open(directory, &config, &end, &writer, &error) == SLC_OK, "%s", error.message);
    slc_writer_close(writer);
    cr_assert(slc_restore(directory, NULL, NULL, &logic, &restored, &error) == SLC_OK);
    slc_logic_destroy(logic);
    end = restored.end;
    cr_assert(end.segment == 1 && end.offset == 4096);
}

static int remove_name(void *context, const char *name)
{
    return unlinkat(*(int *)context, name, 0);
}

static void remove_all(const char *name)
{
    int dir = open(name, O_RDONLY | O_DIRECTORY);
    if (dir >= 0) {
        (void)slc_sys_posix()->list(NULL, dir, remove_name, &dir);
        (void)close(dir);
        (void)rmdir(name);
    }
}

static void teardown(void)
{
    slc_directory_close(directory);
    remove_all(path);
    (void)rmdir(base);
}

TestSuite(memory, .init = setup, .fini = teardown);

/* ---- refusing each ---- */

static int count_name(void *context, const char *name)
{
    (void)name;
    ++*(unsigned *)context;
    return 0;
}

static unsigned open_files(void)
{
    unsigned count = 0;
    int dir = open("/proc/self/fd", O_RDONLY | O_DIRECTORY);
    cr_assert(dir >= 0 && slc_sys_posix()->list(NULL, dir, count_name, &count) == 0);
    (void)close(dir);
    return count;
}

/* Answers how many allocations the step takes. Behind each step everything is as before it. */
static uint64_t refuse_each(slc_err_t (*step)(void))
{
    unsigned before = open_files();
    for (uint64_t nth = 1;; nth++) {
        error = (slc_error_t){0};
        asked = 0;
        refuse_at = nth;
        slc_err_t code = step();
        refuse_at = 0;
        cr_assert(open_files() == before, "allocation %" PRIu64 ": something is still open", nth);
        if (asked < nth) {
            cr_assert(code == SLC_OK, "%s", error.message);
            return nth - 1;
        }
        cr_assert(code == SLC_ERR_NO_MEMORY, "allocation %" PRIu64 ": %d %s", nth, (int)code,
                  error.message);
        cr_assert(error.code == code && error.message[0] != '\0', "allocation %" PRIu64, nth);
    }
}

static slc_err_t open_to_read(void)
{
    slc_directory_t *opened = NULL;
    slc_err_t code = slc_directory_open_readonly(slc_sys_posix(), path, &opened, &error);
    slc_directory_close(opened);
    return code;
}

static slc_err_t open_to_write(void)
{
    slc_directory_t *opened = NULL;
    slc_err_t code = slc_directory_open(slc_sys_posix(), path, &opened, &error);
    slc_directory_close(opened);
    return code;
}

Test(memory, for_opening_a_directory_is_missed_and_the_lock_is_free_again)
{
    cr_assert(refuse_each(open_to_read) == 1);
    slc_directory_close(directory);
    directory = NULL;
    cr_assert(refuse_each(open_to_write) == 1);
    open_directory();
}

static slc_err_t found_one(void)
{
    char name[96];
    slc_directory_t *made = NULL;
    (void)snprintf(name, sizeof name, "%s/made", base);
    slc_err_t code = slc_directory_check_empty(slc_sys_posix(), name, &error);
    if (code == SLC_OK) {
        code = slc_directory_found(slc_sys_posix(), name, &made, &error);
    }
    slc_directory_close(made);
    cr_assert((access(name, F_OK) == 0) == (code == SLC_OK), "half of it is there");
    remove_all(name);
    return code;
}

Test(memory, for_a_new_directory_is_missed_before_anything_is_made)
{
    cr_assert(refuse_each(found_one) == 2);
}

static bool with_thread;

static slc_err_t open_writer(void)
{
    slc_writer_t *writer = NULL;
    slc_writer_config_t wanted = config;
    wanted.prepare_inside = !with_thread;
    slc_err_t code = slc_writer_open(directory, &wanted, &end, &writer, &error);
    slc_writer_close(writer);
    return code;
}

/* The last thing refused of the second is the thread that makes the next segment. */
Test(memory, for_the_writer_is_missed_before_it_takes_an_event)
{
    uint64_t alone = refuse_each(open_writer);
    cr_assert(alone == 5, "%" PRIu64, alone);
    with_thread = true;
    cr_assert(refuse_each(open_writer) == alone + 1);
    lab_outcome_t back;
    lab_t *lab = lab_create(6, SEGMENT_BYTES);
    slc_directory_close(directory);
    lab_run(lab, slc_sys_posix(), path, SIZE_MAX, true, &back);
    cr_assert(back.code == SLC_OK && back.acked == lab->event_count, "%s", back.error.message);
    lab_destroy(lab);
    open_directory();
}

static slc_err_t read_journal(void)
{
    slc_journal_t *journal = NULL;
    slc_journal_block_t block;
    slc_err_t code = slc_journal_open(path, &journal, &error);
    if (code == SLC_OK) {
        code = slc_journal_next_block(journal, &block, &error);
        code = code == SLC_END ? SLC_OK : code;
    }
    slc_journal_close(journal);
    return code;
}

Test(memory, for_reading_a_journal_is_missed_and_no_end_is_made_up)
{
    cr_assert(refuse_each(read_journal) >= 6);
}

/* ---- the way back ---- */

static bool was_torn;

static slc_err_t restore_once(void)
{
    slc_restored_t restored;
    slc_logic_t *logic = NULL;
    slc_err_t code = slc_restore(directory, NULL, NULL, &logic, &restored, &error);
    cr_assert((logic != NULL) == (code == SLC_OK));
    cr_assert(code == SLC_OK || !restored.torn, "cut, and refused all the same");
    was_torn = restored.torn;
    slc_logic_destroy(logic);
    return code;
}

Test(memory, for_the_way_back_is_missed_and_a_torn_tail_stays_until_it_was_kept_aside)
{
    int fd = openat(directory->fd, "segment-0000000001.journal", O_WRONLY);
    cr_assert(fd >= 0 && pwrite(fd, "torn", 4, 4096 + 100) == 4);
    (void)close(fd);
    cr_assert(refuse_each(restore_once) >= 8);
    cr_assert(was_torn);
}

static bool no_entry(void *context, slc_entry_t *ret_entry)
{
    (void)context;
    (void)ret_entry;
    return false;
}

static slc_err_t load_newest(void)
{
    slc_newest_t newest;
    slc_watch_t watch = slc_watch_begin(slc_sys_posix(), NULL, NULL);
    slc_err_t code = slc_newest_load(directory, UINT64_MAX, &watch, &newest, &error);
    cr_assert(newest.refused == 0, "memory is nothing that a snapshot could be blamed for");
    cr_assert(code != SLC_OK || newest.info.sequence == 1);
    slc_logic_destroy(newest.logic);
    return code;
}

/* A snapshot of nothing, so that no memory is asked for in the state itself. */
Test(memory, for_a_snapshot_is_missed_and_no_older_one_taken_in_its_place)
{
    slc_logic_t *empty = slc_logic_create();
    slc_snapshot_info_t info;
    const slc_snapshot_source_t source = {
        .info = {.sequence = 1, .time_us = 1, .digest = slc_logic_digest(empty)}, .next = no_entry};
    cr_assert(slc_snapshot_write(directory, &source, &info, &error) == SLC_OK, "%s", error.message);
    slc_logic_destroy(empty);
    cr_assert(refuse_each(load_newest) >= 6);
}

Test(memory, for_the_journal_station_is_missed)
{
    slc_writer_t *writer = NULL;
    cr_assert(slc_writer_open(directory, &config, &end, &writer, &error) == SLC_OK);
    const slc_journal_station_config_t wanted = {.sys = slc_sys_posix(), .writer = writer};
    asked = 0;
    refuse_at = 1;
    slc_journal_station_t *station = slc_journal_station_create(&wanted);
    refuse_at = 0;
    cr_assert(station == NULL);
    slc_journal_station_destroy(station);
    slc_writer_close(writer);
}
