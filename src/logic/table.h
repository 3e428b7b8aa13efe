/* The memory of an index (index.h): a table of slots, from the heap while it is small, from then on
 * mapped for itself in huge pages, none of which costs memory before its first use.
 *
 * Threads: one. Ownership: create/destroy; a retired table belongs to the list until that is emptied.
 * Failure: running out of memory stops the process (SLC_CHECK), as logic.h says. */
#ifndef SLC_LOGIC_TABLE_H
#define SLC_LOGIC_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLC_LINE_SLOTS 8u

typedef struct slc_table {
    uint64_t *slots;   /* tag in the upper 29 bits, ref in the lower 35; 0: empty. The last line is always
                          empty. */
    uint64_t lines;    /* of SLC_LINE_SLOTS slots, that are the home of some tag */
    uint64_t room;     /* slots in all: those, and what runs over behind the last line */
    uint64_t released; /* bytes from the first that were given back already */
} slc_table_t;

/* Outgrown tables that somebody may still be touching. */
typedef struct slc_retired {
    slc_table_t *tables;
    size_t count;
    size_t capacity;
} slc_retired_t;

/* A table without slots: one empty line that nobody writes to. */
void slc_table_init(slc_table_t *table);
/* All slots empty. */
void slc_table_create(slc_table_t *table, uint64_t lines);
void slc_table_destroy(slc_table_t *table);
/* Bytes that its slots take, given back or not. 0: it has none. */
uint64_t slc_table_bytes(const slc_table_t *table);
/* Mapped for itself: its pages come one by one. */
bool slc_table_is_mapped(const slc_table_t *table);
/* Gives back the whole huge pages before slot `slot`, which are not read any more, so that a large table
 * is not unmapped in one long call at the end. */
void slc_table_release(slc_table_t *table, uint64_t slot);

/* Takes a table over, to be destroyed later; it is then without slots. */
void slc_retired_add(slc_retired_t *retired, slc_table_t *table);
/* Destroys all of them. */
void slc_retired_empty(slc_retired_t *retired);
void slc_retired_finish(slc_retired_t *retired);

#endif
