#include "oracle.h"

#include "../unit/logic/model.h"

#include "base/check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct oracle {
    history_t *history;
    model_t *model;
    slc_answer_t *answers; /* of the model to each event, by sequence */
    uint64_t *gone_at;     /* by order: the event that cancelled or purged it; 0: it stands */
    heard_t **sorted;
} oracle_t;

static slc_event_t fact_event(const history_t *history, uint64_t sequence)
{
    slc_event_t event = history->facts[sequence].event;
    if (event.kind == SLC_EVENT_ORDER_PLACED) {
        event.as.order_placed.user.data = history->facts[sequence].text;
    } else if (event.kind == SLC_EVENT_DROP_OPENED) {
        event.as.drop_opened.name.data = history->facts[sequence].text;
    }
    return event;
}

static slc_event_t want_event(const want_t *want)
{
    slc_event_t event = want->event;
    if (event.kind == SLC_EVENT_ORDER_PLACED) {
        event.as.order_placed.user = (slc_text_t){want->text, strlen(want->text)};
    } else if (event.kind == SLC_EVENT_DROP_OPENED) {
        event.as.drop_opened.name = (slc_text_t){want->text, strlen(want->text)};
    }
    return event;
}

static bool is_same_buy(const slc_event_t *one, const slc_event_t *other)
{
    return one->kind == SLC_EVENT_ORDER_PLACED && other->kind == SLC_EVENT_ORDER_PLACED &&
           one->as.order_placed.drop_id == other->as.order_placed.drop_id &&
           one->as.order_placed.order_key == other->as.order_placed.order_key &&
           one->as.order_placed.quantity == other->as.order_placed.quantity &&
           one->as.order_placed.user.bytes == other->as.order_placed.user.bytes &&
           memcmp(one->as.order_placed.user.data, other->as.order_placed.user.data,
                  one->as.order_placed.user.bytes) == 0;
}

static bool is_same_change(const slc_event_t *one, const slc_event_t *other)
{
    if (one->kind != other->kind || one->op_key != other->op_key) {
        return false;
    }
    switch (one->kind) {
    case SLC_EVENT_DROP_OPENED:
        return one->as.drop_opened.drop_id == other->as.drop_opened.drop_id &&
               one->as.drop_opened.stock == other->as.drop_opened.stock &&
               one->as.drop_opened.per_user_limit == other->as.drop_opened.per_user_limit &&
               one->as.drop_opened.opens_at_us == other->as.drop_opened.opens_at_us &&
               one->as.drop_opened.closes_at_us == other->as.drop_opened.closes_at_us;
    case SLC_EVENT_STOCK_ADJUSTED:
        return one->as.stock_adjusted.drop_id == other->as.stock_adjusted.drop_id &&
               one->as.stock_adjusted.delta == other->as.stock_adjusted.delta;
    case SLC_EVENT_DROP_CLOSED:
    case SLC_EVENT_DROP_PURGED:
        return one->as.drop_closed.drop_id == other->as.drop_closed.drop_id;
    case SLC_EVENT_ORDER_CANCELLED:
        return one->as.order_cancelled.order_id == other->as.order_cancelled.order_id;
    case SLC_EVENT_ORDER_PLACED:
    default:
        return is_same_buy(one, other);
    }
}

/* ---- what each event did ---- */

static void note_gone(oracle_t *oracle, const slc_event_t *event)
{
    if (event->kind == SLC_EVENT_ORDER_CANCELLED) {
        oracle->gone_at[event->as.order_cancelled.order_id] = event->sequence;
    } else if (event->kind == SLC_EVENT_DROP_PURGED) {
        for (uint64_t order = 1; order < event->sequence; order++) {
            const slc_event_t *placed = &oracle->history->facts[order].event;
            if (placed->kind == SLC_EVENT_ORDER_PLACED && oracle->gone_at[order] == 0 &&
                placed->as.order_placed.drop_id == event->as.drop_purged.drop_id) {
                oracle->gone_at[order] = event->sequence;
            }
        }
    }
}

