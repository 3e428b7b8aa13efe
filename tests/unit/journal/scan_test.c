/* The scan beside a server that goes on writing between any two of its reads: it sees a beginning of the
 * journal, at least what was there when it began, and never takes growth for damage. */
#include "../../lib/fake_sys.h"
#include "../../lib/journal_lab.h"

#include "base/bytes.h"
#include "journal/scan.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BLOCKS 24u
#define SEGMENT_BYTES 32768u

static lab_t *lab;
static fake_sys_t *later; /* the whole script */
static slc_sys_t real;    /* the calls of the file system that is read */
static fake_sys_t *fake;  /* that one */
static uint64_t calls_left;

static void setup(void)
{
    lab_outcome_t outcome;
    lab = lab_create(BLOCKS, SEGMENT_BYTES);
    later = fake_sys_create();
    lab_run(lab, fake_sys_table(later), LAB_DIR, SIZE_MAX, true, &outcome);
    cr_assert(outcome.code == SLC_OK);
}

static void teardown(void)
{
    fake_sys_destroy(later);
    lab_destroy(lab);
}

TestSuite(scan, .init = setup, .fini = teardown);

/* The server writes all that is still to come. */
static void grow(void)
{
    char names[FAKE_ENTRIES_MAX][FAKE_NAME_BYTES];
    size_t count = fake_sys_names(later, LAB_DIR, names, FAKE_ENTRIES_MAX);
    for (size_t i = 0; i < count; i++) {
        char path[128];
        size_t bytes = 0;
        size_t before = 0;
        (void)snprintf(path, sizeof path, "%s/%.95s", LAB_DIR, names[i]);
        const uint8_t *content = fake_sys_file(later, path, &bytes);
        if (fake_sys_file(fake, path, &before) == NULL) {
            fake_sys_put(fake, path, content, bytes);
        } else {
            fake_sys_poke(fake, path, content, bytes, 0);
        }
    }
}

static ssize_t growing_pread(void *self, int fd, void *bytes, size_t count, uint64_t offset)
{
    if (calls_left > 0 && --calls_left == 0) {
        grow();
    }
    return real.pread(self, fd, bytes, count, offset);
}

static int growing_list(void *self, int dir, slc_sys_name_fn each, void *context)
{
    if (calls_left > 0 && --calls_left == 0) {
        grow();
    }
    return real.list(self, dir, each, context);
}

/* Reads all; answers the last event. */
static uint64_t scan_all(const slc_sys_t *sys, slc_verdict_t *ret_verdict)
{
    slc_directory_t *directory = NULL;
    slc_scan_t *scan = NULL;
    slc_scanned_t block;
    slc_error_t error = {0};
    uint64_t last = 0;
    slc_err_t code = slc_directory_open_readonly(sys, LAB_DIR, &directory, &error);
    cr_assert(code == SLC_OK && slc_scan_open(directory, NULL, NULL, &scan, &error) == SLC_OK);
    while ((code = slc_scan_next(scan, &block, &error)) == SLC_OK) {
        cr_assert(block.header.first_sequence == last + 1);
        last += block.header.events;
    }
    cr_assert(code == SLC_END, "%s", error.message);
    *ret_verdict =
        slc_scan_end(scan)->rule == NULL ? SLC_VERDICT_OPEN : slc_scan_end(scan)->rule->verdict;
    slc_scan_close(scan);
    slc_directory_close(directory);
    return last;
}

Test(scan, takes_growth_between_any_two_calls_for_growth)
{
    for (size_t until = 0; until < BLOCKS; until++) {
        uint64_t grown = 0;
        for (uint64_t call = 1; call < 60; call++) {
            lab_outcome_t outcome;
            slc_verdict_t verdict = SLC_VERDICT_DAMAGED;
            fake = fake_sys_create();
            lab_run(lab, fake_sys_table(fake), LAB_DIR, until, false, &outcome);
            real = *fake_sys_table(fake);
            slc_sys_t growing = real;
            growing.pread = growing_pread;
            growing.list = growing_list;
            calls_left = call;
            uint64_t last = scan_all(&growing, &verdict);
            cr_assert(last >= outcome.acked && last <= lab->event_count);
            cr_assert(verdict == SLC_VERDICT_OPEN || verdict == SLC_VERDICT_SEALED);
            grown += calls_left == 0;
            fake_sys_destroy(fake);
        }
        cr_assert(grown > 3);
    }
}

