#include "chart.h"

#include <math.h>

/* In units of the picture, which is scaled to the width of the page. */
#define WIDTH 640.0
#define HEIGHT 300.0
#define LEFT 64.0
#define RIGHT 16.0
#define TOP 14.0
#define BOTTOM 44.0
#define TICKS 5.0

/* What an axis shows, from low to high. */
typedef struct span {
    double low;
    double high;
} span_t;

double load_chart_step(double value)
{
    double power = pow(10, floor(log10(value)));
    double digit = value / power;
    /* A hair of tolerance: 5 divided by a power of ten is not always 5. */
    return power * (digit <= 1 + 1e-9 ? 1 : digit <= 2 + 1e-9 ? 2 : digit <= 5 + 1e-9 ? 5 : 10);
}

const char *load_chart_number(double value, char *out)
{
    static const char *const units[] = {"", "k", "M", "G"};
    size_t unit = 0;
    while (value >= 999.5 && unit < 3) {
        value /= 1000;
        unit++;
    }
    (void)snprintf(out, 32, "%.3g%s", value, units[unit]);
    return out;
}

void load_chart_put_text(const char *text, FILE *out)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<':
            (void)fputs("&lt;", out);
            break;
        case '>':
            (void)fputs("&gt;", out);
            break;
        case '&':
            (void)fputs("&amp;", out);
            break;
        case '"':
            (void)fputs("&quot;", out);
            break;
        default:
            (void)fputc((unsigned char)*text < 0x20 ? ' ' : *text, out);
        }
    }
}

static span_t span_of(const load_chart_t *chart, bool of_y)
{
    span_t span = {.low = HUGE_VAL, .high = -HUGE_VAL};
    for (size_t i = 0; i < chart->curve_count; i++) {
        for (size_t k = 0; k < chart->curves[i].count; k++) {
            double value = of_y ? chart->curves[i].points[k].y : chart->curves[i].points[k].x;
            span.low = fmin(span.low, value);
            span.high = fmax(span.high, value);
        }
    }
    return span;
}

static double x_of(span_t span, double x)
{
    return LEFT + (x - span.low) / (span.high - span.low) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const load_chart_t *chart, span_t span, double y)
{
    double share = chart->y_log ? (log10(y) - log10(span.low)) / (log10(span.high) - log10(span.low))
                                : (y - span.low) / (span.high - span.low);
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
}

/* ---- axes ---- */

static void put_y_tick(const load_chart_t *chart, span_t span, double value, FILE *out)
{
    char label[32];
    double y = y_of(chart, span, value);
    fprintf(out,
            "<path class=\"axis\" d=\"M%.0f %.1fH%.0f\"/><text x=\"%.0f\" y=\"%.1f\" "
            "text-anchor=\"end\">%s</text>",
            LEFT, y, WIDTH - RIGHT, LEFT - 6, y + 4, load_chart_number(value, label));
}

static void put_y_axis(const load_chart_t *chart, span_t span, FILE *out)
{
    if (chart->y_log) {
        double value = span.low;
        while (value <= span.high * 1.001) {
            put_y_tick(chart, span, value, out);
            value *= 10;
        }
    } else {
        double step = load_chart_step(span.high / TICKS);
        for (int i = 0; i * step <= span.high * 1.001; i++) {
            put_y_tick(chart, span, i * step, out);
        }
    }
    fprintf(out, "<text x=\"4\" y=\"%.0f\" transform=\"rotate(-90 12 %.0f)\" text-anchor=\"middle\">",
            HEIGHT / 2, HEIGHT / 2);
    load_chart_put_text(chart->y_name, out);
    (void)fputs("</text>", out);
}

static void put_x_tick(span_t span, double at, const char *label, FILE *out)
{
    fprintf(
        out,
        "<path class=\"axis\" d=\"M%.1f %.0fv5\"/><text x=\"%.1f\" y=\"%.0f\" text-anchor=\"middle\">",
        x_of(span, at), HEIGHT - BOTTOM, x_of(span, at), HEIGHT - BOTTOM + 18);
    load_chart_put_text(label, out);
    (void)fputs("</text>", out);
}

static void put_x_axis(const load_chart_t *chart, span_t span, FILE *out)
{
    char label[32];
    double step = load_chart_step((span.high - span.low) / TICKS);
    for (size_t i = 0; chart->x_ticks != NULL && i < chart->x_tick_count; i++) {
        put_x_tick(span, chart->x_ticks[i].at, chart->x_ticks[i].label, out);
    }
    double at = ceil(span.low / step) * step;
    while (chart->x_ticks == NULL && at <= span.high + step / 1000) {
        put_x_tick(span, at, load_chart_number(fabs(at) < step / 1000 ? 0 : at, label), out);
        at += step;
    }
    fprintf(out, "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"end\">", WIDTH - RIGHT, HEIGHT - 6);
    load_chart_put_text(chart->x_name, out);
    (void)fputs("</text>", out);
}

/* ---- curves ---- */

static void put_curve(const load_chart_t *chart, size_t index, span_t xs, span_t ys, FILE *out)
{
    const load_chart_curve_t *curve = &chart->curves[index];
    fprintf(out, "<polyline class=\"c%zu\" points=\"", index);
    for (size_t i = 0; i < curve->count; i++) {
        fprintf(out, "%s%.1f,%.1f", i == 0 ? "" : " ", x_of(xs, curve->points[i].x),
                y_of(chart, ys, curve->points[i].y));
    }
    (void)fputs("\"/>", out);
    /* A curve of few points shows them: one alone would have no line. */
    for (size_t i = 0; curve->count <= 16 && i < curve->count; i++) {
        fprintf(out, "<circle class=\"c%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>", index,
                x_of(xs, curve->points[i].x), y_of(chart, ys, curve->points[i].y));
    }
}

static void put_legend(const load_chart_t *chart, FILE *out)
{
    (void)fputs("<p class=\"legend\">", out);
    for (size_t i = 0; i < chart->curve_count; i++) {
        fprintf(out, "<span><i class=\"c%zu\"></i>", i);
        load_chart_put_text(chart->curves[i].name, out);
        (void)fputs("</span> ", out);
    }
    (void)fputs("</p>", out);
}

void load_chart_write(const load_chart_t *chart, FILE *out)
{
    span_t xs = span_of(chart, false);
    span_t ys = span_of(chart, true);
    if (!(xs.low <= xs.high)) {
        (void)fputs("<p>Nothing was answered.</p>\n", out);
        return;
    }
    if (chart->x_ticks != NULL) {
        xs.low = chart->x_ticks[0].at;
        xs.high = fmax(xs.high, chart->x_ticks[chart->x_tick_count - 1].at);
    }
    if (xs.low == xs.high) {
        xs.low -= 0.5;
        xs.high += 0.5;
    }
    if (chart->y_log) {
        ys.low = pow(10, floor(log10(ys.low)));
        ys.high = fmax(pow(10, ceil(log10(ys.high))), ys.low * 10);
    } else {
        ys.low = 0;
        ys.high = ys.high > 0 ? ys.high * 1.05 : 1;
    }
    fprintf(out, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", WIDTH, HEIGHT);
    load_chart_put_text(chart->title, out);
    (void)fputs("\">", out);
    put_y_axis(chart, ys, out);
    put_x_axis(chart, xs, out);
    for (size_t i = 0; i < chart->curve_count; i++) {
        put_curve(chart, i, xs, ys, out);
    }
    (void)fputs("</svg>\n", out);
    put_legend(chart, out);
}
