/* A BUY, from the ask to the answer: judge() has the rules in their order, place() records what was
 * accepted. */
#include "logic/core.h"

#include "base/check.h"

#include <stdlib.h>

/* Records of purged drops that are taken apart beside each event. */
#define PURGE_STEPS_PER_EVENT 16u

slc_logic_t *slc_logic_create(void)
{
    slc_logic_t *logic = calloc(1, sizeof *logic);
    slc_walk_t *walk = calloc(1, sizeof *walk);
    if (logic == NULL || walk == NULL || !slc_region_init(&logic->region)) {
        free(logic);
        free(walk);
        return NULL;
    }
    logic->walk = walk;
    slc_drops_init(&logic->drops, &logic->region);
    slc_index_init(&logic->keys);
    slc_index_init(&logic->users);
    slc_index_init(&logic->cancels);
    slc_ops_init(&logic->ops, &logic->region);
    slc_places_init(&logic->places);
    return logic;
}

void slc_logic_destroy(slc_logic_t *logic)
{
    if (logic == NULL) {
        return;
    }
    slc_drops_finish(&logic->drops);
    slc_index_finish(&logic->keys);
    slc_index_finish(&logic->users);
    slc_index_finish(&logic->cancels);
    slc_ops_finish(&logic->ops);
    slc_places_finish(&logic->places);
    slc_logic_cut_end(logic, logic->cut);
    slc_region_finish(&logic->region);
    free(logic->gone);
    free(logic->walk);
    free(logic);
}

bool slc_drop_is_closed(const slc_drop_t *drop, uint64_t time_us)
{
    return drop->closed || (drop->closes_at_us != 0 && time_us >= drop->closes_at_us);
}

/* What was found on the way to judging a BUY. Never copied: a copy in wide words would wait for the
 * narrow ones just stored. */
typedef struct slc_verdict {
    slc_drop_t *drop;          /* NULL: unknown */
    const slc_record_t *known; /* the order accepted under the key before; NULL: none */
    uint64_t key_hash;         /* with an order_key */
    uint64_t user_hash;        /* of a drop with a limit, as the next two */
    slc_ref_t latest;          /* the user's latest record; 0: none */
    uint64_t held;             /* units the user holds */
} slc_verdict_t;

/* The rules of logic.h, in their order. ACCEPTED without `known` means: may be placed. */
static slc_status_t judge(const slc_logic_t *logic, const slc_ask_t *ask, uint64_t time_us,
                          slc_verdict_t *ret_verdict)
{
    slc_drop_t *drop = slc_drops_find(&logic->drops, ask->drop_id);
    *ret_verdict = (slc_verdict_t){.drop = drop};
    if (drop == NULL) {
        return SLC_STATUS_UNKNOWN_DROP;
    }
    if (ask->order_key != 0) {
        ret_verdict->key_hash = slc_key_hash(logic, ask->drop_id, ask->user_hash, ask->order_key);
        const slc_record_t *record = slc_find_key(logic, drop, ask, ret_verdict->key_hash);
        if (record != NULL && slc_record_quantity(record) != ask->quantity) {
            return SLC_STATUS_CONFLICT;
        }
        if (record != NULL) {
            ret_verdict->known = slc_order_of(logic, record);
            return record == ret_verdict->known ? SLC_STATUS_ACCEPTED : SLC_STATUS_CANCELLED;
        }
    }
    if (time_us < drop->opens_at_us) {
        return SLC_STATUS_NOT_OPEN;
    }
    if (slc_drop_is_closed(drop, time_us)) {
        return SLC_STATUS_CLOSED;
    }
    if (drop->remaining < ask->quantity) {
        return SLC_STATUS_SOLD_OUT;
    }
    if (drop->per_user_limit != 0) {
        ret_verdict->user_hash = slc_user_hash(logic, ask->drop_id, ask->user_hash);
        const slc_record_t *latest = slc_find_user(logic, drop, (slc_text_t){ask->user, ask->user_bytes},
                                                   ret_verdict->user_hash, &ret_verdict->latest);
        ret_verdict->held = latest == NULL ? 0 : slc_record_held(latest);
        if (ret_verdict->held + ask->quantity > drop->per_user_limit) {
            return SLC_STATUS_LIMIT_EXCEEDED;
        }
    }
    return SLC_STATUS_ACCEPTED;
}

