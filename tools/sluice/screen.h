/* The terminal while a live view has it: the other screen, no cursor, no echo of keys; and everything as
 * it was however the view ends: q, Ctrl-C, SIGTERM, SIGHUP. Ctrl-Z hands it back until the program goes
 * on. Threads: one, the only one of the process; one screen at a time. Ownership: the process's terminal
 * on stdout, its keys on stdin where that is one, and the handlers of SIGINT, SIGTERM, SIGHUP, SIGTSTP,
 * SIGWINCH between open and close. Failure: open says false where there is no terminal to draw on; then
 * nothing was changed. */
#ifndef SLC_TOOLS_SLUICE_SCREEN_H
#define SLC_TOOLS_SLUICE_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum sluice_wake {
    SLUICE_WAKE_TIME,   /* the time is over */
    SLUICE_WAKE_REDRAW, /* another size, or back from Ctrl-Z: draw again, then wait for the rest */
    SLUICE_WAKE_QUIT,   /* q was pressed */
} sluice_wake_t;

/* Whether stdout is a terminal that understands more than lines. */
bool sluice_screen_is_there(void);
bool sluice_screen_open(void);
void sluice_screen_close(void);
/* Columns and rows as they are now; 80 and 24 where the terminal does not say. */
void sluice_screen_size(int *ret_width, int *ret_height);
/* Replaces what is shown by these lines; false where it cannot be written. */
bool sluice_screen_show(const char *text, size_t bytes);
/* Until `until_ns` of CLOCK_MONOTONIC, or something happens. */
sluice_wake_t sluice_screen_wait(uint64_t until_ns);
/* The same without a screen: only the time counts. */
void sluice_screen_sleep(uint64_t until_ns);
uint64_t sluice_screen_now_ns(void);

#endif
