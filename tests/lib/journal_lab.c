#include "journal_lab.h"

#include "fake_disk.h"

#include "base/check.h"
#include "base/error.h"
#include "logic/cut.h"
#include "snapshot/retain.h"
#include "snapshot/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DROPS 3u
#define USERS 40u
#define START_US UINT64_C(1700000000000000)

/* ---- the script ---- */

static slc_text_t name_of(uint64_t number)
{
    static char names[USERS][16];
    int length = snprintf(names[number % USERS], sizeof names[0], "user-%u", (unsigned)(number % USERS));
    return (slc_text_t){.data = names[number % USERS], .bytes = (size_t)length};
}

static slc_event_t order(uint64_t sequence)
{
    slc_event_t event = {.kind = SLC_EVENT_ORDER_PLACED};
    event.as.order_placed.drop_id = 1 + sequence % DROPS;
    event.as.order_placed.order_key = sequence % 5 == 0 ? sequence - 3 : sequence; /* some come again */
    event.as.order_placed.quantity = 1 + sequence % 4;
    event.as.order_placed.user = name_of(sequence * 7);
    return event;
}

/* Every kind of event, all of them before the 268th. */
slc_event_t lab_event(uint64_t sequence, uint64_t time_us)
{
    slc_event_t event = order(sequence);
    if (sequence <= DROPS) {
        event = (slc_event_t){.kind = SLC_EVENT_DROP_OPENED, .op_key = sequence};
        event.as.drop_opened.drop_id = sequence;
        event.as.drop_opened.stock = 400;
        event.as.drop_opened.per_user_limit = sequence == 2 ? 20 : 0;
        event.as.drop_opened.name = name_of(sequence);
    } else if (sequence % 31 == 0) {
        event = (slc_event_t){.kind = SLC_EVENT_STOCK_ADJUSTED, .op_key = sequence};
        event.as.stock_adjusted.drop_id = 1 + sequence % DROPS;
        event.as.stock_adjusted.delta = (sequence & 32) != 0 ? -5 : 25;
    } else if (sequence % 23 == 0) {
        event = (slc_event_t){.kind = SLC_EVENT_ORDER_CANCELLED, .op_key = sequence};
        event.as.order_cancelled.order_id = sequence - 9;
    }
    if (sequence == 152 || sequence == 156) {
        event = (slc_event_t){.kind = sequence == 152 ? SLC_EVENT_DROP_CLOSED : SLC_EVENT_DROP_PURGED,
                              .op_key = sequence};
        event.as.drop_closed.drop_id = DROPS;
    }
    event.sequence = sequence;
    event.time_us = time_us;
    return event;
}

static void compute_digests(lab_t *lab)
{
    slc_logic_t *logic = slc_logic_create();
    slc_answer_t answer;
    SLC_CHECK(logic != NULL);
    lab->digests[0] = slc_logic_digest(logic);
    for (size_t i = 0; i < lab->block_count; i++) {
        for (uint32_t j = 0; j < lab->blocks[i].events; j++) {
            slc_event_t event = lab_event(lab->blocks[i].first + j, lab->blocks[i].time_us);
            slc_logic_apply(logic, &event, &answer, NULL);
            lab->digests[event.sequence] = slc_logic_digest(logic);
        }
    }
    slc_logic_destroy(logic);
}

static lab_t *create(size_t blocks, uint64_t segment_bytes)
{
    lab_t *lab = calloc(1, sizeof *lab);
    SLC_CHECK(lab != NULL);
    lab->config = (slc_writer_config_t){.segment_bytes = segment_bytes,
                                        .block_bytes_max = 8192,
                                        .durability = SLC_DURABILITY_FSYNC,
                                        .prepare_inside = true};
    lab->block_count = blocks;
    lab->blocks = calloc(blocks, sizeof *lab->blocks);
    SLC_CHECK(lab->blocks != NULL);
    return lab;
}

static void add_block(lab_t *lab, size_t at, uint32_t events, uint64_t time_us, bool seal_behind)
{
    lab->blocks[at] = (lab_block_t){
        .first = lab->event_count + 1, .events = events, .time_us = time_us, .seal_behind = seal_behind};
    lab->event_count += events;
}

static lab_t *finish(lab_t *lab)
{
    lab->digests = calloc(lab->event_count + 1, sizeof *lab->digests);
    SLC_CHECK(lab->digests != NULL);
    compute_digests(lab);
    return lab;
}