/* Records an order that judge() accepted. */
static inline void place(slc_logic_t *logic, const slc_ask_t *ask, const slc_verdict_t *verdict,
                         uint64_t sequence, uint64_t time_us)
{
    slc_drop_t *drop = verdict->drop;
    SLC_CHECK(drop->remaining >= ask->quantity && ask->quantity > 0);
    slc_before_change(logic, drop);
    bool limited = drop->per_user_limit != 0;
    const slc_record_parts_t parts = {
        .sequence = sequence,
        .key = ask->order_key,
        .time_us = time_us,
        .held = verdict->held + ask->quantity,
        .quantity = ask->quantity,
        .flags = limited ? SLC_RECORD_HELD : 0,
        .user = {ask->user, ask->user_bytes},
    };
    slc_ref_t ref = slc_append_record(logic, drop, &parts);
    if (ask->order_key != 0) {
        slc_index_insert(&logic->keys, verdict->key_hash, ref);
    }
    if (limited && verdict->latest != 0) {
        slc_index_replace(&logic->users, verdict->user_hash, verdict->latest, ref);
    } else if (limited) {
        slc_index_insert(&logic->users, verdict->user_hash, ref);
    }
    if (drop->last_span != slc_span_of(sequence) + 1) {
        drop->last_span = slc_span_of(sequence) + 1;
        slc_places_add(&logic->places, sequence, ref);
    }
    slc_count_order(logic, drop, &parts);
    slc_drops_mark(&logic->drops, drop);
}

/* The answer to a BUY that changes nothing: a refusal, or what was answered before. */
static inline void answer_unchanged(const slc_logic_t *logic, const slc_verdict_t *verdict,
                                    slc_status_t status, slc_answer_t *ret_answer)
{
    *ret_answer = (slc_answer_t){
        .remaining = verdict->drop == NULL ? 0 : verdict->drop->remaining,
        .sequence = logic->sequence,
        .time_us = logic->time_us,
        .status = status,
    };
    if (verdict->known != NULL) {
        ret_answer->order_id = verdict->known->sequence;
        ret_answer->replayed = true;
        if (status == SLC_STATUS_ACCEPTED) {
            ret_answer->sequence = verdict->known->sequence;
            ret_answer->time_us = verdict->known->time_us;
        }
    }
}

static inline bool may_be_placed(const slc_verdict_t *verdict, slc_status_t status)
{
    return status == SLC_STATUS_ACCEPTED && verdict->known == NULL;
}

void slc_logic_enter(slc_logic_t *logic, uint64_t sequence, uint64_t time_us)
{
    SLC_CHECK(sequence == logic->sequence + 1);
    SLC_CHECK(time_us >= logic->time_us);
    if (__builtin_expect(sequence == 1, 0)) {
        logic->seed = (time_us + 1) * UINT64_C(0xa0761d6478bd642f);
    }
}

void slc_logic_leave(slc_logic_t *logic, uint64_t sequence, uint64_t time_us)
{
    logic->sequence = sequence;
    logic->time_us = time_us;
    if (__builtin_expect(logic->first_purged != 0, 0)) {
        (void)slc_purge_some(logic, PURGE_STEPS_PER_EVENT);
    }
}

void slc_logic_buy(slc_logic_t *logic, const slc_ask_t *ask, uint64_t sequence, uint64_t time_us,
                   slc_answer_t *ret_answer)
{
    slc_logic_enter(logic, sequence, time_us);
    slc_verdict_t verdict;
    slc_status_t status = judge(logic, ask, time_us, &verdict);
    if (may_be_placed(&verdict, status)) {
        place(logic, ask, &verdict, sequence, time_us);
        *ret_answer = (slc_answer_t){
            .order_id = sequence,
            .remaining = verdict.drop->remaining,
            .sequence = sequence,
            .time_us = time_us,
            .status = SLC_STATUS_ACCEPTED,
        };
    } else {
        answer_unchanged(logic, &verdict, status, ret_answer);
    }
    slc_logic_leave(logic, sequence, time_us);
}

bool slc_logic_try_refuse(slc_logic_t *logic, const slc_ask_t *ask, uint64_t time_us,
                          slc_answer_t *ret_answer)
{
    SLC_CHECK(time_us >= logic->time_us);
    slc_verdict_t verdict;
    slc_status_t status = judge(logic, ask, time_us, &verdict);
    answer_unchanged(logic, &verdict, status, ret_answer);
    if (may_be_placed(&verdict, status)) {
        ret_answer->status = SLC_STATUS_UNSPECIFIED;
        return false;
    }
    return true;
}

void slc_logic_refuse(slc_logic_t *logic, const slc_ask_t *ask, uint64_t time_us,
                      slc_answer_t *ret_answer)
{
    SLC_CHECK(slc_logic_try_refuse(logic, ask, time_us, ret_answer));
}
