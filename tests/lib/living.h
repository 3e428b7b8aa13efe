/* A whole engine inside a test's process, on a real directory and real sockets: it lives on a thread of
 * its own, which also takes the signals that the test sends to its process.
 * Threads: the test's. One engine at a time, for stderr is caught. Ownership: living_begin makes the
 * directory, living_finish removes it. Failure: a sentence on the stderr from before, and abort;
 * Criterion is not used, so that plain programs can do the same under ThreadSanitizer. */
#ifndef SLC_TESTS_LIB_LIVING_H
#define SLC_TESTS_LIB_LIVING_H

#include "engine/engine.h"

#include <sluice/client.h>

#include <pthread.h>

typedef struct living {
    char dir[64];
    char data[128]; /* the data directory, below dir */
    char log[128];  /* what it wrote to stderr, over all its lives */
    slc_options_t options;
    pthread_t thread;
    slc_err_t ended; /* how the last life ended */
    slc_error_t error;
    char listen[160], control[160], http[160]; /* of this life */
    int stderr_fd;
} living_t;

/* `extra`: further arguments, NULL at their end; NULL: none. */
void living_begin(living_t *living, const char *const *extra);
void living_finish(living_t *living);
/* Starts a life and waits until it is ready; where it fails to start, `ended` and `error` say why. */
bool living_start(living_t *living);
/* A start that has to fail, in a process of its own, since what a failed start has opened goes with the
 * process; answers its error. */
slc_err_t living_refused(const slc_options_t *options, slc_error_t *ret_error);
/* SIGTERM, and the end of the life. */
void living_stop(living_t *living);

/* One call of an operator; the reply is good until the next. */
const slc_control_reply_t *living_call(const living_t *living, const slc_control_request_t *request);
/* One buyer's one BUY of one unit. */
slc_status_t living_buy(const living_t *living, uint64_t drop_id, const char *user);
/* The whole answer to GET `path`, NUL-terminated, good until the next call. */
const char *living_get(const living_t *living, const char *path);
/* Until `is_so` says so. The wait has no bound: the runner's own ends a test that hangs. */
void living_until(bool (*is_so)(void *context), void *context);

#endif
