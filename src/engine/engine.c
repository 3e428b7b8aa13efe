#include "engine/engine.h"

#include "apply/station.h"
#include "base/check.h"
#include "base/error.h"
#include "base/thread.h"
#include "engine/comeback.h"
#include "engine/io_accept.h"
#include "engine/io_thread.h"
#include "engine/notify.h"
#include "engine/observer.h"
#include "engine/pipeline.h"
#include "engine/pulse.h"
#include "engine/relay.h"
#include "engine/reporting.h"
#include "engine/signals.h"
#include "engine/snapshots.h"
#include "journal/station.h"
#include "restore/restore.h"

#include <sluice/build.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct slc_engine {
    slc_digest_pair_t pair; /* these two fill cache lines of their own */
    slc_bell_t bells[SLC_IO_THREADS_MAX];
    const slc_options_t *options;
    const slc_sys_t *sys;
    slc_directory_t *directory;
    slc_logic_t *logic;
    slc_restored_t restored;
    slc_writer_t *writer;
    slc_board_t *board;
    slc_attempts_t *attempts; /* NULL: switched off */
    slc_snapshots_t snapshots;
    slc_reporting_t *reporting; /* NULL: no --report */
    slc_pipeline_t pipeline;
    slc_journal_station_t *journal;
    slc_toucher_t *toucher;
    slc_apply_station_t *apply;
    slc_relay_t relay;
    slc_listener_t listeners[2]; /* buyers', operators' */
    slc_io_t *io[SLC_IO_THREADS_MAX];
    slc_observer_t observer;
    pthread_t journal_thread;
    pthread_t apply_thread;
    slc_pulse_t pulse;
    uint64_t started_ns;
} slc_engine_t;

/* ---- threads ---- */

static void *journal_main(void *context)
{
    slc_engine_t *engine = context;
    slc_board_reader_register(); /* it may do a turn of apply */
    slc_board_reader_sleeps();
    slc_relay_run_journal(&engine->relay);
    slc_board_reader_unregister();
    return NULL;
}

static void *apply_main(void *context)
{
    slc_engine_t *engine = context;
    slc_board_reader_register(); /* as board.h asks of its writer */
    slc_board_reader_sleeps();
    slc_relay_run_apply(&engine->relay);
    slc_board_reader_unregister();
    return NULL;
}

/* Of one I/O thread, which goes on counting. */
static void count_buys(const slc_session_meters_t *meters, slc_engine_info_t *info)
{
    for (int status = 0; status < SLC_STATUS_COUNT; status++) {
        uint64_t answered = slc_counted(&meters->buys[status]);
        info->buys_answered += answered;
        info->buys_refused += status == SLC_STATUS_ACCEPTED ? 0 : answered;
    }
}

static void fill_status(void *context, slc_engine_info_t *info)
{
    const slc_engine_t *engine = context;
    uint64_t now_ns = engine->sys->monotonic_ns(engine->sys->self);
    info->uptime_us = (now_ns - engine->started_ns) / 1000;
    for (uint32_t i = 0; i < engine->options->io_threads; i++) {
        info->connections += slc_io_connections(engine->io[i]);
        count_buys(slc_io_meters(engine->io[i]), info);
    }
    if (engine->attempts != NULL) {
        info->attempts_missing = slc_attempts_missing(engine->attempts);
    }
    slc_snapshots_fill_status(&engine->snapshots, info);
    const char *durability = engine->options->durability == SLC_DURABILITY_FSYNC ? "fsync" : "os";
    (void)snprintf(info->version, sizeof info->version, "%s", slc_build_version());
    (void)snprintf(info->durability, sizeof info->durability, "%s", durability);
    (void)snprintf(info->journal_method, sizeof info->journal_method, "%s",
                   slc_writer_method(engine->writer));
    static_assert(sizeof info->read_only == SLC_ROOM_REASON_BYTES, "a reason fits");
    slc_journal_station_read_only(engine->journal, info->read_only);
}

/* For `systemctl status`. */
static void describe(void *context, char out[SLC_PULSE_STATUS_BYTES])
{
    const slc_engine_t *engine = context;
    char why[SLC_ROOM_REASON_BYTES];
    uint64_t connections = 0;
    for (uint32_t i = 0; i < engine->options->io_threads; i++) {
        connections += slc_io_connections(engine->io[i]);
    }
    slc_journal_station_read_only(engine->journal, why);
    (void)snprintf(out, SLC_PULSE_STATUS_BYTES, "%s%s: %" PRIu64 " events, %" PRIu64 " connections",
                   *why == '\0' ? "serving" : "read-only: ", why, slc_board_sequence(engine->board),
                   connections);
}

static void note_attempt(void *context, const slc_attempt_t *attempt)
{
    slc_engine_t *engine = context;
    slc_attempts_note(engine->attempts, attempt);
}

