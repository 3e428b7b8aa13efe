#include "../../lib/fake_sys.h"
#include "../../lib/journal_lab.h"

#include "base/bytes.h"
#include "journal/block.h"
#include "journal/segment.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define SEGMENT_BYTES 65536u
#define BLOCKS 6u

static lab_t *lab;
static fake_sys_t *fake;
static lab_outcome_t written;

/* An unsealed journal of one segment. */
static void setup(void)
{
    lab = lab_create(BLOCKS, SEGMENT_BYTES);
    fake = fake_sys_create();
    lab_run(lab, fake_sys_table(fake), LAB_DIR, SIZE_MAX, false, &written);
    cr_assert(written.code == SLC_OK && written.acked == lab->event_count, "%s", written.error.message);
}

static void teardown(void)
{
    fake_sys_destroy(fake);
    lab_destroy(lab);
}

TestSuite(restore, .init = setup, .fini = teardown);

static const char *segment_path = LAB_DIR "/segment-0000000001.journal";

static lab_outcome_t restored(void)
{
    lab_outcome_t back;
    lab_restore(lab, fake_sys_table(fake), LAB_DIR, &back);
    return back;
}

static uint64_t end_offset(void)
{
    lab_outcome_t back = restored();
    cr_assert(back.code == SLC_OK);
    return back.restored.end.offset;
}

Test(restore, of_a_directory_that_is_not_there_yet_gives_nothing)
{
    lab_outcome_t back;
    fake_sys_t *empty = fake_sys_create();
    lab_restore(lab, fake_sys_table(empty), LAB_DIR, &back);
    cr_assert(back.code == SLC_OK && back.restored.events == 0 && back.restored.end.segment == 0);
    fake_sys_destroy(empty);
}

Test(restore, brings_every_event_back_and_compares_the_digests_on_the_way)
{
    lab_outcome_t back = restored();
    cr_assert(back.code == SLC_OK && !back.wrong && !back.restored.torn);
    cr_assert(back.restored.events == lab->event_count && back.restored.end.sequence == lab->event_count);
    cr_assert(back.restored.end.time_us == lab->blocks[BLOCKS - 1].time_us);
    /* Behind events 3, 45 and, from the seal, 267; the other blocks tell one of these again, or nothing.
     */
    cr_assert(back.restored.digest_pairs == 3);
}

Test(restore, refuses_a_journal_whose_digest_is_not_that_of_its_events)
{
    lab->digests[3]++; /* what the engine would have noted behind event 3 */
    fake_sys_t *other = fake_sys_create();
    lab_outcome_t outcome;
    lab_run(lab, fake_sys_table(other), LAB_DIR, SIZE_MAX, true, &outcome);
    cr_assert(outcome.code == SLC_OK);
    lab_outcome_t back;
    lab_restore(lab, fake_sys_table(other), LAB_DIR, &back);
    cr_assert(back.code == SLC_ERR_DAMAGED);
    cr_assert(strstr(back.error.message, "replayed to event 3") != NULL, "%s", back.error.message);
    fake_sys_destroy(other);
}

/* ---- torn tails ---- */

static void poke_tail(uint64_t from, size_t bytes)
{
    uint8_t garbage[16384];
    for (size_t i = 0; i < bytes; i++) {
        garbage[i] = (uint8_t)(i * 37 + 11);
    }
    fake_sys_poke(fake, segment_path, garbage, bytes, from);
}

Test(restore, cuts_a_torn_tail_and_keeps_it_aside)
{
    uint64_t end = end_offset();
    uint8_t torn[9000];
    size_t bytes = 0;
    poke_tail(end + 4096, sizeof torn - 4096); /* its first page never came */
    memcpy(torn, fake_sys_file(fake, segment_path, &bytes) + end, sizeof torn);
    lab_outcome_t back = restored();
    cr_assert(back.code == SLC_OK && back.restored.torn && !back.wrong);
    cr_assert(back.restored.torn_bytes == 12288 && back.restored.end.offset == end);
    char path[320];
    (void)snprintf(path, sizeof path, "%s/%.200s", LAB_DIR, back.restored.evidence);
    const uint8_t *evidence = fake_sys_file(fake, path, &bytes);
    cr_assert(evidence != NULL && bytes == 12288 && memcmp(evidence, torn, sizeof torn) == 0);
    cr_assert(strncmp(back.restored.evidence, "torn-segment-0000000001-", 24) == 0);
    /* What is left reads as if nothing had been written, also behind a power cut. */
    fake_sys_t *dark = fake_sys_crash(fake, FAKE_KEEP_DURABLE, 0);
    const uint8_t *now = fake_sys_file(dark, segment_path, &bytes);
    cr_assert(slc_bytes_are_zero(now + end, bytes - end));
    cr_assert(fake_sys_file(dark, path, &bytes) != NULL && bytes == 12288);
    lab_restore(lab, fake_sys_table(dark), LAB_DIR, &back);
    cr_assert(back.code == SLC_OK && !back.restored.torn);
    fake_sys_destroy(dark);
}

