#include "page.h"

#include "chart.h"
#include "report_text.h"

typedef unsigned long long ull_t;

static const char HEAD[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>Sluice under "
    "load</title><style>\n"
    ":root{color-scheme:light "
    "dark;--paper:#fff;--ink:#1a1d21;--soft:#5c6570;--rule:#d5d9df;--good:#0a7d4f;"
    "--bad:#c02f2f;--c0:#1f5fa8;--c1:#c2571a;--c2:#0a7d4f;--c3:#8a3fa0;--c4:#a5343f;--c5:#6b6f12;--c6:#"
    "127a86;"
    "--c7:#5c6570}\n"
    "@media(prefers-color-scheme:dark){:root{--paper:#14171b;--ink:#e8eaed;--soft:#a3abb6;--rule:#343b45;"
    "--good:#3ecf8e;--bad:#ff7b72;--c0:#6db1ff;--c1:#ffa05c;--c2:#3ecf8e;--c3:#d99bf0;--c4:#ff8a94;--c5:#"
    "d7d85a;"
    "--c6:#5fd3e0;--c7:#a3abb6}}\n"
    "body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.45 system-ui,sans-serif}"
    "main{max-width:72rem;margin:auto;padding:1rem}h1{font-size:1.6rem}"
    "h2{font-size:1.2rem;border-top:1px solid var(--rule);padding-top:1rem}\n"
    "dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.6rem 1rem}"
    "dt{color:var(--soft);font-size:.85rem}dd{margin:0;font-size:1.1rem;font-variant-numeric:tabular-"
    "nums;"
    "overflow-wrap:anywhere}dl .wide{grid-column:1/-1}code{font-size:.9rem}\n"
    "figure{margin:1.5rem 0}figcaption{font-weight:600;margin-bottom:.4rem}"
    ".pair{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:1rem}"
    "@media(max-width:48rem){.pair{grid-template-columns:minmax(0,1fr)}}"
    ".table{max-height:20rem;overflow:auto;border:1px solid "
    "var(--rule)}table{border-collapse:collapse;width:100%;"
    "font-size:.85rem;font-variant-numeric:tabular-nums}th,td{padding:.2rem .5rem;text-align:right}"
    "thead th{position:sticky;top:0;background:var(--paper)}.checks td,.checks "
    "th{text-align:left;white-space:nowrap}\n"
    "svg{width:100%;height:auto}svg "
    "text{fill:var(--soft);font-size:13px}.axis{stroke:var(--rule);fill:none}"
    "polyline{fill:none;stroke-width:2}.legend span{margin-right:1rem;white-space:nowrap}"
    ".legend i{display:inline-block;width:.8rem;height:.8rem;margin-right:.3rem;border-radius:50%}";

static const char COLOURS[] =
    "\n.good{color:var(--good)}.bad{color:var(--bad)}p.known{color:var(--soft);font-size:.9rem}\n"
    "</style></head><body><main><h1>Sluice under load</h1>\n";

static void put_style(FILE *out)
{
    (void)fputs(HEAD, out);
    for (unsigned i = 0; i < LOAD_CHART_CURVES_MAX; i++) {
        fprintf(
            out,
            "\npolyline.c%u{stroke:var(--c%u)}circle.c%u{fill:var(--c%u)}i.c%u{background:var(--c%u)}", i,
            i, i, i, i, i);
    }
    (void)fputs(COLOURS, out);
}

static void put_fact(FILE *out, const char *name, const char *text, bool wide)
{
    fprintf(out, "<div%s><dt>%s</dt><dd>", wide ? " class=\"wide\"" : "", name);
    load_chart_put_text(text, out);
    (void)fputs("</dd></div>", out);
}

static void put_count(FILE *out, const char *name, double value)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%.0f", value);
    put_fact(out, name, text, false);
}

