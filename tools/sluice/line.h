/* A command line taken apart by the table: options anywhere, everything else is a word, "-5" among them.
 * Threads: one. Ownership: texts point into argv.
 * Failure: false or NULL, with the reason and what may have been meant on stderr. */
#ifndef SLC_TOOLS_SLUICE_LINE_H
#define SLC_TOOLS_SLUICE_LINE_H

#include "table.h"

#include <stdbool.h>

#define SLUICE_WORDS_MAX 4

typedef struct sluice_line {
    const char *values[SLUICE_OPT_COUNT]; /* NULL: not given; "" for one without a value */
    const char *words[SLUICE_WORDS_MAX];
    size_t word_count;
} sluice_line_t;

bool sluice_line_read(sluice_line_t *ret_line, int argc, char **argv);
/* The command that the words begin with, in *ret_words how many of them name it; `silent` says nothing
 * where there is none. */
const sluice_verb_t *sluice_line_verb(const sluice_line_t *line, bool silent, size_t *ret_words);
/* Whether each option given goes with the command. */
bool sluice_line_fits(const sluice_line_t *line, const sluice_verb_t *verb);

/* Says on stderr what is wrong and points to the help; answers false. */
bool sluice_line_wrong(const char *what, const char *why);

#endif
