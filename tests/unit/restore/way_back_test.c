/* The way back over calls that fail, over digests that are wrong at any event, and over snapshots that
 * are whole and yet no state. */
#include "../../lib/entries.h"
#include "../../lib/fake_sys.h"
#include "../../lib/journal_lab.h"

#include "logic/cut.h"
#include "restore/newest.h"
#include "snapshot/files.h"
#include "snapshot/write.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENT_BYTES 32768u
#define BLOCKS 24u
#define EVERY 5u

static lab_t *lab;
static fake_sys_t *fake;
static lab_outcome_t written;
static slc_error_t error;

/* Every fifth block a snapshot, all of them kept, and the whole journal. */
static void setup(void)
{
    lab = lab_create(BLOCKS, SEGMENT_BYTES);
    lab_take_snapshots(lab, EVERY);
    lab->keep_all = true;
    fake = fake_sys_create();
    lab_run(lab, fake_sys_table(fake), LAB_DIR, SIZE_MAX, true, &written);
    cr_assert(written.code == SLC_OK && written.snapshot > 0);
}

static void teardown(void)
{
    fake_sys_destroy(fake);
    lab_destroy(lab);
}

TestSuite(way_back, .init = setup, .fini = teardown);

/* ---- calls that fail ---- */

Test(way_back, over_any_call_that_fails_ends_or_takes_the_older_snapshot_and_changes_no_state)
{
    unsigned ended = 0;
    unsigned older = 0;
    bool faulted = true;
    for (uint64_t nth = 1; faulted; nth++) {
        lab_outcome_t back;
        fake_sys_t *machine = fake_sys_kill(fake);
        fake_sys_fail(machine, FAKE_ANY, nth, EIO, false);
        lab_restore(lab, fake_sys_table(machine), LAB_DIR, &back);
        faulted = fake_sys_faulted(machine);
        cr_assert(!back.wrong && back.code != SLC_ERR_DAMAGED, "call %" PRIu64 ": %s", nth,
                  back.error.message);
        if (back.code != SLC_OK) {
            cr_assert(back.code == SLC_ERR_IO && back.error.sys_errno == EIO, "%s", back.error.message);
            ended++;
        } else {
            cr_assert(back.acked == lab->event_count);
            cr_assert((back.restored.snapshots_refused > 0) ==
                      (back.restored.snapshot_sequence < written.snapshot));
            older += back.restored.snapshots_refused;
        }
        fake_sys_heal(machine);
        lab_restore(lab, fake_sys_table(machine), LAB_DIR, &back);
        cr_assert(back.came_back && !back.wrong && back.restored.snapshot_sequence == written.snapshot);
        fake_sys_destroy(machine);
    }
    cr_assert(ended > 10 && older > 1, "%u %u", ended, older);
}

static slc_sys_t real;
static char unwilling[64]; /* the name that cannot be opened */
static int refusal;

static int open_but_one(void *self, int dir, const char *name, int flags, mode_t mode)
{
    return strcmp(name, unwilling) == 0 ? -refusal : real.open(self, dir, name, flags, mode);
}

/* EIO is the disk's word about these bytes. Anything else may be gone a moment later, and the older
 * snapshot with its longer replay would hide it. */
Test(way_back, over_a_snapshot_that_cannot_be_opened_ends_unless_the_disk_has_lost_it)
{
    static const int refusals[] = {EIO, EACCES, EMFILE};
    real = *fake_sys_table(fake);
    slc_sys_t table = real;
    table.open = open_but_one;
    slc_snapshot_name(written.snapshot, unwilling);
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        lab_outcome_t back;
        refusal = refusals[i];
        lab_restore(lab, &table, LAB_DIR, &back);
        if (refusal == EIO) {
            cr_assert(back.code == SLC_OK && !back.wrong && back.restored.snapshots_refused == 1);
            cr_assert(strstr(back.restored.snapshot_why, unwilling) != NULL, "%s",
                      back.restored.snapshot_why);
        } else {
            cr_assert(back.code == SLC_ERR_IO && back.error.sys_errno == refusal, "%s",
                      back.error.message);
            cr_assert(strstr(back.error.message, unwilling) != NULL, "%s", back.error.message);
        }
    }
}

