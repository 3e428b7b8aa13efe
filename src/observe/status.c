#include "observe/status.h"

#include "observe/json.h"
#include "observe/names.h"

#include <inttypes.h>

/* Bounds and sum are divided by `unit`: 1e9 makes seconds of nanoseconds. Counts are cumulative, the last
 * bound is null, for infinity. */
static void put_distribution(FILE *out, const char *name, const slc_bounds_t *bounds,
                             const slc_distribution_t *values, double unit)
{
    (void)fprintf(out, ",\"%s\":{\"le\":[", name);
    for (size_t i = 0; i < bounds->count; i++) {
        (void)fprintf(out, "%.9g,", (double)bounds->le[i] / unit);
    }
    (void)fputs("null],\"count\":[", out);
    uint64_t below = 0;
    for (size_t i = 0; i <= bounds->count; i++) {
        below += values->counts[i];
        (void)fprintf(out, "%s%" PRIu64, i == 0 ? "" : ",", below);
    }
    (void)fprintf(out, "],\"sum\":%.17g}", (double)values->sum / unit);
}

static void put_requests(FILE *out, const char *name, const uint64_t counts[SLC_STATUS_COUNT])
{
    (void)fprintf(out, ",\"%s\":{", name);
    for (int status = SLC_STATUS_ACCEPTED; status < SLC_STATUS_COUNT; status++) {
        char lower[SLC_STATUS_WORD_BYTES];
        slc_status_word(status, lower);
        (void)fprintf(out, "%s\"%s\":%" PRIu64, status == SLC_STATUS_ACCEPTED ? "" : ",", lower,
                      counts[status]);
    }
    (void)fputc('}', out);
}

static void put_who(FILE *out, const slc_picture_t *picture)
{
    (void)fputs("{\"version\":", out);
    slc_json_text(out, picture->version);
    (void)fputs(",\"commit\":", out);
    slc_json_text(out, picture->commit);
    (void)fprintf(out,
                  ",\"started_us\":%" PRIu64 ",\"now_us\":%" PRIu64
                  ",\"state\":\"%s\",\"ready\":%s,\"reason\":",
                  picture->started_us, picture->now_us, slc_engine_state_name(picture->state),
                  picture->state == SLC_ENGINE_SERVING ? "true" : "false");
    slc_json_text(out, picture->reason);
    (void)fprintf(out, ",\"durability\":\"%s\",\"journal_method\":\"%s\"", picture->durability,
                  picture->journal_method);
    (void)fprintf(out, ",\"sequence\":%" PRIu64 ",\"digest\":\"%016" PRIx64 "\"", picture->sequence,
                  picture->digest);
}

static void put_snapshot(FILE *out, const slc_picture_t *picture)
{
    (void)fprintf(out, ",\"snapshot\":{\"sequence\":%" PRIu64 ",\"age_s\":", picture->snapshot_sequence);
    if (picture->snapshot_sequence == 0) {
        (void)fputs("null", out);
    } else {
        (void)fprintf(out, "%.3f", slc_snapshot_age_s(picture));
    }
    (void)fprintf(out, ",\"bytes\":%" PRIu64 ",\"written\":%" PRIu64 ",\"failed\":%" PRIu64 "}",
                  picture->snapshot_bytes, picture->snapshots_written, picture->snapshots_failed);
}

static void put_mirror(FILE *out, const slc_picture_t *picture)
{
    (void)fprintf(out,
                  ",\"mirror\":{\"enabled\":%s,\"sequence\":%" PRIu64 ",\"lag_events\":%" PRIu64
                  ",\"lag_s\":%.3f,\"error\":",
                  picture->mirror_enabled ? "true" : "false", picture->mirror_sequence,
                  picture->mirror_lag_events, (double)picture->mirror_lag_us / 1e6);
    slc_json_text(out, picture->mirror_error);
    (void)fputc('}', out);
}

static void put_recovery(FILE *out, const slc_picture_t *picture)
{
    double seconds = (double)picture->recovery_us / 1e6;
    /* How many events the journal holds is known once they are read; how many bytes, before. */
    char total[24] = "null";
    if (picture->recovery_over) {
        (void)snprintf(total, sizeof total, "%" PRIu64, picture->recovery_events);
    }
    (void)fprintf(
        out,
        ",\"recovery\":{\"events\":%" PRIu64 ",\"total\":%s,\"rate\":%.1f,\"done_bytes\":%" PRIu64
        ",\"total_bytes\":%" PRIu64 ",\"seconds\":%.3f}",
        picture->recovery_events, total, seconds > 0 ? (double)picture->recovery_events / seconds : 0.0,
        picture->recovery_done_bytes, picture->recovery_total_bytes, seconds);
}

void slc_status_write(FILE *out, const slc_picture_t *picture)
{
    put_who(out, picture);
    (void)fprintf(out,
                  ",\"ring\":{\"slots\":%" PRIu64 ",\"published\":%" PRIu64 ",\"durable\":%" PRIu64
                  ",\"decided\":%" PRIu64 ",\"replied\":%" PRIu64 "}",
                  picture->ring_slots, picture->published, picture->durable, picture->decided,
                  picture->replied);
    put_requests(out, "requests", picture->buys);
    put_requests(out, "control_requests", picture->commands);
    put_distribution(out, "request_seconds", &slc_bounds_ns, &picture->request_ns, 1e9);
    put_distribution(out, "journal_write_seconds", &slc_bounds_ns, &picture->write_ns, 1e9);
    put_distribution(out, "journal_batch_events", &slc_bounds_events, &picture->batch_events, 1);
    (void)fprintf(
        out, ",\"connections\":%" PRIu64 ",\"journal\":{\"segments\":%" PRIu64 ",\"bytes\":%" PRIu64 "}",
        picture->connections, picture->journal_segments, picture->journal_bytes);
    put_snapshot(out, picture);
    put_mirror(out, picture);
    (void)fprintf(out, ",\"attempts_missing\":%" PRIu64, picture->attempts_missing);
    put_recovery(out, picture);
    (void)fputs("}\n", out);
}