/* Half of a block is there, then the rest and all behind it. */
Test(scan, takes_a_block_that_is_being_written_for_an_open_end)
{
    lab_outcome_t outcome;
    slc_verdict_t verdict = SLC_VERDICT_DAMAGED;
    size_t bytes = 0;
    fake = fake_sys_create();
    lab_run(lab, fake_sys_table(fake), LAB_DIR, 3, false, &outcome);
    const char *path = LAB_DIR "/segment-0000000001.journal";
    const uint8_t *whole = fake_sys_file(later, path, &bytes);
    lab_outcome_t back;
    lab_restore(lab, fake_sys_table(fake), LAB_DIR, &back);
    uint64_t offset = back.restored.end.offset;
    fake_sys_poke(fake, path, whole + offset, 1000, offset);
    cr_assert(scan_all(fake_sys_table(fake), &verdict) == outcome.acked && verdict == SLC_VERDICT_TORN);
    for (uint64_t call = 1; call < 12; call++) {
        fake_sys_t *half = fake;
        fake = fake_sys_kill(half);
        real = *fake_sys_table(fake);
        slc_sys_t growing = real;
        growing.pread = growing_pread;
        calls_left = call;
        cr_assert(scan_all(&growing, &verdict) >= outcome.acked);
        fake_sys_destroy(fake);
        fake = half;
    }
    fake_sys_destroy(fake);
}

/* ---- blocks ahead ---- */

typedef struct {
    uint64_t checked; /* first sequence of the last block that was checked */
    uint64_t blocks;
} ahead_t;

static void note_ahead(void *context, const slc_block_header_t *header)
{
    ahead_t *ahead = context;
    cr_assert(header->first_sequence >= ahead->checked);
    ahead->checked = header->first_sequence;
    ahead->blocks++;
}

Test(scan, checks_blocks_ahead_of_handing_them_out)
{
    slc_directory_t *directory = NULL;
    slc_scan_t *scan = NULL;
    slc_scanned_t block;
    ahead_t ahead = {0};
    uint64_t handed_out = 0;
    cr_assert(slc_directory_open_readonly(fake_sys_table(later), LAB_DIR, &directory, NULL) == SLC_OK);
    cr_assert(slc_scan_open(directory, note_ahead, &ahead, &scan, NULL) == SLC_OK);
    while (slc_scan_next(scan, &block, NULL) == SLC_OK) {
        handed_out++;
        cr_assert(ahead.checked >= block.header.first_sequence);
        /* The next segment's blocks are known before the last of this one is handed out. */
        cr_assert(ahead.blocks > handed_out || block.header.first_sequence > lab->event_count);
    }
    cr_assert(ahead.blocks == handed_out);
    slc_scan_close(scan);
    slc_directory_close(directory);
}

/* ---- not from the beginning ---- */

static slc_directory_t *opened(const slc_sys_t *sys)
{
    slc_directory_t *directory = NULL;
    cr_assert(slc_directory_open_readonly(sys, LAB_DIR, &directory, NULL) == SLC_OK);
    return directory;
}

static const char *segment_name(uint32_t number)
{
    static char path[64];
    (void)snprintf(path, sizeof path, "%s/segment-%010u.journal", LAB_DIR, number);
    return path;
}

/* First sequence of each segment, by number; behind the last one 0. */
static uint32_t list_segments(fake_sys_t *where, uint64_t firsts[FAKE_ENTRIES_MAX])
{
    uint32_t number = 1;
    size_t bytes = 0;
    const uint8_t *content;
    while ((content = fake_sys_file(where, segment_name(number), &bytes)) != NULL) {
        firsts[number++] = slc_load_u64(content + 56);
    }
    firsts[number] = 0;
    return number - 1;
}

/* Scans behind `after`; answers how it ended, and the sequences of the first and the last event. */
static slc_err_t scan_behind(fake_sys_t *where, uint64_t after, uint64_t *ret_first, uint64_t *ret_last,
                             slc_error_t *ret_error)
{
    slc_directory_t *directory = opened(fake_sys_table(where));
    slc_scan_t *scan = NULL;
    slc_scanned_t block;
    slc_err_t code;
    *ret_first = 0;
    *ret_last = 0;
    cr_assert(slc_scan_open(directory, NULL, NULL, &scan, NULL) == SLC_OK);
    slc_scan_behind(scan, after);
    while ((code = slc_scan_next(scan, &block, ret_error)) == SLC_OK) {
        *ret_first = *ret_first == 0 ? block.header.first_sequence : *ret_first;
        *ret_last = block.header.first_sequence + block.header.events - 1;
    }
    if (code == SLC_END) {
        cr_assert(slc_scan_end(scan)->end.sequence == *ret_last);
    }
    slc_scan_close(scan);
    slc_directory_close(directory);
    return code;
}

