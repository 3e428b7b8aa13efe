#include "restore/restore.h"

#include "base/check.h"
#include "base/error.h"
#include "base/hash.h"
#include "journal/batch.h"
#include "restore/pairs.h"
#include "restore/repair.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

static_assert(SLC_FORMAT_RULES_VERSION == SLC_RULES_VERSION,
              "a segment names the rules that this engine decides by");

#define PROGRESS_NS UINT64_C(100000000)
/* BUYs decoded ahead of the one applied, so that its memory has come by then: the index is asked for when
 * a BUY comes in, the record it leads to half-way. Powers of two. */
#define AHEAD 16u
#define AHEAD_RECORD 8u

typedef struct {
    const slc_directory_t *directory;
    slc_logic_t *logic;
    slc_pairs_t pairs;
    slc_ask_t asks[AHEAD]; /* of the block being replayed, decoded and not applied: head to tail */
    uint32_t head;
    uint32_t tail;
    uint64_t time_us;
    uint64_t sequence; /* of the last event applied */
    slc_restored_t *restored;
    slc_restore_progress_fn progress;
    void *context;
    uint64_t progress_ns;
} replay_t;

static void note_pair(void *context, const slc_block_header_t *header)
{
    replay_t *replay = context;
    slc_pairs_add(&replay->pairs, header->digest_sequence, header->digest);
}

/* Compares where a block ahead told the digest behind this event. */
static slc_err_t check_digest(replay_t *replay, const slc_scanned_t *block, slc_error_t *ret_error)
{
    uint64_t told = 0;
    if (!slc_pairs_take(&replay->pairs, replay->sequence, &told)) {
        return SLC_OK;
    }
    replay->restored->digest_pairs++;
    uint64_t digest = slc_logic_digest(replay->logic);
    if (digest == told) {
        return SLC_OK;
    }
    return slc_segment_damaged(replay->directory, block->segment, block->offset, ret_error,
                               "replayed to event %" PRIu64 ", the state has digest %016" PRIx64
                               ", but the engine noted %016" PRIx64,
                               replay->sequence, digest, told);
}

static slc_err_t apply_oldest(replay_t *replay, const slc_scanned_t *block, slc_error_t *ret_error)
{
    slc_answer_t answer;
    replay->sequence++;
    slc_logic_buy(replay->logic, &replay->asks[replay->head % AHEAD], replay->sequence, replay->time_us,
                  &answer);
    replay->head++;
    return check_digest(replay, block, ret_error);
}

static slc_err_t apply_all(replay_t *replay, const slc_scanned_t *block, slc_error_t *ret_error)
{
    slc_err_t code = SLC_OK;
    while (code == SLC_OK && replay->head != replay->tail) {
        code = apply_oldest(replay, block, ret_error);
    }
    return code;
}

static slc_err_t take_order(replay_t *replay, const slc_event_t *event, const slc_scanned_t *block,
                            slc_error_t *ret_error)
{
    slc_text_t user = event->as.order_placed.user;
    slc_ask_t *ask = &replay->asks[replay->tail % AHEAD];
    *ask = (slc_ask_t){
        .drop_id = event->as.order_placed.drop_id,
        .order_key = event->as.order_placed.order_key,
        .user_hash = slc_hash(user.data, user.bytes),
        .user = user.data,
        .user_bytes = (uint32_t)user.bytes,
        .quantity = (uint32_t)event->as.order_placed.quantity,
    };
    slc_logic_prefetch_index(replay->logic, ask);
    replay->tail++;
    if (replay->tail - replay->head > AHEAD_RECORD) {
        slc_logic_prefetch_record(replay->logic,
                                  &replay->asks[(replay->tail - 1 - AHEAD_RECORD) % AHEAD]);
    }
    return replay->tail - replay->head == AHEAD ? apply_oldest(replay, block, ret_error) : SLC_OK;
}

static slc_err_t take_change(replay_t *replay, const slc_event_t *event, const slc_scanned_t *block,
                             slc_error_t *ret_error)
{
    slc_answer_t answer;
    slc_err_t code = apply_all(replay, block, ret_error);
    if (code != SLC_OK) {
        return code;
    }
    replay->sequence++;
    slc_logic_apply(replay->logic, event, &answer, NULL);
    return check_digest(replay, block, ret_error);
}