Test(way_back, over_a_segment_whose_header_is_damaged_is_refused_as_damage_and_syncs_what_is_before_it)
{
    lab_outcome_t back;
    char path[64];
    uint32_t last = 1;
    size_t bytes = 0;
    do {
        (void)snprintf(path, sizeof path, LAB_DIR "/segment-%010u.journal", ++last);
    } while (fake_sys_file(fake, path, &bytes) != NULL);
    (void)snprintf(path, sizeof path, LAB_DIR "/segment-%010u.journal", --last);
    fake_sys_poke(fake, path, "?", 1, 60);
    lab_restore(lab, fake_sys_table(fake), LAB_DIR, &back);
    cr_assert(back.code == SLC_ERR_DAMAGED, "%s", back.error.message);
    (void)snprintf(path, sizeof path, "segment %u, offset 0: the checksum", last);
    cr_assert(strstr(back.error.message, path) != NULL, "%s", back.error.message);
}

/* ---- digests that are wrong, at any event that a block tells of ---- */

typedef struct {
    unsigned all;
    unsigned at_the_snapshot; /* the state as it was loaded */
} refused_t;

/* `every`: a snapshot behind each so many blocks, 0: none. */
static void refuse_each_digest(size_t every, refused_t *refused)
{
    lab_t *wrong = lab_create_seeded(4711, every == 0 ? 60 : 30, SEGMENT_BYTES);
    if (every > 0) {
        lab_take_snapshots(wrong, every);
    }
    for (uint64_t sequence = 1; sequence <= wrong->event_count; sequence++) {
        lab_outcome_t outcome;
        lab_outcome_t back;
        fake_sys_t *machine = fake_sys_create();
        wrong->digests[sequence] ^= 1; /* what the engine noted */
        lab_run(wrong, fake_sys_table(machine), LAB_DIR, SIZE_MAX, true, &outcome);
        cr_assert(outcome.code == SLC_OK);
        wrong->digests[sequence] ^= 1;
        lab_restore(wrong, fake_sys_table(machine), LAB_DIR, &back);
        cr_assert(!back.wrong);
        if (back.code != SLC_OK) {
            char wanted[64];
            (void)snprintf(wanted, sizeof wanted, "replayed to event %" PRIu64 ", the state", sequence);
            cr_assert(back.code == SLC_ERR_DAMAGED && strstr(back.error.message, wanted) != NULL,
                      "%" PRIu64 ": %s", sequence, back.error.message);
            refused->all++;
            refused->at_the_snapshot += sequence == outcome.snapshot;
        }
        fake_sys_destroy(machine);
    }
    lab_destroy(wrong);
}

Test(way_back, notices_a_wrong_digest_at_each_event_that_a_block_tells_of)
{
    refused_t refused = {0};
    refuse_each_digest(0, &refused);
    cr_assert(refused.all > 25, "%u", refused.all);
}

Test(way_back, notices_a_wrong_digest_behind_a_snapshot_and_of_the_snapshot_itself)
{
    refused_t refused = {0};
    for (size_t every = 3; every < 12; every++) {
        refuse_each_digest(every, &refused);
    }
    cr_assert(refused.all > 10 && refused.at_the_snapshot > 0, "%u %u", refused.all,
              refused.at_the_snapshot);
}

/* ---- one snapshot among several ---- */

static slc_directory_t *open_directory(void)
{
    slc_directory_t *directory = NULL;
    cr_assert(slc_directory_open(fake_sys_table(fake), LAB_DIR, &directory, &error) == SLC_OK);
    return directory;
}

Test(way_back, to_an_event_begins_with_the_newest_snapshot_at_or_before_it)
{
    slc_directory_t *directory = open_directory();
    uint64_t *sequences = NULL;
    size_t count = 0;
    cr_assert(slc_snapshot_find(directory, &sequences, &count, &error) == SLC_OK && count >= 4);
    for (size_t i = 0; i <= count; i++) {
        for (uint64_t before = 0; before < 2; before++) {
            slc_newest_t newest;
            slc_watch_t watch = slc_watch_begin(directory->sys, NULL, NULL);
            uint64_t until = i < count ? sequences[i] - before : UINT64_MAX;
            uint64_t wanted = i == count    ? sequences[i - 1]
                              : before == 0 ? sequences[i]
                              : i == 0      ? 0
                                            : sequences[i - 1];
            cr_assert(slc_newest_load(directory, until, &watch, &newest, &error) == SLC_OK);
            cr_assert(newest.info.sequence == wanted && newest.last_name == wanted);
            cr_assert(newest.refused == 0 && slc_logic_sequence(newest.logic) == wanted);
            cr_assert(slc_logic_digest(newest.logic) == lab->digests[wanted]);
            slc_logic_destroy(newest.logic);
        }
    }
    free(sequences);
    slc_directory_close(directory);
}

/* ---- snapshots that are whole, add up to their digest, and are no state ---- */

