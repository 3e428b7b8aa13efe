/* Memory that nobody has written to yet, and that the logic is going to write to next.
 *
 * The first write to a page makes the kernel find and clear it: 0.1 ms for a huge page, and some 5 ms in
 * a virtual machine whose host has to find it, too. All BUYs wait meanwhile. So the logic tells what
 * comes next, and whoever runs it may have another thread touch that: make the kernel provide the pages
 * without changing a byte, for the logic may have got there in the meantime. A hint: with nobody who
 * listens, or where it comes too late, the logic meets its pages by itself.
 *
 * Threads: the logic's for all calls; what a piece names may be touched by any.
 * Ownership: the memory is the logic's. An address in a piece stays mapped until slc_logic_hold(false).
 * Failure: none. */
#ifndef SLC_LOGIC_FRESH_H
#define SLC_LOGIC_FRESH_H

#include <stdbool.h>
#include <stdint.h>

#define SLC_HUGE_PAGE_BYTES UINT64_C(2097152)
#define SLC_FRESH_PIECES 12u

/* Whole huge pages, nearest first. */
typedef struct slc_piece {
    uint8_t *at;
    uint64_t bytes;
} slc_piece_t;

typedef struct slc_fresh {
    slc_piece_t pieces[SLC_FRESH_PIECES];
    uint32_t count;
} slc_fresh_t;

/* What does not fit is left out. */
static inline void slc_fresh_add(slc_fresh_t *fresh, uint8_t *at, uint64_t bytes)
{
    if (bytes > 0 && fresh->count < SLC_FRESH_PIECES) {
        fresh->pieces[fresh->count++] = (slc_piece_t){.at = at, .bytes = bytes};
    }
}

struct slc_logic;

/* What comes next: of records an eighth of what there is, at most some 30 MiB; of a table that grows the
 * next 32 MiB; nothing while there is little. */
void slc_logic_fresh(const struct slc_logic *logic, slc_fresh_t *ret_fresh);
/* True: somebody is going to touch what slc_logic_fresh told; from here on nothing is unmapped. False:
 * nobody does any more; what was outgrown meanwhile is unmapped. */
void slc_logic_hold(struct slc_logic *logic, bool held);

#endif
