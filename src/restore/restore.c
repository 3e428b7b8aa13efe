#include "restore/restore.h"

#include "base/check.h"
#include "base/error.h"
#include "restore/newest.h"
#include "restore/repair.h"
#include "restore/replay.h"
#include "snapshot/write.h"

#include <assert.h>
#include <stdio.h>

static_assert(SLC_FORMAT_RULES_VERSION == SLC_RULES_VERSION,
              "a segment names the rules that this engine decides by");

static void note_snapshots(const slc_newest_t *newest, slc_restored_t *restored)
{
    restored->snapshot_sequence = newest->info.sequence;
    restored->snapshot_bytes = newest->info.bytes;
    restored->snapshot_written_us = newest->info.written_us;
    restored->snapshots_refused = newest->refused;
    (void)snprintf(restored->snapshot_why, sizeof restored->snapshot_why, "%s",
                   newest->refused_why.message);
}

/* Only behind a scan that found nothing damaged. */
static slc_err_t repair(const slc_directory_t *directory, const slc_scan_end_t *end,
                        slc_restored_t *restored, slc_error_t *ret_error)
{
    slc_err_t code = SLC_OK;
    if (end->unrolled_segment != 0) {
        code = slc_repair_roll(directory, end, ret_error);
    }
    if (code == SLC_OK && end->rule != NULL && end->rule->verdict == SLC_VERDICT_TORN) {
        code = slc_repair_cut(directory, end, restored, ret_error);
    }
    return code == SLC_OK ? slc_snapshot_remove_leftover(directory, ret_error) : code;
}

/* The journal behind the snapshot. */
static slc_err_t replay_and_repair(const slc_directory_t *directory, const slc_newest_t *newest,
                                   slc_watch_t *watch, slc_restored_t *restored, slc_error_t *error)
{
    slc_replayed_t replayed;
    const slc_replay_order_t order = {
        .directory = directory,
        .logic = newest->logic,
        .until = UINT64_MAX,
        .check_digests = true,
        .watch = watch,
    };
    slc_err_t code = slc_repair_settle(directory, newest->info.sequence, error);
    if (code == SLC_OK) {
        code = slc_replay(&order, &replayed, error);
    }
    if (code == SLC_OK) {
        code = slc_newest_check_end(newest, directory, &replayed.end.end, error);
    }
    if (code != SLC_OK) {
        return slc_newest_explain(newest, error);
    }
    restored->events = replayed.events;
    restored->digest_pairs = replayed.digest_pairs;
    restored->end = replayed.end.end;
    return repair(directory, &replayed.end, restored, error);
}

slc_err_t slc_restore(slc_directory_t *directory, slc_restore_progress_fn progress, void *context,
                      slc_logic_t **ret_logic, slc_restored_t *ret_restored, slc_error_t *ret_error)
{
    SLC_CHECK(directory->lock_fd >= 0);
    slc_newest_t newest;
    slc_error_t error = {0};
    slc_watch_t watch = slc_watch_begin(directory->sys, progress, context);
    *ret_restored = (slc_restored_t){0};
    slc_err_t code = slc_newest_load(directory, UINT64_MAX, &watch, &newest, &error);
    note_snapshots(&newest, ret_restored);
    if (code == SLC_OK) {
        code = replay_and_repair(directory, &newest, &watch, ret_restored, &error);
    }
    if (code != SLC_OK) {
        slc_logic_destroy(newest.logic);
        if (ret_error != NULL) {
            *ret_error = error;
        }
        return code;
    }
    *ret_logic = newest.logic;
    return SLC_OK;
}
