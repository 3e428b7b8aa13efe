/* A directory that a tool makes is refused or whole, whatever stops the tool. */
#include "../../lib/fake_sys.h"

#include "base/bytes.h"
#include "journal/block.h"
#include "journal/found.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

static fake_sys_t *fake;
static slc_error_t error;

static void setup(void)
{
    fake = fake_sys_create();
}

static void teardown(void)
{
    fake_sys_destroy(fake);
}

TestSuite(found, .init = setup, .fini = teardown);

/* The whole way, with something in it that has to be durable before the name. */
static slc_err_t make(const slc_sys_t *sys, uint8_t ret_id[SLC_DIRECTORY_ID_BYTES])
{
    slc_directory_t *directory = NULL;
    slc_err_t code = slc_directory_found(sys, "new", &directory, &error);
    if (code == SLC_OK) {
        memcpy(ret_id, directory->id, SLC_DIRECTORY_ID_BYTES);
        code = slc_directory_name(directory, &error);
    }
    slc_directory_close(directory);
    return code;
}

static slc_err_t open_new(fake_sys_t *where, uint8_t ret_id[SLC_DIRECTORY_ID_BYTES])
{
    slc_directory_t *directory = NULL;
    slc_err_t code = slc_directory_open_readonly(fake_sys_table(where), "new", &directory, &error);
    if (code == SLC_OK) {
        cr_assert(!directory->begun);
        memcpy(ret_id, directory->id, SLC_DIRECTORY_ID_BYTES);
    }
    slc_directory_close(directory);
    return code;
}

Test(found, is_a_data_directory_once_it_has_its_name)
{
    uint8_t made[SLC_DIRECTORY_ID_BYTES];
    uint8_t found[SLC_DIRECTORY_ID_BYTES];
    cr_assert(make(fake_sys_table(fake), made) == SLC_OK, "%s", error.message);
    cr_assert(open_new(fake, found) == SLC_OK && memcmp(made, found, sizeof made) == 0);
    fake_sys_t *dark = fake_sys_crash(fake, FAKE_KEEP_DURABLE, 0);
    cr_assert(open_new(dark, found) == SLC_OK && memcmp(made, found, sizeof made) == 0);
    fake_sys_destroy(dark);
}

Test(found, before_it_has_its_name_is_refused_by_servers_and_readers)
{
    slc_directory_t *directory = NULL;
    slc_directory_t *server = NULL;
    uint8_t id[SLC_DIRECTORY_ID_BYTES];
    const slc_sys_t *sys = fake_sys_table(fake);
    cr_assert(slc_directory_found(sys, "new", &directory, &error) == SLC_OK, "%s", error.message);
    cr_assert(open_new(fake, id) == SLC_ERR_DAMAGED);
    cr_assert(slc_directory_open(sys, "new", &server, &error) == SLC_ERR_DAMAGED);
    fake_sys_t *dark = fake_sys_crash(fake, FAKE_KEEP_DURABLE, 0);
    cr_assert(open_new(dark, id) == SLC_ERR_DAMAGED);
    fake_sys_destroy(dark);
    slc_directory_close(directory);
}

Test(found, takes_nothing_that_has_something_in_it)
{
    uint8_t id[SLC_DIRECTORY_ID_BYTES];
    const slc_sys_t *sys = fake_sys_table(fake);
    cr_assert(slc_directory_check_empty(sys, "new", &error) == SLC_OK, "%s", error.message);
    cr_assert(make(sys, id) == SLC_OK);
    cr_assert(slc_directory_check_empty(sys, "new", &error) == SLC_ERR_USAGE);
    cr_assert(make(sys, id) == SLC_ERR_USAGE && strstr(error.message, "not empty") != NULL);
}

typedef struct {
    uint64_t at;
    fake_keep_t keep;
    fake_sys_t *dark;
} crash_t;

static void crash(void *context, fake_sys_t *machine, uint64_t change)
{
    crash_t *when = context;
    if (change == when->at) {
        when->dark = fake_sys_crash(machine, when->keep, change);
    }
}

Test(found, cut_off_at_any_moment_is_absent_or_unlocked_or_refused_or_whole)
{
    for (fake_keep_t keep = FAKE_KEEP_DURABLE; keep < FAKE_KEEP_COUNT; keep++) {
        bool more = true;
        unsigned refused = 0;
        for (uint64_t at = 1; more; at++) {
            crash_t when = {.at = at, .keep = keep};
            uint8_t made[SLC_DIRECTORY_ID_BYTES];
            uint8_t found[SLC_DIRECTORY_ID_BYTES];
            fake_sys_t *machine = fake_sys_create();
            fake_sys_watch(machine, crash, &when);
            cr_assert(make(fake_sys_table(machine), made) == SLC_OK, "%s", error.message);
            more = when.dark != NULL;
            if (more) {
                slc_err_t code = open_new(when.dark, found);
                /* Without any lock, or an empty one, there is nothing in it yet either. */
                bool is_new = code == SLC_OK && memcmp(found, made, sizeof made) != 0;
                cr_assert(code == SLC_ERR_DAMAGED || code == SLC_ERR_IO || code == SLC_OK);
                cr_assert(!is_new || refused == 0, "%d", (int)keep);
                refused += code == SLC_ERR_DAMAGED;
                fake_sys_destroy(when.dark);
            }
            fake_sys_destroy(machine);
        }
        cr_assert(refused > 1, "%d", (int)keep);
    }
}

