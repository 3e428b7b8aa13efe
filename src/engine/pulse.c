#include "engine/pulse.h"

#include "base/check.h"
#include "base/thread.h"
#include "engine/notify.h"
#include "engine/watchdog.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOOK_NS_MAX (UINT64_C(10) * 1000 * 1000 * 1000)

static_assert(2 + 2 * SLC_IO_THREADS_MAX <= SLC_WATCHED_MAX, "each station is watched");

static size_t look_at_stations(const slc_pulse_t *pulse, slc_watched_t stations[SLC_WATCHED_MAX])
{
    const slc_pipeline_t *pipeline = pulse->config.pipeline;
    uint64_t journaled = slc_consumer_sequence(pipeline->journal);
    uint64_t applied = slc_consumer_sequence(pipeline->apply);
    size_t count = 0;
    stations[count++] = (slc_watched_t){
        .name = "journal",
        .number = -1,
        .passed = journaled,
        .waiting = slc_ring_claimed(pipeline->ring) > journaled,
    };
    stations[count++] =
        (slc_watched_t){.name = "apply", .number = -1, .passed = applied, .waiting = journaled > applied};
    for (uint32_t i = 0; i < pulse->config.io_threads; i++) {
        uint64_t replied = slc_consumer_sequence(pipeline->reply[i]);
        stations[count++] = (slc_watched_t){
            .name = "reply", .number = (int)i, .passed = replied, .waiting = applied > replied};
        stations[count++] = (slc_watched_t){.name = "I/O",
                                            .number = (int)i,
                                            .passed = slc_io_turns(pulse->config.io[i]),
                                            .waiting = true};
        slc_bell_ring(&pulse->config.bells[i]); /* asked to come by before the next look */
    }
    return count;
}

/* One datagram: how it goes, where that is new, and the ping. */
static void beat(const slc_pulse_t *pulse, bool all_move, char told[SLC_PULSE_STATUS_BYTES])
{
    char status[SLC_PULSE_STATUS_BYTES];
    char message[SLC_PULSE_STATUS_BYTES + 32] = "";
    size_t used = 0;
    pulse->config.describe(pulse->config.context, status);
    if (strcmp(status, told) != 0) {
        used = (size_t)snprintf(message, sizeof message, "STATUS=%s\n", status);
        memcpy(told, status, SLC_PULSE_STATUS_BYTES);
    }
    if (all_move && pulse->watchdog_ns != 0) {
        (void)snprintf(message + used, sizeof message - used, "WATCHDOG=1\n");
    }
    if (*message != '\0') {
        slc_notify(message);
    }
}

/* False: it is over. */
static bool rest(slc_pulse_t *pulse, uint64_t rest_ns)
{
    struct timespec until;
    SLC_CHECK(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
    uint64_t until_ns = (uint64_t)until.tv_sec * 1000000000u + (uint64_t)until.tv_nsec + rest_ns;
    until = (struct timespec){(time_t)(until_ns / 1000000000u), (long)(until_ns % 1000000000u)};
    int woken = 0;
    SLC_CHECK(pthread_mutex_lock(&pulse->lock) == 0);
    while (!pulse->stop && woken == 0) {
        woken = pthread_cond_timedwait(&pulse->stopped, &pulse->lock, &until);
    }
    bool goes_on = !pulse->stop;
    SLC_CHECK(pthread_mutex_unlock(&pulse->lock) == 0);
    SLC_CHECK(woken == 0 || woken == ETIMEDOUT);
    return goes_on;
}

static void *pulse_main(void *context)
{
    slc_pulse_t *pulse = context;
    const slc_sys_t *sys = pulse->config.sys;
    uint64_t quarter_ns = pulse->watchdog_ns / 4;
    uint64_t rest_ns = quarter_ns != 0 && quarter_ns < LOOK_NS_MAX ? quarter_ns : LOOK_NS_MAX;
    char told[SLC_PULSE_STATUS_BYTES] = "";
    slc_watchdog_t watchdog = {.count = 0};
    do {
        slc_watched_t stations[SLC_WATCHED_MAX];
        size_t count = look_at_stations(pulse, stations);
        beat(pulse, slc_watchdog_look(&watchdog, stations, count, sys->monotonic_ns(sys->self)), told);
    } while (rest(pulse, rest_ns));
    return NULL;
}

/* A whole positive number, or 0. */
static uint64_t number(const char *text)
{
    char *rest_of_text = NULL;
    if (text == NULL || *text < '0' || *text > '9') {
        return 0;
    }
    errno = 0;
    uint64_t value = strtoull(text, &rest_of_text, 10);
    return errno == 0 && *rest_of_text == '\0' ? value : 0;
}

uint64_t slc_pulse_watchdog_ns(const char *usec, const char *pid, int64_t own_pid)
{
    uint64_t asked_us = number(usec);
    bool is_for_us = pid == NULL || number(pid) == (uint64_t)own_pid;
    return is_for_us && asked_us <= UINT64_MAX / 1000 ? asked_us * 1000 : 0;
}

slc_err_t slc_pulse_start(slc_pulse_t *pulse, const slc_pulse_config_t *config, slc_error_t *ret_error)
{
    pthread_condattr_t attributes;
    if (getenv("NOTIFY_SOCKET") == NULL) {
        return SLC_OK;
    }
    pulse->config = *config;
    pulse->watchdog_ns = slc_pulse_watchdog_ns(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"), getpid());
    SLC_CHECK(pthread_mutex_init(&pulse->lock, NULL) == 0);
    SLC_CHECK(pthread_condattr_init(&attributes) == 0);
    SLC_CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    SLC_CHECK(pthread_cond_init(&pulse->stopped, &attributes) == 0);
    SLC_CHECK(pthread_condattr_destroy(&attributes) == 0);
    slc_err_t err = slc_thread_start(&pulse->thread, "slc-pulse", pulse_main, pulse, ret_error);
    pulse->running = err == SLC_OK;
    return err;
}

void slc_pulse_stop(slc_pulse_t *pulse)
{
    if (!pulse->running) {
        return;
    }
    SLC_CHECK(pthread_mutex_lock(&pulse->lock) == 0);
    pulse->stop = true;
    SLC_CHECK(pthread_cond_signal(&pulse->stopped) == 0);
    SLC_CHECK(pthread_mutex_unlock(&pulse->lock) == 0);
    SLC_CHECK(pthread_join(pulse->thread, NULL) == 0);
    SLC_CHECK(pthread_cond_destroy(&pulse->stopped) == 0);
    SLC_CHECK(pthread_mutex_destroy(&pulse->lock) == 0);
    pulse->running = false;
}
