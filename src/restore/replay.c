#include "restore/replay.h"

#include "base/error.h"
#include "base/hash.h"
#include "journal/batch.h"
#include "logic/expect.h"
#include "restore/pairs.h"

#include <inttypes.h>
#include <stdlib.h>

/* The logic hears how far the replay is each time that so much of the journal is behind. */
#define EXPECT_BYTES (UINT64_C(256) << 10)

typedef struct {
    const slc_replay_order_t *order;
    slc_logic_t *logic;
    uint64_t after;         /* what the logic held at the beginning */
    uint64_t after_time_us; /* and when that was */
    slc_pairs_t pairs;
    slc_ask_t asks[SLC_AHEAD_MAX]; /* of the block being replayed, decoded and not applied */
    uint32_t waiting;              /* of them, from the first */
    uint64_t begun_bytes;          /* of the journal passed over, because the logic held it */
    uint64_t told_bytes;           /* of it when the logic heard last how far it is */
    uint64_t time_us;
    uint64_t sequence; /* of the last event applied */
    slc_replayed_t *replayed;
} replay_t;

/* Pairs from before the beginning would only fill the queue. */
static void note_pair(void *context, const slc_block_header_t *header)
{
    replay_t *replay = context;
    if (replay->order->check_digests && header->digest_sequence >= replay->after) {
        slc_pairs_add(&replay->pairs, header->digest_sequence, header->digest);
    }
}

/* Compares where a block ahead told the digest behind this event. */
static slc_err_t check_digest(replay_t *replay, const slc_scanned_t *block, slc_error_t *ret_error)
{
    uint64_t told = 0;
    if (!slc_pairs_take(&replay->pairs, replay->sequence, &told)) {
        return SLC_OK;
    }
    replay->replayed->digest_pairs++;
    uint64_t digest = slc_logic_digest(replay->logic);
    if (digest == told) {
        return SLC_OK;
    }
    return slc_segment_damaged(replay->order->directory, block->segment, block->offset, ret_error,
                               "replayed to event %" PRIu64 ", the state has digest %016" PRIx64
                               ", but the engine noted %016" PRIx64,
                               replay->sequence, digest, told);
}

/* A BUY as the event that it was decoded from. */
static void tell_buy(const replay_t *replay, const slc_ask_t *ask, const slc_answer_t *answer)
{
    const slc_event_t event = {
        .sequence = replay->sequence,
        .time_us = replay->time_us,
        .kind = SLC_EVENT_ORDER_PLACED,
        .as.order_placed = {.drop_id = ask->drop_id,
                            .order_key = ask->order_key,
                            .quantity = ask->quantity,
                            .user = {ask->user, ask->user_bytes}},
    };
    replay->order->applied(replay->order->context, &event, answer);
}

static slc_err_t apply_buy(replay_t *replay, const slc_ask_t *ask, const slc_scanned_t *block,
                           slc_error_t *ret_error)
{
    slc_answer_t answer;
    replay->sequence++;
    slc_logic_buy(replay->logic, ask, replay->sequence, replay->time_us, &answer);
    if (replay->order->applied != NULL) {
        tell_buy(replay, ask, &answer);
    }
    return check_digest(replay, block, ret_error);
}

/* All that wait. */
static slc_err_t apply_all(replay_t *replay, const slc_scanned_t *block, slc_error_t *ret_error)
{
    slc_err_t code = SLC_OK;
    slc_logic_fetch_ahead(replay->logic, replay->asks, replay->waiting);
    for (uint32_t i = 0; code == SLC_OK && i < replay->waiting; i++) {
        code = apply_buy(replay, &replay->asks[i], block, ret_error);
    }
    replay->waiting = 0;
    return code;
}

static slc_err_t take_order(replay_t *replay, const slc_event_t *event, const slc_scanned_t *block,
                            slc_error_t *ret_error)
{
    slc_text_t user = event->as.order_placed.user;
    replay->asks[replay->waiting++] = (slc_ask_t){
        .drop_id = event->as.order_placed.drop_id,
        .order_key = event->as.order_placed.order_key,
        .user_hash = slc_hash(user.data, user.bytes),
        .user = user.data,
        .user_bytes = (uint32_t)user.bytes,
        .quantity = (uint32_t)event->as.order_placed.quantity,
    };
    return replay->waiting == SLC_AHEAD_MAX ? apply_all(replay, block, ret_error) : SLC_OK;
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
    if (replay->order->applied != NULL) {
        replay->order->applied(replay->order->context, event, &answer);
    }
    return check_digest(replay, block, ret_error);
}

