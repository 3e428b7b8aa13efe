/* What a program says of itself, under the name that it was called by. replay and load are names that
 * belong to nobody, so an installation has them as sluice-replay and sluice-load; what their help and
 * their messages show has to work when it is typed there. Threads: any. Owns nothing. Failure: the
 * stream's own error; without memory called_say uses its own name. */
#ifndef SLC_TOOLS_COMMON_CALLED_H
#define SLC_TOOLS_COMMON_CALLED_H

#include <stdio.h>

/* Writes `text` with each command line of `own` in it begun by `name` instead: `own` as a word of its
 * own, with a blank behind it, or at the text's beginning with a colon. `name` NULL is the name that this
 * process was called by. */
void called_print(FILE *out, const char *text, const char *own, const char *name);

/* A message on stderr; `own` is replaced in the format as above, never in what it names. */
__attribute__((format(printf, 2, 3))) void called_say(const char *own, const char *format, ...);

#endif
