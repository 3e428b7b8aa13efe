/* What recovery writes: nothing before the scan has allowed the start, and nothing that a crash in the
 * middle leaves in another light: each step done twice is the same as done once.
 * Threads: one, under the directory's lock. Owns nothing.
 * Failure: IO with a sentence; the next start begins again. */
#ifndef SLC_RESTORE_REPAIR_H
#define SLC_RESTORE_REPAIR_H

#include "journal/scan.h"
#include "restore/restore.h"

/* Before the scan: makes page cache and device agree on every segment that a scan behind event `after`
 * reads, and on all names. A server that was killed may have left blocks that only the cache has, one
 * whose sync failed may have left blocks that the cache shows and the device never got; nothing may be
 * answered from either. Segments from before are not touched: the longest history costs nothing here. */
slc_err_t slc_repair_settle(const slc_directory_t *directory, uint64_t after, slc_error_t *ret_error);

/* Copies a torn tail to a file of its own, then writes zeros over it. */
slc_err_t slc_repair_cut(const slc_directory_t *directory, const slc_scan_end_t *end,
                         slc_restored_t *restored, slc_error_t *ret_error);

/* Writes the ROLLED seal that an interrupted roll owes: without it the new segment could go missing
 * unseen once it holds events. */
slc_err_t slc_repair_roll(const slc_directory_t *directory, const slc_scan_end_t *end,
                          slc_error_t *ret_error);

#endif
