#include "against_protobuf.h"

#include "wire/flat.h"

#include <sluice.pb-c.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECT(condition) expect(condition, #condition, bytes, count)

static void expect(bool condition, const char *what, const uint8_t *bytes, size_t count)
{
    if (condition) {
        return;
    }
    (void)fprintf(stderr, "the decoders differ: not %s, in a message of %zu bytes:\n", what, count);
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(stderr, "%02x", bytes[i]);
    }
    (void)fprintf(stderr, "\n");
    abort();
}

/* What in the bytes the two may differ about, found by reading them a third way. */
typedef struct oddities {
    bool field_number;
    bool dropped_bits;
    bool typed_field_5; /* BuyReply's bool, behind another wire type than VARINT */
} oddities_t;

/* A varint, as slowly as can be; 0 bytes: it is none. */
static size_t read_varint(const uint8_t *bytes, size_t count, uint64_t *ret_value, oddities_t *odd)
{
    *ret_value = 0;
    for (size_t i = 0; i < count && i < 10; i++) {
        *ret_value |= (uint64_t)(bytes[i] & 0x7f) << (7 * i);
        if (bytes[i] < 0x80) {
            odd->dropped_bits |= i == 9 && bytes[i] > 1;
            return i + 1;
        }
    }
    return 0;
}

static oddities_t oddities_of(const uint8_t *bytes, size_t count)
{
    oddities_t odd = {0};
    for (size_t at = 0; at < count;) {
        uint64_t tag;
        uint64_t value = 0;
        size_t used = read_varint(bytes + at, count - at, &tag, &odd);
        if (used == 0) {
            break;
        }
        odd.field_number |= tag >> 3 == 0 || tag >> 3 >= UINT64_C(1) << 29;
        odd.typed_field_5 |= tag >> 3 == 5 && (tag & 7) != 0;
        at += used;
        size_t width = (tag & 7) == 1 ? 8 : (tag & 7) == 5 ? 4 : 0;
        if (width == 0) {
            used = read_varint(bytes + at, count - at, &value, &odd);
            width = (tag & 7) == 2 ? value : 0;
            if (used == 0) {
                break;
            }
            at += used;
        }
        if (width > count - at) {
            break;
        }
        at += width;
    }
    return odd;
}

static bool same_text(slc_text_t ours, const char *theirs)
{
    size_t until_nul = ours.bytes == 0 ? 0 : strnlen(ours.data, ours.bytes);
    return strlen(theirs) == until_nul && (until_nul == 0 || memcmp(ours.data, theirs, until_nul) == 0);
}

bool slc_agree_on_buy(const uint8_t *bytes, size_t count)
{
    slc_buy_t ours;
    bool taken = slc_flat_decode_buy(bytes, count, &ours);
    Sluice__V1__Buy *theirs = sluice__v1__buy__unpack(NULL, count, bytes);
    if (theirs == NULL) {
        EXPECT(!taken);
        return false;
    }
    if (!taken) {
        EXPECT(oddities_of(bytes, count).field_number);
    } else {
        EXPECT(ours.request_id == theirs->request_id);
        EXPECT(ours.drop_id == theirs->drop_id);
        EXPECT(ours.quantity == theirs->quantity);
        EXPECT(ours.order_key == theirs->order_key);
        EXPECT(same_text(ours.user, theirs->user));
    }
    sluice__v1__buy__free_unpacked(theirs, NULL);
    return taken;
}

bool slc_agree_on_reply(const uint8_t *bytes, size_t count)
{
    slc_buy_reply_t ours;
    bool taken = slc_flat_decode_reply(bytes, count, &ours);
    Sluice__V1__BuyReply *theirs = sluice__v1__buy_reply__unpack(NULL, count, bytes);
    if (theirs == NULL) {
        EXPECT(!taken);
        return false;
    }
    oddities_t odd = oddities_of(bytes, count);
    if (!taken) {
        EXPECT(odd.field_number || odd.typed_field_5);
    } else {
        bool known = (uint32_t)theirs->status < SLC_STATUS_COUNT;
        EXPECT((uint32_t)ours.status == (known ? (uint32_t)theirs->status : 0));
        EXPECT(ours.request_id == theirs->request_id);
        EXPECT(ours.order_id == theirs->order_id);
        EXPECT(ours.remaining == theirs->remaining);
        EXPECT(ours.replayed == (theirs->replayed != 0) || odd.dropped_bits);
        EXPECT(ours.sequence == theirs->sequence);
        EXPECT(ours.time_us == theirs->time_us);
        EXPECT(same_text(ours.message, theirs->message));
    }
    sluice__v1__buy_reply__free_unpacked(theirs, NULL);
    return taken;
}

