/* A sealed reference directory, broken in every way one can think of: no bit flip and no truncation may
 * give another state, or the same one with less in it. By default one bit of each byte is flipped;
 * SLC_FLIPS=all flips every bit. */
#include "../../lib/fake_sys.h"
#include "../../lib/journal_lab.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "journal/batch.h"
#include "journal/segment.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENT_BYTES 20480u
#define SEGMENTS 3u
#define BLOCKS 6u

static lab_t *lab;
static fake_sys_t *fake;
static uint64_t whole; /* what fingerprint says of the unbroken directory */

static const char *path_of(uint32_t segment)
{
    static char path[64];
    char name[SLC_SEGMENT_NAME_BYTES];
    slc_segment_name(segment, name);
    (void)snprintf(path, sizeof path, "%s/%s", LAB_DIR, name);
    return path;
}

/* A number for all events that can be read, in their order; *ret_code: how reading ended. */
static uint64_t fingerprint(slc_err_t *ret_code)
{
    slc_directory_t *directory = NULL;
    slc_scan_t *scan = NULL;
    slc_scanned_t block;
    uint64_t hash = 0;
    *ret_code = slc_directory_open_readonly(fake_sys_table(fake), LAB_DIR, &directory, NULL);
    if (*ret_code == SLC_OK) {
        *ret_code = slc_scan_open(directory, NULL, NULL, &scan, NULL);
    }
    while (*ret_code == SLC_OK) {
        *ret_code = slc_scan_next(scan, &block, NULL);
        if (*ret_code == SLC_OK && block.header.events > 0) {
            hash = slc_hash_seeded(block.payload, block.header.payload_bytes, hash);
        }
    }
    slc_scan_close(scan);
    slc_directory_close(directory);
    return hash;
}

static void setup(void)
{
    lab_outcome_t outcome;
    slc_err_t code = SLC_OK;
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 30);
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 30);
    lab = lab_create(BLOCKS, SEGMENT_BYTES);
    fake = fake_sys_create();
    lab_run(lab, fake_sys_table(fake), LAB_DIR, SIZE_MAX, true, &outcome);
    cr_assert(outcome.code == SLC_OK, "%s", outcome.error.message);
    cr_assert(outcome.acked == lab->event_count);
    size_t bytes = 0;
    cr_assert(fake_sys_file(fake, path_of(SEGMENTS), &bytes) != NULL);
    cr_assert(fake_sys_file(fake, path_of(SEGMENTS + 1), &bytes) == NULL);
    whole = fingerprint(&code);
    cr_assert(code == SLC_END && whole != 0);
}

static void teardown(void)
{
    fake_sys_destroy(fake);
    lab_destroy(lab);
}

TestSuite(corruption, .init = setup, .fini = teardown);

/* Recovery refuses, and has changed nothing: neither a byte nor a name. */
static void expect_refused(const char *sentence)
{
    lab_outcome_t back;
    char before[FAKE_ENTRIES_MAX][FAKE_NAME_BYTES];
    char after[FAKE_ENTRIES_MAX][FAKE_NAME_BYTES];
    uint64_t sums[2] = {0, 0};
    size_t count = fake_sys_names(fake, LAB_DIR, before, FAKE_ENTRIES_MAX);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < count; i++) {
            char path[160];
            size_t bytes = 0;
            (void)snprintf(path, sizeof path, "%s/%.95s", LAB_DIR, before[i]);
            const uint8_t *at = fake_sys_file(fake, path, &bytes);
            sums[pass] += slc_hash_seeded(at, bytes, i);
        }
        if (pass == 0) {
            lab_restore(lab, fake_sys_table(fake), LAB_DIR, &back);
        }
    }
    cr_assert(back.code == SLC_ERR_DAMAGED, "%d %s", back.code, back.error.message);
    cr_assert(strstr(back.error.message, sentence) != NULL, "%s", back.error.message);
    cr_assert(fake_sys_names(fake, LAB_DIR, after, FAKE_ENTRIES_MAX) == count && sums[0] == sums[1]);
}

/* ---- flips and cuts ---- */

static void flip_file(const char *path, unsigned step, uint64_t *refused, uint64_t *harmless)
{
    size_t bytes = 0;
    cr_assert(fake_sys_file(fake, path, &bytes) != NULL);
    for (size_t bit = 0; bit < bytes * 8; bit += step) {
        slc_err_t code = SLC_OK;
        uint8_t byte = fake_sys_file(fake, path, &bytes)[bit / 8];
        uint8_t flipped = byte ^ (uint8_t)(1u << ((bit + bit / 8) % 8));
        fake_sys_poke(fake, path, &flipped, 1, bit / 8);
        uint64_t found = fingerprint(&code);
        cr_assert(code == SLC_ERR_DAMAGED || (code == SLC_END && found == whole), "%s, byte %zu: code %d",
                  path, bit / 8, code);
        *(code == SLC_END ? harmless : refused) += 1;
        fake_sys_poke(fake, path, &byte, 1, bit / 8);
    }
}

