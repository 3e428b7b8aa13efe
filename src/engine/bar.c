#include "engine/bar.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WIDTH 24
#define CLEAR "\r\033[K"

void slc_bar_begin(slc_bar_t *bar)
{
    const char *kind = getenv("TERM");
    bool draws = kind != NULL && kind[0] != '\0' && strcmp(kind, "dumb") != 0;
    *bar = (slc_bar_t){.on_terminal = draws && isatty(STDERR_FILENO) == 1};
}

void slc_bar_write(uint64_t done_bytes, uint64_t total_bytes, uint64_t events, uint64_t spent_ms,
                   char *out, size_t capacity)
{
    double share = done_bytes < total_bytes ? (double)done_bytes / (double)total_bytes : 1;
    char bar[WIDTH + 1];
    memset(bar, '.', WIDTH);
    memset(bar, '#', (size_t)(share * WIDTH));
    bar[WIDTH] = '\0';
    int used = snprintf(out, capacity, "replaying [%s] %3.0f%%", bar, share * 100);
    /* Before that a rate is noise. */
    if (used > 0 && (size_t)used < capacity && spent_ms > 0 && share > 0) {
        double seconds = (double)spent_ms / 1000;
        (void)snprintf(out + used, capacity - (size_t)used, "  %.2f million events/s  %.0f s left",
                       (double)events / seconds / 1e6, seconds * (1 - share) / share);
    }
}

static void put(const char *text)
{
    size_t bytes = strlen(text);
    if (write(STDERR_FILENO, text, bytes) != (ssize_t)bytes) {
        return; /* a lost line of progress is no loss */
    }
}

void slc_bar_draw(slc_bar_t *bar, uint64_t done_bytes, uint64_t total_bytes, uint64_t events,
                  uint64_t spent_ms)
{
    char line[160] = CLEAR;
    if (bar->on_terminal) {
        slc_bar_write(done_bytes, total_bytes, events, spent_ms, line + strlen(CLEAR),
                      sizeof line - strlen(CLEAR));
        put(line);
        bar->drawn = true;
    }
}

void slc_bar_end(slc_bar_t *bar)
{
    if (bar->drawn) {
        put(CLEAR);
    }
    bar->drawn = false;
}
