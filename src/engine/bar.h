/* How far a long start is, for whoever sits in front of it: one line on stderr, drawn anew, gone when it
 * is over. Only on a terminal; elsewhere the log tells it (engine/comeback.h). Threads: one, while no
 * other writes to stderr. Ownership: plain memory of the caller. Failure: none; a lost line of progress
 * is no loss. */
#ifndef SLC_ENGINE_BAR_H
#define SLC_ENGINE_BAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct slc_bar {
    bool on_terminal;
    bool drawn;
} slc_bar_t;

/* Looks whether stderr is a terminal that can draw a line anew. */
void slc_bar_begin(slc_bar_t *bar);
void slc_bar_draw(slc_bar_t *bar, uint64_t done_bytes, uint64_t total_bytes, uint64_t events,
                  uint64_t spent_ms);
/* Takes the line away; safe to call without one. */
void slc_bar_end(slc_bar_t *bar);

/* The line itself: share, rate and time left. A journal may grow under its reader: `done` above `total`
 * is all of it. */
void slc_bar_write(uint64_t done_bytes, uint64_t total_bytes, uint64_t events, uint64_t spent_ms,
                   char *out, size_t capacity);

#endif
