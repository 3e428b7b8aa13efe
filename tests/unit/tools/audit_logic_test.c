/* Two implementations of the same rules over the same random events: every outcome and every digest has
 * to be the same. The numbers are drawn from so few that drops, users and keys meet all the time. */
#include "events.h"

#include "../../../tools/replay/audit_digest.h"
#include "logic/logic.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>

#define SEEDS 40u
#define EVENTS 5000u

typedef struct dice {
    uint64_t state;
} dice_t;

/* splitmix64 (S. Vigna, public domain); from 0 to below `sides`. */
static uint64_t roll(dice_t *dice, uint64_t sides)
{
    uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % sides;
}

static slc_event_t random_open(dice_t *dice, uint64_t time_us)
{
    slc_event_t event = {.kind = SLC_EVENT_DROP_OPENED};
    event.as.drop_opened.drop_id = 1 + roll(dice, 3);
    event.as.drop_opened.stock = roll(dice, 20) == 0 ? SLC_STOCK_MAX - 3 : roll(dice, 40);
    event.as.drop_opened.per_user_limit = roll(dice, 2) * roll(dice, 12);
    event.as.drop_opened.opens_at_us = roll(dice, 3) == 0 ? time_us + roll(dice, 20) : 0;
    event.as.drop_opened.closes_at_us = roll(dice, 3) == 0 ? time_us + roll(dice, 300) : 0;
    event.as.drop_opened.name = as_text(roll(dice, 2) == 0 ? "a drop" : "");
    return event;
}

static slc_event_t random_change(dice_t *dice, uint64_t time_us, uint64_t last_sequence)
{
    slc_event_t event = {0};
    switch (roll(dice, 9)) {
    case 0:
    case 1:
    case 2:
        event = random_open(dice, time_us);
        break;
    case 3:
        event.kind = SLC_EVENT_STOCK_ADJUSTED;
        event.as.stock_adjusted.drop_id = 1 + roll(dice, 3);
        event.as.stock_adjusted.delta = (int64_t)roll(dice, 30) - 12;
        break;
    case 4:
        event.kind = SLC_EVENT_DROP_CLOSED;
        event.as.drop_closed.drop_id = 1 + roll(dice, 3);
        break;
    case 5:
        event.kind = SLC_EVENT_DROP_PURGED;
        event.as.drop_purged.drop_id = 1 + roll(dice, 3);
        break;
    default:
        event.kind = SLC_EVENT_ORDER_CANCELLED;
        event.as.order_cancelled.order_id =
            last_sequence - roll(dice, last_sequence < 60 ? last_sequence + 1 : 60);
        break;
    }
    event.op_key = roll(dice, 3) == 0 ? roll(dice, 12) : roll(dice, 2) * (1000 + last_sequence);
    return event;
}

static slc_event_t random_event(dice_t *dice, uint64_t time_us, uint64_t last_sequence)
{
    static const char *const users[] = {"ann", "bob", "a user whose name is too long for one cache line",
                                        "\n"};
    if (roll(dice, 6) == 0) {
        return random_change(dice, time_us, last_sequence);
    }
    return buy_event(1 + roll(dice, 4), users[roll(dice, 4)], 1 + roll(dice, 3), roll(dice, 9));
}

/* Answers how many BUYs were accepted. */
static uint64_t run_seed(uint64_t seed)
{
    dice_t dice = {seed};
    script_t script = {.time_us = 1000};
    slc_logic_t *logic = slc_logic_create();
    cr_assert(logic != NULL);
    uint64_t accepted = 0;
    for (uint64_t i = 0; i < EVENTS; i++) {
        slc_answer_t answer = {0};
        script.time_us += roll(&dice, 3);
        slc_event_t event = random_event(&dice, script.time_us, script.sequence);
        audit_verdict_t verdict = judge_next(&script, event);
        event.sequence = script.sequence;
        event.time_us = script.time_us;
        slc_logic_apply(logic, &event, &answer, NULL);
        cr_assert(answer.status == verdict.status && answer.replayed == verdict.replayed,
                  "seed %" PRIu64 ", event %" PRIu64 " of kind %d: the logic says %s, the audit %s", seed,
                  event.sequence, (int)event.kind, slc_status_name((int)answer.status),
                  slc_status_name((int)verdict.status));
        cr_assert(slc_logic_digest(logic) == audit_digest(&script.books),
                  "seed %" PRIu64 ": digests differ behind event %" PRIu64, seed, event.sequence);
        accepted += event.kind == SLC_EVENT_ORDER_PLACED && verdict.status == SLC_STATUS_ACCEPTED;
    }
    cr_assert(audit_digest(&script.books) == audit_digest_from_scratch(&script.books));
    audit_books_finish(&script.books);
    slc_logic_destroy(logic);
    return accepted;
}

Test(audit_logic, audit_and_engine_agree_on_every_outcome_and_digest)
{
    uint64_t accepted = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        accepted += run_seed(seed);
    }
    cr_assert(accepted > SEEDS * EVENTS / 50, "only %" PRIu64 " were accepted: the dice are wrong",
              accepted);
}