Test(scan, behind_an_event_begins_in_the_segment_that_holds_it_and_touches_none_before)
{
    uint64_t firsts[FAKE_ENTRIES_MAX];
    uint64_t first = 0;
    uint64_t last = 0;
    slc_error_t error = {0};
    uint32_t segments = list_segments(later, firsts);
    cr_assert(segments >= 4);
    for (uint64_t after = 1; after <= lab->event_count; after++) {
        uint32_t holder = segments;
        while (firsts[holder] > after) {
            holder--;
        }
        fake = fake_sys_kill(later);
        for (uint32_t number = 1; number < holder; number++) {
            fake_sys_poke(fake, segment_name(number), "?", 1, 0); /* nobody is to look */
        }
        cr_assert(scan_behind(fake, after, &first, &last, &error) == SLC_END, "%s", error.message);
        cr_assert(first == firsts[holder] && last == lab->event_count);
        for (uint32_t number = 1; number < holder; number++) {
            fake_sys_remove(fake, segment_name(number));
        }
        cr_assert(scan_behind(fake, after, &first, &last, &error) == SLC_END, "%s", error.message);
        cr_assert(first == firsts[holder] && last == lab->event_count);
        fake_sys_destroy(fake);
    }
}

Test(scan, of_a_journal_that_does_not_reach_back_names_its_first_segment)
{
    uint64_t firsts[FAKE_ENTRIES_MAX];
    uint64_t first = 0;
    uint64_t last = 0;
    slc_error_t error = {0};
    uint32_t segments = list_segments(later, firsts);
    fake = fake_sys_kill(later);
    for (uint32_t kept = 2; kept <= segments; kept++) {
        char wanted[128];
        fake_sys_remove(fake, segment_name(kept - 1));
        /* The first event kept is the first one needed: just enough. */
        cr_assert(scan_behind(fake, firsts[kept] - 1, &first, &last, &error) == SLC_END, "%s",
                  error.message);
        cr_assert(first == firsts[kept] && last == lab->event_count);
        cr_assert(scan_behind(fake, firsts[kept] - 2, &first, &last, &error) == SLC_ERR_DAMAGED);
        (void)snprintf(wanted, sizeof wanted,
                       "segment %u, offset 0: the journal no longer reaches back to event %llu", kept,
                       (unsigned long long)firsts[kept] - 1);
        cr_assert(strstr(error.message, wanted) != NULL, "%s", error.message);
        cr_assert(scan_behind(fake, 0, &first, &last, &error) == SLC_ERR_DAMAGED);
        cr_assert(strstr(error.message, "segment 1, offset 0: the segment is missing") != NULL, "%s",
                  error.message);
    }
    fake_sys_remove(fake, segment_name(segments));
    cr_assert(scan_behind(fake, lab->event_count, &first, &last, &error) == SLC_ERR_DAMAGED);
    cr_assert(strstr(error.message, "all of its segments are missing") != NULL, "%s", error.message);
    fake_sys_destroy(fake);
}

Test(scan, on_its_way_back_to_an_event_meets_a_hole)
{
    uint64_t firsts[FAKE_ENTRIES_MAX];
    uint64_t first = 0;
    uint64_t last = 0;
    slc_error_t error = {0};
    (void)list_segments(later, firsts);
    fake = fake_sys_kill(later);
    fake_sys_remove(fake, segment_name(3));
    cr_assert(scan_behind(fake, firsts[2] + 1, &first, &last, &error) == SLC_ERR_DAMAGED);
    cr_assert(strstr(error.message, "segment 3, offset 0: the segment is missing") != NULL, "%s",
              error.message);
    cr_assert(scan_behind(fake, firsts[4], &first, &last, &error) == SLC_END, "%s", error.message);
    fake_sys_destroy(fake);
}

/* ---- beside a server that removes segments ---- */

static uint32_t remove_until; /* the newest that goes */
static bool behind_the_list;

