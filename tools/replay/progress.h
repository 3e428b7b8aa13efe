/* How far a long run is, on stderr: share, rate and time left. Only on a terminal, redrawn ten times a
 * second, gone when the run is over.
 * Threads: one. Ownership: plain memory of the caller. Failure: none; a lost line of progress is no loss.
 */
#ifndef REPLAY_PROGRESS_H
#define REPLAY_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct replay_progress {
    const char *label; /* static text */
    uint64_t begun_ns;
    uint64_t drawn_ns;
    bool on_terminal;
    bool drawn;
} replay_progress_t;

void replay_progress_begin(replay_progress_t *progress, const char *label);
/* Fits slc_state_progress_fn; `context` is the progress. */
void replay_progress_update(void *context, uint64_t done_bytes, uint64_t total_bytes, uint64_t events);
void replay_progress_end(replay_progress_t *progress);

#endif
