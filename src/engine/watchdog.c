#include "engine/watchdog.h"

#include "base/check.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>

static void tell(const slc_watched_t *station, bool stands, uint64_t since_ns)
{
    char number[16] = "";
    if (station->number >= 0) {
        (void)snprintf(number, sizeof number, " %d", station->number);
    }
    if (stands) {
        slc_log(SLC_LOG_ERROR,
                "the station %s%s stands still with work waiting: %" PRIu64
                " passed, nothing for %" PRIu64 " ms; systemd hears nothing until it moves",
                station->name, number, station->passed, since_ns / 1000000);
    } else {
        slc_log(SLC_LOG_WARN, "the station %s%s moves again, %" PRIu64 " ms later", station->name, number,
                since_ns / 1000000);
    }
}

bool slc_watchdog_look(slc_watchdog_t *watchdog, const slc_watched_t *stations, size_t count,
                       uint64_t now_ns)
{
    bool first = watchdog->count == 0;
    bool all_move = true;
    SLC_CHECK(count > 0 && count <= SLC_WATCHED_MAX && (first || count == watchdog->count));
    watchdog->count = count;
    for (size_t at = 0; at < count; at++) {
        bool stands =
            !first && watchdog->last[at].waiting && stations[at].passed == watchdog->last[at].passed;
        if (stands != watchdog->last[at].stands) {
            tell(&stations[at], stands, now_ns - watchdog->last[at].moved_ns);
        }
        watchdog->last[at].passed = stations[at].passed;
        watchdog->last[at].waiting = stations[at].waiting;
        watchdog->last[at].stands = stands;
        if (stands) {
            all_move = false;
        } else {
            watchdog->last[at].moved_ns = now_ns;
        }
    }
    return all_move;
}
