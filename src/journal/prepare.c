#include "journal/prepare.h"

#include "base/check.h"
#include "base/error.h"
#include "journal/blank.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#define RETRY_NS UINT64_C(1000000000)
#define PAUSE_NS_MAX UINT64_C(20000000)

typedef enum {
    IDLE,   /* nothing is asked for */
    WANTED, /* the thread has to begin */
    MAKING, /* the thread is at it */
    READY,  /* there is a blank segment */
    FAILED, /* `error` says why; tried again after a while */
} state_t;

struct slc_preparer {
    slc_blank_t blank;
    int fd; /* of the segment that is READY */
    bool inside;
    bool started; /* the thread, and lock and condition with it */
    pthread_t thread;
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    state_t state;
    uint64_t failures; /* in a row */
    bool hurry;        /* somebody waits */
    bool stop;
    slc_error_t error;
};

static void locked_wait(slc_preparer_t *preparer, uint64_t timeout_ns)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t ns = (uint64_t)until.tv_nsec + timeout_ns;
    until.tv_sec += (time_t)(ns / UINT64_C(1000000000));
    until.tv_nsec = (long)(ns % UINT64_C(1000000000));
    (void)pthread_cond_timedwait(&preparer->changed, &preparer->lock, &until);
}

/* Leaves half of the disk's time to the journal; true: the preparer is being destroyed. */
static bool give_way(void *context, uint64_t worked_ns)
{
    slc_preparer_t *preparer = context;
    if (preparer->inside) {
        return false;
    }
    (void)pthread_mutex_lock(&preparer->lock);
    if (!preparer->hurry && !preparer->stop) {
        locked_wait(preparer, worked_ns < PAUSE_NS_MAX ? worked_ns : PAUSE_NS_MAX);
    }
    bool stop = preparer->stop;
    (void)pthread_mutex_unlock(&preparer->lock);
    return stop;
}

static void note_outcome(slc_preparer_t *preparer, int code)
{
    preparer->state = code == 0 ? READY : FAILED;
    preparer->failures = code == 0 ? 0 : preparer->failures + 1;
    if (code < 0) {
        (void)slc_blank_describe(&preparer->blank, code, &preparer->error);
    }
}

/* One try of the thread, with the lock held around it. */
static void locked_make(slc_preparer_t *preparer)
{
    preparer->state = MAKING;
    (void)pthread_mutex_unlock(&preparer->lock);
    int code = slc_blank_make(&preparer->blank, give_way, preparer, &preparer->fd);
    (void)pthread_mutex_lock(&preparer->lock);
    note_outcome(preparer, code);
    (void)pthread_cond_broadcast(&preparer->changed);
}

static void *prepare_loop(void *context)
{
    slc_preparer_t *preparer = context;
    (void)pthread_mutex_lock(&preparer->lock);
    while (!preparer->stop) {
        switch (preparer->state) {
        case WANTED:
            locked_make(preparer);
            break;
        case FAILED:
            locked_wait(preparer, RETRY_NS);
            if (!preparer->stop) { /* nobody but this thread ends FAILED */
                locked_make(preparer);
            }
            break;
        case IDLE:
        case MAKING:
        case READY:
            (void)pthread_cond_wait(&preparer->changed, &preparer->lock);
            break;
        }
    }
    (void)pthread_mutex_unlock(&preparer->lock);
    return NULL;
}

static int start_thread(slc_preparer_t *preparer)
{
    pthread_condattr_t attributes;
    SLC_CHECK(pthread_mutex_init(&preparer->lock, NULL) == 0);
    SLC_CHECK(pthread_condattr_init(&attributes) == 0);
    SLC_CHECK(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    SLC_CHECK(pthread_cond_init(&preparer->changed, &attributes) == 0);
    (void)pthread_condattr_destroy(&attributes);
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the process's main thread */
    int code = pthread_create(&preparer->thread, NULL, prepare_loop, preparer);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code == 0) {
        preparer->started = true;
        (void)pthread_setname_np(preparer->thread, "slc-prepare"); /* for top; a name is no promise */
    }
    return code;
}

slc_err_t slc_preparer_create(slc_directory_t *directory, slc_method_t method,
                              const slc_writer_config_t *config, slc_preparer_t **ret_preparer,
                              slc_error_t *ret_error)
{
    slc_preparer_t *preparer = calloc(1, sizeof *preparer);
    if (preparer == NULL || !slc_blank_init(&preparer->blank, directory, method, config)) {
        free(preparer);
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "out of memory for preparing segments");
    }
    preparer->inside = config->prepare_inside;
    int code = preparer->inside ? 0 : start_thread(preparer);
    if (code != 0) {
        slc_preparer_destroy(preparer);
        return slc_error_sys(ret_error, SLC_ERR_NO_MEMORY, code, "cannot start the preparing thread");
    }
    *ret_preparer = preparer;
    return SLC_OK;
}

