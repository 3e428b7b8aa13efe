#include "histogram.h"

#include <math.h>

uint64_t load_histogram_bucket_top(uint32_t bucket)
{
    if (bucket < 2 * LOAD_HISTOGRAM_STEPS) {
        return bucket;
    }
    uint32_t shift = bucket / LOAD_HISTOGRAM_STEPS - 1;
    uint64_t first = (uint64_t)(bucket - shift * LOAD_HISTOGRAM_STEPS) << shift;
    return first + ((UINT64_C(1) << shift) - 1);
}

void load_histogram_merge(load_histogram_t *into, const load_histogram_t *from)
{
    into->count += from->count;
    into->max = from->max > into->max ? from->max : into->max;
    for (uint32_t i = 0; i < LOAD_HISTOGRAM_BUCKETS; i++) {
        into->buckets[i] += from->buckets[i];
    }
}

uint64_t load_histogram_quantile(const load_histogram_t *histogram, double fraction)
{
    double wanted = fraction * (double)histogram->count;
    uint64_t seen = 0;
    for (uint32_t i = 0; i < LOAD_HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen > 0 && (double)seen >= wanted) {
            uint64_t top = load_histogram_bucket_top(i);
            return top < histogram->max ? top : histogram->max;
        }
    }
    return 0;
}

/* Mean and standard deviation, each value taken as the middle of its bucket. */
static void moments(const load_histogram_t *histogram, double *ret_mean, double *ret_deviation)
{
    double sum = 0;
    double squares = 0;
    double count = histogram->count == 0 ? 1 : (double)histogram->count;
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < LOAD_HISTOGRAM_BUCKETS; i++) {
            double top = (double)load_histogram_bucket_top(i);
            double middle = i == 0 ? 0 : ((double)load_histogram_bucket_top(i - 1) + 1 + top) / 2;
            double here = (double)histogram->buckets[i];
            if (pass == 0) {
                sum += here * middle;
            } else {
                squares += here * (middle - sum / count) * (middle - sum / count);
            }
        }
    }
    *ret_mean = sum / count;
    *ret_deviation = sqrt(squares / count);
}

void load_histogram_write(const load_histogram_t *histogram, double unit, FILE *out)
{
    uint64_t seen = 0;
    fprintf(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    for (uint32_t i = 0; i < LOAD_HISTOGRAM_BUCKETS; i++) {
        if (histogram->buckets[i] == 0) {
            continue;
        }
        seen += histogram->buckets[i];
        uint64_t top = load_histogram_bucket_top(i);
        double value = (double)(top < histogram->max ? top : histogram->max) / unit;
        double below = (double)seen / (double)histogram->count;
        if (seen < histogram->count) {
            fprintf(out, "%12.3f %2.12f %10llu %14.2f\n", value, below, (unsigned long long)seen,
                    1 / (1 - below));
        } else {
            fprintf(out, "%12.3f %2.12f %10llu\n", value, below, (unsigned long long)seen);
        }
    }
    double mean = 0;
    double deviation = 0;
    moments(histogram, &mean, &deviation);
    fprintf(out, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", mean / unit, deviation / unit);
    fprintf(out, "#[Max     = %12.3f, Total count    = %12llu]\n", (double)histogram->max / unit,
            (unsigned long long)histogram->count);
    fprintf(out, "#[Buckets = %12u, SubBuckets     = %12u]\n",
            LOAD_HISTOGRAM_BUCKETS / LOAD_HISTOGRAM_STEPS, LOAD_HISTOGRAM_STEPS);
}

bool load_histogram_save(const load_histogram_t *histogram, const char *path)
{
    FILE *out = fopen(path, "we");
    if (out == NULL) {
        return false;
    }
    load_histogram_write(histogram, 1e6, out);
    bool good = ferror(out) == 0;
    return fclose(out) == 0 && good;
}
