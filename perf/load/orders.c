#include "orders.h"

#include <stdlib.h>

#define PAGE_WORDS ((1u << LOAD_ORDERS_PAGE_BITS) / 64u)

bool load_orders_init(load_orders_t *orders)
{
    /* 8 MiB of zeros that the kernel gives page by page, as they are touched. */
    orders->pages = calloc(LOAD_ORDERS_PAGES, sizeof *orders->pages);
    return orders->pages != NULL;
}

void load_orders_finish(load_orders_t *orders)
{
    for (uint32_t i = 0; orders->pages != NULL && i < LOAD_ORDERS_PAGES; i++) {
        free(orders->pages[i]);
    }
    free(orders->pages);
    orders->pages = NULL;
}

load_heard_t load_orders_add(load_orders_t *orders, uint64_t order_id)
{
    uint64_t page = order_id >> LOAD_ORDERS_PAGE_BITS;
    if (page >= LOAD_ORDERS_PAGES) {
        return LOAD_HEARD_ABSURD;
    }
    if (orders->pages[page] == NULL) {
        orders->pages[page] = calloc(PAGE_WORDS, sizeof *orders->pages[page]);
        if (orders->pages[page] == NULL) {
            return LOAD_HEARD_NO_MEMORY;
        }
    }
    uint64_t *word = &orders->pages[page][(order_id / 64) % PAGE_WORDS];
    uint64_t bit = UINT64_C(1) << (order_id % 64);
    if ((*word & bit) != 0) {
        return LOAD_HEARD_TWICE;
    }
    *word |= bit;
    return LOAD_HEARD_FIRST;
}

uint64_t load_orders_merge(load_orders_t *into, load_orders_t *from)
{
    uint64_t both = 0;
    for (uint32_t page = 0; page < LOAD_ORDERS_PAGES; page++) {
        if (into->pages[page] == NULL) {
            into->pages[page] = from->pages[page];
            from->pages[page] = NULL;
            continue;
        }
        for (uint32_t i = 0; from->pages[page] != NULL && i < PAGE_WORDS; i++) {
            both += (uint64_t)__builtin_popcountll(into->pages[page][i] & from->pages[page][i]);
            into->pages[page][i] |= from->pages[page][i];
        }
    }
    return both;
}
