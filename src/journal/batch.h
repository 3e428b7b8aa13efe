/* The events in the payload of one checked block, one after the other.
 * Threads: as the scan. Ownership: borrows the block's bytes, as do the events.
 * Failure: DAMAGED where the payload is not the EventBatch that the block's header tells, although the
 *   checksum is right. */
#ifndef SLC_JOURNAL_BATCH_H
#define SLC_JOURNAL_BATCH_H

#include "journal/scan.h"

#include <sluice/journal.h>

typedef struct slc_batch {
    slc_scanned_t block;
    uint32_t used;   /* bytes of the payload */
    uint32_t events; /* handed out */
} slc_batch_t;

slc_err_t slc_batch_begin(slc_batch_t *batch, const slc_directory_t *directory,
                          const slc_scanned_t *block, slc_error_t *ret_error);
/* OK, END, DAMAGED. */
slc_err_t slc_batch_next(slc_batch_t *batch, const slc_directory_t *directory, slc_event_t *ret_event,
                         slc_error_t *ret_error);

#endif
