/* The result of a run, for people and as JSON.
 * Threads: the main one.
 * Ownership: reads what it is given.
 * Failure: none of its own; main looks at stdout when it closes it. */
#ifndef SLC_PERF_LOAD_REPORT_H
#define SLC_PERF_LOAD_REPORT_H

#include "checks.h"
#include "crowd.h"
#include "options.h"
#include "series.h"

/* One rate of a sweep; a run without a sweep has one. */
typedef struct load_step {
    double rate; /* 0: closed loop */
    uint64_t requests;
    uint64_t answered;
    uint64_t begun_ns; /* all connections were open */
    double seconds;    /* from then to the last answer */
    load_histogram_t latency_ns;
} load_step_t;

typedef struct load_result {
    const load_options_t *options;
    const load_workload_t *workload;
    const load_tally_t *tally;
    const load_check_t *checks;
    size_t check_count;
    const load_step_t *steps;
    size_t step_count;
    const load_series_t *series;
    const load_crowd_t *crowd;
    double seconds; /* of all steps */
    bool killed;
    uint64_t kill_accepted;
    uint64_t kill_in_flight;
    const char *failure; /* NULL: none */
    bool ok;
} load_result_t;

void load_report_text(const load_result_t *result, FILE *out);
void load_report_json(const load_result_t *result, FILE *out);

#endif
