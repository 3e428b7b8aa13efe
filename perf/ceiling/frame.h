/* What goes over the ceiling probe's connections: fixed records as they lie in memory, little-endian.
 * A frame is as long as a usual Buy; a reply tells its place in the order of what was written.
 * Threads: any. Ownership: plain values. Failure: none, there are no rules that a frame could break. */
#ifndef SLC_PERF_CEILING_FRAME_H
#define SLC_PERF_CEILING_FRAME_H

#include <stdint.h>

typedef struct ceiling_frame {
    uint64_t request_id;
    uint64_t drop_id;
    uint64_t order_key;
    uint64_t quantity;
    char user[16];
} ceiling_frame_t;

typedef struct ceiling_reply {
    uint64_t request_id;
    uint64_t sequence; /* 1 for the first frame that this server wrote, and so on without a gap */
} ceiling_reply_t;

_Static_assert(sizeof(ceiling_frame_t) == 48, "frames are 48 bytes on the wire");
_Static_assert(sizeof(ceiling_reply_t) == 16, "replies are 16 bytes on the wire");

#endif
