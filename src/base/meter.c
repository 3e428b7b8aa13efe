#include "base/meter.h"

#define DECADE(unit)                                                                                     \
    UINT64_C(10) * (unit), UINT64_C(15) * (unit), UINT64_C(20) * (unit), UINT64_C(30) * (unit),          \
        UINT64_C(50) * (unit), UINT64_C(70) * (unit)

const slc_bounds_t slc_bounds_ns = {
    .le = {DECADE(1000), DECADE(10000), DECADE(100000), DECADE(1000000), DECADE(10000000),
           DECADE(100000000), UINT64_C(10000000000)},
    .count = 37,
};

const slc_bounds_t slc_bounds_events = {
    .le = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768},
    .count = 16,
};

const slc_bounds_t slc_bounds_bytes = {
    .le = {4096, 8192, 16384, 32768, 65536, 131072, 262144, 524288, 1048576, 2097152, 4194304},
    .count = 11,
};

void slc_histogram_add(slc_histogram_t *histogram, const slc_bounds_t *bounds, uint64_t value,
                       uint64_t times)
{
    size_t low = 0;
    size_t high = bounds->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (bounds->le[middle] < value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    slc_count(&histogram->counts[low], times);
    slc_count(&histogram->sum, value * times);
}

void slc_histogram_read(const slc_histogram_t *histogram, slc_distribution_t *distribution)
{
    for (size_t i = 0; i <= SLC_BOUNDS_MAX; i++) {
        distribution->counts[i] += slc_counted(&histogram->counts[i]);
    }
    distribution->sum += slc_counted(&histogram->sum);
}
