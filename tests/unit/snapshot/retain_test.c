/* What is let go behind snapshots, and that nothing else is: src/snapshot/retain.c. */
#include "../../lib/fake_sys.h"
#include "../../lib/journal_lab.h"
#include "../../lib/snapshot_script.h"

#include "journal/segment.h"
#include "snapshot/retain.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static lab_t *lab;
static fake_sys_t *fake;
static slc_directory_t *directory;
static slc_error_t error;
static slc_retainer_t *retainer;

/* A journal of some segments. */
static void setup(void)
{
    lab_outcome_t outcome = {0};
    lab = lab_create(60, 40960);
    fake = fake_sys_create();
    lab_run(lab, fake_sys_table(fake), LAB_DIR, SIZE_MAX, true, &outcome);
    cr_assert(outcome.code == SLC_OK, "%s", outcome.error.message);
    cr_assert(slc_directory_open(fake_sys_table(fake), LAB_DIR, &directory, &error) == SLC_OK);
}

static void teardown(void)
{
    slc_retainer_destroy(retainer);
    slc_directory_close(directory);
    fake_sys_destroy(fake);
    lab_destroy(lab);
}

TestSuite(retain, .init = setup, .fini = teardown, .timeout = 60);

static void use(const char *text)
{
    slc_retain_t retain;
    slc_retainer_destroy(retainer);
    retainer = NULL;
    cr_assert(slc_retain_parse(text, &retain, &error) == SLC_OK, "%s", error.message);
    cr_assert(slc_retainer_create(directory, &retain, &retainer, &error) == SLC_OK, "%s", error.message);
}

/* The state of a snapshot is of no matter here, only that it adds up. */
static void put_snapshot(uint64_t sequence)
{
    snapshot_script_t script = {.drops = 2, .records_per_drop = 11};
    slc_snapshot_source_t source = snapshot_script_source(&script, sequence);
    slc_snapshot_info_t info;
    cr_assert(slc_snapshot_write(directory, &source, &info, &error) == SLC_OK, "%s", error.message);
}

static size_t snapshots(void)
{
    uint64_t *found = NULL;
    size_t count = 0;
    cr_assert(slc_snapshot_find(directory, &found, &count, &error) == SLC_OK);
    free(found);
    return count;
}

static size_t segments(void)
{
    uint32_t *numbers = NULL;
    size_t count = 0;
    cr_assert(slc_segment_list(directory, &numbers, &count, &error) == SLC_OK);
    free(numbers);
    return count;
}

/* First event that the journal holds; its segments are one piece. */
static uint64_t reaches_back_to(void)
{
    uint32_t *numbers = NULL;
    size_t count = 0;
    slc_segment_header_t header;
    int fd = -1;
    cr_assert(slc_segment_list(directory, &numbers, &count, &error) == SLC_OK && count > 0);
    for (size_t i = 1; i < count; i++) {
        cr_expect(numbers[i] == numbers[i - 1] + 1, "a hole in the journal");
    }
    cr_assert(slc_segment_open(directory, numbers[0], 0, &fd, &header, &error) == SLC_OK);
    (void)directory->sys->close(directory->sys->self, fd);
    free(numbers);
    return header.first_sequence;
}

static slc_err_t sweep(void)
{
    return slc_retainer_sweep(retainer, NULL, NULL, &error);
}

/* Events in the middle and near the end of the journal. */
static uint64_t middle(void)
{
    return lab->event_count / 2;
}

Test(retain, texts_are_read_or_refused)
{
    static const char *const bad[] = {"",   "0", "1",   "1001",    "-2",      "+2",
                                      "2x", "x", "All", "archive", "archive:"};
    slc_retain_t retain;
    cr_assert(slc_retain_parse("2", &retain, &error) == SLC_OK && retain.snapshots == 2);
    cr_assert(slc_retain_parse("1000", &retain, &error) == SLC_OK && retain.snapshots == 1000);
    cr_assert(slc_retain_parse("all", &retain, &error) == SLC_OK && retain.snapshots == SLC_RETAIN_ALL);
    cr_assert(slc_retain_parse("archive:/x", &retain, &error) == SLC_OK && retain.snapshots == 2);
    cr_assert_str_eq(retain.archive, "/x");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert(slc_retain_parse(bad[i], &retain, &error) == SLC_ERR_CONFIG, "%s", bad[i]);
        cr_assert(strstr(error.message, "retain") != NULL);
    }
    char longest[SLC_RETAIN_PATH_BYTES + 16] = "archive:";
    (void)memset(longest + 8, 'd', SLC_RETAIN_PATH_BYTES - 1);
    cr_assert(slc_retain_parse(longest, &retain, &error) == SLC_OK);
    cr_assert(strlen(retain.archive) == SLC_RETAIN_PATH_BYTES - 1);
    longest[8 + SLC_RETAIN_PATH_BYTES - 1] = 'd';
    cr_assert(slc_retain_parse(longest, &retain, &error) == SLC_ERR_CONFIG, "never a part of a path");
}

