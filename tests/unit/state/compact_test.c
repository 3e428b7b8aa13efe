/* The state of a directory with snapshots, at any event, of one snapshot alone, and made into a directory
 * of its own. */
#include "../../lib/journal_lab.h"

#include "snapshot/files.h"
#include "snapshot/format.h"

#include <sluice/snapshot.h>

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENT_BYTES 32768u
#define BLOCKS 24u
#define SNAPSHOTS_MAX 16u

static lab_t *lab;
static char base[] = "/tmp/slc-compact-XXXXXX";
static char data[64];
static char into[64];
static uint64_t sequences[SNAPSHOTS_MAX]; /* of the snapshots there, rising */
static size_t snapshots;
static slc_error_t error;

static void write_all(void)
{
    lab_outcome_t outcome;
    lab_run(lab, slc_sys_posix(), data, SIZE_MAX, true, &outcome);
    cr_assert(outcome.code == SLC_OK && outcome.acked == lab->event_count, "%s", outcome.error.message);
    cr_assert(slc_snapshot_list(data, sequences, SNAPSHOTS_MAX, &snapshots, &error) == SLC_OK);
}

/* Two snapshots, and the journal behind the older one. */
static void setup(void)
{
    cr_assert(mkdtemp(base) != NULL);
    (void)snprintf(data, sizeof data, "%s/data", base);
    (void)snprintf(into, sizeof into, "%s/into", base);
    lab = lab_create(BLOCKS, SEGMENT_BYTES);
    lab_take_snapshots(lab, 5);
    write_all();
    cr_assert(snapshots == 2);
}

static int remove_name(void *context, const char *name)
{
    return unlinkat(*(int *)context, name, 0);
}

static void remove_all(const char *path)
{
    int dir = open(path, O_RDONLY | O_DIRECTORY);
    if (dir >= 0) {
        (void)slc_sys_posix()->list(NULL, dir, remove_name, &dir);
        (void)close(dir);
        (void)rmdir(path);
    }
}

static void teardown(void)
{
    remove_all(data);
    remove_all(into);
    (void)rmdir(base);
    lab_destroy(lab);
}

TestSuite(compact, .init = setup, .fini = teardown);

static void expect_state(const char *path, uint64_t until, uint64_t sequence)
{
    slc_state_t *state = NULL;
    cr_assert(slc_state_replay(path, until, NULL, NULL, &state, &error) == SLC_OK, "%s", error.message);
    cr_assert(slc_state_sequence(state) == sequence && slc_state_digest(state) == lab->digests[sequence]);
    slc_state_destroy(state);
}

static slc_err_t replay_to(uint64_t until)
{
    slc_state_t *state = NULL;
    error = (slc_error_t){0};
    slc_err_t code = slc_state_replay(data, until, NULL, NULL, &state, &error);
    cr_assert((state != NULL) == (code == SLC_OK));
    slc_state_destroy(state);
    return code;
}

Test(compact, a_state_at_any_event_that_is_kept_is_that_of_a_full_replay)
{
    for (uint64_t until = sequences[0]; until <= lab->event_count; until++) {
        expect_state(data, until, until);
    }
    expect_state(data, UINT64_MAX, lab->event_count);
}

Test(compact, a_state_from_before_everything_kept_or_from_behind_the_end_is_wrong_usage)
{
    char wanted[96];
    cr_assert(replay_to(sequences[0] - 1) == SLC_ERR_USAGE);
    (void)snprintf(wanted, sizeof wanted, "the oldest state is the one behind event %" PRIu64,
                   sequences[0]);
    cr_assert(strstr(error.message, wanted) != NULL, "%s", error.message);
    cr_assert(replay_to(lab->event_count + 1) == SLC_ERR_USAGE);
    cr_assert(strstr(error.message, "the journal ends at event") != NULL, "%s", error.message);
    cr_assert(slc_state_replay(data, lab->event_count + 1, NULL, NULL, &(slc_state_t *){NULL}, NULL) ==
              SLC_ERR_USAGE);
}

