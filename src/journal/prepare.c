#include "journal/prepare.h"

#include "base/check.h"
#include "base/error.h"
#include "journal/format.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHUNK_BYTES ((size_t)256 << 10)
#define RETRY_NS UINT64_C(1000000000)
#define PAUSE_NS_MAX UINT64_C(20000000)

typedef enum {
    IDLE,   /* nothing is asked for */
    WANTED, /* the thread has to begin */
    MAKING, /* the thread is at it */
    READY,  /* SLC_PREPARE_NAME is a segment without a header */
    FAILED, /* `error` says why; tried again after a while */
} state_t;

struct slc_preparer {
    slc_directory_t *directory;
    slc_method_t method;
    uint64_t segment_bytes;
    uint64_t min_free_bytes;
    uint8_t *zeros;
    int fd; /* of the segment that is READY, open for the method's writes */
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
static bool give_way(slc_preparer_t *preparer, uint64_t worked_ns)
{
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

static int write_zeros(slc_preparer_t *preparer, int fd)
{
    const slc_sys_t *sys = preparer->directory->sys;
    for (uint64_t at = 0; at < preparer->segment_bytes;) {
        uint64_t left = preparer->segment_bytes - at;
        size_t count = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;
        uint64_t before = sys->monotonic_ns(sys->self);
        int code = slc_sys_write_all(sys, fd, preparer->zeros, count, at);
        if (code < 0) {
            return code;
        }
        if (give_way(preparer, sys->monotonic_ns(sys->self) - before)) {
            return -ECANCELED;
        }
        at += count;
    }
    return sys->fsync(sys->self, fd);
}

/* The work: 0 or a negative errno. What a failure leaves is removed, because it holds room. */
static int make_segment(slc_preparer_t *preparer)
{
    const slc_sys_t *sys = preparer->directory->sys;
    int dir = preparer->directory->fd;
    /* A segment that would leave too little is not begun: filling the disk and emptying it again every
     * second would take the last room from everybody else on it. */
    int64_t room = preparer->min_free_bytes == 0 ? INT64_MAX : sys->free_bytes(sys->self, dir);
    if (room < 0) {
        return (int)room;
    }
    if ((uint64_t)room < preparer->segment_bytes + preparer->min_free_bytes) {
        return -ENOSPC;
    }
    /* Direct where blocks are: zeros by way of the page cache would come back as one burst of write-back
     * under the journal's own writes. Not synced one by one. */
    int direct = preparer->method == SLC_METHOD_DIRECT ? O_DIRECT : 0;
    int fd = sys->open(sys->self, dir, SLC_PREPARE_NAME, O_RDWR | O_CREAT | O_TRUNC | direct, 0600);
    if (fd < 0) {
        return fd;
    }
    int code = write_zeros(preparer, fd);
    int closed = sys->close(sys->self, fd);
    code = code == 0 ? closed : code;
    if (code == 0) {
        /* Now, so that a roll needs no descriptor that a flood of connections may have taken. */
        fd = sys->open(sys->self, dir, SLC_PREPARE_NAME, O_RDWR | slc_method_flags(preparer->method), 0);
        code = fd < 0 ? fd : 0;
        preparer->fd = fd;
    }
    if (code < 0) {
        (void)sys->unlink(sys->self, dir, SLC_PREPARE_NAME); /* the first error is the one to tell */
    }
    return code;
}

bool slc_preparer_may_pass(int sys_errno)
{
    switch (sys_errno) {
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
    case EINTR:
        return true;
    default:
        return false;
    }
}

static slc_err_t describe(const slc_preparer_t *preparer, int code, slc_error_t *ret_error)
{
    const char *advice = "nothing acknowledged is lost: check the disk, its mount and its rights, then "
                         "start again";
    if (code == -ENOSPC || code == -EDQUOT) {
        advice = "make room on its disk";
    } else if (slc_preparer_may_pass(-code)) {
        advice = "it is tried again";
    }
    return slc_error_sys(
        ret_error, SLC_ERR_IO, -code,
        "cannot make the next segment of %" PRIu64 " bytes (and leave %" PRIu64 " free) in %s; %s",
        preparer->segment_bytes, preparer->min_free_bytes, preparer->directory->path, advice);
}

static void note_outcome(slc_preparer_t *preparer, int code)
{
    preparer->state = code == 0 ? READY : FAILED;
    preparer->failures = code == 0 ? 0 : preparer->failures + 1;
    if (code < 0) {
        (void)describe(preparer, code, &preparer->error);
    }
}

/* One try of the thread, with the lock held around it. */
static void locked_make(slc_preparer_t *preparer)
{
    preparer->state = MAKING;
    (void)pthread_mutex_unlock(&preparer->lock);
    int code = make_segment(preparer);
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
            if (preparer->state == FAILED && !preparer->stop) {
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
    uint8_t *zeros = aligned_alloc(SLC_PAGE_BYTES, CHUNK_BYTES);
    if (preparer == NULL || zeros == NULL) {
        free(preparer);
        free(zeros);
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "out of memory for preparing segments");
    }
    memset(zeros, 0, CHUNK_BYTES);
    preparer->directory = directory;
    preparer->method = method;
    preparer->segment_bytes = config->segment_bytes;
    preparer->min_free_bytes = config->min_free_bytes;
    preparer->zeros = zeros;
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
        const slc_sys_t *sys = preparer->directory->sys;
        (void)sys->close(sys->self, preparer->fd); /* only zeros were written */
        (void)sys->unlink(sys->self, preparer->directory->fd,
                          SLC_PREPARE_NAME); /* or the next start will */
    }
    if (!preparer->inside) {
        (void)pthread_cond_destroy(&preparer->changed);
        (void)pthread_mutex_destroy(&preparer->lock);
    }
    free(preparer->zeros);
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
        note_outcome(preparer, make_segment(preparer));
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
