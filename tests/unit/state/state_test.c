/* A state rebuilt offline is the state that the same events gave live. */
#include "attempts/attempts.h"
#include "base/hash.h"
#include "journal/writer.h"
#include "logic/logic.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <sluice/history.h>
#include <sluice/state.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_US UINT64_C(1700000000000000)
#define ORDERS 5000u

/* A data directory of its own, with what a live logic made of the same events beside it. */
typedef struct kit {
    char path[64];
    slc_directory_t *directory;
    slc_writer_t *writer;
    slc_logic_t *live;
    uint64_t sequence;
    slc_error_t error;
} kit_t;

static void setup(kit_t *kit)
{
    *kit = (kit_t){.sequence = 0};
    (void)snprintf(kit->path, sizeof kit->path, "/tmp/slc-state-XXXXXX");
    cr_assert_not_null(mkdtemp(kit->path));
    slc_writer_config_t config = {.durability = SLC_DURABILITY_OS,
                                  .segment_bytes = 1 << 20,
                                  .block_bytes_max = 65536,
                                  .no_direct = true};
    slc_journal_end_t end = {0};
    cr_assert_eq(slc_directory_open(slc_sys_posix(), kit->path, &kit->directory, &kit->error), SLC_OK,
                 "%s", kit->error.message);
    cr_assert_eq(slc_writer_open(kit->directory, &config, &end, &kit->writer, &kit->error), SLC_OK, "%s",
                 kit->error.message);
    kit->live = slc_logic_create();
    cr_assert_not_null(kit->live);
}

static void teardown(kit_t *kit)
{
    slc_writer_close(kit->writer);
    slc_directory_close(kit->directory);
    slc_logic_destroy(kit->live);
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", kit->path);
    cr_assert_eq(system(command), 0);
}

static void happen(kit_t *kit, slc_event_t event)
{
    slc_answer_t answer;
    event.sequence = ++kit->sequence;
    event.time_us = START_US + kit->sequence / 100;
    if (slc_writer_pending(kit->writer) == 0) {
        slc_writer_begin(kit->writer, event.time_us);
    }
    cr_assert(slc_writer_append_event(kit->writer, &event));
    slc_logic_apply(kit->live, &event, &answer, NULL);
}

static void commit(kit_t *kit)
{
    cr_assert_eq(slc_writer_commit(kit->writer, 0, 0, &kit->error), SLC_OK, "%s", kit->error.message);
}

/* One event of each kind among thousands of orders, in blocks of a hundred. */
static void happen_all(kit_t *kit)
{
    happen(kit,
           (slc_event_t){.kind = SLC_EVENT_DROP_OPENED,
                         .op_key = 5,
                         .as.drop_opened = {.drop_id = 3, .stock = ORDERS - 10, .name = {"shoes", 5}}});
    happen(kit, (slc_event_t){.kind = SLC_EVENT_DROP_OPENED,
                              .as.drop_opened = {.drop_id = 1, .stock = 10, .per_user_limit = 2}});
    happen(kit, (slc_event_t){.kind = SLC_EVENT_DROP_OPENED, .as.drop_opened = {.drop_id = 2}});
    while (kit->sequence % 100 != 99) {
        happen(kit, (slc_event_t){.kind = SLC_EVENT_STOCK_ADJUSTED, .as.stock_adjusted = {1, 1}});
    }
    commit(kit);
    for (uint64_t i = 0; i < ORDERS; i++) {
        char user[24];
        (void)snprintf(user, sizeof user, "user-%" PRIu64, i / 2);
        happen(kit, (slc_event_t){.kind = SLC_EVENT_ORDER_PLACED,
                                  .as.order_placed = {i % 7 == 0 ? 1 : 3, i, 1, {user, strlen(user)}}});
        if (kit->sequence % 100 == 99) {
            commit(kit);
        }
    }
    happen(kit, (slc_event_t){.kind = SLC_EVENT_ORDER_CANCELLED, .as.order_cancelled = {150}});
    happen(kit, (slc_event_t){.kind = SLC_EVENT_DROP_CLOSED, .as.drop_closed = {2}});
    happen(kit, (slc_event_t){.kind = SLC_EVENT_DROP_PURGED, .as.drop_purged = {2}});
    commit(kit);
}

