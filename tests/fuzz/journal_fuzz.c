/* The journal's way back, over a sealed directory that the input breaks: bytes flipped, pages moved,
 * files cut, payloads replaced, and checksums made right again, so that the inside is reached too. One
 * fault costs nothing: the whole history comes back, or a refusal. More of them may take the last block
 * together with the seal that vouches for it, but never give anything but a beginning of the history.
 * Behind a checksum made right anything may come back; but no crash, no read out of bounds, and what
 * recovery allowed once it finds alike again. Input: 4 bytes a step: kind (3 bits) and segment, two bytes
 * of offset, one of value; a payload step is followed by its bytes. */
#include "../lib/fake_sys.h"
#include "../lib/journal_lab.h"
#include "tally.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "journal/batch.h"
#include "journal/segment.h"
#include "wire/flat.h"

#include <string.h>

#define SEGMENT_BYTES 20480u
#define SEGMENTS 3u
#define BLOCKS 6u

enum { STEP_FLIP, STEP_FIX, STEP_MOVE, STEP_ZERO, STEP_CUT, STEP_PAYLOAD, STEP_KINDS };

typedef struct {
    uint64_t hash; /* over all payloads, in order */
    uint64_t events;
    size_t blocks;
    slc_err_t code;
} found_t;

static lab_t *g_lab;
static fake_sys_t *g_whole;
static uint64_t g_beginnings[BLOCKS + 1]; /* the hash behind each block of the script */

static bool g_learning;

static const char *path_of(uint32_t segment)
{
    static char path[64];
    char name[SLC_SEGMENT_NAME_BYTES];
    slc_segment_name(segment, name);
    (void)snprintf(path, sizeof path, "%s/%s", LAB_DIR, name);
    return path;
}

/* A block with the bytes of the script's was decoded when they were learnt. */
static void read_events(const slc_directory_t *directory, const slc_scanned_t *block, found_t *found)
{
    slc_batch_t batch;
    slc_event_t event;
    found->hash = slc_hash_seeded(block->payload, block->header.payload_bytes, found->hash);
    found->blocks++;
    if (g_learning) {
        g_beginnings[found->blocks] = found->hash;
    } else if (found->blocks <= BLOCKS && found->hash == g_beginnings[found->blocks]) {
        return;
    }
    slc_err_t code = slc_batch_begin(&batch, directory, block, NULL);
    while (code == SLC_OK) {
        code = slc_batch_next(&batch, directory, &event, NULL);
        found->events += code == SLC_OK;
    }
    found->code = code == SLC_END ? SLC_OK : code;
}

static found_t read_all(fake_sys_t *fake)
{
    slc_directory_t *directory = NULL;
    slc_scan_t *scan = NULL;
    slc_scanned_t block;
    found_t found = {0};
    found.code = slc_directory_open_readonly(fake_sys_table(fake), LAB_DIR, &directory, NULL);
    if (found.code == SLC_OK) {
        found.code = slc_scan_open(directory, NULL, NULL, &scan, NULL);
    }
    while (found.code == SLC_OK) {
        found.code = slc_scan_next(scan, &block, NULL);
        if (found.code == SLC_OK && block.header.events > 0) {
            read_events(directory, &block, &found);
        }
    }
    slc_scan_close(scan);
    slc_directory_close(directory);
    return found;
}

static void prepare(void)
{
    lab_outcome_t outcome;
    if (g_lab != NULL) {
        return;
    }
    g_lab = lab_create(BLOCKS, SEGMENT_BYTES);
    g_whole = fake_sys_create();
    lab_run(g_lab, fake_sys_table(g_whole), LAB_DIR, SIZE_MAX, true, &outcome);
    FUZZ_CHECK(outcome.code == SLC_OK);
    g_learning = true;
    found_t found = read_all(g_whole);
    g_learning = false;
    FUZZ_CHECK(found.code == SLC_END && found.events == g_lab->event_count && found.blocks == BLOCKS);
}

/* ---- the steps ---- */

typedef struct {
    fake_sys_t *fake;
    const uint8_t *input;
    size_t left;
    bool repaired; /* a checksum was made right over changed bytes */
    size_t faults;
} broken_t;

static const uint8_t *page_of(fake_sys_t *fake, uint32_t segment, uint32_t page)
{
    size_t bytes = 0;
    const uint8_t *now = fake_sys_file(fake, path_of(segment), &bytes);
    return bytes >= (size_t)(page + 1) * SLC_PAGE_BYTES ? now + (size_t)page * SLC_PAGE_BYTES : NULL;
}

/* Makes the checksum right that belongs to what begins at this page. */
static void fix(broken_t *broken, uint32_t segment, uint32_t page)
{
    const uint8_t *at = page_of(broken->fake, segment, page);
    uint64_t total = at == NULL ? 0 : page == 0 ? SLC_SEGMENT_HEADER_BYTES : slc_load_u32(at + 28);
    if (total <= SLC_CHECKED_OFFSET || page * (uint64_t)SLC_PAGE_BYTES + total > SEGMENT_BYTES ||
        page_of(broken->fake, segment, SEGMENT_BYTES / SLC_PAGE_BYTES - 1) == NULL) {
        return;
    }
    uint64_t checksum = slc_hash(at + SLC_CHECKED_OFFSET, (size_t)total - SLC_CHECKED_OFFSET);
    fake_sys_poke(broken->fake, path_of(segment), &checksum, sizeof checksum,
                  (uint64_t)page * SLC_PAGE_BYTES + SLC_CHECKSUM_OFFSET);
    broken->repaired = true;
}

