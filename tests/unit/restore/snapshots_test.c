/* Recovery with snapshots: each way in which snapshots and journal can stand to each other gives the
 * right state, or is refused with the place; never another state. */
#include "../../lib/fake_sys.h"
#include "../../lib/journal_lab.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "snapshot/files.h"
#include "snapshot/format.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENT_BYTES 32768u
#define BLOCKS 24u
#define EVERY 5u

static lab_t *lab;
static fake_sys_t *fake;
static lab_outcome_t written;
static uint64_t sequences[FAKE_ENTRIES_MAX]; /* of the snapshots there, rising */
static size_t snapshots;
static char path[128];

static void list_snapshots(void)
{
    char names[FAKE_ENTRIES_MAX][FAKE_NAME_BYTES];
    size_t count = fake_sys_names(fake, LAB_DIR, names, FAKE_ENTRIES_MAX);
    snapshots = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t sequence = slc_snapshot_sequence_of_name(names[i]);
        for (size_t at = snapshots; sequence != 0; at--) {
            bool here = at == 0 || sequences[at - 1] < sequence;
            sequences[at] = here ? sequence : sequences[at - 1];
            if (here) {
                snapshots++;
                break;
            }
        }
    }
}

static void write_all(void)
{
    fake_sys_destroy(fake);
    fake = fake_sys_create();
    lab_run(lab, fake_sys_table(fake), LAB_DIR, SIZE_MAX, true, &written);
    cr_assert(written.code == SLC_OK && written.acked == lab->event_count, "%s", written.error.message);
    list_snapshots();
}

/* Two snapshots, and the segments behind the older one. */
static void setup(void)
{
    lab = lab_create(BLOCKS, SEGMENT_BYTES);
    lab_take_snapshots(lab, EVERY);
    write_all();
    cr_assert(snapshots == 2 && sequences[1] == written.snapshot);
}

static void teardown(void)
{
    fake_sys_destroy(fake);
    lab_destroy(lab);
}

TestSuite(snapshots, .init = setup, .fini = teardown);

/* The same script, with all that it ever wrote kept. */
static void keep_all(void)
{
    lab->keep_all = true;
    write_all();
    cr_assert(snapshots == BLOCKS / EVERY);
}

static const char *snapshot_path(uint64_t sequence)
{
    (void)snprintf(path, sizeof path, LAB_DIR "/snapshot-%020llu.snap", (unsigned long long)sequence);
    return path;
}

static const char *segment_path(uint32_t number)
{
    (void)snprintf(path, sizeof path, LAB_DIR "/segment-%010u.journal", number);
    return path;
}

static bool is_there(const char *file)
{
    size_t bytes = 0;
    return fake_sys_file(fake, file, &bytes) != NULL;
}

static uint32_t first_segment(void)
{
    uint32_t number = 1;
    while (!is_there(segment_path(number))) {
        number++;
    }
    return number;
}

static uint32_t last_segment(void)
{
    uint32_t number = first_segment();
    while (is_there(segment_path(number + 1))) {
        number++;
    }
    return number;
}

static uint64_t first_sequence(uint32_t number)
{
    size_t bytes = 0;
    return slc_load_u64(fake_sys_file(fake, segment_path(number), &bytes) + 56);
}

/* A byte of the first block of entries. */
static void damage(uint64_t sequence)
{
    fake_sys_poke(fake, snapshot_path(sequence), "?", 1, SLC_SNAPSHOT_HEADER_BYTES + 60);
}

static lab_outcome_t back;

static void expect_state_from(uint64_t snapshot, uint32_t refused)
{
    lab_restore(lab, fake_sys_table(fake), LAB_DIR, &back);
    cr_assert(back.code == SLC_OK && !back.wrong, "%s", back.error.message);
    cr_assert(back.restored.end.sequence == lab->event_count);
    cr_assert(back.restored.snapshot_sequence == snapshot && back.restored.snapshots_refused == refused);
    cr_assert(back.restored.events == lab->event_count - snapshot);
    cr_assert((back.restored.snapshot_bytes == 0) == (snapshot == 0));
}