Test(corruption, a_flipped_bit_is_refused_or_harmless)
{
    const char *wish = getenv("SLC_FLIPS");
    unsigned step = wish != NULL && strcmp(wish, "all") == 0 ? 1 : 8;
    uint64_t refused = 0;
    uint64_t harmless = 0;
    for (uint32_t segment = 1; segment <= SEGMENTS; segment++) {
        flip_file(path_of(segment), step, &refused, &harmless);
    }
    flip_file(LAB_DIR "/" SLC_LOCK_NAME, 1, &refused, &harmless);
    cr_assert(refused > (uint64_t)lab->block_count * 4096 / step && harmless > 0);
    cr_log_info("%" PRIu64 " refused, %" PRIu64 " harmless", refused, harmless);
}

/* A sample through recovery itself: the state, too, is right or refused. */
Test(corruption, a_flipped_bit_never_gives_another_state)
{
    for (uint64_t seed = 0; seed < 1500; seed++) {
        uint64_t random = seed;
        uint32_t segment = 1 + (uint32_t)(fake_random(&random) % SEGMENTS);
        uint64_t at = fake_random(&random) % SEGMENT_BYTES;
        lab_outcome_t back;
        size_t bytes = 0;
        fake_sys_t *broken = fake_sys_kill(fake);
        uint8_t byte = fake_sys_file(broken, path_of(segment), &bytes)[at] ^ (uint8_t)(1u << (seed % 8));
        fake_sys_poke(broken, path_of(segment), &byte, 1, at);
        lab_restore(lab, fake_sys_table(broken), LAB_DIR, &back);
        cr_assert(back.code == SLC_ERR_DAMAGED ||
                      (back.code == SLC_OK && !back.wrong && back.acked == lab->event_count),
                  "segment %u byte %" PRIu64 ": %s", segment, at, back.error.message);
        fake_sys_destroy(broken);
    }
}

Test(corruption, every_truncation_is_refused)
{
    for (uint32_t segment = SEGMENTS; segment >= 1; segment--) {
        size_t bytes = 0;
        const uint8_t *now = fake_sys_file(fake, path_of(segment), &bytes);
        uint8_t *kept = malloc(bytes);
        memcpy(kept, now, bytes);
        for (size_t left = bytes; left-- > 0;) {
            slc_err_t code = SLC_OK;
            fake_sys_cut_file(fake, path_of(segment), left);
            (void)fingerprint(&code);
            cr_assert(code == SLC_ERR_DAMAGED, "segment %u cut to %zu", segment, left);
        }
        fake_sys_put(fake, path_of(segment), kept, bytes);
        free(kept);
    }
}

Test(corruption, a_longer_segment_is_refused)
{
    fake_sys_poke(fake, path_of(SEGMENTS), "", 1, SEGMENT_BYTES);
    expect_refused("where its header says");
}

/* ---- files ---- */

Test(corruption, a_missing_segment_is_refused)
{
    for (uint32_t segment = 1; segment <= SEGMENTS; segment++) {
        char path[64];
        (void)snprintf(path, sizeof path, "%s", path_of(segment));
        fake_sys_move(fake, path, LAB_DIR "/elsewhere");
        expect_refused("missing");
        fake_sys_move(fake, LAB_DIR "/elsewhere", path);
    }
}

Test(corruption, a_journal_without_any_segment_is_refused)
{
    for (uint32_t segment = 1; segment <= SEGMENTS; segment++) {
        fake_sys_remove(fake, path_of(segment));
    }
    expect_refused("all of its segments are missing");
}

Test(corruption, swapped_segments_are_refused)
{
    fake_sys_move(fake, LAB_DIR "/segment-0000000001.journal", LAB_DIR "/elsewhere");
    fake_sys_move(fake, LAB_DIR "/segment-0000000002.journal", LAB_DIR "/segment-0000000001.journal");
    fake_sys_move(fake, LAB_DIR "/elsewhere", LAB_DIR "/segment-0000000002.journal");
    expect_refused("this segment has the name of another");
}

Test(corruption, a_doubled_segment_is_refused)
{
    size_t bytes = 0;
    const uint8_t *last = fake_sys_file(fake, path_of(SEGMENTS), &bytes);
    fake_sys_put(fake, path_of(SEGMENTS + 1), last, bytes);
    expect_refused("this segment has the name of another");
}

Test(corruption, an_empty_file_under_a_segments_name_is_refused)
{
    fake_sys_put(fake, path_of(SEGMENTS + 1), "", 0);
    expect_refused("cut off within its header");
}

