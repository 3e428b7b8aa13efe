/* Is there room to sell? While there is not, the server is read-only: BUYs and openings are answered
 * READ_ONLY and leave no trace, while the reserve of the current segment takes closings, purges,
 * cancellations, and at the end the seal.
 *
 * Read-only begins where the disk has less than min_free_bytes free, where the next segment cannot be
 * made, or where the current one is used up to its reserve before there is a next one; it ends by itself
 * once the next segment can be made and a quarter more than min_free_bytes is free. Looked at every
 * SLC_ROOM_LOOK_US; safe at any moment in between, because the last rule counts
 * bytes and not time: no block is begun that the segments at hand cannot take.
 *
 * Threads: the journal station's; slc_room_reason by any. Ownership: init/finish; the writer is the
 * caller's. Failure: an error of the next segment that cannot pass by itself (EIO, a file system gone
 * read-only) is answered, and the process has to stop. */
#ifndef SLC_JOURNAL_ROOM_H
#define SLC_JOURNAL_ROOM_H

#include "journal/writer.h"

#include <pthread.h>

#define SLC_ROOM_LOOK_US (UINT64_C(250) * 1000)
#define SLC_ROOM_REASON_BYTES 128

typedef struct slc_room {
    slc_writer_t *writer;
    uint64_t look_at_us; /* the time of the next look */
    bool read_only;
    pthread_mutex_t lock;               /* guards the reason */
    char reason[SLC_ROOM_REASON_BYTES]; /* why it is read-only; empty: it is not */
} slc_room_t;

void slc_room_init(slc_room_t *room, slc_writer_t *writer);
void slc_room_finish(slc_room_t *room);

/* Looks, if it is time to; `time_us` is of a clock that never falls nor stands still. OK, or why the
 * process has to stop. */
slc_err_t slc_room_look(slc_room_t *room, uint64_t time_us, slc_error_t *ret_error);
/* Behind slc_writer_begin: keeps the block within what there is. */
void slc_room_limit_block(const slc_room_t *room);
/* An empty block did not take an event: waits for the next segment. OK: there is one, or it is read-only
 * now (which widens the limit to the reserve); limit the block anew. Otherwise why the process has to
 * stop. */
slc_err_t slc_room_used_up(slc_room_t *room, slc_error_t *ret_error);
/* Why it is read-only; empty: it is not. */
void slc_room_reason(slc_room_t *room, char ret_reason[SLC_ROOM_REASON_BYTES]);

#endif
