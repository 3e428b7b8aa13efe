#include <sluice/state.h>

#include "base/error.h"
#include "base/hash.h"
#include "logic/logic.h"
#include "sys/sys.h"

#include <inttypes.h>
#include <stdlib.h>

#define PROGRESS_NS UINT64_C(100000000)
/* Events read ahead of the one applied, so that the memory it needs has come by then. */
#define AHEAD 16u
#define AHEAD_RECORD 8u

struct slc_state {
    slc_logic_t *logic;
};

/* A replay under way. Events read and not yet applied, all of one block, stand from head to tail. */
typedef struct slc_replay {
    slc_journal_t *journal;
    slc_logic_t *logic;
    uint64_t until;
    slc_event_t events[AHEAD];
    uint32_t head;
    uint32_t tail;
} slc_replay_t;

static slc_ask_t ask_of(const slc_event_t *event)
{
    slc_text_t user = event->as.order_placed.user;
    return (slc_ask_t){
        .drop_id = event->as.order_placed.drop_id,
        .order_key = event->as.order_placed.order_key,
        .user_hash = slc_hash(user.data, user.bytes),
        .user = user.data,
        .user_bytes = (uint32_t)user.bytes,
        .quantity = (uint32_t)event->as.order_placed.quantity,
    };
}

static void apply_oldest(slc_replay_t *replay)
{
    slc_answer_t answer;
    const slc_event_t *event = &replay->events[replay->head % AHEAD];
    slc_logic_apply(replay->logic, event, &answer, NULL);
    replay->head++;
}

/* Takes the event that was read into the last place: fetches for it, and for the one half-way. */
static void take(slc_replay_t *replay)
{
    const slc_event_t *newest = &replay->events[replay->tail % AHEAD];
    if (newest->kind == SLC_EVENT_ORDER_PLACED) {
        slc_ask_t ask = ask_of(newest);
        slc_logic_prefetch_index(replay->logic, &ask);
    }
    replay->tail++;
    if (replay->tail - replay->head > AHEAD_RECORD) {
        const slc_event_t *halfway = &replay->events[(replay->tail - 1 - AHEAD_RECORD) % AHEAD];
        if (halfway->kind == SLC_EVENT_ORDER_PLACED) {
            slc_ask_t ask = ask_of(halfway);
            slc_logic_prefetch_record(replay->logic, &ask);
        }
    }
    if (replay->tail - replay->head == AHEAD) {
        apply_oldest(replay);
    }
}

/* Applies the events of a block up to `until`. */
static slc_err_t replay_block(slc_replay_t *replay, slc_error_t *ret_error)
{
    slc_err_t code = SLC_OK;
    while (code == SLC_OK) {
        slc_event_t *event = &replay->events[replay->tail % AHEAD];
        code = slc_journal_next_event(replay->journal, event, ret_error);
        if (code == SLC_OK && event->sequence > replay->until) {
            break;
        }
        if (code == SLC_OK) {
            take(replay);
        }
    }
    /* Text of events is good until the next block only. */
    while (replay->head != replay->tail) {
        apply_oldest(replay);
    }
    return code == SLC_END ? SLC_OK : code;
}

static slc_err_t replay_journal(slc_replay_t *replay, slc_state_progress_fn progress, void *context,
                                slc_error_t *ret_error)
{
    const slc_sys_t *sys = slc_sys_posix();
    uint64_t told_ns = sys->monotonic_ns(sys->self);
    slc_err_t code = SLC_OK;
    while (code == SLC_OK && slc_logic_sequence(replay->logic) < replay->until) {
        slc_journal_block_t block;
        code = slc_journal_next_block(replay->journal, &block, ret_error);
        if (code == SLC_OK) {
            code = replay_block(replay, ret_error);
        }
        uint64_t now_ns = sys->monotonic_ns(sys->self);
        if (progress != NULL && (code != SLC_OK || now_ns - told_ns >= PROGRESS_NS)) {
            uint64_t done;
            uint64_t total;
            slc_journal_progress(replay->journal, &done, &total);
            progress(context, done, total, slc_logic_sequence(replay->logic));
            told_ns = now_ns;
        }
    }
    if (code == SLC_END && replay->until != UINT64_MAX) {
        return slc_error_set(ret_error, SLC_ERR_USAGE,
                             "the journal ends at event %" PRIu64 ", before event %" PRIu64
                             "; leave the end out to go as far as it goes",
                             slc_logic_sequence(replay->logic), replay->until);
    }
    return code == SLC_END ? SLC_OK : code;
}

slc_err_t slc_state_replay(const char *data_dir, uint64_t until, slc_state_progress_fn progress,
                           void *context, slc_state_t **ret_state, slc_error_t *ret_error)
{
    slc_replay_t replay = {.until = until};
    slc_err_t code = slc_journal_open(data_dir, &replay.journal, ret_error);
    if (code != SLC_OK) {
        return code;
    }
    slc_state_t *state = calloc(1, sizeof *state);
    if (state != NULL) {
        state->logic = slc_logic_create();
        replay.logic = state->logic;
    }
    if (replay.logic == NULL) {
        code = slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "out of memory for rebuilding the state");
    } else {
        code = replay_journal(&replay, progress, context, ret_error);
    }
    slc_journal_close(replay.journal);
    if (code != SLC_OK) {
        slc_state_destroy(state);
        return code;
    }
    *ret_state = state;
    return SLC_OK;
}

void slc_state_destroy(slc_state_t *state)
{
    if (state != NULL) {
        slc_logic_destroy(state->logic);
        free(state);
    }
}

uint64_t slc_state_sequence(const slc_state_t *state)
{
    return slc_logic_sequence(state->logic);
}

uint64_t slc_state_digest(const slc_state_t *state)
{
    return slc_logic_digest_recomputed(state->logic);
}

bool slc_state_next_drop(const slc_state_t *state, uint64_t after_drop_id, slc_drop_info_t *ret_drop)
{
    return slc_logic_next_drop(state->logic, after_drop_id, ret_drop);
}

bool slc_state_next_order(const slc_state_t *state, uint64_t drop_id, uint64_t after_order_id,
                          slc_order_info_t *ret_order)
{
    return slc_logic_next_order(state->logic, drop_id, after_order_id, ret_order);
}