static void shrink(void)
{
    size_t bytes = 0;
    for (uint32_t number = 1; number <= remove_until; number++) {
        if (fake_sys_file(fake, segment_name(number), &bytes) != NULL) {
            fake_sys_remove(fake, segment_name(number));
        }
    }
}

static int shrinking_open(void *self, int dir, const char *name, int flags, mode_t mode)
{
    if (calls_left > 0 && --calls_left == 0) {
        shrink();
    }
    return real.open(self, dir, name, flags, mode);
}

static int shrinking_list(void *self, int dir, slc_sys_name_fn each, void *context)
{
    bool now = calls_left > 0 && --calls_left == 0;
    if (now && !behind_the_list) {
        shrink();
    }
    int code = real.list(self, dir, each, context);
    if (now && behind_the_list) {
        shrink();
    }
    return code;
}

/* Reads all that is kept, beginning again where it was overtaken; answers how often that was. */
static unsigned scan_kept(const slc_sys_t *sys, uint64_t *ret_first)
{
    slc_directory_t *directory = opened(sys);
    slc_scan_t *scan = NULL;
    slc_scanned_t block;
    slc_error_t error = {0};
    slc_err_t code;
    unsigned again = 0;
    uint64_t last = 0;
    *ret_first = 0;
    cr_assert(slc_scan_open(directory, NULL, NULL, &scan, NULL) == SLC_OK);
    slc_scan_kept(scan);
    while ((code = slc_scan_next(scan, &block, &error)) != SLC_END) {
        if (code == SLC_ERR_IO && error.sys_errno == ENOENT) {
            cr_assert(strstr(error.message, "was removed") != NULL, "%s", error.message);
            again++;
            *ret_first = 0;
            cr_assert(slc_scan_seek(scan, 0, &error) == SLC_OK, "%s", error.message);
            continue;
        }
        cr_assert(code == SLC_OK, "%s", error.message);
        cr_assert(*ret_first == 0 || block.header.first_sequence == last + 1);
        *ret_first = *ret_first == 0 ? block.header.first_sequence : *ret_first;
        last = block.header.first_sequence + block.header.events - 1;
    }
    cr_assert(last == lab->event_count);
    slc_scan_close(scan);
    slc_directory_close(directory);
    return again;
}

Test(scan, overtaken_by_a_server_that_removes_segments_begins_again_with_what_is_kept)
{
    uint64_t firsts[FAKE_ENTRIES_MAX];
    uint64_t first = 0;
    unsigned overtaken = 0;
    unsigned in_time = 0;
    uint32_t segments = list_segments(later, firsts);
    for (remove_until = 1; remove_until < segments; remove_until++) {
        for (uint64_t call = 1; call < 30; call++) {
            fake = fake_sys_kill(later);
            real = *fake_sys_table(fake);
            slc_sys_t shrinking = real;
            shrinking.open = shrinking_open;
            shrinking.list = shrinking_list;
            behind_the_list = call % 2 == 0;
            calls_left = call;
            unsigned again = scan_kept(&shrinking, &first);
            cr_assert(again <= 1);
            cr_assert(first == 1 || first == firsts[remove_until + 1]);
            overtaken += again;
            in_time += again == 0 && first != 1;
            fake_sys_destroy(fake);
        }
    }
    cr_assert(overtaken > 5 && in_time > 5);
}

Test(scan, of_what_is_kept_still_takes_a_hole_for_damage)
{
    slc_scan_t *scan = NULL;
    slc_scanned_t block;
    slc_error_t error = {0};
    slc_err_t code;
    fake = fake_sys_kill(later);
    fake_sys_remove(fake, segment_name(1));
    fake_sys_remove(fake, segment_name(3));
    slc_directory_t *directory = opened(fake_sys_table(fake));
    cr_assert(slc_scan_open(directory, NULL, NULL, &scan, NULL) == SLC_OK);
    slc_scan_kept(scan);
    while ((code = slc_scan_next(scan, &block, &error)) == SLC_OK) {
        cr_assert(block.segment == 2);
    }
    cr_assert(code == SLC_ERR_DAMAGED, "%s", error.message);
    cr_assert(strstr(error.message, "segment 3, offset 0: the segment is missing") != NULL, "%s",
              error.message);
    slc_scan_close(scan);
    slc_directory_close(directory);
    fake_sys_destroy(fake);
}
