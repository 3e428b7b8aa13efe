/* Does every station move? The rule behind WATCHDOG=1: what systemd is told as long as it is so.
 *
 * A station that has nothing to do may stand still for ever; a station that work waits for may not. So
 * two looks at a station are held against each other: it *stands* if work waited for it at the first look
 * and it has passed nothing since. Slow is not stuck: one slot passed between two looks is progress,
 * whatever waits behind it. Nobody pings while one station stands, and one that moves again lets the
 * pings go on.
 *
 *     time        work waits   passed    stands?
 *     0 s         no           100       no: idle
 *     15 s        yes          100       no: the work may be a moment old
 *     30 s        yes          101       no: slow
 *     45 s        yes          101       yes: no ping from here on
 *     60 s        yes          240       no: it was a stall, not the end
 *
 * With looks a quarter of WatchdogSec apart a station that stands still for good is found one to two
 * looks later, and systemd ends the process WatchdogSec behind the last ping: within WatchdogSec and a
 * quarter. A disk that stalls for half of that costs nothing. It is progress that is watched and no
 * heartbeat of the threads, because a thread that beats beside a queue that does not move is the very
 * thing to be found.
 *
 * Threads: one. Ownership: plain memory of the caller; names are static text. Failure: none. */
#ifndef SLC_ENGINE_WATCHDOG_H
#define SLC_ENGINE_WATCHDOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLC_WATCHED_MAX 40 /* journal, apply, and two of each I/O thread */

/* What a look finds at one station. */
typedef struct slc_watched {
    const char *name; /* "journal" */
    uint64_t passed;  /* grows with each piece of work done */
    int number;       /* of several of that name; -1: there is one */
    bool waiting;     /* there is more to do */
} slc_watched_t;

typedef struct slc_watchdog {
    struct {
        uint64_t passed;
        bool waiting;
        bool stands;
        uint64_t moved_ns; /* of the look that last found it idle or moving */
    } last[SLC_WATCHED_MAX];
    size_t count; /* 0: not looked yet */
} slc_watchdog_t;

/* One look at all stations, in the same order each time (`count` at most SLC_WATCHED_MAX); `now_ns` by a
 * monotonic clock. True: all move. What begins and what ends to stand is logged, once each. */
bool slc_watchdog_look(slc_watchdog_t *watchdog, const slc_watched_t *stations, size_t count,
                       uint64_t now_ns);

#endif
