/* DPDK's rte_ring, with elements of the event's size, in memory of its own: no huge pages, no ports. */
#include "queue.h"

#include <rte_ring_elem.h>

struct queue {
    struct rte_ring ring; /* its slots lie behind it */
};

static queue_t *queue_new(unsigned producers, unsigned slots)
{
    ssize_t bytes = rte_ring_get_memsize_elem(sizeof(event_t), slots);
    queue_t *queue = bytes > 0 ? aligned_alloc(128, ((size_t)bytes + 127) / 128 * 128) : NULL;
    if (queue == NULL) {
        fail("no memory");
    }
    memset(queue, 0, (size_t)bytes);
    unsigned flags = RING_F_SC_DEQ | (producers == 1 ? RING_F_SP_ENQ : 0);
    if (rte_ring_init(&queue->ring, "ring", slots, flags) != 0) {
        fail("rte_ring_init refuses");
    }
    return queue;
}

static void queue_free(queue_t *queue)
{
    free(queue);
}

static unsigned queue_put(queue_t *queue, const event_t *events, unsigned count)
{
    return rte_ring_enqueue_burst_elem(&queue->ring, events, sizeof *events, count, NULL);
}

static unsigned queue_take(queue_t *queue, event_t *events, unsigned count)
{
    return rte_ring_dequeue_burst_elem(&queue->ring, events, sizeof *events, count, NULL);
}

int main(void)
{
    return serve();
}
