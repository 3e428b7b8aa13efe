/* boost::lockfree::spsc_queue: one producer only. */
#include "queue.h"

#include <boost/lockfree/spsc_queue.hpp>

struct queue {
    explicit queue(unsigned slots) : events(slots)
    {
    }
    boost::lockfree::spsc_queue<event_t> events;
};

static queue_t *queue_new(unsigned producers, unsigned slots)
{
    if (producers != 1) {
        fail("spsc_queue has one producer");
    }
    return new queue(slots);
}

static void queue_free(queue_t *queue)
{
    delete queue;
}

static unsigned queue_put(queue_t *queue, const event_t *events, unsigned count)
{
    return static_cast<unsigned>(queue->events.push(events, count));
}

static unsigned queue_take(queue_t *queue, event_t *events, unsigned count)
{
    return static_cast<unsigned>(queue->events.pop(events, count));
}

int main()
{
    return serve();
}
