#include "apply/station.h"

#include "apply/query.h"
#include "base/check.h"
#include "event/slot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Slots to a batch: more would let the first answers wait for the last ones. */
#define BATCH_MAX 1024
/* Drops copied into a cut in each turn: some 20 us, or 100 us where each has to come from memory. */
#define CUT_DROPS 128
/* Steps of 100 ns for what purges left, in a turn that finds no slot: what comes meanwhile waits so long.
 */
#define TIDY_STEPS 64
/* A cut that is wanted or comes back wakes nobody: it is looked for so often. */
#define LOOK_NS UINT64_C(100000000)

struct slc_apply_station {
    slc_apply_config_t config;
    uint64_t time_us;         /* of the journal's batch under way */
    bool changed;             /* an event was applied since the last publication */
    slc_cut_t *cut;           /* open; NULL: none */
    slc_handover_t *customer; /* that it is for */
    bool given;               /* the customer has it */
    bool busy;                /* the last turn left something that another can go on with, slots apart */
    slc_fresh_t fresh;        /* what the toucher was given last */
};

slc_apply_station_t *slc_apply_station_create(const slc_apply_config_t *config)
{
    slc_apply_station_t *station = calloc(1, sizeof *station);
    if (station != NULL) {
        station->config = *config;
        station->time_us = slc_logic_time_us(config->logic);
    }
    return station;
}

void slc_apply_station_destroy(slc_apply_station_t *station)
{
    free(station);
}

static slc_ask_t ask_of(const slc_slot_t *slot)
{
    return (slc_ask_t){
        .drop_id = slot->as.ask.drop_id,
        .order_key = slot->as.ask.order_key,
        .user_hash = slot->as.ask.user_hash,
        .user = slot->user,
        .user_bytes = slot->user_bytes,
        .quantity = slot->quantity,
    };
}

static void note_attempt(slc_apply_station_t *station, const slc_ask_t *ask, const slc_answer_t *answer)
{
    if (station->config.note_attempt == NULL || answer->replayed) {
        return;
    }
    /* The answer names the time of the last event, which stands still while everything is refused. */
    slc_attempt_t attempt = {
        .time_us = station->time_us,
        .sequence = answer->sequence,
        .drop_id = ask->drop_id,
        .order_key = ask->order_key,
        .remaining = answer->remaining,
        .quantity = ask->quantity,
        .status = (uint8_t)answer->status,
        .user_bytes = (uint8_t)ask->user_bytes,
    };
    memcpy(attempt.user, ask->user, ask->user_bytes);
    station->config.note_attempt(station->config.context, &attempt);
}

static void decide_buy(slc_apply_station_t *station, slc_slot_t *slot)
{
    slc_logic_t *logic = station->config.logic;
    slc_ask_t ask = ask_of(slot);
    slc_answer_t answer;
    if ((slot->flags & SLC_SLOT_JOURNALED) != 0) {
        slc_logic_buy(logic, &ask, slc_logic_sequence(logic) + 1, station->time_us, &answer);
        station->changed = true;
    } else if ((slot->flags & SLC_SLOT_READ_ONLY) == 0) {
        slc_logic_refuse(logic, &ask, station->time_us, &answer);
        note_attempt(station, &ask, &answer);
    } else if (slc_logic_try_refuse(logic, &ask, station->time_us, &answer)) {
        note_attempt(station, &ask, &answer);
    } else {
        answer.status = SLC_STATUS_READ_ONLY; /* nothing of it is kept anywhere: it may be tried again */
    }
    slot->as.answer.order_id = answer.order_id;
    slot->as.answer.remaining = answer.remaining;
    slot->as.answer.sequence = answer.sequence;
    slot->status = (uint8_t)answer.status;
    slot->time_us = answer.time_us;
    if (answer.replayed) {
        slot->flags |= SLC_SLOT_REPLAYED;
    }
}

