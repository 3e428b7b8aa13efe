/* Moments on a command line and back: microseconds since 1970-01-01T00:00:00Z.
 * Pure, but for `now`. Failure: false for text that is no moment. */
#ifndef SLC_TOOLS_SLUICE_WHEN_H
#define SLC_TOOLS_SLUICE_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/* Longest text of sluice_when_write, its NUL included. */
#define SLUICE_WHEN_BYTES 48

uint64_t sluice_when_now_us(void);
/* Microseconds, ISO 8601 in UTC (YYYY-MM-DDTHH:MM[:SS[.FRACTION]][Z]), or +SECONDS behind `now_us`. */
bool sluice_when_parse(const char *text, uint64_t now_us, uint64_t *ret_us);
/* As ISO 8601 in UTC, without a fraction where there is none. */
void sluice_when_write(uint64_t us, char out[SLUICE_WHEN_BYTES]);

#endif
