/* Building a logic from the entries of a snapshot, as if their events had been applied.
 *
 * Happy path: slc_load_begin on a fresh logic, slc_load_entry for each entry in the order that
 * <sluice/snapshot.h> states, slc_load_end. Whatever an entry can be checked against is checked: sums of
 * each drop against its orders, limits, rising sequences, keys that are there once, and at the end the
 * digest, which is computed from the entries.
 *
 * Threads: the logic's. Ownership: begin creates, end or abandon frees; the logic is the caller's. Text
 * in an entry is copied. Failure: an entry that contradicts answers false with a sentence of at most 255
 * bytes, some orders later at times (they wait together for memory), by slc_load_end at the latest. The
 * logic is then of no use but to be destroyed, and the load but to be abandoned. Running out of memory
 * stops the process, as logic.h says. */
#ifndef SLC_LOGIC_LOAD_H
#define SLC_LOGIC_LOAD_H

#include "logic/logic.h"

#include <sluice/snapshot.h>

typedef struct slc_load slc_load_t;

/* `info` is what the snapshot says of itself: sequence, time, digest, drops and orders are taken, and
 * checked at the end. NULL: no memory. */
slc_load_t *slc_load_begin(slc_logic_t *logic, const slc_snapshot_info_t *info);
bool slc_load_entry(slc_load_t *load, const slc_entry_t *entry, char ret_why[256]);
/* Frees. True: sequence, time and digest of the logic are those of the snapshot. */
bool slc_load_end(slc_load_t *load, char ret_why[256]);
/* Frees, where an entry was refused or none is left to come. NULL is fine. */
void slc_load_abandon(slc_load_t *load);

#endif
