/* Events for the audit's tests, in short. Each takes the next sequence and the time that was set last.
 * Threads: one. Ownership: text stays the caller's. Failure: none. */
#ifndef TESTS_TOOLS_EVENTS_H
#define TESTS_TOOLS_EVENTS_H

#include "../../../tools/replay/audit_rules.h"

#include <string.h>

typedef struct script {
    audit_books_t books;
    uint64_t sequence;
    uint64_t time_us;
} script_t;

static inline slc_text_t as_text(const char *text)
{
    return (slc_text_t){.data = text, .bytes = strlen(text)};
}

static inline audit_verdict_t judge_next(script_t *script, slc_event_t event)
{
    event.sequence = ++script->sequence;
    event.time_us = script->time_us;
    return audit_judge(&script->books, &event);
}

static inline slc_event_t buy_event(uint64_t drop_id, const char *user, uint64_t quantity, uint64_t key)
{
    return (slc_event_t){
        .kind = SLC_EVENT_ORDER_PLACED,
        .as.order_placed = {
            .drop_id = drop_id, .order_key = key, .quantity = quantity, .user = as_text(user)}};
}

static inline audit_verdict_t buy(script_t *script, uint64_t drop_id, const char *user, uint64_t quantity,
                                  uint64_t key)
{
    return judge_next(script, buy_event(drop_id, user, quantity, key));
}

static inline audit_verdict_t open_drop(script_t *script, uint64_t drop_id, uint64_t stock,
                                        uint64_t limit, uint64_t op_key)
{
    return judge_next(script, (slc_event_t){.kind = SLC_EVENT_DROP_OPENED,
                                            .op_key = op_key,
                                            .as.drop_opened = {.drop_id = drop_id,
                                                               .stock = stock,
                                                               .per_user_limit = limit,
                                                               .name = as_text("n")}});
}

static inline audit_verdict_t adjust(script_t *script, uint64_t drop_id, int64_t delta, uint64_t op_key)
{
    return judge_next(script, (slc_event_t){.kind = SLC_EVENT_STOCK_ADJUSTED,
                                            .op_key = op_key,
                                            .as.stock_adjusted = {.drop_id = drop_id, .delta = delta}});
}

static inline audit_verdict_t close_drop(script_t *script, uint64_t drop_id, uint64_t op_key)
{
    return judge_next(script, (slc_event_t){.kind = SLC_EVENT_DROP_CLOSED,
                                            .op_key = op_key,
                                            .as.drop_closed = {.drop_id = drop_id}});
}

static inline audit_verdict_t purge_drop(script_t *script, uint64_t drop_id, uint64_t op_key)
{
    return judge_next(script, (slc_event_t){.kind = SLC_EVENT_DROP_PURGED,
                                            .op_key = op_key,
                                            .as.drop_purged = {.drop_id = drop_id}});
}

static inline audit_verdict_t cancel(script_t *script, uint64_t order_id, uint64_t op_key)
{
    return judge_next(script, (slc_event_t){.kind = SLC_EVENT_ORDER_CANCELLED,
                                            .op_key = op_key,
                                            .as.order_cancelled = {.order_id = order_id}});
}

#endif
