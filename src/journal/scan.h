/* The scan under the public reader and under recovery: walks the segments of a directory, checks each
 * block in its place, some blocks ahead of whoever takes them, and decides what the end means.
 * Threads: one. Nothing is ever written; a server may be writing beside it.
 * Ownership: open creates, close frees; bytes of a block are good until the next slc_scan_next. The
 *   directory is borrowed.
 * Failure: DAMAGED or IO, told once every block before the place has been handed out, and final; but for
 *   IO with ENOENT, which says that a live server removed what would have come next: a reader may seek,
 *   and begins at what is there now. */
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

/* From event 1 on; the first segment has to be there. `ahead` may be NULL. */
slc_err_t slc_scan_open(const slc_directory_t *directory, slc_scan_ahead_fn ahead, void *context,
                        slc_scan_t **ret_scan, slc_error_t *ret_error);
/* Before the first slc_scan_next: everything up to event `after` is known from elsewhere. Begins in the
 * segment that holds event `after` (0: as if this were not called), which vouches that the journal got as
 * far, or, where that one was removed, in the one that begins with the next event; what its header says
 * of what was before is trusted, and segments before it are not touched. DAMAGED from slc_scan_next
 * where the journal does not reach back so far. */
void slc_scan_behind(slc_scan_t *scan, uint64_t after);
/* Before the first slc_scan_next: begins with the first segment that is there, whatever its number. Who
 * asks for this judges himself whether something from before it is missing. */
void slc_scan_kept(slc_scan_t *scan);
/* NULL is fine. */
void slc_scan_close(slc_scan_t *scan);

/* OK, END, DAMAGED, IO, NO_MEMORY. */
slc_err_t slc_scan_next(slc_scan_t *scan, slc_scanned_t *ret_block, slc_error_t *ret_error);
/* Goes to the beginning of the last segment that begins at or before `sequence`, the first one where none
 * does; trusts its header for what was before. */
slc_err_t slc_scan_seek(slc_scan_t *scan, uint64_t sequence, slc_error_t *ret_error);
/* NULL until slc_scan_next has answered END. */
const slc_scan_end_t *slc_scan_end(const slc_scan_t *scan);
void slc_scan_progress(const slc_scan_t *scan, uint64_t *ret_done_bytes, uint64_t *ret_total_bytes);
/* The same with as much written in the last segment as is likely, half of it; for a guess only. The total
 * is above what is done. */
void slc_scan_likely(const slc_scan_t *scan, uint64_t *ret_done_bytes, uint64_t *ret_total_bytes);

#endif
