/* A history that a test makes up: each event goes through a state of the server's rules and is told, with
 * what came of it, to a listener, as slc_history_read does with those of a journal.
 * Threads: one. Ownership: tale_begin/tale_finish. Failure: none. */
#ifndef TESTS_TOOLS_TALE_H
#define TESTS_TOOLS_TALE_H

#include "events.h"

#include <sluice/history.h>

typedef struct tale {
    slc_listener_t listener;
    slc_state_t *base; /* nothing: the journal reaches back to event 1 */
    slc_state_t *state;
    uint64_t sequence;
    uint64_t time_us;
} tale_t;

static inline void tale_begin(tale_t *tale, slc_listener_t listener)
{
    *tale = (tale_t){.listener = listener,
                     .base = slc_state_create(),
                     .state = slc_state_create(),
                     .time_us = 1000000};
    listener.begin(listener.context, tale->base);
}

static inline void tale_finish(tale_t *tale)
{
    slc_state_destroy(tale->base);
    slc_state_destroy(tale->state);
}

static inline slc_outcome_t tale_tell(tale_t *tale, slc_event_t event)
{
    slc_outcome_t outcome;
    event.sequence = ++tale->sequence;
    event.time_us = tale->time_us;
    slc_state_apply(tale->state, &event, &outcome);
    tale->listener.event(tale->listener.context, &event, &outcome);
    return outcome;
}

static inline void tale_open(tale_t *tale, uint64_t drop_id, uint64_t stock, uint64_t limit)
{
    (void)tale_tell(tale, (slc_event_t){.kind = SLC_EVENT_DROP_OPENED,
                                        .as.drop_opened = {.drop_id = drop_id,
                                                           .stock = stock,
                                                           .per_user_limit = limit,
                                                           .name = as_text("shoe")}});
}

/* Answers the order's number, 0: refused. */
static inline uint64_t tale_buy(tale_t *tale, uint64_t drop_id, const char *user, uint64_t key)
{
    slc_outcome_t outcome = tale_tell(tale, buy_event(drop_id, user, 1, key));
    return outcome.status == SLC_STATUS_ACCEPTED ? outcome.order_id : 0;
}

static inline void tale_cancel(tale_t *tale, uint64_t order_id)
{
    (void)tale_tell(tale, (slc_event_t){.kind = SLC_EVENT_ORDER_CANCELLED,
                                        .as.order_cancelled = {.order_id = order_id}});
}

static inline void tale_adjust(tale_t *tale, uint64_t drop_id, int64_t delta)
{
    (void)tale_tell(tale, (slc_event_t){.kind = SLC_EVENT_STOCK_ADJUSTED,
                                        .as.stock_adjusted = {.drop_id = drop_id, .delta = delta}});
}

/* A BUY that was refused without an event. */
static inline void tale_attempt(tale_t *tale, uint64_t drop_id, const char *user, slc_status_t status,
                                uint64_t remaining)
{
    slc_attempt_t attempt = {.time_us = tale->time_us,
                             .sequence = tale->sequence,
                             .drop_id = drop_id,
                             .remaining = remaining,
                             .quantity = 1,
                             .status = (uint8_t)status,
                             .user_bytes = (uint8_t)strlen(user)};
    memcpy(attempt.user, user, strlen(user));
    tale->listener.attempt(tale->listener.context, &attempt);
}

#endif