void slc_preparer_destroy(slc_preparer_t *preparer)
{
    if (preparer == NULL) {
        return;
    }
    if (preparer->started) {
        (void)pthread_mutex_lock(&preparer->lock);
        preparer->stop = true;
        (void)pthread_cond_broadcast(&preparer->changed);
        (void)pthread_mutex_unlock(&preparer->lock);
        (void)pthread_join(preparer->thread, NULL);
    }
    if (preparer->state == READY) {
        slc_blank_discard(&preparer->blank, preparer->fd);
    }
    if (!preparer->inside) {
        (void)pthread_cond_destroy(&preparer->changed);
        (void)pthread_mutex_destroy(&preparer->lock);
    }
    slc_blank_finish(&preparer->blank);
    free(preparer);
}

void slc_preparer_start(slc_preparer_t *preparer)
{
    if (preparer->inside) {
        return;
    }
    (void)pthread_mutex_lock(&preparer->lock);
    SLC_CHECK(preparer->state == IDLE);
    preparer->state = WANTED;
    (void)pthread_cond_broadcast(&preparer->changed);
    (void)pthread_mutex_unlock(&preparer->lock);
}

static slc_err_t locked_error(const slc_preparer_t *preparer, slc_error_t *ret_error)
{
    if (ret_error != NULL) {
        *ret_error = preparer->error;
    }
    return preparer->error.code;
}

/* Without a thread: the try is made here and now. */
static slc_err_t make_inside(slc_preparer_t *preparer, slc_error_t *ret_error)
{
    if (preparer->state != READY) {
        note_outcome(preparer, slc_blank_make(&preparer->blank, give_way, preparer, &preparer->fd));
    }
    return preparer->state == READY ? SLC_OK : locked_error(preparer, ret_error);
}

/* Waits until the thread has a segment, or has failed at a try that ended after this call began. */
slc_err_t slc_preparer_wait(slc_preparer_t *preparer, slc_error_t *ret_error)
{
    if (preparer->inside) {
        return make_inside(preparer, ret_error);
    }
    (void)pthread_mutex_lock(&preparer->lock);
    SLC_CHECK(preparer->state != IDLE);
    uint64_t failures_max = preparer->failures + 1;
    preparer->hurry = true;
    while (preparer->state != READY && preparer->failures < failures_max) {
        (void)pthread_cond_broadcast(&preparer->changed);
        (void)pthread_cond_wait(&preparer->changed, &preparer->lock);
    }
    preparer->hurry = false;
    slc_err_t code = preparer->state == READY ? SLC_OK : locked_error(preparer, ret_error);
    (void)pthread_mutex_unlock(&preparer->lock);
    return code;
}

bool slc_preparer_is_ready(slc_preparer_t *preparer)
{
    if (preparer->inside) {
        return preparer->state == READY;
    }
    (void)pthread_mutex_lock(&preparer->lock);
    bool ready = preparer->state == READY;
    (void)pthread_mutex_unlock(&preparer->lock);
    return ready;
}

static void set_idle(slc_preparer_t *preparer)
{
    if (preparer->inside) {
        preparer->state = IDLE;
        return;
    }
    (void)pthread_mutex_lock(&preparer->lock);
    preparer->state = IDLE;
    (void)pthread_mutex_unlock(&preparer->lock);
}

slc_err_t slc_preparer_take(slc_preparer_t *preparer, int *ret_fd, bool *ret_waited,
                            slc_error_t *ret_error)
{
    *ret_waited = !slc_preparer_is_ready(preparer);
    slc_err_t code = slc_preparer_wait(preparer, ret_error);
    if (code == SLC_OK) {
        *ret_fd = preparer->fd; /* the thread's write of it stands before READY, under the lock */
        set_idle(preparer);
    }
    return code;
}

slc_err_t slc_preparer_status(slc_preparer_t *preparer, slc_error_t *ret_error)
{
    if (preparer->inside) {
        return preparer->state == FAILED ? make_inside(preparer, ret_error) : SLC_OK;
    }
    (void)pthread_mutex_lock(&preparer->lock);
    slc_err_t code = SLC_OK;
    if (preparer->state == FAILED || (preparer->state == MAKING && preparer->failures > 0)) {
        code = locked_error(preparer, ret_error);
    }
    (void)pthread_mutex_unlock(&preparer->lock);
    return code;
}