static void apply(oracle_t *oracle, uint64_t sequence)
{
    history_t *history = oracle->history;
    slc_event_t event = fact_event(history, sequence);
    slc_answer_t *answer = &oracle->answers[sequence];
    if (event.time_us < oracle->model->time_us) {
        (void)history_wrong(history, "the time falls at event %" PRIu64, sequence);
    }
    *answer = model_apply(oracle->model, &event);
    if (answer->status == SLC_STATUS_ACCEPTED && !answer->replayed) {
        note_gone(oracle, &event);
    }
    for (size_t i = 0; i < oracle->model->drop_count; i++) {
        const slc_drop_info_t *drop = &oracle->model->drops[i];
        if (drop->stock != drop->sold + drop->remaining) {
            (void)history_wrong(history, "drop %" PRIu64 " lost units at event %" PRIu64, drop->drop_id,
                                sequence);
        }
    }
}

/* ---- one reply ---- */

static bool wrong(oracle_t *oracle, const heard_t *heard, const char *what)
{
    const attempt_t *attempt = &oracle->history->attempts[heard->attempt];
    const want_t *want = &oracle->history->wants[attempt->want];
    return history_wrong(
        oracle->history,
        "request %u (op %d, drop %" PRIu64 ", user %s, quantity %" PRIu64 ", key %016" PRIx64
        ") was answered %s%s at sequence %" PRIu64 ", order %" PRIu64 ", remaining %" PRIu64 ": %s",
        heard->attempt + 1, (int)want->op, want->event.as.order_placed.drop_id, want->text,
        want->event.as.order_placed.quantity, want->event.as.order_placed.order_key,
        slc_status_name((int)heard->status), heard->replayed ? " (replayed)" : "", heard->sequence,
        heard->order_id, heard->remaining, what);
}

/* An order that was placed before: it must be this one, and must have stood when the request was sent. */
static bool judge_replayed(oracle_t *oracle, const heard_t *heard, const slc_event_t *asked)
{
    const attempt_t *attempt = &oracle->history->attempts[heard->attempt];
    slc_event_t placed = fact_event(oracle->history, heard->order_id);
    const slc_answer_t *answer = &oracle->answers[heard->order_id];
    if (heard->order_id != heard->sequence || answer->status != SLC_STATUS_ACCEPTED || answer->replayed ||
        !is_same_buy(&placed, asked) || heard->time_us != placed.time_us) {
        return wrong(oracle, heard, "no such order was ever placed");
    }
    uint64_t gone_at = oracle->gone_at[heard->order_id];
    if (gone_at != 0 && gone_at <= attempt->floor) {
        return wrong(oracle, heard, "that order was gone, and somebody had heard so, before it was sent");
    }
    return true;
}

static bool judge_placed(oracle_t *oracle, const heard_t *heard, const slc_event_t *asked)
{
    slc_event_t placed = fact_event(oracle->history, heard->sequence);
    const slc_answer_t *answer = &oracle->answers[heard->sequence];
    if (!is_same_buy(&placed, asked)) {
        return wrong(oracle, heard, "the journal has another event there");
    }
    if (answer->status != SLC_STATUS_ACCEPTED || answer->replayed) {
        return wrong(oracle, heard, "by the rules that event was not accepted");
    }
    if (heard->order_id != heard->sequence || heard->remaining != answer->remaining ||
        heard->time_us != answer->time_us) {
        return wrong(oracle, heard, "its numbers are others than the rules give");
    }
    return true;
}

static bool may_be_read_only(const oracle_t *oracle, const heard_t *heard)
{
    return oracle->history->disk_was_full && oracle->history->attempts[heard->attempt].may_be_read_only;
}

/* A refusal, or CANCELLED: what the rules say at the state it names, at a time it may have been judged.
 */