Test(restore, of_a_second_torn_tail_at_the_same_place_keeps_the_first_evidence)
{
    uint64_t end = end_offset();
    poke_tail(end, 100);
    lab_outcome_t first = restored();
    poke_tail(end, 4000);
    lab_outcome_t second = restored();
    cr_assert(first.restored.torn && second.restored.torn);
    cr_assert(strcmp(first.restored.evidence, second.restored.evidence) != 0);
    char path[320];
    size_t bytes = 0;
    (void)snprintf(path, sizeof path, "%s/%.200s", LAB_DIR, first.restored.evidence);
    cr_assert(fake_sys_file(fake, path, &bytes) != NULL && bytes == 4096);
}

Test(restore, without_room_for_the_evidence_cuts_nothing)
{
    uint64_t end = end_offset();
    poke_tail(end, 5000);
    fake_sys_limit_bytes(fake, 1);
    lab_outcome_t back = restored();
    cr_assert(back.code == SLC_ERR_IO && strstr(back.error.message, "make room") != NULL, "%s",
              back.error.message);
    size_t bytes = 0;
    cr_assert(fake_sys_file(fake, segment_path, &bytes)[end] == 11);
    fake_sys_limit_bytes(fake, 0);
    cr_assert(restored().code == SLC_OK);
}

/* A block at `offset` behind a hole, as a second one in flight would stand there. */
static void put_block(uint64_t offset, uint64_t first, uint64_t durable)
{
    uint8_t block[4096] = {0};
    size_t bytes = 0;
    const uint8_t *now = fake_sys_file(fake, segment_path, &bytes);
    const slc_block_place_t place = {.directory = slc_load_u64(now + 24),
                                     .offset = offset,
                                     .segment_bytes = SEGMENT_BYTES,
                                     .segment = 1};
    slc_block_header_t header = {.first_sequence = first,
                                 .durable_sequence = durable,
                                 .time_us = UINT64_C(1800000000000000),
                                 .chain = 4711,
                                 .events = 1,
                                 .payload_bytes = 20};
    slc_block_finish(block, &place, &header);
    fake_sys_poke(fake, segment_path, block, sizeof block, offset);
}

Test(restore, cuts_a_later_block_that_was_issued_before_the_hole_was_acknowledged)
{
    uint64_t end = end_offset();
    put_block(end + 4096, lab->event_count + 5, lab->event_count);
    lab_outcome_t back = restored();
    cr_assert(back.code == SLC_OK && back.restored.torn && !back.wrong);
    cr_assert(back.restored.end.offset == end && back.restored.torn_bytes == 8192);
}

Test(restore, refuses_a_hole_that_a_later_block_says_was_acknowledged)
{
    uint64_t end = end_offset();
    put_block(end + 4096, lab->event_count + 5, lab->event_count + 1);
    lab_outcome_t back = restored();
    cr_assert(back.code == SLC_ERR_DAMAGED && strstr(back.error.message, "vouches") != NULL, "%s",
              back.error.message);
}

Test(restore, refuses_a_whole_block_that_does_not_continue)
{
    put_block(end_offset(), lab->event_count + 2, lab->event_count);
    lab_outcome_t back = restored();
    cr_assert(back.code == SLC_ERR_DAMAGED && strstr(back.error.message, "does not belong") != NULL, "%s",
              back.error.message);
}

/* ---- whole blocks that continue, but for one thing ---- */

/* A block of `segment` at `offset` with this header, whose payload is no batch. */
static void put_next(fake_sys_t *where, uint32_t segment, uint64_t segment_bytes, uint64_t offset,
                     slc_block_header_t header)
{
    uint8_t block[4096] = {0};
    size_t bytes = 0;
    char path[64];
    (void)snprintf(path, sizeof path, "%s/segment-%010u.journal", LAB_DIR, segment);
    const slc_block_place_t place = {.directory = slc_load_u64(fake_sys_file(where, path, &bytes) + 24),
                                     .offset = offset,
                                     .segment_bytes = segment_bytes,
                                     .segment = segment};
    header.events = 1;
    header.payload_bytes = 30;
    memset(block + SLC_BLOCK_HEADER_BYTES, 0xff, 30);
    slc_block_finish(block, &place, &header);
    fake_sys_poke(where, path, block, sizeof block, offset);
}

