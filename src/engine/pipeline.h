/* The topology: one ring, its consumers, and who waits for whom. The whole map is pipeline.c.
 * Threads: init and finish on the main thread, while no station runs.
 * Ownership: the ring owns its consumers; finish destroys it. Failure: NO_MEMORY. */
#ifndef SLC_ENGINE_PIPELINE_H
#define SLC_ENGINE_PIPELINE_H

#include <sluice/disruptor.h>

#define SLC_IO_THREADS_MAX 16

typedef struct slc_pipeline {
    slc_ring_t *ring;
    slc_consumer_t *journal;
    slc_consumer_t *apply;
    slc_consumer_t *reply[SLC_IO_THREADS_MAX];
} slc_pipeline_t;

slc_err_t slc_pipeline_init(slc_pipeline_t *pipeline, uint64_t slots, uint32_t io_threads, bool busy_spin,
                            slc_error_t *ret_error);
void slc_pipeline_finish(slc_pipeline_t *pipeline);

#endif
