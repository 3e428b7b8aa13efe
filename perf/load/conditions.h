/* Under what conditions a run was made: what a figure is worth without them is nothing.
 * Threads: the main one. Ownership: the caller's memory. Failure: what the machine does not tell stays
 * "unknown", load averages -1. */
#ifndef SLC_PERF_LOAD_CONDITIONS_H
#define SLC_PERF_LOAD_CONDITIONS_H

typedef struct load_conditions {
    char machine[128];
    char kernel[160];
    long cores;
    double load_before; /* averages over a minute */
    double load_after;
    char begun[40];   /* UTC */
    char flags[1024]; /* of the command line, cut off with "..." where it is longer */
} load_conditions_t;

void load_conditions_begin(load_conditions_t *conditions, int argc, char **argv);
void load_conditions_end(load_conditions_t *conditions);

#endif
