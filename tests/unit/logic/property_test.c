/* Random events against the model: each answer, the digest, every drop, every order. The stream is
 * decided by SLC_SEED (printed); SLC_EVENTS sets its length. */
#include "../../lib/event_stream.h"
#include "kit.h"
#include "model.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t from_env(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 0);
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
    stream_t stream = {.random = seed, .time_us = START_US, .drops = 7, .keys = 150};
    uint64_t accepted = 0;
    for (uint64_t sequence = 1; sequence <= events; sequence++) {
        slc_event_t event = stream_next(&stream);
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
                slc_logic_fetch_ahead(logic, &ask, 1);
                slc_logic_refuse(logic, &ask, event.time_us, &answer);
                assert_same_answer(&answer, &expected, &event);
            }
        }
        expected = model_apply(model, &event);
        slc_logic_apply(logic, &event, &answer, NULL);
        assert_same_answer(&answer, &expected, &event);
        accepted += answer.status == SLC_STATUS_ACCEPTED && !answer.replayed;
        if (stream_below(&stream, 50) == 0) {
            cr_assert_eq(slc_logic_digest(logic), model_digest(model), "digest behind %" PRIu64,
                         sequence);
        }
        if (stream_below(&stream, 500) == 0) {
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
