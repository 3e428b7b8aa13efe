/* Counts inputs that a target accepted and says so at the end, where ./run reads it: a target that the
 * compiler emptied, or one that only ever sees refusals, then fails.
 * Threads: one. Owns nothing. Failure: none. Included once by each target. */
#ifndef SLC_FUZZ_TALLY_H
#define SLC_FUZZ_TALLY_H

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t g_accepted;
static uint64_t g_inputs;

static void fuzz_tally_print(void)
{
    (void)fprintf(stderr, "accepted: %" PRIu64 " of %" PRIu64 "\n", g_accepted, g_inputs);
}

static void fuzz_tally(int accepted)
{
    if (g_inputs++ == 0) {
        (void)atexit(fuzz_tally_print);
    }
    g_accepted += accepted != 0;
}

/* A broken promise: says which, and ends the program so that libFuzzer keeps the input. */
#define FUZZ_CHECK(condition)                                                                            \
    do {                                                                                                 \
        if (!(condition)) {                                                                              \
            (void)fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                                     \
        }                                                                                                \
    } while (0)

#endif