static slc_block_header_t next_header(const slc_journal_end_t *end)
{
    return (slc_block_header_t){.first_sequence = end->sequence + 1,
                                .durable_sequence = end->sequence,
                                .time_us = end->time_us,
                                .chain = end->chain};
}

Test(restore, refuses_a_block_whose_payload_is_no_batch)
{
    lab_outcome_t back = restored();
    put_next(fake, 1, SEGMENT_BYTES, back.restored.end.offset, next_header(&back.restored.end));
    back = restored();
    cr_assert(back.code == SLC_ERR_DAMAGED && strstr(back.error.message, "batch") != NULL, "%s",
              back.error.message);
}

Test(restore, refuses_a_block_from_before_the_one_before_it)
{
    lab_outcome_t back = restored();
    slc_block_header_t header = next_header(&back.restored.end);
    header.time_us--;
    put_next(fake, 1, SEGMENT_BYTES, back.restored.end.offset, header);
    back = restored();
    cr_assert(back.code == SLC_ERR_DAMAGED && strstr(back.error.message, "does not belong") != NULL, "%s",
              back.error.message);
}

Test(restore, refuses_a_block_behind_the_seal_that_closed_its_segment)
{
    lab_outcome_t outcome;
    size_t bytes = 0;
    lab_t *rolling = lab_create(12, 28672);
    fake_sys_t *other = fake_sys_create();
    lab_run(rolling, fake_sys_table(other), LAB_DIR, SIZE_MAX, false, &outcome);
    const uint8_t *first = fake_sys_file(other, segment_path, &bytes);
    const uint8_t *second = fake_sys_file(other, LAB_DIR "/segment-0000000002.journal", &bytes);
    cr_assert(outcome.code == SLC_OK && second != NULL);
    uint64_t seal = 4096;
    while (seal < 24576 && slc_load_u16(first + seal + 18) != (SLC_BLOCK_SEAL | SLC_BLOCK_ROLLED)) {
        seal += 4096;
    }
    cr_assert(seal < 24576); /* there is room behind it */
    slc_journal_end_t at = {.sequence = slc_load_u64(second + 56) - 1,
                            .time_us = slc_load_u64(second + 64),
                            .chain = slc_load_u64(second + 72)};
    put_next(other, 1, 28672, seal + 4096, next_header(&at));
    for (uint32_t segment = 2; segment < 9; segment++) {
        char path[64];
        (void)snprintf(path, sizeof path, "%s/segment-%010u.journal", LAB_DIR, segment);
        if (fake_sys_file(other, path, &bytes) != NULL) {
            fake_sys_remove(other, path);
        }
    }
    lab_restore(rolling, fake_sys_table(other), LAB_DIR, &outcome);
    cr_assert(outcome.code == SLC_ERR_DAMAGED && strstr(outcome.error.message, "does not belong") != NULL,
              "%s", outcome.error.message);
    fake_sys_destroy(other);
    lab_destroy(rolling);
}

/* ---- progress ---- */

typedef struct {
    uint64_t calls;
    uint64_t done;
    uint64_t events;
} progress_t;

static void note_progress(void *context, uint64_t done, uint64_t total, uint64_t events)
{
    progress_t *progress = context;
    cr_assert(done <= total && done >= progress->done && events >= progress->events);
    progress->calls++;
    progress->done = done;
    progress->events = events;
}

/* A second passes from look to look. */
static uint64_t hasty_clock(void *self)
{
    static uint64_t now;
    (void)self;
    return now += UINT64_C(1000000000);
}

Test(restore, tells_its_progress_now_and_then)
{
    slc_directory_t *directory = NULL;
    slc_restored_t result;
    progress_t progress = {0};
    slc_logic_t *logic = NULL;
    slc_sys_t hasty = *fake_sys_table(fake);
    hasty.monotonic_ns = hasty_clock;
    cr_assert(slc_directory_open(&hasty, LAB_DIR, &directory, NULL) == SLC_OK);
    cr_assert(slc_restore(directory, note_progress, &progress, &logic, &result, NULL) == SLC_OK);
    cr_assert(progress.calls >= BLOCKS && progress.events == lab->event_count && progress.done > 0);
    slc_directory_close(directory);
    slc_logic_destroy(logic);
}
