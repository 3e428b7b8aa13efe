/* The public reader, on real files. */
#include "../../lib/journal_lab.h"

#include "base/bytes.h"
#include "journal/block.h"
#include "wire/flat.h"

#include <sluice/journal.h>

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCKS 40u
#define SEGMENT_BYTES 32768u

static lab_t *lab;
static char base[] = "/tmp/slc-reader-XXXXXX";
static char path[64];
static slc_journal_t *journal;
static slc_error_t error;

static void setup(void)
{
    cr_assert(mkdtemp(base) != NULL);
    (void)snprintf(path, sizeof path, "%s/data", base);
    lab = lab_create(BLOCKS, SEGMENT_BYTES);
}

static int remove_name(void *context, const char *name)
{
    return unlinkat(*(int *)context, name, 0);
}

static void teardown(void)
{
    slc_journal_close(journal);
    int dir = open(path, O_RDONLY | O_DIRECTORY);
    if (dir >= 0) {
        (void)slc_sys_posix()->list(NULL, dir, remove_name, &dir);
        (void)close(dir);
    }
    (void)rmdir(path);
    (void)rmdir(base);
    lab_destroy(lab);
}

TestSuite(reader, .init = setup, .fini = teardown);

static void write_until(size_t block, bool seal)
{
    lab_outcome_t outcome;
    lab_run(lab, slc_sys_posix(), path, block, seal, &outcome);
    cr_assert(outcome.code == SLC_OK, "%s", outcome.error.message);
}

static void open_journal(void)
{
    slc_journal_close(journal);
    cr_assert(slc_journal_open(path, &journal, &error) == SLC_OK, "%s", error.message);
}

static bool same_text(slc_text_t a, slc_text_t b)
{
    return a.bytes == b.bytes && memcmp(a.data, b.data, a.bytes) == 0;
}

static void expect_event(const slc_event_t *event, uint64_t sequence)
{
    slc_event_t wanted = lab_event(sequence, event->time_us);
    cr_assert(event->sequence == sequence && event->kind == wanted.kind &&
              event->op_key == wanted.op_key);
    if (event->kind == SLC_EVENT_ORDER_PLACED) {
        cr_assert(event->as.order_placed.drop_id == wanted.as.order_placed.drop_id);
        cr_assert(event->as.order_placed.order_key == wanted.as.order_placed.order_key);
        cr_assert(event->as.order_placed.quantity == wanted.as.order_placed.quantity);
        cr_assert(same_text(event->as.order_placed.user, wanted.as.order_placed.user));
    }
}

/* Reads to the end; answers how it ended, and the last event in *ret_sequence. */
static slc_err_t read_all(uint64_t first, uint64_t *ret_sequence)
{
    slc_journal_block_t block;
    slc_event_t event;
    slc_err_t code = SLC_OK;
    *ret_sequence = first - 1;
    while ((code = slc_journal_next_block(journal, &block, &error)) == SLC_OK) {
        cr_assert(block.seal ? block.events == 0 : block.events > 0);
        uint32_t events = 0;
        while ((code = slc_journal_next_event(journal, &event, &error)) == SLC_OK) {
            if (event.sequence >= first) {
                expect_event(&event, ++*ret_sequence);
            }
            cr_assert(event.time_us == block.time_us);
            events++;
        }
        cr_assert(code == SLC_END && events == block.events);
    }
    return code;
}

static slc_journal_tail_t tail(void)
{
    uint32_t segment = 0;
    uint64_t offset = 0;
    return slc_journal_tail(journal, &segment, &offset);
}

Test(reader, hands_out_every_event_once_and_in_order)
{
    uint64_t last = 0;
    write_until(SIZE_MAX, true);
    open_journal();
    cr_assert(tail() == SLC_TAIL_UNKNOWN);
    cr_assert(read_all(1, &last) == SLC_END && last == lab->event_count, "%s", error.message);
    cr_assert(tail() == SLC_TAIL_SEALED);
    uint64_t done = 0;
    uint64_t total = 0;
    slc_journal_progress(journal, &done, &total);
    cr_assert(done == total && total >= 3 * SEGMENT_BYTES);
}

