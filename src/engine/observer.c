#include "engine/observer.h"

#include "base/check.h"
#include "base/error.h"
#include "base/log.h"

#include <sluice/build.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint64_t now_ns(const slc_observer_t *observer)
{
    return observer->sys->monotonic_ns(observer->sys->self);
}

static void lock(slc_observer_t *observer)
{
    SLC_CHECK(pthread_mutex_lock(&observer->lock) == 0);
}

static void unlock(slc_observer_t *observer)
{
    SLC_CHECK(pthread_mutex_unlock(&observer->lock) == 0);
}

/* ---- pictures, on the HTTP thread ---- */

/* From the last stage to the first, so that no stage seems to be ahead of the one before it. */
static void look_at_ring(const slc_observer_t *observer, slc_picture_t *picture)
{
    const slc_pipeline_t *pipeline = observer->observed.pipeline;
    picture->ring_slots = slc_ring_slots(pipeline->ring);
    picture->replied = UINT64_MAX;
    for (uint32_t i = 0; i < observer->options->io_threads; i++) {
        uint64_t passed = slc_consumer_sequence(pipeline->reply[i]);
        picture->replied = passed < picture->replied ? passed : picture->replied;
    }
    picture->decided = slc_consumer_sequence(pipeline->apply);
    picture->durable = slc_consumer_sequence(pipeline->journal);
    picture->published = slc_ring_claimed(pipeline->ring);
    /* A pair that the apply station is just about to replace is read again: it does so once a batch. */
    while (!slc_digest_pair_read(observer->observed.pair, &picture->sequence, &picture->digest)) {
    }
}

static void look_at_sessions(const slc_observer_t *observer, slc_picture_t *picture)
{
    for (uint32_t i = 0; i < observer->options->io_threads; i++) {
        const slc_io_t *io = observer->observed.io[i];
        const slc_session_meters_t *meters = slc_io_meters(io);
        picture->connections += slc_io_connections(io);
        picture->accepted_buyers += slc_counted(&meters->accepted[SLC_PEER_BUYER]);
        picture->accepted_operators += slc_counted(&meters->accepted[SLC_PEER_OPERATOR]);
        for (int status = 0; status < SLC_STATUS_COUNT; status++) {
            picture->buys[status] += slc_counted(&meters->buys[status]);
            picture->commands[status] += slc_counted(&meters->commands[status]);
        }
        slc_histogram_read(&meters->request_ns, &picture->request_ns);
    }
}

static void look_at_disk(const slc_observer_t *observer, slc_picture_t *picture)
{
    const slc_observed_t *observed = &observer->observed;
    const slc_journal_meters_t *meters = slc_journal_station_meters(observed->journal);
    slc_histogram_read(&meters->write_ns, &picture->write_ns);
    slc_histogram_read(&meters->events, &picture->batch_events);
    slc_histogram_read(&meters->bytes, &picture->batch_bytes);
    picture->journal_written_bytes = slc_writer_stats(observed->writer).bytes;
    (void)snprintf(picture->journal_method, sizeof picture->journal_method, "%s",
                   slc_writer_method(observed->writer));
    if (observed->attempts != NULL) {
        picture->attempts_missing = slc_attempts_missing(observed->attempts);
    }
    slc_engine_info_t info = {0};
    slc_snapshots_fill_status(observed->snapshots, &info);
    picture->journal_bytes = info.journal_bytes;
    picture->journal_segments = info.journal_segments;
    picture->snapshot_sequence = info.snapshot_sequence;
    picture->snapshot_bytes = info.snapshot_bytes;
    picture->snapshot_us = info.snapshot_time_us;
    picture->snapshots_written = info.snapshots_written;
    picture->snapshots_failed = info.snapshots_failed;
}

static void look_at_mirror(const slc_observer_t *observer, slc_picture_t *picture)
{
    slc_mirror_status_t mirror = slc_reporting_status(observer->observed.reporting);
    picture->mirror_enabled = mirror.state != SLC_MIRROR_OFF;
    picture->mirror_failed = mirror.state == SLC_MIRROR_FAILED;
    picture->mirror_sequence = mirror.sequence;
    picture->mirror_lag_events = mirror.lag_events;
    picture->mirror_lag_us = mirror.lag_us;
    picture->mirror_rows_written = mirror.rows_written;
    picture->mirror_failures = mirror.failures;
    picture->mirror_rebuilds = mirror.rebuilds;
    (void)snprintf(picture->mirror_error, sizeof picture->mirror_error, "%s", mirror.error);
}

static void look_at_stations(const slc_observer_t *observer, slc_picture_t *picture)
{
    picture->board = observer->observed.board;
    look_at_ring(observer, picture);
    look_at_sessions(observer, picture);
    look_at_disk(observer, picture);
    look_at_mirror(observer, picture);
}

