#include "histogram.h"

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
    fprintf(out, "#[Max     = %12.3f, Total count    = %12llu]\n", (double)histogram->max / unit,
            (unsigned long long)histogram->count);
}