Test(reader, tells_an_open_end_from_a_sealed_one)
{
    uint64_t last = 0;
    write_until(5, false);
    open_journal();
    cr_assert(read_all(1, &last) == SLC_END && tail() == SLC_TAIL_OPEN);
    write_until(6, true);
    open_journal();
    cr_assert(read_all(1, &last) == SLC_END && tail() == SLC_TAIL_SEALED);
}

Test(reader, of_a_journal_without_events_says_empty)
{
    lab_outcome_t outcome;
    uint64_t last = 0;
    slc_directory_t *directory = NULL;
    cr_assert(slc_directory_open(slc_sys_posix(), path, &directory, &error) == SLC_OK);
    open_journal();
    cr_assert(read_all(1, &last) == SLC_END && tail() == SLC_TAIL_EMPTY);
    slc_directory_close(directory);
    lab->block_count = 0;
    lab_run(lab, slc_sys_posix(), path, 0, false, &outcome);
    lab->block_count = BLOCKS;
    open_journal();
    cr_assert(read_all(1, &last) == SLC_END && tail() == SLC_TAIL_EMPTY);
}

Test(reader, of_no_data_directory_says_so)
{
    cr_assert(slc_journal_open("/tmp/none/at/all", &journal, &error) == SLC_ERR_IO);
    cr_assert(slc_journal_open(base, &journal, &error) == SLC_ERR_IO);
}

Test(reader, notes_a_torn_tail_and_leaves_it)
{
    char name[128];
    uint64_t last = 0;
    uint32_t segment = 0;
    uint64_t offset = 0;
    write_until(SIZE_MAX, true);
    open_journal();
    cr_assert(read_all(1, &last) == SLC_END);
    (void)slc_journal_tail(journal, &segment, &offset);
    (void)snprintf(name, sizeof name, "%s/segment-%010u.journal", path, segment);
    int fd = open(name, O_RDWR);
    cr_assert(pwrite(fd, "torn", 4, (off_t)offset + 100) == 4);
    for (int twice = 0; twice < 2; twice++) {
        open_journal();
        cr_assert(read_all(1, &last) == SLC_END && last == lab->event_count && tail() == SLC_TAIL_TORN);
    }
    (void)close(fd);
}

Test(reader, seeks_to_the_block_that_holds_an_event)
{
    write_until(SIZE_MAX, true);
    open_journal();
    for (uint64_t sequence = 1; sequence <= lab->event_count; sequence += 7) {
        slc_journal_block_t block;
        uint64_t last = 0;
        cr_assert(slc_journal_seek(journal, sequence, &error) == SLC_OK);
        cr_assert(slc_journal_next_block(journal, &block, &error) == SLC_OK);
        cr_assert(block.first_sequence <= sequence && sequence < block.first_sequence + block.events);
        if (sequence % 5 == 0) {
            cr_assert(slc_journal_seek(journal, sequence, &error) == SLC_OK);
            cr_assert(read_all(sequence, &last) == SLC_END && last == lab->event_count);
        }
    }
    slc_journal_block_t block;
    cr_assert(slc_journal_seek(journal, lab->event_count + 2, &error) == SLC_OK);
    cr_assert(slc_journal_next_block(journal, &block, &error) == SLC_END);
    cr_assert(slc_journal_seek(journal, 0, &error) == SLC_OK);
    cr_assert(slc_journal_next_block(journal, &block, &error) == SLC_OK && block.first_sequence == 1);
}

