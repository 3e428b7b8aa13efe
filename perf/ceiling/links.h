/* The ceiling probe's connections, and the batch that one turn of its loop makes of what they sent.
 * Frames are received where they will be written from: nothing is copied but the cut end of a read.
 * Threads: the probe's one. Ownership: a link is freed behind the turn that met its end; the batch's
 * bytes are the caller's. Failure: a connection that breaks is closed, its frames of this turn stay
 * recorded. */
#ifndef SLC_PERF_CEILING_LINKS_H
#define SLC_PERF_CEILING_LINKS_H

#include "frame.h"

#include <stdbool.h>
#include <stddef.h>

/* Over 50 windows of 400 frames; the file is a multiple of it. */
#define CEILING_BATCH_BYTES ((size_t)2 << 20)
#define CEILING_READ_BYTES ((size_t)64 << 10)
#define CEILING_SPANS 256

typedef struct ceiling_link {
    int fd;
    bool ended;
    size_t partial_bytes;
    uint8_t partial[sizeof(ceiling_frame_t)];
} ceiling_link_t;

/* The frames of one link in a batch, all in a row. */
typedef struct ceiling_span {
    ceiling_link_t *link;
    size_t first; /* offset of the first frame */
    size_t frames;
} ceiling_span_t;

typedef struct ceiling_batch {
    uint8_t *bytes; /* CEILING_BATCH_BYTES, aligned for the disk */
    size_t used;
    size_t span_count;
    ceiling_span_t spans[CEILING_SPANS];
} ceiling_batch_t;

/* Takes the socket; NULL: no memory, or the socket takes no option (errno). */
ceiling_link_t *ceiling_link_open(int fd);

void ceiling_batch_empty(ceiling_batch_t *batch);
/* Receives once; what has no room stays in the socket and raises the next turn's event. */
void ceiling_batch_read(ceiling_batch_t *batch, ceiling_link_t *link);
/* Answers each frame, the first with the sequence behind `sequence`; answers the last one given. */
uint64_t ceiling_batch_answer(ceiling_batch_t *batch, uint64_t sequence);

#endif