static void say_why_not(const slc_observer_t *observer, slc_picture_t *picture)
{
    char room[SLC_ROOM_REASON_BYTES] = "";
    switch (observer->state) {
    case SLC_ENGINE_REPLAYING:
        (void)snprintf(picture->reason, sizeof picture->reason,
                       "replaying the journal: %" PRIu64 " events so far, %" PRIu64 " of %" PRIu64 " MiB",
                       picture->recovery_events, picture->recovery_done_bytes >> 20,
                       picture->recovery_total_bytes >> 20);
        break;
    case SLC_ENGINE_STOPPING:
        (void)snprintf(picture->reason, sizeof picture->reason,
                       "stopping: what was taken in is still answered");
        break;
    case SLC_ENGINE_SERVING:
    case SLC_ENGINE_READ_ONLY:
        slc_journal_station_read_only(observer->observed.journal, room);
        picture->state = *room == '\0' ? SLC_ENGINE_SERVING : SLC_ENGINE_READ_ONLY;
        if (*room != '\0') {
            (void)snprintf(picture->reason, sizeof picture->reason, "low on disk: %s", room);
        }
        break;
    }
}

static void take_picture(void *context, slc_picture_t *ret_picture)
{
    slc_observer_t *observer = context;
    lock(observer);
    *ret_picture = observer->kept;
    ret_picture->now_us = observer->sys->realtime_us(observer->sys->self);
    ret_picture->state = observer->state;
    if (observer->state == SLC_ENGINE_REPLAYING) {
        ret_picture->recovery_us = (now_ns(observer) - observer->replaying_since_ns) / 1000;
    } else if (!observer->frozen) {
        look_at_stations(observer, ret_picture);
    }
    say_why_not(observer, ret_picture);
    unlock(observer);
}

/* ---- life, on the main thread ---- */

static bool is_loopback(const char *name)
{
    return strncmp(name, "127.", 4) == 0 || strncmp(name, "[::1]", 5) == 0;
}

static slc_err_t listen_http(slc_observer_t *observer, slc_error_t *ret_error)
{
    const slc_options_address_t *at = &observer->options->http;
    slc_error_t error = {0};
    slc_err_t err = slc_listener_init_tcp(&observer->listener, at->host, at->port, &error);
    if (err == SLC_OK) {
        return SLC_OK;
    }
    if (error.sys_errno == 0) {
        return slc_error_set(ret_error, err,
                             "http: there is no address '%s'; give --http HOST:PORT or off", at->host);
    }
    return slc_error_sys(
        ret_error, err, error.sys_errno,
        "cannot listen on %s:%u for HTTP (is another server there? --http HOST:0 asks the "
        "kernel for a free port, --http off does without)",
        at->host, at->port);
}

slc_err_t slc_observer_start(slc_observer_t *observer, const slc_options_t *options, const slc_sys_t *sys,
                             slc_error_t *ret_error)
{
    observer->options = options;
    observer->sys = sys;
    observer->listener = (slc_listener_t){.fd = -1, .reserve_fd = -1};
    observer->replaying_since_ns = now_ns(observer);
    observer->kept = (slc_picture_t){
        .version = slc_build_version(),
        .commit = slc_build_commit(),
        .durability = options->durability == SLC_DURABILITY_FSYNC ? "fsync" : "os",
        .started_us = sys->realtime_us(sys->self),
    };
    SLC_CHECK(pthread_mutex_init(&observer->lock, NULL) == 0);
    if (options->http.host[0] == '\0') {
        return SLC_OK;
    }
    slc_err_t err = listen_http(observer, ret_error);
    if (err != SLC_OK) {
        return err;
    }
    slc_log(SLC_LOG_INFO, "http://%s/ shows how it goes, also while it is not ready yet",
            observer->listener.name);
    if (!is_loopback(observer->listener.name)) {
        slc_log(
            SLC_LOG_WARN,
            "http on %s can be reached from other machines and asks nobody who they are: stock, orders "
            "and state are open to all who reach it",
            observer->listener.name);
    }
    slc_http_config_t config = {
        .fd = observer->listener.fd, .take_picture = take_picture, .context = observer};
    observer->listener.fd = -1; /* it goes over */
    return slc_http_start(&config, &observer->http, ret_error);
}

const char *slc_observer_name(const slc_observer_t *observer)
{
    return observer->http == NULL ? "off" : observer->listener.name;
}

void slc_observer_progress(slc_observer_t *observer, uint64_t done_bytes, uint64_t total_bytes,
                           uint64_t events)
{
    lock(observer);
    observer->kept.recovery_done_bytes = done_bytes;
    observer->kept.recovery_total_bytes = total_bytes;
    observer->kept.recovery_events = events;
    unlock(observer);
}

void slc_observer_serve(slc_observer_t *observer, const slc_observed_t *observed, uint64_t events)
{
    lock(observer);
    observer->observed = *observed;
    observer->kept.recovery_events = events;
    observer->kept.recovery_over = true;
    observer->kept.recovery_us = (now_ns(observer) - observer->replaying_since_ns) / 1000;
    observer->state = SLC_ENGINE_SERVING;
    unlock(observer);
}

void slc_observer_stopping(slc_observer_t *observer)
{
    lock(observer);
    observer->state = SLC_ENGINE_STOPPING;
    unlock(observer);
}

void slc_observer_freeze(slc_observer_t *observer)
{
    lock(observer);
    look_at_stations(observer, &observer->kept);
    observer->frozen = true;
    unlock(observer);
}

void slc_observer_stop(slc_observer_t *observer)
{
    slc_http_stop(observer->http);
    observer->http = NULL;
    slc_listener_finish(&observer->listener);
    SLC_CHECK(pthread_mutex_destroy(&observer->lock) == 0);
}
