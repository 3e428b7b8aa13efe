#include "report.h"

#include <ctype.h>

typedef unsigned long long ull_t;

static double rate_of(const load_result_t *result)
{
    return result->seconds > 0 ? (double)result->tally->answered / result->seconds : 0;
}

static double quantile_us(const load_result_t *result, double fraction)
{
    return (double)load_histogram_quantile(&result->tally->latency_ns, fraction) / 1000;
}

/* "STATUS_SOLD_OUT" as "sold_out". */
static const char *key_of(int status, char out[32])
{
    const char *name = slc_status_name(status) + sizeof "STATUS_" - 1;
    size_t i = 0;
    for (; name[i] != '\0' && i < 31; i++) {
        out[i] = (char)tolower((unsigned char)name[i]);
    }
    out[i] = '\0';
    return out;
}

static uint64_t other_of(const uint64_t *counts)
{
    uint64_t other = 0;
    for (int status = 0; status < SLC_STATUS_COUNT; status++) {
        other += status == SLC_STATUS_ACCEPTED || status == SLC_STATUS_SOLD_OUT ? 0 : counts[status];
    }
    return other;
}

void load_report_text(const load_result_t *result, FILE *out)
{
    const load_tally_t *tally = result->tally;
    char key[32];
    fprintf(out, "%llu requests over %llu connections, %llu in flight on each", (ull_t)tally->requests,
            (ull_t)result->options->connections, (ull_t)result->options->window);
    if (result->options->rate > 0) {
        fprintf(out, ", %.0f due each second", result->options->rate);
    }
    fprintf(out, "\n%llu answered in %.3f s: %.0f/s\n", (ull_t)tally->answered, result->seconds,
            rate_of(result));
    for (int status = 0; status < SLC_STATUS_COUNT; status++) {
        if (tally->by_status[status] > 0) {
            fprintf(out, "  %-16s %12llu\n", key_of(status, key), (ull_t)tally->by_status[status]);
        }
    }
    fprintf(out, "  %-16s %12llu\n", "replayed", (ull_t)tally->replayed);
    if (tally->broken > 0) {
        fprintf(out, "%llu connections lost, %llu requests asked again\n", (ull_t)tally->broken,
                (ull_t)tally->retried);
    }
    fprintf(out, "latency in us: p50 %.0f  p90 %.0f  p99 %.0f  p99.9 %.0f  max %.0f\n",
            quantile_us(result, 0.5), quantile_us(result, 0.9), quantile_us(result, 0.99),
            quantile_us(result, 0.999), quantile_us(result, 1));
    if (result->killed) {
        fprintf(out, "killed with %llu accepted and %llu unanswered\n", (ull_t)result->kill_accepted,
                (ull_t)result->kill_in_flight);
    }
    for (size_t i = 0; i < result->check_count; i++) {
        const load_check_t *check = &result->checks[i];
        fprintf(out, "%s  %s", check->ok ? "PASS" : "FAIL", check->name);
        if (check->drop_id != 0) {
            fprintf(out, " (drop %llu)", (ull_t)check->drop_id);
        }
        fprintf(out, ": %s\n", check->detail);
    }
}

static void json_text(FILE *out, const char *text)
{
    (void)fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            fprintf(out, "\\%c", *text);
        } else if ((unsigned char)*text < 0x20) {
            fprintf(out, "\\u%04x", (unsigned)(unsigned char)*text);
        } else {
            (void)fputc(*text, out);
        }
    }
    (void)fputc('"', out);
}

static void json_drops(const load_result_t *result, FILE *out)
{
    (void)fputs(",\"drops\":[", out);
    for (uint32_t i = 0; i < result->workload->drop_count; i++) {
        const uint64_t *counts = result->tally->by_drop[i];
        fprintf(out, "%s{\"drop_id\":%llu,\"accepted\":%llu,\"sold_out\":%llu,\"other\":%llu}",
                i == 0 ? "" : ",", (ull_t)result->workload->drops[i].drop_id,
                (ull_t)counts[SLC_STATUS_ACCEPTED], (ull_t)counts[SLC_STATUS_SOLD_OUT],
                (ull_t)other_of(counts));
    }
    (void)fputs("]", out);
}

static void json_checks(const load_result_t *result, FILE *out)
{
    (void)fputs(",\"checks\":[", out);
    for (size_t i = 0; i < result->check_count; i++) {
        const load_check_t *check = &result->checks[i];
        fprintf(out, "%s{\"name\":\"%s\",\"drop_id\":%llu,\"ok\":%s,\"detail\":", i == 0 ? "" : ",",
                check->name, (ull_t)check->drop_id, check->ok ? "true" : "false");
        json_text(out, check->detail);
        (void)fputs("}", out);
    }
    (void)fputs("]", out);
}

void load_report_json(const load_result_t *result, FILE *out)
{
    const load_tally_t *tally = result->tally;
    char key[32];
    fprintf(out, "{\"requests\":%llu,\"answered\":%llu,\"seconds\":%.6f,\"rate\":%.1f",
            (ull_t)tally->requests, (ull_t)tally->answered, result->seconds, rate_of(result));
    for (int status = 0; status < SLC_STATUS_COUNT; status++) {
        fprintf(out, ",\"%s\":%llu", key_of(status, key), (ull_t)tally->by_status[status]);
    }
    fprintf(out, ",\"replayed\":%llu,\"retried\":%llu,\"connections_lost\":%llu", (ull_t)tally->replayed,
            (ull_t)tally->retried, (ull_t)tally->broken);
    fprintf(out, ",\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f",
            quantile_us(result, 0.5), quantile_us(result, 0.9), quantile_us(result, 0.99),
            quantile_us(result, 0.999), quantile_us(result, 1));
    if (result->killed) {
        fprintf(out, ",\"kill_accepted\":%llu,\"kill_in_flight\":%llu", (ull_t)result->kill_accepted,
                (ull_t)result->kill_in_flight);
    } else {
        (void)fputs(",\"kill_accepted\":null,\"kill_in_flight\":null", out);
    }
    json_drops(result, out);
    json_checks(result, out);
    (void)fputs(",\"failure\":", out);
    if (result->failure != NULL) {
        json_text(out, result->failure);
    } else {
        (void)fputs("null", out);
    }
    fprintf(out, ",\"ok\":%s}\n", result->ok ? "true" : "false");
}