/* Puts bytes of the input into a block in place of its events, and finishes it as a writer would. */
static void put_payload(broken_t *broken, uint32_t segment, uint32_t page, uint8_t count)
{
    uint8_t block[SLC_PAGE_BYTES] = {0};
    slc_block_header_t header;
    const uint8_t *at = page_of(broken->fake, segment, page);
    const uint8_t *first = page_of(broken->fake, segment, 0);
    if (at == NULL || page == 0 || broken->left < count) {
        return;
    }
    const slc_block_place_t place = {.directory = slc_load_u64(first + 24),
                                     .offset = (uint64_t)page * SLC_PAGE_BYTES,
                                     .segment_bytes = SEGMENT_BYTES,
                                     .segment = segment};
    if (slc_block_read(at, SLC_PAGE_BYTES, &place, &header) != SLC_BLOCK_VALID ||
        header.payload_bytes < SLC_BATCH_HEAD_BYTES || header.events == 0) {
        return;
    }
    memcpy(block + SLC_BLOCK_HEADER_BYTES, at + SLC_BLOCK_HEADER_BYTES, SLC_BATCH_HEAD_BYTES);
    memcpy(block + SLC_BLOCK_HEADER_BYTES + SLC_BATCH_HEAD_BYTES, broken->input, count);
    header.payload_bytes = SLC_BATCH_HEAD_BYTES + count;
    slc_block_finish(block, &place, &header);
    fake_sys_poke(broken->fake, path_of(segment), block, sizeof block, place.offset);
    broken->input += count;
    broken->left -= count;
    broken->repaired = true;
}

static void step(broken_t *broken)
{
    static const uint8_t zeros[SLC_PAGE_BYTES] = {0};
    const uint8_t *in = broken->input;
    uint32_t segment = 1 + (in[0] >> 3) % SEGMENTS;
    uint32_t offset = ((uint32_t)in[1] << 8 | in[2]) % SEGMENT_BYTES;
    uint32_t page = offset / SLC_PAGE_BYTES;
    uint8_t value = in[3];
    size_t bytes = 0;
    broken->input += 4;
    broken->left -= 4;
    const uint8_t *now = fake_sys_file(broken->fake, path_of(segment), &bytes);
    if (offset >= bytes) {
        return;
    }
    broken->faults++;
    uint8_t copy[SLC_PAGE_BYTES];
    uint8_t flipped = now[offset] ^ (value == 0 ? 1 : value);
    switch (in[0] % 8 % STEP_KINDS) {
    case STEP_FLIP:
        fake_sys_poke(broken->fake, path_of(segment), &flipped, 1, offset);
        break;
    case STEP_FIX:
        fix(broken, segment, page);
        break;
    case STEP_MOVE:
        if (page_of(broken->fake, 1 + value % SEGMENTS, (value >> 4) % 5) != NULL &&
            page_of(broken->fake, segment, page) != NULL) {
            memcpy(copy, page_of(broken->fake, 1 + value % SEGMENTS, (value >> 4) % 5), sizeof copy);
            fake_sys_poke(broken->fake, path_of(segment), copy, sizeof copy,
                          (uint64_t)page * SLC_PAGE_BYTES);
        }
        break;
    case STEP_ZERO:
        if (page_of(broken->fake, segment, page) != NULL) {
            fake_sys_poke(broken->fake, path_of(segment), zeros, sizeof zeros,
                          (uint64_t)page * SLC_PAGE_BYTES);
        }
        break;
    case STEP_CUT:
        fake_sys_cut_file(broken->fake, path_of(segment), offset);
        break;
    default:
        put_payload(broken, segment, page, value);
        break;
    }
}

/* Recovery itself, twice: what was allowed once is found alike again. */
static void come_back_twice(const broken_t *broken)
{
    fake_sys_t *fake = broken->fake;
    lab_outcome_t first;
    lab_outcome_t second;
    lab_restore(g_lab, fake_sys_table(fake), LAB_DIR, &first);
    FUZZ_CHECK(first.code == SLC_OK || first.code == SLC_ERR_DAMAGED);
    FUZZ_CHECK(broken->repaired || !first.came_back || !first.wrong);
    if (!first.came_back) {
        return;
    }
    lab_restore(g_lab, fake_sys_table(fake), LAB_DIR, &second);
    FUZZ_CHECK(second.code == SLC_OK && !second.restored.torn && second.wrong == first.wrong);
    FUZZ_CHECK(second.restored.end.sequence == first.restored.end.sequence);
    FUZZ_CHECK(second.restored.end.offset == first.restored.end.offset);
    FUZZ_CHECK(second.restored.end.segment == first.restored.end.segment);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    prepare();
    broken_t broken = {.fake = fake_sys_kill(g_whole), .input = data, .left = size};
    while (broken.left >= 4) {
        step(&broken);
    }
    found_t found = read_all(broken.fake);
    FUZZ_CHECK(found.code == SLC_END || found.code == SLC_ERR_DAMAGED);
    if (found.code == SLC_END && !broken.repaired) {
        FUZZ_CHECK(found.blocks <= BLOCKS && found.hash == g_beginnings[found.blocks]);
        FUZZ_CHECK(broken.faults > 1 || found.blocks == BLOCKS);
    }
    /* The state machine behind costs twenty times the scan: for what the scan lets through, now and then.
     */
    if (found.code == SLC_END && (g_inputs % 16 == 0 || (broken.repaired && g_inputs % 2 == 0))) {
        come_back_twice(&broken);
    }
    fake_sys_destroy(broken.fake);
    fuzz_tally(found.code == SLC_END);
    return 0;
}
