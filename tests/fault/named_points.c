/* Each step by which something becomes durable, by its name (points.h): the machine goes down before it
 * and behind it, in each way that it may, and what comes back is judged. A change without a name fails,
 * and so does a name that was never reached, or never crashed at in both senses.
 *
 * `--at NAME` crashes at that step alone; SLC_SEED: of the coin that some ways of going down throw. */
#include "../lib/fake_sys.h"
#include "../lib/journal_lab.h"
#include "points.h"

#include "journal/format.h"
#include "snapshot/format.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POINTS_MAX 128u
#define SEGMENT_BYTES 20480u
#define BLOCKS 12u
#define TOSSES 3u

enum { BEFORE, BEHIND, SENSES };

typedef struct {
    uint64_t seen;
    uint64_t crashed[SENSES];
} tally_t;

static tally_t g_tallies[POINTS_MAX];
static const char *g_only; /* a name; NULL: all */
static uint64_t g_random;

typedef struct {
    const lab_t *lab;
    lab_outcome_t outcome;
    uint64_t floor;
    size_t last; /* the step that was made last, SIZE_MAX: none */
    unsigned depth;
    const char *scene;
} watch_t;

static void on_change(void *context, fake_sys_t *fake, uint64_t change);
static void crash_at(const watch_t *watch, fake_sys_t *fake, size_t point, unsigned sense);

static void fail(const watch_t *watch, const char *what, size_t point, unsigned sense,
                 const lab_outcome_t *back)
{
    (void)fprintf(stderr,
                  "FAILED: %s\n  %s, %s %s; %" PRIu64 " acknowledged, %" PRIu64 " came back: %s\n", what,
                  watch->scene, sense == BEFORE ? "before" : "behind",
                  point == SIZE_MAX ? "the first change" : points_name(point),
                  watch->outcome.acked > watch->floor ? watch->outcome.acked : watch->floor,
                  back->restored.end.sequence, back->error.message);
    exit(1);
}

/* One way to go down; the file system is the state's own. A recovery is watched in its turn. */
static void try_state(const watch_t *watch, fake_sys_t *left, size_t point, unsigned sense, bool deeper)
{
    uint64_t floor = watch->outcome.acked > watch->floor ? watch->outcome.acked : watch->floor;
    watch_t recovery = {.lab = watch->lab,
                        .floor = floor,
                        .last = SIZE_MAX,
                        .depth = watch->depth + 1,
                        .scene = "recovery"};
    if (watch->depth == 0 && deeper) {
        fake_sys_watch(left, on_change, &recovery);
    }
    lab_restore(watch->lab, fake_sys_table(left), LAB_DIR, &recovery.outcome);
    fake_sys_watch(left, NULL, NULL);
    crash_at(&recovery, left, recovery.last, BEHIND);
    const lab_outcome_t *back = &recovery.outcome;
    if (!back->came_back || back->wrong || back->restored.end.sequence < floor) {
        fail(watch, "what was acknowledged did not come back as it was", point, sense, back);
    }
    fake_sys_destroy(left);
    g_tallies[point].crashed[sense]++;
}

static bool is_wanted(size_t point)
{
    return point != SIZE_MAX && (g_only == NULL || strcmp(g_only, points_name(point)) == 0);
}

/* Before a step its write may have begun: sectors of it may be there. Behind it they all are. */
static void crash_at(const watch_t *watch, fake_sys_t *fake, size_t point, unsigned sense)
{
    if (!is_wanted(point)) {
        return;
    }
    fake_sys_t *now = sense == BEHIND ? fake_sys_kill(fake) : fake;
    try_state(watch, fake_sys_kill(now), point, sense, false);
    try_state(watch, fake_sys_crash(now, FAKE_KEEP_DURABLE, 0), point, sense, false);
    try_state(watch, fake_sys_crash(now, FAKE_KEEP_ALL, 0), point, sense, false);
    for (unsigned toss = 0; toss < TOSSES; toss++) {
        try_state(watch, fake_sys_crash(now, FAKE_KEEP_SOME, fake_random(&g_random)), point, sense, true);
    }
    if (now != fake) {
        fake_sys_destroy(now);
    }
}

