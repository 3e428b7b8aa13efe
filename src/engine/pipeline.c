/* The path of a BUY, and the barriers on it.
 *
 *   I/O threads               journal                apply                  I/O threads
 *   ┌─────────┐  published  ┌─────────┐  durable   ┌─────────┐  decided   ┌─────────┐
 *   │ ingress ├────────────>│ journal ├───────────>│  logic  ├───────────>│  reply  │  one for each
 *   └────┬────┘             └─────────┘            └─────────┘            └────┬────┘  I/O thread
 *        │                                                                    │
 *        └──────────────────── may reuse a slot <─────────────────────────────┘  gate: all of them
 *
 *   ingress   reads sockets, decodes, validates, claims, publishes       src/ingress   src/control
 *   journal   one block, one durable write for all that is published     src/journal/station.c
 *   apply     the single writer of RAM state, in ring order              src/apply     src/logic
 *   reply     encodes the answers of its own connections                 src/reply
 *
 * An I/O thread is both ends: it never waits for room, so the ring always drains. */
#include "engine/pipeline.h"

#include "base/check.h"
#include "event/slot.h"

slc_err_t slc_pipeline_init(slc_pipeline_t *pipeline, uint64_t slots, uint32_t io_threads, bool busy_spin,
                            slc_error_t *ret_error)
{
    SLC_CHECK(io_threads >= 1 && io_threads <= SLC_IO_THREADS_MAX);
    *pipeline = (slc_pipeline_t){0};
    slc_ring_config_t config = {
        .slots = slots,
        .slot_bytes = sizeof(slc_slot_t),
        .producers = io_threads == 1 ? SLC_PRODUCER_SINGLE : SLC_PRODUCER_MULTI,
        .wait = busy_spin ? SLC_WAIT_SPIN : SLC_WAIT_SLEEP,
    };
    slc_ring_t *ring = slc_ring_create(&config, ret_error);
    if (ring == NULL) {
        return SLC_ERR_NO_MEMORY;
    }
    pipeline->ring = ring;
    pipeline->journal = slc_consumer_create(ring, NULL, 0, ret_error);
    if (pipeline->journal != NULL) {
        pipeline->apply = slc_consumer_create(ring, &pipeline->journal, 1, ret_error);
    }
    for (uint32_t i = 0; i < io_threads && pipeline->apply != NULL; i++) {
        pipeline->reply[i] = slc_consumer_create(ring, &pipeline->apply, 1, ret_error);
        if (pipeline->reply[i] == NULL) {
            break;
        }
        slc_ring_gate(ring, pipeline->reply[i]);
    }
    if (pipeline->reply[io_threads - 1] == NULL) {
        slc_pipeline_finish(pipeline);
        return SLC_ERR_NO_MEMORY;
    }
    return SLC_OK;
}

void slc_pipeline_finish(slc_pipeline_t *pipeline)
{
    slc_ring_destroy(pipeline->ring);
    *pipeline = (slc_pipeline_t){0};
}
