#include "../../lib/fake_sys.h"

#include "journal/directory.h"
#include "journal/format.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

/* ---- the parent, which holds the directory's name ---- */

static slc_sys_t real;
static const char *data_path;
static char parent_path[64];
static int parent_errno;

static int open_by_path(void *self, int dir, const char *name, int flags, mode_t mode)
{
    if (dir != AT_FDCWD) {
        return real.open(self, dir, name, flags, mode);
    }
    if (strcmp(name, data_path) == 0 && parent_path[0] == '\0' && strcmp(name, "/") != 0) {
        return real.open(self, dir, "data", flags, mode);
    }
    (void)snprintf(parent_path, sizeof parent_path, "%s", name);
    return parent_errno == 0 ? real.open(self, dir, ".", flags, mode) : -parent_errno;
}

static int mkdir_by_path(void *self, int dir, const char *name, mode_t mode)
{
    cr_expect(strcmp(name, data_path) == 0);
    return real.mkdir(self, dir, "data", mode);
}

static slc_err_t create_at(const char *path)
{
    slc_sys_t by_path = real = *sys;
    by_path.open = open_by_path;
    by_path.mkdir = mkdir_by_path;
    data_path = path;
    parent_path[0] = '\0';
    slc_directory_t *made = NULL;
    slc_err_t code = slc_directory_open(&by_path, path, &made, &error);
    slc_directory_close(made);
    return code;
}

Test(directory, makes_its_name_durable_in_the_parent_that_holds_it)
{
    static const char *const paths[][2] = {{"data", "."},          {"data/", "."},   {"data///", "."},
                                           {"/data", "/"},         {"/data//", "/"}, {"srv/data", "srv"},
                                           {"/srv/a/b/", "/srv/a"}};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        fake_sys_destroy(fake);
        setup();
        cr_assert(create_at(paths[i][0]) == SLC_OK, "%s: %s", paths[i][0], error.message);
        cr_assert(strcmp(parent_path, paths[i][1]) == 0, "%s: %s", paths[i][0], parent_path);
    }
    /* The top of the file system is its own parent. */
    fake_sys_destroy(fake);
    setup();
    cr_assert(create_at("/") == SLC_OK && strcmp(parent_path, "/") == 0, "%s", parent_path);
}

Test(directory, in_a_parent_that_only_an_administrator_may_read_is_taken_and_in_a_broken_one_not)
{
    size_t bytes = 0;
    parent_errno = EIO;
    cr_assert(create_at("data") == SLC_ERR_IO && error.sys_errno == EIO);
    cr_assert(strstr(error.message, "parent directory") != NULL, "%s", error.message);
    (void)fake_sys_file(fake, "data/lock", &bytes);
    cr_assert(bytes == 0, "an identity was written whose directory may go");
    cr_assert(sys->mkdir(sys->self, AT_FDCWD, "data", 0700) == 0);
    parent_errno = EACCES;
    cr_assert(create_at("data") == SLC_OK, "%s", error.message);
    (void)fake_sys_file(fake, "data/lock", &bytes);
    cr_assert(bytes == SLC_LOCK_ID_BYTES);
}

Test(directory, is_not_made_where_its_name_could_not_be_made_durable)
{
    parent_errno = EACCES;
    for (int tries = 0; tries < 2; tries++) { /* the second finds nothing that the first has left */
        cr_assert(create_at("data") == SLC_ERR_IO && error.sys_errno == EACCES);
        cr_assert(strstr(error.message, "create it yourself") != NULL, "%s", error.message);
        cr_assert_eq(fake_sys_calls(fake, FAKE_MKDIR), 0);
    }
}

/* ---- readers ---- */

Test(directory, whose_lock_cannot_be_read_is_no_directory_to_a_reader)
{
    cr_assert(open_again() == SLC_OK);
    slc_directory_close(directory);
    directory = NULL;
    fake_sys_fail(fake, FAKE_OPEN, 2, EACCES, false);
    cr_assert(slc_directory_open_readonly(sys, "data", &directory, &error) == SLC_ERR_IO);
    cr_assert(error.sys_errno == EACCES && strstr(error.message, "cannot open its lock file") != NULL,
              "%s", error.message);
}

Test(directory, that_cannot_be_listed_is_not_taken_for_one_without_a_history)
{
    cr_assert(sys->mkdir(sys->self, AT_FDCWD, "data", 0700) == 0);
    for (uint64_t nth = 1; nth <= 2; nth++) { /* segments, then snapshots */
        fake_sys_fail(fake, FAKE_LIST, nth, EIO, false);
        cr_assert(slc_directory_open_readonly(sys, "data", &directory, &error) == SLC_ERR_IO);
        cr_assert(error.sys_errno == EIO && strstr(error.message, "cannot list") != NULL, "%s",
                  error.message);
    }
}

Test(directory, with_an_identity_that_is_no_hexadecimal_number_is_damaged)
{
    static const char wrong[] = {'g', 'A', ' ', '\0', '\n'};
    cr_assert(open_again() == SLC_OK);
    for (size_t i = 0; i < sizeof wrong; i++) {
        fake_sys_poke(fake, "data/lock", &wrong[i], 1, 7 + i * 7);
        cr_assert(open_again() == SLC_ERR_DAMAGED, "%zu", i);
        cr_assert(strstr(error.message, "names no identity") != NULL, "%s", error.message);
        cr_assert(slc_directory_open_readonly(sys, "data", &directory, &error) == SLC_ERR_DAMAGED);
        fake_sys_poke(fake, "data/lock", "0", 1, 7 + i * 7);
    }
    cr_assert(open_again() == SLC_OK);
}
