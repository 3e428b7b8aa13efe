/* A directory that a tool makes is refused or whole, whatever stops the tool. */
#include "../../lib/fake_sys.h"

#include "journal/found.h"

#include <criterion/criterion.h>
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
