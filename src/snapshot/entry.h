/* An entry of a snapshot as bytes, and back. src/snapshot/format.h has the bytes.
 * Threads: pure. Ownership: text of a decoded entry points into the bytes it was decoded from.
 * Failure: decoding answers false for whatever is no entry; encoding needs room for
 *   SLC_SNAPSHOT_ENTRY_BYTES_MAX. */
#ifndef SLC_SNAPSHOT_ENTRY_H
#define SLC_SNAPSHOT_ENTRY_H

#include "wire/varint.h"

#include <sluice/snapshot.h>

/* The record before, in the same drop: records are written as differences. */
typedef struct slc_entry_place {
    uint64_t sequence;
    uint64_t time_us;
} slc_entry_place_t;

/* Both move the place on. Answers where the entry ends. */
uint8_t *slc_entry_encode(uint8_t *out, const slc_entry_t *entry, slc_entry_place_t *place);
bool slc_entry_decode(slc_cursor_t *cursor, slc_entry_place_t *place, slc_entry_t *ret_entry);

#endif
