#include "engine/reporting.h"

#include "base/check.h"
#include "base/error.h"
#include "base/log.h"
#include "base/thread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define INTERVAL_NS UINT64_C(1000000000)
/* SQLite waits a second for a lock; a transaction takes less. */
#define STOP_NS (UINT64_C(5) * 1000 * 1000 * 1000)
#define STOP_LOOK_NS 1000000

struct slc_reporting {
    slc_handover_t handover;
    slc_mirror_t *mirror;
    pthread_t thread;
    bool running;
    bool stuck;
    const slc_sys_t *sys;
    const slc_digest_pair_t *pair;
    const slc_pipeline_t *pipeline;
    char source[2 * SLC_DIRECTORY_ID_BYTES + 1];
};

static uint64_t applied(void *context)
{
    const slc_reporting_t *reporting = context;
    uint64_t sequence = 0;
    uint64_t digest = 0;
    /* A writer that is quicker than this reader is met again a moment later. */
    while (!slc_digest_pair_read(reporting->pair, &sequence, &digest)) {
    }
    return sequence;
}

static uint64_t passed(void *context)
{
    const slc_reporting_t *reporting = context;
    return slc_consumer_sequence(reporting->pipeline->apply);
}

static uint64_t monotonic_ns(void *context)
{
    const slc_reporting_t *reporting = context;
    return reporting->sys->monotonic_ns(reporting->sys->self);
}

slc_err_t slc_reporting_create(const char *path, const slc_directory_t *directory,
                               const slc_digest_pair_t *pair, const slc_pipeline_t *pipeline,
                               slc_reporting_t **ret_reporting, slc_error_t *ret_error)
{
    slc_reporting_t *reporting = calloc(1, sizeof *reporting);
    if (reporting == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory for the report");
    }
    reporting->sys = directory->sys;
    reporting->pair = pair;
    reporting->pipeline = pipeline;
    for (size_t i = 0; i < SLC_DIRECTORY_ID_BYTES; i++) {
        (void)snprintf(&reporting->source[2 * i], 3, "%02x", directory->id[i]);
    }
    slc_handover_init(&reporting->handover);
    reporting->mirror = slc_mirror_create(&(slc_mirror_config_t){
        .path = path,
        .source = reporting->source,
        .handover = &reporting->handover,
        .interval_ns = INTERVAL_NS,
        .applied = applied,
        .passed = passed,
        .monotonic_ns = monotonic_ns,
        .context = reporting,
    });
    if (reporting->mirror == NULL) {
        slc_reporting_destroy(reporting);
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory for the report");
    }
    *ret_reporting = reporting;
    return SLC_OK;
}

static void *mirror_main(void *context)
{
    slc_reporting_t *reporting = context;
    slc_mirror_run(reporting->mirror);
    return NULL;
}

slc_err_t slc_reporting_start(slc_reporting_t *reporting, slc_error_t *ret_error)
{
    if (reporting == NULL) {
        return SLC_OK;
    }
    slc_err_t err = slc_thread_start(&reporting->thread, "slc-mirror", mirror_main, reporting, ret_error);
    reporting->running = err == SLC_OK;
    return err;
}

slc_handover_t *slc_reporting_handover(slc_reporting_t *reporting)
{
    return reporting == NULL ? NULL : &reporting->handover;
}

slc_mirror_status_t slc_reporting_status(slc_reporting_t *reporting)
{
    return slc_mirror_status(reporting == NULL ? NULL : reporting->mirror);
}

/* By the monotonic clock, so that nobody who sets the other one makes a stop longer. */
static bool joined_in_time(const slc_reporting_t *reporting)
{
    const struct timespec nap = {.tv_nsec = STOP_LOOK_NS};
    uint64_t end_ns = reporting->sys->monotonic_ns(reporting->sys->self) + STOP_NS;
    int outcome;
    while ((outcome = pthread_tryjoin_np(reporting->thread, NULL)) == EBUSY &&
           reporting->sys->monotonic_ns(reporting->sys->self) < end_ns) {
        (void)nanosleep(&nap, NULL); /* cut short, it looks a little sooner */
    }
    SLC_CHECK(outcome == 0 || outcome == EBUSY);
    return outcome == 0;
}

bool slc_reporting_stop(slc_reporting_t *reporting, slc_logic_t *logic)
{
    if (reporting == NULL) {
        return false;
    }
    if (reporting->running) {
        slc_handover_stop(&reporting->handover);
        reporting->running = false;
        reporting->stuck = !joined_in_time(reporting);
    }
    /* It gives a cut back before it writes: one that hangs has none. */
    slc_logic_cut_end(logic, slc_handover_leftover(&reporting->handover));
    if (reporting->stuck) {
        slc_log(SLC_LOG_WARN, "the report's file does not answer; it is left as it is");
    }
    return !reporting->stuck;
}

void slc_reporting_last(slc_reporting_t *reporting, slc_logic_t *logic)
{
    (void)slc_mirror_last(reporting->mirror, logic); /* without it the next start goes on from there */
}

bool slc_reporting_is_stuck(const slc_reporting_t *reporting)
{
    return reporting != NULL && reporting->stuck;
}

void slc_reporting_destroy(slc_reporting_t *reporting)
{
    if (reporting == NULL || reporting->stuck) {
        return;
    }
    slc_mirror_destroy(reporting->mirror);
    slc_handover_finish(&reporting->handover);
    free(reporting);
}