/* ---- start, in the order in which each step needs the one before ---- */

static slc_err_t engine_open_writer(slc_engine_t *engine, slc_error_t *ret_error)
{
    slc_writer_config_t config = {
        .durability = engine->options->durability,
        .segment_bytes = engine->options->segment_bytes,
        .block_bytes_max = (uint32_t)engine->options->block_bytes_max,
        .no_direct = engine->options->journal_method == SLC_JOURNAL_METHOD_FDATASYNC,
        .only_direct = engine->options->journal_method == SLC_JOURNAL_METHOD_DIRECT,
        .min_free_bytes = engine->options->min_free_bytes,
    };
    slc_err_t err =
        slc_writer_open(engine->directory, &config, &engine->restored.end, &engine->writer, ret_error);
    if (err != SLC_OK) {
        return err;
    }
    char origin[SLC_OPTIONS_PATH_BYTES + 32];
    const char *reason = slc_writer_method_reason(engine->writer);
    slc_options_origin(engine->options, "durability", origin, sizeof origin);
    slc_log(SLC_LOG_INFO, "journal: durability %s (%s), method %s%s%s",
            engine->options->durability == SLC_DURABILITY_FSYNC ? "fsync" : "os", origin,
            slc_writer_method(engine->writer), *reason == '\0' ? "" : ": ", reason);
    if (engine->options->durability == SLC_DURABILITY_OS) {
        slc_log(SLC_LOG_WARN, "durability os: a yes survives a killed process, not a power cut");
    }
    return SLC_OK;
}

static slc_err_t engine_build_stations(slc_engine_t *engine, slc_error_t *ret_error)
{
    const slc_options_t *options = engine->options;
    slc_err_t err = slc_pipeline_init(&engine->pipeline, options->ring_slots, options->io_threads,
                                      options->busy_spin, ret_error);
    if (err != SLC_OK) {
        return err;
    }
    engine->board = slc_board_create();
    engine->journal = slc_journal_station_create(&(slc_journal_station_config_t){
        .sys = engine->sys,
        .ring = engine->pipeline.ring,
        .consumer = engine->pipeline.journal,
        .writer = engine->writer,
        .pair = &engine->pair,
        .time_us = engine->restored.end.time_us,
    });
    engine->toucher = slc_toucher_create(ret_error);
    if (engine->toucher == NULL) {
        return SLC_ERR_IO;
    }
    engine->apply = slc_apply_station_create(&(slc_apply_config_t){
        .ring = engine->pipeline.ring,
        .consumer = engine->pipeline.apply,
        .logic = engine->logic,
        .board = engine->board,
        .pair = &engine->pair,
        .bells = engine->bells,
        .bell_count = options->io_threads,
        .note_attempt = engine->attempts == NULL ? NULL : note_attempt,
        .fill_status = fill_status,
        .handover = &engine->snapshots.handover,
        .mirror = slc_reporting_handover(engine->reporting),
        .toucher = engine->toucher,
        .context = engine,
    });
    if (engine->board == NULL || engine->journal == NULL || engine->apply == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory for the stations");
    }
    slc_relay_init(&engine->relay, &engine->pipeline, engine->journal, engine->apply);
    slc_board_reader_register();
    slc_board_reader_sleeps();
    slc_apply_station_publish_restored(engine->apply);
    slc_board_reader_unregister();
    return SLC_OK;
}

static slc_err_t engine_listen(slc_engine_t *engine, slc_error_t *ret_error)
{
    const slc_options_t *options = engine->options;
    slc_err_t err = slc_listener_init_tcp(&engine->listeners[0], options->listen.host,
                                          options->listen.port, ret_error);
    return err != SLC_OK ? err
                         : slc_listener_init_unix(&engine->listeners[1], options->control, ret_error);
}

static slc_session_limits_t session_limits(const slc_options_t *options)
{
    return (slc_session_limits_t){
        .connections_max = (options->max_connections + options->io_threads - 1) / options->io_threads +
                           SLC_OPERATOR_PLACES,
        .in_flight_max = options->max_in_flight,
        .frame_bytes_max = options->max_frame_bytes,
        .hello_timeout_ns = options->hello_timeout_ms * 1000000,
        .frame_timeout_ns = options->frame_timeout_ms * 1000000,
        .write_timeout_ns = options->write_timeout_ms * 1000000,
        .idle_timeout_ns = options->idle_timeout_ms * 1000000,
    };
}

/* The last step that can fail. Where it does, the process ends: there is nothing to take back that a
 * killed process would not leave behind as well. */
