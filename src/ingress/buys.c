/* Frames of a buyer's connection to slots: count the whole frames that window and ring have room for,
 * claim so many slots in one go, fill each from its frame, publish all of them at once. */
#include "base/check.h"
#include "base/hash.h"
#include "event/slot.h"
#include "ingress/ingress.h"
#include "wire/flat.h"
#include "wire/validate.h"

#include <string.h>

/* Slots to a claim: enough to pay for it, few enough that the journal need not wait. */
#define CLAIM_MAX 256u

/* How many slots the frames at the beginning of `bytes` ask for, a broken one (the last word of its
 * connection) included, at most `max`. */
static uint32_t count_frames(const uint8_t *bytes, size_t count, uint32_t frame_bytes_max, uint32_t max)
{
    uint32_t frames = 0;
    while (frames < max && count > 0) {
        const uint8_t *body;
        uint32_t body_bytes;
        size_t used;
        slc_frame_t frame = slc_frame_next(bytes, count, frame_bytes_max, &body, &body_bytes, &used);
        if (frame == SLC_FRAME_PARTIAL) {
            break;
        }
        frames++;
        if (frame != SLC_FRAME_WHOLE) {
            break;
        }
        bytes += used;
        count -= used;
    }
    return frames;
}

/* An answer that is already known takes the ring's way out all the same. */
static void fill_refused(slc_slot_t *slot, uint64_t request_id, slc_reason_t reason)
{
    slot->request_id = request_id;
    slot->kind = SLC_SLOT_REFUSED;
    slot->flags = 0;
    slot->status = SLC_STATUS_INVALID;
    slot->quantity = (uint32_t)reason;
    slot->as.answer.order_id = 0;
    slot->as.answer.remaining = 0;
    slot->as.answer.sequence = 0;
}

static void fill_buy(slc_slot_t *slot, const slc_buy_t *buy, const slc_board_t *board)
{
    uint64_t quantity = buy->quantity == 0 ? 1 : buy->quantity;
    slot->request_id = buy->request_id;
    slot->as.ask.drop_id = buy->drop_id;
    slot->as.ask.order_key = buy->order_key;
    slot->as.ask.user_hash = slc_hash(buy->user.data, buy->user.bytes);
    slot->quantity = (uint32_t)quantity;
    slot->kind = SLC_SLOT_BUY;
    slot->flags = 0;
    slot->user_bytes = (uint8_t)buy->user.bytes;
    slot->status = SLC_STATUS_UNSPECIFIED;
    memcpy(slot->user, buy->user.data, buy->user.bytes);
    slc_hint_t hint;
    if (slc_board_hint(board, buy->drop_id, quantity, &hint)) {
        slot->flags = SLC_SLOT_PROBABLE_REFUSAL;
        slot->hint_sequence = hint.sequence;
        slot->hint_until_us = hint.until_us;
    }
}

/* One slot from one frame: bytes used; 0 where the frame is broken and the connection ends with it. */
static size_t fill(slc_ingress_t *ingress, slc_slot_t *slot, const uint8_t *bytes, size_t count)
{
    const uint8_t *body;
    uint32_t body_bytes;
    size_t used;
    slc_frame_t frame = slc_frame_next(bytes, count, ingress->connections->limits.frame_bytes_max, &body,
                                       &body_bytes, &used);
    if (frame != SLC_FRAME_WHOLE) {
        SLC_CHECK(frame != SLC_FRAME_PARTIAL); /* it was counted as whole */
        fill_refused(slot, 0, SLC_REASON_FRAME_LENGTH);
        return 0;
    }
    slc_buy_t buy;
    if (!slc_flat_decode_buy(body, body_bytes, &buy)) {
        fill_refused(slot, 0, SLC_REASON_FRAME);
        return 0;
    }
    slc_reason_t reason = slc_validate_buy(&buy);
    if (reason != SLC_REASON_NONE) {
        fill_refused(slot, buy.request_id, reason);
    } else {
        fill_buy(slot, &buy, ingress->board);
    }
    return used;
}

/* Fills `claimed` slots; behind a broken frame the rest of them belongs to nobody. */
static size_t fill_claimed(slc_ingress_t *ingress, slc_connection_t *connection, uint64_t first,
                           uint32_t claimed, const uint8_t *bytes, size_t count)
{
    size_t used = 0;
    bool broken = false;
    for (uint32_t i = 0; i < claimed; i++) {
        slc_slot_t *slot = slc_ring_slot(ingress->ring, first + i);
        if (broken) {
            slot->conn = SLC_CONN_NOBODY;
            fill_refused(slot, 0, SLC_REASON_NONE);
            continue;
        }
        slot->conn = slc_conn_id(ingress->io, connection->index, connection->generation);
        size_t frame_bytes = fill(ingress, slot, bytes + used, count - used);
        connection->in_flight++;
        broken = frame_bytes == 0;
        used += frame_bytes;
    }
    if (broken) {
        slc_connection_last_words(ingress->connections, connection);
    }
    return used;
}

size_t slc_ingress_take_in_buys(slc_ingress_t *ingress, slc_connection_t *connection,
                                const uint8_t *bytes, size_t count)
{
    size_t used = 0;
    while (used < count && connection->phase == SLC_PHASE_OPEN) {
        uint32_t max = slc_connection_window(ingress->connections, connection);
        uint64_t room = slc_ring_room(ingress->ring);
        max = max < CLAIM_MAX ? max : CLAIM_MAX;
        max = room < max ? (uint32_t)room : max;
        uint32_t frames =
            count_frames(bytes + used, count - used, ingress->connections->limits.frame_bytes_max, max);
        uint64_t first;
        if (frames == 0) {
            if (room == 0) {
                slc_connection_make_ready(ingress->connections, connection);
            }
            break;
        }
        if (!slc_ring_try_claim(ingress->ring, frames, &first)) {
            slc_connection_make_ready(ingress->connections, connection); /* another thread was quicker */
            break;
        }
        used += fill_claimed(ingress, connection, first, frames, bytes + used, count - used);
        slc_marks_put(&ingress->connections->meters->marks, first + frames, ingress->connections->now_ns);
        slc_ring_publish_quietly(ingress->ring, first, frames);
    }
    return used;
}
