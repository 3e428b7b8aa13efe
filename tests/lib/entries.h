/* Entries of a snapshot in a test: kept, to be looked at, spoilt and loaded; and their digest, computed
 * from what src/logic/digest.h defines and from nothing of the logic.
 * Threads: one. Ownership: finish frees; text in kept entries is the list's own.
 * Failure: running out of memory, and entries in an order that <sluice/snapshot.h> does not know, stop
 * the process. */
#ifndef SLC_TEST_ENTRIES_H
#define SLC_TEST_ENTRIES_H

#include <sluice/snapshot.h>

typedef struct entries {
    slc_entry_t *list;
    size_t count;
    size_t capacity;
} entries_t;

void entries_add(entries_t *entries, const slc_entry_t *entry);
/* Takes one out; those behind it move up. */
void entries_remove(entries_t *entries, size_t at);
/* Puts one in front of `at`. */
void entries_insert(entries_t *entries, size_t at, const slc_entry_t *entry);
entries_t entries_copy(const entries_t *entries);
void entries_finish(entries_t *entries);

/* The digest on the way, entry by entry. */
typedef struct entries_sum {
    uint64_t digest;
    uint64_t drops;
    uint64_t orders;
    uint64_t last_sequence; /* in the drop under way, or of the purges */
    uint64_t drop_id;       /* 0: none yet */
    slc_entry_kind_t last_kind;
    bool purges;
    entries_t placed; /* orders of the drop under way */
} entries_sum_t;

void entries_sum_add(entries_sum_t *sum, const slc_entry_t *entry);
void entries_sum_finish(entries_sum_t *sum);

#endif
