/* What came back, counted and checked as it arrives.
 * Threads: one worker writes its own; `progress` alone may be read beside it.
 * Ownership: init and finish of the caller's memory.
 * Failure: what must not be is counted (strangers, twice, absurd) and told by the checks at the end. */
#ifndef SLC_PERF_LOAD_TALLY_H
#define SLC_PERF_LOAD_TALLY_H

#include "histogram.h"
#include "ledger.h"
#include "orders.h"

#include <stdatomic.h>

typedef uint64_t load_counts_t[SLC_STATUS_COUNT];

/* With more drops than these only the whole has a latency: a histogram takes 58 KiB of cache. */
#define LOAD_LATENCY_DROPS_MAX 16u

typedef struct load_tally {
    uint64_t requests;  /* distinct ones that were asked */
    uint64_t answered;  /* of them, each once */
    uint64_t retried;   /* asked again over another connection */
    uint64_t replayed;  /* answered with the outcome of an earlier try */
    uint64_t strangers; /* replies that nothing waited for: a second answer, or one to nobody */
    uint64_t twice;     /* order ids that were heard before */
    uint64_t absurd;    /* order ids that no journal reaches, or no memory to note them */
    uint64_t broken;    /* connections that were lost */
    uint64_t gave_up;   /* connections that stayed lost */
    uint64_t hung_up;   /* connections that this side closed with a FIN and opened anew */
    uint64_t reset;     /* the same with a RST */
    uint64_t resent;    /* requests that went out a second time over another connection */
    uint64_t resent_answered;
    uint64_t contradicted; /* of them: the two answers cannot both be true */
    uint64_t never_new;    /* of them: both answers said that the order was there already */
    load_counts_t by_status;
    load_counts_t *by_drop;
    load_histogram_t latency_ns;
    load_histogram_t again_latency_ns; /* of what was resent */
    load_histogram_t
        *drop_latency_ns; /* of each drop, with 2 to LOAD_LATENCY_DROPS_MAX of them; or NULL */
    load_orders_t orders;
} load_tally_t;

/* False: no memory. */
bool load_tally_init(load_tally_t *tally, uint32_t drops);
void load_tally_finish(load_tally_t *tally);
/* Adds `from`, which is left fit for finish only. */
void load_tally_merge(load_tally_t *into, load_tally_t *from, uint32_t drops);

/* Counts an answer; the ledger may have fd -1. `drop` is an index. */
void load_tally_answer(load_tally_t *tally, uint32_t drop, const slc_buy_reply_t *reply,
                       uint64_t latency_ns);
/* A request that was counted as refused turned out to be accepted. */
void load_tally_amend(load_tally_t *tally, uint32_t drop, slc_status_t refusal,
                      const slc_buy_reply_t *reply);

#endif
