#include "schedule.h"

#include <math.h>

/* A ramp has had from*t + (to - from)*t*t/(2*seconds) requests by the time t; this is the t of a number.
 */
static double ramp_seconds(const load_schedule_t *schedule, double number)
{
    double slope = (schedule->to - schedule->from) / schedule->seconds;
    double whole = (schedule->from + schedule->to) / 2 * schedule->seconds;
    if (number >= whole) {
        return schedule->seconds + (number - whole) / schedule->to;
    }
    /* The form without a difference of two large numbers; the root's argument is to*to at the least. */
    return 2 * number / (schedule->from + sqrt(schedule->from * schedule->from + 2 * slope * number));
}

uint64_t load_schedule_due_ns(const load_schedule_t *schedule, uint64_t number)
{
    if (schedule->burst > 1) {
        number -= number % schedule->burst;
    }
    if (schedule->from == schedule->to) {
        return (uint64_t)((double)number * 1e9 / schedule->from);
    }
    return (uint64_t)(ramp_seconds(schedule, (double)number) * 1e9);
}

uint64_t load_schedule_requests(const load_schedule_t *schedule, double seconds)
{
    double ramp = schedule->from == schedule->to ? 0 : fmin(seconds, schedule->seconds);
    double slope = ramp == 0 ? 0 : (schedule->to - schedule->from) / schedule->seconds;
    double in_ramp = schedule->from * ramp + slope * ramp * ramp / 2;
    return (uint64_t)ceil(in_ramp + schedule->to * (seconds - ramp));
}