static void assert_same(const slc_state_t *state, const slc_logic_t *live)
{
    cr_assert_eq(slc_state_sequence(state), slc_logic_sequence(live));
    cr_assert_eq(slc_state_digest(state), slc_logic_digest_recomputed(live));
    slc_drop_info_t drop = {0};
    slc_drop_info_t expected;
    while (slc_state_next_drop(state, drop.drop_id, &drop)) {
        cr_assert(slc_logic_drop(live, drop.drop_id, &expected));
        cr_assert_eq(drop.sold, expected.sold);
        cr_assert_str_eq(drop.name, expected.name);
        uint64_t orders = 0;
        slc_order_info_t order = {0};
        while (slc_state_next_order(state, drop.drop_id, order.order_id, &order)) {
            slc_order_info_t same;
            cr_assert(slc_logic_order(live, order.order_id, &same));
            cr_assert_str_eq(order.user, same.user);
            cr_assert_eq(order.cancelled, same.cancelled);
            orders++;
        }
        cr_assert_eq(orders, drop.orders);
    }
}

Test(state, replayed_to_the_end_is_what_happened)
{
    kit_t kit;
    setup(&kit);
    happen_all(&kit);
    slc_state_t *state = NULL;
    cr_assert_eq(slc_state_replay(kit.path, UINT64_MAX, NULL, NULL, &state, &kit.error), SLC_OK, "%s",
                 kit.error.message);
    assert_same(state, kit.live);
    slc_drop_info_t drop;
    cr_assert(slc_state_next_drop(state, 0, &drop) && drop.drop_id == 1);
    cr_assert(slc_state_next_drop(state, 1, &drop) && drop.drop_id == 3, "2 was purged");
    cr_assert_not(slc_state_next_drop(state, 3, &drop));
    slc_state_destroy(state);
    teardown(&kit);
}

/* Up to each place in and around a block. */
Test(state, replayed_to_an_event_stops_right_behind_it)
{
    kit_t kit;
    setup(&kit);
    happen_all(&kit);
    for (uint64_t until = 0; until <= kit.sequence; until += until < 320 ? 1 : 997) {
        slc_state_t *state = NULL;
        cr_assert_eq(slc_state_replay(kit.path, until, NULL, NULL, &state, &kit.error), SLC_OK, "%s",
                     kit.error.message);
        cr_assert_eq(slc_state_sequence(state), until);
        slc_state_destroy(state);
    }
    teardown(&kit);
}

Test(state, of_an_event_that_never_was_is_refused)
{
    kit_t kit;
    setup(&kit);
    happen_all(&kit);
    slc_state_t *state = NULL;
    cr_assert_eq(slc_state_replay(kit.path, kit.sequence + 1, NULL, NULL, &state, &kit.error),
                 SLC_ERR_USAGE);
    cr_assert_not_null(strstr(kit.error.message, "the journal ends at event"));
    cr_assert_null(state);
    teardown(&kit);
}

Test(state, of_a_missing_directory_is_an_error_that_names_it)
{
    slc_state_t *state = NULL;
    slc_error_t error;
    cr_assert_neq(slc_state_replay("/tmp/slc-state-nowhere", UINT64_MAX, NULL, NULL, &state, &error),
                  SLC_OK);
    cr_assert_not_null(strstr(error.message, "/tmp/slc-state-nowhere"), "%s", error.message);
    slc_state_destroy(NULL);
}

static void count_progress(void *context, uint64_t done_bytes, uint64_t total_bytes, uint64_t events)
{
    uint64_t *last = context;
    cr_assert(done_bytes <= total_bytes && events >= *last);
    *last = events;
}

Test(state, tells_at_least_where_it_ended)
{
    kit_t kit;
    setup(&kit);
    happen_all(&kit);
    slc_state_t *state = NULL;
    uint64_t last = 0;
    cr_assert_eq(slc_state_replay(kit.path, UINT64_MAX, count_progress, &last, &state, &kit.error),
                 SLC_OK);
    cr_assert_eq(last, kit.sequence);
    slc_state_destroy(state);
    teardown(&kit);
}

/* ---- what happened, event by event ---- */

typedef struct teller {
    kit_t *kit;
    slc_state_t *own; /* fed with what is told */
    uint64_t begun;
    uint64_t events;
    uint64_t attempts;
} teller_t;

static void tell_begin(void *context, const slc_state_t *base)
{
    teller_t *teller = context;
    cr_assert_eq(slc_state_sequence(base), 0, "the journal reaches back to event 1");
    teller->begun++;
}

static void tell_event(void *context, const slc_event_t *event, const slc_outcome_t *outcome)
{
    teller_t *teller = context;
    slc_outcome_t own;
    slc_event_t numberless = *event;
    numberless.sequence = 0; /* it gets the next one there */
    slc_state_apply(teller->own, &numberless, &own);
    cr_assert(own.status == outcome->status && own.replayed == outcome->replayed &&
              own.drop_id == outcome->drop_id && own.order_id == outcome->order_id &&
              own.remaining == outcome->remaining);
    cr_assert_eq(event->sequence, ++teller->events);
}

