/* A segment file from outside: its name, its header block, the list of those in a directory.
 * Threads: pure, but for slc_segment_list and slc_segment_open, which read the directory given.
 * Ownership: the list is the caller's to free(); the descriptor is the caller's to close.
 * Failure: a header that is not what format.h says answers DAMAGED with segment and offset. */
#ifndef SLC_JOURNAL_SEGMENT_H
#define SLC_JOURNAL_SEGMENT_H

#include "journal/directory.h"
#include "journal/format.h"

#define SLC_SEGMENT_NAME_BYTES 32

typedef struct slc_segment_header {
    uint64_t checksum;
    uint64_t segment_bytes;
    uint64_t first_sequence;
    uint64_t last_time_us;
    uint64_t chain;
    uint32_t number;
    uint32_t rules_version;
    uint8_t directory_id[SLC_DIRECTORY_ID_BYTES];
} slc_segment_header_t;

void slc_segment_name(uint32_t number, char ret_name[SLC_SEGMENT_NAME_BYTES]);

/* Numbers of the segments in the directory, rising, *ret_count of them. A name that is not exactly a
 * segment's is none. */
slc_err_t slc_segment_list(const slc_directory_t *directory, uint32_t **ret_numbers, size_t *ret_count,
                           slc_error_t *ret_error);

/* Order of numbers, for qsort and bsearch. */
int slc_segment_compare(const void *a, const void *b);

/* Fills in header->checksum too. */
void slc_segment_encode(slc_segment_header_t *header, uint8_t ret_block[SLC_SEGMENT_HEADER_BYTES]);

/* Opens a segment with `flags` of open(2), reads and checks its header against name, size and directory.
 * IO with sys_errno ENOENT: there is none of that number. */
slc_err_t slc_segment_open(const slc_directory_t *directory, uint32_t number, int flags, int *ret_fd,
                           slc_segment_header_t *ret_header, slc_error_t *ret_error);

/* DAMAGED with place, a sentence, and the command to look at it. */
slc_err_t slc_segment_damaged(const slc_directory_t *directory, uint32_t number, uint64_t offset,
                              slc_error_t *ret_error, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif
