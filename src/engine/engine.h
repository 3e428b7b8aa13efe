/* The life of a server: open and lock the data directory, restore, start the stations, serve, drain,
 * seal.
 *
 * Threads: start, run and stop on the main thread, which also takes the signals. Stations have threads of
 *   their own: journal, apply, the I/O threads, and helpers that nothing waits for.
 * Ownership: slc_engine_run owns everything between its start and its end.
 * Failure: before it serves, an error with its exit code; afterwards, a journal that cannot be written
 *   ends the process at once with exit code 5: nothing unwritten was acknowledged, and what the disk
 *   holds is found by the next start. */
#ifndef SLC_ENGINE_ENGINE_H
#define SLC_ENGINE_ENGINE_H

#include "engine/options.h"

/* Serves until a signal ends it; signals must be blocked in the calling thread. */
slc_err_t slc_engine_run(const slc_options_t *options, slc_error_t *ret_error);

#endif