static void damage(uint64_t sequence)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/snapshot-%020" PRIu64 ".snap", data, sequence);
    int fd = open(path, O_RDWR);
    cr_assert(fd >= 0 && pwrite(fd, "?", 1, SLC_SNAPSHOT_HEADER_BYTES + 60) == 1);
    (void)close(fd);
}

Test(compact, the_state_of_one_snapshot_is_loaded_alone_or_refused_by_name)
{
    slc_state_t *state = NULL;
    for (size_t i = 0; i < snapshots; i++) {
        cr_assert(slc_state_load(data, sequences[i], NULL, NULL, &state, &error) == SLC_OK, "%s",
                  error.message);
        cr_assert(slc_state_sequence(state) == sequences[i]);
        cr_assert(slc_state_digest(state) == lab->digests[sequences[i]]);
        slc_state_destroy(state);
    }
    cr_assert(slc_state_load(data, sequences[0] + 1, NULL, NULL, &state, &error) == SLC_ERR_IO);
    cr_assert(error.sys_errno == ENOENT, "%s", error.message);
    damage(sequences[1]);
    cr_assert(slc_state_load(data, sequences[1], NULL, NULL, &state, &error) == SLC_ERR_DAMAGED);
    cr_assert(strstr(error.message, "snapshot-") != NULL && strstr(error.message, "offset") != NULL, "%s",
              error.message);
    /* Behind the older one the journal has the rest. */
    expect_state(data, UINT64_MAX, lab->event_count);
    damage(sequences[0]);
    cr_assert(replay_to(UINT64_MAX) == SLC_ERR_DAMAGED);
    cr_assert(strstr(error.message, "2 snapshots cannot be loaded") != NULL, "%s", error.message);
}

static uint64_t told;

static void note_progress(void *context, uint64_t done, uint64_t total, uint64_t events)
{
    (void)context;
    cr_assert(done <= total && events <= lab->event_count);
    told++;
}

Test(compact, makes_a_directory_of_the_state_alone_in_which_a_server_goes_on)
{
    slc_compacted_t compacted;
    lab_outcome_t outcome;
    cr_assert(slc_state_compact(data, into, note_progress, NULL, &compacted, &error) == SLC_OK, "%s",
              error.message);
    cr_assert(compacted.sequence == lab->event_count && told > 0);
    cr_assert(compacted.digest == lab->digests[lab->event_count]);
    cr_assert(slc_snapshot_list(into, sequences, SNAPSHOTS_MAX, &snapshots, &error) == SLC_OK);
    cr_assert(snapshots == 1 && sequences[0] == lab->event_count);
    expect_state(into, UINT64_MAX, lab->event_count);
    /* The same script, with more of it still to come. */
    lab_t *longer = lab_create(2 * BLOCKS, SEGMENT_BYTES);
    lab_run(longer, slc_sys_posix(), into, SIZE_MAX, true, &outcome);
    cr_assert(outcome.code == SLC_OK && !outcome.wrong && outcome.acked == longer->event_count, "%s",
              outcome.error.message);
    lab_restore(longer, slc_sys_posix(), into, &outcome);
    cr_assert(outcome.code == SLC_OK && !outcome.wrong &&
              outcome.restored.snapshot_sequence == lab->event_count);
    lab_destroy(longer);
}

Test(compact, touches_nothing_that_is_there_already_and_makes_nothing_of_what_it_cannot_read)
{
    slc_compacted_t compacted;
    cr_assert(slc_state_compact(data, data, NULL, NULL, &compacted, &error) == SLC_ERR_USAGE);
    cr_assert(strstr(error.message, "not empty") != NULL, "%s", error.message);
    expect_state(data, UINT64_MAX, lab->event_count);
    damage(sequences[0]);
    damage(sequences[1]);
    cr_assert(slc_state_compact(data, into, NULL, NULL, &compacted, NULL) == SLC_ERR_DAMAGED);
    cr_assert(access(into, F_OK) != 0);
    cr_assert(slc_state_compact("/tmp/none/at/all", into, NULL, NULL, &compacted, &error) == SLC_ERR_IO);
    cr_assert(access(into, F_OK) != 0);
}
