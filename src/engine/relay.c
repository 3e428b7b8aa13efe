#include "engine/relay.h"

#include "base/check.h"
#include "base/error.h"
#include "base/log.h"

#include <unistd.h>

/* A turn is lent for so many slots at most: more of them take longer to decide than it takes to wake a
 * thread that does it beside the next ones' arrival. */
#define LEND_SLOTS_MAX 256

void slc_relay_init(slc_relay_t *relay, slc_pipeline_t *pipeline, slc_journal_station_t *journal,
                    slc_apply_station_t *apply)
{
    *relay = (slc_relay_t){.pipeline = pipeline, .journal = journal, .apply = apply};
    SLC_CHECK(pthread_mutex_init(&relay->journal_lock, NULL) == 0);
    SLC_CHECK(pthread_mutex_init(&relay->apply_lock, NULL) == 0);
}

void slc_relay_finish(slc_relay_t *relay)
{
    SLC_CHECK(pthread_mutex_destroy(&relay->journal_lock) == 0);
    SLC_CHECK(pthread_mutex_destroy(&relay->apply_lock) == 0);
}

static void lock(pthread_mutex_t *mutex)
{
    SLC_CHECK(pthread_mutex_lock(mutex) == 0);
}

static bool try_lock(pthread_mutex_t *mutex)
{
    return pthread_mutex_trylock(mutex) == 0; /* else EBUSY */
}

static void unlock(pthread_mutex_t *mutex)
{
    SLC_CHECK(pthread_mutex_unlock(mutex) == 0);
}

/* Fail-stop: what this batch held is not acknowledged and may or may not be on disk; the page cache
 * behind a failed sync cannot be believed. The next start finds the truth. */
static void stop_if(bool failed, const slc_error_t *error)
{
    if (failed) {
        slc_log(SLC_LOG_ERROR, "the journal failed, stopping at once: %s", error->message);
        _exit(slc_err_exit_code(SLC_ERR_IO));
    }
}

static bool is_few(uint64_t slots)
{
    return slots > 0 && slots <= LEND_SLOTS_MAX;
}

/* ---- turns, under their locks ---- */

/* Answers slots done with; *ret_rest_ns: when it wants the next turn without being asked. */
static int64_t journal_turn(slc_relay_t *relay, uint64_t *ret_rest_ns)
{
    slc_error_t error = {.code = SLC_OK};
    int64_t done = slc_journal_station_turn(relay->journal, &error);
    stop_if(done < 0, &error);
    *ret_rest_ns = slc_journal_station_rest_ns(relay->journal);
    return done;
}

static void lend_apply(slc_relay_t *relay)
{
    slc_consumer_t *consumer = relay->pipeline->apply;
    bool goes_on = false;
    /* Once it is done its thread may have left the station, for good. */
    if (!slc_consumer_done(consumer)) {
        (void)slc_apply_station_turn(relay->apply);
        goes_on = slc_apply_station_rest_ns(relay->apply) == 0;
    }
    unlock(&relay->apply_lock);
    /* Its thread rests for longer than that; or waits for the end of the ring, which no announcement of
     * further slots will tell it of. */
    if (goes_on || slc_consumer_done(consumer)) {
        slc_consumer_wake(consumer);
    }
}

/* What the journal has passed goes on its way. */
static void pass_on_to_apply(slc_relay_t *relay)
{
    slc_consumer_t *journal = relay->pipeline->journal;
    const slc_consumer_t *apply = relay->pipeline->apply;
    if (slc_consumer_is_slept_on(journal) &&
        is_few(slc_consumer_sequence(journal) - slc_consumer_sequence(apply)) &&
        try_lock(&relay->apply_lock)) {
        lend_apply(relay);
    }
    if (slc_consumer_sequence(journal) != slc_consumer_sequence(apply)) {
        slc_consumer_announce(journal);
    }
}

static void lend_journal(slc_relay_t *relay)
{
    slc_consumer_t *consumer = relay->pipeline->journal;
    uint64_t rested_ns = slc_journal_station_rest_ns(relay->journal);
    uint64_t rest_ns = 0;
    (void)journal_turn(relay, &rest_ns);
    unlock(&relay->journal_lock);
    /* There is now a seal to write, or room to look for; or the ring has come to its end. */
    if (rest_ns < rested_ns || slc_consumer_done(consumer)) {
        slc_consumer_wake(consumer);
    }
    pass_on_to_apply(relay);
}

void slc_relay_pass_on(slc_relay_t *relay)
{
    slc_ring_t *ring = relay->pipeline->ring;
    const slc_consumer_t *journal = relay->pipeline->journal;
    uint64_t backlog = slc_ring_claimed(ring) - slc_consumer_sequence(journal);
    if (backlog == 0) {
        return;
    }
    if (is_few(backlog) && slc_ring_is_slept_on(ring) && try_lock(&relay->journal_lock)) {
        slc_board_reader_sleeps(); /* the disk may take its time, and apply writes on the board */
        lend_journal(relay);
        slc_board_reader_wakes();
    }
    if (slc_ring_claimed(ring) != slc_consumer_sequence(journal)) {
        slc_ring_announce(ring);
    }
}

/* ---- threads ---- */

void slc_relay_run_journal(slc_relay_t *relay)
{
    slc_consumer_t *consumer = relay->pipeline->journal;
    slc_error_t error = {.code = SLC_OK};
    /* Before anybody asks, so that the log says at once how it stands. */
    lock(&relay->journal_lock);
    stop_if(slc_journal_station_look(relay->journal, &error) != SLC_OK, &error);
    unlock(&relay->journal_lock);
    while (!slc_consumer_done(consumer)) {
        uint64_t rest_ns = 0;
        lock(&relay->journal_lock);
        int64_t done = journal_turn(relay, &rest_ns);
        uint64_t passed = slc_consumer_sequence(consumer);
        unlock(&relay->journal_lock);
        if (done > 0) {
            pass_on_to_apply(relay);
            continue;
        }
        if (slc_consumer_wait(consumer, rest_ns)) {
            continue;
        }
        lock(&relay->journal_lock);
        /* Under the lock: a turn that was lent meanwhile, or is just over, means that it was not idle. */
        if (slc_consumer_sequence(consumer) == passed) {
            stop_if(slc_journal_station_idle(relay->journal, &error) != SLC_OK, &error);
        }
        unlock(&relay->journal_lock);
    }
    lock(&relay->journal_lock);
    stop_if(slc_journal_station_idle(relay->journal, &error) != SLC_OK, &error);
    unlock(&relay->journal_lock);
}

void slc_relay_run_apply(slc_relay_t *relay)
{
    slc_consumer_t *consumer = relay->pipeline->apply;
    while (!slc_consumer_done(consumer)) {
        lock(&relay->apply_lock);
        int64_t done = slc_apply_station_turn(relay->apply);
        uint64_t rest_ns = slc_apply_station_rest_ns(relay->apply);
        unlock(&relay->apply_lock);
        if (done == 0 && rest_ns > 0) {
            (void)slc_consumer_wait(consumer, rest_ns);
        }
    }
    lock(&relay->apply_lock);
    slc_apply_station_leave(relay->apply);
    unlock(&relay->apply_lock);
}
