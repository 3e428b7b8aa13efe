#include "snapshot.h"

#include "logic/cut.h"
#include "logic/load.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* As the apply station does in each turn. */
#define STEP_DROPS 128u

typedef struct pauses {
    uint64_t begin_ns; /* CPU time, as the others */
    uint64_t step_ns;  /* the longest */
    uint64_t steps_ns; /* in all */
    uint64_t end_ns;
} pauses_t;

static uint64_t cpu_ns(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0) {
        perror("clock_gettime");
        exit(5);
    }
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static slc_cut_t *cut_all(slc_logic_t *logic, pauses_t *pauses)
{
    uint64_t from = cpu_ns();
    slc_cut_t *cut = slc_logic_cut_begin(logic);
    pauses->begin_ns = cpu_ns() - from;
    pauses->step_ns = 0;
    pauses->steps_ns = 0;
    slc_cut_progress_t progress = cut == NULL ? SLC_CUT_COMPLETE : SLC_CUT_MORE;
    while (progress == SLC_CUT_MORE) {
        from = cpu_ns();
        progress = slc_logic_cut_step(logic, STEP_DROPS);
        uint64_t took = cpu_ns() - from;
        pauses->step_ns = took > pauses->step_ns ? took : pauses->step_ns;
        pauses->steps_ns += took;
    }
    return cut;
}

/* Reads a cut to its end; with `load`, into it. False: an entry was refused. */
static bool read_all(slc_cut_t *cut, slc_load_t *load, uint64_t *ret_ns, char why[256])
{
    slc_entry_t entry;
    uint64_t from = cpu_ns();
    bool good = true;
    while (good && slc_cut_next(cut, &entry)) {
        good = load == NULL || slc_load_entry(load, &entry, why);
    }
    if (load != NULL) {
        good = good ? slc_load_end(load, why) : (slc_load_abandon(load), false);
    }
    *ret_ns = cpu_ns() - from;
    slc_cut_leave(cut);
    return good;
}

bool measure_snapshot(slc_logic_t *logic, bool json)
{
    pauses_t pauses;
    char why[256] = "out of memory";
    uint64_t read_ns = 0;
    uint64_t load_ns = 0;
    slc_cut_t *cut = cut_all(logic, &pauses);
    bool good = cut != NULL && read_all(cut, NULL, &read_ns, why);
    uint64_t from = cpu_ns();
    slc_logic_cut_end(logic, cut);
    pauses.end_ns = cpu_ns() - from;
    slc_logic_t *loaded = slc_logic_create();
    cut = good && loaded != NULL ? cut_all(logic, &pauses) : NULL;
    good = false;
    if (cut != NULL) {
        slc_snapshot_info_t info = slc_cut_info(cut);
        slc_load_t *load = slc_load_begin(loaded, &info);
        good = load != NULL && read_all(cut, load, &load_ns, why);
        slc_logic_cut_end(logic, cut);
    }
    if (good) {
        double orders = (double)slc_logic_order_count(logic);
        (void)printf(
            json ? "\"cut_begin_us\": %.1f, \"cut_step_us\": %.1f, \"cut_steps_ms\": %.1f, "
                   "\"cut_end_us\": %.1f, \"read_order_ns\": %.1f, \"load_order_ns\": %.1f, "
                 : "snapshot  cut begins %.1f us, longest step %.1f us, steps %.1f ms in all, ends "
                   "%.1f us; an order read %.1f ns, loaded %.1f ns",
            (double)pauses.begin_ns / 1e3, (double)pauses.step_ns / 1e3, (double)pauses.steps_ns / 1e6,
            (double)pauses.end_ns / 1e3, (double)read_ns / orders, (double)(load_ns - read_ns) / orders);
        (void)printf(json ? "\"loaded_bytes_per_order\": %.1f, " : " into %.1f bytes\n",
                     (double)slc_logic_order_bytes(loaded) / orders);
    } else {
        (void)fprintf(stderr, "logic: the snapshot: %s\n", why);
    }
    slc_logic_destroy(loaded);
    return good;
}
