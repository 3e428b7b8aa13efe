#include "report.h"
#include "report_text.h"

typedef unsigned long long ull_t;

/* Points of a distribution: so many for each halving of what is above. */
#define POINTS_A_HALVING 4

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

static void json_latency(FILE *out, const load_histogram_t *latency)
{
    fprintf(out, "\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f",
            load_report_quantile_us(latency, 0.5), load_report_quantile_us(latency, 0.9),
            load_report_quantile_us(latency, 0.99), load_report_quantile_us(latency, 0.999),
            load_report_quantile_us(latency, 1));
}

/* [[percentile, us], ...]: from the median on as many points for each halving of what is above, as long
 * as any answer is. */
static void json_distribution(FILE *out, const load_histogram_t *latency)
{
    double above = 1;
    const char *comma = "";
    (void)fputs("\"distribution\":[", out);
    while (latency->count > 0 && above * (double)latency->count >= 1) {
        for (int i = 0; i < POINTS_A_HALVING; i++) {
            double fraction = 1 - above * (1 - (double)i / (2 * POINTS_A_HALVING));
            fprintf(out, "%s[%.7g,%.1f]", comma, 100 * fraction,
                    load_report_quantile_us(latency, fraction));
            comma = ",";
        }
        above /= 2;
    }
    fprintf(out, "%s[100,%.1f]]", comma, load_report_quantile_us(latency, 1));
}

static void json_crowd(const load_result_t *result, FILE *out)
{
    const load_tally_t *tally = result->tally;
    const load_crowd_t *crowd = result->crowd;
    fprintf(out,
            ",\"hung_up\":%llu,\"reset\":%llu,\"idle\":{\"opened\":%u,\"open_at_end\":%u},"
            "\"resent\":{\"sent\":%llu,\"answered\":%llu,\"contradicted\":%llu,",
            (ull_t)tally->hung_up, (ull_t)tally->reset, crowd->idle.opened, crowd->idle_open,
            (ull_t)tally->resent, (ull_t)tally->resent_answered, (ull_t)tally->contradicted);
    json_latency(out, &tally->again_latency_ns);
    fprintf(out,
            "},\"slow\":{\"readers\":%u,\"answered\":%llu,\"closed_by_server\":%llu,\"held_back\":%u,"
            "\"retried\":%llu,",
            crowd->plan.connections, (ull_t)crowd->answered, (ull_t)crowd->closed, crowd->slow.held_back,
            (ull_t)crowd->retried);
    json_latency(out, &crowd->latency_ns);
    (void)fputs("}", out);
}

static void json_drops(const load_result_t *result, FILE *out)
{
    (void)fputs(",\"drops\":[", out);
    for (uint32_t i = 0; i < result->workload->drop_count; i++) {
        const load_drop_t *drop = &result->workload->drops[i];
        const uint64_t *counts = result->tally->by_drop[i];
        fprintf(out, "%s{\"drop_id\":%llu,\"accepted\":%llu,\"sold_out\":%llu,\"other\":%llu",
                i == 0 ? "" : ",", (ull_t)drop->drop_id, (ull_t)counts[SLC_STATUS_ACCEPTED],
                (ull_t)counts[SLC_STATUS_SOLD_OUT], (ull_t)load_report_other(counts));
        if (drop->opened) {
            fprintf(out, ",\"stock\":%llu", (ull_t)drop->stock);
        } else {
            (void)fputs(",\"stock\":null", out);
        }
        if (result->tally->drop_latency_ns != NULL) {
            (void)fputc(',', out);
            json_latency(out, &result->tally->drop_latency_ns[i]);
        }
        (void)fputs("}", out);
    }
    (void)fputs("]", out);
}

