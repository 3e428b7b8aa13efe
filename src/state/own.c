/* A state of the caller's own, made event by event: for those who ask what would have been. */
#include "state/state.h"

#include "base/check.h"

#include <stdlib.h>

void slc_state_outcome(const slc_logic_t *logic, const slc_event_t *event, const slc_answer_t *answer,
                       slc_outcome_t *ret_outcome)
{
    slc_order_info_t order;
    *ret_outcome = (slc_outcome_t){.status = answer->status,
                                   .replayed = answer->replayed,
                                   .order_id = answer->order_id,
                                   .remaining = answer->remaining};
    switch (event->kind) {
    case SLC_EVENT_ORDER_PLACED:
        ret_outcome->drop_id = event->as.order_placed.drop_id;
        return;
    case SLC_EVENT_DROP_OPENED:
        ret_outcome->drop_id = event->as.drop_opened.drop_id;
        break;
    case SLC_EVENT_STOCK_ADJUSTED:
        ret_outcome->drop_id = event->as.stock_adjusted.drop_id;
        break;
    case SLC_EVENT_DROP_CLOSED:
        ret_outcome->drop_id = event->as.drop_closed.drop_id;
        break;
    case SLC_EVENT_DROP_PURGED:
        ret_outcome->drop_id = event->as.drop_purged.drop_id;
        break;
    case SLC_EVENT_ORDER_CANCELLED:
        if (slc_logic_order(logic, event->as.order_cancelled.order_id, &order)) {
            ret_outcome->drop_id = order.drop_id;
        }
        break;
    }
    slc_drop_info_t drop;
    ret_outcome->remaining = slc_logic_drop(logic, ret_outcome->drop_id, &drop) ? drop.remaining : 0;
}

slc_state_t *slc_state_create(void)
{
    slc_state_t *state = calloc(1, sizeof *state);
    slc_logic_t *logic = slc_logic_create();
    if (state == NULL || logic == NULL) {
        slc_logic_destroy(logic);
        free(state);
        return NULL;
    }
    state->logic = logic;
    return state;
}

void slc_state_apply(slc_state_t *state, const slc_event_t *event, slc_outcome_t *ret_outcome)
{
    slc_event_t next = *event;
    slc_answer_t answer;
    next.sequence = slc_logic_sequence(state->logic) + 1;
    if (next.time_us < slc_logic_time_us(state->logic)) {
        next.time_us = slc_logic_time_us(state->logic);
    }
    slc_logic_apply(state->logic, &next, &answer, NULL);
    if (ret_outcome != NULL) {
        slc_state_outcome(state->logic, &next, &answer, ret_outcome);
    }
}

bool slc_state_drop(const slc_state_t *state, uint64_t drop_id, slc_drop_info_t *ret_drop)
{
    return slc_logic_drop(state->logic, drop_id, ret_drop);
}

bool slc_state_order(const slc_state_t *state, uint64_t order_id, slc_order_info_t *ret_order)
{
    return slc_logic_order(state->logic, order_id, ret_order);
}
