/* The mirror as the engine runs it: the handover to the apply station, the mirror and its thread, and the
 * last state at the end.
 * Threads: create, start, stop, last and destroy are the main thread's; status is anyone's.
 * Ownership: create/destroy; directory, pair and logic are the engine's. NULL is fine for each call: no
 *   report is kept.
 * Failure: create without memory, start without a thread. What goes wrong with the file stops nothing
 *   (src/report/mirror.h). A thread that hangs in a file system that does not answer is left behind at
 * the stop, and what it uses with it: the process ends in a moment. */
#ifndef SLC_ENGINE_REPORTING_H
#define SLC_ENGINE_REPORTING_H

#include "base/digest_pair.h"
#include "engine/pipeline.h"
#include "journal/directory.h"
#include "report/mirror.h"

typedef struct slc_reporting slc_reporting_t;

/* `pair` is what the apply station publishes; `pipeline` has to be there from start on. Relative to where
 * the program was started, as any path. */
slc_err_t slc_reporting_create(const char *path, const slc_directory_t *directory,
                               const slc_digest_pair_t *pair, const slc_pipeline_t *pipeline,
                               slc_reporting_t **ret_reporting, slc_error_t *ret_error);
slc_err_t slc_reporting_start(slc_reporting_t *reporting, slc_error_t *ret_error);
/* For the apply station; NULL: none. */
slc_handover_t *slc_reporting_handover(slc_reporting_t *reporting);
slc_mirror_status_t slc_reporting_status(slc_reporting_t *reporting);
/* Behind the apply station's end: ends the thread and a cut that it had. False: it hangs in its file. */
bool slc_reporting_stop(slc_reporting_t *reporting, slc_logic_t *logic);
/* Where stop answered true, and no cut is open any more: the last state, if that is quick. */
void slc_reporting_last(slc_reporting_t *reporting, slc_logic_t *logic);
/* Behind stop: its thread is still there, and looks at `pair` and `pipeline` if its file answers after
 * all. Then these have to stay until the process ends, and destroy leaves the rest. */
bool slc_reporting_is_stuck(const slc_reporting_t *reporting);
void slc_reporting_destroy(slc_reporting_t *reporting);

#endif
