/* What a program says of itself, under the name that it was called by. replay and load are names that
 * belong to nobody, so an installation has them as sluice-replay and sluice-load; what their help shows
 * has to work when it is typed there. Threads: any. Owns nothing. Failure: the stream's own error. */
#ifndef SLC_TOOLS_COMMON_CALLED_H
#define SLC_TOOLS_COMMON_CALLED_H

#include <stdio.h>

/* Writes `text` with each command line of `own` in it begun by `name` instead: `own` as a word of its
 * own, with a blank behind it. `name` NULL is the name that this process was called by. */
void called_print(FILE *out, const char *text, const char *own, const char *name);

#endif