/* It stands behind the event that it names, and before the next one. */
static void tell_attempt(void *context, const slc_attempt_t *attempt)
{
    teller_t *teller = context;
    cr_assert_eq(attempt->sequence, teller->events, "behind event %" PRIu64 ", not %" PRIu64,
                 attempt->sequence, teller->events);
    teller->attempts++;
}

static void note_attempts(kit_t *kit, const uint64_t *sequences, size_t count)
{
    slc_attempts_t *attempts = NULL;
    cr_assert_eq(slc_attempts_open(kit->directory, 1 << 20, &attempts, &kit->error), SLC_OK);
    for (size_t i = 0; i < count; i++) {
        const slc_attempt_t attempt = {.time_us = START_US,
                                       .sequence = sequences[i],
                                       .drop_id = 3,
                                       .quantity = 1,
                                       .status = SLC_STATUS_SOLD_OUT,
                                       .user_bytes = 1,
                                       .user = "u"};
        slc_attempts_note(attempts, &attempt);
    }
    slc_attempts_close(attempts);
}

Test(state, what_is_told_event_by_event_comes_to_the_same_with_attempts_in_their_places)
{
    static const uint64_t noted[] = {0, 1, 1, 99, 100, 4000};
    kit_t kit;
    setup(&kit);
    happen_all(&kit);
    note_attempts(&kit, noted, sizeof noted / sizeof noted[0]);
    teller_t teller = {.kit = &kit, .own = slc_state_create()};
    const slc_listener_t listener = {
        .context = &teller, .begin = tell_begin, .event = tell_event, .attempt = tell_attempt};
    slc_told_t told;
    slc_state_t *state = NULL;
    cr_assert_eq(slc_history_read(kit.path, UINT64_MAX, &listener, NULL, NULL, &told, &state, &kit.error),
                 SLC_OK, "%s", kit.error.message);
    cr_assert(teller.begun == 1 && teller.events == kit.sequence && told.sequence == kit.sequence);
    cr_assert(teller.attempts == 6 && told.attempts.entries == 6 && told.attempts_later == 0);
    cr_assert_eq(slc_state_digest(state), slc_logic_digest_recomputed(kit.live));
    cr_assert_eq(slc_state_digest(teller.own), slc_logic_digest_recomputed(kit.live));
    slc_state_destroy(state);
    slc_state_destroy(teller.own);
    teardown(&kit);
}

Test(state, what_is_told_up_to_an_event_leaves_later_attempts_out_and_counts_them)
{
    static const uint64_t noted[] = {99, 100, 101, 4000};
    kit_t kit;
    setup(&kit);
    happen_all(&kit);
    note_attempts(&kit, noted, sizeof noted / sizeof noted[0]);
    teller_t teller = {.kit = &kit, .own = slc_state_create()};
    const slc_listener_t listener = {
        .context = &teller, .begin = tell_begin, .event = tell_event, .attempt = tell_attempt};
    slc_told_t told;
    cr_assert_eq(slc_history_read(kit.path, 100, &listener, NULL, NULL, &told, NULL, &kit.error), SLC_OK);
    cr_assert(teller.events == 100 && teller.attempts == 2 && told.attempts_later == 2);
    slc_state_destroy(teller.own);
    teller = (teller_t){.kit = &kit, .own = slc_state_create()};
    cr_assert_eq(slc_history_read(kit.path, kit.sequence + 1, &listener, NULL, NULL, &told, NULL, NULL),
                 SLC_ERR_USAGE);
    slc_state_destroy(teller.own);
    teardown(&kit);
}

Test(state, an_order_says_when_it_was_cancelled)
{
    kit_t kit;
    slc_order_info_t order;
    slc_drop_info_t drop;
    setup(&kit);
    happen_all(&kit);
    slc_state_t *state = NULL;
    cr_assert_eq(slc_state_replay(kit.path, UINT64_MAX, NULL, NULL, &state, &kit.error), SLC_OK);
    cr_assert(slc_state_order(state, 150, &order));
    cr_assert(order.cancelled && order.cancel_sequence == kit.sequence - 2 &&
              order.cancel_time_us == START_US + order.cancel_sequence / 100);
    cr_assert(slc_state_order(state, 151, &order) && !order.cancelled && order.cancel_sequence == 0);
    cr_assert_not(slc_state_order(state, 1, &order), "event 1 was no order");
    cr_assert(slc_state_drop(state, 3, &drop) && drop.cancelled == 1);
    cr_assert_not(slc_state_drop(state, 2, &drop), "2 was purged");
    slc_state_destroy(state);
    teardown(&kit);
}