static bool same_event(const slc_event_t *ours, const Sluice__V1__Event *theirs)
{
    if ((int)ours->kind != (int)theirs->event_case) {
        return false;
    }
    switch (ours->kind) {
    case SLC_EVENT_ORDER_PLACED:
        return ours->op_key == 0 && ours->as.order_placed.drop_id == theirs->order_placed->drop_id &&
               ours->as.order_placed.quantity == theirs->order_placed->quantity &&
               ours->as.order_placed.order_key == theirs->order_placed->order_key &&
               same_text(ours->as.order_placed.user, theirs->order_placed->user);
    case SLC_EVENT_DROP_OPENED:
        return ours->op_key == theirs->drop_opened->op_key &&
               ours->as.drop_opened.drop_id == theirs->drop_opened->drop_id &&
               ours->as.drop_opened.stock == theirs->drop_opened->stock &&
               ours->as.drop_opened.per_user_limit == theirs->drop_opened->per_user_limit &&
               ours->as.drop_opened.opens_at_us == theirs->drop_opened->opens_at_us &&
               ours->as.drop_opened.closes_at_us == theirs->drop_opened->closes_at_us &&
               same_text(ours->as.drop_opened.name, theirs->drop_opened->name);
    case SLC_EVENT_STOCK_ADJUSTED:
        return ours->op_key == theirs->stock_adjusted->op_key &&
               ours->as.stock_adjusted.drop_id == theirs->stock_adjusted->drop_id &&
               ours->as.stock_adjusted.delta == theirs->stock_adjusted->delta;
    case SLC_EVENT_DROP_CLOSED:
        return ours->op_key == theirs->drop_closed->op_key &&
               ours->as.drop_closed.drop_id == theirs->drop_closed->drop_id;
    case SLC_EVENT_DROP_PURGED:
        return ours->op_key == theirs->drop_purged->op_key &&
               ours->as.drop_purged.drop_id == theirs->drop_purged->drop_id;
    case SLC_EVENT_ORDER_CANCELLED:
        return ours->op_key == theirs->order_cancelled->op_key &&
               ours->as.order_cancelled.order_id == theirs->order_cancelled->order_id;
    }
    return false;
}

bool slc_agree_on_event(const uint8_t *bytes, size_t count)
{
    slc_event_t ours;
    size_t used = 0;
    if (!slc_flat_decode_event(bytes, count, &ours, &used)) {
        return false;
    }
    EXPECT(used <= count);
    uint8_t again[SLC_EVENT_BYTES_MAX];
    EXPECT(slc_flat_encode_event(&ours, again) == used);
    EXPECT(memcmp(again, bytes, used) == 0);
    Sluice__V1__EventBatch *theirs = sluice__v1__event_batch__unpack(NULL, used, bytes);
    EXPECT(theirs != NULL && theirs->n_events == 1);
    if (theirs != NULL) {
        EXPECT(same_event(&ours, theirs->events[0]));
        sluice__v1__event_batch__free_unpacked(theirs, NULL);
    }
    return true;
}

/* ---- batches ---- */

static bool is_text(const char *string, size_t bytes_min)
{
    return slc_text_is_valid((slc_text_t){string, strlen(string)}, bytes_min, 64);
}