Test(reader, hands_out_what_stands_before_damage_and_then_names_the_place)
{
    char name[128];
    uint64_t last = 0;
    uint8_t byte = 0xff;
    slc_event_t event;
    slc_journal_block_t block;
    write_until(SIZE_MAX, true);
    (void)snprintf(name, sizeof name, "%s/segment-%010u.journal", path, 2);
    int fd = open(name, O_RDWR);
    cr_assert(pwrite(fd, &byte, 1, 4096 + 4000) == 1);
    (void)close(fd);
    open_journal();
    cr_assert(read_all(1, &last) == SLC_ERR_DAMAGED && last > 0 && last < lab->event_count);
    cr_assert(strstr(error.message, "segment 2, offset 4096") != NULL, "%s", error.message);
    cr_assert(tail() == SLC_TAIL_UNKNOWN);
    cr_assert(slc_journal_next_block(journal, &block, NULL) == SLC_ERR_DAMAGED);
    cr_assert(slc_journal_next_event(journal, &event, NULL) == SLC_END);
    cr_assert(slc_journal_seek(journal, 1, &error) == SLC_ERR_DAMAGED);
}

Test(reader, answers_end_for_events_before_the_first_block)
{
    slc_event_t event;
    write_until(3, false);
    open_journal();
    cr_assert(slc_journal_next_event(journal, &event, &error) == SLC_END);
}

Test(reader, works_beside_a_server_that_goes_on)
{
    uint64_t before = 0;
    uint64_t after = 0;
    write_until(10, false);
    open_journal();
    slc_journal_t *early = journal;
    journal = NULL;
    write_until(SIZE_MAX, true);
    open_journal();
    cr_assert(read_all(1, &after) == SLC_END && after == lab->event_count);
    slc_journal_close(journal);
    journal = early; /* opened before, read now: sees what was written in between */
    cr_assert(read_all(1, &before) == SLC_END && before == lab->event_count);
}

Test(reader, knows_the_directory_by_its_identity)
{
    slc_directory_t *directory = NULL;
    write_until(1, false);
    open_journal();
    cr_assert(slc_directory_open(slc_sys_posix(), path, &directory, &error) == SLC_OK);
    cr_assert(memcmp(slc_journal_directory_id(journal), directory->id, SLC_DIRECTORY_ID_BYTES) == 0);
    slc_directory_close(directory);
}

/* ---- blocks that some other program wrote: every checksum right, and no EventBatch in them ---- */

#define FORGED_EVENTS 2u

typedef struct {
    uint64_t time_off; /* added to what the header says */
    uint64_t first_off;
    uint32_t events;  /* that the header says */
    uint32_t put;     /* that are there */
    uint32_t garbage; /* bytes of it behind them */
} forgery_t;

/* Behind the end of the journal; answers the sequence of its first event. */
static uint64_t put_forgery(const forgery_t *forgery)
{
    static uint8_t bytes[8192];
    lab_outcome_t back;
    char name[128];
    uint8_t *payload = bytes + SLC_BLOCK_HEADER_BYTES;
    lab_restore(lab, slc_sys_posix(), path, &back);
    cr_assert(back.code == SLC_OK, "%s", back.error.message);
    const slc_journal_end_t *end = &back.restored.end;
    open_journal();
    const slc_block_place_t place = {.directory = slc_load_u64(slc_journal_directory_id(journal)),
                                     .offset = end->offset,
                                     .segment_bytes = SEGMENT_BYTES,
                                     .segment = end->segment};
    slc_block_header_t header = {.first_sequence = end->sequence + 1,
                                 .durable_sequence = end->sequence,
                                 .time_us = end->time_us,
                                 .chain = end->chain,
                                 .events = forgery->events};
    size_t used = slc_flat_encode_batch_head(header.time_us + forgery->time_off,
                                             header.first_sequence + forgery->first_off, payload);
    for (uint32_t i = 0; i < forgery->put; i++) {
        slc_event_t event = lab_event(header.first_sequence + i, header.time_us);
        used += slc_flat_encode_event(&event, payload + used);
    }
    memset(payload + used, 0xff, forgery->garbage);
    header.payload_bytes = (uint32_t)used + forgery->garbage;
    slc_block_finish(bytes, &place, &header);
    (void)snprintf(name, sizeof name, "%s/segment-%010u.journal", path, end->segment);
    int fd = open(name, O_RDWR);
    cr_assert(pwrite(fd, bytes, header.total_bytes, (off_t)end->offset) == (ssize_t)header.total_bytes);
    (void)close(fd);
    return header.first_sequence;
}

