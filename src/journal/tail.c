#include "journal/tail.h"

#include "base/bytes.h"
#include "base/error.h"
#include "journal/block.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* Holds the longest block, so that one that begins anywhere can be read whole. */
#define WINDOW_BYTES ((size_t)SLC_BLOCK_BYTES_LIMIT)

slc_err_t slc_segment_read(const slc_directory_t *directory, const slc_segment_header_t *header, int fd,
                           uint8_t *bytes, size_t count, uint64_t offset, slc_error_t *ret_error)
{
    int code = slc_sys_read_all(directory->sys, fd, bytes, count, offset);
    if (code == -ENODATA) {
        return slc_segment_damaged(directory, header->number, offset, ret_error,
                                   "the segment became shorter while it was read");
    }
    return code == 0 ? SLC_OK
                     : slc_error_sys(ret_error, SLC_ERR_IO, -code,
                                     "cannot read segment %" PRIu32 " of %s at offset %" PRIu64,
                                     header->number, directory->path, offset);
}

typedef struct {
    uint8_t *bytes;
    uint64_t base; /* offset in the segment */
    size_t filled;
} window_t;

/* One page that is not zeros. False: it begins a block that reaches behind the window. */
static bool examine_page(const window_t *window, size_t at, const slc_block_place_t *place, bool first,
                         uint64_t sequence, slc_tail_t *tail)
{
    slc_block_header_t header;
    slc_block_check_t check = slc_block_read(window->bytes + at, window->filled - at, place, &header);
    if (check == SLC_BLOCK_PARTIAL) {
        return false;
    }
    tail->bytes_end = place->offset + SLC_PAGE_BYTES;
    if (check == SLC_BLOCK_BROKEN) {
        return true;
    }
    /* Whole at the very spot, and yet not valid in its place: its chain, sequence or time is wrong. */
    if (check == SLC_BLOCK_ALIEN || first) {
        tail->rest = SLC_REST_ALIEN;
        tail->witness_offset = place->offset;
    } else if (header.durable_sequence > sequence) {
        if (tail->rest != SLC_REST_ALIEN && tail->witness != SLC_WITNESS_VOUCHES) {
            tail->witness_offset = place->offset;
        }
        tail->witness = SLC_WITNESS_VOUCHES;
    } else if (tail->witness == SLC_WITNESS_NONE) {
        tail->witness = SLC_WITNESS_SILENT;
        tail->witness_offset = place->offset;
    }
    return true;
}

/* The pages of a window; answers the offset from which the next window has to be read. */
static uint64_t examine_window(const window_t *window, const slc_block_place_t *segment, uint64_t start,
                               uint64_t sequence, slc_tail_t *tail)
{
    for (size_t at = 0; at < window->filled; at += SLC_PAGE_BYTES) {
        if (slc_bytes_are_zero(window->bytes + at, SLC_PAGE_BYTES)) {
            continue;
        }
        slc_block_place_t place = *segment;
        place.offset = window->base + at;
        if (tail->rest != SLC_REST_ALIEN) {
            tail->rest = SLC_REST_BYTES;
        }
        if (!examine_page(window, at, &place, place.offset == start, sequence, tail)) {
            return place.offset;
        }
    }
    return window->base + window->filled;
}

slc_err_t slc_tail_examine(const slc_directory_t *directory, const slc_segment_header_t *header, int fd,
                           uint64_t offset, uint64_t sequence, slc_tail_t *ret_tail,
                           slc_error_t *ret_error)
{
    *ret_tail = (slc_tail_t){.rest = SLC_REST_NONE, .bytes_end = offset};
    if (offset == header->segment_bytes) {
        return SLC_OK;
    }
    ret_tail->rest = SLC_REST_ZEROS;
    uint64_t rest = header->segment_bytes - offset;
    window_t window = {.bytes = malloc(rest < WINDOW_BYTES ? (size_t)rest : WINDOW_BYTES)};
    if (window.bytes == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY,
                             "out of memory for looking at a segment's end");
    }
    const slc_block_place_t segment = {
        .directory = slc_load_u64(directory->id),
        .segment_bytes = header->segment_bytes,
        .segment = header->number,
    };
    slc_err_t code = SLC_OK;
    uint64_t next = offset;
    while (code == SLC_OK && next < header->segment_bytes) {
        uint64_t left = header->segment_bytes - next;
        window.base = next;
        window.filled = left < WINDOW_BYTES ? (size_t)left : WINDOW_BYTES;
        code = slc_segment_read(directory, header, fd, window.bytes, window.filled, next, ret_error);
        if (code == SLC_OK) {
            next = examine_window(&window, &segment, offset, sequence, ret_tail);
        }
    }
    free(window.bytes);
    return code;
}
