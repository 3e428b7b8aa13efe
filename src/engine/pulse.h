/* The pulse of a serving engine, as systemd feels it (sd_notify(3)): WATCHDOG=1 while all stations move
 * (engine/watchdog.h) and STATUS=, which `systemctl status` shows. Nobody asked (no NOTIFY_SOCKET): no
 * thread, no cost.
 *
 * It looks at four places: journal and apply have work where the station before them is ahead; each
 * I/O thread's reply likewise; and each I/O thread is asked by its bell to come by, since work that waits
 * in a socket is seen by nobody else. Looks are a quarter of the watchdog's time apart, 10 s at most.
 *
 * Threads: start and stop on the main thread, behind the ready line and before the stations are stopped
 *   (systemd's own stop timeout takes over there); one thread inside, which only reads. It holds no lock
 *   that a station takes.
 * Ownership: start/stop; everything in the config is the engine's. Failure: start answers IO. */
#ifndef SLC_ENGINE_PULSE_H
#define SLC_ENGINE_PULSE_H

#include "engine/io_thread.h"
#include "engine/pipeline.h"
#include "sys/sys.h"

#include <pthread.h>

#define SLC_PULSE_STATUS_BYTES 256

typedef struct slc_pulse_config {
    const slc_sys_t *sys;
    const slc_pipeline_t *pipeline;
    slc_io_t *const *io;
    slc_bell_t *bells;
    uint32_t io_threads;
    /* One line without newline of how it goes. */
    void (*describe)(void *context, char out[SLC_PULSE_STATUS_BYTES]);
    void *context;
} slc_pulse_config_t;

typedef struct slc_pulse {
    slc_pulse_config_t config;
    uint64_t watchdog_ns; /* 0: not asked for */
    pthread_t thread;
    pthread_mutex_t lock; /* of `stop` */
    pthread_cond_t stopped;
    bool stop;
    bool running;
} slc_pulse_t;

slc_err_t slc_pulse_start(slc_pulse_t *pulse, const slc_pulse_config_t *config, slc_error_t *ret_error);
/* Also where it was never started (zeroed). */
void slc_pulse_stop(slc_pulse_t *pulse);

/* ---- inside, open for tests ---- */

/* WATCHDOG_USEC and WATCHDOG_PID (NULL: not set) as sd_watchdog_enabled(3) reads them: ns, 0 where this
 * process is not asked for pings. */
uint64_t slc_pulse_watchdog_ns(const char *usec, const char *pid, int64_t own_pid);

#endif
