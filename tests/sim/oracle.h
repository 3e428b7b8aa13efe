/* The judge of a simulation: feeds the events of the journal to a model of the rules that shares nothing
 * with the engine (tests/unit/logic/model.c), and holds every reply against the state that it claims.
 * Threads: one. Ownership: borrows the history.
 * Failure: the first contradiction is noted in the history. */
#ifndef TESTS_SIM_ORACLE_H
#define TESTS_SIM_ORACLE_H

#include "history.h"

/* `digest`: of the engine behind the last event. */
void oracle_judge(history_t *history, uint64_t digest);

#endif