static void json_steps(const load_result_t *result, FILE *out)
{
    (void)fputs(",\"steps\":[", out);
    for (size_t i = 0; i < result->step_count; i++) {
        const load_step_t *step = &result->steps[i];
        fprintf(out, "%s{\"offered\":", i == 0 ? "" : ",");
        fprintf(out, step->rate > 0 ? "%.1f" : "null", step->rate);
        fprintf(out, ",\"answered\":%llu,\"seconds\":%.6f,\"rate\":%.1f,", (ull_t)step->answered,
                step->seconds, step->seconds > 0 ? (double)step->answered / step->seconds : 0);
        json_latency(out, &step->latency_ns);
        (void)fputc(',', out);
        json_distribution(out, &step->latency_ns);
        (void)fputs("}", out);
    }
    (void)fputs("]", out);
}

/* Units left of a drop that this run opened, of the first drops. */
static void json_stock(const load_result_t *result, const uint64_t *sold, FILE *out)
{
    uint64_t quantity = result->workload->quantity == 0 ? 1 : result->workload->quantity;
    const char *comma = "";
    (void)fputs(",\"stock\":[", out);
    for (uint32_t i = 0; i < result->workload->drop_count && i < LOAD_SERIES_DROPS; i++) {
        const load_drop_t *drop = &result->workload->drops[i];
        if (drop->opened) {
            fprintf(out, "%s%lld", comma, (long long)drop->stock - (long long)(sold[i] * quantity));
        } else {
            fprintf(out, "%snull", comma);
        }
        comma = ",";
    }
    (void)fputs("]", out);
}

static void json_series(const load_result_t *result, FILE *out)
{
    const load_series_t *series = result->series;
    uint64_t begun_ns = result->step_count == 0 ? 0 : result->steps[0].begun_ns;
    uint64_t first = begun_ns > series->origin_ns ? (begun_ns - series->origin_ns) / LOAD_SLICE_NS : 0;
    uint64_t sold[LOAD_SERIES_DROPS] = {0};
    (void)fputs(",\"series\":[", out);
    for (uint64_t i = first; i < series->count; i++) {
        const load_slice_t *slice = &series->slices[i];
        for (uint32_t drop = 0; drop < LOAD_SERIES_DROPS; drop++) {
            sold[drop] += slice->sold[drop];
        }
        fprintf(out,
                "%s{\"at_s\":%.1f,\"answered\":%llu,\"accepted\":%llu,\"p50_us\":%.1f,"
                "\"p99_us\":%.1f,\"max_us\":%.1f",
                i == first ? "" : ",", (double)(i - first) * LOAD_SLICE_NS / 1e9, (ull_t)slice->answered,
                (ull_t)slice->accepted, (double)slice->p50_ns / 1e3, (double)slice->p99_ns / 1e3,
                (double)slice->max_ns / 1e3);
        json_stock(result, sold, out);
        (void)fputs("}", out);
    }
    fprintf(out, "],\"series_incomplete\":%s", series->incomplete ? "true" : "false");
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
            (ull_t)tally->requests, (ull_t)tally->answered, result->seconds, load_report_rate(result));
    for (int status = 0; status < SLC_STATUS_COUNT; status++) {
        fprintf(out, ",\"%s\":%llu", load_report_key(status, key), (ull_t)tally->by_status[status]);
    }
    fprintf(out, ",\"replayed\":%llu,\"retried\":%llu,\"connections_lost\":%llu", (ull_t)tally->replayed,
            (ull_t)tally->retried, (ull_t)tally->broken);
    (void)fputc(',', out);
    json_latency(out, &tally->latency_ns);
    if (result->killed) {
        fprintf(out, ",\"kill_accepted\":%llu,\"kill_in_flight\":%llu", (ull_t)result->kill_accepted,
                (ull_t)result->kill_in_flight);
    } else {
        (void)fputs(",\"kill_accepted\":null,\"kill_in_flight\":null", out);
    }
    json_crowd(result, out);
    json_drops(result, out);
    json_steps(result, out);
    json_series(result, out);
    json_checks(result, out);
    (void)fputs(",\"failure\":", out);
    if (result->failure != NULL) {
        json_text(out, result->failure);
    } else {
        (void)fputs("null", out);
    }
    fprintf(out, ",\"ok\":%s}\n", result->ok ? "true" : "false");
}
