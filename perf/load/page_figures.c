#include "page.h"

#include "chart.h"
#include "report_text.h"

#include <math.h>
#include <stdlib.h>

/* From the median to 99.999%, in tenths of a decade. */
#define DISTRIBUTION_POINTS 48
/* Points of a curve over time: tenths of a second are taken together where there are more. */
#define TIME_POINTS 120u

static const load_chart_tick_t PERCENTILE_TICKS[] = {{0.30103, "50%"}, {1, "90%"},    {2, "99%"},
                                                     {3, "99.9%"},     {4, "99.99%"}, {5, "99.999%"}};
#define TICKS (sizeof PERCENTILE_TICKS / sizeof PERCENTILE_TICKS[0])

static void begin_figure(const char *title, FILE *out)
{
    fprintf(out, "<figure><figcaption>%s</figcaption><div class=\"pair\"><div>", title);
}

static void begin_table(const char *first, FILE *out)
{
    fprintf(out, "</div><div class=\"table\"><table><thead><tr><th>%s</th>", first);
}

static void end_figure(FILE *out)
{
    (void)fputs("</tbody></table></div></div></figure>\n", out);
}

/* ---- latency by rate ---- */

void load_page_rates(const load_result_t *result, FILE *out)
{
    static const double fractions[] = {0.5, 0.99, 0.999};
    static const char *const names[] = {"p50", "p99", "p99.9"};
    static load_chart_point_t points[3][LOAD_STEPS_MAX];
    load_chart_curve_t curves[3];
    for (size_t i = 0; i < 3; i++) {
        curves[i] = (load_chart_curve_t){.points = points[i], .count = result->step_count};
        (void)snprintf(curves[i].name, sizeof curves[i].name, "%s", names[i]);
        for (size_t k = 0; k < result->step_count; k++) {
            double us = load_report_quantile_us(&result->steps[k].latency_ns, fractions[i]);
            points[i][k] = (load_chart_point_t){result->steps[k].rate, us > 1 ? us : 1};
        }
    }
    load_chart_t chart = {.title = "Latency by rate",
                          .x_name = "requests due a second",
                          .y_name = "latency, us",
                          .curves = curves,
                          .curve_count = 3,
                          .y_log = true};
    begin_figure(chart.title, out);
    load_chart_write(&chart, out);
    begin_table("due a second", out);
    (void)fputs(
        "<th>answered a second</th><th>p50 us</th><th>p99 us</th><th>p99.9 us</th></tr></thead><tbody>\n",
        out);
    for (size_t k = 0; k < result->step_count; k++) {
        const load_step_t *step = &result->steps[k];
        fprintf(out, "<tr><td>%.0f</td><td>%.0f</td><td>%.0f</td><td>%.0f</td><td>%.0f</td></tr>\n",
                step->rate, step->seconds > 0 ? (double)step->answered / step->seconds : 0,
                points[0][k].y, points[1][k].y, points[2][k].y);
    }
    end_figure(out);
}

/* ---- percentiles ---- */

typedef struct sources {
    const load_histogram_t *list[LOAD_CHART_CURVES_MAX];
    load_chart_curve_t curves[LOAD_CHART_CURVES_MAX];
    size_t count;
} sources_t;

/* `number` 0: the name alone. */
static void add_source(sources_t *sources, const load_histogram_t *latency, const char *name,
                       double number)
{
    if (sources->count == LOAD_CHART_CURVES_MAX || latency->count == 0) {
        return;
    }
    load_chart_curve_t *curve = &sources->curves[sources->count];
    if (number > 0) {
        (void)snprintf(curve->name, sizeof curve->name, "%s %.0f", name, number);
    } else {
        (void)snprintf(curve->name, sizeof curve->name, "%s", name);
    }
    sources->list[sources->count++] = latency;
}

/* A curve for each rate of a sweep (every n-th of many), or the whole with its drops and those beside it.
 */
static void find_sources(const load_result_t *result, sources_t *sources)
{
    const load_tally_t *tally = result->tally;
    sources->count = 0;
    if (result->step_count > 1) {
        size_t every = (result->step_count + LOAD_CHART_CURVES_MAX - 1) / LOAD_CHART_CURVES_MAX;
        for (size_t i = 0; i < result->step_count; i += every) {
            add_source(sources, &result->steps[i].latency_ns, "a second:", result->steps[i].rate);
        }
        return;
    }
    add_source(sources, &tally->latency_ns, "all", 0);
    add_source(sources, &tally->again_latency_ns, "sent twice", 0);
    add_source(sources, &result->crowd->latency_ns, "slow readers", 0);
    for (uint32_t i = 0; tally->drop_latency_ns != NULL && i < result->workload->drop_count; i++) {
        add_source(sources, &tally->drop_latency_ns[i], "drop",
                   (double)result->workload->drops[i].drop_id);
    }
}

