#include "engine/comeback.h"

#include "base/log.h"
#include "engine/bar.h"
#include "engine/notify.h"

#include <inttypes.h>
#include <stdio.h>

typedef struct comeback {
    const slc_sys_t *sys;
    slc_observer_t *observer;
    uint64_t begun_ns;
    slc_bar_t bar;
} comeback_t;

static uint64_t spent_ms(const comeback_t *comeback)
{
    return (comeback->sys->monotonic_ns(comeback->sys->self) - comeback->begun_ns) / 1000000;
}

static void tell_progress(void *context, uint64_t done, uint64_t total, uint64_t events)
{
    comeback_t *comeback = context;
    slc_observer_progress(comeback->observer, done, total, events);
    uint64_t spent = spent_ms(comeback);
    bool can_guess = spent >= 1000 && done > 0;
    char left[48] = "";
    char status[160];
    char state[256];
    if (can_guess) {
        double left_ms = (double)spent * (double)(total - done) / (double)done;
        (void)snprintf(left, sizeof left, ", about %" PRIu64 " s left", (uint64_t)left_ms / 1000);
    }
    (void)snprintf(status, sizeof status,
                   "replaying: %" PRIu64 " of %" PRIu64 " MiB, %" PRIu64 " events%s", done >> 20,
                   total >> 20, events, left);
    slc_bar_draw(&comeback->bar, done, total, events, spent);
    if (can_guess &&
        !comeback->bar.drawn) { /* before that nobody has waited for anything worth reading */
        SLC_LOG_LIMITED(1, SLC_LOG_INFO, "%s", status);
    }
    /* As long as it gets on, the start may take what it takes: so much more from each word on. */
    (void)snprintf(state, sizeof state, "STATUS=%s\nEXTEND_TIMEOUT_USEC=30000000", status);
    slc_notify(state);
}

/* A snapshot that cannot be loaded costs time now, and the next one that cannot may cost the start. */
static void warn_of_snapshots(const slc_restored_t *restored)
{
    if (restored->snapshots_refused == 0) {
        return;
    }
    slc_log(SLC_LOG_WARN, "%" PRIu32 " newer snapshot%s cannot be loaded: %s",
            restored->snapshots_refused, restored->snapshots_refused == 1 ? "" : "s",
            restored->snapshot_why);
    if (restored->snapshot_sequence != 0) {
        slc_log(SLC_LOG_WARN,
                "went back to the snapshot of event %" PRIu64 ", with a longer replay behind it",
                restored->snapshot_sequence);
    } else {
        slc_log(SLC_LOG_WARN, "no snapshot is good: went back to the beginning of the journal");
    }
}

static void tell_outcome(const comeback_t *comeback, slc_logic_t *logic, const slc_restored_t *restored)
{
    char from[96] = "";
    if (restored->torn) {
        slc_log(SLC_LOG_WARN,
                "the journal ended in an unfinished block (never acknowledged): %" PRIu64
                " bytes cut, kept as %s",
                restored->torn_bytes, restored->evidence);
    }
    if (restored->snapshot_sequence != 0) {
        (void)snprintf(from, sizeof from, " behind the snapshot of event %" PRIu64 " (%" PRIu64 " bytes)",
                       restored->snapshot_sequence, restored->snapshot_bytes);
    }
    slc_log(SLC_LOG_INFO,
            "restored %" PRIu64 " events%s in %" PRIu64 " ms: sequence %" PRIu64 ", digest %016" PRIx64
            ", %" PRIu64 " drops, %" PRIu64 " orders, %" PRIu64 " digests compared",
            restored->events, from, spent_ms(comeback), slc_logic_sequence(logic),
            slc_logic_digest(logic), slc_logic_drop_count(logic), slc_logic_order_count(logic),
            restored->digest_pairs);
}

slc_err_t slc_comeback(slc_directory_t *directory, slc_observer_t *observer, slc_logic_t **ret_logic,
                       slc_restored_t *ret_restored, slc_error_t *ret_error)
{
    const slc_sys_t *sys = directory->sys;
    comeback_t comeback = {.sys = sys, .observer = observer, .begun_ns = sys->monotonic_ns(sys->self)};
    slc_bar_begin(&comeback.bar);
    slc_err_t err = slc_restore(directory, tell_progress, &comeback, ret_logic, ret_restored, ret_error);
    slc_bar_end(&comeback.bar);
    warn_of_snapshots(ret_restored);
    if (err == SLC_OK) {
        tell_outcome(&comeback, *ret_logic, ret_restored);
    }
    return err;
}
