/* All that is shown of the engine from outside, as it was at one moment: what /metrics, /status and
 * /readyz are made of. Who runs the engine fills it; this folder only writes it down.
 * Threads: a picture is plain memory of one thread. Ownership: texts are static or outlive it, the board
 * is the engine's. Failure: none. */
#ifndef SLC_OBSERVE_PICTURE_H
#define SLC_OBSERVE_PICTURE_H

#include "base/meter.h"
#include "board/board.h"

#include <sluice/status.h>

typedef enum slc_engine_state {
    SLC_ENGINE_REPLAYING, /* nothing below "live" is there yet */
    SLC_ENGINE_SERVING,
    SLC_ENGINE_READ_ONLY, /* serves, but sells nothing for want of room */
    SLC_ENGINE_STOPPING,
} slc_engine_state_t;

typedef struct slc_picture {
    const char *version;
    const char *commit;
    const char *durability; /* "fsync" or "os" */
    uint64_t started_us;    /* wall clock */
    uint64_t now_us;        /* wall clock */
    slc_engine_state_t state;
    char reason[192]; /* why it is not ready; empty: it is */

    /* While replaying, and then as it ended. */
    uint64_t recovery_events;
    uint64_t recovery_done_bytes;
    uint64_t recovery_total_bytes; /* 0: not known yet */
    uint64_t recovery_us;          /* so far */
    bool recovery_over;            /* recovery_events are all that there were */

    /* ---- live: zero while replaying ---- */
    const slc_board_t *board; /* NULL while replaying */
    char journal_method[32];
    uint64_t sequence; /* applied, and the digest of the same moment */
    uint64_t digest;
    uint64_t ring_slots;
    uint64_t published; /* slots that passed so far, by stage; rising from the last to the first */
    uint64_t durable;
    uint64_t decided;
    uint64_t replied;
    uint64_t buys[SLC_STATUS_COUNT]; /* answered since the start, by status */
    uint64_t commands[SLC_STATUS_COUNT];
    slc_distribution_t request_ns;
    slc_distribution_t write_ns;
    slc_distribution_t batch_events;
    slc_distribution_t batch_bytes;
    uint64_t connections; /* open */
    uint64_t accepted_buyers;
    uint64_t accepted_operators;
    uint64_t journal_segments;
    uint64_t journal_bytes;         /* of all segments on disk */
    uint64_t journal_written_bytes; /* since the start */
    uint64_t attempts_missing;
    uint64_t snapshot_sequence; /* of the newest good one; 0: there is none */
    uint64_t snapshot_bytes;
    uint64_t snapshot_us; /* wall clock */
    uint64_t snapshots_written;
    uint64_t snapshots_failed;
    bool mirror_enabled; /* there is a --report; otherwise the rest is zero */
    bool mirror_failed;  /* it cannot be written now; mirror_error says why */
    uint64_t mirror_sequence;
    uint64_t mirror_lag_events;
    uint64_t mirror_lag_us;
    uint64_t mirror_rows_written;
    uint64_t mirror_failures;
    uint64_t mirror_rebuilds;
    char mirror_error[240];
} slc_picture_t;

static inline const char *slc_engine_state_name(slc_engine_state_t state)
{
    switch (state) {
    case SLC_ENGINE_REPLAYING:
        return "replaying";
    case SLC_ENGINE_SERVING:
        return "serving";
    case SLC_ENGINE_READ_ONLY:
        return "read_only";
    case SLC_ENGINE_STOPPING:
        return "stopping";
    }
    return "";
}

#endif
