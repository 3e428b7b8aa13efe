#include "base/meter.h"

#include <criterion/criterion.h>
#include <pthread.h>

static uint64_t in_bucket(const slc_bounds_t *bounds, uint64_t value)
{
    slc_histogram_t histogram = {0};
    slc_distribution_t values = {0};
    slc_histogram_add(&histogram, bounds, value, 1);
    slc_histogram_read(&histogram, &values);
    for (size_t i = 0; i <= bounds->count; i++) {
        if (values.counts[i] == 1) {
            return i;
        }
    }
    return UINT64_MAX;
}

Test(meter, bounds_rise)
{
    const slc_bounds_t *all[] = {&slc_bounds_ns, &slc_bounds_events, &slc_bounds_bytes};
    for (size_t set = 0; set < 3; set++) {
        cr_assert(all[set]->count <= SLC_BOUNDS_MAX);
        for (size_t i = 1; i < all[set]->count; i++) {
            cr_assert(all[set]->le[i - 1] < all[set]->le[i]);
        }
    }
    cr_assert(slc_bounds_ns.le[slc_bounds_ns.count - 1] == UINT64_C(10000000000));
}

Test(meter, a_bound_belongs_to_its_bucket_and_one_more_to_the_next)
{
    for (size_t i = 0; i < slc_bounds_ns.count; i++) {
        cr_assert(in_bucket(&slc_bounds_ns, slc_bounds_ns.le[i]) == i);
        cr_assert(in_bucket(&slc_bounds_ns, slc_bounds_ns.le[i] + 1) == i + 1);
    }
    cr_assert(in_bucket(&slc_bounds_ns, 0) == 0);
    cr_assert(in_bucket(&slc_bounds_ns, UINT64_MAX) == slc_bounds_ns.count);
}

Test(meter, times_count_as_so_many_values_and_histograms_add_up)
{
    slc_histogram_t one = {0};
    slc_histogram_t other = {0};
    slc_distribution_t both = {0};
    slc_histogram_add(&one, &slc_bounds_events, 3, 5);
    slc_histogram_add(&other, &slc_bounds_events, 4, 2);
    slc_histogram_read(&one, &both);
    slc_histogram_read(&other, &both);
    cr_assert(both.counts[2] == 7 && both.sum == 23);
}

/* A reader sees a count rise and never more than was counted. */
typedef struct race {
    slc_counter_t counter;
    _Atomic uint64_t bound;
    _Atomic bool wrong;
    _Atomic bool stop;
} race_t;

static void *read_all_the_time(void *context)
{
    race_t *race = context;
    uint64_t last = 0;
    while (!atomic_load(&race->stop)) {
        uint64_t now = slc_counted(&race->counter);
        if (now < last || now > atomic_load(&race->bound)) {
            atomic_store(&race->wrong, true);
        }
        last = now;
    }
    return NULL;
}

Test(meter, a_reader_beside_the_writer_sees_a_count_that_only_rises)
{
    race_t race = {0};
    pthread_t reader;
    cr_assert(pthread_create(&reader, NULL, read_all_the_time, &race) == 0);
    for (uint64_t i = 1; i <= 1000000; i++) {
        atomic_store(&race.bound, i);
        slc_count(&race.counter, 1);
    }
    atomic_store(&race.stop, true);
    cr_assert(pthread_join(reader, NULL) == 0);
    cr_assert(!atomic_load(&race.wrong) && slc_counted(&race.counter) == 1000000);
}
