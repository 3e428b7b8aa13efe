/* The happy path: the condition comes true within the first few hundred turns of spinning. Otherwise this
 * thread offers its core a few times, and then sleeps on the bell of the sequence that holds it up.
 *
 * What can go wrong, and where it is prevented:
 *   - the sequence advances between the last look and the sleep: sequence.h, sleep and wake
 *   - another sequence has become the slowest meanwhile: slept on would be the wrong bell, so the look
 *     after the announcement must name the same sequence, else the turn starts again
 *   - ck_ec may sleep past its deadline, and wakes now and then to look: bounded_sleep() below */
#include "disruptor/wait.h"

#include "base/check.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <ck_pr.h>

#define CLOCK_EVERY_TURNS 64 /* a look at the clock costs as much as several turns of spinning */
#define NS_PER_S 1000000000u

/* ---- ck_ec's view of the system ---- */

static int bell_gettime(const struct ck_ec_ops *ops, struct timespec *ret_now)
{
    (void)ops;
    return clock_gettime(CLOCK_MONOTONIC, ret_now);
}

static void bell_wait(const struct ck_ec_wait_state *state, const uint32_t *word, uint32_t expected,
                      const struct timespec *deadline)
{
    (void)state;
    if (syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected, deadline, NULL,
                FUTEX_BITSET_MATCH_ANY) != 0) {
        /* The word changed, a signal, or the time is up: all of them a reason to look again. */
        SLC_CHECK(errno == EAGAIN || errno == EINTR || errno == ETIMEDOUT);
    }
}

static void bell_wake(const struct ck_ec_ops *ops, const uint32_t *word)
{
    (void)ops;
    SLC_CHECK(syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX) >= 0);
}

static const struct ck_ec_ops bell_ops = {
    .gettime = bell_gettime,
    .wait32 = bell_wait,
    .wake32 = bell_wake,
    .busy_loop_iter = 1, /* whoever comes here has done its spinning */
};
/* Multi-producer mode, even where one thread advances: a wake or a close rings from elsewhere. Its flag
 * is set and cleared by locked instructions, so it can't get lost as in single-producer mode. */
static const struct ck_ec_mode bell_mode = {.ops = &bell_ops, .single_producer = false};

void slc_sequence_ring_bell(slc_sequence_t *sequence)
{
    ck_ec32_inc(&sequence->bell, &bell_mode);
}

/* ck_ec sleeps in growing steps, against flags lost in single-producer mode, and does not cut a step to
 * the caller's deadline. This predicate runs before each step and makes it the whole wait. */
static int bounded_sleep(const struct ck_ec_wait_state *state, struct timespec *step_deadline)
{
    *step_deadline = *(const struct timespec *)state->data;
    return 0;
}

/* ---- time ---- */

static struct timespec now(void)
{
    struct timespec time;
    SLC_CHECK(clock_gettime(CLOCK_MONOTONIC, &time) == 0);
    return time;
}

static struct timespec deadline_in(uint64_t timeout_ns)
{
    struct timespec time = now();
    uint64_t ns = (uint64_t)time.tv_nsec + timeout_ns % NS_PER_S;
    time.tv_sec += (time_t)(timeout_ns / NS_PER_S + ns / NS_PER_S);
    time.tv_nsec = (long)(ns % NS_PER_S);
    return time;
}

static bool is_past(const struct timespec *deadline)
{
    struct timespec time = now();
    return time.tv_sec > deadline->tv_sec ||
           (time.tv_sec == deadline->tv_sec && time.tv_nsec >= deadline->tv_nsec);
}

/* ---- the three stages ---- */

/* Sleeps until the bell of `slowest` rings or the deadline passes; returns early if that is of no use. */
static void sleep_on(const slc_wait_plan_t *plan, slc_sequence_t *slowest,
                     const struct timespec *deadline)
{
    /* seq_cst, before the look below: see sequence.h. */
    (void)atomic_fetch_add_explicit(&slowest->sleepers, 1, memory_order_seq_cst);
    /* Noted before the look: a ring behind it is for a change that the look may have missed. */
    uint32_t rings = ck_ec32_value(&slowest->bell);
    slc_sequence_t *still_slowest = NULL;
    if (!plan->over(plan->context, &still_slowest) && still_slowest == slowest) {
        struct timespec until = *deadline;
        (void)ck_ec32_wait_pred(&slowest->bell, &bell_mode, rings, bounded_sleep, &until, &until);
    }
    /* Release: not to be seen before the sleep is over. Seen late, it costs a needless ring. */
    (void)atomic_fetch_sub_explicit(&slowest->sleepers, 1, memory_order_release);
}

bool slc_wait(const slc_wait_plan_t *plan, uint64_t timeout_ns)
{
    slc_sequence_t *slowest = NULL;
    if (plan->over(plan->context, &slowest)) {
        return true;
    }
    if (timeout_ns == 0) {
        return false;
    }
    /* tv_sec at its maximum is what ck_ec takes for "for ever". */
    bool bounded = timeout_ns != UINT64_MAX;
    struct timespec deadline = {.tv_sec = (time_t)INT64_MAX};
    if (bounded) {
        deadline = deadline_in(timeout_ns);
    }
    const uint64_t yields_from = plan->strategy == SLC_WAIT_SPIN ? UINT64_MAX : plan->spins;
    const uint64_t sleeps_from =
        plan->strategy == SLC_WAIT_SLEEP ? (uint64_t)plan->spins + plan->yields : UINT64_MAX;
    for (uint64_t turn = 0;; turn++) {
        if (turn < yields_from) {
            ck_pr_stall();
        } else if (turn < sleeps_from) {
            (void)sched_yield(); /* never fails on Linux */
        } else {
            sleep_on(plan, slowest, &deadline);
        }
        if (plan->over(plan->context, &slowest)) {
            return true;
        }
        bool look_at_clock = turn >= yields_from || turn % CLOCK_EVERY_TURNS == 0;
        if (bounded && look_at_clock && is_past(&deadline)) {
            return false;
        }
    }
}