Test(corruption, a_segment_of_another_directory_is_refused)
{
    lab_outcome_t outcome;
    fake_sys_t *other = fake_sys_create();
    uint8_t byte = 0;
    const slc_sys_t *sys = fake_sys_table(other);
    (void)sys->random(sys->self, &byte, 1); /* so that its identity is another */
    lab_run(lab, sys, LAB_DIR, SIZE_MAX, true, &outcome);
    cr_assert(outcome.code == SLC_OK);
    size_t bytes = 0;
    const uint8_t *foreign = fake_sys_file(other, path_of(2), &bytes);
    fake_sys_put(fake, path_of(2), foreign, bytes);
    expect_refused("belongs to another data directory");
    fake_sys_destroy(other);
}

static void poke_u32(uint32_t segment, uint64_t offset, uint32_t value, uint64_t checked,
                     uint64_t checked_end)
{
    size_t bytes = 0;
    fake_sys_poke(fake, path_of(segment), &value, sizeof value, offset);
    const uint8_t *now = fake_sys_file(fake, path_of(segment), &bytes);
    uint64_t checksum = slc_hash(now + checked, checked_end - checked);
    fake_sys_poke(fake, path_of(segment), &checksum, sizeof checksum, checked - 8);
}

Test(corruption, a_later_format_is_refused_by_name)
{
    poke_u32(3, 16, SLC_FORMAT_VERSION + 1, SLC_CHECKED_OFFSET, SLC_SEGMENT_HEADER_BYTES);
    expect_refused("written by a later program");
}

Test(corruption, unknown_rules_are_refused_by_name)
{
    poke_u32(1, 20, SLC_FORMAT_RULES_VERSION + 1, SLC_CHECKED_OFFSET, SLC_SEGMENT_HEADER_BYTES);
    expect_refused("rules that this program does not know");
}

Test(corruption, a_refusal_names_segment_offset_and_the_command_to_look)
{
    uint8_t byte = 0xff;
    fake_sys_poke(fake, path_of(2), &byte, 1, 4096 + 200);
    expect_refused("segment 2, offset 4096");
    expect_refused("replay verify data");
}

Test(corruption, leftovers_are_no_part_of_the_journal)
{
    lab_outcome_t back;
    fake_sys_put(fake, LAB_DIR "/" SLC_PREPARE_NAME, "half", 4);
    fake_sys_put(fake, LAB_DIR "/" SLC_PROBE_NAME, "", 0);
    fake_sys_put(fake, LAB_DIR "/segment-1.journal", "", 0);
    fake_sys_put(fake, LAB_DIR "/segment-0000000009.journal.bak", "", 0);
    lab_run(lab, fake_sys_table(fake), LAB_DIR, SIZE_MAX, true, &back);
    cr_assert(back.code == SLC_OK && back.acked == lab->event_count, "%s", back.error.message);
    size_t bytes = 0;
    cr_assert(fake_sys_file(fake, LAB_DIR "/" SLC_PREPARE_NAME, &bytes) == NULL);
    cr_assert(fake_sys_file(fake, LAB_DIR "/" SLC_PROBE_NAME, &bytes) == NULL);
}

/* ---- blocks that are whole, and wrong ---- */

/* Bytes of the block at `offset` of segment 1. */
static uint32_t block_bytes(uint64_t offset)
{
    size_t bytes = 0;
    return slc_load_u32(fake_sys_file(fake, path_of(1), &bytes) + offset + 28);
}

Test(corruption, a_block_of_zeros_among_others_is_refused)
{
    static const uint8_t zeros[8192] = {0};
    fake_sys_poke(fake, path_of(1), zeros, block_bytes(4096), 4096);
    expect_refused("a later one vouches for it");
}

Test(corruption, an_altered_block_with_the_right_checksum_breaks_the_chain)
{
    size_t bytes = 0;
    uint32_t total = block_bytes(4096);
    const uint8_t *now = fake_sys_file(fake, path_of(1), &bytes);
    poke_u32(1, 4096 + 88, slc_load_u32(now + 4096 + 88) + 1, 4096 + 16, 4096 + (uint64_t)total);
    expect_refused("stands where it does not belong");
}

Test(corruption, a_block_at_the_place_of_another_is_refused)
{
    size_t bytes = 0;
    uint32_t total = block_bytes(4096);
    cr_assert(total == 4096 && block_bytes(8192) == 4096);
    uint8_t blocks[8192];
    const uint8_t *now = fake_sys_file(fake, path_of(1), &bytes);
    memcpy(blocks, now + 8192, 4096);
    memcpy(blocks + 4096, now + 4096, 4096);
    fake_sys_poke(fake, path_of(1), blocks, sizeof blocks, 4096);
    expect_refused("stands where it does not belong");
}
