/* sluice watch: looks at the server again and again. On a terminal the last look stands there, drawn
 * anew; elsewhere each look is a frame of text, or a line of JSON, behind the other. Threads: one, the
 * only one of the process. Ownership: what it allocates it frees. Failure: a server that is not there at
 * the first look ends it with the reason; one that goes away later is waited for, and if it is still away
 * at the last look of --count, that is the error. */
#ifndef SLC_TOOLS_SLUICE_WATCH_H
#define SLC_TOOLS_SLUICE_WATCH_H

#include "session.h"

slc_err_t sluice_watch(sluice_session_t *session);

#endif
