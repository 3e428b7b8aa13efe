/* A consumer: take all that is available, hand it over, publish the progress once, after the work; wait.
 *
 * When the handler fails, its progress stays where it was, so that nobody behind it and no producer ever
 * passes a slot that was not done. */
#include "disruptor/ring.h"

#include "base/check.h"

int64_t slc_consumer_work(slc_consumer_t *consumer, uint64_t count, slc_batch_fn handler, void *context)
{
    int64_t done = handler(context, consumer->next, count);
    if (done > 0) {
        SLC_CHECK((uint64_t)done <= count);
        consumer->next += (uint64_t)done;
    }
    return done;
}

int64_t slc_consumer_poll_quietly(slc_consumer_t *consumer, slc_batch_fn handler, void *context)
{
    uint64_t count = slc_consumer_look(consumer);
    if (count == 0) {
        return 0;
    }
    int64_t done = slc_consumer_work(consumer, count, handler, context);
    if (done <= 0) {
        return done;
    }
    /* Release, so that whoever sees it sees the work, and a producer does not overwrite slots that are
     * still being read; seq_cst, so that it comes before the look at the sleepers that follows and before
     * the caller's own looks at flags (disruptor.h, slc_consumer_poll). */
    atomic_store_explicit(&consumer->progress.value, consumer->next, memory_order_seq_cst);
    return done;
}

void slc_consumer_announce(slc_consumer_t *consumer)
{
    slc_sequence_wake_sleepers(&consumer->progress);
}

bool slc_consumer_is_slept_on(const slc_consumer_t *consumer)
{
    return slc_sequence_is_slept_on(&consumer->progress);
}

int64_t slc_consumer_poll(slc_consumer_t *consumer, slc_batch_fn handler, void *context)
{
    int64_t done = slc_consumer_poll_quietly(consumer, handler, context);
    if (done > 0) {
        slc_consumer_announce(consumer);
    }
    return done;
}

static bool wait_is_over(void *context, slc_sequence_t **ret_slowest)
{
    slc_consumer_t *consumer = context;
    return slc_barrier_is_behind(consumer, ret_slowest) || slc_consumer_done(consumer) ||
           /* seq_cst: the look before a sleep; slc_consumer_wake sets it, then looks for sleepers. */
           atomic_load_explicit(&consumer->woken, memory_order_seq_cst);
}

bool slc_consumer_wait(slc_consumer_t *consumer, uint64_t timeout_ns)
{
    const slc_wait_plan_t plan = {
        .strategy = consumer->ring->wait,
        .spins = consumer->ring->spins,
        .yields = consumer->ring->yields,
        .over = wait_is_over,
        .context = consumer,
    };
    (void)slc_wait(&plan, timeout_ns);
    slc_sequence_t *slowest = NULL;
    if (slc_barrier_is_behind(consumer, &slowest)) {
        return true; /* a wake that came as well is kept for the next wait */
    }
    /* Acquire: the caller is to see what the waker wrote before it called. */
    (void)atomic_exchange_explicit(&consumer->woken, false, memory_order_acquire);
    return false;
}

void slc_consumer_wake(slc_consumer_t *consumer)
{
    /* seq_cst: before the looks at the sleepers, as with any advance. */
    atomic_store_explicit(&consumer->woken, true, memory_order_seq_cst);
    /* It may sleep on any that it comes after; others who sleep there look and sleep on. */
    for (size_t i = 0; i < consumer->after_count; i++) {
        slc_sequence_wake_sleepers(consumer->after[i]);
    }
    if (consumer->after_count == 0) {
        slc_sequence_wake_sleepers(&consumer->ring->published);
    }
}

bool slc_consumer_done(const slc_consumer_t *consumer)
{
    /* seq_cst: also the look before a sleep; close sets it, then looks for sleepers. */
    return slc_consumer_sequence(consumer) >=
           atomic_load_explicit(&consumer->ring->end, memory_order_seq_cst);
}

uint64_t slc_consumer_sequence(const slc_consumer_t *consumer)
{
    return slc_sequence_value(&consumer->progress);
}