Test(retain, nothing_goes_before_two_good_snapshots_cover_it)
{
    size_t before = segments();
    use("2");
    cr_assert(before > 4);
    cr_assert(sweep() == SLC_OK && segments() == before);
    put_snapshot(lab->event_count);
    cr_assert(sweep() == SLC_OK && segments() == before);
    put_snapshot(middle());
    cr_assert(sweep() == SLC_OK && segments() < before);
    cr_assert(reaches_back_to() <= middle() + 1 && reaches_back_to() > 1);
    cr_assert(snapshots() == 2);
}

Test(retain, a_segment_goes_exactly_when_the_next_one_begins_behind_the_snapshot)
{
    uint32_t *numbers = NULL;
    size_t count = 0;
    use("2");
    put_snapshot(lab->event_count);
    cr_assert(slc_segment_list(directory, &numbers, &count, &error) == SLC_OK);
    for (size_t i = 1; i < count; i++) {
        slc_segment_header_t header;
        int fd = -1;
        cr_assert(slc_segment_open(directory, numbers[i], 0, &fd, &header, &error) == SLC_OK);
        (void)directory->sys->close(directory->sys->self, fd);
        if (header.first_sequence > 2 && header.first_sequence <= lab->event_count) {
            put_snapshot(header.first_sequence - 2); /* one event short of it */
            cr_assert(sweep() == SLC_OK && reaches_back_to() < header.first_sequence);
            put_snapshot(header.first_sequence - 1);
            /* Two that count: this one has to be the older of them. */
            cr_assert(sweep() == SLC_OK && reaches_back_to() == header.first_sequence);
        }
    }
    free(numbers);
}

Test(retain, the_newest_segment_never_goes)
{
    use("2");
    put_snapshot(lab->event_count);
    put_snapshot(lab->event_count + 1);
    cr_assert(sweep() == SLC_OK && segments() == 1);
}

Test(retain, more_are_kept_where_more_are_wanted)
{
    size_t before = segments();
    use("all");
    for (uint64_t i = 0; i < 5; i++) {
        put_snapshot(lab->event_count - i);
    }
    cr_assert(sweep() == SLC_OK && snapshots() == 5 && segments() == before);
    use("4");
    cr_assert(sweep() == SLC_OK && snapshots() == 4);
    use("2");
    cr_assert(sweep() == SLC_OK && snapshots() == 2);
}

static void break_snapshot(uint64_t sequence, uint64_t offset)
{
    char name[SLC_SNAPSHOT_NAME_BYTES];
    char path[64] = LAB_DIR "/";
    uint8_t byte = 0xa5;
    slc_snapshot_name(sequence, name);
    fake_sys_poke(fake, strcat(path, name), &byte, 1, offset);
}

Test(retain, a_damaged_snapshot_counts_for_nothing_and_goes_when_two_good_ones_are_newer)
{
    size_t before = segments();
    use("2");
    put_snapshot(middle());
    put_snapshot(lab->event_count);
    break_snapshot(lab->event_count, 4300);
    cr_assert(sweep() == SLC_OK && segments() == before && snapshots() == 2);
    put_snapshot(lab->event_count + 1);
    cr_assert(sweep() == SLC_OK && reaches_back_to() <= middle() + 1 && snapshots() == 3);
    put_snapshot(lab->event_count + 2);
    cr_assert(sweep() == SLC_OK && snapshots() == 2 && segments() == 1);
}

Test(retain, one_whose_entries_do_not_add_up_to_its_digest_counts_for_nothing)
{
    snapshot_script_t script = {.drops = 2, .records_per_drop = 11};
    slc_snapshot_source_t source = snapshot_script_source(&script, middle());
    slc_snapshot_info_t info;
    source.info.digest++;
    cr_assert(slc_snapshot_write(directory, &source, &info, &error) == SLC_ERR_DAMAGED);
    cr_assert(snapshots() == 0, "it does not even get a name");
}

