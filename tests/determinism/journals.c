/* Makes seeded journals for determinism_test.py: `journals DIR COUNT SEED` writes DIR/NNNN for each,
 * every second one with snapshots that remove nothing, and prints a line "NNNN SEQUENCE DIGEST" of what
 * the logic of this build says to it. Threads: one. Failure: a sentence on stderr, exit 1. */
#include "../lib/fake_disk.h"
#include "../lib/journal_lab.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SEGMENT_BYTES 32768u
#define BLOCKS_MIN 6u
#define BLOCKS_MORE 40u

static int make(const char *directory, uint64_t number, uint64_t seed)
{
    char path[4096];
    lab_outcome_t outcome;
    size_t blocks = BLOCKS_MIN + fake_random(&seed) % BLOCKS_MORE;
    lab_t *lab = lab_create_seeded(fake_random(&seed), blocks, SEGMENT_BYTES);
    lab->config.durability = SLC_DURABILITY_OS; /* no power will be cut here */
    lab->keep_all = true;
    if (number % 2 == 1) {
        lab_take_snapshots(lab, 2 + fake_random(&seed) % 4);
    }
    (void)snprintf(path, sizeof path, "%s/%04" PRIu64, directory, number);
    lab_run(lab, slc_sys_posix(), path, SIZE_MAX, fake_random(&seed) % 2 == 0, &outcome);
    if (outcome.code != SLC_OK || outcome.acked != lab->event_count) {
        (void)fprintf(stderr, "%s: %s\n", path, outcome.error.message);
        return 1;
    }
    (void)printf("%04" PRIu64 " %" PRIu64 " %016" PRIx64 "\n", number, outcome.acked,
                 lab->digests[outcome.acked]);
    lab_destroy(lab);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        (void)fprintf(stderr, "usage: journals DIR COUNT SEED\n");
        return 2;
    }
    uint64_t count = strtoull(argv[2], NULL, 10);
    uint64_t seed = strtoull(argv[3], NULL, 10);
    int failed = 0;
    for (uint64_t i = 0; i < count && failed == 0; i++) {
        failed = make(argv[1], i, seed * UINT64_C(1000003) + i);
    }
    return failed;
}