/* Refused with all of these words, and nothing changed: the next start says the same. */
static void expect_refused(const char *first, const char *second, const char *third)
{
    for (int twice = 0; twice < 2; twice++) {
        lab_restore(lab, fake_sys_table(fake), LAB_DIR, &back);
        cr_assert(back.code == SLC_ERR_DAMAGED, "%d %s", back.code, back.error.message);
        cr_assert(strstr(back.error.message, first) != NULL, "%s", back.error.message);
        cr_assert(strstr(back.error.message, second) != NULL, "%s", back.error.message);
        cr_assert(strstr(back.error.message, third) != NULL, "%s", back.error.message);
        cr_assert(strstr(back.error.message, "replay verify " LAB_DIR) != NULL, "%s", back.error.message);
    }
}

/* ---- good ones ---- */

Test(snapshots, the_newest_one_is_loaded_and_only_what_is_behind_it_replayed)
{
    cr_assert(first_segment() > 1);
    expect_state_from(sequences[1], 0);
    cr_assert(back.restored.snapshot_why[0] == '\0' && back.restored.snapshot_written_us > 0);
    cr_assert(back.restored.digest_pairs > 0);
}

Test(snapshots, at_every_place_of_every_block_give_the_state_of_a_full_replay)
{
    unsigned inside = 0;
    unsigned at_the_end = 0;
    for (size_t block = 0; block < BLOCKS; block++) {
        for (uint32_t events = 1; events <= lab->blocks[block].events;
             events += events < 4 || events + 2 >= lab->blocks[block].events ? 1 : 50) {
            for (size_t i = 0; i < BLOCKS; i++) {
                lab->blocks[i].snapshot_events = i == block ? events : 0;
            }
            write_all();
            cr_assert(snapshots == 1);
            expect_state_from(lab->blocks[block].first + events - 1, 0);
            inside += events < lab->blocks[block].events;
            at_the_end += sequences[0] == lab->event_count;
        }
    }
    cr_assert(inside > 20 && at_the_end == 1);
}

Test(snapshots, do_not_keep_the_journal_from_going_on)
{
    for (size_t until = 0; until < BLOCKS; until++) {
        lab_outcome_t again;
        fake_sys_destroy(fake);
        fake = fake_sys_create();
        lab_run(lab, fake_sys_table(fake), LAB_DIR, until, until % 2 == 0, &again);
        lab_run(lab, fake_sys_table(fake), LAB_DIR, SIZE_MAX, true, &again);
        cr_assert(again.code == SLC_OK && !again.wrong && again.acked == lab->event_count, "%s",
                  again.error.message);
        list_snapshots();
        expect_state_from(sequences[snapshots - 1], 0);
    }
}

Test(snapshots, read_only_the_segments_behind_them)
{
    keep_all();
    uint64_t all = fake_sys_calls(fake, FAKE_FSYNC);
    uint32_t last = last_segment();
    cr_assert(last >= 6);
    /* Nobody is to look at the segments before: damage there is not in the way. */
    uint32_t holder = last;
    while (first_sequence(holder) > sequences[snapshots - 1]) {
        holder--;
    }
    for (uint32_t number = 1; number < holder; number++) {
        fake_sys_poke(fake, segment_path(number), "?", 1, 0);
    }
    all = fake_sys_calls(fake, FAKE_FSYNC);
    expect_state_from(sequences[snapshots - 1], 0);
    /* Each needed segment once, the directory, and the lock. */
    cr_assert(fake_sys_calls(fake, FAKE_FSYNC) - all == (last - holder + 1) + 2);
}

Test(snapshots, half_written_under_the_temporary_name_are_not_looked_at_and_removed)
{
    size_t bytes = 0;
    const uint8_t *whole = fake_sys_file(fake, snapshot_path(sequences[1]), &bytes);
    fake_sys_put(fake, LAB_DIR "/" SLC_SNAPSHOT_TEMPORARY_NAME, whole, bytes / 2);
    expect_state_from(sequences[1], 0);
    cr_assert(!is_there(LAB_DIR "/" SLC_SNAPSHOT_TEMPORARY_NAME));
    fake_sys_put(fake, LAB_DIR "/snapshot-123.snap", whole, bytes); /* no snapshot's name */
    expect_state_from(sequences[1], 0);
}