static bool is_in_bounds(const Sluice__V1__Event *event)
{
    const int64_t stock_max = INT64_C(1000000000000);
    switch ((int)event->event_case) {
    case SLUICE__V1__EVENT__EVENT_ORDER_PLACED:
        return event->order_placed->drop_id != 0 && event->order_placed->quantity != 0 &&
               event->order_placed->quantity <= 1000000 && is_text(event->order_placed->user, 1);
    case SLUICE__V1__EVENT__EVENT_DROP_OPENED:
        return event->drop_opened->drop_id != 0 && event->drop_opened->stock <= (uint64_t)stock_max &&
               is_text(event->drop_opened->name, 0);
    case SLUICE__V1__EVENT__EVENT_STOCK_ADJUSTED:
        return event->stock_adjusted->drop_id != 0 && event->stock_adjusted->delta != 0 &&
               event->stock_adjusted->delta <= stock_max && event->stock_adjusted->delta >= -stock_max;
    case SLUICE__V1__EVENT__EVENT_DROP_CLOSED:
        return event->drop_closed->drop_id != 0;
    case SLUICE__V1__EVENT__EVENT_DROP_PURGED:
        return event->drop_purged->drop_id != 0;
    case SLUICE__V1__EVENT__EVENT_ORDER_CANCELLED:
        return event->order_cancelled->order_id != 0;
    default:
        return false;
    }
}

/* protobuf-c writes unknown fields back, behind the known ones; a batch with such is none of ours. */
static bool is_known_and_in_bounds(const Sluice__V1__EventBatch *batch)
{
    if (batch->base.n_unknown_fields != 0) {
        return false;
    }
    for (size_t i = 0; i < batch->n_events; i++) {
        const Sluice__V1__Event *event = batch->events[i];
        /* Whatever the oneof holds is a message, which begins with its base. */
        if (event->base.n_unknown_fields != 0 || !is_in_bounds(event) ||
            event->order_placed->base.n_unknown_fields != 0) {
            return false;
        }
    }
    return true;
}

/* The head is compared by hand; what follows has to be what protobuf-c writes for the events alone. */
static bool is_canonical(const Sluice__V1__EventBatch *batch, const uint8_t *bytes, size_t count)
{
    Sluice__V1__EventBatch events;
    uint64_t words[2] = {batch->time_us, batch->first_sequence};
    if (count < SLC_BATCH_HEAD_BYTES || bytes[0] != 0x09 || memcmp(bytes + 1, &words[0], 8) != 0 ||
        bytes[9] != 0x11 || memcmp(bytes + 10, &words[1], 8) != 0 || !is_known_and_in_bounds(batch)) {
        return false;
    }
    sluice__v1__event_batch__init(&events);
    events.n_events = batch->n_events;
    events.events = batch->events;
    size_t packed_bytes = sluice__v1__event_batch__get_packed_size(&events);
    uint8_t *packed = malloc(packed_bytes + 1);
    bool same = packed != NULL && packed_bytes == count - SLC_BATCH_HEAD_BYTES &&
                sluice__v1__event_batch__pack(&events, packed) == packed_bytes &&
                memcmp(packed, bytes + SLC_BATCH_HEAD_BYTES, packed_bytes) == 0;
    free(packed);
    return same;
}

/* All of it by the flat decoders; where `theirs` is given, each event is compared with theirs. */
static bool take_batch(const uint8_t *bytes, size_t count, const Sluice__V1__EventBatch *theirs)
{
    uint64_t time_us;
    uint64_t first_sequence;
    size_t at;
    size_t index = 0;
    if (!slc_flat_decode_batch_head(bytes, count, &time_us, &first_sequence, &at)) {
        return false;
    }
    while (at < count) {
        slc_event_t event;
        size_t used;
        if (!slc_flat_decode_event(bytes + at, count - at, &event, &used)) {
            return false;
        }
        EXPECT(used > 0 && used <= count - at);
        EXPECT(theirs == NULL || (index < theirs->n_events && same_event(&event, theirs->events[index])));
        at += used;
        index++;
    }
    EXPECT(theirs == NULL || (time_us == theirs->time_us && first_sequence == theirs->first_sequence));
    EXPECT(theirs == NULL || index == theirs->n_events);
    return true;
}

bool slc_agree_on_batch(const uint8_t *bytes, size_t count)
{
    bool taken = take_batch(bytes, count, NULL);
    Sluice__V1__EventBatch *theirs = sluice__v1__event_batch__unpack(NULL, count, bytes);
    EXPECT(!taken || theirs != NULL);
    if (theirs != NULL) {
        EXPECT(taken == is_canonical(theirs, bytes, count));
        EXPECT(!taken || take_batch(bytes, count, theirs));
        sluice__v1__event_batch__free_unpacked(theirs, NULL);
    }
    return taken;
}
