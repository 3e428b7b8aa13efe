#include "journal/scan_state.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>

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

slc_err_t slc_scan_missing(const slc_scan_t *scan, uint32_t number, slc_error_t *ret_error)
{
    return slc_segment_damaged(scan->directory, number, 0, ret_error,
                               "the segment is missing although there are later ones");
}

/* Every segment up to the wanted one has gone, and later ones are there: so does a server that no longer
 * needs them, the oldest first. */
static slc_err_t overtaken(const slc_scan_t *scan, uint32_t wanted, slc_error_t *ret_error)
{
    return slc_error_sys(ret_error, SLC_ERR_IO, ENOENT,
                         "segment %" PRIu32 " of %s was removed while the one before it was read; a "
                         "live server no longer needs it; begin again",
                         wanted, scan->directory->path);
}

static slc_err_t open_successor(const slc_scan_t *scan, uint32_t wanted, slc_successor_t *ret_successor,
                                int *ret_fd, slc_segment_header_t *ret_header, slc_error_t *error)
{
    slc_err_t code = slc_segment_open(scan->directory, wanted, O_RDONLY, ret_fd, ret_header, error);
    if (code == SLC_OK) {
        bool continues = ret_header->first_sequence == scan->sequence + 1 &&
                         ret_header->chain == scan->chain && ret_header->last_time_us == scan->time_us;
        *ret_successor = continues ? SLC_SUCCESSOR_CONTINUES : SLC_SUCCESSOR_CONTRADICTS;
    }
    return code;
}

slc_err_t slc_scan_find_successor(slc_scan_t *scan, slc_successor_t *ret_successor, int *ret_fd,
                                  slc_segment_header_t *ret_header, slc_error_t *error)
{
    uint32_t wanted = scan->header.number + 1;
    slc_err_t code = SLC_OK;
    *ret_successor = SLC_SUCCESSOR_NONE;
    for (unsigned looks = 0; looks < SLC_SCAN_LOOKS; looks++) {
        uint32_t *numbers = NULL;
        size_t count = 0;
        code = list(scan, &numbers, &count, error);
        bool is_last = count == 0 || numbers[count - 1] < wanted;
        bool is_behind = !is_last && numbers[0] > wanted;
        bool is_there =
            !is_last && bsearch(&wanted, numbers, count, sizeof wanted, slc_segment_compare) != NULL;
        free(numbers);
        if (code != SLC_OK || is_last) {
            return code;
        }
        if (is_behind) {
            return overtaken(scan, wanted, error);
        }
        if (!is_there) {
            code = slc_scan_missing(scan, wanted, error);
            continue;
        }
        code = open_successor(scan, wanted, ret_successor, ret_fd, ret_header, error);
        if (code == SLC_OK || error->sys_errno != ENOENT) {
            return code;
        }
    }
    return code;
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

/* Once more where a segment went between the list and its opening. */
static slc_err_t list_and_find(const slc_scan_t *scan, uint64_t sequence, size_t *ret_count, int *ret_fd,
                               slc_segment_header_t *ret_header, slc_error_t *ret_error)
{
    slc_err_t code = SLC_OK;
    for (unsigned looks = 0; looks < SLC_SCAN_LOOKS; looks++) {
        uint32_t *numbers = NULL;
        code = list(scan, &numbers, ret_count, ret_error);
        if (code == SLC_OK && *ret_count > 0) {
            code = find_segment(scan, numbers, *ret_count, sequence, ret_fd, ret_header, ret_error);
        }
        free(numbers);
        if (code == SLC_OK || ret_error->sys_errno != ENOENT) {
            return code;
        }
    }
    return code;
}

slc_err_t slc_scan_seek(slc_scan_t *scan, uint64_t sequence, slc_error_t *ret_error)
{
    size_t count = 0;
    slc_segment_header_t header;
    slc_error_t error = {0};
    int fd = -1;
    bool is_overtaken = scan->stop_code == SLC_ERR_IO && scan->stop_error.sys_errno == ENOENT;
    if (scan->stopped && scan->stop_code != SLC_END && !is_overtaken) {
        return slc_scan_answer_stop(scan, ret_error);
    }
    slc_err_t code = list_and_find(scan, sequence, &count, &fd, &header, &error);
    if (code != SLC_OK) {
        if (ret_error != NULL) {
            *ret_error = error;
        }
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