/* ---- bad ones ---- */

Test(snapshots, damaged_give_way_to_the_one_before_with_a_reason)
{
    damage(sequences[1]);
    expect_state_from(sequences[0], 1);
    char name[64];
    (void)snprintf(name, sizeof name,
                   "snapshot-%020llu.snap, offset 4096: ", (unsigned long long)sequences[1]);
    cr_assert(strstr(back.restored.snapshot_why, name) != NULL, "%s", back.restored.snapshot_why);
    cr_assert(strstr(back.restored.snapshot_why, "checksum") != NULL, "%s", back.restored.snapshot_why);
}

Test(snapshots, at_every_bit_of_the_newest_flipped_give_way_or_hold)
{
    size_t bytes = 0;
    (void)fake_sys_file(fake, snapshot_path(sequences[1]), &bytes);
    for (size_t at = 0; at < bytes; at += at < SLC_SNAPSHOT_HEADER_BYTES + 64 ? 3 : 61) {
        uint8_t byte = fake_sys_file(fake, snapshot_path(sequences[1]), &bytes)[at];
        uint8_t flipped = byte ^ (uint8_t)(1u << at % 8);
        fake_sys_poke(fake, snapshot_path(sequences[1]), &flipped, 1, at);
        expect_state_from(sequences[0], 1);
        fake_sys_poke(fake, snapshot_path(sequences[1]), &byte, 1, at);
    }
    expect_state_from(sequences[1], 0);
}

Test(snapshots, cut_off_anywhere_give_way_to_the_one_before)
{
    size_t bytes = 0;
    const uint8_t *now = fake_sys_file(fake, snapshot_path(sequences[1]), &bytes);
    uint8_t *whole = malloc(bytes);
    cr_assert(whole != NULL);
    memcpy(whole, now, bytes);
    for (size_t cut = 0; cut < bytes; cut += cut < 10 ? 1 : 997) {
        fake_sys_cut_file(fake, snapshot_path(sequences[1]), cut);
        expect_state_from(sequences[0], 1);
        fake_sys_put(fake, snapshot_path(sequences[1]), whole, bytes);
    }
    free(whole);
}

Test(snapshots, all_damaged_leave_the_whole_journal_to_be_replayed)
{
    keep_all();
    for (size_t i = 0; i < snapshots; i++) {
        damage(sequences[i]);
    }
    expect_state_from(0, (uint32_t)snapshots);
    cr_assert(strstr(back.restored.snapshot_why, "snapshot-") != NULL);
}

Test(snapshots, all_damaged_over_a_journal_that_was_cut_are_refused)
{
    damage(sequences[0]);
    damage(sequences[1]);
    expect_refused("segment 1, offset 0: the segment is missing", "2 snapshots cannot be loaded",
                   "the checksum of this block is wrong");
    cr_assert(back.restored.snapshots_refused == 2);
}

Test(snapshots, that_are_gone_over_a_journal_that_was_cut_are_missed)
{
    fake_sys_remove(fake, snapshot_path(sequences[0]));
    expect_state_from(sequences[1], 0);
    fake_sys_remove(fake, snapshot_path(sequences[1]));
    expect_refused("segment 1, offset 0", "missing", "");
}

/* Writes the header of a snapshot anew around one changed field, checksum and all. */
static void change_header(uint64_t sequence, size_t at, const void *field, size_t field_bytes)
{
    uint8_t header[SLC_SNAPSHOT_HEADER_BYTES];
    size_t bytes = 0;
    memcpy(header, fake_sys_file(fake, snapshot_path(sequence), &bytes), sizeof header);
    memcpy(header + at, field, field_bytes);
    slc_store_u64(header + 8, slc_hash(header + SLC_SNAPSHOT_CHECKED_OFFSET,
                                       sizeof header - SLC_SNAPSHOT_CHECKED_OFFSET));
    fake_sys_poke(fake, snapshot_path(sequence), header, sizeof header, 0);
}

