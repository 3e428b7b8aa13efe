/* The command line of load.
 * Threads: the main one, before all others.
 * Ownership: texts point into argv.
 * Failure: false, with the reason on stderr. */
#ifndef SLC_PERF_LOAD_OPTIONS_H
#define SLC_PERF_LOAD_OPTIONS_H

#include "schedule.h"
#include "workload.h"

typedef enum load_parsed {
    LOAD_PARSED_RUN,
    LOAD_PARSED_DONE,  /* --help or --version: printed */
    LOAD_PARSED_WRONG, /* said on stderr */
} load_parsed_t;

/* Rates of a sweep. */
#define LOAD_STEPS_MAX 32u

typedef struct load_options {
    const char *connect;
    const char *control; /* NULL: none */
    const char *ledger;  /* NULL: none */
    const char *hgrm;    /* NULL: none */
    const char *html;    /* NULL: none */
    uint64_t connections;
    uint64_t window;
    uint64_t threads;
    uint64_t requests;            /* 0: not given */
    double duration_s;            /* 0: not given */
    double rates[LOAD_STEPS_MAX]; /* one run each */
    uint32_t rate_count;          /* 0: closed loop, one run */
    double ramp_to;               /* 0: no ramp; with a single rate and a duration */
    uint64_t burst;
    double zipf;   /* 0: weights as given */
    uint64_t idle; /* connections that say Hello and no more */
    double churn;  /* connections that are closed and opened anew each second */
    double resend; /* the share of requests that goes out twice */
    uint64_t slow_readers;
    double patience_s;  /* above 0 */
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