static void percentile_rows(const sources_t *sources, FILE *out)
{
    static const char *const names[] = {"50%", "90%", "99%", "99.9%", "99.99%", "99.999%", "all"};
    static const double fractions[] = {0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 1};
    for (size_t row = 0; row < sizeof fractions / sizeof fractions[0]; row++) {
        fprintf(out, "<tr><td>%s</td>", names[row]);
        for (size_t i = 0; i < sources->count; i++) {
            /* Above the last of few answers there is nothing to tell. */
            bool known = row == 6 || (1 - fractions[row]) * (double)sources->list[i]->count >= 0.999;
            if (known) {
                fprintf(out, "<td>%.0f</td>", load_report_quantile_us(sources->list[i], fractions[row]));
            } else {
                (void)fputs("<td>–</td>", out);
            }
        }
        (void)fputs("</tr>\n", out);
    }
}

void load_page_percentiles(const load_result_t *result, FILE *out)
{
    static load_chart_point_t points[LOAD_CHART_CURVES_MAX][DISTRIBUTION_POINTS];
    static sources_t sources;
    find_sources(result, &sources);
    for (size_t i = 0; i < sources.count; i++) {
        size_t count = 0;
        for (unsigned tenths = 0; count < DISTRIBUTION_POINTS; tenths++) {
            double x = PERCENTILE_TICKS[0].at + tenths * 0.1;
            if (x > 5) {
                break;
            }
            double above = pow(10, -x);
            if (above * (double)sources.list[i]->count < 0.999) {
                break;
            }
            double us = load_report_quantile_us(sources.list[i], 1 - above);
            points[i][count++] = (load_chart_point_t){x, us > 1 ? us : 1};
        }
        sources.curves[i].points = points[i];
        sources.curves[i].count = count;
    }
    load_chart_t chart = {.title = "Latency by percentile",
                          .x_name = "of all answers came within",
                          .y_name = "latency, us",
                          .curves = sources.curves,
                          .curve_count = sources.count,
                          .x_ticks = PERCENTILE_TICKS,
                          .x_tick_count = TICKS,
                          .y_log = true};
    begin_figure(chart.title, out);
    load_chart_write(&chart, out);
    begin_table("within, us", out);
    for (size_t i = 0; i < sources.count; i++) {
        fprintf(out, "<th>%s</th>", sources.curves[i].name);
    }
    (void)fputs("</tr></thead><tbody>\n", out);
    percentile_rows(&sources, out);
    end_figure(out);
}

/* ---- over time ---- */

/* Slices taken together: what came in them, their worst latency, what had been sold behind them. */
typedef struct grouped {
    load_slice_t slices[TIME_POINTS];
    size_t count;
    double seconds; /* of each */
} grouped_t;

static void group(const load_result_t *result, grouped_t *grouped)
{
    const load_series_t *series = result->series;
    uint64_t begun_ns = result->step_count == 0 ? 0 : result->steps[0].begun_ns;
    uint64_t first = begun_ns > series->origin_ns ? (begun_ns - series->origin_ns) / LOAD_SLICE_NS : 0;
    uint64_t all = series->count > first ? series->count - first : 0;
    uint64_t each = (all + TIME_POINTS - 1) / TIME_POINTS;
    *grouped = (grouped_t){.seconds = (double)each * LOAD_SLICE_NS / 1e9};
    for (uint64_t i = 0; i < all; i++) {
        const load_slice_t *from = &series->slices[first + i];
        load_slice_t *into = &grouped->slices[i / each];
        grouped->count = (size_t)(i / each) + 1;
        if (i % each == 0 && i > 0) {
            for (uint32_t drop = 0; drop < LOAD_SERIES_DROPS; drop++) {
                into->sold[drop] = grouped->slices[i / each - 1].sold[drop];
            }
        }
        into->answered += from->answered;
        into->accepted += from->accepted;
        into->p99_ns = from->p99_ns > into->p99_ns ? from->p99_ns : into->p99_ns;
        into->max_ns = from->max_ns > into->max_ns ? from->max_ns : into->max_ns;
        for (uint32_t drop = 0; drop < LOAD_SERIES_DROPS; drop++) {
            into->sold[drop] += from->sold[drop];
        }
    }
}

typedef double (*value_t)(const grouped_t *grouped, size_t index);

static double answered_of(const grouped_t *grouped, size_t index)
{
    return (double)grouped->slices[index].answered / grouped->seconds;
}

