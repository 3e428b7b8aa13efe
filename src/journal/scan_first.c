#include "journal/scan_state.h"

#include "base/error.h"
#include "journal/block.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>

/* A segment on trial as the one to begin in. */
typedef struct {
    int fd; /* -1: none */
    slc_segment_header_t header;
} candidate_t;

static void drop(const slc_scan_t *scan, candidate_t *candidate)
{
    if (candidate->fd >= 0) {
        (void)scan->directory->sys->close(scan->directory->sys->self, candidate->fd); /* only read from */
        candidate->fd = -1;
    }
}

static slc_err_t no_segment(const slc_scan_t *scan, slc_error_t *error)
{
    return scan->directory->begun
               ? slc_segment_damaged(scan->directory, 1, 0, error,
                                     "a journal was begun here, and all of its segments are missing")
               : SLC_END;
}

static slc_err_t does_not_reach_back(const slc_scan_t *scan, const slc_segment_header_t *first,
                                     slc_error_t *error)
{
    return slc_segment_damaged(scan->directory, first->number, 0, error,
                               "the journal no longer reaches back to event %" PRIu64
                               ": this first segment begins with event %" PRIu64,
                               scan->after + 1, first->first_sequence);
}

/* Goes back from the newest segment until event `after` has been reached, or the first one; so segments
 * from before it can neither cost time nor stand in the way. */
static slc_err_t walk_back(const slc_scan_t *scan, const uint32_t *numbers, size_t count,
                           candidate_t *candidate, size_t *ret_index, slc_error_t *error)
{
    for (size_t i = count; i-- > 0;) {
        drop(scan, candidate);
        if (i + 1 < count && numbers[i] + 1 != numbers[i + 1]) {
            return slc_scan_missing(scan, numbers[i + 1] - 1, error);
        }
        slc_err_t code = slc_segment_open(scan->directory, numbers[i], O_RDONLY, &candidate->fd,
                                          &candidate->header, error);
        if (code != SLC_OK) {
            return code;
        }
        *ret_index = i;
        if (candidate->header.first_sequence <= scan->after) {
            return SLC_OK;
        }
    }
    return candidate->header.first_sequence <= scan->after + 1
               ? SLC_OK
               : does_not_reach_back(scan, &candidate->header, error);
}

/* Opens the segment to begin in out of those that are there. */
static slc_err_t choose(const slc_scan_t *scan, const uint32_t *numbers, size_t count,
                        candidate_t *candidate, size_t *ret_index, slc_error_t *error)
{
    *ret_index = 0;
    if (!scan->kept && scan->after > 0) {
        return walk_back(scan, numbers, count, candidate, ret_index, error);
    }
    if (!scan->kept && numbers[0] != 1) {
        return slc_scan_missing(scan, 1, error);
    }
    return slc_segment_open(scan->directory, numbers[0], O_RDONLY, &candidate->fd, &candidate->header,
                            error);
}

/* What a segment without one before it may say. */
static slc_err_t check_first(const slc_scan_t *scan, const slc_segment_header_t *header,
                             slc_error_t *error)
{
    bool from_nothing = header->first_sequence == 1;
    if (header->number == 1 && (header->chain != 0 || (from_nothing && header->last_time_us != 0))) {
        return slc_segment_damaged(scan->directory, header->number, 0, error,
                                   "the first segment says that there was one before it");
    }
    if (!scan->kept && scan->after == 0 && !from_nothing) {
        return does_not_reach_back(scan, header, error);
    }
    return SLC_OK;
}

slc_err_t slc_scan_enter_first(slc_scan_t *scan, slc_error_t *error)
{
    candidate_t candidate = {.fd = -1};
    slc_err_t code = SLC_OK;
    if (slc_bytes_are_zero(scan->directory->id, SLC_DIRECTORY_ID_BYTES)) {
        return SLC_END; /* a server is just creating it */
    }
    for (unsigned looks = 0; looks < SLC_SCAN_LOOKS; looks++) {
        uint32_t *numbers = NULL;
        size_t count = 0;
        size_t index = 0;
        *error = (slc_error_t){0};
        code = slc_segment_list(scan->directory, &numbers, &count, error);
        if (code == SLC_OK) {
            code = count == 0 ? no_segment(scan, error)
                              : choose(scan, numbers, count, &candidate, &index, error);
        }
        free(numbers);
        if (code == SLC_OK) {
            scan->total_bytes = candidate.header.segment_bytes * (count - index);
            slc_scan_enter(scan, candidate.fd, &candidate.header);
            return check_first(scan, &candidate.header, error);
        }
        drop(scan, &candidate);
        /* Beside a live server segments may go while we look: a hole in the list is one that went while
         * it was read, and the next list shows all before it gone. */
        bool again = error->sys_errno == ENOENT || (code == SLC_ERR_DAMAGED && looks == 0);
        if (code == SLC_END || !again) {
            return code;
        }
    }
    return code;
}
