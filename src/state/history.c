/* Telling what happened: a replay from as far back as there is something to begin with, with the attempts
 * log merged in by sequence. The log is opened before the journal is read: so no attempt of it can stand
 * behind an event that the journal does not show yet. */
#include "state/state.h"

#include "attempts/attempts.h"
#include "base/error.h"
#include "snapshot/files.h"

#include <sluice/history.h>

#include <stdlib.h>

typedef struct {
    const slc_directory_t *directory;
    const slc_listener_t *listener;
    uint64_t until;
    slc_watch_t *watch;
    slc_logic_t *logic;
    slc_attempts_reader_t *attempts; /* NULL: of no interest */
    slc_attempt_t attempt;           /* the next one, where there is one */
    bool has_attempt;
    slc_err_t code; /* of the log; the replay has no way to stop in the middle */
    slc_error_t error;
    slc_told_t *told;
} history_t;

/* ---- attempts ---- */

static void take_attempt(history_t *history)
{
    history->has_attempt = false;
    if (history->attempts == NULL || history->code != SLC_OK) {
        return;
    }
    slc_err_t code = slc_attempts_reader_next(history->attempts, &history->attempt, &history->error);
    history->has_attempt = code == SLC_OK;
    history->code = code == SLC_END ? SLC_OK : code;
}

/* Those that were decided before this event. */
static void tell_attempts_before(history_t *history, uint64_t sequence)
{
    while (history->has_attempt && history->attempt.sequence < sequence) {
        history->listener->attempt(history->listener->context, &history->attempt);
        take_attempt(history);
    }
}

/* Those behind the last event; later ones are only counted. */
static void tell_attempts_left(history_t *history, uint64_t sequence)
{
    for (; history->has_attempt; take_attempt(history)) {
        if (history->attempt.sequence <= sequence) {
            history->listener->attempt(history->listener->context, &history->attempt);
        } else {
            history->told->attempts_later++;
        }
    }
}

/* ---- events ---- */

static void tell_event(void *context, const slc_event_t *event, const slc_answer_t *answer)
{
    history_t *history = context;
    slc_outcome_t outcome;
    tell_attempts_before(history, event->sequence);
    slc_state_outcome(history->logic, event, answer, &outcome);
    history->listener->event(history->listener->context, event, &outcome);
}

/* ---- what it begins with ---- */

/* The oldest good snapshot, where the journal does not begin with event 1. */
static slc_err_t load_oldest(history_t *history, slc_newest_t *newest, slc_error_t *error)
{
    uint64_t *sequences = NULL;
    size_t count = 0;
    bool whole = false;
    slc_err_t code = slc_state_journal_is_whole(history->directory, &whole, error);
    if (code == SLC_OK) {
        code = slc_snapshot_find(history->directory, &sequences, &count, error);
    }
    for (size_t i = 0; code == SLC_OK && i < count && sequences[i] <= history->until; i++) {
        newest->last_name = sequences[i];
        if (whole || newest->logic != NULL) {
            continue;
        }
        code = slc_newest_load_one(history->directory, sequences[i], history->watch, &newest->logic,
                                   &newest->info, error);
        if (code == SLC_ERR_DAMAGED) {
            newest->info = (slc_snapshot_info_t){0};
            newest->refused++;
            newest->refused_sequence = sequences[i];
            newest->refused_why = *error;
            code = SLC_OK;
        }
    }
    free(sequences);
    if (code == SLC_OK && newest->logic == NULL) {
        newest->logic = slc_logic_create();
        code = newest->logic != NULL
                   ? SLC_OK
                   : slc_error_set(error, SLC_ERR_NO_MEMORY, "out of memory for the state");
    }
    return code;
}

/* ---- one try ---- */

static slc_err_t tell_all(history_t *history, slc_newest_t *newest, slc_error_t *error)
{
    slc_replayed_t replayed;
    const slc_state_t base = {.logic = newest->logic};
    history->logic = newest->logic;
    history->told->base_sequence = slc_logic_sequence(newest->logic);
    history->listener->begin(history->listener->context, &base);
    take_attempt(history);
    const slc_replay_order_t order = {.directory = history->directory,
                                      .logic = newest->logic,
                                      .until = history->until,
                                      .watch = history->watch,
                                      .applied = tell_event,
                                      .context = history};
    slc_err_t code = slc_replay(&order, &replayed, error);
    if (code == SLC_OK) {
        code = slc_state_check_end(newest, history->directory, history->until, &replayed, error);
    }
    if (code != SLC_OK) {
        return slc_newest_explain(newest, error);
    }
    history->told->sequence = slc_logic_sequence(newest->logic);
    history->told->time_us = slc_logic_time_us(newest->logic);
    tell_attempts_left(history, history->told->sequence);
    if (history->code != SLC_OK) {
        *error = history->error;
    }
    return history->code;
}

static slc_err_t try_once(history_t *history, slc_newest_t *newest, slc_error_t *error)
{
    *history->told = (slc_told_t){0};
    history->code = SLC_OK;
    slc_err_t code = slc_state_check_reach(history->directory, history->until, error);
    if (code == SLC_OK && history->listener->attempt != NULL) {
        code = slc_attempts_reader_begin(history->directory, &history->attempts, error);
    }
    if (code == SLC_OK) {
        code = load_oldest(history, newest, error);
    }
    if (code == SLC_OK) {
        code = tell_all(history, newest, error);
    }
    if (history->attempts != NULL) {
        history->told->attempts = slc_attempts_told(history->attempts);
    }
    slc_attempts_reader_close(history->attempts);
    history->attempts = NULL;
    return code;
}

static slc_err_t try_often(history_t *history, slc_logic_t **ret_logic, slc_error_t *error)
{
    slc_err_t code = SLC_OK;
    for (unsigned tries = 0; tries < SLC_STATE_TRIES_MAX; tries++) {
        slc_newest_t newest = {0};
        *error = (slc_error_t){0};
        code = try_once(history, &newest, error);
        if (code == SLC_OK) {
            *ret_logic = newest.logic;
            return code;
        }
        slc_logic_destroy(newest.logic);
        if (!slc_state_was_overtaken(history->directory, history->until, &newest, code, error)) {
            return code;
        }
    }
    return code;
}

slc_err_t slc_history_read(const char *data_dir, uint64_t until, const slc_listener_t *listener,
                           slc_state_progress_fn progress, void *context, slc_told_t *ret_told,
                           slc_state_t **ret_state, slc_error_t *ret_error)
{
    slc_directory_t *directory = NULL;
    slc_logic_t *logic = NULL;
    slc_error_t error = {0};
    slc_watch_t watch = slc_watch_begin(slc_sys_posix(), progress, context);
    slc_err_t code = slc_directory_open_readonly(slc_sys_posix(), data_dir, &directory, &error);
    if (code == SLC_OK) {
        history_t history = {.directory = directory,
                             .listener = listener,
                             .until = until,
                             .watch = &watch,
                             .told = ret_told};
        code = try_often(&history, &logic, &error);
    }
    if (code == SLC_OK && ret_state != NULL) {
        code = slc_state_hand_out(logic, ret_state, &error);
    } else {
        slc_logic_destroy(logic);
    }
    slc_directory_close(directory);
    if (code != SLC_OK && ret_error != NULL) {
        *ret_error = error;
    }
    return code;
}
