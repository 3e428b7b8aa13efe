#include "apply/toucher.h"

#include "base/check.h"
#include "base/error.h"
#include "base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

/* A kernel without huge pages, or short of them, gives these. */
#define PAGE_BYTES UINT64_C(4096)

struct slc_toucher {
    slc_fresh_t work; /* the giver's while idle, the thread's while busy */
    _Atomic bool busy;
    _Atomic bool stop;
    sem_t given;
    pthread_t thread;
};

/* Makes the kernel provide the page at `at`, which the logic may be writing to at this very moment. */
static void touch(uint8_t *at)
{
#if defined(__x86_64__)
    /* An or with nothing, locked: whatever another core stores there stays. In C it would be a race with
     * a plain store, and a compiler may make a mere load of it; for the machine it is neither. */
    __asm__ volatile("lock orb $0, %0" : "+m"(*at) : : "cc");
#elif defined(MADV_POPULATE_WRITE)
    (void)madvise(at, PAGE_BYTES, MADV_POPULATE_WRITE); /* a hint */
#else
    (void)at;
#endif
}

static void touch_all(slc_toucher_t *toucher)
{
    for (uint32_t i = 0; i < toucher->work.count; i++) {
        const slc_piece_t *piece = &toucher->work.pieces[i];
        for (uint64_t at = 0; at < piece->bytes; at += PAGE_BYTES) {
            /* relaxed: a wish to end soon, no data with it */
            if (atomic_load_explicit(&toucher->stop, memory_order_relaxed)) {
                return;
            }
            touch(piece->at + at);
        }
    }
}

static void *toucher_main(void *context)
{
    slc_toucher_t *toucher = context;
    for (;;) {
        while (sem_wait(&toucher->given) != 0) {
            SLC_CHECK(errno == EINTR);
        }
        /* relaxed: the semaphore orders it */
        if (atomic_load_explicit(&toucher->stop, memory_order_relaxed)) {
            return NULL;
        }
        touch_all(toucher);
        /* release: whoever sees it idle may unmap what was touched, and write the next work */
        atomic_store_explicit(&toucher->busy, false, memory_order_release);
    }
}

slc_toucher_t *slc_toucher_create(slc_error_t *ret_error)
{
    slc_toucher_t *toucher = calloc(1, sizeof *toucher);
    if (toucher == NULL) {
        (void)slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory for the toucher");
        return NULL;
    }
    atomic_init(&toucher->busy, false);
    atomic_init(&toucher->stop, false);
    SLC_CHECK(sem_init(&toucher->given, 0, 0) == 0);
    if (slc_thread_start(&toucher->thread, "slc-toucher", toucher_main, toucher, ret_error) != SLC_OK) {
        SLC_CHECK(sem_destroy(&toucher->given) == 0);
        free(toucher);
        return NULL;
    }
    return toucher;
}

void slc_toucher_destroy(slc_toucher_t *toucher)
{
    if (toucher == NULL) {
        return;
    }
    /* relaxed: ordered by the semaphore for a thread that waits, and a hint for one that touches */
    atomic_store_explicit(&toucher->stop, true, memory_order_relaxed);
    SLC_CHECK(sem_post(&toucher->given) == 0);
    SLC_CHECK(pthread_join(toucher->thread, NULL) == 0);
    SLC_CHECK(sem_destroy(&toucher->given) == 0);
    free(toucher);
}

bool slc_toucher_idle(const slc_toucher_t *toucher)
{
    /* acquire: behind the last touch; see toucher_main */
    return !atomic_load_explicit(&toucher->busy, memory_order_acquire);
}

void slc_toucher_give(slc_toucher_t *toucher, const slc_fresh_t *fresh)
{
    SLC_CHECK(slc_toucher_idle(toucher));
    toucher->work = *fresh;
    /* relaxed: set and, until it is reset, read by this thread alone; the work goes by the semaphore */
    atomic_store_explicit(&toucher->busy, true, memory_order_relaxed);
    SLC_CHECK(sem_post(&toucher->given) == 0);
}
