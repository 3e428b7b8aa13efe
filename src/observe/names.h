/* Words and small sums that /status and /metrics have in common.
 * Threads: pure. Owns nothing. Failure: none. */
#ifndef SLC_OBSERVE_NAMES_H
#define SLC_OBSERVE_NAMES_H

#include "observe/picture.h"

#include <ctype.h>
#include <string.h>

#define SLC_STATUS_WORD_BYTES 32

/* "sold_out" of SLC_STATUS_SOLD_OUT. */
static inline void slc_status_word(int status, char out[SLC_STATUS_WORD_BYTES])
{
    const char *name = slc_status_name(status) + strlen("STATUS_");
    size_t at = 0;
    for (; name[at] != '\0' && at + 1 < SLC_STATUS_WORD_BYTES; at++) {
        out[at] = (char)tolower((unsigned char)name[at]);
    }
    out[at] = '\0';
}

/* Seconds; 0 where the clock was set back since. */
static inline double slc_snapshot_age_s(const slc_picture_t *picture)
{
    return picture->now_us < picture->snapshot_us
               ? 0.0
               : (double)(picture->now_us - picture->snapshot_us) / 1e6;
}

#endif
