/* Requests that are sent twice over two connections: what of each was heard, which second copies wait to
 * be sent, and whether two answers can both be true. Threads: that of its worker. Ownership: init and
 * finish; a twin is named by its number (from 1), which is good from load_twins_begin until
 * load_twins_end. Failure: begin answers 0 without memory. */
#ifndef SLC_PERF_LOAD_TWINS_H
#define SLC_PERF_LOAD_TWINS_H

#include "workload.h"

typedef struct load_twin {
    uint64_t number;     /* of the request */
    uint64_t due_ns;     /* the second copy's latency counts from here */
    uint64_t order_id;   /* as the first answer told it */
    uint32_t connection; /* that the first copy went over */
    uint32_t next;       /* behind it in the queue, or among the free; 0: none */
    slc_status_t status; /* of the first answer */
    bool heard;          /* there was a first answer */
    bool replayed;       /* which said so */
    bool in_turn;        /* the second copy is sent once the first is answered; else at once */
} load_twin_t;

typedef struct load_twins {
    load_twin_t *list;
    uint32_t capacity;
    uint32_t free;  /* 0: none */
    uint32_t first; /* of those whose second copy waits to be sent; 0: none */
    uint32_t last;
} load_twins_t;

void load_twins_init(load_twins_t *twins);
void load_twins_finish(load_twins_t *twins);
/* A new twin, all zero but for the number of its request; 0: no memory. Others may move. */
uint32_t load_twins_begin(load_twins_t *twins, uint64_t number);
void load_twins_end(load_twins_t *twins, uint32_t twin);
static inline load_twin_t *load_twins_at(load_twins_t *twins, uint32_t twin)
{
    return &twins->list[twin - 1];
}
/* Its second copy waits to be sent from now on; and no more. */
void load_twins_queue(load_twins_t *twins, uint32_t twin);
void load_twins_unqueue_first(load_twins_t *twins);

/* Whether the second answer to a request fits the first. `ours`: this run opened the drop, so nobody else
 * buys of it, restocks it or cancels. */
bool load_twins_agree(const load_twin_t *twin, const slc_buy_reply_t *second, bool ours);

#endif
