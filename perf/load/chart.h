/* One picture of a report: curves over axes, as SVG that a page holds within itself, with its legend.
 * Colours come from the page's style (.c0 to .c7 for curves, so that light and dark differ there).
 * Threads: any, one at a time for a stream. Ownership: reads what it is given. Failure: none of its own;
 * who closes the stream looks. */
#ifndef SLC_PERF_LOAD_CHART_H
#define SLC_PERF_LOAD_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define LOAD_CHART_CURVES_MAX 8u

typedef struct load_chart_point {
    double x;
    double y;
} load_chart_point_t;

typedef struct load_chart_curve {
    char name[48];
    const load_chart_point_t *points; /* by x */
    size_t count;
} load_chart_curve_t;

typedef struct load_chart_tick {
    double at;
    const char *label;
} load_chart_tick_t;

typedef struct load_chart {
    const char *title;
    const char *x_name;
    const char *y_name;
    const load_chart_curve_t *curves;
    size_t curve_count;
    const load_chart_tick_t *x_ticks; /* NULL: by themselves */
    size_t x_tick_count;
    bool y_log; /* every y is above 0; else the axis begins at 0 */
} load_chart_t;

void load_chart_write(const load_chart_t *chart, FILE *out);

/* The next number of 1, 2 or 5 times a power of ten from `value` (above 0) on: a step of an axis. */
double load_chart_step(double value);
/* A number as short as an axis has it: 950, 1.5k, 2M. `out` has 32 bytes. */
const char *load_chart_number(double value, char *out);
/* Text as a page may hold it: what HTML means otherwise is escaped. */
void load_chart_put_text(const char *text, FILE *out);

#endif
