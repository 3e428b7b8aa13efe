/* Runs numbered from 0, shared out over processes, each with a tally of its own that is summed up behind
 * them: what the sweeps of this folder have in common.
 * Threads: none; processes. Ownership: the tallies are shared memory of the call.
 * Failure: a run that fails ends its process with a message of its own; the others are ended, too. */
#ifndef TESTS_FAULT_WORKERS_H
#define TESTS_FAULT_WORKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct workers {
    void (*try_run)(void *context, uint64_t run);
    void *context;
    uint64_t (*done)(const void *tally); /* NULL: `wanted` counts runs */
    uint64_t wanted;                     /* stop behind so many, over all processes */
    void **tally;                        /* where a process finds its own */
    size_t tally_numbers;                /* a tally is so many uint64_t */
    /* Filled in. */
    double seconds;
    unsigned jobs;
} workers_t;

/* A number from the environment. */
uint64_t workers_number(const char *name, uint64_t otherwise);

/* `--run N` does one run, in this process. False: something failed. */
bool workers_run(workers_t *workers, int argc, char **argv, uint64_t *ret_sum);

#endif