typedef struct {
    entries_t *entries;
    size_t at;
} listed_t;

static bool next_listed(void *context, slc_entry_t *ret_entry)
{
    listed_t *listed = context;
    if (listed->at == listed->entries->count) {
        return false;
    }
    *ret_entry = listed->entries->list[listed->at++];
    return true;
}

static bool next_of_cut(void *context, slc_entry_t *ret_entry)
{
    return slc_cut_next(context, ret_entry);
}

Test(way_back, over_a_snapshot_whose_entries_contradict_each_other_takes_the_one_before)
{
    entries_t entries = {0};
    listed_t listed = {.entries = &entries};
    entries_sum_t sum = {0};
    lab_outcome_t back;
    slc_snapshot_info_t info;
    slc_entry_t drop = {.kind = SLC_ENTRY_DROP};
    drop.as.drop = (slc_drop_info_t){
        .drop_id = 1, .stock = 5, .remaining = 5, .opens_at_us = 9, .closes_at_us = 8, .name = "wrong"};
    entries_add(&entries, &drop);
    entries_sum_add(&sum, &drop);
    entries_sum_finish(&sum);
    slc_directory_t *directory = open_directory();
    const slc_snapshot_source_t source = {.info = {.sequence = lab->event_count,
                                                   .time_us = lab->blocks[BLOCKS - 1].time_us,
                                                   .digest = sum.digest,
                                                   .drops = 1},
                                          .next = next_listed,
                                          .context = &listed};
    cr_assert(slc_snapshot_write(directory, &source, &info, &error) == SLC_OK, "%s", error.message);
    slc_directory_close(directory);
    lab_restore(lab, fake_sys_table(fake), LAB_DIR, &back);
    cr_assert(back.code == SLC_OK && !back.wrong && back.acked == lab->event_count, "%s",
              back.error.message);
    cr_assert(back.restored.snapshot_sequence == written.snapshot &&
              back.restored.snapshots_refused == 1);
    cr_assert(strstr(back.restored.snapshot_why, "closes") != NULL, "%s", back.restored.snapshot_why);
    entries_finish(&entries);
}

static uint64_t hasty_clock(void *self)
{
    static uint64_t now;
    (void)self;
    return now += UINT64_C(1000000000);
}

static uint64_t told;

static void note_progress(void *context, uint64_t done, uint64_t total, uint64_t events)
{
    (void)context;
    cr_assert(done <= total && events == 0, "%" PRIu64 " of %" PRIu64, done, total);
    told++;
}

/* Operators' keys are not counted in its header. */
Test(way_back, over_a_snapshot_of_more_entries_than_it_announces_tells_no_more_than_all_of_it)
{
    slc_directory_t *directory = open_directory();
    slc_logic_t *logic = slc_logic_create();
    slc_logic_t *loaded = NULL;
    slc_snapshot_info_t info;
    slc_answer_t answer;
    for (uint64_t sequence = 1; sequence <= 9000; sequence++) {
        slc_event_t event = {.sequence = sequence, .time_us = 5, .op_key = sequence};
        event.kind = sequence == 1 ? SLC_EVENT_DROP_OPENED : SLC_EVENT_STOCK_ADJUSTED;
        if (sequence == 1) {
            event.as.drop_opened.drop_id = 1;
            event.as.drop_opened.name = (slc_text_t){"", 0};
        } else {
            event.as.stock_adjusted.drop_id = 1;
            event.as.stock_adjusted.delta = 1;
        }
        slc_logic_apply(logic, &event, &answer, NULL);
    }
    slc_cut_t *cut = slc_logic_cut_begin(logic);
    while (slc_logic_cut_step(logic, 1) == SLC_CUT_MORE) {
    }
    const slc_snapshot_source_t source = {.info = slc_cut_info(cut), .next = next_of_cut, .context = cut};
    cr_assert(slc_snapshot_write(directory, &source, &info, &error) == SLC_OK, "%s", error.message);
    slc_logic_cut_end(logic, cut);
    slc_sys_t hasty = *fake_sys_table(fake);
    hasty.monotonic_ns = hasty_clock;
    slc_watch_t watch = slc_watch_begin(&hasty, note_progress, NULL);
    cr_assert(slc_newest_load_one(directory, 9000, &watch, &loaded, &info, &error) == SLC_OK, "%s",
              error.message);
    cr_assert(told >= 3 && slc_logic_digest(loaded) == slc_logic_digest(logic));
    slc_logic_destroy(loaded);
    slc_logic_destroy(logic);
    slc_directory_close(directory);
}
