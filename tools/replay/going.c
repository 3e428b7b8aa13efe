#include "going.h"
#include "memory.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SPAN_US 100u

static const uint64_t class_most[GOING_CLASSES] = {1, 2, 5, 10, 100, UINT64_MAX};

/* ---- drops ---- */

static going_drop_t *find_drop(going_t *going, uint64_t drop_id)
{
    if (going->only_drop != 0 && going->only_drop != drop_id) {
        return NULL;
    }
    /* The latest of that number; drops are few beside what happens on them, and the latest are asked for.
     */
    for (uint64_t i = going->count; i-- > 0;) {
        if (going->drops[i]->drop_id == drop_id) {
            return going->drops[i]->purged ? NULL : going->drops[i];
        }
    }
    return NULL;
}

static going_drop_t *add_drop(going_t *going, uint64_t drop_id, uint64_t stock, slc_text_t name)
{
    if (going->only_drop != 0 && going->only_drop != drop_id) {
        return NULL;
    }
    going->drops = replay_grow(going->drops, &going->capacity, going->count + 1, sizeof(going_drop_t *));
    going_drop_t *drop = replay_allocate(sizeof *drop);
    *drop = (going_drop_t){.drop_id = drop_id, .stock = stock, .left = stock, .span_us = FIRST_SPAN_US};
    memcpy(drop->name, name.data, name.bytes);
    going->drops[going->count++] = drop;
    return drop;
}

/* ---- time ---- */

static void double_spans(going_drop_t *drop)
{
    for (unsigned i = 0; i < GOING_SPANS; i++) {
        going_span_t sum = {0};
        for (unsigned j = 2 * i; j < 2 * i + 2 && j < GOING_SPANS; j++) {
            const going_span_t *half = &drop->spans[j];
            sum.wins += half->wins;
            sum.refusals += half->refusals;
            sum.repeats += half->repeats;
            sum.left = half->seen ? half->left : sum.left;
            sum.seen |= half->seen;
        }
        drop->spans[i] = sum;
    }
    drop->span_us *= 2;
}

static going_span_t *span_of(going_drop_t *drop, uint64_t time_us)
{
    if (drop->begin_us == 0) {
        drop->begin_us = time_us;
        drop->left_at_begin = drop->left;
    }
    uint64_t since = time_us > drop->begin_us ? time_us - drop->begin_us : 0;
    while (since / drop->span_us >= GOING_SPANS) {
        double_spans(drop);
    }
    drop->last_us = time_us > drop->last_us ? time_us : drop->last_us;
    return &drop->spans[since / drop->span_us];
}

static void note_left(going_drop_t *drop, going_span_t *span, uint64_t left)
{
    span->left = left;
    span->seen = true;
    drop->left = left;
}

/* ---- users ---- */

static uint64_t hash_of(const char *name, size_t bytes)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t i = 0; i < bytes; i++) {
        hash = (hash ^ (unsigned char)name[i]) * UINT64_C(0x100000001b3);
    }
    return hash ^ hash >> 29;
}

static going_user_t *place_of(const going_drop_t *drop, const char *name, size_t bytes)
{
    uint64_t at = hash_of(name, bytes) & (drop->user_places - 1);
    while (drop->users[at].name != NULL &&
           (strncmp(drop->users[at].name, name, bytes) != 0 || drop->users[at].name[bytes] != '\0')) {
        at = (at + 1) & (drop->user_places - 1);
    }
    return &drop->users[at];
}

static void grow_users(going_drop_t *drop)
{
    going_drop_t before = *drop;
    drop->user_places = before.user_places == 0 ? 64 : before.user_places * 2;
    drop->users = calloc(drop->user_places, sizeof *drop->users);
    if (drop->users == NULL) {
        replay_out_of_memory();
    }
    for (uint64_t i = 0; i < before.user_places; i++) {
        const going_user_t *user = &before.users[i];
        if (user->name != NULL) {
            *place_of(drop, user->name, strlen(user->name)) = *user;
        }
    }
    free(before.users);
}

static void note_user(going_drop_t *drop, const char *name, size_t bytes, bool won)
{
    if (drop->user_count * 2 >= drop->user_places) {
        grow_users(drop);
    }
    going_user_t *user = place_of(drop, name, bytes);
    if (user->name == NULL) {
        user->name = strndup(name, bytes);
        if (user->name == NULL) {
            replay_out_of_memory();
        }
        drop->user_count++;
    }
    user->attempts++;
    user->won |= won;
}

/* ---- listening ---- */

