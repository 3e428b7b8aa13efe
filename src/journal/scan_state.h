/* The inside of a scan, shared by scan.c (blocks and their ends), scan_first.c (where it begins) and
 * scan_segments.c (from one segment to another). Threads, ownership, failure: as scan.h. */
#ifndef SLC_JOURNAL_SCAN_STATE_H
#define SLC_JOURNAL_SCAN_STATE_H

#include "journal/scan.h"

typedef struct slc_scan_window {
    uint8_t *bytes;        /* room of them */
    slc_scanned_t *blocks; /* one for each page */
    size_t room;
    size_t count;
    size_t taken;
} slc_scan_window_t;

/* A segment that is listed and gone when it is opened, or a list with a hole because one was removed
 * while it was read: how often to look again. */
#define SLC_SCAN_LOOKS 8u

struct slc_scan {
    const slc_directory_t *directory;
    slc_scan_ahead_fn ahead;
    void *context;
    uint64_t after; /* everything up to this event is known */
    bool kept;      /* begins with whatever is there */

    /* Behind the last block that was checked. */
    int fd; /* -1: no segment */
    slc_segment_header_t header;
    uint64_t offset;
    uint64_t sequence;
    uint64_t time_us;
    uint64_t chain; /* of the last block that is no ROLLED seal */
    slc_last_t last;

    slc_scan_window_t windows[2];
    slc_scan_window_t *current;
    bool stopped; /* nothing more will be checked; stop_code is for behind the windows */
    slc_err_t stop_code;
    slc_error_t stop_error;
    slc_scan_end_t end;
    bool ended; /* `end` was handed out */

    uint64_t total_bytes;
    uint64_t done_bytes;
};

/* Behind the header of this segment; the descriptor is the scan's from now on. */
void slc_scan_enter(slc_scan_t *scan, int fd, const slc_segment_header_t *header);
void slc_scan_leave(slc_scan_t *scan);
/* Opens the segment to begin in. END: there is no journal yet. */
slc_err_t slc_scan_enter_first(slc_scan_t *scan, slc_error_t *error);
/* DAMAGED: this segment is not there. */
slc_err_t slc_scan_missing(const slc_scan_t *scan, uint32_t number, slc_error_t *ret_error);
/* Looks for the next segment, answers it open where there is one. A segment has its name before anything
 * in the one before says so, hence looking after that can't miss it. */
slc_err_t slc_scan_find_successor(slc_scan_t *scan, slc_successor_t *ret_successor, int *ret_fd,
                                  slc_segment_header_t *ret_header, slc_error_t *error);
/* What slc_scan_next answers behind the last block of a scan that has stopped. */
slc_err_t slc_scan_answer_stop(slc_scan_t *scan, slc_error_t *ret_error);

#endif
