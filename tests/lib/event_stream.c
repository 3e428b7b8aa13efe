#include "event_stream.h"

#include <string.h>

static const char *const users[] = {
    "a",
    "b",
    "ab",
    "bob",
    "buyer-000001",
    "buyer-000002",
    "\xc3\xa9t\xc3\xa9",
    "eight888",
    "nine99999",
    "0123456789012345678901234567890123456789012345678901234567890123",
    "0123456789012345678901234567890123456789012345678901234567890124",
};

/* splitmix64 (S. Vigna). */
uint64_t stream_below(stream_t *stream, uint64_t limit)
{
    uint64_t z = (stream->random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % limit;
}

static void fill_buy(stream_t *stream, slc_event_t *event, uint64_t drop_id)
{
    const char *user = users[stream_below(stream, sizeof users / sizeof users[0])];
    event->kind = SLC_EVENT_ORDER_PLACED;
    event->op_key = 0;
    event->as.order_placed.drop_id = drop_id;
    event->as.order_placed.order_key = stream_below(stream, 4) == 0 ? 0 : 1 + stream_below(stream, 40);
    event->as.order_placed.quantity =
        stream_below(stream, 50) == 0 ? SLC_QUANTITY_MAX : 1 + stream_below(stream, 3);
    event->as.order_placed.user = (slc_text_t){user, strlen(user)};
}

static void fill_open(stream_t *stream, slc_event_t *event, uint64_t drop_id)
{
    event->kind = SLC_EVENT_DROP_OPENED;
    event->as.drop_opened.drop_id = stream_below(stream, 20) == 0 ? 0 : drop_id;
    event->as.drop_opened.stock = stream_below(stream, 30) == 0 ? SLC_STOCK_MAX + stream_below(stream, 2)
                                                                : stream_below(stream, 300);
    event->as.drop_opened.per_user_limit =
        stream_below(stream, 2) == 0 ? 0 : 1 + stream_below(stream, 20);
    event->as.drop_opened.opens_at_us =
        stream_below(stream, 3) != 0 ? 0 : stream->time_us + stream_below(stream, 200);
    event->as.drop_opened.closes_at_us =
        stream_below(stream, 3) != 0 ? 0 : stream->time_us + stream_below(stream, 4000);
    event->as.drop_opened.name = (slc_text_t){"a name, not always there", stream_below(stream, 24)};
}

slc_event_t stream_next(stream_t *stream)
{
    stream->time_us += stream_below(stream, 3);
    slc_event_t event = {.sequence = ++stream->sequence, .time_us = stream->time_us};
    uint64_t dice = stream_below(stream, 1000);
    uint64_t drop_id = 1 + stream_below(stream, stream->drops);
    event.op_key = stream_below(stream, 3) == 0 ? 0 : 1 + stream_below(stream, stream->keys);
    if (dice < 850) {
        fill_buy(stream, &event, drop_id);
    } else if (dice < 880) {
        fill_open(stream, &event, drop_id);
    } else if (dice < 920) {
        event.kind = SLC_EVENT_STOCK_ADJUSTED;
        event.as.stock_adjusted.drop_id = drop_id;
        event.as.stock_adjusted.delta = (int64_t)stream_below(stream, 41) - 20;
        if (stream_below(stream, 20) == 0) {
            event.as.stock_adjusted.delta =
                (int64_t)SLC_STOCK_MAX * (stream_below(stream, 2) == 0 ? 1 : -1);
        }
    } else if (dice < 930) {
        event.kind = SLC_EVENT_DROP_CLOSED;
        event.as.drop_closed.drop_id = drop_id;
    } else if (dice < 940) {
        event.kind = SLC_EVENT_DROP_PURGED;
        event.as.drop_purged.drop_id = drop_id;
    } else {
        event.kind = SLC_EVENT_ORDER_CANCELLED;
        event.as.order_cancelled.order_id = 1 + stream_below(stream, event.sequence);
    }
    return event;
}