static bool judge_refused(oracle_t *oracle, const heard_t *heard, slc_event_t asked)
{
    model_t *model = oracle->model;
    const slc_drop_info_t *drop = model_drop(model, asked.as.order_placed.drop_id);
    uint64_t times[3] = {model->time_us, drop == NULL ? 0 : drop->opens_at_us,
                         drop == NULL ? 0 : drop->closes_at_us};
    for (size_t i = 0; i < 3; i++) {
        if (times[i] < model->time_us || times[i] > heard->time_high_us) {
            continue;
        }
        asked.time_us = times[i];
        slc_answer_t answer = model_buy(model, &asked, false);
        if (answer.status == SLC_STATUS_ACCEPTED && !answer.replayed && may_be_read_only(oracle, heard)) {
            answer.status = SLC_STATUS_READ_ONLY; /* of what could have been bought */
        }
        if (answer.status == heard->status && answer.remaining == heard->remaining &&
            answer.order_id == heard->order_id && answer.replayed == heard->replayed &&
            answer.time_us == heard->time_us) {
            return true;
        }
    }
    return wrong(oracle, heard, "the rules say something else at that state");
}

static bool judge_buy(oracle_t *oracle, const heard_t *heard, const want_t *want)
{
    slc_event_t asked = want_event(want);
    if (heard->status == SLC_STATUS_ACCEPTED) {
        return heard->replayed ? judge_replayed(oracle, heard, &asked)
                               : judge_placed(oracle, heard, &asked);
    }
    return judge_refused(oracle, heard, asked);
}

/* A change that found no room is no event; one that was made before is known all the same. */
static bool judge_read_only(oracle_t *oracle, const heard_t *heard, const slc_event_t *asked)
{
    const model_t *model = oracle->model;
    for (size_t i = 0; asked->op_key != 0 && i < model->op_count; i++) {
        if (model->ops[i].op_key == asked->op_key) {
            return wrong(oracle, heard, "it had been made before");
        }
    }
    return may_be_read_only(oracle, heard) || wrong(oracle, heard, "there was room");
}

static bool judge_change(oracle_t *oracle, const heard_t *heard, const want_t *want)
{
    const history_t *history = oracle->history;
    slc_event_t asked = want_event(want);
    if (heard->status == SLC_STATUS_ACCEPTED) {
        slc_event_t done = fact_event(history, heard->sequence);
        const slc_answer_t *answer = &oracle->answers[heard->sequence];
        if (!is_same_change(&done, &asked) || answer->status != SLC_STATUS_ACCEPTED || answer->replayed ||
            heard->time_us != answer->time_us) {
            return wrong(oracle, heard, "no such change was made there");
        }
        return true;
    }
    if (heard->status == SLC_STATUS_READ_ONLY) {
        return judge_read_only(oracle, heard, &asked);
    }
    /* A refused change is an event too: the one behind the state that it names. */
    uint64_t at = heard->sequence + 1;
    if (at >= history->fact_count) {
        return wrong(oracle, heard, "the journal does not have it");
    }
    slc_event_t refused = fact_event(history, at);
    slc_answer_t answer = oracle->answers[at];
    if (!is_same_change(&refused, &asked) || answer.status != heard->status) {
        return wrong(oracle, heard, "the rules say something else");
    }
    return true;
}

static bool judge_query(oracle_t *oracle, const heard_t *heard, const want_t *want)
{
    if (want->op == SLC_CONTROL_GET_STATUS && model_digest(oracle->model) != heard->digest) {
        return wrong(oracle, heard, "the digest is not that of this state");
    }
    if (want->op != SLC_CONTROL_GET_DROP) {
        return true;
    }
    const slc_drop_info_t *drop = model_drop(oracle->model, want->event.as.drop_closed.drop_id);
    if ((drop == NULL) != (heard->status != SLC_STATUS_ACCEPTED)) {
        return wrong(oracle, heard, "whether there is such a drop is told wrongly");
    }
    if (drop != NULL && (drop->stock != heard->drop.stock || drop->sold != heard->drop.sold ||
                         drop->remaining != heard->drop.remaining)) {
        return wrong(oracle, heard, "the drop's numbers are not those of this state");
    }
    return true;
}

/* Changes refused are judged behind the event that refused them. */
static uint64_t judged_at(const history_t *history, const heard_t *heard)
{
    const want_t *want = &history->wants[history->attempts[heard->attempt].want];
    bool is_event = want->op != 0 && want->event.kind != 0 && heard->status != SLC_STATUS_READ_ONLY;
    return heard->sequence + (is_event ? 1 : 0);
}

