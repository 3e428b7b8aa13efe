/* Answers an operator's query from the logic's state, in ring order like everything else.
 * Threads: the apply station's. Owns nothing. Failure: an answer with the status that says so. */
#ifndef SLC_APPLY_QUERY_H
#define SLC_APPLY_QUERY_H

#include "event/command.h"
#include "logic/logic.h"
#include "snapshot/handover.h"

/* Fills the command's answer but for time_us, and has_engine's fields that the logic does not know.
 * TAKE_SNAPSHOT asks for a cut behind everything applied so far; `handover` NULL: no snapshots are taken.
 */
void slc_apply_query(slc_logic_t *logic, slc_handover_t *handover, slc_command_t *command);

#endif