static void on_change(void *context, fake_sys_t *fake, uint64_t change)
{
    watch_t *watch = context;
    fake_change_seen_t seen = fake_sys_seen(fake);
    size_t point = points_of(&seen, watch->last);
    if (point == SIZE_MAX) {
        (void)fprintf(stderr,
                      "FAILED: change %" PRIu64 " of %s has no name: %s of \"%s\" behind %s; points.h "
                      "lists what is known\n",
                      change, watch->scene, fake_call_name(seen.call), seen.name,
                      watch->last == SIZE_MAX ? "nothing" : points_name(watch->last));
        exit(1);
    }
    g_tallies[point].seen++;
    crash_at(watch, fake, watch->last, BEHIND);
    crash_at(watch, fake, point, BEFORE);
    watch->last = point;
}

/* ---- scenes ---- */

static void play(const lab_t *lab, fake_sys_t *fake, size_t until, const char *scene)
{
    watch_t watch = {.lab = lab, .last = SIZE_MAX, .scene = scene};
    fake_sys_watch(fake, on_change, &watch);
    lab_run(lab, fake_sys_table(fake), LAB_DIR, until, true, &watch.outcome);
    crash_at(&watch, fake, watch.last, BEHIND);
    fake_sys_watch(fake, NULL, NULL);
    if (watch.outcome.code != SLC_OK) {
        fail(&watch, "the scene did not come to its end", watch.last, BEHIND, &watch.outcome);
    }
}

int main(int argc, char **argv)
{
    const char *seed = getenv("SLC_SEED");
    g_random = seed == NULL ? 1 : strtoull(seed, NULL, 10);
    if (argc == 3 && strcmp(argv[1], "--at") == 0) {
        g_only = argv[2];
    }
    for (unsigned direct = 0; direct < 2; direct++) {
        lab_t *lab = lab_create(BLOCKS, SEGMENT_BYTES);
        lab_take_snapshots(lab, 2);
        lab->archive = direct == 1;
        fake_sys_t *fake = fake_sys_create();
        if (direct == 0) {
            fake_sys_refuse_direct(fake);
        }
        play(lab, fake, BLOCKS / 2, direct == 0 ? "without direct writes" : "with direct writes");
        /* What a crash leaves of files that were being made. */
        fake_sys_put(fake, LAB_DIR "/" SLC_PREPARE_NAME, "half", 4);
        fake_sys_put(fake, LAB_DIR "/" SLC_PROBE_NAME, "", 0);
        fake_sys_put(fake, LAB_DIR "/" SLC_SNAPSHOT_TEMPORARY_NAME, "half", 4);
        play(lab, fake, SIZE_MAX, "started again");
        fake_sys_destroy(fake);
        lab_destroy(lab);
    }
    bool all = true;
    uint64_t crashes = 0;
    for (size_t point = 0; point < points_count(); point++) {
        const tally_t *tally = &g_tallies[point];
        const char *name = points_name(point);
        if (name == NULL || (g_only != NULL && strcmp(g_only, name) != 0)) {
            continue;
        }
        (void)printf("%-26s reached %5" PRIu64 ", crashed before it %5" PRIu64 ", behind it %5" PRIu64
                     "\n",
                     name, tally->seen, tally->crashed[BEFORE], tally->crashed[BEHIND]);
        bool tried = tally->seen > 0 && tally->crashed[BEFORE] > 0 && tally->crashed[BEHIND] > 0;
        if (!tried) {
            (void)fprintf(stderr, "FAILED: %s was not crashed at in both senses\n", name);
        }
        all = all && tried;
        crashes += tally->crashed[BEFORE] + tally->crashed[BEHIND];
    }
    (void)printf("named points: %" PRIu64 " crashes tried, 0 failed, seed %s\n", crashes,
                 seed == NULL ? "1" : seed);
    return all && crashes > 0 ? 0 : 1;
}
