/* A disruptor: a ring of preallocated slots between producers and a graph of consumers, in which every
 * consumer sees every slot, in order, behind the consumers it depends on.
 *
 * After M. Thompson, D. Farley, M. Barker, P. Gee and A. Stewart, "Disruptor: High performance
 * alternative to bounded queues for exchanging data between concurrent threads", LMAX 2011.
 *
 *     producers ──> ring ──> A ──> B ──┐            slc_ring_create, slc_consumer_create(A: after nobody;
 *         ^                  └───> C ──┴──> D         B, C: after A; D: after B and C), slc_ring_gate(D)
 *         └── may reuse a slot when D has passed it
 *
 * Threads: which calls may overlap on one ring:
 *   - claim, try_claim and publish: with PRODUCER_SINGLE one thread at a time, with PRODUCER_MULTI any
 *   - poll and run of a consumer: one thread at a time for each consumer, beside all others
 *   - wait of a consumer: one thread for each consumer, also beside a poll of it by another
 *   - close, slot and the sequences: any thread, any time
 *   - create, gate and destroy: one thread, while no other uses the ring
 * Ownership: the ring owns slots and consumers; slc_ring_destroy frees all of them.
 * Failure: create answers NULL and says why; a claim on a closed or (try_) full ring answers false; a
 *   handler that fails stops its consumer, whose progress then stays where it was. */
#ifndef SLUICE_DISRUPTOR_H
#define SLUICE_DISRUPTOR_H

#include <sluice/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct slc_ring slc_ring_t;
typedef struct slc_consumer slc_consumer_t;

typedef enum slc_producers {
    SLC_PRODUCER_SINGLE, /* a claim is a comparison and an addition */
    SLC_PRODUCER_MULTI,  /* a claim is a compare-and-swap; each slot carries its lap */
} slc_producers_t;

/* What a thread does that has nothing to do. Each stage waits on its own upstream's progress, also while
 * that is slow rather than idle. */
typedef enum slc_wait {
    SLC_WAIT_SPIN,  /* burns its core */
    SLC_WAIT_YIELD, /* spins a little, then offers its core */
    SLC_WAIT_SLEEP, /* spins a little, yields a little, then sleeps until woken: no CPU while idle */
} slc_wait_t;

typedef struct slc_ring_config {
    uint64_t slots;    /* a power of two, 2 to 2^32 */
    size_t slot_bytes; /* 8 to 2^20; rounded up to 8; the first slot begins on a cache line */
    slc_producers_t producers;
    slc_wait_t wait;
    uint32_t spins; /* turns of spinning before a yield or sleep; 0: a default */
} slc_ring_config_t;

/* Where the slots lie: every ring begins with this, for slc_ring_slot. Constant; not for other use. */
typedef struct slc_slots {
    char *first;
    uint64_t mask; /* number of slots - 1 */
    size_t bytes;  /* of one slot */
} slc_slots_t;

/* All memory is allocated and touched here, none later. NULL: SLC_ERR_USAGE or SLC_ERR_NO_MEMORY. */
slc_ring_t *slc_ring_create(const slc_ring_config_t *config, slc_error_t *ret_error);
/* NULL is fine. No thread may be inside a call on the ring. */
void slc_ring_destroy(slc_ring_t *ring);

/* Adds a consumer behind `after` (`count` of them; none: behind the producers). It begins with the next
 * slot to be claimed, or beside the slowest that it comes after. NULL: SLC_ERR_NO_MEMORY. */
slc_consumer_t *slc_consumer_create(slc_ring_t *ring, slc_consumer_t *const *after, size_t count,
                                    slc_error_t *ret_error);
/* Producers may not lap this consumer. At least the last ones of the graph must gate: a claim on a ring
 * without a gate aborts, and a consumer that no gate comes after would be overrun. */
void slc_ring_gate(slc_ring_t *ring, slc_consumer_t *consumer);

/* ---- producers ---- sequences count slots from 0 */

/* Takes `count` slots (1 to slots) in a row, the first being *ret_first; false: no room, or closed. */
bool slc_ring_try_claim(slc_ring_t *ring, uint64_t count, uint64_t *ret_first);
/* The same, waiting for room; false: closed. */
bool slc_ring_claim(slc_ring_t *ring, uint64_t count, uint64_t *ret_first);
/* Slots that a try_claim of this thread would find free just now, as far as it knows. It knows what the
 * last look at the consumers told, and looks again only when nothing of that is left: so 0 is fresh, and
 * any other number may be less than there is. Other producers may take them first. 0 once closed. */
uint64_t slc_ring_room(slc_ring_t *ring);
/* The slot of a claimed, or of a consumed, sequence. Here and not behind a call, since it is asked for
 * each event: a loop over a batch then compiles to a walk through memory. */
