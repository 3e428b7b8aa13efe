/* Latency by percentile, from a file of HdrHistogram's percentile distribution: lines of value,
 * percentile, count and 1/(1 - percentile); comments begin with #. */
#include "memory.h"
#include "picture.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 640.0
#define HEIGHT 200.0
#define NINES_MAX 5.0 /* 99.999% */

bool picture_latency_read(const char *path, picture_latency_t *ret_latency)
{
    char line[256];
    FILE *file = fopen(path, "r");
    *ret_latency = (picture_latency_t){0};
    if (file == NULL) {
        (void)fprintf(stderr, "replay export: cannot read %s: %s\n", path, strerror(errno));
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
        (void)fprintf(
            stderr, "replay export: %s has no percentiles; --latency takes what perf/load --hgrm wrote\n",
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

void picture_latency(FILE *out, const picture_latency_t *latency)
{
    static const double shown[] = {0.5, 0.9, 0.99, 0.999, 0.9999, 1};
    double most = latency->values_ms[latency->count - 1];
    most = most > 0 ? most : 1;
    (void)fprintf(
        out,
        "<figure><figcaption>Latency by percentile</figcaption><div class=\"pair\"><svg viewBox=\"0 0 "
        "%.0f %.0f\" role=\"img\" aria-label=\"Latency by percentile; the table beside it says the "
        "same\"><title>Latency by percentile</title><path class=\"axis\" d=\"M8 176H632\"/>"
        "<path class=\"line\" d=\"",
        WIDTH, HEIGHT);
    for (uint64_t i = 0; i < latency->count; i++) {
        (void)fprintf(out, "%s%.2f %.2f", i == 0 ? "M" : "L", x_of(latency->percentiles[i]),
                      176 - 154 * latency->values_ms[i] / most);
    }
    (void)fprintf(out, "\"/><text x=\"8\" y=\"12\">at most %.3f ms</text>", most);
    for (int nines = 1; nines < 5; nines++) {
        (void)fprintf(out, "<text x=\"%.1f\" y=\"194\" text-anchor=\"middle\">%.*f%%</text>",
                      x_of(1 - pow(10, -nines)), nines > 2 ? nines - 2 : 0, 100 * (1 - pow(10, -nines)));
    }
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
