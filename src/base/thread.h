/* Starting a thread under a name, by which `top -H` and `perf` show it.
 * Threads: any. Ownership: the caller joins it. Failure: IO, with the reason and the name. */
#ifndef SLC_BASE_THREAD_H
#define SLC_BASE_THREAD_H

#include <sluice/status.h>

#include <pthread.h>

/* `name`: at most 15 bytes, as the kernel keeps no more. */
slc_err_t slc_thread_start(pthread_t *ret_thread, const char *name, void *(*body)(void *), void *context,
                           slc_error_t *ret_error);

#endif
