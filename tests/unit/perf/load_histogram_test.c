#include "../../../perf/load/histogram.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static load_histogram_t histogram;

static void start(void)
{
    memset(&histogram, 0, sizeof histogram);
}

TestSuite(load_histogram, .init = start);

static void expect_known_well(uint64_t value)
{
    uint32_t bucket = load_histogram_bucket(value);
    cr_assert(bucket < LOAD_HISTOGRAM_BUCKETS, "%llu", (unsigned long long)value);
    uint64_t top = load_histogram_bucket_top(bucket);
    cr_assert(top >= value && top - value <= value / 128, "%llu is told as %llu",
              (unsigned long long)value, (unsigned long long)top);
    cr_assert(bucket == 0 || load_histogram_bucket_top(bucket - 1) < value, "%llu",
              (unsigned long long)value);
}

Test(load_histogram, knows_each_value_to_one_part_in_128)
{
    for (uint64_t value = 0; value < 5000; value++) {
        expect_known_well(value);
    }
    for (int bit = 0; bit < 64; bit++) {
        uint64_t power = UINT64_C(1) << bit;
        expect_known_well(power - 1);
        expect_known_well(power);
        expect_known_well(power + 1);
        expect_known_well(power + power / 3);
    }
    expect_known_well(UINT64_MAX);
}

Test(load_histogram, tells_quantiles_and_the_exact_maximum)
{
    for (uint64_t value = 1; value <= 1000; value++) {
        load_histogram_record(&histogram, value * 1000);
    }
    cr_assert(load_histogram_quantile(&histogram, 1) == 1000000);
    uint64_t half = load_histogram_quantile(&histogram, 0.5);
    cr_assert(half >= 500000 && half <= 504000, "%llu", (unsigned long long)half);
    uint64_t most = load_histogram_quantile(&histogram, 0.999);
    cr_assert(most >= 999000 && most <= 1000000, "%llu", (unsigned long long)most);
    cr_assert(load_histogram_quantile(&histogram, 0) <= 1007);
}

Test(load_histogram, of_nothing_tells_zero)
{
    cr_assert(load_histogram_quantile(&histogram, 0.5) == 0);
    cr_assert(load_histogram_quantile(&histogram, 1) == 0);
}

Test(load_histogram, merged_is_as_if_recorded_in_one)
{
    static load_histogram_t one;
    static load_histogram_t other;
    memset(&one, 0, sizeof one);
    memset(&other, 0, sizeof other);
    for (uint64_t value = 0; value < 10000; value++) {
        load_histogram_record(value % 3 == 0 ? &one : &other, value * value);
        load_histogram_record(&histogram, value * value);
    }
    load_histogram_merge(&one, &other);
    cr_assert(memcmp(&one, &histogram, sizeof one) == 0);
}

Test(load_histogram, is_written_as_the_plotters_read_it)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    cr_assert(out != NULL);
    load_histogram_record(&histogram, 10);
    load_histogram_record(&histogram, 10);
    load_histogram_record(&histogram, 20);
    load_histogram_record(&histogram, 40);
    load_histogram_write(&histogram, 10, out);
    cr_assert(fclose(out) == 0);
    cr_assert_str_eq(text, "       Value     Percentile TotalCount 1/(1-Percentile)\n\n"
                           "       1.000 0.500000000000          2           2.00\n"
                           "       2.000 0.750000000000          3           4.00\n"
                           "       4.000 1.000000000000          4\n"
                           "#[Mean    =        2.000, StdDeviation   =        1.225]\n"
                           "#[Max     =        4.000, Total count    =            4]\n"
                           "#[Buckets =           58, SubBuckets     =          128]\n");
    free(text);
}
