/* Snapshots as the engine runs them: the handover to the apply station, the keeper and its thread, and
 * the one at the end.
 * Threads: init, start, stop and finish are the main thread's; want and fill_status are anyone's.
 * Ownership: init/finish; directory, writer, logic and pair are the engine's.
 * Failure: init answers CONFIG for a bad --retain, start IO without a thread. A snapshot that cannot be
 *   written stops nothing (src/snapshot/keeper.h). */
#ifndef SLC_ENGINE_SNAPSHOTS_H
#define SLC_ENGINE_SNAPSHOTS_H

#include "base/digest_pair.h"
#include "engine/options.h"
#include "restore/restore.h"
#include "snapshot/keeper.h"

#include <sluice/client.h>

typedef struct slc_snapshots {
    slc_handover_t handover;
    slc_keeper_t *keeper;
    pthread_t thread;
    bool running;
    const slc_digest_pair_t *pair;
    const slc_writer_t *writer;
    uint64_t restored_events;
    uint64_t behind_bytes; /* of journal that the start replayed: as if it had been written since */
} slc_snapshots_t;

/* `pair` is what the apply station publishes, `restored` where the start began. */
slc_err_t slc_snapshots_init(slc_snapshots_t *snapshots, const slc_options_t *options,
                             slc_directory_t *directory, const slc_writer_t *writer,
                             const slc_digest_pair_t *pair, const slc_restored_t *restored,
                             slc_error_t *ret_error);
slc_err_t slc_snapshots_start(slc_snapshots_t *snapshots, slc_error_t *ret_error);
/* A snapshot is wanted now. */
void slc_snapshots_want(slc_snapshots_t *snapshots);
void slc_snapshots_fill_status(const slc_snapshots_t *snapshots, slc_engine_info_t *info);
/* Behind the apply station's end: ends the keeper's work, and takes the last snapshot if that is quick.
 */
void slc_snapshots_stop(slc_snapshots_t *snapshots, slc_logic_t *logic);
void slc_snapshots_finish(slc_snapshots_t *snapshots);

#endif