lab_t *lab_create(size_t blocks, uint64_t segment_bytes)
{
    static const uint32_t sizes[] = {4, 1, 40, 2, 220, 1, 1, 70, 9, 3};
    lab_t *lab = create(blocks, segment_bytes);
    for (size_t i = 0; i < blocks; i++) {
        add_block(lab, i, sizes[i % (sizeof sizes / sizeof sizes[0])], START_US + i / 2 * 1000,
                  i % 6 == 4);
    }
    return finish(lab);
}

lab_t *lab_create_seeded(uint64_t seed, size_t blocks, uint64_t segment_bytes)
{
    lab_t *lab = create(blocks, segment_bytes);
    uint64_t time_us = START_US;
    for (size_t i = 0; i < blocks; i++) {
        uint64_t random = fake_random(&seed);
        uint64_t most = random % 16 == 0 ? 220 : random % 4 == 0 ? 12 : 3;
        time_us += fake_random(&seed) % 3;
        add_block(lab, i, 1 + (uint32_t)(fake_random(&seed) % most), time_us,
                  fake_random(&seed) % 5 == 0);
    }
    return finish(lab);
}

void lab_take_snapshots(lab_t *lab, size_t every)
{
    bool all = true;
    for (size_t i = every - 1; i < lab->block_count; i += every) {
        lab_block_t *block = &lab->blocks[i];
        block->snapshot_events = all || block->events == 1 ? block->events : block->events - 1;
        all = !all;
    }
}

void lab_destroy(lab_t *lab)
{
    free(lab->blocks);
    free(lab->digests);
    free(lab);
}

/* ---- blocks ---- */

/* Where the engine's digest would have got to: a little behind. */
static uint64_t digest_sequence(uint64_t sequence)
{
    return sequence < 3 ? 0 : sequence - sequence % 3;
}

static slc_err_t write_block(const lab_t *lab, slc_writer_t *writer, const lab_block_t *block,
                             slc_error_t *error)
{
    slc_writer_begin(writer, block->time_us);
    for (uint32_t i = 0; i < block->events; i++) {
        slc_event_t event = lab_event(block->first + i, block->time_us);
        bool fits = event.kind == SLC_EVENT_ORDER_PLACED
                        ? slc_writer_append_order(
                              writer, event.as.order_placed.drop_id, event.as.order_placed.user,
                              event.as.order_placed.quantity, event.as.order_placed.order_key)
                        : slc_writer_append_event(writer, &event);
        SLC_CHECK(fits);
    }
    uint64_t known = digest_sequence(slc_writer_sequence(writer));
    return slc_writer_commit(writer, known, lab->digests[known], error);
}

/* A failed writer must stay failed. */
static bool is_unstopped(const lab_t *lab, slc_writer_t *writer, const lab_block_t *block)
{
    return write_block(lab, writer, block, NULL) == SLC_OK ||
           slc_writer_seal(writer, 0, 0, NULL) == SLC_OK;
}

/* ---- snapshots ---- */

/* The state behind what is durable, and where to put it. */
typedef struct {
    const lab_t *lab;
    slc_directory_t *directory;
    slc_logic_t *logic;
    slc_retainer_t *retainer;
} keeper_t;

static bool next_of_cut(void *context, slc_entry_t *ret_entry)
{
    return slc_cut_next(context, ret_entry);
}

static slc_err_t write_snapshot(const keeper_t *keeper, slc_error_t *error)
{
    slc_snapshot_info_t info;
    slc_cut_t *cut = slc_logic_cut_begin(keeper->logic);
    SLC_CHECK(cut != NULL);
    while (slc_logic_cut_step(keeper->logic, 1) == SLC_CUT_MORE) {
    }
    const slc_snapshot_source_t source = {.info = slc_cut_info(cut), .next = next_of_cut, .context = cut};
    slc_err_t code = slc_snapshot_write(keeper->directory, &source, &info, error);
    slc_logic_cut_end(keeper->logic, cut);
    return code;
}

static void apply(const keeper_t *keeper, const lab_block_t *block, uint32_t from, uint32_t until)
{
    slc_answer_t answer;
    for (uint32_t i = from; i < until; i++) {
        slc_event_t event = lab_event(block->first + i, block->time_us);
        slc_logic_apply(keeper->logic, &event, &answer, NULL);
    }
}

/* The block is durable: its events, and the snapshot where one belongs. One that fails stops nothing. */
static void follow(const keeper_t *keeper, const lab_block_t *block, lab_outcome_t *outcome)
{
    slc_error_t error;
    apply(keeper, block, 0, block->snapshot_events);
    if (block->snapshot_events > 0 && write_snapshot(keeper, &error) == SLC_OK) {
        outcome->snapshot = slc_logic_sequence(keeper->logic);
        slc_retainer_note_good(keeper->retainer, outcome->snapshot);
        (void)slc_retainer_sweep(keeper->retainer, NULL, NULL, &error);
    }
    apply(keeper, block, block->snapshot_events, block->events);
}