Test(snapshots, of_a_future_format_or_of_future_rules_give_way)
{
    const uint32_t future = 2;
    const uint32_t present = 1;
    static const size_t fields[] = {SLC_SNAPSHOT_AT_VERSION, SLC_SNAPSHOT_AT_RULES};
    for (size_t i = 0; i < 2; i++) {
        change_header(sequences[1], fields[i], &future, sizeof future);
        expect_state_from(sequences[0], 1);
        cr_assert(strstr(back.restored.snapshot_why, "later program") != NULL, "%s",
                  back.restored.snapshot_why);
        change_header(sequences[0], fields[i], &future, sizeof future);
        expect_refused("missing", "2 snapshots cannot be loaded", "later program");
        change_header(sequences[0], fields[i], &present, sizeof present);
        change_header(sequences[1], fields[i], &present, sizeof present);
    }
}

Test(snapshots, of_another_directory_give_way)
{
    const uint8_t other[16] = "another";
    change_header(sequences[1], SLC_SNAPSHOT_AT_DIRECTORY, other, sizeof other);
    expect_state_from(sequences[0], 1);
    cr_assert(strstr(back.restored.snapshot_why, "another data directory") != NULL, "%s",
              back.restored.snapshot_why);
}

Test(snapshots, under_the_name_of_another_give_way)
{
    size_t bytes = 0;
    const uint8_t *older = fake_sys_file(fake, snapshot_path(sequences[0]), &bytes);
    fake_sys_put(fake, snapshot_path(sequences[1]), older, bytes);
    expect_state_from(sequences[0], 1);
}

/* ---- headers that lie, with every checksum right ---- */

Test(snapshots, whose_digest_is_not_that_of_their_entries_give_way)
{
    uint64_t digest = lab->digests[sequences[1]] + 1;
    change_header(sequences[1], SLC_SNAPSHOT_AT_DIGEST, &digest, sizeof digest);
    expect_state_from(sequences[0], 1);
    cr_assert(strstr(back.restored.snapshot_why, "digest") != NULL, "%s", back.restored.snapshot_why);
}

Test(snapshots, that_tell_another_time_than_the_journal_are_refused)
{
    size_t bytes = 0;
    for (size_t i = 0; i < 2; i++) { /* one in the middle of a block, one behind a block */
        const uint8_t *header = fake_sys_file(fake, snapshot_path(sequences[1 - i]), &bytes);
        uint64_t time_us = slc_load_u64(header + SLC_SNAPSHOT_AT_TIME) + 1;
        change_header(sequences[1 - i], SLC_SNAPSHOT_AT_TIME, &time_us, sizeof time_us);
        expect_refused("us by the snapshot behind it", "segment ", "offset ");
        fake_sys_remove(fake, snapshot_path(sequences[1 - i]));
    }
}

/* The state of another moment under this sequence: only the digests of the journal can tell. */
Test(snapshots, that_name_another_event_than_they_hold_are_refused_by_the_digests_of_the_journal)
{
    size_t bytes = 0;
    uint64_t lied = sequences[0] + 1;
    while (lab->digests[lied] == lab->digests[sequences[0]]) {
        lied++; /* refused, so nothing changed */
    }
    cr_assert(lied < sequences[1]);
    fake_sys_remove(fake, snapshot_path(sequences[1]));
    const uint8_t *whole = fake_sys_file(fake, snapshot_path(sequences[0]), &bytes);
    fake_sys_put(fake, snapshot_path(lied), whole, bytes);
    change_header(lied, SLC_SNAPSHOT_AT_SEQUENCE, &lied, sizeof lied);
    const lab_block_t *block = lab->blocks;
    while (block->first + block->events <= lied) {
        block++;
    }
    change_header(lied, SLC_SNAPSHOT_AT_TIME, &block->time_us, sizeof block->time_us);
    expect_refused("replayed to event ", "the state has digest ", "but the engine noted");
}

/* ---- the journal beside them ---- */