/* A change that there is no room for: what is known under its key, or READ_ONLY. */
static void recall_change(slc_logic_t *logic, slc_command_t *command, slc_answer_t *ret_answer)
{
    if (!slc_logic_recall(logic, &command->event, ret_answer, command->message)) {
        ret_answer->status = SLC_STATUS_READ_ONLY;
        (void)snprintf(command->message, sizeof command->message,
                       "the disk is full or nearly; nothing was changed. Make room, then try again; "
                       "'sluice status' says how it stands");
    }
}

static void decide_change(slc_apply_station_t *station, const slc_slot_t *slot, slc_command_t *command)
{
    slc_logic_t *logic = station->config.logic;
    slc_answer_t answer;
    if ((slot->flags & SLC_SLOT_READ_ONLY) == 0) {
        command->event.sequence = slc_logic_sequence(logic) + 1;
        command->event.time_us = station->time_us;
        slc_logic_apply(logic, &command->event, &answer, command->message);
        station->changed = true;
    } else {
        recall_change(logic, command, &answer);
    }
    command->status = answer.status;
    command->replayed = answer.replayed;
    command->sequence = answer.sequence;
    command->time_us = answer.time_us;
    if (command->event.kind == SLC_EVENT_ORDER_CANCELLED) {
        command->has_order =
            slc_logic_order(logic, command->event.as.order_cancelled.order_id, &command->order);
    } else {
        /* Every other change begins with its drop_id. */
        command->has_drop = slc_logic_drop(logic, command->event.as.drop_closed.drop_id, &command->drop);
    }
}

static_assert(offsetof(slc_event_t, as.drop_closed.drop_id) ==
                      offsetof(slc_event_t, as.drop_opened.drop_id) &&
                  offsetof(slc_event_t, as.drop_closed.drop_id) ==
                      offsetof(slc_event_t, as.stock_adjusted.drop_id) &&
                  offsetof(slc_event_t, as.drop_closed.drop_id) ==
                      offsetof(slc_event_t, as.drop_purged.drop_id),
              "decide_change reads the drop of any change in one place");

static void decide_command(slc_apply_station_t *station, const slc_slot_t *slot)
{
    slc_command_t *command = slot->as.command;
    if (command->is_change) {
        decide_change(station, slot, command);
        return;
    }
    slc_apply_query(station->config.logic, station->config.handover, command);
    command->time_us = station->time_us;
    if (command->has_engine) {
        station->config.fill_status(station->config.context, &command->engine);
    }
}

/* Has fetched what the BUYs of a group of slots are going to touch. */
static void fetch_ahead(const slc_apply_station_t *station, uint64_t first, uint64_t end)
{
    slc_ask_t asks[SLC_AHEAD_MAX];
    uint32_t count = 0;
    for (uint64_t sequence = first; sequence < end; sequence++) {
        const slc_slot_t *slot = slc_ring_slot(station->config.ring, sequence);
        if (slot->kind == SLC_SLOT_BUY) {
            asks[count++] = ask_of(slot);
        }
    }
    slc_logic_fetch_ahead(station->config.logic, asks, count);
}

static void put_on_board(void *context, uint64_t drop_id, bool exists, const slc_drop_info_t *drop)
{
    slc_apply_station_t *station = context;
    slc_board_update(station->config.board, drop_id, exists ? drop : NULL);
}

/* What others may see of the state, before any answer of this batch can be heard. */
static void publish(slc_apply_station_t *station)
{
    slc_logic_t *logic = station->config.logic;
    if (station->changed) {
        slc_logic_take_touched(logic, put_on_board, station);
        slc_digest_pair_write(station->config.pair, slc_logic_sequence(logic), slc_logic_digest(logic));
        station->changed = false;
    }
    slc_board_publish(station->config.board, slc_logic_sequence(logic), station->time_us);
}

static int64_t batch(void *context, uint64_t first, uint64_t count)
{
    slc_apply_station_t *station = context;
    uint64_t end = first + (count < BATCH_MAX ? count : BATCH_MAX);
    for (uint64_t sequence = first; sequence < end; sequence++) {
        slc_slot_t *slot = slc_ring_slot(station->config.ring, sequence);
        if ((sequence - first) % SLC_AHEAD_MAX == 0) {
            uint64_t left = end - sequence;
            fetch_ahead(station, sequence, sequence + (left < SLC_AHEAD_MAX ? left : SLC_AHEAD_MAX));
        }
        if ((slot->flags & SLC_SLOT_BATCH_TIME) != 0) {
            station->time_us = slot->time_us;
        }
        if (slot->kind == SLC_SLOT_BUY) {
            decide_buy(station, slot);
        } else if (slot->kind == SLC_SLOT_COMMAND) {
            decide_command(station, slot);
        }
    }
    publish(station);
    return (int64_t)(end - first);
}