static double accepted_of(const grouped_t *grouped, size_t index)
{
    return (double)grouped->slices[index].accepted / grouped->seconds;
}

static double p99_of(const grouped_t *grouped, size_t index)
{
    return fmax(1, (double)grouped->slices[index].p99_ns / 1e3);
}

static double max_of(const grouped_t *grouped, size_t index)
{
    return fmax(1, (double)grouped->slices[index].max_ns / 1e3);
}

static load_chart_point_t time_points[LOAD_CHART_CURVES_MAX][TIME_POINTS];

static void write_times(load_chart_t *chart, const load_chart_curve_t *curves, FILE *out)
{
    chart->x_name = "seconds";
    chart->curves = curves;
    begin_figure(chart->title, out);
    load_chart_write(chart, out);
    begin_table("s", out);
    for (size_t i = 0; i < chart->curve_count; i++) {
        fprintf(out, "<th>%s</th>", curves[i].name);
    }
    (void)fputs("</tr></thead><tbody>\n", out);
    for (size_t k = 0; k < curves[0].count; k++) {
        fprintf(out, "<tr><td>%.1f</td>", curves[0].points[k].x);
        for (size_t i = 0; i < chart->curve_count; i++) {
            fprintf(out, "<td>%.0f</td>", curves[i].points[k].y);
        }
        (void)fputs("</tr>\n", out);
    }
    end_figure(out);
}

static void two_curves(const grouped_t *grouped, load_chart_t chart, value_t first,
                       const char *first_name, value_t second, const char *second_name, FILE *out)
{
    load_chart_curve_t curves[2] = {{.points = time_points[0]}, {.points = time_points[1]}};
    size_t count = 0;
    (void)snprintf(curves[0].name, sizeof curves[0].name, "%s", first_name);
    (void)snprintf(curves[1].name, sizeof curves[1].name, "%s", second_name);
    for (size_t k = 0; k < grouped->count; k++) {
        double at = (double)k * grouped->seconds;
        if (chart.y_log && grouped->slices[k].answered == 0) {
            continue; /* no answer, no latency */
        }
        time_points[0][count] = (load_chart_point_t){at, first(grouped, k)};
        time_points[1][count++] = (load_chart_point_t){at, second(grouped, k)};
    }
    curves[0].count = curves[1].count = count;
    chart.curve_count = 2;
    write_times(&chart, curves, out);
}

/* Of the first drops that this run opened, by what buyers heard: the units left behind each point. */
static void stock_over_time(const load_result_t *result, const grouped_t *grouped, FILE *out)
{
    load_chart_curve_t curves[LOAD_SERIES_DROPS];
    uint64_t quantity = result->workload->quantity == 0 ? 1 : result->workload->quantity;
    size_t count = 0;
    for (uint32_t i = 0; i < result->workload->drop_count && i < LOAD_SERIES_DROPS; i++) {
        const load_drop_t *drop = &result->workload->drops[i];
        if (!drop->opened) {
            continue;
        }
        for (size_t k = 0; k < grouped->count; k++) {
            double sold = (double)(grouped->slices[k].sold[i] * quantity);
            time_points[count][k] =
                (load_chart_point_t){(double)k * grouped->seconds, fmax(0, (double)drop->stock - sold)};
        }
        curves[count] = (load_chart_curve_t){.points = time_points[count], .count = grouped->count};
        (void)snprintf(curves[count].name, sizeof curves[count].name, "drop %llu",
                       (unsigned long long)drop->drop_id);
        count++;
    }
    if (count > 0 && result->crowd->runs) {
        (void)fputs("<p class=\"known\">What slow readers bought is missing in the stock.</p>", out);
    }
    if (count > 0) {
        load_chart_t chart = {.title = "Stock over time, as the buyers heard of it",
                              .y_name = "units left",
                              .curve_count = count};
        write_times(&chart, curves, out);
    }
}

void load_page_times(const load_result_t *result, FILE *out)
{
    grouped_t *grouped = malloc(sizeof *grouped);
    if (grouped == NULL) {
        (void)fputs("<p>There was no memory for what came over time.</p>\n", out);
        return;
    }
    group(result, grouped);
    two_curves(grouped, (load_chart_t){.title = "Throughput over time", .y_name = "a second"},
               answered_of, "answered", accepted_of, "accepted", out);
    two_curves(grouped,
               (load_chart_t){.title = "Latency over time", .y_name = "latency, us", .y_log = true},
               p99_of, "p99 us", max_of, "longest us", out);
    stock_over_time(result, grouped, out);
    free(grouped);
}
