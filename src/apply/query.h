/* Answers an operator's query from the logic's state, in ring order like everything else.
 * Threads: the apply station's. Owns nothing. Failure: an answer with the status that says so. */
#ifndef SLC_APPLY_QUERY_H
#define SLC_APPLY_QUERY_H

#include "event/command.h"
#include "logic/logic.h"

/* Fills the command's answer but for time_us, and has_engine's fields that the logic does not know. */
void slc_apply_query(slc_logic_t *logic, slc_command_t *command);

#endif
