#include "disruptor/bell.h"

#include "base/check.h"
#include "base/error.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

slc_err_t slc_bell_init(slc_bell_t *bell, slc_error_t *ret_error)
{
    atomic_init(&bell->armed, 0);
    bell->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (bell->fd < 0) {
        return slc_error_sys(ret_error, SLC_ERR_IO, errno, "cannot make an eventfd");
    }
    return SLC_OK;
}

void slc_bell_finish(slc_bell_t *bell)
{
    if (bell->fd >= 0) {
        SLC_CHECK(close(bell->fd) == 0);
        bell->fd = -1;
    }
}

void slc_bell_arm(slc_bell_t *bell)
{
    /* seq_cst: this store may not pass the load of the work that the sleeper does next; the ringer does
     * the same two the other way round */
    atomic_store_explicit(&bell->armed, 1, memory_order_seq_cst);
}

void slc_bell_disarm(slc_bell_t *bell)
{
    /* relaxed: a ringer that still sees it armed rings once for nothing */
    atomic_store_explicit(&bell->armed, 0, memory_order_relaxed);
}

void slc_bell_answer(slc_bell_t *bell)
{
    uint64_t rings;
    ssize_t got = read(bell->fd, &rings, sizeof rings);
    SLC_CHECK(got == (ssize_t)sizeof rings || (got < 0 && (errno == EAGAIN || errno == EINTR)));
}

void slc_bell_ring(slc_bell_t *bell)
{
    /* seq_cst: behind the publication of the work, never before it; see slc_bell_arm */
    if (atomic_load_explicit(&bell->armed, memory_order_seq_cst) == 0) {
        return;
    }
    /* relaxed: only decides which of several ringers pays for the write */
    if (atomic_exchange_explicit(&bell->armed, 0, memory_order_relaxed) != 0) {
        uint64_t one = 1;
        ssize_t put;
        do {
            put = write(bell->fd, &one, sizeof one);
        } while (put < 0 && errno == EINTR);
        /* EAGAIN: the counter is full of rings already */
        SLC_CHECK(put == (ssize_t)sizeof one || (put < 0 && errno == EAGAIN));
    }
}