/* ---- running it ---- */

static void write_script(const keeper_t *keeper, slc_writer_t *writer, size_t until, bool seal,
                         lab_outcome_t *outcome)
{
    const lab_t *lab = keeper->lab;
    for (size_t i = 0; i < lab->block_count && i <= until && outcome->code == SLC_OK; i++) {
        const lab_block_t *block = &lab->blocks[i];
        if (block->first != slc_writer_sequence(writer) + 1) {
            continue; /* came back */
        }
        outcome->code = write_block(lab, writer, block, &outcome->error);
        if (outcome->code == SLC_OK) {
            outcome->acked = slc_writer_sequence(writer);
            follow(keeper, block, outcome);
        } else {
            outcome->unstopped = is_unstopped(lab, writer, block);
        }
        if (outcome->code == SLC_OK && block->seal_behind) {
            outcome->code =
                slc_writer_seal(writer, outcome->acked, lab->digests[outcome->acked], &outcome->error);
            outcome->unstopped = outcome->code != SLC_OK && i + 1 < lab->block_count &&
                                 is_unstopped(lab, writer, &lab->blocks[i + 1]);
        }
    }
    if (outcome->code == SLC_OK && seal) {
        outcome->code = slc_writer_seal(writer, 0, 0, &outcome->error);
    }
}

static slc_err_t come_back(const lab_t *lab, slc_directory_t *directory, slc_logic_t **ret_logic,
                           lab_outcome_t *outcome)
{
    const slc_restored_t *restored = &outcome->restored;
    slc_err_t code = slc_restore(directory, NULL, NULL, ret_logic, &outcome->restored, &outcome->error);
    if (code == SLC_OK) {
        uint64_t sequence = restored->end.sequence;
        outcome->came_back = true;
        outcome->wrong = sequence > lab->event_count || sequence != slc_logic_sequence(*ret_logic) ||
                         sequence != restored->snapshot_sequence + restored->events ||
                         slc_logic_time_us(*ret_logic) != restored->end.time_us ||
                         slc_logic_digest(*ret_logic) != lab->digests[sequence];
        outcome->acked = sequence;
    }
    return code;
}

static void run(const lab_t *lab, const slc_sys_t *sys, const char *path, const size_t *until, bool seal,
                lab_outcome_t *outcome)
{
    keeper_t keeper = {.lab = lab};
    slc_writer_t *writer = NULL;
    *outcome = (lab_outcome_t){0};
    outcome->code = slc_directory_open(sys, path, &keeper.directory, &outcome->error);
    if (outcome->code == SLC_OK) {
        outcome->code = come_back(lab, keeper.directory, &keeper.logic, outcome);
    }
    if (outcome->code == SLC_OK && !outcome->wrong && until != NULL) {
        slc_retain_t retain = {.snapshots = lab->keep_all ? SLC_RETAIN_ALL : SLC_RETAIN_MIN};
        if (lab->archive) {
            int made = sys->mkdir(sys->self, AT_FDCWD, LAB_ARCHIVE, 0700);
            (void)snprintf(retain.archive, sizeof retain.archive, "%s", LAB_ARCHIVE);
            if (made < 0 && made != -EEXIST) { /* an operator's mkdir that failed */
                outcome->code = slc_error_sys(&outcome->error, SLC_ERR_IO, -made, "no archive");
            }
        }
        outcome->code = outcome->code != SLC_OK ? outcome->code
                                                : slc_retainer_create(keeper.directory, &retain,
                                                                      &keeper.retainer, &outcome->error);
    }
    if (outcome->code == SLC_OK && keeper.retainer != NULL) {
        outcome->code = slc_writer_open(keeper.directory, &lab->config, &outcome->restored.end, &writer,
                                        &outcome->error);
        if (outcome->code == SLC_OK) {
            write_script(&keeper, writer, *until, seal, outcome);
        }
        slc_writer_close(writer);
    }
    slc_retainer_destroy(keeper.retainer);
    slc_logic_destroy(keeper.logic);
    slc_directory_close(keeper.directory);
}

void lab_run(const lab_t *lab, const slc_sys_t *sys, const char *path, size_t until, bool seal,
             lab_outcome_t *ret_outcome)
{
    run(lab, sys, path, &until, seal, ret_outcome);
}

void lab_restore(const lab_t *lab, const slc_sys_t *sys, const char *path, lab_outcome_t *ret_outcome)
{
    run(lab, sys, path, NULL, false, ret_outcome);
}