Test(snapshots, do_without_the_segments_before_them_but_for_none_behind)
{
    uint32_t first = first_segment();
    uint32_t last = last_segment();
    bool reaches_back = true;
    for (uint32_t removed = first; removed < last; removed++) {
        fake_sys_remove(fake, segment_path(removed));
        reaches_back = first_sequence(removed + 1) <= sequences[1] + 1;
        if (reaches_back) {
            expect_state_from(sequences[1], 0);
            continue;
        }
        char wanted[128];
        (void)snprintf(wanted, sizeof wanted, "segment %u, offset 0: ", removed + 1);
        expect_refused(wanted, "no longer reaches back to event ", "this first segment begins with");
    }
    fake_sys_remove(fake, segment_path(last));
    expect_refused("all of its segments are missing", "", "");
}

Test(snapshots, newer_than_the_journals_end_are_refused)
{
    /* As a power cut leaves it where nothing was synced: the last block never came. */
    lab->blocks[BLOCKS - 1].snapshot_events = lab->blocks[BLOCKS - 1].events;
    lab_outcome_t outcome;
    fake_sys_destroy(fake);
    fake = fake_sys_create();
    lab_run(lab, fake_sys_table(fake), LAB_DIR, BLOCKS - 2, true, &outcome);
    fake_sys_t *later = fake_sys_kill(fake);
    lab_run(lab, fake_sys_table(later), LAB_DIR, SIZE_MAX, true, &outcome);
    size_t bytes = 0;
    const uint8_t *newer = fake_sys_file(later, snapshot_path(lab->event_count), &bytes);
    cr_assert(outcome.code == SLC_OK && newer != NULL);
    fake_sys_put(fake, snapshot_path(lab->event_count), newer, bytes);
    fake_sys_destroy(later);
    char wanted[96];
    (void)snprintf(wanted, sizeof wanted, "snapshot-%020llu.snap is newer than the journal's end",
                   (unsigned long long)lab->event_count);
    expect_refused(wanted, "acknowledged events are missing", "offset ");
    /* Not good itself, it still tells how far the journal went. */
    damage(lab->event_count);
    expect_refused(wanted, "acknowledged events are missing", "1 snapshot cannot be loaded");
}

Test(snapshots, without_any_journal_are_where_it_goes_on)
{
    uint32_t last = last_segment();
    for (uint32_t number = first_segment(); number <= last; number++) {
        fake_sys_remove(fake, segment_path(number));
    }
    expect_refused("all of its segments are missing", "", "");
    fake_sys_cut_file(fake, LAB_DIR "/lock", 40); /* no journal was begun here */
    fake_sys_remove(fake, snapshot_path(sequences[1]));
    lab_restore(lab, fake_sys_table(fake), LAB_DIR, &back);
    cr_assert(back.code == SLC_OK && !back.wrong && back.restored.events == 0, "%s", back.error.message);
    cr_assert(back.restored.end.sequence == sequences[0] && back.restored.end.segment == 0);
    for (size_t i = 0; i < BLOCKS; i++) {
        lab->blocks[i].snapshot_events = 0;
    }
    lab_run(lab, fake_sys_table(fake), LAB_DIR, SIZE_MAX, true, &back);
    cr_assert(back.code == SLC_OK && back.acked == lab->event_count, "%s", back.error.message);
    cr_assert(first_segment() == 1 && first_sequence(1) == sequences[0] + 1);
    expect_state_from(sequences[0], 0);
    damage(sequences[0]);
    expect_refused("no longer reaches back to event 1: ", "segment 1, offset 0",
                   "1 snapshot cannot be loaded");
}

Test(snapshots, that_are_not_good_and_without_any_journal_are_refused)
{
    uint32_t last = last_segment();
    for (uint32_t number = first_segment(); number <= last; number++) {
        fake_sys_remove(fake, segment_path(number));
    }
    fake_sys_cut_file(fake, LAB_DIR "/lock", 40);
    fake_sys_remove(fake, snapshot_path(sequences[0]));
    lab_restore(lab, fake_sys_table(fake), LAB_DIR, &back);
    cr_assert(back.code == SLC_OK && !back.wrong && back.acked == sequences[1], "%s", back.error.message);
    damage(sequences[1]);
    expect_refused("is newer than the journal's end", "1 snapshot cannot be loaded", "checksum");
}
