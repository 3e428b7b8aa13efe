/* Each allocation of src/snapshot, refused in its turn: it is said, and costs a snapshot at most. */
#include "../../lib/lean_memory.h"
#include "../../lib/snapshot_script.h"

#include "snapshot/format.h"
#include "snapshot/keeper.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/slc-lean-XXXXXX";
static slc_directory_t *directory;
static slc_error_t error;
static snapshot_script_t script = {.drops = 2, .records_per_drop = 7000};

static void setup(void)
{
    cr_assert_not_null(mkdtemp(path));
    cr_assert(slc_directory_open(slc_sys_posix(), path, &directory, &error) == SLC_OK, "%s",
              error.message);
}

static void teardown(void)
{
    char command[64];
    slc_directory_close(directory);
    (void)snprintf(command, sizeof command, "rm -rf %s", path);
    cr_assert(system(command) == 0);
}

TestSuite(snapshot_memory, .init = setup, .fini = teardown, .timeout = 60);

/* The allocation came; from here on none is refused. */
static bool was_refused(void)
{
    bool refused = lean_memory_refused();
    lean_memory_refuse(0);
    return refused;
}

static slc_err_t write_at(uint64_t sequence)
{
    slc_snapshot_source_t source = snapshot_script_source(&script, sequence);
    slc_snapshot_info_t info;
    return slc_snapshot_write(directory, &source, &info, &error);
}

static size_t snapshots(void)
{
    uint64_t *found = NULL;
    size_t count = 0;
    cr_assert(slc_snapshot_find(directory, &found, &count, &error) == SLC_OK);
    free(found);
    return count;
}

static void assert_says_so(slc_err_t code, uint64_t nth)
{
    cr_assert(code == SLC_ERR_NO_MEMORY && error.code == SLC_ERR_NO_MEMORY, "allocation %lu",
              (unsigned long)nth);
    cr_assert(error.message[0] != '\0');
    error = (slc_error_t){0};
}

Test(snapshot_memory, a_snapshot_without_memory_for_it_is_none_and_leaves_nothing)
{
    uint64_t nth = 1;
    for (;; nth++) {
        lean_memory_refuse(nth);
        slc_err_t code = write_at(100);
        if (!was_refused()) {
            cr_assert(code == SLC_OK, "%s", error.message);
            break;
        }
        assert_says_so(code, nth);
        cr_assert(snapshots() == 0);
        cr_assert(access(path, F_OK) == 0 &&
                  faccessat(directory->fd, SLC_SNAPSHOT_TEMPORARY_NAME, F_OK, 0) != 0);
    }
    cr_assert(nth > 6, "for writing, for reading twice, for what is cancelled: %lu", (unsigned long)nth);
    cr_assert(snapshots() == 1);
}

Test(snapshot_memory, a_list_without_memory_for_it_is_an_error_and_not_a_shorter_list)
{
    script = (snapshot_script_t){.drops = 1};
    for (uint64_t sequence = 1; sequence <= 40; sequence++) {
        cr_assert(write_at(sequence) == SLC_OK, "%s", error.message);
    }
    uint64_t nth = 1;
    for (;; nth++) {
        uint64_t *found = NULL;
        size_t count = 0;
        lean_memory_refuse(nth);
        slc_err_t code = slc_snapshot_find(directory, &found, &count, &error);
        if (!was_refused()) {
            cr_assert(code == SLC_OK && count == 40);
            free(found);
            break;
        }
        assert_says_so(code, nth);
        cr_assert(found == NULL && count == 0);
    }
    cr_assert(nth > 2);
}

Test(snapshot_memory, one_opened_by_its_directory_is_whole_or_none)
{
    uint64_t nth = 1;
    cr_assert(write_at(100) == SLC_OK);
    for (;; nth++) {
        slc_snapshot_t *snapshot = NULL;
        lean_memory_refuse(nth);
        slc_err_t code = slc_snapshot_open(path, 100, &snapshot, &error);
        if (!was_refused()) {
            cr_assert(code == SLC_OK && slc_snapshot_info(snapshot).sequence == 100);
            slc_snapshot_close(snapshot);
            break;
        }
        assert_says_so(code, nth);
        cr_assert_null(snapshot);
    }
    cr_assert(nth > 3, "a directory, a reader and its block");
}

/* ---- the keeper ---- */

static uint64_t some(void *context)
{
    return *(const uint64_t *)context;
}

static slc_keeper_config_t config_of(slc_handover_t *handover, uint64_t *applied)
{
    return (slc_keeper_config_t){.directory = directory,
                                 .handover = handover,
                                 .retain = {.snapshots = 2},
                                 .applied = some,
                                 .journaled = some,
                                 .context = applied};
}

Test(snapshot_memory, a_keeper_without_memory_for_it_is_none)
{
    slc_handover_t handover;
    uint64_t applied = 0;
    uint64_t refused = 0;
    slc_handover_init(&handover);
    slc_keeper_config_t config = config_of(&handover, &applied);
    for (uint64_t nth = 1;; nth++) {
        slc_keeper_t *keeper = NULL;
        lean_memory_refuse(nth);
        slc_err_t code = slc_keeper_create(&config, &keeper, &error);
        bool refused_it = was_refused();
        if (code == SLC_OK) {
            slc_keeper_destroy(keeper);
            cr_assert(!refused_it);
            break;
        }
        assert_says_so(code, nth);
        cr_assert_null(keeper);
        refused++;
    }
    cr_assert(refused >= 2, "itself and what lets go");
    slc_handover_finish(&handover);
}

/* The next start replays more, and nobody is told a lie about what is on disk. */
Test(snapshot_memory, a_stop_without_memory_for_a_last_snapshot_goes_on_without_one)
{
    slc_handover_t handover;
    slc_keeper_t *keeper = NULL;
    uint64_t applied = 0;
    slc_answer_t answer;
    slc_handover_init(&handover);
    slc_logic_t *logic = slc_logic_create();
    slc_event_t event = {
        .kind = SLC_EVENT_DROP_OPENED, .sequence = 1, .as.drop_opened = {.drop_id = 1, .stock = 5}};
    slc_keeper_config_t config = config_of(&handover, &applied);
    cr_assert(slc_keeper_create(&config, &keeper, &error) == SLC_OK, "%s", error.message);
    slc_logic_apply(logic, &event, &answer, NULL);
    applied = UINT64_C(1) << 40;
    uint64_t nth = 1;
    for (;; nth++) {
        lean_memory_refuse(nth);
        bool written = slc_keeper_last(keeper, logic);
        bool refused_it = was_refused();
        cr_assert(written == (snapshots() == 1));
        cr_assert(slc_keeper_status(keeper).sequence == (written ? 1 : 0));
        if (written || !refused_it) {
            cr_assert(written);
            break;
        }
    }
    cr_assert(nth > 3, "%lu", (unsigned long)nth);
    slc_keeper_destroy(keeper);
    slc_logic_destroy(logic);
    slc_handover_finish(&handover);
}