void slc_apply_station_publish_restored(slc_apply_station_t *station)
{
    station->changed = true;
    publish(station);
}

/* Who wants a cut; NULL: nobody. Whoever had the last one comes second, so that snapshots that are due
 * all the time leave some to the mirror. */
static slc_handover_t *next_customer(const slc_apply_station_t *station)
{
    slc_handover_t *first = station->config.handover;
    slc_handover_t *second = station->config.mirror;
    if (first != NULL && first == station->customer) {
        first = second;
        second = station->customer;
    }
    if (first != NULL && slc_handover_wanted(first)) {
        return first;
    }
    return second != NULL && slc_handover_wanted(second) ? second : NULL;
}

/* One turn of cutting; true: there is more to copy. */
static bool cut_some(slc_apply_station_t *station)
{
    slc_logic_t *logic = station->config.logic;
    if (station->given) {
        slc_cut_t *back = slc_handover_returned(station->customer);
        if (back == NULL) {
            return false;
        }
        SLC_CHECK(back == station->cut);
        slc_logic_cut_end(logic, back);
        station->cut = NULL;
        station->given = false;
    }
    if (station->cut == NULL) {
        slc_handover_t *next = next_customer(station);
        if (next == NULL) {
            return false;
        }
        station->customer = next;
        station->cut = slc_logic_cut_begin(logic);
        if (station->cut == NULL) {
            slc_handover_give(station->customer, NULL);
            return false;
        }
    }
    if (slc_logic_cut_step(logic, CUT_DROPS) == SLC_CUT_MORE) {
        return true;
    }
    station->given = true;
    slc_handover_give(station->customer, station->cut);
    return false;
}

static void ring_bells(const slc_apply_station_t *station)
{
    for (uint32_t i = 0; i < station->config.bell_count; i++) {
        slc_bell_ring(&station->config.bells[i]);
    }
}

static bool is_same(const slc_fresh_t *one, const slc_fresh_t *other)
{
    return one->count == other->count &&
           memcmp(one->pieces, other->pieces, one->count * sizeof *one->pieces) == 0;
}

/* Has memory touched that the logic comes to next. */
static void touch_ahead(slc_apply_station_t *station)
{
    slc_logic_t *logic = station->config.logic;
    if (station->config.toucher == NULL || !slc_toucher_idle(station->config.toucher)) {
        return;
    }
    slc_logic_hold(logic, false);
    slc_fresh_t fresh;
    slc_logic_fresh(logic, &fresh);
    if (!is_same(&fresh, &station->fresh)) {
        station->fresh = fresh;
        slc_logic_hold(logic, true);
        slc_toucher_give(station->config.toucher, &fresh);
    }
}

int64_t slc_apply_station_turn(slc_apply_station_t *station)
{
    int64_t done = slc_consumer_poll(station->config.consumer, batch, station);
    if (done > 0) {
        ring_bells(station);
    }
    station->busy = cut_some(station);
    if (done == 0) {
        station->busy |= slc_logic_tidy(station->config.logic, TIDY_STEPS);
    }
    touch_ahead(station);
    return done;
}

uint64_t slc_apply_station_rest_ns(const slc_apply_station_t *station)
{
    if (station->busy) {
        return 0;
    }
    return station->config.handover == NULL && station->config.mirror == NULL ? UINT64_MAX : LOOK_NS;
}

void slc_apply_station_leave(slc_apply_station_t *station)
{
    if (!station->given) {
        slc_logic_cut_end(station->config.logic, station->cut);
        station->cut = NULL;
    }
    station->busy = false;
    ring_bells(station); /* who waits for the end of the ring has it now */
}
