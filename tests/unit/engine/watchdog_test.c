/* The rule behind WATCHDOG=1, by looks at stations whose progress the test chooses, on a clock of its
 * own. */
#include "engine/pulse.h"
#include "engine/watchdog.h"

#include <criterion/criterion.h>

#define LOOK_NS UINT64_C(15000000000)

typedef struct bench {
    slc_watchdog_t watchdog;
    slc_watched_t stations[3];
    uint64_t now_ns;
} bench_t;

static bench_t bench_begin(void)
{
    return (bench_t){.stations = {{.name = "journal", .number = -1},
                                  {.name = "apply", .number = -1},
                                  {.name = "reply", .number = 0}},
                     .now_ns = 7};
}

static bool look(bench_t *bench)
{
    bench->now_ns += LOOK_NS;
    return slc_watchdog_look(&bench->watchdog, bench->stations, 3, bench->now_ns);
}

Test(watchdog, idle_stations_may_stand_still_for_ever)
{
    bench_t bench = bench_begin();
    for (int i = 0; i < 1000; i++) {
        cr_assert(look(&bench));
    }
}

Test(watchdog, each_station_that_stands_with_work_waiting_stops_the_pings)
{
    for (int stuck = 0; stuck < 3; stuck++) {
        bench_t bench = bench_begin();
        cr_assert(look(&bench));
        bench.stations[stuck].waiting = true;
        cr_assert(look(&bench), "the work may be a moment old");
        for (int i = 0; i < 10; i++) {
            bench.stations[(stuck + 1) % 3].passed += 100; /* the others move, that helps nothing */
            bench.stations[(stuck + 2) % 3].passed += 100;
            cr_assert_not(look(&bench), "station %d", stuck);
        }
    }
}

Test(watchdog, slow_is_not_stuck)
{
    bench_t bench = bench_begin();
    bench.stations[0].waiting = true;
    for (int i = 0; i < 1000; i++) {
        bench.stations[0].passed++;
        cr_assert(look(&bench));
    }
}

Test(watchdog, work_that_comes_anew_to_a_station_that_rested_is_not_yet_late)
{
    bench_t bench = bench_begin();
    for (int i = 0; i < 100; i++) {
        bench.stations[1].waiting = true;
        cr_assert(look(&bench));
        bench.stations[1].passed++;
        bench.stations[1].waiting = false;
        cr_assert(look(&bench));
    }
}

Test(watchdog, a_station_that_moves_again_lets_the_pings_go_on)
{
    bench_t bench = bench_begin();
    bench.stations[0].waiting = true;
    cr_assert(look(&bench));
    cr_assert_not(look(&bench));
    bench.stations[0].passed++;
    cr_assert(look(&bench), "what it passed is progress, whatever waits behind it");
    cr_assert_not(look(&bench), "and the next stall is seen as the first was");
}

Test(watchdog, a_station_without_work_does_not_stand_though_it_stood_before)
{
    bench_t bench = bench_begin();
    bench.stations[2].waiting = true;
    cr_assert(look(&bench));
    cr_assert_not(look(&bench));
    bench.stations[2].passed++;
    bench.stations[2].waiting = false;
    cr_assert(look(&bench));
    cr_assert(look(&bench));
}

Test(watchdog, the_first_look_has_nothing_to_compare_with)
{
    bench_t bench = bench_begin();
    bench.stations[0].waiting = true; /* passed 0, as the zeroed watchdog has it */
    cr_assert(look(&bench));
}

Test(pulse, the_watchdogs_time_is_read_as_systemd_writes_it)
{
    cr_assert_eq(slc_pulse_watchdog_ns("60000000", NULL, 12), UINT64_C(60000000000));
    cr_assert_eq(slc_pulse_watchdog_ns("60000000", "12", 12), UINT64_C(60000000000));
    cr_assert_eq(slc_pulse_watchdog_ns("60000000", "13", 12), 0, "another process is asked");
    const char *const wrong[] = {
        NULL, "", "0", "-5", "12s", " 12", "99999999999999999999999", "18446744073709551615"};
    for (size_t at = 0; at < sizeof wrong / sizeof *wrong; at++) {
        cr_assert_eq(slc_pulse_watchdog_ns(wrong[at], NULL, 12), 0, "%zu", at);
    }
}
