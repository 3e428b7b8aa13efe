/* The command line of load.
 * Threads: the main one, before all others.
 * Ownership: texts point into argv.
 * Failure: false, with the reason on stderr. */
#ifndef SLC_PERF_LOAD_OPTIONS_H
#define SLC_PERF_LOAD_OPTIONS_H

#include "workload.h"

typedef enum load_parsed {
    LOAD_PARSED_RUN,
    LOAD_PARSED_DONE,  /* --help or --version: printed */
    LOAD_PARSED_WRONG, /* said on stderr */
} load_parsed_t;

typedef struct load_options {
    const char *connect;
    const char *control; /* NULL: none */
    const char *ledger;  /* NULL: none */
    const char *hgrm;    /* NULL: none */
    uint64_t connections;
    uint64_t window;
    uint64_t threads;
    uint64_t requests;  /* 0: not given */
    double duration_s;  /* 0: not given */
    double rate;        /* 0: closed loop */
    double retry_s;     /* 0: a lost connection is a failure */
    uint64_t kill_pid;  /* 0: none */
    uint32_t kill_drop; /* index into the workload */
    uint64_t kill_accepted;
    bool json;
} load_options_t;

/* Fills both in; the workload is prepared. */
load_parsed_t load_options_parse(int argc, char **argv, load_options_t *ret_options,
                                 load_workload_t *ret_workload);

#endif
