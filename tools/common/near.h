/* What somebody may have meant who wrote a name that does not exist.
 * Pure. Owns nothing. Cannot fail. */
#ifndef SLC_TOOLS_COMMON_NEAR_H
#define SLC_TOOLS_COMMON_NEAR_H

#include <stddef.h>

/* Longest name that is compared, its NUL included; a longer one is near to nothing. */
#define NEAR_NAME_BYTES 32

typedef struct near {
    const char *wanted;
    const char *nearest; /* NULL: nothing is near enough to be meant */
    size_t edits;
} near_t;

/* Begins a search for `wanted`, which stays the caller's. */
void near_begin(near_t *near, const char *wanted);
/* Looks at one candidate, which stays the caller's; of equally near ones the first stays. Edits are
 * counted by Levenshtein, a swap of neighbours once; at most one in three letters may differ, in short
 * names one. */
void near_consider(near_t *near, const char *candidate);

#endif
