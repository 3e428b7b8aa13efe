/* Which order ids were heard: a bitmap in pages, for order ids are event sequences and therefore dense.
 * Threads: one thread at a time; each worker has its own, compared at the end.
 * Ownership: init and finish; finish frees the pages.
 * Failure: add answers what it found; NO_MEMORY and a number that no journal reaches are told apart. */
#ifndef SLC_PERF_LOAD_ORDERS_H
#define SLC_PERF_LOAD_ORDERS_H

#include <stdbool.h>
#include <stdint.h>

#define LOAD_ORDERS_PAGE_BITS 20
#define LOAD_ORDERS_PAGES (1u << 20)

typedef enum load_heard {
    LOAD_HEARD_FIRST,
    LOAD_HEARD_TWICE,
    LOAD_HEARD_ABSURD, /* over 2^40: no sequence of an event */
    LOAD_HEARD_NO_MEMORY,
} load_heard_t;

typedef struct load_orders {
    uint64_t **pages; /* LOAD_ORDERS_PAGES of them, most NULL */
} load_orders_t;

/* False: no memory. */
bool load_orders_init(load_orders_t *orders);
void load_orders_finish(load_orders_t *orders);
load_heard_t load_orders_add(load_orders_t *orders, uint64_t order_id);
/* Adds all of `from` to `into`; answers how many ids both held. `from` may be left partly emptied. */
uint64_t load_orders_merge(load_orders_t *into, load_orders_t *from);

#endif