static slc_err_t engine_start_threads(slc_engine_t *engine, slc_error_t *ret_error)
{
    const slc_options_t *options = engine->options;
    slc_io_config_t config = {
        .station =
            {
                .sys = engine->sys,
                .net = slc_net_posix(),
                .ring = engine->pipeline.ring,
                .board = engine->board,
                .relay = &engine->relay,
                .limits = session_limits(options),
            },
        .count = options->io_threads,
        .all = engine->io,
        .busy_spin = options->busy_spin,
    };
    slc_err_t err =
        slc_thread_start(&engine->journal_thread, "slc-journal", journal_main, engine, ret_error);
    if (err == SLC_OK) {
        err = slc_thread_start(&engine->apply_thread, "slc-apply", apply_main, engine, ret_error);
    }
    if (err == SLC_OK) {
        err = slc_snapshots_start(&engine->snapshots, ret_error);
    }
    if (err == SLC_OK) {
        err = slc_reporting_start(engine->reporting, ret_error);
    }
    /* The one that accepts comes last: it deals out to all the others. */
    for (uint32_t i = options->io_threads; i-- > 0 && err == SLC_OK;) {
        config.station.number = i;
        config.station.consumer = engine->pipeline.reply[i];
        config.bell = &engine->bells[i];
        config.listeners = i == 0 ? engine->listeners : NULL;
        err = slc_io_start(&config, &engine->io[i], ret_error);
    }
    return err;
}

static void engine_show(slc_engine_t *engine)
{
    const slc_observed_t observed = {
        .pipeline = &engine->pipeline,
        .journal = engine->journal,
        .writer = engine->writer,
        .snapshots = &engine->snapshots,
        .reporting = engine->reporting,
        .attempts = engine->attempts,
        .io = engine->io,
        .pair = &engine->pair,
        .board = engine->board,
    };
    slc_observer_serve(&engine->observer, &observed, engine->restored.events);
}

static slc_err_t engine_start(slc_engine_t *engine, slc_error_t *ret_error)
{
    slc_err_t err =
        slc_directory_open(engine->sys, engine->options->data_dir, &engine->directory, ret_error);
    for (uint32_t i = 0; i < engine->options->io_threads && err == SLC_OK; i++) {
        err = slc_bell_init(&engine->bells[i], ret_error);
    }
    /* Behind the lock of the directory, so that a second server on it hears of that first. */
    if (err == SLC_OK) {
        err = slc_observer_start(&engine->observer, engine->options, engine->sys, ret_error);
    }
    if (err == SLC_OK) {
        err = slc_comeback(engine->directory, &engine->observer, &engine->logic, &engine->restored,
                           ret_error);
    }
    if (err == SLC_OK) {
        err = engine_open_writer(engine, ret_error);
    }
    if (err == SLC_OK) {
        err = slc_snapshots_init(&engine->snapshots, engine->options, engine->directory, engine->writer,
                                 &engine->pair, &engine->restored, ret_error);
    }
    if (err == SLC_OK && strcmp(engine->options->report, "off") != 0) {
        err = slc_reporting_create(engine->options->report, engine->directory, &engine->pair,
                                   &engine->pipeline, &engine->reporting, ret_error);
    }
    if (err == SLC_OK && engine->options->attempts_log) {
        err = slc_attempts_open(engine->directory, engine->options->attempts_log_bytes, &engine->attempts,
                                ret_error);
    }
    if (err == SLC_OK) {
        err = engine_listen(engine, ret_error);
    }
    if (err == SLC_OK) {
        err = engine_build_stations(engine, ret_error);
    }
    if (err == SLC_OK) {
        err = engine_start_threads(engine, ret_error);
    }
    if (err == SLC_OK) {
        engine_show(engine);
    }
    return err;
}

/* ---- serving and stopping ---- */

static void take_snapshot(void *context)
{
    slc_engine_t *engine = context;
    slc_log(SLC_LOG_INFO, "SIGUSR1: a snapshot is asked for");
    slc_snapshots_want(&engine->snapshots);
}

/* What was moved away or removed under the running server: the operators' socket, where its name no
 * longer leads here, and the file of the attempts log. No connection notices. */
static void reopen(void *context)
{
    slc_engine_t *engine = context;
    char state[96];
    (void)snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
                   engine->sys->monotonic_ns(engine->sys->self) / 1000);
    slc_notify(state);
    slc_log(SLC_LOG_INFO, "SIGHUP: control socket and attempts log are looked after; options are read "
                          "at the start only");
    slc_io_reopen(engine->io[0]);
    if (engine->attempts != NULL) {
        slc_attempts_reopen(engine->attempts);
    }
    slc_notify("READY=1");
}

