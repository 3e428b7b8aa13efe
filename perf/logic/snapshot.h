/* What a snapshot costs the business logic: the pauses of a cut, and how fast its entries are read and
 * loaded.
 * Threads: one. Owns nothing. Failure: says what is wrong on stderr and answers false. */
#ifndef SLC_PERF_LOGIC_SNAPSHOT_H
#define SLC_PERF_LOGIC_SNAPSHOT_H

#include "logic/logic.h"

/* Cuts, reads, loads into a second logic and compares; prints one line, or the members of a JSON object
 * behind others. */
bool measure_snapshot(slc_logic_t *logic, bool json);

#endif
