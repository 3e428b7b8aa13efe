/* Claiming: hands out each sequence once, to one producer, when every gating consumer has passed the
 * slot's last use.
 *
 * The happy path is a look at `room_end` and a step of the claim word: by compare-and-swap among many
 * producers, by a plain store where there is one (close.c says how that can be).
 *
 * What can go wrong:
 *   - no room as far as is known: look at the gates; still none: refuse, or wait for the slowest gate
 *   - closed: refuse, even if it happened during the claim; close.c decides which came first
 *   - lost to another producer: stand aside for a moment, then try again */
#include "disruptor/ring.h"

#include "base/check.h"

#include <ck_pr.h>

/* A slot's line lies with the consumers' core, which has read it a lap ago, and the stores of a producer
 * wait in line for it, each for a whole way to and fro. So it is asked for when a slot is claimed that
 * comes so many slots before it: at some ns a slot that is one way or two. */
#define FETCH_SLOTS_AHEAD 32u
/* The stores of a larger batch wait for many lines at a time by themselves. */
#define FETCH_BATCH_MAX 16u

/* Turns of spinning that a producer stands aside which has lost the claim word to another. Some us: time
 * for the other one to claim dozens of slots with all the lines in its own cache. Asking again at once
 * takes them from it at every slot, and then both go at the speed of that. */
#define ASIDE_TURNS 256u

static __attribute__((noinline)) uint64_t look_for_room(slc_ring_t *ring)
{
    slc_sequence_t *slowest = NULL;
    uint64_t room_end = slc_barrier_gate(ring, &slowest) + ring->slots.mask + 1;
    /* Release: hands on what the loads of the gates acquired. */
    atomic_store_explicit(&ring->room_end, room_end, memory_order_release);
    return room_end;
}

/* Is there room up to `end`? Looks at the gates only if the last look does not tell. */
static inline bool has_room_to(slc_ring_t *ring, uint64_t end)
{
    /* Acquire: it may be another producer's look at the gates; to overwrite a slot, one must have seen
     * that the consumers are done with it, at first or at second hand. */
    if (end <= atomic_load_explicit(&ring->room_end, memory_order_acquire)) {
        return true;
    }
    return end <= look_for_room(ring);
}

/* Behind a plain claim that met a close. */
static __attribute__((noinline)) bool stands(slc_ring_t *ring, uint64_t claim, uint64_t count)
{
    if (slc_close_settle(ring, claim + count)) {
        return true;
    }
    /* Relaxed: close has read it already, and the ring knows no other producer. */
    atomic_store_explicit(&ring->claim, claim, memory_order_relaxed);
    return false;
}

static inline void fetch_ahead(const slc_ring_t *ring, uint64_t claim)
{
    /* To be written. Where the consumers are still at it they lose it for a moment: a full ring is slow
     * already. */
    const void *slot = slc_ring_slot(ring, claim + FETCH_SLOTS_AHEAD);
#if defined(__x86_64__)
    /* The builtin makes it a fetch for reading, unless told of the very processor. All that are of 64
     * bits know this instruction, or pass over it. */
    __asm__ volatile("prefetchw %0" : : "m"(*(const char *)slot));
#else
    __builtin_prefetch(slot, 1);
#endif
}

/* One producer: a compare-and-swap would wait until the slots and sequences that this core has stored
 * before have reached the other cores, which costs more than all the rest of a claim and a publish. */
static inline bool claim_alone(slc_ring_t *ring, uint64_t claim, uint64_t count, uint64_t *ret_first)
{
    /* Relaxed, as in claim_among_others; and see close.c. */
    atomic_store_explicit(&ring->claim, claim + count, memory_order_relaxed);
    *ret_first = claim;
    if (count <= FETCH_BATCH_MAX) {
        fetch_ahead(ring, claim);
    }
    return slc_close_lets_pass(ring) || stands(ring, claim, count);
}

static void stand_aside(void)
{
    for (uint32_t turn = 0; turn < ASIDE_TURNS; turn++) {
        ck_pr_stall();
    }
}