/* The block in which a snapshot was taken tells when that was: it is not part of the digest. */
static slc_err_t check_seam(const replay_t *replay, const slc_scanned_t *block, slc_error_t *ret_error)
{
    const slc_block_header_t *header = &block->header;
    bool holds_it = header->first_sequence <= replay->after &&
                    replay->after - header->first_sequence < header->events;
    if (!holds_it || header->time_us == replay->after_time_us) {
        return SLC_OK;
    }
    return slc_segment_damaged(replay->order->directory, block->segment, block->offset, ret_error,
                               "event %" PRIu64 " is of %" PRIu64 " us, but of %" PRIu64
                               " us by the snapshot behind it",
                               replay->after, header->time_us, replay->after_time_us);
}

/* Of an event that is wanted; those up to where the logic stood are in it already. */
static slc_err_t take_event(replay_t *replay, const slc_event_t *event, const slc_scanned_t *block,
                            slc_error_t *ret_error)
{
    if (event->sequence <= replay->after) {
        return SLC_OK;
    }
    return event->kind == SLC_EVENT_ORDER_PLACED ? take_order(replay, event, block, ret_error)
                                                 : take_change(replay, event, block, ret_error);
}

static slc_err_t replay_block(replay_t *replay, const slc_scanned_t *block, slc_error_t *ret_error)
{
    slc_batch_t batch;
    slc_event_t event;
    slc_err_t code = check_seam(replay, block, ret_error);
    if (code != SLC_OK || block->header.first_sequence + block->header.events <= replay->after) {
        return code; /* all of it is known */
    }
    /* The state that was loaded, if a block ahead tells of it. */
    code = check_digest(replay, block, ret_error);
    if (code == SLC_OK) {
        code = slc_batch_begin(&batch, replay->order->directory, block, ret_error);
    }
    replay->time_us = block->header.time_us;
    while (code == SLC_OK) {
        code = slc_batch_next(&batch, replay->order->directory, &event, ret_error);
        if (code == SLC_OK && event.sequence > replay->order->until) {
            code = SLC_END;
        } else if (code == SLC_OK) {
            code = take_event(replay, &event, block, ret_error);
        }
    }
    /* The text of events is good until the next block only. */
    return code == SLC_END ? apply_all(replay, block, ret_error) : code;
}

static void tell(const replay_t *replay, const slc_scan_t *scan, bool now)
{
    uint64_t done = 0;
    uint64_t total = 0;
    slc_scan_progress(scan, &done, &total);
    slc_watch_tell(replay->order->watch, done, total, replay->sequence - replay->after, now);
}

/* Lets the logic make room for what the rest of the journal brings. */
static void expect(replay_t *replay, const slc_scan_t *scan)
{
    uint64_t done = 0;
    uint64_t total = 0;
    slc_scan_likely(scan, &done, &total);
    if (replay->sequence == replay->after) {
        replay->begun_bytes = done;
    }
    if (done - replay->told_bytes >= EXPECT_BYTES || replay->sequence == replay->after) {
        replay->told_bytes = done;
        slc_logic_expect(replay->logic, done - replay->begun_bytes, total - replay->begun_bytes);
    }
}

static slc_err_t replay_journal(replay_t *replay, slc_scan_t *scan, slc_error_t *ret_error)
{
    slc_scanned_t block;
    slc_err_t code = SLC_OK;
    while (code == SLC_OK && replay->sequence < replay->order->until) {
        code = slc_scan_next(scan, &block, ret_error);
        if (code == SLC_OK) {
            expect(replay, scan);
            code = replay_block(replay, &block, ret_error);
            tell(replay, scan, false);
        }
    }
    slc_logic_expect(replay->logic, 0, 0);
    tell(replay, scan, true);
    return code;
}

static void note_end(const replay_t *replay, const slc_scan_end_t *end)
{
    slc_replayed_t *replayed = replay->replayed;
    replayed->ended = true;
    replayed->end = *end;
    if (end->rule == NULL) { /* a directory that was made of a snapshot alone */
        replayed->end.end =
            (slc_journal_end_t){.sequence = replay->after, .time_us = replay->after_time_us};
    }
}

slc_err_t slc_replay(const slc_replay_order_t *order, slc_replayed_t *ret_replayed,
                     slc_error_t *ret_error)
{
    slc_scan_t *scan = NULL;
    replay_t *replay = calloc(1, sizeof *replay);
    *ret_replayed = (slc_replayed_t){0};
    if (replay == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "out of memory for replaying the journal");
    }
    replay->order = order;
    replay->logic = order->logic;
    replay->after = slc_logic_sequence(order->logic);
    replay->after_time_us = slc_logic_time_us(order->logic);
    replay->sequence = replay->after;
    replay->replayed = ret_replayed;
    slc_err_t code = slc_scan_open(order->directory, note_pair, replay, &scan, ret_error);
    if (code == SLC_OK) {
        slc_scan_behind(scan, replay->after);
        code = replay_journal(replay, scan, ret_error);
    }
    if (code == SLC_END) {
        note_end(replay, slc_scan_end(scan));
        code = SLC_OK;
    }
    ret_replayed->events = replay->sequence - replay->after;
    slc_scan_close(scan);
    free(replay);
    return code;
}