/* Takes nothing more in, lets everything that was taken in become durable, applied and answered. */
static void engine_drain(slc_engine_t *engine)
{
    for (uint32_t i = 0; i < engine->options->io_threads; i++) {
        slc_io_stop(engine->io[i]);
    }
    slc_ring_close(engine->pipeline.ring);
    SLC_CHECK(pthread_join(engine->journal_thread, NULL) == 0);
    SLC_CHECK(pthread_join(engine->apply_thread, NULL) == 0);
    slc_observer_freeze(&engine->observer);
    for (uint32_t i = 0; i < engine->options->io_threads; i++) {
        slc_io_join(engine->io[i]);
        engine->io[i] = NULL;
    }
    slc_toucher_destroy(engine->toucher); /* from here on the logic may unmap what it wants */
    engine->toucher = NULL;
    bool may_write = slc_reporting_stop(engine->reporting, engine->logic);
    slc_snapshots_stop(&engine->snapshots, engine->logic);
    if (may_write) {
        slc_reporting_last(engine->reporting, engine->logic);
    }
    slc_log(SLC_LOG_INFO, "stopped at sequence %" PRIu64 ", digest %016" PRIx64,
            slc_logic_sequence(engine->logic), slc_logic_digest(engine->logic));
}

/* What a thread that hangs still looks at (slc_reporting_is_stuck): it stays, and can be found, as long
 * as the process. */
static slc_engine_t *g_left_behind;

static void engine_finish(slc_engine_t *engine)
{
    bool is_watched = slc_reporting_is_stuck(engine->reporting);
    slc_observer_stop(&engine->observer); /* the board is still read */
    slc_attempts_close(engine->attempts);
    slc_snapshots_finish(&engine->snapshots);
    slc_reporting_destroy(engine->reporting);
    slc_relay_finish(&engine->relay);
    slc_apply_station_destroy(engine->apply);
    slc_journal_station_destroy(engine->journal);
    if (!is_watched) {
        slc_pipeline_finish(&engine->pipeline);
    }
    slc_listener_finish(&engine->listeners[0]);
    slc_listener_finish(&engine->listeners[1]);
    slc_board_destroy(engine->board);
    slc_writer_close(engine->writer);
    slc_logic_destroy(engine->logic);
    for (uint32_t i = 0; i < SLC_IO_THREADS_MAX; i++) {
        slc_bell_finish(&engine->bells[i]);
    }
    slc_directory_close(engine->directory);
    if (is_watched) {
        g_left_behind = engine;
    } else {
        free(engine);
    }
}

slc_err_t slc_engine_run(const slc_options_t *options, slc_error_t *ret_error)
{
    slc_engine_t *engine = aligned_alloc(128, sizeof *engine);
    if (engine == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory for the engine");
    }
    memset(engine, 0, sizeof *engine);
    engine->options = options;
    engine->sys = slc_sys_posix();
    engine->started_ns = engine->sys->monotonic_ns(engine->sys->self);
    engine->listeners[0] = engine->listeners[1] = (slc_listener_t){.fd = -1, .reserve_fd = -1};
    for (uint32_t i = 0; i < SLC_IO_THREADS_MAX; i++) {
        engine->bells[i].fd = -1;
    }
    slc_log(SLC_LOG_INFO, "sluiced %s (commit %s), data directory %s", slc_build_version(),
            slc_build_commit(), options->data_dir);
    slc_notify("STATUS=looking into the data directory");
    slc_err_t err = engine_start(engine, ret_error);
    if (err != SLC_OK) {
        return err; /* the process ends with it: what was opened goes with the process */
    }
    slc_log(SLC_LOG_INFO, "serving %" PRIu64 " ms after the start",
            (engine->sys->monotonic_ns(engine->sys->self) - engine->started_ns) / 1000000);
    (void)fprintf(stderr, "ready listen=%s control=%s http=%s\n", engine->listeners[0].name,
                  engine->listeners[1].name, slc_observer_name(&engine->observer));
    slc_notify("READY=1\nSTATUS=serving");
    err = slc_pulse_start(&engine->pulse,
                          &(slc_pulse_config_t){
                              .sys = engine->sys,
                              .pipeline = &engine->pipeline,
                              .io = engine->io,
                              .bells = engine->bells,
                              .io_threads = options->io_threads,
                              .describe = describe,
                              .context = engine,
                          },
                          ret_error);
    if (err != SLC_OK) {
        return err;
    }
    int number = slc_signals_wait(
        &(slc_signal_calls_t){.reopen = reopen, .snapshot = take_snapshot, .context = engine});
    slc_pulse_stop(&engine->pulse);
    slc_log(SLC_LOG_INFO, "%s: stopping: nothing more is taken in", strsignal(number));
    slc_observer_stopping(&engine->observer);
    slc_notify("STOPPING=1\nSTATUS=stopping: what was taken in is made durable and answered");
    engine_drain(engine);
    engine_finish(engine);
    return SLC_OK;
}
