#include "state/state.h"

#include "base/error.h"
#include "journal/segment.h"
#include "snapshot/files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>

/* ---- what is kept ---- */

/* The sequence of the oldest snapshot, and of the newest at or before `until`; 0: there is none. */
static slc_err_t find_snapshots(const slc_directory_t *directory, uint64_t until, uint64_t *ret_oldest,
                                uint64_t *ret_newest, slc_error_t *error)
{
    uint64_t *sequences = NULL;
    size_t count = 0;
    slc_err_t code = slc_snapshot_find(directory, &sequences, &count, error);
    *ret_oldest = count > 0 ? sequences[0] : 0;
    *ret_newest = 0;
    for (size_t i = 0; i < count && sequences[i] <= until; i++) {
        *ret_newest = sequences[i];
    }
    free(sequences);
    return code;
}

slc_err_t slc_state_journal_is_whole(const slc_directory_t *directory, bool *ret_whole,
                                     slc_error_t *error)
{
    uint32_t *numbers = NULL;
    size_t count = 0;
    slc_segment_header_t header;
    int fd = -1;
    slc_err_t code = slc_segment_list(directory, &numbers, &count, error);
    uint32_t first = count > 0 ? numbers[0] : 0;
    free(numbers);
    *ret_whole = false;
    if (code != SLC_OK || first != 1) {
        return code;
    }
    code = slc_segment_open(directory, first, O_RDONLY, &fd, &header, error);
    if (code == SLC_OK) {
        (void)directory->sys->close(directory->sys->self, fd); /* only read from */
        *ret_whole = header.first_sequence == 1;
    }
    return code;
}

slc_err_t slc_state_check_reach(const slc_directory_t *directory, uint64_t until, slc_error_t *error)
{
    uint64_t oldest = 0;
    uint64_t newest = 0;
    bool whole = false;
    slc_err_t code = find_snapshots(directory, until, &oldest, &newest, error);
    if (code != SLC_OK || until == 0 || newest != 0 || oldest == 0) {
        return code;
    }
    code = slc_state_journal_is_whole(directory, &whole, error);
    if (code != SLC_OK || whole) {
        return code;
    }
    return slc_error_set(error, SLC_ERR_USAGE,
                         "event %" PRIu64 " is from before everything that is kept: the oldest state is "
                         "the one behind event %" PRIu64,
                         until, oldest);
}

/* ---- one try ---- */

slc_err_t slc_state_check_end(const slc_newest_t *newest, const slc_directory_t *directory,
                              uint64_t until, const slc_replayed_t *replayed, slc_error_t *error)
{
    if (!replayed->ended) {
        return SLC_OK;
    }
    slc_err_t code = slc_newest_check_end(newest, directory, &replayed->end.end, error);
    if (code == SLC_OK && until != UINT64_MAX && replayed->end.end.sequence < until) {
        code = slc_error_set(error, SLC_ERR_USAGE,
                             "the journal ends at event %" PRIu64 ", before event %" PRIu64
                             "; leave the end out to go as far as it goes",
                             replayed->end.end.sequence, until);
    }
    return code;
}

static slc_err_t load_and_replay(const slc_directory_t *directory, uint64_t until, slc_watch_t *watch,
                                 slc_newest_t *newest, slc_error_t *error)
{
    slc_replayed_t replayed;
    slc_err_t code = slc_newest_load(directory, until, watch, newest, error);
    if (code != SLC_OK) {
        return code;
    }
    const slc_replay_order_t order = {
        .directory = directory, .logic = newest->logic, .until = until, .watch = watch};
    code = slc_replay(&order, &replayed, error);
    if (code == SLC_OK) {
        code = slc_state_check_end(newest, directory, until, &replayed, error);
    }
    return code == SLC_OK ? SLC_OK : slc_newest_explain(newest, error);
}

bool slc_state_was_overtaken(const slc_directory_t *directory, uint64_t until, const slc_newest_t *newest,
                             slc_err_t code, const slc_error_t *error)
{
    uint64_t oldest = 0;
    uint64_t now = 0;
    if (code == SLC_ERR_IO) {
        return error->sys_errno == ENOENT;
    }
    return code == SLC_ERR_DAMAGED && find_snapshots(directory, until, &oldest, &now, NULL) == SLC_OK &&
           now != newest->last_name;
}

slc_err_t slc_state_rebuild(const slc_directory_t *directory, uint64_t until, slc_watch_t *watch,
                            slc_logic_t **ret_logic, slc_error_t *error)
{
    slc_err_t code = SLC_OK;
    for (unsigned tries = 0; tries < SLC_STATE_TRIES_MAX; tries++) {
        slc_newest_t newest = {0};
        *error = (slc_error_t){0};
        code = slc_state_check_reach(directory, until, error);
        if (code == SLC_OK) {
            code = load_and_replay(directory, until, watch, &newest, error);
        }
        if (code == SLC_OK) {
            *ret_logic = newest.logic;
            return SLC_OK;
        }
        slc_logic_destroy(newest.logic);
        if (!slc_state_was_overtaken(directory, until, &newest, code, error)) {
            return code;
        }
    }
    return code;
}

/* ---- the outside ---- */

slc_err_t slc_state_hand_out(slc_logic_t *logic, slc_state_t **ret_state, slc_error_t *error)
{
    slc_state_t *state = calloc(1, sizeof *state);
    if (state == NULL) {
        slc_logic_destroy(logic);
        return slc_error_set(error, SLC_ERR_NO_MEMORY, "out of memory for rebuilding the state");
    }
    state->logic = logic;
    *ret_state = state;
    return SLC_OK;
}

static slc_err_t answer(slc_err_t code, const slc_error_t *error, slc_error_t *ret_error)
{
    if (code != SLC_OK && ret_error != NULL) {
        *ret_error = *error;
    }
    return code;
}

slc_err_t slc_state_replay(const char *data_dir, uint64_t until, slc_state_progress_fn progress,
                           void *context, slc_state_t **ret_state, slc_error_t *ret_error)
{
    slc_directory_t *directory = NULL;
    slc_logic_t *logic = NULL;
    slc_error_t error = {0};
    slc_watch_t watch = slc_watch_begin(slc_sys_posix(), progress, context);
    slc_err_t code = slc_directory_open_readonly(slc_sys_posix(), data_dir, &directory, &error);
    if (code == SLC_OK) {
        code = slc_state_rebuild(directory, until, &watch, &logic, &error);
    }
    slc_directory_close(directory);
    if (code == SLC_OK) {
        code = slc_state_hand_out(logic, ret_state, &error);
    }
    return answer(code, &error, ret_error);
}

slc_err_t slc_state_load(const char *data_dir, uint64_t sequence, slc_state_progress_fn progress,
                         void *context, slc_state_t **ret_state, slc_error_t *ret_error)
{
    slc_directory_t *directory = NULL;
    slc_logic_t *logic = NULL;
    slc_snapshot_info_t info;
    slc_error_t error = {0};
    slc_watch_t watch = slc_watch_begin(slc_sys_posix(), progress, context);
    slc_err_t code = slc_directory_open_readonly(slc_sys_posix(), data_dir, &directory, &error);
    if (code == SLC_OK) {
        code = slc_newest_load_one(directory, sequence, &watch, &logic, &info, &error);
    }
    slc_directory_close(directory);
    if (code == SLC_OK) {
        code = slc_state_hand_out(logic, ret_state, &error);
    }
    return answer(code, &error, ret_error);
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