/* As many as may be remembered, and more: none of them is there, so that only memory is asked. */
Test(retain, what_is_remembered_as_good_has_an_end_and_is_read_again_behind_it)
{
    use("2");
    put_snapshot(middle());
    put_snapshot(lab->event_count);
    slc_retainer_note_good(retainer, middle());
    slc_retainer_note_good(retainer, lab->event_count);
    slc_retainer_note_good(retainer, lab->event_count);
    uint64_t bytes_read_with = 0;
    fake_sys_heal(fake);
    cr_assert(sweep() == SLC_OK && reaches_back_to() > 1);
    bytes_read_with = fake_sys_calls(fake, FAKE_PREAD);
    for (uint64_t sequence = 0; sequence < 3 * SLC_RETAIN_MAX; sequence++) {
        slc_retainer_note_good(retainer, UINT64_C(1) << 40 | sequence);
    }
    fake_sys_heal(fake);
    cr_assert(sweep() == SLC_OK && snapshots() == 2);
    cr_assert(fake_sys_calls(fake, FAKE_PREAD) > bytes_read_with, "two files are read again");
}

/* ---- archive ---- */

static void make_archive(void)
{
    const slc_sys_t *sys = directory->sys;
    cr_assert(sys->mkdir(sys->self, -100, "archive", 0700) == 0);
    int top = sys->open(sys->self, -100, ".", 0, 0);
    if (top >= 0) {
        cr_assert(sys->fsync(sys->self, top) == 0 && sys->close(sys->self, top) == 0);
    }
}

static size_t archived(fake_sys_t *of)
{
    char names[64][FAKE_NAME_BYTES];
    return fake_sys_names(of, "archive", names, 64);
}

Test(retain, what_goes_is_in_the_archive)
{
    size_t before = segments();
    make_archive();
    use("archive:archive");
    put_snapshot(middle() / 2);
    put_snapshot(middle());
    put_snapshot(lab->event_count);
    cr_assert(sweep() == SLC_OK, "%s", error.message);
    cr_assert(segments() < before && archived(fake) == before - segments() + 1);
}

Test(retain, an_archive_that_is_missing_is_refused)
{
    slc_retain_t retain;
    cr_assert(slc_retain_parse("archive:nowhere", &retain, &error) == SLC_OK);
    cr_assert(slc_retainer_create(directory, &retain, &retainer, &error) == SLC_ERR_CONFIG);
    retainer = NULL;
}

static void refuse_archive(fake_call_t call, uint64_t nth, int sys_errno, const char *words)
{
    slc_retain_t retain;
    cr_assert(slc_retain_parse("archive:archive", &retain, &error) == SLC_OK);
    fake_sys_fail(fake, call, nth, sys_errno, false);
    cr_assert(slc_retainer_create(directory, &retain, &retainer, &error) == SLC_ERR_CONFIG);
    cr_assert(retainer == NULL && fake_sys_faulted(fake));
    cr_assert(error.sys_errno == sys_errno && strstr(error.message, words) != NULL, "%s", error.message);
    fake_sys_heal(fake);
}

Test(retain, an_archive_that_nothing_can_be_moved_to_is_refused_before_anything_is_to_go)
{
    make_archive();
    refuse_archive(FAKE_LINK, 1, EXDEV, "own file system");
    refuse_archive(FAKE_LINK, 1, EROFS, "writable");
    refuse_archive(FAKE_UNLINK, 2, EACCES, "archive/probe.tmp");
    use("archive:archive"); /* what that left behind is no obstacle */
    cr_assert(archived(fake) == 0);
}

/* As a crash leaves it: archived already, and still here. It goes only once the two are known to be one.
 */
Test(retain, a_file_that_cannot_be_compared_with_its_twin_in_the_archive_stays)
{
    static const char here[] = LAB_DIR "/segment-0000000001.journal";
    static const fake_call_t calls[] = {FAKE_OPEN, FAKE_SIZE, FAKE_PREAD};
    unsigned stayed = 0;
    size_t bytes = 0;
    make_archive();
    put_snapshot(middle());
    put_snapshot(lab->event_count);
    const uint8_t *segment = fake_sys_file(fake, here, &bytes);
    fake_sys_put(fake, "archive/segment-0000000001.journal", segment, bytes);
    for (size_t call = 0; call < sizeof calls / sizeof calls[0]; call++) {
        for (uint64_t nth = 1; nth <= 6; nth++) {
            fake_sys_t *original = fake;
            slc_directory_t *original_directory = directory;
            fake = fake_sys_crash(original, FAKE_KEEP_ALL, 1);
            cr_assert(slc_directory_open(fake_sys_table(fake), LAB_DIR, &directory, &error) == SLC_OK);
            use("archive:archive");
            slc_retainer_note_good(retainer, middle());
            slc_retainer_note_good(retainer, lab->event_count);
            fake_sys_fail(fake, calls[call], nth, EIO, false);
            slc_err_t code = sweep();
            fake_sys_heal(fake);
            stayed += code != SLC_OK ? 1 : 0;
            cr_assert((fake_sys_file(fake, here, &bytes) == NULL) == (reaches_back_to() > 1));
            cr_assert(code == SLC_OK || strstr(error.message, "segment") != NULL, "%s", error.message);
            cr_assert(sweep() == SLC_OK && fake_sys_file(fake, here, &bytes) == NULL, "%s %lu: %s",
                      fake_call_name(calls[call]), (unsigned long)nth, error.message);
            slc_retainer_destroy(retainer); /* with the directory that it holds */
            retainer = NULL;
            slc_directory_close(directory);
            fake_sys_destroy(fake);
            fake = original;
            directory = original_directory;
        }
    }
    cr_assert(stayed >= 10, "%u", stayed);
}

