/* The result of a run as one page of HTML that loads nothing: pictures with their tables beside them,
 * checks, and the conditions of the run. page.c has the frame, page_figures.c the pictures. Threads: the
 * main one. Ownership: reads what it is given. Failure: false where the file cannot be written. */
#ifndef SLC_PERF_LOAD_PAGE_H
#define SLC_PERF_LOAD_PAGE_H

#include "conditions.h"
#include "report.h"

bool load_page_save(const load_result_t *result, const load_conditions_t *conditions, const char *path);

void load_page_write(const load_result_t *result, const load_conditions_t *conditions, FILE *out);
/* ---- page_figures.c ---- */

/* Latency by rate, of a sweep. */
void load_page_rates(const load_result_t *result, FILE *out);
void load_page_percentiles(const load_result_t *result, FILE *out);
/* Throughput, latency and stock over time. */
void load_page_times(const load_result_t *result, FILE *out);

#endif
