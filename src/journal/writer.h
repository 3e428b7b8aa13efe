/* The writing end of the journal: collects the events of one batch into a block and makes the block
 * durable with one write. src/journal/format.h has the bytes.
 *
 * Happy path: begin, append_… for each event, commit. Failure modes: a commit that does not answer OK has
 * made nothing durable that may be acknowledged, the writer refuses all further work, and the process has
 * to stop (fail-stop: after a failed sync neither page cache nor a retry can be believed).
 *
 * Threads: one (the journal station's) for everything but close; zeroing the next segment runs on a
 *   thread of its own that the writer owns.
 * Ownership: open creates, close frees. The directory stays the caller's. */
#ifndef SLC_JOURNAL_WRITER_H
#define SLC_JOURNAL_WRITER_H

#include "journal/directory.h"

#include <sluice/journal.h>

/* What a yes stands on. */
typedef enum slc_durability {
    SLC_DURABILITY_FSYNC, /* the device has it */
    SLC_DURABILITY_OS,    /* the kernel has it: survives a killed process, not a power cut */
} slc_durability_t;

typedef struct slc_writer_config {
    slc_durability_t durability;
    uint64_t segment_bytes;   /* of a fresh one; a multiple of 4096, at least 2 full blocks and header */
    uint32_t block_bytes_max; /* a multiple of 4096, 8192 to 4 MiB */
    bool no_direct;           /* do not try O_DIRECT */
    bool only_direct;         /* refuse to open where O_DIRECT is refused; not with no_direct */
    bool prepare_inside;      /* no thread: the next segment is made within the commit that needs it */
    uint64_t min_free_bytes;  /* that a next segment has to leave free on the disk; 0: not looked at */
} slc_writer_config_t;

#define SLC_SEGMENT_BYTES_DEFAULT (UINT64_C(64) << 20)
#define SLC_BLOCK_BYTES_MAX_DEFAULT (1u << 20)

/* Where the journal ends, as recovery found it. A fresh directory: all zero. */
typedef struct slc_journal_end {
    uint64_t sequence; /* of the last event, 0: none */
    uint64_t time_us;  /* of the last event */
    uint64_t chain;    /* checksum of the last block, or of the segment header where it has none */
    uint32_t segment;  /* number of the segment to go on in, 0: none yet */
    uint64_t offset;   /* of the first byte behind the last good block */
    bool sealed;
} slc_journal_end_t;

typedef struct slc_writer slc_writer_t;

slc_err_t slc_writer_open(slc_directory_t *directory, const slc_writer_config_t *config,
                          const slc_journal_end_t *end, slc_writer_t **ret_writer,
                          slc_error_t *ret_error);
/* Frees; writes nothing (seal first for a clean end). NULL is fine. */
void slc_writer_close(slc_writer_t *writer);

/* Starts an empty block whose events are stamped `time_us`; the first append gets the next sequence. */
void slc_writer_begin(slc_writer_t *writer, uint64_t time_us);
/* The block just begun takes `bytes` at the most, header included; append answers false beyond. */
void slc_writer_limit(slc_writer_t *writer, uint64_t bytes);
/* Adds an event, answers false where the block has no room for it (commit, begin, append again). The hot
 * call: no system call, no allocation. */
bool slc_writer_append_order(slc_writer_t *writer, uint64_t drop_id, slc_text_t user, uint64_t quantity,
                             uint64_t order_key);
bool slc_writer_append_event(slc_writer_t *writer, const slc_event_t *event);
/* Events in the block so far. */
uint32_t slc_writer_pending(const slc_writer_t *writer);
/* Makes the block durable; rolls to the next segment first where this one has no room. `digest_sequence`
 * and `digest`: the last pair that the logic published, sequence 0 for none. OK also for an empty block,
 * which writes nothing. */
slc_err_t slc_writer_commit(slc_writer_t *writer, uint64_t digest_sequence, uint64_t digest,
                            slc_error_t *ret_error);
/* Writes a seal behind the last block, unless one is there. Only with nothing pending. */
slc_err_t slc_writer_seal(slc_writer_t *writer, uint64_t digest_sequence, uint64_t digest,
                          slc_error_t *ret_error);

/* Sequence of the last event that is durable. */
uint64_t slc_writer_sequence(const slc_writer_t *writer);
/* "direct", "fdatasync" or "page-cache", and why, where it is not the best. */
const char *slc_writer_method(const slc_writer_t *writer);
const char *slc_writer_method_reason(const slc_writer_t *writer);

/* ---- room ---- on the writer's thread; journal/room.h is who asks, and decides what is still taken in.
 * A roll that finds no next segment fails as any write does, so who does not want that asks first. */

/* OK: the next segment is ready or being made. Otherwise why it could not be, tried again every second.
 */
slc_err_t slc_writer_next_segment(slc_writer_t *writer, slc_error_t *ret_error);
bool slc_writer_next_is_ready(slc_writer_t *writer);
/* Waits for it: OK, or why one more try failed. */
slc_err_t slc_writer_wait_next(slc_writer_t *writer, slc_error_t *ret_error);
/* May such an error pass by itself (a full disk, as a rule)? Otherwise the disk fails. */
bool slc_writer_may_pass(const slc_error_t *error);
/* Bytes of blocks and seals that the current segment still takes. */
uint64_t slc_writer_room_bytes(const slc_writer_t *writer);
/* The part of the current segment that BUYs leave alone while there is no next one: for operators'
 * changes, and for the seal. An eighth of it, at most SLC_RESERVE_BYTES_MAX, whole pages. */
uint64_t slc_writer_reserve_bytes(const slc_writer_t *writer);
#define SLC_RESERVE_BYTES_MAX (UINT64_C(2) << 20)
/* The largest block, header included. */
uint64_t slc_writer_block_bytes_max(const slc_writer_t *writer);
/* As slc_sys_t says of the data directory; and what the configuration wants to be left of it. */
int64_t slc_writer_free_bytes(const slc_writer_t *writer);
uint64_t slc_writer_min_free_bytes(const slc_writer_t *writer);

/* Counted since open. Reads are exact on the writer's thread, approximate elsewhere. */
typedef struct slc_writer_stats {
    uint64_t blocks;
    uint64_t bytes;
    uint64_t rolls;
    uint64_t roll_waits; /* rolls that had to wait for the next segment to be zeroed */
} slc_writer_stats_t;
slc_writer_stats_t slc_writer_stats(const slc_writer_t *writer);

#endif
