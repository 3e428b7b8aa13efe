#include "report.h"
#include "report_text.h"

#include <ctype.h>

typedef unsigned long long ull_t;

double load_report_rate(const load_result_t *result)
{
    uint64_t answered = 0; /* without what slow readers heard */
    for (size_t i = 0; i < result->step_count; i++) {
        answered += result->steps[i].answered;
    }
    return result->seconds > 0 ? (double)answered / result->seconds : 0;
}

double load_report_quantile_us(const load_histogram_t *histogram, double fraction)
{
    return (double)load_histogram_quantile(histogram, fraction) / 1000;
}

/* "STATUS_SOLD_OUT" as "sold_out". */
const char *load_report_key(int status, char out[32])
{
    const char *name = slc_status_name(status) + sizeof "STATUS_" - 1;
    size_t i = 0;
    for (; name[i] != '\0' && i < 31; i++) {
        out[i] = (char)tolower((unsigned char)name[i]);
    }
    out[i] = '\0';
    return out;
}

uint64_t load_report_other(const uint64_t *counts)
{
    uint64_t other = 0;
    for (int status = 0; status < SLC_STATUS_COUNT; status++) {
        other += status == SLC_STATUS_ACCEPTED || status == SLC_STATUS_SOLD_OUT ? 0 : counts[status];
    }
    return other;
}

static void text_latency(FILE *out, const char *of, const load_histogram_t *latency)
{
    fprintf(out, "latency in us, %-12s p50 %.0f  p90 %.0f  p99 %.0f  p99.9 %.0f  max %.0f\n", of,
            load_report_quantile_us(latency, 0.5), load_report_quantile_us(latency, 0.9),
            load_report_quantile_us(latency, 0.99), load_report_quantile_us(latency, 0.999),
            load_report_quantile_us(latency, 1));
}

static void text_crowd(const load_result_t *result, FILE *out)
{
    const load_tally_t *tally = result->tally;
    const load_crowd_t *crowd = result->crowd;
    if (crowd->idle.wanted > 0) {
        fprintf(out, "%u idle connections beside them, %u open at the end\n", crowd->idle.opened,
                crowd->idle_open);
    }
    if (tally->hung_up + tally->reset > 0) {
        fprintf(out,
                "%llu connections closed with FIN, %llu with RST, and opened anew; %llu requests asked "
                "again\n",
                (ull_t)tally->hung_up, (ull_t)tally->reset, (ull_t)tally->retried);
    }
    if (tally->resent > 0) {
        fprintf(out, "%llu requests sent twice, %llu answered twice, %llu contradictions\n",
                (ull_t)tally->resent, (ull_t)tally->resent_answered, (ull_t)tally->contradicted);
        text_latency(out, "sent twice", &tally->again_latency_ns);
    }
    if (crowd->runs) {
        fprintf(
            out,
            "%u slow readers: %llu answers, %llu closed by the server, %u held back, %llu asked again\n",
            crowd->plan.connections, (ull_t)crowd->answered, (ull_t)crowd->closed, crowd->slow.held_back,
            (ull_t)crowd->retried);
        text_latency(out, "slow readers", &crowd->latency_ns);
    }
}

void load_report_text(const load_result_t *result, FILE *out)
{
    const load_tally_t *tally = result->tally;
    char key[32];
    fprintf(out, "%llu requests over %llu connections, %llu in flight on each",
            (ull_t)(tally->requests - result->crowd->slow.tally.requests),
            (ull_t)result->options->connections, (ull_t)result->options->window);
    if (result->options->ramp_to > 0) {
        fprintf(out, ", %.0f to %.0f due each second", result->options->rates[0],
                result->options->ramp_to);
    } else if (result->options->rate_count == 1) {
        fprintf(out, ", %.0f due each second", result->options->rates[0]);
    }
    fprintf(out, "\n%llu answered in %.3f s: %.0f/s\n",
            (ull_t)(tally->answered - result->crowd->answered), result->seconds,
            load_report_rate(result));
    for (int status = 0; status < SLC_STATUS_COUNT; status++) {
        if (tally->by_status[status] > 0) {
            fprintf(out, "  %-16s %12llu\n", load_report_key(status, key),
                    (ull_t)tally->by_status[status]);
        }
    }
    fprintf(out, "  %-16s %12llu\n", "replayed", (ull_t)tally->replayed);
    if (tally->broken > 0) {
        fprintf(out, "%llu connections lost, %llu requests asked again\n", (ull_t)tally->broken,
                (ull_t)tally->retried);
    }
    text_latency(out, "all", &tally->latency_ns);
    for (uint32_t i = 0; tally->drop_latency_ns != NULL && i < result->workload->drop_count; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "drop %llu", (ull_t)result->workload->drops[i].drop_id);
        text_latency(out, name, &tally->drop_latency_ns[i]);
    }
    for (size_t i = 0; result->step_count > 1 && i < result->step_count; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "%.0f/s", result->steps[i].rate);
        text_latency(out, name, &result->steps[i].latency_ns);
    }
    text_crowd(result, out);
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