static void put_outcome(const load_result_t *result, FILE *out)
{
    const load_tally_t *tally = result->tally;
    const load_crowd_t *crowd = result->crowd;
    char key[32];
    fprintf(out, "<p><strong class=\"%s\">%s</strong>", result->ok ? "good" : "bad",
            result->ok ? "All checks passed." : "A check failed: the figures below are worth nothing. ");
    if (result->failure != NULL) {
        load_chart_put_text(result->failure, out);
    }
    (void)fputs("</p><dl>", out);
    put_count(out, "answers a second", load_report_rate(result));
    put_count(out, "p50, us", load_report_quantile_us(&tally->latency_ns, 0.5));
    put_count(out, "p99, us", load_report_quantile_us(&tally->latency_ns, 0.99));
    put_count(out, "p99.9, us", load_report_quantile_us(&tally->latency_ns, 0.999));
    for (int status = 0; status < SLC_STATUS_COUNT; status++) {
        if (tally->by_status[status] > 0) {
            put_count(out, load_report_key(status, key), (double)tally->by_status[status]);
        }
    }
    put_count(out, "replayed", (double)tally->replayed);
    if (crowd->idle.wanted > 0) {
        put_count(out, "idle connections open at the end", crowd->idle_open);
    }
    if (tally->hung_up + tally->reset > 0) {
        put_count(out, "connections closed and opened anew", (double)(tally->hung_up + tally->reset));
    }
    if (tally->resent > 0) {
        put_count(out, "requests sent twice", (double)tally->resent);
    }
    if (crowd->runs) {
        put_count(out, "slow readers closed by the server", (double)crowd->closed);
        put_count(out, "slow readers held back", (double)crowd->slow.held_back);
    }
    (void)fputs("</dl>\n", out);
}

static void put_conditions(const load_conditions_t *conditions, FILE *out)
{
    char text[64];
    (void)fputs("<section><h2>Conditions</h2><dl>", out);
    put_fact(out, "machine", conditions->machine, false);
    (void)snprintf(text, sizeof text, "%ld, shared by this load generator", conditions->cores);
    put_fact(out, "cores", text, false);
    put_fact(out, "kernel", conditions->kernel, false);
    (void)snprintf(text, sizeof text, "%.2f before, %.2f after", conditions->load_before,
                   conditions->load_after);
    put_fact(out, "load average", text, false);
    put_fact(out, "begun", conditions->begun, false);
    put_fact(out, "flags", conditions->flags, true);
    (void)fputs("</dl><p class=\"known\">From the client's write to its decoding of the reply; with a "
                "rate, from when "
                "the request was due, so that a server that stalls is charged for those who waited (no "
                "coordinated "
                "omission). Connecting, Hello and opening the drops are left out. Whether the server ran "
                "on the same "
                "machine, and on which disk, is not known here.</p></section>\n",
                out);
}

static void put_checks(const load_result_t *result, FILE *out)
{
    (void)fputs("<section><h2>Checks</h2><div class=\"table\"><table "
                "class=\"checks\"><thead><tr><th>check</th><th>drop"
                "</th><th>verdict</th><th>numbers</th></tr></thead><tbody>\n",
                out);
    for (size_t i = 0; i < result->check_count; i++) {
        const load_check_t *check = &result->checks[i];
        fprintf(out, "<tr><td>%s</td><td>", check->name);
        if (check->drop_id != 0) {
            fprintf(out, "%llu", (ull_t)check->drop_id);
        }
        fprintf(out, "</td><td class=\"%s\">%s</td><td>", check->ok ? "good" : "bad",
                check->ok ? "PASS" : "FAIL");
        load_chart_put_text(check->detail, out);
        (void)fputs("</td></tr>\n", out);
    }
    (void)fputs("</tbody></table></div></section>\n", out);
}

void load_page_write(const load_result_t *result, const load_conditions_t *conditions, FILE *out)
{
    put_style(out);
    put_outcome(result, out);
    if (result->step_count > 1) {
        load_page_rates(result, out);
    }
    load_page_percentiles(result, out);
    load_page_times(result, out);
    put_checks(result, out);
    put_conditions(conditions, out);
    (void)fputs("</main></body></html>\n", out);
}

bool load_page_save(const load_result_t *result, const load_conditions_t *conditions, const char *path)
{
    FILE *out = fopen(path, "we");
    if (out == NULL) {
        return false;
    }
    load_page_write(result, conditions, out);
    bool good = ferror(out) == 0;
    return fclose(out) == 0 && good;
}
