#include "report/mirror_inside.h"

#include "base/check.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>

#define SECOND_NS UINT64_C(1000000000)
/* Behind a failure. */
#define RETRY_NS SECOND_NS

void slc_mirror_lock(slc_mirror_t *mirror)
{
    SLC_CHECK(pthread_mutex_lock(&mirror->mutex) == 0);
}

void slc_mirror_unlock(slc_mirror_t *mirror)
{
    SLC_CHECK(pthread_mutex_unlock(&mirror->mutex) == 0);
}

const char *slc_mirror_state_name(slc_mirror_state_t state)
{
    static const char *const names[] = {"off", "current", "catching-up", "failed"};
    return names[state];
}

slc_mirror_status_t slc_mirror_status(slc_mirror_t *mirror)
{
    if (mirror == NULL) {
        return (slc_mirror_status_t){.state = SLC_MIRROR_OFF};
    }
    uint64_t applied = mirror->config.applied(mirror->config.context);
    uint64_t now = slc_mirror_now_ns(mirror);
    slc_mirror_lock(mirror);
    slc_mirror_status_t status = mirror->status;
    uint64_t true_ns = mirror->true_ns;
    slc_mirror_unlock(mirror);
    if (applied > status.sequence) {
        status.lag_events = applied - status.sequence;
        status.lag_us = now > true_ns ? (now - true_ns) / 1000 : 0;
    }
    uint64_t usual_us = (3 * mirror->config.interval_ns + SECOND_NS) / 1000;
    if (status.state != SLC_MIRROR_FAILED) {
        status.state = status.lag_us <= usual_us ? SLC_MIRROR_CURRENT : SLC_MIRROR_CATCHING;
    }
    return status;
}

void slc_mirror_note_failed(slc_mirror_t *mirror, slc_err_t code, const char *why)
{
    slc_mirror_lock(mirror);
    mirror->status.failures++;
    mirror->status.state = SLC_MIRROR_FAILED;
    (void)snprintf(mirror->status.error, sizeof mirror->status.error, "%s", why);
    slc_mirror_unlock(mirror);
    if (mirror->failed != code) {
        SLC_LOG_LIMITED(1, SLC_LOG_WARN,
                        "the report is not written: %s; the engine goes on, and it is tried again", why);
    }
    mirror->failed = code;
    mirror->retry_ns = slc_mirror_now_ns(mirror) + RETRY_NS;
}

void slc_mirror_note_covered(slc_mirror_t *mirror, uint64_t true_ns)
{
    slc_mirror_lock(mirror);
    mirror->status.sequence = mirror->behind.covered;
    mirror->status.state = SLC_MIRROR_CURRENT;
    mirror->status.error[0] = '\0';
    mirror->true_ns = true_ns;
    slc_mirror_unlock(mirror);
    if (mirror->failed != SLC_OK) {
        SLC_LOG_LIMITED(1, SLC_LOG_INFO, "the report is written again, up to sequence %" PRIu64,
                        mirror->behind.covered);
    }
    mirror->failed = SLC_OK;
}
