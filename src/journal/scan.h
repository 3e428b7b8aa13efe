/* The scan under the public reader and under recovery: walks the segments of a directory, checks each
 * block in its place, some blocks ahead of whoever takes them, and decides what the end means.
 * Threads: one. Nothing is ever written; a server may be writing beside it.
 * Ownership: open creates, close frees; bytes of a block are good until the next slc_scan_next. The
 *   directory is borrowed.
 * Failure: DAMAGED or IO, told once every block before the place has been handed out, and final. */
#ifndef SLC_JOURNAL_SCAN_H
#define SLC_JOURNAL_SCAN_H

#include "journal/block.h"
#include "journal/decide.h"
#include "journal/segment.h"
#include "journal/writer.h"

typedef struct slc_scan slc_scan_t;

/* Called for each block when it has been checked, before slc_scan_next hands it out: by at least 4 MiB of
 * journal where there is so much. */
typedef void (*slc_scan_ahead_fn)(void *context, const slc_block_header_t *header);

typedef struct slc_scanned {
    slc_block_header_t header;
    const uint8_t *payload;
    uint64_t offset;
    uint32_t segment;
} slc_scanned_t;

/* What the scan found at the journal's end. */
typedef struct slc_scan_end {
    const slc_rule_t *rule; /* of slc_decide; NULL: there is no segment */
    slc_journal_end_t end;
    uint64_t bytes_end; /* with TORN: bytes from end.offset up to here are to be cut */
    /* The last roll got as far as the new segment's name, but not to the ROLLED seal of the old one:
     * number of the old segment (0: no such thing), where the seal belongs, and its chain. */
    uint32_t unrolled_segment;
    uint64_t unrolled_offset;
    slc_block_header_t unrolled_seal;
} slc_scan_end_t;

/* `ahead` may be NULL. */
slc_err_t slc_scan_open(const slc_directory_t *directory, slc_scan_ahead_fn ahead, void *context,
                        slc_scan_t **ret_scan, slc_error_t *ret_error);
/* NULL is fine. */
void slc_scan_close(slc_scan_t *scan);

/* OK, END, DAMAGED, IO, NO_MEMORY. */
slc_err_t slc_scan_next(slc_scan_t *scan, slc_scanned_t *ret_block, slc_error_t *ret_error);
/* Goes to the beginning of the last segment that begins at or before `sequence`; trusts its header for
 * what was before. */
slc_err_t slc_scan_seek(slc_scan_t *scan, uint64_t sequence, slc_error_t *ret_error);
/* NULL until slc_scan_next has answered END. */
const slc_scan_end_t *slc_scan_end(const slc_scan_t *scan);
void slc_scan_progress(const slc_scan_t *scan, uint64_t *ret_done_bytes, uint64_t *ret_total_bytes);

#endif
