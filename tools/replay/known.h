/* How much of what happened an answer rests on: said in each answer that speaks of attempts.
 * Threads: pure, but for the stream. Ownership: the caller's. Failure: errors of a stream stay with the
 * stream. */
#ifndef REPLAY_KNOWN_H
#define REPLAY_KNOWN_H

#include <sluice/history.h>

#include <stdio.h>

/* Sentences, one a line, each behind `prefix`. */
void replay_put_known(FILE *out, const char *prefix, const slc_told_t *told);
/* "from_sequence":…,"sequence":…,"attempts_log":{…} */
void replay_put_known_json(FILE *out, const slc_told_t *told);
/* Nothing is missing: a place in line is exact, and who is not seen never tried. */
bool replay_knows_all(const slc_told_t *told);

#endif
