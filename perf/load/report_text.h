/* What both forms of the result say in the same words.
 * Threads: the main one. Ownership: keeps nothing. Failure: none. */
#ifndef SLC_PERF_LOAD_REPORT_TEXT_H
#define SLC_PERF_LOAD_REPORT_TEXT_H

#include "report.h"

/* Answers a second over all steps. */
double load_report_rate(const load_result_t *result);
double load_report_quantile_us(const load_histogram_t *histogram, double fraction);
/* "STATUS_SOLD_OUT" as "sold_out". */
const char *load_report_key(int status, char out[32]);
/* Answers that are neither ACCEPTED nor SOLD_OUT. */
uint64_t load_report_other(const uint64_t *counts);

#endif