static bool claim_among_others(slc_ring_t *ring, uint64_t count, uint64_t *ret_first)
{
    for (;;) {
        /* Relaxed, all three: the numbers are handed out by the order of this one word alone. What may be
         * read or written with them is ordered by the gates, and by publish. */
        uint64_t claim = atomic_load_explicit(&ring->claim, memory_order_relaxed);
        if ((claim & SLC_CLAIM_CLOSED) != 0 || !has_room_to(ring, claim + count)) {
            return false;
        }
        if (atomic_compare_exchange_strong_explicit(&ring->claim, &claim, claim + count,
                                                    memory_order_relaxed, memory_order_relaxed)) {
            *ret_first = claim;
            return true;
        }
        stand_aside();
    }
}

static __attribute__((noinline)) bool try_claim(slc_ring_t *ring, uint64_t count, uint64_t *ret_first)
{
    SLC_CHECK(count > 0 && count <= ring->slots.mask + 1);
    if (!ring->plain_claims) {
        return claim_among_others(ring, count, ret_first);
    }
    /* Relaxed, both: see claim_alone. */
    uint64_t claim = atomic_load_explicit(&ring->claim, memory_order_relaxed);
    return !atomic_load_explicit(&ring->closing, memory_order_relaxed) &&
           has_room_to(ring, claim + count) && claim_alone(ring, claim, count, ret_first);
}

/* The happy path of a single producer, and `otherwise` for all the rest. It is inlined into the two
 * public functions and calls nothing that it comes back from, so that a claim saves no register. What
 * bounds a producer is the store buffer of its core, which fills up while the lines of slots come over
 * from the consumers' core: a store that is not needed takes the place of one that would wait there. */
static inline __attribute__((always_inline)) bool claim_at_once(
    slc_ring_t *ring, uint64_t count, uint64_t *ret_first,
    bool (*otherwise)(slc_ring_t *ring, uint64_t count, uint64_t *ret_first))
{
    /* Relaxed, and acquire of room_end: as in try_claim and has_room_to. */
    uint64_t claim = atomic_load_explicit(&ring->claim, memory_order_relaxed);
    if (ring->plain_claims && count - 1 <= ring->slots.mask &&
        !atomic_load_explicit(&ring->closing, memory_order_relaxed) &&
        claim + count <= atomic_load_explicit(&ring->room_end, memory_order_acquire)) {
        return claim_alone(ring, claim, count, ret_first);
    }
    return otherwise(ring, count, ret_first);
}

bool slc_ring_try_claim(slc_ring_t *ring, uint64_t count, uint64_t *ret_first)
{
    return claim_at_once(ring, count, ret_first, try_claim);
}

uint64_t slc_ring_room(slc_ring_t *ring)
{
    uint64_t claim = slc_ring_claimed(ring);
    if (slc_close_has_begun(ring) || !has_room_to(ring, claim + 1)) {
        return 0;
    }
    /* Relaxed: a number to look at. */
    uint64_t room_end = atomic_load_explicit(&ring->room_end, memory_order_relaxed);
    return room_end > claim ? room_end - claim : 0; /* another producer may just have put it back */
}

typedef struct claim_wait {
    slc_ring_t *ring;
    uint64_t count;
} claim_wait_t;

static bool claim_may_succeed(void *context, slc_sequence_t **ret_slowest)
{
    const claim_wait_t *wait = context;
    uint64_t gate = slc_barrier_gate(wait->ring, ret_slowest);
    return slc_ring_claimed(wait->ring) + wait->count <= gate + wait->ring->slots.mask + 1 ||
           slc_close_has_begun(wait->ring);
}

static __attribute__((noinline)) bool claim_waiting(slc_ring_t *ring, uint64_t count, uint64_t *ret_first)
{
    claim_wait_t wait = {.ring = ring, .count = count};
    const slc_wait_plan_t plan = {
        .strategy = ring->wait,
        .spins = ring->spins,
        .yields = ring->yields,
        .over = claim_may_succeed,
        .context = &wait,
    };
    while (!try_claim(ring, count, ret_first)) {
        if (slc_close_has_begun(ring)) {
            return false;
        }
        (void)slc_wait(&plan, UINT64_MAX);
    }
    return true;
}

bool slc_ring_claim(slc_ring_t *ring, uint64_t count, uint64_t *ret_first)
{
    return claim_at_once(ring, count, ret_first, claim_waiting);
}
