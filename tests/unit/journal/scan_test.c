/* The scan beside a server that goes on writing between any two of its reads: it sees a beginning of the
 * journal, at least what was there when it began, and never takes growth for damage. */
#include "../../lib/fake_sys.h"
#include "../../lib/journal_lab.h"

#include "journal/scan.h"

#include <criterion/criterion.h>
#include <stdio.h>

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