/* What was said once is said to every call from then on. */
static void expect_final(const char *said)
{
    slc_journal_block_t block;
    slc_event_t event;
    slc_error_t again = {0};
    cr_assert(slc_journal_next_event(journal, &event, &again) == SLC_ERR_DAMAGED);
    cr_assert(strcmp(again.message, said) == 0, "%s", again.message);
    cr_assert(slc_journal_next_block(journal, &block, NULL) == SLC_ERR_DAMAGED);
    cr_assert(slc_journal_seek(journal, 1, &again) == SLC_ERR_DAMAGED);
    cr_assert(strcmp(again.message, said) == 0, "%s", again.message);
    cr_assert(tail() == SLC_TAIL_UNKNOWN);
}

Test(reader, of_a_batch_that_contradicts_its_block_hands_out_what_stands_before_it_and_then_nothing)
{
    static const forgery_t forgeries[] = {{.time_off = 1, .events = 1, .put = 1},
                                          {.first_off = 1, .events = 1, .put = 1}};
    for (size_t i = 0; i < sizeof forgeries / sizeof forgeries[0]; i++) {
        uint64_t last = 0;
        lab->block_count = 4;
        write_until(SIZE_MAX, false);
        uint64_t first = put_forgery(&forgeries[i]);
        open_journal();
        cr_assert(read_all(1, &last) == SLC_ERR_DAMAGED && last == first - 1);
        cr_assert(strstr(error.message, "does not begin as the block's header says") != NULL, "%s",
                  error.message);
        slc_error_t said = error;
        expect_final(said.message);
        slc_journal_close(journal);
        journal = NULL;
        teardown();
        (void)snprintf(base, sizeof base, "/tmp/slc-reader-XXXXXX");
        setup();
    }
}

Test(reader, of_a_batch_with_an_event_too_few_or_too_many_or_broken_names_that_event)
{
    static const forgery_t forgeries[] = {
        {.events = FORGED_EVENTS + 1, .put = FORGED_EVENTS},
        {.events = FORGED_EVENTS, .put = FORGED_EVENTS + 1},
        {.events = FORGED_EVENTS, .put = FORGED_EVENTS, .garbage = 3},
        {.events = FORGED_EVENTS + 1, .put = FORGED_EVENTS, .garbage = 9}};
    for (size_t i = 0; i < sizeof forgeries / sizeof forgeries[0]; i++) {
        char wanted[96];
        uint64_t last = 0;
        lab->block_count = 4;
        write_until(SIZE_MAX, false);
        uint64_t first = put_forgery(&forgeries[i]);
        slc_journal_block_t block;
        slc_event_t event;
        open_journal();
        cr_assert(slc_journal_seek(journal, first, &error) == SLC_OK);
        cr_assert(slc_journal_next_block(journal, &block, &error) == SLC_OK, "%s", error.message);
        cr_assert(block.first_sequence == first && block.events == forgeries[i].events);
        slc_err_t code;
        while ((code = slc_journal_next_event(journal, &event, &error)) == SLC_OK) {
            expect_event(&event, first + last++);
        }
        cr_assert(code == SLC_ERR_DAMAGED && last == FORGED_EVENTS);
        (void)snprintf(wanted, sizeof wanted, ": event %llu cannot be read",
                       (unsigned long long)(first + FORGED_EVENTS));
        cr_assert(strstr(error.message, wanted) != NULL, "%s", error.message);
        slc_error_t said = error;
        expect_final(said.message);
        /* Nor does the engine start on it. */
        lab_outcome_t back;
        lab_restore(lab, slc_sys_posix(), path, &back);
        cr_assert(back.code == SLC_ERR_DAMAGED && strstr(back.error.message, wanted) != NULL, "%s",
                  back.error.message);
        slc_journal_close(journal);
        journal = NULL;
        teardown();
        (void)snprintf(base, sizeof base, "/tmp/slc-reader-XXXXXX");
        setup();
    }
}