static inline void *slc_ring_slot(const slc_ring_t *ring, uint64_t sequence)
{
    const slc_slots_t *slots = (const slc_slots_t *)(const void *)ring;
    return slots->first + (sequence & slots->mask) * slots->bytes;
}
/* Hands claimed slots to the consumers. All that was claimed must be published, in any order; consumers
 * stop in front of the first slot that is not. With SLC_WAIT_SLEEP it is a sequentially consistent store,
 * as that of slc_consumer_poll below. */
void slc_ring_publish(slc_ring_t *ring, uint64_t first, uint64_t count);
/* The two halves of a publish: makes slots visible without waking anybody, and wakes those who sleep,
 * once for many. Between the two a consumer that sleeps stays asleep, and its turn may be done for it
 * (slc_ring_is_slept_on). What was published quietly and not handled has to be announced. And whoever
 * polls the last slots of a closed ring for another thread wakes that (slc_consumer_wake), for nothing
 * more will be announced to it. */
void slc_ring_publish_quietly(slc_ring_t *ring, uint64_t first, uint64_t count);
void slc_ring_announce(slc_ring_t *ring);
/* A consumer sleeps, or is about to, because nothing was published; one that spins does not count. A
 * thread that published quietly may then poll that consumer itself, which saves the hand-over to another
 * thread, and announce only what it leaves. Whoever polls holds a lock that the consumer's own thread
 * takes for its polls, too, and takes it without waiting. */
bool slc_ring_is_slept_on(const slc_ring_t *ring);
/* No more claims. Consumers drain what was claimed before, then their run ends. Idempotent. */
void slc_ring_close(slc_ring_t *ring);

/* ---- consumers ---- */

/* Handles the slots [first, first + count), count > 0: answers how many of them, from the first, it has
 * done with (0 to count), or a negative number to stop with an error. Progress is published once, after
 * the handler returned; slots it has not done with come again. */
typedef int64_t (*slc_batch_fn)(void *context, uint64_t first, uint64_t count);

/* One turn without waiting: hands over what is available, publishes the progress. Answers the number of
 * slots done with, 0 where there are none, or the handler's negative number.
 *
 * Progress is published by a sequentially consistent store, and poll, wait and slc_consumer_sequence read
 * the progress of others by sequentially consistent loads. So a thread that can't sleep in
 * slc_consumer_wait (it sleeps in epoll, say) may be woken by a flag of its own -
 *
 *     the sleeper                                  the thread of a consumer that it comes after
 *     1. atomic_store(&armed, true)                1. slc_consumer_poll(...) > 0
 *     2. poll, wait(..., 0) or                     2. if (atomic_load(&armed) &&
 *        slc_consumer_sequence: anything new?             atomic_exchange(&armed, false))
 *     3. if not, sleep                                    wake it, by an eventfd, say
 *
 * with the flag's operations sequentially consistent too: either the sleeper sees the progress, or the
 * other thread sees the flag. */
int64_t slc_consumer_poll(slc_consumer_t *consumer, slc_batch_fn handler, void *context);
/* The two halves of a poll, and who sleeps behind it: as with the ring. */
int64_t slc_consumer_poll_quietly(slc_consumer_t *consumer, slc_batch_fn handler, void *context);
void slc_consumer_announce(slc_consumer_t *consumer);
bool slc_consumer_is_slept_on(const slc_consumer_t *consumer);
/* Waits by the ring's strategy until a slot is available, at most `timeout_ns` (UINT64_MAX: no bound; 0:
 * only looks).
 * True: a slot is available. False: the time is over, somebody woke it, or the ring is closed and done.
 */
bool slc_consumer_wait(slc_consumer_t *consumer, uint64_t timeout_ns);
/* The ring is closed and this consumer has seen every slot. */
bool slc_consumer_done(const slc_consumer_t *consumer);
/* THE batch loop: hands over and waits until done (answers 0) or until the handler fails (its number). A
 * handler that answers 0 is called again at once.
 *
 * Where slots stream in by the million a second it lets some gather before it hands them over, for at
 * most a few microseconds, since taking them one by one slows the producers down; a lone slot is handed
 * over at once, but for a try now and then. Between the polls of a loop of this kind nobody can look at a
 * flag, so with SLC_WAIT_SPIN and SLC_WAIT_YIELD its progress is a release store only; a loop that wakes
 * others by flags of its own calls poll and wait. */
int64_t slc_consumer_run(slc_consumer_t *consumer, slc_batch_fn handler, void *context);
/* How many slots it has passed: the sequence it will see next. */
uint64_t slc_consumer_sequence(const slc_consumer_t *consumer);
/* Ends a wait of this consumer before its time: the one it is in, or else its next one that finds no
 * slot. Any thread. */
void slc_consumer_wake(slc_consumer_t *consumer);
/* Slots claimed so far; says nothing about their contents. */
uint64_t slc_ring_claimed(const slc_ring_t *ring);
uint64_t slc_ring_slots(const slc_ring_t *ring);

#ifdef __cplusplus
}
#endif

#endif
