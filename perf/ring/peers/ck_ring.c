/* ck_ring of Concurrency Kit, with its typed interface. It has no batches. */
#include "queue.h"

#include <ck_ring.h>

CK_RING_PROTOTYPE(event, event)

struct queue {
    _Alignas(128) ck_ring_t ring;
    unsigned producers;
    event_t *slots;
};

static queue_t *queue_new(unsigned producers, unsigned slots)
{
    queue_t *queue = aligned_alloc(128, sizeof *queue);
    event_t *memory = aligned_alloc(128, slots * sizeof *memory);
    if (queue == NULL || memory == NULL) {
        fail("no memory");
    }
    memset(memory, 0, slots * sizeof *memory);
    ck_ring_init(&queue->ring, slots);
    queue->producers = producers;
    queue->slots = memory;
    return queue;
}

static void queue_free(queue_t *queue)
{
    free(queue->slots);
    free(queue);
}

static unsigned queue_put(queue_t *queue, const event_t *events, unsigned count)
{
    (void)count;
    event_t event = *events;
    return queue->producers == 1 ? ck_ring_enqueue_spsc_event(&queue->ring, queue->slots, &event)
                                 : ck_ring_enqueue_mpsc_event(&queue->ring, queue->slots, &event);
}

static unsigned queue_take(queue_t *queue, event_t *events, unsigned count)
{
    (void)count;
    return queue->producers == 1 ? ck_ring_dequeue_spsc_event(&queue->ring, queue->slots, events)
                                 : ck_ring_dequeue_mpsc_event(&queue->ring, queue->slots, events);
}

int main(void)
{
    return serve();
}
