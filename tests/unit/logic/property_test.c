/* Random events against the model: each answer, the digest, every drop, every order. The stream is
 * decided by SLC_SEED (printed); SLC_EVENTS sets its length. */
#include "kit.h"
#include "model.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t from_env(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 0);
}

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

static uint64_t below(uint64_t *state, uint64_t limit)
{
    return kit_random(state) % limit;
}

/* Small ranges, so that keys, users and drops meet again and again. */
static slc_event_t random_event(uint64_t *state, uint64_t sequence, uint64_t time_us)
{
    slc_event_t event = {.sequence = sequence, .time_us = time_us};
    uint64_t dice = below(state, 1000);
    uint64_t drop_id = 1 + below(state, 7);
    event.op_key = below(state, 3) == 0 ? 0 : 1 + below(state, 150);
    if (dice < 850) {
        const char *user = users[below(state, sizeof users / sizeof users[0])];
        event.kind = SLC_EVENT_ORDER_PLACED;
        event.op_key = 0;
        event.as.order_placed.drop_id = drop_id;
        event.as.order_placed.order_key = below(state, 4) == 0 ? 0 : 1 + below(state, 40);
        event.as.order_placed.quantity = below(state, 50) == 0 ? SLC_QUANTITY_MAX : 1 + below(state, 3);
        event.as.order_placed.user = (slc_text_t){user, strlen(user)};
    } else if (dice < 880) {
        event.kind = SLC_EVENT_DROP_OPENED;
        event.as.drop_opened.drop_id = below(state, 20) == 0 ? 0 : drop_id;
        event.as.drop_opened.stock =
            below(state, 30) == 0 ? SLC_STOCK_MAX + below(state, 2) : below(state, 300);
        event.as.drop_opened.per_user_limit = below(state, 2) == 0 ? 0 : 1 + below(state, 20);
        event.as.drop_opened.opens_at_us = below(state, 3) != 0 ? 0 : time_us + below(state, 200);
        event.as.drop_opened.closes_at_us = below(state, 3) != 0 ? 0 : time_us + below(state, 4000);
        event.as.drop_opened.name = (slc_text_t){"a name, not always there", below(state, 24)};
    } else if (dice < 920) {
        event.kind = SLC_EVENT_STOCK_ADJUSTED;
        event.as.stock_adjusted.drop_id = drop_id;
        event.as.stock_adjusted.delta = (int64_t)below(state, 41) - 20;
        if (below(state, 20) == 0) {
            event.as.stock_adjusted.delta = (int64_t)SLC_STOCK_MAX * (below(state, 2) == 0 ? 1 : -1);
        }
    } else if (dice < 930) {
        event.kind = SLC_EVENT_DROP_CLOSED;
        event.as.drop_closed.drop_id = drop_id;
    } else if (dice < 940) {
        event.kind = SLC_EVENT_DROP_PURGED;
        event.as.drop_purged.drop_id = drop_id;
    } else {
        event.kind = SLC_EVENT_ORDER_CANCELLED;
        event.as.order_cancelled.order_id = 1 + below(state, sequence);
    }
    return event;
}

static void assert_same_answer(const slc_answer_t *got, const slc_answer_t *expected,
                               const slc_event_t *event)
{
    cr_assert(got->status == expected->status && got->replayed == expected->replayed &&
                  got->sequence == expected->sequence && got->time_us == expected->time_us &&
                  got->remaining == expected->remaining,
              "event %" PRIu64 " of kind %d: got %s replayed %d sequence %" PRIu64 " remaining %" PRIu64
              ", expected %s replayed %d sequence %" PRIu64 " remaining %" PRIu64,
              event->sequence, (int)event->kind, slc_status_name((int)got->status), got->replayed,
              got->sequence, got->remaining, slc_status_name((int)expected->status), expected->replayed,
              expected->sequence, expected->remaining);
    if (event->kind == SLC_EVENT_ORDER_PLACED || got->status == SLC_STATUS_ACCEPTED) {
        cr_assert_eq(got->order_id, expected->order_id, "order_id of event %" PRIu64, event->sequence);
    }
}

static int by_id(const void *a, const void *b)
{
    uint64_t left = ((const slc_drop_info_t *)a)->drop_id;
    uint64_t right = ((const slc_drop_info_t *)b)->drop_id;
    return left < right ? -1 : left > right;
}

static void assert_same_drop(const slc_drop_info_t *got, const slc_drop_info_t *expected)
{
    cr_assert(got->drop_id == expected->drop_id && got->stock == expected->stock &&
                  got->sold == expected->sold && got->remaining == expected->remaining &&
                  got->per_user_limit == expected->per_user_limit &&
                  got->opens_at_us == expected->opens_at_us &&
                  got->closes_at_us == expected->closes_at_us && got->orders == expected->orders &&
                  got->cancelled == expected->cancelled && got->closed == expected->closed &&
                  strcmp(got->name, expected->name) == 0,
              "drop %" PRIu64 " is the model's drop %" PRIu64, got->drop_id, expected->drop_id);
}

