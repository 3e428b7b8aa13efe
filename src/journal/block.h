/* One block in memory: writing its header, and telling whether bytes are a block. format.h has the table.
 * Threads: pure functions over memory of the caller. Owns nothing.
 * Failure: slc_block_read says which kind of wrong the bytes are; none of them is trusted before the
 *   checksum over all of them is right. */
#ifndef SLC_JOURNAL_BLOCK_H
#define SLC_JOURNAL_BLOCK_H

#include "journal/format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a block stands. */
typedef struct slc_block_place {
    uint64_t directory; /* the first 8 bytes of the directory's id */
    uint64_t offset;
    uint64_t segment_bytes;
    uint32_t segment;
} slc_block_place_t;

typedef struct slc_block_header {
    uint64_t checksum;
    uint64_t first_sequence;
    uint64_t durable_sequence;
    uint64_t time_us;
    uint64_t digest_sequence;
    uint64_t digest;
    uint64_t chain;
    uint32_t events;
    uint32_t payload_bytes;
    uint32_t total_bytes;
    uint16_t flags;
} slc_block_header_t;

typedef enum slc_block_check {
    SLC_BLOCK_VALID,   /* valid in itself */
    SLC_BLOCK_PARTIAL, /* could be one of *ret_header's total_bytes, of which fewer were given */
    SLC_BLOCK_BROKEN,  /* magic, length or checksum is wrong */
    SLC_BLOCK_ALIEN,   /* the checksum is right, but it belongs elsewhere or is of another version */
} slc_block_check_t;

/* Bytes on disk of a block with such a payload. */
uint32_t slc_block_total_bytes(uint32_t payload_bytes);

/* Finishes a block whose payload stands at block + SLC_BLOCK_HEADER_BYTES already: writes padding and
 * header, fills in header->total_bytes and header->checksum. */
void slc_block_finish(uint8_t *block, const slc_block_place_t *place, slc_block_header_t *header);

/* Looks at `available` (at least SLC_BLOCK_HEADER_BYTES) bytes that stand at `place`. *ret_header holds
 * for VALID and ALIEN, its total_bytes for PARTIAL. */
slc_block_check_t slc_block_read(const uint8_t *bytes, size_t available, const slc_block_place_t *place,
                                 slc_block_header_t *ret_header);

bool slc_bytes_are_zero(const uint8_t *bytes, size_t count);

#endif
