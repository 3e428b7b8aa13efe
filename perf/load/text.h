/* Numbers as the command line of load writes them. Each function reads the whole text or complains on
 * stderr in the name of `option` and answers false.
 * Threads: the main one. Ownership: keeps nothing. Failure: false, said on stderr. */
#ifndef SLC_PERF_LOAD_TEXT_H
#define SLC_PERF_LOAD_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/* Says what is wrong with `text`; answers false. */
bool load_text_complain(const char *option, const char *text, const char *wanted);
bool load_text_number(const char *option, const char *text, uint64_t min, uint64_t max,
                      uint64_t *ret_value);
/* Above 0 and below 10^9. */
bool load_text_positive(const char *option, const char *text, double *ret_value);
/* FIRST or FIRST..LAST at *at, which moves behind it; FIRST at most LAST. Complains about nothing. */
bool load_text_range(const char **at, uint64_t *ret_first, uint64_t *ret_last);
/* Up to `max` numbers, each behind a colon, to the end of the text; answers how many, -1: something else.
 */
int load_text_fields(const char *text, uint64_t *ret_numbers, int max);
/* R, R,R,… (a sweep, at most `max`), or FROM..TO (a ramp, then *ret_ramp_to is above 0); each positive.
 */
bool load_text_rates(const char *option, const char *text, uint32_t max, double *ret_rates,
                     uint32_t *ret_count, double *ret_ramp_to);

#endif
