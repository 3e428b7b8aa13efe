/* A first-in, first-out queue of connection indices, each in it at most once (its owner keeps a flag).
 * Threads: one. Ownership: init/finish. Failure: init answers NO_MEMORY; a push cannot fail, for there is
 * room for every index. */
#ifndef SLC_SESSION_QUEUE_H
#define SLC_SESSION_QUEUE_H

#include "base/check.h"

#include <sluice/status.h>

#include <stdint.h>
#include <stdlib.h>

typedef struct slc_queue {
    uint32_t *items;
    uint32_t mask;
    uint32_t head;
    uint32_t tail;
} slc_queue_t;

static inline slc_err_t slc_queue_init(slc_queue_t *queue, uint32_t indices_max)
{
    uint32_t capacity = 2;
    while (capacity < indices_max) {
        capacity *= 2;
    }
    *queue = (slc_queue_t){.items = calloc(capacity, sizeof(uint32_t)), .mask = capacity - 1};
    return queue->items == NULL ? SLC_ERR_NO_MEMORY : SLC_OK;
}

static inline void slc_queue_finish(slc_queue_t *queue)
{
    free(queue->items);
    queue->items = NULL;
}

static inline uint32_t slc_queue_count(const slc_queue_t *queue)
{
    return queue->tail - queue->head;
}

static inline void slc_queue_push(slc_queue_t *queue, uint32_t index)
{
    SLC_CHECK(slc_queue_count(queue) <= queue->mask);
    queue->items[queue->tail++ & queue->mask] = index;
}

/* Only of a queue that is not empty. */
static inline uint32_t slc_queue_pop(slc_queue_t *queue)
{
    SLC_DEBUG_ASSERT(slc_queue_count(queue) > 0);
    return queue->items[queue->head++ & queue->mask];
}

#endif
