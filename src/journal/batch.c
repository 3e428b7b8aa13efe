#include "journal/batch.h"

#include "wire/flat.h"

#include <inttypes.h>

slc_err_t slc_batch_begin(slc_batch_t *batch, const slc_directory_t *directory,
                          const slc_scanned_t *block, slc_error_t *ret_error)
{
    const slc_block_header_t *header = &block->header;
    uint64_t time_us = 0;
    uint64_t first_sequence = 0;
    size_t used = 0;
    *batch = (slc_batch_t){.block = *block};
    if (header->events == 0) {
        return SLC_OK;
    }
    /* Time and sequence stand in the payload too, for those who read it with nothing but protobuf. */
    if (!slc_flat_decode_batch_head(block->payload, header->payload_bytes, &time_us, &first_sequence,
                                    &used) ||
        time_us != header->time_us || first_sequence != header->first_sequence) {
        return slc_segment_damaged(directory, block->segment, block->offset, ret_error,
                                   "the batch of this block does not begin as the block's header says");
    }
    batch->used = (uint32_t)used;
    return SLC_OK;
}

slc_err_t slc_batch_next(slc_batch_t *batch, const slc_directory_t *directory, slc_event_t *ret_event,
                         slc_error_t *ret_error)
{
    const slc_block_header_t *header = &batch->block.header;
    size_t used = 0;
    if (batch->events == header->events && batch->used == header->payload_bytes) {
        return SLC_END;
    }
    if (batch->events == header->events ||
        !slc_flat_decode_event(batch->block.payload + batch->used, header->payload_bytes - batch->used,
                               ret_event, &used)) {
        return slc_segment_damaged(
            directory, batch->block.segment, batch->block.offset + SLC_BLOCK_HEADER_BYTES + batch->used,
            ret_error, "event %" PRIu64 " cannot be read, although the checksum of its block is right",
            header->first_sequence + batch->events);
    }
    ret_event->sequence = header->first_sequence + batch->events;
    ret_event->time_us = header->time_us;
    batch->used += (uint32_t)used;
    batch->events++;
    return SLC_OK;
}
