/* The inside of a writer, shared by writer.c (blocks), roll.c (segments) and open.c (beginning and end).
 * Threads, ownership, failure: as writer.h. */
#ifndef SLC_JOURNAL_WRITER_STATE_H
#define SLC_JOURNAL_WRITER_STATE_H

#include "journal/block.h"
#include "journal/prepare.h"
#include "journal/segment.h"
#include "journal/writer.h"

#include <stdatomic.h>

/* A block takes any event, and more than one page. */
#define SLC_BLOCK_BYTES_MIN 8192u

struct slc_writer {
    /* The block being collected: the hot line. */
    uint8_t *block;    /* page-aligned, block_bytes_max */
    uint32_t used;     /* bytes of it, header included */
    uint32_t limit;    /* of `used` in this block */
    uint32_t used_max; /* of any */
    uint32_t pending;  /* events in it */
    uint64_t begun_time_us;

    /* Behind the last durable block. */
    uint64_t sequence;
    uint64_t time_us;
    uint64_t chain;
    uint64_t offset;
    uint64_t segment_bytes; /* of this segment, which may come from another configuration */
    uint32_t segment;
    int fd;
    bool sealed;

    slc_directory_t *directory;
    slc_writer_config_t config;
    slc_method_t method;
    char method_reason[SLC_METHOD_REASON_BYTES];
    uint8_t *page; /* page-aligned: segment headers and seals */
    slc_preparer_t *preparer;
    slc_error_t failed; /* code other than OK: this writer does nothing any more */

    /* Written by the writer's thread only; relaxed, because each is a count that orders nothing. */
    _Atomic uint64_t blocks;
    _Atomic uint64_t bytes;
    _Atomic uint64_t rolls;
    _Atomic uint64_t roll_waits;
};

/* Adds to one of the counters above. */
void slc_writer_count(_Atomic uint64_t *counter, uint64_t more);

/* The first failure is the last thing a writer does: notes it, drops what was pending, answers it. The
 * one that a call met itself (negative errno), or the one that it was told. */
slc_err_t slc_writer_poison(slc_writer_t *writer, int code, const char *what, slc_error_t *ret_error);
slc_err_t slc_writer_poison_with(slc_writer_t *writer, const slc_error_t *error, slc_error_t *ret_error);

/* Writes a seal at the writer's offset: 0 or a negative errno. Moves nothing on. */
int slc_writer_put_seal(slc_writer_t *writer, uint16_t flags, uint64_t digest_sequence, uint64_t digest,
                        uint64_t *ret_checksum);

/* Leaves the current segment, where there is one, for the next. */
slc_err_t slc_writer_roll(slc_writer_t *writer, slc_error_t *ret_error);
/* The writer's place is behind the header of this segment. */
void slc_writer_go_on_in(slc_writer_t *writer, int fd, const slc_segment_header_t *header);

#endif
