/* A logic under test with its next sequence, and one call for each event, so that a test reads as what
 * happened. Times are microseconds since the first event at START_US. */
#ifndef SLC_TEST_LOGIC_KIT_H
#define SLC_TEST_LOGIC_KIT_H

#include "base/hash.h"
#include "logic/digest.h"
#include "logic/logic.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#define START_US UINT64_C(1700000000000000)

typedef struct kit {
    slc_logic_t *logic;
    uint64_t sequence; /* of the last event */
    uint64_t time_us;  /* of the next one */
    slc_answer_t answer;
    char text[256];
} kit_t;

static inline kit_t kit_create(void)
{
    kit_t kit = {.logic = slc_logic_create(), .time_us = START_US};
    cr_assert_not_null(kit.logic);
    return kit;
}

/* Each test ends with it: the incremental digest was right. */
static inline void kit_destroy(kit_t *kit)
{
    cr_assert_eq(slc_logic_digest(kit->logic), slc_logic_digest_recomputed(kit->logic));
    slc_logic_destroy(kit->logic);
}

static inline slc_ask_t kit_ask(uint64_t drop_id, const char *user, uint64_t quantity, uint64_t order_key)
{
    return (slc_ask_t){
        .drop_id = drop_id,
        .order_key = order_key,
        .user_hash = slc_hash(user, strlen(user)),
        .user = user,
        .user_bytes = (uint32_t)strlen(user),
        .quantity = (uint32_t)quantity,
    };
}

static inline slc_status_t kit_buy(kit_t *kit, uint64_t drop_id, const char *user, uint64_t quantity,
                                   uint64_t order_key)
{
    slc_ask_t ask = kit_ask(drop_id, user, quantity, order_key);
    slc_logic_buy(kit->logic, &ask, ++kit->sequence, kit->time_us, &kit->answer);
    return kit->answer.status;
}

/* The same without an event. */
static inline slc_status_t kit_refuse(kit_t *kit, uint64_t drop_id, const char *user, uint64_t quantity,
                                      uint64_t order_key)
{
    slc_ask_t ask = kit_ask(drop_id, user, quantity, order_key);
    slc_logic_refuse(kit->logic, &ask, kit->time_us, &kit->answer);
    return kit->answer.status;
}

static inline slc_status_t kit_apply(kit_t *kit, slc_event_t event)
{
    event.sequence = ++kit->sequence;
    event.time_us = kit->time_us;
    slc_logic_apply(kit->logic, &event, &kit->answer, kit->text);
    return kit->answer.status;
}

static inline slc_event_t kit_open_event(uint64_t op_key, uint64_t drop_id, uint64_t stock,
                                         uint64_t per_user_limit)
{
    return (slc_event_t){
        .kind = SLC_EVENT_DROP_OPENED,
        .op_key = op_key,
        .as.drop_opened = {.drop_id = drop_id,
                           .stock = stock,
                           .per_user_limit = per_user_limit,
                           .name = {"a drop", 6}},
    };
}

static inline slc_status_t kit_open(kit_t *kit, uint64_t op_key, uint64_t drop_id, uint64_t stock,
                                    uint64_t per_user_limit)
{
    return kit_apply(kit, kit_open_event(op_key, drop_id, stock, per_user_limit));
}

static inline slc_status_t kit_adjust(kit_t *kit, uint64_t op_key, uint64_t drop_id, int64_t delta)
{
    return kit_apply(kit, (slc_event_t){.kind = SLC_EVENT_STOCK_ADJUSTED,
                                        .op_key = op_key,
                                        .as.stock_adjusted = {drop_id, delta}});
}

static inline slc_status_t kit_close(kit_t *kit, uint64_t op_key, uint64_t drop_id)
{
    return kit_apply(
        kit, (slc_event_t){.kind = SLC_EVENT_DROP_CLOSED, .op_key = op_key, .as.drop_closed = {drop_id}});
}

static inline slc_status_t kit_purge(kit_t *kit, uint64_t op_key, uint64_t drop_id)
{
    return kit_apply(
        kit, (slc_event_t){.kind = SLC_EVENT_DROP_PURGED, .op_key = op_key, .as.drop_purged = {drop_id}});
}

static inline slc_status_t kit_cancel(kit_t *kit, uint64_t op_key, uint64_t order_id)
{
    return kit_apply(kit, (slc_event_t){.kind = SLC_EVENT_ORDER_CANCELLED,
                                        .op_key = op_key,
                                        .as.order_cancelled = {order_id}});
}

static inline slc_drop_info_t kit_drop(const kit_t *kit, uint64_t drop_id)
{
    slc_drop_info_t info;
    cr_assert(slc_logic_drop(kit->logic, drop_id, &info), "drop %" PRIu64 " is there", drop_id);
    cr_assert_eq(info.stock, info.sold + info.remaining);
    return info;
}

/* splitmix64 (S. Vigna): the seed decides everything. */
static inline uint64_t kit_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

#endif