static void begin(void *context, const slc_state_t *base)
{
    going_t *going = context;
    slc_drop_info_t info = {0};
    const uint64_t only_drop = going->only_drop;
    going_finish(going);
    going->only_drop = only_drop;
    while (slc_state_next_drop(base, info.drop_id, &info)) {
        slc_order_info_t order = {0};
        going_drop_t *drop =
            add_drop(going, info.drop_id, info.stock, (slc_text_t){info.name, strlen(info.name)});
        while (drop != NULL && slc_state_next_order(base, info.drop_id, order.order_id, &order)) {
            span_of(drop, order.time_us)->wins++;
            note_user(drop, order.user, strlen(order.user), true);
            drop->first_win_us = drop->wins == 0 ? order.time_us : drop->first_win_us;
            drop->attempts++;
            drop->wins++;
            drop->units += order.quantity;
            drop->cancelled += order.cancelled;
            drop->past_orders++;
        }
        if (drop != NULL) {
            drop->left = info.remaining;
        }
    }
}

static void take_buy(going_drop_t *drop, const slc_event_t *event, const slc_outcome_t *outcome)
{
    slc_text_t user = event->as.order_placed.user;
    bool won = outcome->status == SLC_STATUS_ACCEPTED && !outcome->replayed;
    going_span_t *span = span_of(drop, event->time_us);
    drop->attempts++;
    drop->repeats += outcome->replayed;
    span->repeats += outcome->replayed;
    note_user(drop, user.data, user.bytes, won);
    if (won) {
        drop->first_win_us = drop->first_win_us == 0 ? event->time_us : drop->first_win_us;
        drop->units += event->as.order_placed.quantity;
        drop->wins++;
        span->wins++;
    } else if (!outcome->replayed) {
        drop->refused[outcome->status]++;
        span->refusals++;
    }
    if (won && outcome->remaining == 0) {
        drop->sold_out_us = event->time_us;
        drop->sold_out_sequence = event->sequence;
    }
    note_left(drop, span, outcome->remaining);
}

static void take_change(going_t *going, const slc_event_t *event, const slc_outcome_t *outcome)
{
    if (event->kind == SLC_EVENT_DROP_OPENED) {
        (void)add_drop(going, outcome->drop_id, event->as.drop_opened.stock, event->as.drop_opened.name);
    }
    going_drop_t *drop = find_drop(going, outcome->drop_id);
    if (drop == NULL) {
        return;
    }
    if (event->kind == SLC_EVENT_DROP_PURGED) {
        drop->purged = true;
        return;
    }
    if (event->kind == SLC_EVENT_STOCK_ADJUSTED) {
        drop->stock += (uint64_t)event->as.stock_adjusted.delta;
    }
    drop->cancelled += event->kind == SLC_EVENT_ORDER_CANCELLED;
    if (outcome->remaining > 0) {
        drop->sold_out_us = 0;
    }
    if (drop->begin_us != 0) { /* time begins with the first attempt */
        note_left(drop, span_of(drop, event->time_us), outcome->remaining);
    }
    drop->left = outcome->remaining;
}

static void take_event(void *context, const slc_event_t *event, const slc_outcome_t *outcome)
{
    going_t *going = context;
    if (event->kind == SLC_EVENT_ORDER_PLACED) {
        going_drop_t *drop = find_drop(going, outcome->drop_id);
        if (drop != NULL) {
            take_buy(drop, event, outcome);
        }
    } else if (outcome->status == SLC_STATUS_ACCEPTED && !outcome->replayed) {
        take_change(going, event, outcome);
    }
}

static void take_attempt(void *context, const slc_attempt_t *attempt)
{
    going_drop_t *drop = find_drop(context, attempt->drop_id);
    if (drop == NULL) {
        return;
    }
    going_span_t *span = span_of(drop, attempt->time_us);
    span->refusals++;
    drop->attempts++;
    drop->refused[attempt->status]++;
    note_user(drop, attempt->user, attempt->user_bytes, false);
    note_left(drop, span, attempt->remaining);
}

slc_listener_t going_listener(going_t *going)
{
    return (slc_listener_t){
        .context = going, .begin = begin, .event = take_event, .attempt = take_attempt};
}

void going_finish(going_t *going)
{
    for (uint64_t i = 0; i < going->count; i++) {
        going_drop_t *drop = going->drops[i];
        for (uint64_t j = 0; j < drop->user_places; j++) {
            free(drop->users[j].name);
        }
        free(drop->users);
        free(drop);
    }
    free(going->drops);
    *going = (going_t){0};
}

/* ---- who came how often ---- */

void going_classes(const going_drop_t *drop, uint64_t users[GOING_CLASSES],
                   uint64_t winners[GOING_CLASSES])
{
    memset(users, 0, GOING_CLASSES * sizeof users[0]);
    memset(winners, 0, GOING_CLASSES * sizeof winners[0]);
    for (uint64_t i = 0; i < drop->user_places; i++) {
        const going_user_t *user = &drop->users[i];
        unsigned at = 0;
        while (user->attempts > class_most[at]) {
            at++;
        }
        users[at] += user->name != NULL;
        winners[at] += user->won;
    }
}

const char *going_class_name(unsigned number)
{
    static const char *const names[GOING_CLASSES] = {"once",    "twice",     "3 to 5",
                                                     "6 to 10", "11 to 100", "more"};
    return names[number];
}
