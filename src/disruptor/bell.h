/* A bell: how a thread that sleeps in epoll, rather than on a sequence, is woken.
 *
 * The sleeper arms the bell, looks for work once more, and sleeps on `fd` only if there is none. The one
 * who brings work publishes it first and rings then. Both sides store before they load, so both use
 * sequentially consistent operations: either the ringer sees the bell armed, or the sleeper sees the
 * work. Release and acquire alone would let both miss.
 *
 * Threads: one sleeper (arm, disarm); any number of ringers.
 * Ownership: init opens an eventfd, finish closes it. Failure: init answers IO. */
#ifndef SLC_DISRUPTOR_BELL_H
#define SLC_DISRUPTOR_BELL_H

#include <sluice/status.h>

#include <stdatomic.h>
#include <stdint.h>

typedef struct slc_bell {
    _Alignas(128) _Atomic uint32_t armed;
    int fd; /* readable once it was rung while armed */
} slc_bell_t;

slc_err_t slc_bell_init(slc_bell_t *bell, slc_error_t *ret_error);
void slc_bell_finish(slc_bell_t *bell);
/* Behind this, look for work before sleeping. */
void slc_bell_arm(slc_bell_t *bell);
/* Awake again. A ringer that was quicker may still write to `fd` afterwards. */
void slc_bell_disarm(slc_bell_t *bell);
/* `fd` was readable: takes the ring, so that it is not heard again. */
void slc_bell_answer(slc_bell_t *bell);
/* Publish the work before; costs one load while the sleeper is awake. */
void slc_bell_ring(slc_bell_t *bell);

#endif
