/* The mirror: keeps a report (<sluice/report.h>) of the running engine, for admin and reporting tools. It
 * looks on from beside the pipeline: the apply station cuts the state for it (snapshot/handover.h), it
 * copies what is new out of the cut into a buffer of its own, gives the cut back, and writes the buffer
 * in short transactions. So a file that is locked, full or stuck holds up nothing but the mirror.
 *
 *     cut ── what is new, at most so many rows ──> buffer ── transactions ──> order_rows ...
 *      └─── given back at once                     drops and `covered` in the last one
 *
 * What has a sequence above `covered` is new, whatever the file holds of it already: written twice is
 * written once. Where there is more than one buffer of it, later cuts are read up to the event of the
 * first one only, so that it comes to an end under any load; no view shows it before all of it is there.
 * Under load it rests most of the time (report/pace.h).
 * A drop that was purged meanwhile makes it begin again, with the newest state.
 *
 * The file is rebuilt from nothing where it is missing, damaged, of another schema version, ahead of the
 * journal or of another data directory. One that is this directory's own is removed for that; another is
 * kept as FILE.aside. An SQLite file of another program is left alone, and said to be in the way.
 *
 * Happy path: create, run on a thread of its own until slc_handover_stop, last, destroy. Where nothing
 * has a thread (a test), turn instead of run.
 *
 * Threads: turn and run are the mirror's; status is anyone's; last runs when no other thread is left.
 * Ownership: create/destroy; everything in the config is the caller's and outlives it.
 * Failure: create without memory. What goes wrong with the file is logged once, shown in the status and
 *   tried again every second; the engine goes on. */
#ifndef SLC_REPORT_MIRROR_H
#define SLC_REPORT_MIRROR_H

#include "snapshot/handover.h"

typedef struct slc_mirror slc_mirror_t;

typedef struct slc_mirror_config {
    const char *path;
    const char *source; /* the data directory's identity, 32 hex digits */
    slc_handover_t *handover;
    uint64_t interval_ns; /* between two states, or longer where there are many drops */
    uint32_t buffer_rows; /* to a cut; 0: as many as is usual */
    /* Of the running engine: the last event applied. */
    uint64_t (*applied)(void *context);
    /* Likewise: how many requests the logic ever judged, for the mirror's pace (report/pace.h). */
    uint64_t (*passed)(void *context);
    uint64_t (*monotonic_ns)(void *context);
    void *context; /* of all three */
} slc_mirror_config_t;

typedef enum slc_mirror_state {
    SLC_MIRROR_OFF,      /* no --report */
    SLC_MIRROR_CURRENT,  /* the file has what there was a moment ago */
    SLC_MIRROR_CATCHING, /* it does not yet: just opened, rebuilt, or much came at once */
    SLC_MIRROR_FAILED,   /* the file cannot be written now; `error` says why */
} slc_mirror_state_t;

typedef struct slc_mirror_status {
    slc_mirror_state_t state;
    uint64_t sequence;     /* covered by the file; 0: nothing yet */
    uint64_t lag_events;   /* applied since */
    uint64_t lag_us;       /* for so long the file has not been as the state is; 0: it is */
    uint64_t rows_written; /* orders and cancellations, since the start of the program */
    uint64_t failures;     /* attempts that failed, since then */
    uint64_t rebuilds;     /* since then; a file that was not there at the start counts as none */
    char error[240];       /* empty unless state is FAILED */
} slc_mirror_status_t;

/* NULL: no memory. Does not touch the file. */
slc_mirror_t *slc_mirror_create(const slc_mirror_config_t *config);
/* NULL is fine. What was not committed is gone. */
void slc_mirror_destroy(slc_mirror_t *mirror);

/* Does what there is to do, without waiting for anything to come: true where it did something. */
bool slc_mirror_turn(slc_mirror_t *mirror);
/* The whole life of its thread, at the lowest priority that still runs. */
void slc_mirror_run(slc_mirror_t *mirror);

/* At a clean stop, behind everything: the last state, if the file is fine and it takes about a second at
 * most. `logic` has no thread any more, and no cut is open. True: the file has all of it. */
bool slc_mirror_last(slc_mirror_t *mirror, slc_logic_t *logic);

/* NULL answers OFF. */
slc_mirror_status_t slc_mirror_status(slc_mirror_t *mirror);
/* "off", "current", "catching-up", "failed". */
const char *slc_mirror_state_name(slc_mirror_state_t state);

#endif
