/* What sluice --help prints, made from the table; behind a command only what belongs to it.
 * Threads: one. Owns nothing. Failure: main looks at stdout when it closes it. */
#ifndef SLC_TOOLS_SLUICE_HELP_H
#define SLC_TOOLS_SLUICE_HELP_H

#include "table.h"

#include <stdio.h>

void sluice_help_print(FILE *out);
void sluice_help_print_verb(const sluice_verb_t *verb, FILE *out);

#endif