static slc_err_t replay_block(replay_t *replay, const slc_scanned_t *block, slc_error_t *ret_error)
{
    slc_batch_t batch;
    slc_event_t event;
    slc_err_t code = slc_batch_begin(&batch, replay->directory, block, ret_error);
    replay->time_us = block->header.time_us;
    while (code == SLC_OK) {
        code = slc_batch_next(&batch, replay->directory, &event, ret_error);
        if (code == SLC_OK) {
            code = event.kind == SLC_EVENT_ORDER_PLACED ? take_order(replay, &event, block, ret_error)
                                                        : take_change(replay, &event, block, ret_error);
        }
    }
    /* The text of events is good until the next block only. */
    return code == SLC_END ? apply_all(replay, block, ret_error) : code;
}

static void tell_progress(replay_t *replay, const slc_scan_t *scan)
{
    const slc_sys_t *sys = replay->directory->sys;
    uint64_t now = sys->monotonic_ns(sys->self);
    if (replay->progress == NULL || now - replay->progress_ns < PROGRESS_NS) {
        return;
    }
    uint64_t done = 0;
    uint64_t total = 0;
    slc_scan_progress(scan, &done, &total);
    replay->progress_ns = now;
    replay->progress(replay->context, done, total, replay->sequence);
}

static slc_err_t replay_journal(replay_t *replay, slc_scan_t *scan, slc_error_t *ret_error)
{
    slc_scanned_t block;
    slc_err_t code = SLC_OK;
    while (code == SLC_OK) {
        code = slc_scan_next(scan, &block, ret_error);
        if (code == SLC_OK) {
            code = replay_block(replay, &block, ret_error);
            tell_progress(replay, scan);
        }
    }
    return code == SLC_END ? SLC_OK : code;
}

/* Only behind a scan that found nothing damaged. */
static slc_err_t repair(const slc_directory_t *directory, const slc_scan_end_t *end,
                        slc_restored_t *restored, slc_error_t *ret_error)
{
    slc_err_t code = SLC_OK;
    if (end->unrolled_segment != 0) {
        code = slc_repair_roll(directory, end, ret_error);
    }
    if (code == SLC_OK && end->rule != NULL && end->rule->verdict == SLC_VERDICT_TORN) {
        code = slc_repair_cut(directory, end, restored, ret_error);
    }
    return code;
}

static slc_err_t scan_and_repair(replay_t *replay, slc_error_t *ret_error)
{
    slc_scan_t *scan = NULL;
    slc_err_t code = slc_scan_open(replay->directory, note_pair, replay, &scan, ret_error);
    if (code == SLC_OK) {
        code = replay_journal(replay, scan, ret_error);
    }
    if (code == SLC_OK) {
        replay->restored->events = replay->sequence;
        replay->restored->end = slc_scan_end(scan)->end;
        code = repair(replay->directory, slc_scan_end(scan), replay->restored, ret_error);
    }
    slc_scan_close(scan);
    return code;
}

slc_err_t slc_restore(slc_directory_t *directory, slc_logic_t *logic, slc_restore_progress_fn progress,
                      void *context, slc_restored_t *ret_restored, slc_error_t *ret_error)
{
    SLC_CHECK(directory->lock_fd >= 0);
    SLC_CHECK(slc_logic_sequence(logic) == 0);
    *ret_restored = (slc_restored_t){0};
    slc_err_t code = slc_repair_settle(directory, ret_error);
    if (code != SLC_OK) {
        return code;
    }
    replay_t *replay = calloc(1, sizeof *replay);
    if (replay == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "out of memory for replaying the journal");
    }
    replay->directory = directory;
    replay->logic = logic;
    replay->restored = ret_restored;
    replay->progress = progress;
    replay->context = context;
    replay->progress_ns = directory->sys->monotonic_ns(directory->sys->self);
    code = scan_and_repair(replay, ret_error);
    free(replay);
    return code;
}