Test(retain, an_archived_file_of_the_same_name_is_never_written_over)
{
    make_archive();
    fake_sys_put(fake, "archive/segment-0000000001.journal", "another", 7);
    use("archive:archive");
    put_snapshot(middle());
    put_snapshot(lab->event_count);
    size_t before = segments();
    cr_assert(sweep() == SLC_ERR_IO && segments() == before);
    size_t bytes = 0;
    cr_assert(memcmp(fake_sys_file(fake, "archive/segment-0000000001.journal", &bytes), "another", 7) ==
              0);
}

/* ---- crashes and faults ---- */

typedef struct judge {
    unsigned tried;
    size_t segments; /* at the beginning */
    bool archive;
} judge_t;

/* Whatever a power cut leaves: two snapshots, the journal one piece that reaches back to the older one's
 * end, and with an archive nothing is nowhere. */
static void judge(void *context, fake_sys_t *running, uint64_t change)
{
    static const fake_keep_t keeps[] = {FAKE_KEEP_DURABLE, FAKE_KEEP_ALL, FAKE_KEEP_SOME, FAKE_KEEP_SOME};
    judge_t *judged = context;
    slc_directory_t *running_directory = directory;
    for (unsigned i = 0; i < 12; i++) {
        fake_sys_t *left = fake_sys_crash(running, keeps[i % 4], change * 12 + i);
        directory = NULL;
        cr_assert(slc_directory_open(fake_sys_table(left), LAB_DIR, &directory, &error) == SLC_OK);
        /* Expected and not asserted: who watches may not leave, the file system is locked meanwhile. */
        cr_expect(snapshots() >= 2 && reaches_back_to() <= middle() + 1);
        cr_expect(!judged->archive || segments() + archived(left) >= judged->segments);
        slc_directory_close(directory);
        fake_sys_destroy(left);
        judged->tried++;
    }
    directory = running_directory;
}

static void crash_everywhere(bool archive)
{
    judge_t judged = {.segments = segments(), .archive = archive};
    put_snapshot(3);
    put_snapshot(middle());
    put_snapshot(lab->event_count);
    fake_sys_watch(fake, judge, &judged);
    cr_assert(sweep() == SLC_OK, "%s", error.message);
    fake_sys_watch(fake, NULL, NULL);
    cr_assert(judged.tried > 60);
}

Test(retain, a_power_cut_at_any_moment_leaves_what_is_needed)
{
    use("2");
    crash_everywhere(false);
}

Test(retain, a_power_cut_at_any_moment_leaves_everything_here_or_in_the_archive)
{
    make_archive();
    use("archive:archive");
    crash_everywhere(true);
}

Test(retain, a_call_that_fails_loses_nothing_and_the_next_sweep_goes_on)
{
    static const fake_call_t calls[] = {FAKE_OPEN, FAKE_PREAD,  FAKE_SIZE,
                                        FAKE_LIST, FAKE_UNLINK, FAKE_FSYNC};
    unsigned failures = 0;
    put_snapshot(3);
    put_snapshot(middle());
    put_snapshot(lab->event_count);
    for (size_t call = 0; call < sizeof calls / sizeof calls[0]; call++) {
        for (uint64_t nth = 1; nth < 8; nth++) {
            fake_sys_t *copy = fake_sys_crash(fake, FAKE_KEEP_ALL, 1);
            slc_directory_t *original = directory;
            cr_assert(slc_directory_open(fake_sys_table(copy), LAB_DIR, &directory, &error) == SLC_OK);
            use("2");
            fake_sys_fail(copy, calls[call], nth, EIO, false);
            failures += sweep() != SLC_OK ? 1 : 0;
            fake_sys_heal(copy);
            cr_assert(snapshots() >= 2 && reaches_back_to() <= middle() + 1);
            cr_assert(sweep() == SLC_OK && snapshots() == 2 && reaches_back_to() > 1);
            slc_directory_close(directory);
            directory = original;
            fake_sys_destroy(copy);
        }
    }
    cr_assert(failures > 20);
}
