#include "base/thread.h"

#include "base/error.h"

slc_err_t slc_thread_start(pthread_t *ret_thread, const char *name, void *(*body)(void *), void *context,
                           slc_error_t *ret_error)
{
    int failed = pthread_create(ret_thread, NULL, body, context);
    if (failed != 0) {
        return slc_error_sys(ret_error, SLC_ERR_IO, failed, "cannot start the thread %s", name);
    }
    (void)pthread_setname_np(*ret_thread, name); /* a name is no promise: without it all works the same */
    return SLC_OK;
}
