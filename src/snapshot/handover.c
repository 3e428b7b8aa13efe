#include "snapshot/handover.h"

#include "base/check.h"

#include <errno.h>
#include <time.h>

void slc_handover_init(slc_handover_t *handover)
{
    pthread_condattr_t monotonic;
    *handover = (slc_handover_t){.stopping = false};
    SLC_CHECK(pthread_mutex_init(&handover->mutex, NULL) == 0);
    SLC_CHECK(pthread_condattr_init(&monotonic) == 0);
    SLC_CHECK(pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
    SLC_CHECK(pthread_cond_init(&handover->changed, &monotonic) == 0);
    SLC_CHECK(pthread_condattr_destroy(&monotonic) == 0);
}

void slc_handover_finish(slc_handover_t *handover)
{
    SLC_CHECK(pthread_cond_destroy(&handover->changed) == 0);
    SLC_CHECK(pthread_mutex_destroy(&handover->mutex) == 0);
}

/* Whoever sleeps looks at what changed under the mutex before it sleeps: passing through it means that
 * the sleeper has seen the change, or is asleep and hears of it. */
static void wake(slc_handover_t *handover)
{
    SLC_CHECK(pthread_mutex_lock(&handover->mutex) == 0);
    SLC_CHECK(pthread_cond_broadcast(&handover->changed) == 0);
    SLC_CHECK(pthread_mutex_unlock(&handover->mutex) == 0);
}

bool slc_handover_is_stopping(slc_handover_t *handover)
{
    SLC_CHECK(pthread_mutex_lock(&handover->mutex) == 0);
    bool stopping = handover->stopping;
    SLC_CHECK(pthread_mutex_unlock(&handover->mutex) == 0);
    return stopping;
}

void slc_handover_stop(slc_handover_t *handover)
{
    SLC_CHECK(pthread_mutex_lock(&handover->mutex) == 0);
    handover->stopping = true;
    SLC_CHECK(pthread_cond_broadcast(&handover->changed) == 0);
    SLC_CHECK(pthread_mutex_unlock(&handover->mutex) == 0);
}

slc_cut_t *slc_handover_leftover(slc_handover_t *handover)
{
    /* Acquire: neither side has a thread any more, and whoever saw to that has seen what they did; this
     * only says so where the two are told apart. */
    slc_cut_t *given = atomic_exchange_explicit(&handover->given, NULL, memory_order_acquire);
    slc_cut_t *returned = atomic_exchange_explicit(&handover->returned, NULL, memory_order_acquire);
    SLC_CHECK(given == NULL || returned == NULL);
    return given != NULL ? given : returned;
}

void slc_handover_want(slc_handover_t *handover)
{
    /* Release: the apply station that sees this begins its cut behind all that we saw applied. */
    atomic_store_explicit(&handover->wanted, true, memory_order_release);
}

bool slc_handover_wanted(slc_handover_t *handover)
{
    /* Looked at first, because it is false at nearly every turn and a load keeps the line shared.
     * Acquire: see slc_handover_want. */
    return atomic_load_explicit(&handover->wanted, memory_order_relaxed) &&
           atomic_exchange_explicit(&handover->wanted, false, memory_order_acquire);
}

void slc_handover_give(slc_handover_t *handover, slc_cut_t *cut)
{
    if (cut == NULL) {
        /* Release: the keeper that sees it may want again, and is not answered by what came before. */
        atomic_store_explicit(&handover->failed, true, memory_order_release);
    } else {
        /* Release: the keeper that takes it sees the copies, and every record before their tails. */
        slc_cut_t *before = atomic_exchange_explicit(&handover->given, cut, memory_order_release);
        SLC_CHECK(before == NULL);
    }
    wake(handover);
}

slc_cut_t *slc_handover_take(slc_handover_t *handover, bool *ret_failed)
{
    /* Acquire: see slc_handover_give. */
    *ret_failed = atomic_exchange_explicit(&handover->failed, false, memory_order_acquire);
    /* Acquire: see slc_handover_give. */
    return atomic_exchange_explicit(&handover->given, NULL, memory_order_acquire);
}

void slc_handover_return(slc_handover_t *handover, slc_cut_t *cut)
{
    slc_cut_leave(cut); /* here, where it is nobody's pause */
    /* Release: when the apply station ends it and frees what purges held back, our reading is over. */
    slc_cut_t *before = atomic_exchange_explicit(&handover->returned, cut, memory_order_release);
    SLC_CHECK(before == NULL);
}

slc_cut_t *slc_handover_returned(slc_handover_t *handover)
{
    /* Looked at first, as in slc_handover_wanted. Acquire: see slc_handover_return. */
    return atomic_load_explicit(&handover->returned, memory_order_relaxed) == NULL
               ? NULL
               : atomic_exchange_explicit(&handover->returned, NULL, memory_order_acquire);
}

static bool something_came(slc_handover_t *handover)
{
    /* Relaxed: slc_handover_take looks again. */
    return atomic_load_explicit(&handover->given, memory_order_relaxed) != NULL ||
           atomic_load_explicit(&handover->failed, memory_order_relaxed);
}

static bool sleep_until(slc_handover_t *handover, uint64_t time_ns, bool whatever_comes)
{
    struct timespec end;
    SLC_CHECK(clock_gettime(CLOCK_MONOTONIC, &end) == 0);
    time_ns += (uint64_t)end.tv_nsec;
    end.tv_sec += (time_t)(time_ns / 1000000000);
    end.tv_nsec = (long)(time_ns % 1000000000);
    int outcome = 0;
    SLC_CHECK(pthread_mutex_lock(&handover->mutex) == 0);
    while (outcome == 0 && !handover->stopping && (whatever_comes || !something_came(handover))) {
        outcome = pthread_cond_timedwait(&handover->changed, &handover->mutex, &end);
    }
    bool go_on = !handover->stopping;
    SLC_CHECK(pthread_mutex_unlock(&handover->mutex) == 0);
    SLC_CHECK(outcome == 0 || outcome == ETIMEDOUT);
    return go_on;
}

bool slc_handover_wait(slc_handover_t *handover, uint64_t timeout_ns)
{
    return sleep_until(handover, timeout_ns, false);
}

bool slc_handover_nap(slc_handover_t *handover, uint64_t time_ns)
{
    return sleep_until(handover, time_ns, true);
}