static void assert_same_order(const slc_order_info_t *got, const slc_order_info_t *expected)
{
    cr_assert(got->order_id == expected->order_id && got->drop_id == expected->drop_id &&
                  got->order_key == expected->order_key && got->quantity == expected->quantity &&
                  got->time_us == expected->time_us && got->cancelled == expected->cancelled &&
                  strcmp(got->user, expected->user) == 0,
              "order %" PRIu64 " is the model's order %" PRIu64, got->order_id, expected->order_id);
}

/* Both lists, field by field, and each order by its number. */
static void assert_same_lists(const slc_logic_t *logic, model_t *model)
{
    qsort(model->drops, model->drop_count, sizeof model->drops[0], by_id);
    uint64_t after = 0;
    uint64_t orders = 0;
    for (size_t i = 0; i < model->drop_count; i++) {
        slc_drop_info_t drop;
        cr_assert(slc_logic_next_drop(logic, after, &drop));
        assert_same_drop(&drop, &model->drops[i]);
        after = drop.drop_id;
        uint64_t after_order = 0;
        for (size_t k = 0; k < model->order_count; k++) {
            if (model->orders[k].drop_id != drop.drop_id) {
                continue;
            }
            slc_order_info_t order;
            cr_assert(slc_logic_next_order(logic, drop.drop_id, after_order, &order));
            assert_same_order(&order, &model->orders[k]);
            cr_assert(slc_logic_order(logic, order.order_id, &order));
            assert_same_order(&order, &model->orders[k]);
            after_order = order.order_id;
            orders++;
        }
        slc_order_info_t none;
        cr_assert_not(slc_logic_next_order(logic, drop.drop_id, after_order, &none));
    }
    slc_drop_info_t none;
    cr_assert_not(slc_logic_next_drop(logic, after, &none));
    cr_assert_eq(slc_logic_drop_count(logic), model->drop_count);
    cr_assert_eq(slc_logic_order_count(logic), orders);
}

static void run(uint64_t seed, uint64_t events)
{
    model_t *model = calloc(1, sizeof *model);
    slc_logic_t *logic = slc_logic_create();
    cr_assert(model != NULL && logic != NULL);
    uint64_t state = seed;
    uint64_t time_us = START_US;
    uint64_t accepted = 0;
    for (uint64_t sequence = 1; sequence <= events; sequence++) {
        time_us += below(&state, 3);
        slc_event_t event = random_event(&state, sequence, time_us);
        slc_answer_t answer;
        slc_answer_t expected;
        if (event.kind == SLC_EVENT_ORDER_PLACED) {
            /* Where it would be refused or replayed: asked without an event first. */
            expected = model_buy(model, &event, false);
            if (expected.status != SLC_STATUS_ACCEPTED || expected.replayed) {
                slc_text_t user = event.as.order_placed.user;
                slc_ask_t ask = {event.as.order_placed.drop_id,
                                 event.as.order_placed.order_key,
                                 slc_hash(user.data, user.bytes),
                                 user.data,
                                 (uint32_t)user.bytes,
                                 (uint32_t)event.as.order_placed.quantity};
                slc_logic_prefetch_index(logic, &ask);
                slc_logic_prefetch_record(logic, &ask);
                slc_logic_refuse(logic, &ask, time_us, &answer);
                assert_same_answer(&answer, &expected, &event);
            }
        }
        expected = model_apply(model, &event);
        slc_logic_apply(logic, &event, &answer, NULL);
        assert_same_answer(&answer, &expected, &event);
        accepted += answer.status == SLC_STATUS_ACCEPTED && !answer.replayed;
        if (below(&state, 50) == 0) {
            cr_assert_eq(slc_logic_digest(logic), model_digest(model), "digest behind %" PRIu64,
                         sequence);
        }
        if (below(&state, 500) == 0) {
            cr_assert_eq(slc_logic_digest(logic), slc_logic_digest_recomputed(logic));
            assert_same_lists(logic, model);
        }
    }
    cr_assert(accepted > events / 100, "the stream does not only collect refusals");
    cr_assert_eq(slc_logic_digest(logic), model_digest(model));
    slc_logic_destroy(logic);
    free(model);
}

Test(property, any_stream_of_events_is_answered_as_the_model_answers)
{
    uint64_t seed = from_env("SLC_SEED", 0);
    uint64_t runs = seed == 0 ? 20 : 1;
    uint64_t events = from_env("SLC_EVENTS", 4000);
    for (uint64_t i = 0; i < runs; i++) {
        uint64_t this_seed = seed == 0 ? 1000 + i : seed;
        fprintf(stderr, "SLC_SEED=%" PRIu64 " SLC_EVENTS=%" PRIu64 "\n", this_seed, events);
        run(this_seed, events);
    }
}
