#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define REDRAW_NS UINT64_C(100000000)
#define BAR_WIDTH 24

static uint64_t monotonic_ns(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        return 0;
    }
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void replay_progress_begin(replay_progress_t *progress, const char *label)
{
    const char *terminal = getenv("TERM");
    bool is_dumb = terminal != NULL && strcmp(terminal, "dumb") == 0;
    *progress = (replay_progress_t){
        .label = label,
        .begun_ns = monotonic_ns(),
        .on_terminal = isatty(STDERR_FILENO) == 1 && !is_dumb,
    };
    progress->drawn_ns = progress->begun_ns;
}

static void draw(const replay_progress_t *progress, double share, double seconds, uint64_t events)
{
    char bar[BAR_WIDTH + 1];
    int filled = (int)(share * BAR_WIDTH);
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', (size_t)filled);
    bar[BAR_WIDTH] = '\0';
    double left = share > 0 ? seconds * (1 - share) / share : 0;
    (void)fprintf(stderr, "\r\033[K%s [%s] %3.0f%%  %.2f million events/s  %.0f s left", progress->label,
                  bar, share * 100, (double)events / seconds / 1e6, left);
}

void replay_progress_update(void *context, uint64_t done_bytes, uint64_t total_bytes, uint64_t events)
{
    replay_progress_t *progress = context;
    if (!progress->on_terminal || total_bytes == 0) {
        return;
    }
    uint64_t now_ns = monotonic_ns();
    if (now_ns < progress->drawn_ns + REDRAW_NS) {
        return;
    }
    /* A live journal grows while it is read. */
    double share = done_bytes < total_bytes ? (double)done_bytes / (double)total_bytes : 1;
    draw(progress, share, (double)(now_ns - progress->begun_ns) / 1e9, events);
    progress->drawn_ns = now_ns;
    progress->drawn = true;
}

void replay_progress_end(replay_progress_t *progress)
{
    if (progress->drawn) {
        (void)fputs("\r\033[K", stderr);
    }
    progress->drawn = false;
}