static bool judge(oracle_t *oracle, const heard_t *heard)
{
    const attempt_t *attempt = &oracle->history->attempts[heard->attempt];
    want_t *want = &oracle->history->wants[attempt->want];
    if (!heard->replayed && judged_at(oracle->history, heard) < attempt->floor) {
        return wrong(oracle, heard, "somebody had heard of a newer state before it was sent");
    }
    if (want->op == 0 && want->event.as.order_placed.order_key != 0 &&
        heard->status == SLC_STATUS_ACCEPTED) {
        if (want->order_id != 0 && want->order_id != heard->order_id &&
            oracle->gone_at[want->order_id] == 0) {
            return wrong(oracle, heard, "its first answer named another order");
        }
        want->order_id = heard->order_id;
    }
    return want->op == 0           ? judge_buy(oracle, heard, want)
           : want->event.kind != 0 ? judge_change(oracle, heard, want)
                                   : judge_query(oracle, heard, want);
}

static void sort(oracle_t *oracle, size_t *begins)
{
    const history_t *history = oracle->history;
    size_t places = history->fact_count + 2;
    for (size_t i = 0; i < history->heard_count; i++) {
        begins[judged_at(history, &history->heards[i]) + 1]++;
    }
    for (size_t i = 1; i < places; i++) {
        begins[i] += begins[i - 1];
    }
    for (size_t i = 0; i < history->heard_count; i++) {
        heard_t *heard = &history->heards[i];
        oracle->sorted[begins[judged_at(history, heard)]++] = heard;
    }
}

/* What a start made of snapshot and journal. */
static void judge_claims(oracle_t *oracle, uint64_t sequence)
{
    history_t *history = oracle->history;
    for (size_t i = 0; i < history->claim_count; i++) {
        if (history->claims[i].sequence == sequence &&
            history->claims[i].digest != model_digest(oracle->model)) {
            (void)history_wrong(
                history, "a start at event %" PRIu64 " came to another state than the rules", sequence);
        }
    }
}

static void walk(oracle_t *oracle)
{
    history_t *history = oracle->history;
    size_t next = 0;
    for (uint64_t sequence = 0; sequence <= history->fact_count && history->wrong[0] == '\0';
         sequence++) {
        if (sequence > 0 && sequence < history->fact_count) {
            apply(oracle, sequence);
        }
        judge_claims(oracle, sequence);
        while (next < history->heard_count && judged_at(history, oracle->sorted[next]) <= sequence &&
               judge(oracle, oracle->sorted[next])) {
            next++;
        }
    }
}

void oracle_judge(history_t *history, uint64_t digest)
{
    static model_t model; /* some megabytes, of which little is touched */
    size_t *begins = calloc(history->fact_count + 4, sizeof *begins);
    oracle_t oracle = {
        .history = history,
        .model = &model,
        .answers = calloc(history->fact_count + 1, sizeof *oracle.answers),
        .gone_at = calloc(history->fact_count + 1, sizeof *oracle.gone_at),
        .sorted = calloc(history->heard_count + 1, sizeof(heard_t *)),
    };
    SLC_CHECK(begins != NULL && oracle.answers != NULL && oracle.gone_at != NULL &&
              oracle.sorted != NULL);
    model.drop_count = model.order_count = model.op_count = 0;
    model.sequence = model.time_us = 0;
    bool within = true;
    for (size_t i = 0; i < history->heard_count && within; i++) {
        if (history->heards[i].sequence >= history->fact_count) {
            within = wrong(&oracle, &history->heards[i], "the journal does not reach there");
        }
    }
    if (within) {
        sort(&oracle, begins);
        walk(&oracle);
        if (history->wrong[0] == '\0' && model_digest(&model) != digest) {
            (void)history_wrong(history, "the engine's digest is %016" PRIx64 ", the model's %016" PRIx64,
                                digest, model_digest(&model));
        }
    }
    free(begins);
    free(oracle.answers);
    free(oracle.gone_at);
    free((void *)oracle.sorted);
}
