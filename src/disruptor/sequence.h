/* A sequence: how far somebody has come, counted in slots from 0, with the bell of those who wait for it
 * to move. Everything else in this folder compares sequences.
 * Threads: one advances `value` (of the ring's own `published` in multi-producer mode: none, see ring.h);
 *   any thread reads it, sleeps on it, or rings.
 * Ownership: lies inside the ring or the consumer it belongs to.
 * Failure: none.
 *
 * Sleep and wake, and why both sides need store->load order:
 *
 *     who advances                        who would sleep
 *     1. value = n      (seq_cst)         1. sleepers += 1        (seq_cst)
 *     2. sleepers != 0? (seq_cst)         2. note the bell, look at value again (seq_cst): is it n?
 *     3. if so, ring the bell             3. if not, sleep unless the bell has rung since it was noted
 *
 * Each side writes, then reads what the other writes. In the one total order of seq_cst operations one of
 * the two writes comes first, so the other side's read sees it: the sleeper sees n, or the advancer sees
 * a sleeper. With release and acquire alone both writes may still sit in store buffers while both reads
 * run; then nobody rings and the sleeper sleeps for good. tests/model/sleep_wake.pml checks this with
 * explicit store buffers, tests/stress/ring_ping_pong.c on the machine. */
#ifndef SLC_DISRUPTOR_SEQUENCE_H
#define SLC_DISRUPTOR_SEQUENCE_H

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <ck_ec.h>

/* Two cache lines: the spatial prefetcher of x86 fetches lines in pairs, so one line of distance is not
 * enough to keep two writers apart. */
#define SLC_LINE_PAIR_BYTES 128

typedef struct slc_sequence {
    alignas(SLC_LINE_PAIR_BYTES) _Atomic uint64_t value;
    _Atomic uint32_t sleepers; /* threads between steps 1 and 3 above; beside `value`, which is at hand */
    struct ck_ec32 bell;       /* what they sleep on; counts rings */
} slc_sequence_t;

static_assert(sizeof(slc_sequence_t) == SLC_LINE_PAIR_BYTES, "one sequence, one pair of lines");

static inline void slc_sequence_init(slc_sequence_t *sequence, uint64_t value)
{
    atomic_init(&sequence->value, value);
    atomic_init(&sequence->sleepers, 0);
    ck_ec32_init(&sequence->bell, 0);
}

/* Acquire, to see the slots that were finished before it advanced; seq_cst, because it is also the second
 * step of a would-be sleeper. Both cost the same where it matters: a plain load on x86, LDAR on ARM. */
static inline uint64_t slc_sequence_value(const slc_sequence_t *sequence)
{
    return atomic_load_explicit(&sequence->value, memory_order_seq_cst);
}

/* Wakes everybody who sleeps on the sequence. */
void slc_sequence_ring_bell(slc_sequence_t *sequence);

/* Step 2 of who advances; step 1 must have been a seq_cst store by this thread. */
static inline bool slc_sequence_is_slept_on(const slc_sequence_t *sequence)
{
    return atomic_load_explicit(&sequence->sleepers, memory_order_seq_cst) != 0;
}

/* Steps 2 and 3. */
static inline void slc_sequence_wake_sleepers(slc_sequence_t *sequence)
{
    if (__builtin_expect(slc_sequence_is_slept_on(sequence), 0)) {
        slc_sequence_ring_bell(sequence);
    }
}

#endif
