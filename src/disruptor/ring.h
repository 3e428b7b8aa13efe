/* The inside of a ring and of a consumer, shared by the files of this folder and by nobody else.
 * Threads: each field says who writes it; a field without a word is constant after creation.
 * Ownership: the ring owns its slots, laps, gates and consumers.
 * Failure: none; plain structures.
 *
 * The rules that everything rests on, N being the number of slots -
 *   room       a sequence s is claimed only when each gating consumer has passed s - N
 *   publish    a slot is written by its claimer alone, until it is published
 *   order      a consumer hands over s only after s was published, or was passed by all it comes after
 *   end        once `end` is set, it is the number of slots ever claimed, and no claim succeeds any more
 */
#ifndef SLC_DISRUPTOR_RING_H
#define SLC_DISRUPTOR_RING_H

#include "disruptor/sequence.h"
#include "disruptor/wait.h"

#include <sluice/disruptor.h>

/* The claim word holds the next sequence to be claimed and, where it moves by compare-and-swap, in its
 * top bit whether the ring is closed: so a claim and a close meet in one word and have an order. */
#define SLC_CLAIM_CLOSED (UINT64_C(1) << 63)

#define SLC_END_OPEN UINT64_MAX /* `end` of a ring that is not closed */

/* The padding keeps writers apart. NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
struct slc_ring {
    slc_slots_t slots; /* first, where slc_ring_slot of the public header looks for it */
    /* For each slot the lap (sequence / N, modulo 2^32) in which it was last published. In multi-producer
     * mode consumers read it; in single-producer mode the producer notes in it what was published out of
     * order. A slot holds the wanted lap or the one before, so 32 bits are plenty. */
    _Atomic uint32_t *laps;
    uint32_t lap_shift;
    slc_producers_t producers;
    bool plain_claims; /* one producer, who claims by a plain store; see close.c */
    slc_wait_t wait;
    uint32_t spins;
    uint32_t yields;
    slc_sequence_t **gates; /* of the gating consumers */
    size_t gate_count;
    slc_consumer_t *consumers; /* a list, newest first */
    size_t consumer_count;
    _Atomic bool closing; /* close has begun */
    _Atomic uint64_t end; /* written once, by close: the number of slots that were ever claimed */

    /* ---- producers ---- */
    /* Next to claim, and the closed bit. */
    alignas(SLC_LINE_PAIR_BYTES) _Atomic uint64_t claim;
    /* Sequences below it may be claimed without a look at the gates: the slowest gate as last seen, plus
     * N. In multi-producer mode any producer writes it; an older value written late only costs a look. */
    _Atomic uint64_t room_end;
    /* Single-producer mode, private to the producer. What it stored into `published` last is kept here as
     * well: a look at that line, which the consumers have just read, brings it back from them before the
     * store can even begin, a third of a round trip between two cores. */
    uint64_t published_own;
    uint64_t early; /* slots published already, above those that consumers may see */

    /* In single-producer mode the number of published slots. In multi-producer mode only its bell serves,
     * for those who wait for a lap. */
    slc_sequence_t published;
};

static_assert(offsetof(struct slc_ring, slots) == 0, "disruptor.h takes a ring for its slots");

struct slc_consumer {
    slc_sequence_t progress; /* the next sequence to see; written by who polls */

    slc_ring_t *ring;
    slc_consumer_t *next_in_ring;
    uint64_t next;      /* progress, without a look at a shared line; of who polls, one at a time */
    uint64_t limit;     /* slots below it may be handed over, as last seen; likewise */
    _Atomic bool woken; /* slc_consumer_wake came, and no wait has ended by it yet */
    size_t after_count; /* 0: behind the producers */
    slc_sequence_t *after[];
};

/* The first sequence that `consumer` may not see yet; raises consumer->limit to it. *ret_slowest is the
 * sequence that holds it there. Only inside a poll. */
uint64_t slc_barrier_limit(slc_consumer_t *consumer, slc_sequence_t **ret_slowest);

/* There is a slot that `consumer` may see and has not passed; else *ret_slowest is what holds it up.
 * Reads shared words only, so it may run beside a poll of the same consumer by another thread. */
bool slc_barrier_is_behind(slc_consumer_t *consumer, slc_sequence_t **ret_slowest);

/* Slots available to it just now. */
static inline uint64_t slc_consumer_look(slc_consumer_t *consumer)
{
    slc_sequence_t *slowest = NULL;
    return slc_barrier_limit(consumer, &slowest) - consumer->next;
}
/* Hands over `count` available slots and notes how many were done with; the progress is then still to be
 * published. Answers as the handler did. */
int64_t slc_consumer_work(slc_consumer_t *consumer, uint64_t count, slc_batch_fn handler, void *context);

/* The slowest of the gating consumers. */
uint64_t slc_barrier_gate(const slc_ring_t *ring, slc_sequence_t **ret_slowest);

/* Claims by a plain store are possible: the kernel can run a barrier on behalf of the producer. */
bool slc_close_allows_plain_claims(void);
/* No more claims, or only such as were under way. Any thread. */
bool slc_close_has_begun(const slc_ring_t *ring);
/* Behind a plain claim of the slots up to `claim_end` that met a close: does it stand? Waits for the
 * closing thread to make up its mind, a few instructions long. */
bool slc_close_settle(const slc_ring_t *ring, uint64_t claim_end);

/* The second step of a plain claim; false: a close has begun, and slc_close_settle tells. */
static inline bool slc_close_lets_pass(const slc_ring_t *ring)
{
    /* Keeps the compiler from reading before the claim was stored; for the core, close.c sees to it. */
    atomic_signal_fence(memory_order_seq_cst);
    return __builtin_expect(!atomic_load_explicit(&ring->closing, memory_order_relaxed), 1);
}

static inline _Atomic uint32_t *slc_ring_lap_at(const slc_ring_t *ring, uint64_t sequence)
{
    return &ring->laps[sequence & ring->slots.mask];
}

static inline uint32_t slc_ring_lap(const slc_ring_t *ring, uint64_t sequence)
{
    return (uint32_t)(sequence >> ring->lap_shift);
}

#endif
