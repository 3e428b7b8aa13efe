#include "journal/scan_state.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

/* A segment that is listed and gone when it is opened: how often to look again. */
#define VANISHED_MAX 8u

void slc_scan_leave(slc_scan_t *scan)
{
    if (scan->fd >= 0) {
        (void)scan->directory->sys->close(scan->directory->sys->self, scan->fd); /* only read from */
        scan->fd = -1;
    }
}

void slc_scan_enter(slc_scan_t *scan, int fd, const slc_segment_header_t *header)
{
    slc_scan_leave(scan);
    scan->fd = fd;
    scan->header = *header;
    scan->offset = SLC_SEGMENT_HEADER_BYTES;
    scan->sequence = header->first_sequence - 1;
    scan->time_us = header->last_time_us;
    scan->chain = header->checksum;
    scan->last = SLC_LAST_BLOCK;
}

static slc_err_t list(const slc_scan_t *scan, uint32_t **ret_numbers, size_t *ret_count,
                      slc_error_t *ret_error)
{
    return slc_segment_list(scan->directory, ret_numbers, ret_count, ret_error);
}

static slc_err_t missing(const slc_scan_t *scan, uint32_t number, slc_error_t *ret_error)
{
    return slc_segment_damaged(scan->directory, number, 0, ret_error,
                               "the segment is missing although there are later ones");
}

slc_err_t slc_scan_find_successor(slc_scan_t *scan, slc_successor_t *ret_successor, int *ret_fd,
                                  slc_segment_header_t *ret_header, slc_error_t *error)
{
    uint32_t wanted = scan->header.number + 1;
    slc_err_t code = SLC_OK;
    *ret_successor = SLC_SUCCESSOR_NONE;
    for (unsigned tries = 0; tries < VANISHED_MAX; tries++) {
        uint32_t *numbers = NULL;
        size_t count = 0;
        code = list(scan, &numbers, &count, error);
        bool is_last = count == 0 || numbers[count - 1] < wanted;
        bool is_there =
            !is_last && bsearch(&wanted, numbers, count, sizeof wanted, slc_segment_compare) != NULL;
        free(numbers);
        if (code != SLC_OK || is_last) {
            return code;
        }
        if (!is_there) {
            return missing(scan, wanted, error);
        }
        code = slc_segment_open(scan->directory, wanted, O_RDONLY, ret_fd, ret_header, error);
        if (code == SLC_OK) {
            bool continues = ret_header->first_sequence == scan->sequence + 1 &&
                             ret_header->chain == scan->chain &&
                             ret_header->last_time_us == scan->time_us;
            *ret_successor = continues ? SLC_SUCCESSOR_CONTINUES : SLC_SUCCESSOR_CONTRADICTS;
            return SLC_OK;
        }
        if (error->sys_errno != ENOENT) {
            return code;
        }
    }
    return code;
}

static slc_err_t open_first(slc_scan_t *scan, int *ret_fd, slc_segment_header_t *ret_header,
                            slc_error_t *error)
{
    slc_err_t code = SLC_OK;
    if (slc_bytes_are_zero(scan->directory->id, SLC_DIRECTORY_ID_BYTES)) {
        return SLC_END; /* a server is just creating it */
    }
    for (unsigned tries = 0; tries < VANISHED_MAX; tries++) {
        uint32_t *numbers = NULL;
        size_t count = 0;
        code = list(scan, &numbers, &count, error);
        uint32_t first = count > 0 ? numbers[0] : 0;
        free(numbers);
        if (code != SLC_OK) {
            return code;
        }
        if (first == 0) {
            return scan->directory->begun
                       ? slc_segment_damaged(scan->directory, 1, 0, error,
                                             "a journal was begun here, and all of its "
                                             "segments are missing")
                       : SLC_END;
        }
        if (first != 1) {
            return missing(scan, 1, error);
        }
        code = slc_segment_open(scan->directory, first, O_RDONLY, ret_fd, ret_header, error);
        if (code == SLC_OK) {
            scan->total_bytes = ret_header->segment_bytes * count;
            return SLC_OK;
        }
        if (error->sys_errno != ENOENT) {
            return code;
        }
    }
    return code;
}

slc_err_t slc_scan_enter_first(slc_scan_t *scan, slc_error_t *error)
{
    slc_segment_header_t header = {0};
    int fd = -1;
    slc_err_t code = open_first(scan, &fd, &header, error);
    if (code != SLC_OK) {
        return code;
    }
    slc_scan_enter(scan, fd, &header);
    if (header.first_sequence != 1 || header.chain != 0 || header.last_time_us != 0) {
        return slc_segment_damaged(scan->directory, header.number, 0, error,
                                   "the first segment says that there was one before it");
    }
    return SLC_OK;
}

/* The last segment of the list that begins at or before `sequence`, open. */
static slc_err_t find_segment(const slc_scan_t *scan, const uint32_t *numbers, size_t count,
                              uint64_t sequence, int *ret_fd, slc_segment_header_t *ret_header,
                              slc_error_t *ret_error)
{
    const slc_sys_t *sys = scan->directory->sys;
    size_t low = 0;
    size_t high = count;
    int best = -1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        slc_segment_header_t header;
        int fd = -1;
        slc_err_t code =
            slc_segment_open(scan->directory, numbers[middle], O_RDONLY, &fd, &header, ret_error);
        if (code != SLC_OK) {
            (void)(best < 0 ? 0 : sys->close(sys->self, best)); /* only read from */
            return code;
        }
        bool before = header.first_sequence <= sequence || middle == 0;
        int worse = before ? best : fd;
        if (before) {
            best = fd;
            *ret_header = header;
            low = middle + 1;
        } else {
            high = middle;
        }
        (void)(worse < 0 ? 0 : sys->close(sys->self, worse));
    }
    *ret_fd = best;
    return SLC_OK;
}

slc_err_t slc_scan_seek(slc_scan_t *scan, uint64_t sequence, slc_error_t *ret_error)
{
    uint32_t *numbers = NULL;
    size_t count = 0;
    slc_segment_header_t header;
    int fd = -1;
    if (scan->stopped && scan->stop_code != SLC_END) {
        return slc_scan_answer_stop(scan, ret_error);
    }
    slc_err_t code = list(scan, &numbers, &count, ret_error);
    if (code == SLC_OK && count > 0) {
        code = find_segment(scan, numbers, count, sequence, &fd, &header, ret_error);
    }
    free(numbers);
    if (code != SLC_OK) {
        return code;
    }
    slc_scan_leave(scan);
    scan->current = NULL;
    scan->stopped = false;
    scan->ended = false;
    scan->end = (slc_scan_end_t){0};
    scan->done_bytes = 0;
    if (fd >= 0) {
        scan->total_bytes = header.segment_bytes * count;
        slc_scan_enter(scan, fd, &header);
    }
    return SLC_OK;
}
