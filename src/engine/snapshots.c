#include "engine/snapshots.h"

#include "base/check.h"
#include "base/log.h"
#include "base/thread.h"
#include "snapshot/write.h"

#include <stdio.h>

/* Of journal that an event takes, about. */
#define EVENT_BYTES 40u

static uint64_t applied(void *context)
{
    const slc_snapshots_t *snapshots = context;
    uint64_t sequence = 0;
    uint64_t digest = 0;
    /* A writer that is quicker than this reader has applied something new in any case. */
    return slc_digest_pair_read(snapshots->pair, &sequence, &digest) ? sequence : UINT64_MAX;
}

static uint64_t journaled(void *context)
{
    const slc_snapshots_t *snapshots = context;
    return snapshots->behind_bytes + slc_writer_stats(snapshots->writer).bytes;
}

slc_err_t slc_snapshots_init(slc_snapshots_t *snapshots, const slc_options_t *options,
                             slc_directory_t *directory, const slc_writer_t *writer,
                             const slc_digest_pair_t *pair, const slc_restored_t *restored,
                             slc_error_t *ret_error)
{
    slc_keeper_config_t config = {
        .directory = directory,
        .handover = &snapshots->handover,
        .interval_ns = options->snapshot_interval_ms * 1000000,
        .journal_bytes = options->snapshot_bytes,
        .sequence = restored->snapshot_sequence,
        .bytes = restored->snapshot_bytes,
        .written_us = restored->snapshot_written_us,
        .sync_journal = options->durability == SLC_DURABILITY_OS,
        .paced = true,
        .applied = applied,
        .journaled = journaled,
        .context = snapshots,
    };
    snapshots->pair = pair;
    snapshots->writer = writer;
    snapshots->restored_events = restored->events;
    snapshots->behind_bytes = restored->events * EVENT_BYTES;
    slc_handover_init(&snapshots->handover);
    slc_err_t err = slc_retain_parse(options->retain, &config.retain, ret_error);
    if (err == SLC_OK) {
        err = slc_snapshot_remove_leftover(directory, ret_error);
    }
    return err == SLC_OK ? slc_keeper_create(&config, &snapshots->keeper, ret_error) : err;
}

static void *keeper_main(void *context)
{
    slc_snapshots_t *snapshots = context;
    slc_keeper_run(snapshots->keeper);
    return NULL;
}

slc_err_t slc_snapshots_start(slc_snapshots_t *snapshots, slc_error_t *ret_error)
{
    slc_err_t err = slc_thread_start(&snapshots->thread, "slc-keeper", keeper_main, snapshots, ret_error);
    snapshots->running = err == SLC_OK;
    return err;
}

void slc_snapshots_want(slc_snapshots_t *snapshots)
{
    slc_handover_want(&snapshots->handover);
}

void slc_snapshots_fill_status(const slc_snapshots_t *snapshots, slc_engine_info_t *info)
{
    slc_keeper_status_t status = slc_keeper_status(snapshots->keeper);
    info->journal_bytes = status.journal_bytes;
    info->journal_segments = status.journal_segments;
    info->snapshot_sequence = status.sequence;
    info->snapshot_bytes = status.bytes;
    info->snapshot_time_us = status.written_us;
    info->snapshots_written = status.written;
    info->snapshots_failed = status.failed;
    info->restored_events = snapshots->restored_events;
    (void)snprintf(info->snapshot_error, sizeof info->snapshot_error, "%s", status.error);
}

void slc_snapshots_stop(slc_snapshots_t *snapshots, slc_logic_t *logic)
{
    if (snapshots->running) {
        slc_handover_stop(&snapshots->handover);
        SLC_CHECK(pthread_join(snapshots->thread, NULL) == 0);
        snapshots->running = false;
    }
    slc_logic_cut_end(logic, slc_handover_leftover(&snapshots->handover));
    (void)slc_keeper_last(snapshots->keeper, logic); /* without one the next start replays more */
}

void slc_snapshots_finish(slc_snapshots_t *snapshots)
{
    slc_keeper_destroy(snapshots->keeper);
    slc_handover_finish(&snapshots->handover);
}
