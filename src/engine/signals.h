/* The signals of a serving process, all of them taken by the main thread in sigwait:
 *
 *     SIGTERM, SIGINT   end it: drain, make durable, answer; a second one leaves at once, which is safe
 *     SIGHUP            reopen what a running server can: `reopen` says what that is
 *     SIGUSR1           take a snapshot
 *     SIGPIPE           ignored: a peer that is gone is seen by the call that writes to it
 *
 * Threads: the main thread. Ownership: none. Failure: block answers false. */
#ifndef SLC_ENGINE_SIGNALS_H
#define SLC_ENGINE_SIGNALS_H

#include <stdbool.h>

/* Before any other thread exists, so that all inherit it. */
bool slc_signals_block(void);

typedef struct slc_signal_calls {
    void (*reopen)(void *context);
    void (*snapshot)(void *context);
    void *context;
} slc_signal_calls_t;

/* Waits for the signal that ends the server and answers its number. From then on
 * a second one leaves at once. */
int slc_signals_wait(const slc_signal_calls_t *calls);

#endif
