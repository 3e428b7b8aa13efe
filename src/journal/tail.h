/* Looking at what stands behind the last good block of a segment: zeros, pieces, later blocks.
 * Threads: one. Ownership: borrows the descriptor; its buffer lives for the call.
 * Failure: IO, NO_MEMORY, or DAMAGED where the file is shorter than its header says. */
#ifndef SLC_JOURNAL_TAIL_H
#define SLC_JOURNAL_TAIL_H

#include "journal/decide.h"
#include "journal/segment.h"

typedef struct slc_tail {
    slc_rest_t rest;
    slc_witness_t witness;
    uint64_t witness_offset; /* of the block that made rest or witness what they are */
    uint64_t bytes_end;      /* offset behind the last page that is not zeros */
} slc_tail_t;

/* Reads the segment from `offset`, where no block is valid in its place, to its end. `sequence`: of the
 * last event before. */
slc_err_t slc_tail_examine(const slc_directory_t *directory, const slc_segment_header_t *header, int fd,
                           uint64_t offset, uint64_t sequence, slc_tail_t *ret_tail,
                           slc_error_t *ret_error);

/* Reads exactly `count` bytes of a segment, with the errors said. */
slc_err_t slc_segment_read(const slc_directory_t *directory, const slc_segment_header_t *header, int fd,
                           uint8_t *bytes, size_t count, uint64_t offset, slc_error_t *ret_error);

#endif
