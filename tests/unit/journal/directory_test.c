#include "../../lib/fake_sys.h"

#include "journal/directory.h"
#include "journal/format.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

static fake_sys_t *fake;
static const slc_sys_t *sys;
static slc_directory_t *directory;
static slc_error_t error;

static void setup(void)
{
    fake = fake_sys_create();
    sys = fake_sys_table(fake);
}

static void teardown(void)
{
    slc_directory_close(directory);
    fake_sys_destroy(fake);
}

TestSuite(directory, .init = setup, .fini = teardown);

static slc_err_t open_again(void)
{
    slc_directory_close(directory);
    directory = NULL;
    return slc_directory_open(sys, "data", &directory, &error);
}

Test(directory, is_created_with_an_identity_that_stays)
{
    uint8_t id[SLC_DIRECTORY_ID_BYTES];
    size_t bytes = 0;
    cr_assert(open_again() == SLC_OK);
    memcpy(id, directory->id, sizeof id);
    cr_assert(!directory->begun);
    const uint8_t *lock = fake_sys_file(fake, "data/lock", &bytes);
    cr_assert(bytes == SLC_LOCK_ID_BYTES && memcmp(lock, "sluice ", 7) == 0 && lock[39] == '\n');
    cr_assert(open_again() == SLC_OK && memcmp(id, directory->id, sizeof id) == 0);
}

Test(directory, remembers_that_a_journal_was_begun)
{
    cr_assert(open_again() == SLC_OK);
    cr_assert(slc_directory_mark_begun(directory, &error) == SLC_OK);
    cr_assert(slc_directory_mark_begun(directory, &error) == SLC_OK);
    cr_assert(open_again() == SLC_OK && directory->begun);
}

Test(directory, in_use_is_said_as_such_and_ends_with_the_lock)
{
    slc_directory_t *second = NULL;
    cr_assert(open_again() == SLC_OK);
    cr_assert(slc_directory_open(sys, "data", &second, &error) == SLC_ERR_IN_USE);
    cr_assert(slc_err_exit_code(error.code) == 6 && strstr(error.message, "in use") != NULL);
    cr_assert(slc_directory_open_readonly(sys, "data", &second, &error) == SLC_OK);
    slc_directory_close(second);
    cr_assert(open_again() == SLC_OK);
}

Test(directory, opened_for_reading_changes_nothing)
{
    cr_assert(open_again() == SLC_OK);
    slc_directory_close(directory);
    fake_sys_watch(fake, NULL, NULL);
    cr_assert(slc_directory_open_readonly(sys, "data", &directory, &error) == SLC_OK);
    cr_assert(fake_sys_changes(fake) == 0);
}

Test(directory, that_is_none_cannot_be_read)
{
    cr_assert(slc_directory_open_readonly(sys, "data", &directory, &error) == SLC_ERR_IO);
    cr_assert(error.sys_errno == ENOENT && slc_err_exit_code(error.code) == 5);
    cr_assert(sys->mkdir(sys->self, AT_FDCWD, "data", 0700) == 0);
    cr_assert(slc_directory_open_readonly(sys, "data", &directory, &error) == SLC_ERR_IO);
    cr_assert(strstr(error.message, "no data directory") != NULL);
}

/* What a crash between creation and content leaves. */
Test(directory, with_an_unfinished_lock_file_gets_an_identity)
{
    static const char *const unfinished[] = {"", "sluice ", "slu", "sluice 0123"};
    cr_assert(sys->mkdir(sys->self, AT_FDCWD, "data", 0700) == 0);
    for (size_t i = 0; i < sizeof unfinished / sizeof unfinished[0]; i++) {
        fake_sys_put(fake, "data/lock", unfinished[i], strlen(unfinished[i]));
        cr_assert(open_again() == SLC_OK, "%s", error.message);
    }
    char zeros[SLC_LOCK_ID_BYTES] = {0};
    fake_sys_put(fake, "data/lock", zeros, sizeof zeros);
    cr_assert(open_again() == SLC_OK);
    size_t bytes = 0;
    cr_assert(memcmp(fake_sys_file(fake, "data/lock", &bytes), "sluice ", 7) == 0);
}

Test(directory, with_somebody_elses_lock_file_is_left_alone)
{
    cr_assert(sys->mkdir(sys->self, AT_FDCWD, "data", 0700) == 0);
    fake_sys_put(fake, "data/lock", "4711\n", 5);
    cr_assert(open_again() == SLC_ERR_DAMAGED);
    size_t bytes = 0;
    cr_assert(memcmp(fake_sys_file(fake, "data/lock", &bytes), "4711\n", 5) == 0);
}

Test(directory, with_segments_and_no_identity_is_damaged)
{
    cr_assert(open_again() == SLC_OK);
    fake_sys_put(fake, "data/segment-0000000001.journal", "x", 1);
    fake_sys_put(fake, "data/lock", "", 0);
    cr_assert(open_again() == SLC_ERR_DAMAGED && strstr(error.message, "it has a history") != NULL);
    cr_assert(slc_directory_open_readonly(sys, "data", &directory, &error) == SLC_ERR_DAMAGED);
    fake_sys_remove(fake, "data/lock");
    cr_assert(slc_directory_open_readonly(sys, "data", &directory, &error) == SLC_ERR_DAMAGED);
    cr_assert(strstr(error.message, "missing") != NULL);
}

Test(directory, a_server_being_born_is_seen_without_an_identity)
{
    static const uint8_t none[SLC_DIRECTORY_ID_BYTES] = {0};
    cr_assert(sys->mkdir(sys->self, AT_FDCWD, "data", 0700) == 0);
    fake_sys_put(fake, "data/lock", "", 0);
    cr_assert(slc_directory_open_readonly(sys, "data", &directory, &error) == SLC_OK);
    cr_assert(memcmp(directory->id, none, sizeof none) == 0);
}

Test(directory, errors_say_what_to_do)
{
    fake_sys_fail(fake, FAKE_MKDIR, 1, EACCES, false);
    cr_assert(open_again() == SLC_ERR_IO && error.sys_errno == EACCES);
    cr_assert(strstr(error.message, "cannot create") != NULL, "%s", error.message);
    fake_sys_heal(fake);
    cr_assert(open_again() == SLC_OK);
    slc_directory_close(directory);
    directory = NULL;
    fake_sys_fail(fake, FAKE_OPEN, 2, EROFS, false);
    cr_assert(open_again() == SLC_ERR_IO && error.sys_errno == EROFS);
    cr_assert(strstr(error.message, "own the directory") != NULL, "%s", error.message);
}

Test(directory, with_a_path_too_long_is_wrong_usage)
{
    static char path[5000];
    memset(path, 'a', sizeof path - 1);
    cr_assert(slc_directory_open(sys, path, &directory, &error) == SLC_ERR_USAGE);
    cr_assert(slc_directory_open(sys, "", &directory, &error) == SLC_ERR_USAGE);
}

Test(directory, a_snapshot_without_the_identity_it_belongs_to_is_refused_and_no_new_one_is_drawn)
{
    size_t bytes = 0;
    cr_assert(open_again() == SLC_OK);
    fake_sys_put(fake, "data/snapshot-00000000000000000007.snap", "x", 1);
    fake_sys_remove(fake, "data/lock");
    cr_assert(open_again() == SLC_ERR_DAMAGED);
    const uint8_t *lock = fake_sys_file(fake, "data/lock", &bytes);
    cr_assert(lock == NULL || bytes == 0, "an identity was written");
}
