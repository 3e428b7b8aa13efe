/* Latency by percentile, from a file of HdrHistogram's percentile distribution: lines of value,
 * percentile, count and 1/(1 - percentile); comments begin with #. */
#include "../common/called.h"
#include "memory.h"
#include "picture.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 640.0
#define HEIGHT 200.0
#define TOP 22.0
#define BASE 176.0
#define NINES_MAX 5.0 /* 99.999% */

bool picture_latency_read(const char *path, picture_latency_t *ret_latency)
{
    char line[256];
    FILE *file = fopen(path, "r");
    *ret_latency = (picture_latency_t){0};
    if (file == NULL) {
        called_say("replay", "replay export: cannot read %s: %s\n", path, strerror(errno));
        return false;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        double value;
        double percentile;
        picture_latency_t *latency = ret_latency;
        if (sscanf(line, " %lf %lf", &value, &percentile) != 2 || value < 0 || percentile < 0 ||
            percentile > 1) {
            continue; /* a heading or a comment */
        }
        latency->values_ms =
            replay_grow(latency->values_ms, &latency->capacity, latency->count + 1, sizeof(double));
        latency->percentiles = replay_grow(latency->percentiles, &latency->percentiles_capacity,
                                           latency->count + 1, sizeof(double));
        latency->values_ms[latency->count] = value;
        latency->percentiles[latency->count++] = percentile;
    }
    bool failed = ferror(file) != 0;
    (void)fclose(file); /* only read from */
    if (failed || ret_latency->count == 0) {
        called_say("replay",
                   "replay export: %s has no percentiles; --latency takes what perf/load --hgrm wrote\n",
                   path);
        picture_latency_finish(ret_latency);
        return false;
    }
    return true;
}

void picture_latency_finish(picture_latency_t *latency)
{
    free(latency->values_ms);
    free(latency->percentiles);
    *latency = (picture_latency_t){0};
}

static double value_at(const picture_latency_t *latency, double percentile)
{
    uint64_t at = 0;
    while (at + 1 < latency->count && latency->percentiles[at] < percentile) {
        at++;
    }
    return latency->values_ms[at];
}

/* By the number of nines: 0 is the fastest, 1 is 90%, 2 is 99%. */
static double x_of(double percentile)
{
    double nines = percentile >= 1 ? NINES_MAX : -log10(1 - percentile);
    return 8 + (WIDTH - 16) * (nines < NINES_MAX ? nines : NINES_MAX) / NINES_MAX;
}

/* Decades from the one below the smallest value to the one above the largest. */
typedef struct decades {
    int low;
    int high;
} decades_t;

static decades_t decades_of(const picture_latency_t *latency)
{
    double most = latency->values_ms[latency->count - 1];
    double least = most;
    for (uint64_t i = 0; i < latency->count; i++) {
        double value = latency->values_ms[i];
        least = value > 0 && value < least ? value : least;
    }
    decades_t decades = {.low = -1, .high = 0};
    if (most > 0) {
        decades.low = (int)floor(log10(least));
        decades.high = (int)ceil(log10(most));
    }
    decades.high += decades.high == decades.low;
    return decades;
}

static double y_of(decades_t decades, double ms)
{
    double exponent = ms > 0 ? log10(ms) : decades.low;
    return BASE - (BASE - TOP) * (exponent - decades.low) / (decades.high - decades.low);
}

static void put_ms(FILE *out, double ms)
{
    picture_put_span(out, (uint64_t)llround(ms * 1000));
}

static void put_grid(FILE *out, decades_t decades)
{
    for (int exponent = decades.low; exponent <= decades.high; exponent++) {
        double y = y_of(decades, pow(10, exponent));
        (void)fprintf(out, "<path class=\"%s\" d=\"M8 %.1fH632\"/><text x=\"8\" y=\"%.1f\">",
                      exponent == decades.low ? "axis" : "grid", y, y - 4);
        if (exponent >= -3) { /* below a microsecond nothing is measured */
            put_ms(out, pow(10, exponent));
        }
        (void)fputs("</text>", out);
    }
    for (int nines = 1; nines < 5; nines++) {
        (void)fprintf(out, "<text x=\"%.1f\" y=\"194\" text-anchor=\"middle\">%.*f%%</text>",
                      x_of(1 - pow(10, -nines)), nines > 2 ? nines - 2 : 0, 100 * (1 - pow(10, -nines)));
    }
}

static void put_line(FILE *out, const picture_latency_t *latency, decades_t decades)
{
    (void)fputs("<path class=\"line\" d=\"", out);
    for (uint64_t i = 0; i < latency->count; i++) {
        (void)fprintf(out, "%s%.2f %.2f", i == 0 ? "M" : "L", x_of(latency->percentiles[i]),
                      y_of(decades, latency->values_ms[i]));
    }
    (void)fputs("\"/>", out);
}

/* What is asked for most: half of the buyers, 99 of 100, 999 of 1,000. */
static void put_marks(FILE *out, const picture_latency_t *latency, decades_t decades)
{
    static const double marked[] = {0.5, 0.99, 0.999};
    for (size_t i = 0; i < sizeof marked / sizeof marked[0]; i++) {
        double ms = value_at(latency, marked[i]);
        double x = x_of(marked[i]);
        double y = y_of(decades, ms);
        (void)fprintf(out,
                      "<rect class=\"wins\" x=\"%.1f\" y=\"%.1f\" width=\"8\" height=\"8\"/>"
                      "<text x=\"%.1f\" y=\"%.1f\">",
                      x - 4, y - 4, x + 8, y + 20);
        put_ms(out, ms);
        (void)fputs("</text>", out);
    }
}

void picture_latency(FILE *out, const picture_latency_t *latency)
{
    static const double shown[] = {0.5, 0.9, 0.99, 0.999, 0.9999, 1};
    decades_t decades = decades_of(latency);
    (void)fprintf(
        out,
        "<figure><figcaption>Latency by percentile<small>logarithmic; marked are 50%%, 99%% and "
        "99.9%%</small></figcaption><div class=\"pair\"><svg viewBox=\"0 0 "
        "%.0f %.0f\" role=\"img\" aria-label=\"Latency by percentile; the table beside it says the "
        "same\"><title>Latency by percentile</title>",
        WIDTH, HEIGHT);
    put_grid(out, decades);
    put_line(out, latency, decades);
    put_marks(out, latency, decades);
    (void)fputs("</svg><div class=\"table\" tabindex=\"0\"><table><thead><tr><th>share</th><th>at most, "
                "ms</th></tr>"
                "</thead><tbody>",
                out);
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        (void)fprintf(out, "<tr><th scope=\"row\">%g%%</th><td>%.3f</td></tr>", shown[i] * 100,
                      value_at(latency, shown[i]));
    }
    (void)fputs("</tbody></table></div></div></figure>\n", out);
}
