/* How far the way back has got, over the snapshots that are loaded and the journal behind them.
 * Threads: one. Ownership: plain memory of the caller. Failure: none. */
#ifndef SLC_RESTORE_WATCH_H
#define SLC_RESTORE_WATCH_H

#include "sys/sys.h"

#include <sluice/state.h>

#define SLC_WATCH_NS UINT64_C(100000000)

typedef struct slc_watch {
    const slc_sys_t *sys;
    slc_state_progress_fn progress; /* NULL: nobody watches */
    void *context;
    uint64_t told_ns;
    uint64_t done_bytes; /* of the steps that are over */
} slc_watch_t;

static inline slc_watch_t slc_watch_begin(const slc_sys_t *sys, slc_state_progress_fn progress,
                                          void *context)
{
    return (slc_watch_t){
        .sys = sys, .progress = progress, .context = context, .told_ns = sys->monotonic_ns(sys->self)};
}

/* Bytes of the step under way, and events applied; told at most every 100 ms, or `now`. */
static inline void slc_watch_tell(slc_watch_t *watch, uint64_t done_bytes, uint64_t total_bytes,
                                  uint64_t events, bool now)
{
    if (watch->progress == NULL) {
        return;
    }
    uint64_t now_ns = watch->sys->monotonic_ns(watch->sys->self);
    if (now || now_ns - watch->told_ns >= SLC_WATCH_NS) {
        watch->told_ns = now_ns;
        watch->progress(watch->context, watch->done_bytes + done_bytes, watch->done_bytes + total_bytes,
                        events);
    }
}

/* That step is over. */
static inline void slc_watch_step(slc_watch_t *watch, uint64_t total_bytes)
{
    watch->done_bytes += total_bytes;
}

#endif
