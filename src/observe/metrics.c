#include "observe/metrics.h"

#include "observe/names.h"
#include "observe/process.h"

#include <inttypes.h>

static void head(FILE *out, const char *name, const char *type, const char *help)
{
    (void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_number(FILE *out, const char *name, const char *type, const char *help, uint64_t value)
{
    head(out, name, type, help);
    (void)fprintf(out, "%s %" PRIu64 "\n", name, value);
}

static void put_real(FILE *out, const char *name, const char *type, const char *help, double value)
{
    head(out, name, type, help);
    (void)fprintf(out, "%s %.17g\n", name, value);
}

/* Values and bounds are divided by `unit`: 1e9 makes seconds of nanoseconds. */
static void put_histogram(FILE *out, const char *name, const char *help, const slc_bounds_t *bounds,
                          const slc_distribution_t *values, double unit)
{
    head(out, name, "histogram", help);
    uint64_t below = 0;
    for (size_t i = 0; i < bounds->count; i++) {
        below += values->counts[i];
        (void)fprintf(out, "%s_bucket{le=\"%.9g\"} %" PRIu64 "\n", name, (double)bounds->le[i] / unit,
                      below);
    }
    below += values->counts[bounds->count];
    (void)fprintf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum %.17g\n%s_count %" PRIu64 "\n", name,
                  below, name, (double)values->sum / unit, name, below);
}

static void put_statuses(FILE *out, const char *name, const char *help,
                         const uint64_t counts[SLC_STATUS_COUNT])
{
    head(out, name, "counter", help);
    for (int status = SLC_STATUS_ACCEPTED; status < SLC_STATUS_COUNT; status++) {
        char word[SLC_STATUS_WORD_BYTES];
        slc_status_word(status, word);
        (void)fprintf(out, "%s{status=\"%s\"} %" PRIu64 "\n", name, word, counts[status]);
    }
}

static void put_state(FILE *out, const slc_picture_t *picture)
{
    head(out, "sluice_build_info", "gauge", "What is running; always 1.");
    (void)fprintf(out, "sluice_build_info{version=\"%s\",commit=\"%s\"} 1\n", picture->version,
                  picture->commit);
    put_number(out, "sluice_ready", "gauge", "1: it sells; 0: /readyz says why not.",
               picture->state == SLC_ENGINE_SERVING);
    put_number(out, "sluice_read_only", "gauge", "1: nothing is sold for want of room on the disk.",
               picture->state == SLC_ENGINE_READ_ONLY);
    put_number(out, "sluice_replaying", "gauge", "1: the journal is being replayed.",
               picture->state == SLC_ENGINE_REPLAYING);
    put_number(out, "sluice_recovery_events", "gauge", "Events replayed by this start, so far.",
               picture->recovery_events);
    put_real(out, "sluice_recovery_duration_seconds", "gauge", "How long this start replayed, so far.",
             (double)picture->recovery_us / 1e6);
}

static void put_process(FILE *out, const slc_picture_t *picture)
{
    slc_process_t process;
    put_real(out, "process_start_time_seconds", "gauge", "When the process started, by the wall clock.",
             (double)picture->started_us / 1e6);
    if (slc_process_read(&process)) {
        put_number(out, "process_resident_memory_bytes", "gauge", "Memory that is in RAM.",
                   process.resident_bytes);
        put_real(out, "process_cpu_seconds_total", "counter", "CPU time of all threads, user and system.",
                 process.cpu_s);
    }
}

static void put_path(FILE *out, const slc_picture_t *picture)
{
    put_statuses(out, "sluice_requests_total",
                 "BUYs decided, by what they were answered, whether or not the buyer was still there.",
                 picture->buys);
    put_statuses(out, "sluice_control_requests_total", "Operators' requests, by what they were answered.",
                 picture->commands);
    put_histogram(out, "sluice_request_duration_seconds",
                  "From a BUY's decoding to its answer, to within a turn of its I/O thread.",
                  &slc_bounds_ns, &picture->request_ns, 1e9);
    put_number(out, "sluice_ring_slots", "gauge", "Slots of the ring.", picture->ring_slots);
    head(out, "sluice_ring_depth", "gauge", "Slots that wait for this station.");
    (void)fprintf(out,
                  "sluice_ring_depth{stage=\"journal\"} %" PRIu64
                  "\nsluice_ring_depth{stage=\"apply\"} %" PRIu64
                  "\nsluice_ring_depth{stage=\"reply\"} %" PRIu64 "\n",
                  picture->published - picture->durable, picture->durable - picture->decided,
                  picture->decided - picture->replied);
    put_number(out, "sluice_applied_sequence", "gauge", "The last event that was applied.",
               picture->sequence);
    put_number(out, "sluice_connections", "gauge", "Open connections, operators' among them.",
               picture->connections);
    head(out, "sluice_connections_accepted_total", "counter", "Connections taken in, by who came.");
    (void)fprintf(out,
                  "sluice_connections_accepted_total{peer=\"buyer\"} %" PRIu64
                  "\nsluice_connections_accepted_total{peer=\"operator\"} %" PRIu64 "\n",
                  picture->accepted_buyers, picture->accepted_operators);
    put_number(out, "sluice_attempts_missing_total", "counter",
               "Refusals that the attempts log could not take.", picture->attempts_missing);
}

static void put_disk(FILE *out, const slc_picture_t *picture)
{
    put_histogram(out, "sluice_journal_write_duration_seconds", "The durable write of one block.",
                  &slc_bounds_ns, &picture->write_ns, 1e9);
    put_histogram(out, "sluice_journal_batch_events", "Events that one durable write holds.",
                  &slc_bounds_events, &picture->batch_events, 1);
    put_histogram(out, "sluice_journal_batch_bytes", "Bytes of one durable write.", &slc_bounds_bytes,
                  &picture->batch_bytes, 1);
    put_number(out, "sluice_journal_written_bytes_total", "counter", "Bytes of blocks written.",
               picture->journal_written_bytes);
    put_number(out, "sluice_journal_size_bytes", "gauge", "The segments on disk.",
               picture->journal_bytes);
    put_number(out, "sluice_journal_segments", "gauge", "Segments on disk.", picture->journal_segments);
    head(out, "sluice_journal_info", "gauge", "What a yes stands on, and how blocks are written.");
    (void)fprintf(out, "sluice_journal_info{durability=\"%s\",method=\"%s\"} 1\n", picture->durability,
                  picture->journal_method);
    put_number(out, "sluice_snapshot_sequence", "gauge",
               "The event of the newest good snapshot; 0: none.", picture->snapshot_sequence);
    if (picture->snapshot_sequence != 0) {
        put_real(out, "sluice_snapshot_age_seconds", "gauge", "Since the newest good snapshot.",
                 slc_snapshot_age_s(picture));
    }
    put_number(out, "sluice_snapshot_size_bytes", "gauge", "The newest good snapshot.",
               picture->snapshot_bytes);
    put_number(out, "sluice_snapshots_written_total", "counter", "Snapshots written.",
               picture->snapshots_written);
    put_number(out, "sluice_snapshot_failures_total", "counter", "Snapshots that could not be written.",
               picture->snapshots_failed);
}

static void put_mirror(FILE *out, const slc_picture_t *picture)
{
    put_number(out, "sluice_mirror_enabled", "gauge", "1: a report is kept (--report).",
               picture->mirror_enabled);
    if (!picture->mirror_enabled) {
        return;
    }
    put_number(out, "sluice_mirror_failed", "gauge", "1: the report cannot be written now.",
               picture->mirror_failed);
    put_number(out, "sluice_mirror_sequence", "gauge", "The last event that the report covers.",
               picture->mirror_sequence);
    put_number(out, "sluice_mirror_lag_events", "gauge", "Events applied that the report lacks.",
               picture->mirror_lag_events);
    put_real(out, "sluice_mirror_lag_seconds", "gauge",
             "For so long the report has not been as the state is.",
             (double)picture->mirror_lag_us / 1e6);
    put_number(out, "sluice_mirror_rows_written_total", "counter", "Orders and cancellations written.",
               picture->mirror_rows_written);
    put_number(out, "sluice_mirror_failures_total", "counter",
               "Attempts to write the report that failed.", picture->mirror_failures);
    put_number(out, "sluice_mirror_rebuilds_total", "counter", "Times that the report was begun anew.",
               picture->mirror_rebuilds);
}

typedef struct counting {
    uint64_t now_us;
    uint64_t all;
} counting_t;

static bool is_not_closed(void *context, const slc_drop_info_t *drop)
{
    counting_t *counting = context;
    counting->all++;
    return !drop->closed && (drop->closes_at_us == 0 || drop->closes_at_us > counting->now_us);
}

static void put_drops(FILE *out, const slc_picture_t *picture)
{
    slc_drop_list_t list = {0};
    counting_t counting = {.now_us = picture->now_us};
    if (!slc_board_list(picture->board, 0, SLC_METRICS_DROPS, is_not_closed, &counting, &list)) {
        return; /* no memory: better no series than zeros */
    }
    put_number(out, "sluice_drops", "gauge", "Drops, the closed ones among them.", counting.all);
    put_number(
        out, "sluice_drops_left_out", "gauge",
        "Drops that are not closed and have no series here, for want of a bound on them otherwise.",
        list.found - list.count);
    head(out, "sluice_drop_stock", "gauge", "Units ever put up for sale, of drops that are not closed.");
    for (size_t i = 0; i < list.count; i++) {
        (void)fprintf(out, "sluice_drop_stock{drop=\"%" PRIu64 "\"} %" PRIu64 "\n", list.drops[i].drop_id,
                      list.drops[i].stock);
    }
    head(out, "sluice_drop_stock_remaining", "gauge", "Units left, of drops that are not closed.");
    for (size_t i = 0; i < list.count; i++) {
        (void)fprintf(out, "sluice_drop_stock_remaining{drop=\"%" PRIu64 "\"} %" PRIu64 "\n",
                      list.drops[i].drop_id, list.drops[i].remaining);
    }
    slc_drop_list_free(&list);
}

void slc_metrics_write(FILE *out, const slc_picture_t *picture)
{
    put_state(out, picture);
    put_process(out, picture);
    if (picture->board == NULL) {
        return; /* replaying: a zero would be told as if it were a number */
    }
    put_path(out, picture);
    put_disk(out, picture);
    put_mirror(out, picture);
    put_drops(out, picture);
}