/* ---- calls that fail ---- */

/* What is left is nothing, refused, or (where only the last sync failed) whole. */
static void expect_refused_or_whole(fake_sys_t *where, uint64_t nth)
{
    uint8_t id[SLC_DIRECTORY_ID_BYTES];
    slc_err_t code = open_new(where, id);
    cr_assert(code == SLC_OK || code == SLC_ERR_DAMAGED || code == SLC_ERR_IO);
    /* Without any lock, or an empty one, there is nothing in it yet either. */
    bool has_id = code == SLC_OK && !slc_bytes_are_zero(id, sizeof id);
    cr_assert(!has_id || fake_sys_calls(where, FAKE_RENAME) == 1, "call %" PRIu64, nth);
    cr_assert(has_id || code != SLC_OK, "call %" PRIu64, nth);
}

Test(found, stops_at_any_call_that_fails_and_says_which_directory)
{
    static const int errors[] = {EIO, ENOSPC, EROFS};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        unsigned stopped = 0;
        bool faulted = true;
        for (uint64_t nth = 1; faulted; nth++) {
            uint8_t made[SLC_DIRECTORY_ID_BYTES];
            fake_sys_t *machine = fake_sys_create();
            error = (slc_error_t){0};
            fake_sys_fail(machine, FAKE_ANY, nth, errors[i], false);
            slc_err_t code = make(fake_sys_table(machine), made);
            faulted = fake_sys_faulted(machine);
            if (code != SLC_OK) {
                cr_assert(code == SLC_ERR_IO && error.sys_errno == errors[i], "%s", error.message);
                cr_assert(strstr(error.message, "data directory new: ") != NULL, "%s", error.message);
                expect_refused_or_whole(machine, nth);
                stopped++;
            } else {
                uint8_t there[SLC_DIRECTORY_ID_BYTES];
                fake_sys_heal(machine);
                fake_sys_t *dark = fake_sys_crash(machine, FAKE_KEEP_DURABLE, 0);
                cr_assert(open_new(dark, there) == SLC_OK && memcmp(made, there, sizeof made) == 0);
                fake_sys_destroy(dark);
            }
            fake_sys_destroy(machine);
        }
        cr_assert(stopped >= 12, "%u", stopped);
    }
}

Test(found, takes_an_empty_directory_that_is_there)
{
    uint8_t made[SLC_DIRECTORY_ID_BYTES];
    uint8_t there[SLC_DIRECTORY_ID_BYTES];
    const slc_sys_t *sys = fake_sys_table(fake);
    cr_assert(sys->mkdir(sys->self, AT_FDCWD, "new", 0700) == 0);
    cr_assert(slc_directory_check_empty(sys, "new", &error) == SLC_OK, "%s", error.message);
    cr_assert(make(sys, made) == SLC_OK, "%s", error.message);
    cr_assert(open_new(fake, there) == SLC_OK && memcmp(made, there, sizeof made) == 0);
}

Test(found, tells_a_file_and_a_directory_that_cannot_be_looked_into_from_an_empty_one)
{
    const slc_sys_t *sys = fake_sys_table(fake);
    fake_sys_put(fake, "new", "x", 1);
    cr_assert(slc_directory_check_empty(sys, "new", &error) == SLC_ERR_USAGE);
    cr_assert(strstr(error.message, "something of that name") != NULL, "%s", error.message);
    fake_sys_remove(fake, "new");
    cr_assert(sys->mkdir(sys->self, AT_FDCWD, "new", 0700) == 0);
    fake_sys_fail(fake, FAKE_OPEN, 1, EACCES, false);
    cr_assert(slc_directory_check_empty(sys, "new", &error) == SLC_ERR_IO && error.sys_errno == EACCES);
    cr_assert(strstr(error.message, "cannot look into it") != NULL, "%s", error.message);
    fake_sys_fail(fake, FAKE_LIST, 1, EIO, false);
    cr_assert(slc_directory_check_empty(sys, "new", &error) == SLC_ERR_IO && error.sys_errno == EIO);
    cr_assert(strstr(error.message, "cannot list it") != NULL, "%s", error.message);
}

Test(found, under_no_path_or_one_too_long_is_wrong_usage)
{
    static char path[5000];
    slc_directory_t *directory = NULL;
    const slc_sys_t *sys = fake_sys_table(fake);
    memset(path, 'a', sizeof path - 1);
    cr_assert(slc_directory_check_empty(sys, path, &error) == SLC_ERR_USAGE);
    cr_assert(strstr(error.message, "1 to 4095 bytes") != NULL, "%s", error.message);
    cr_assert(slc_directory_check_empty(sys, "", NULL) == SLC_ERR_USAGE);
    cr_assert(slc_directory_found(sys, "", &directory, &error) == SLC_ERR_USAGE);
    cr_assert(slc_directory_found(sys, path, &directory, NULL) == SLC_ERR_USAGE);
    cr_assert(directory == NULL && fake_sys_calls(fake, FAKE_ANY) == 0);
}
