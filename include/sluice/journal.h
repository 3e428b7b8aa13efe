/* Reading a Sluice journal: the events of a data directory, in sequence order, checked on the way.
 * Threads: a reader belongs to one thread; any number of readers may read one directory, also beside a
 *   live server, for they only ever open and pread.
 * Ownership: open creates, slc_journal_close frees; text in an event points into the reader and is good
 *   until the next call of slc_journal_next_block or slc_journal_close on it.
 * Failure: DAMAGED names segment and offset and is final for this reader; IO carries the errno. IO with
 *   ENOENT: a live server removed what would have come next, because snapshots cover it; slc_journal_seek
 *   begins again at what is there now. */
#ifndef SLUICE_JOURNAL_H
#define SLUICE_JOURNAL_H

#include <sluice/status.h>

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Limits of an event; the same as on the wire. */
#define SLC_USER_BYTES_MAX 64
#define SLC_NAME_BYTES_MAX 64
#define SLC_QUANTITY_MAX UINT64_C(1000000)
#define SLC_STOCK_MAX UINT64_C(1000000000000)

typedef enum slc_event_kind {
    SLC_EVENT_ORDER_PLACED = 1,
    SLC_EVENT_DROP_OPENED = 2,
    SLC_EVENT_STOCK_ADJUSTED = 3,
    SLC_EVENT_DROP_CLOSED = 4,
    SLC_EVENT_DROP_PURGED = 5,
    SLC_EVENT_ORDER_CANCELLED = 6,
} slc_event_kind_t;

/* Text that is not NUL-terminated. */
typedef struct slc_text {
    const char *data;
    size_t bytes;
} slc_text_t;

/* What was asked, at its place in the one order of events. The numbers of slc_event_kind_t are the field
 * numbers of sluice.v1.Event, where each field is described. */
typedef struct slc_event {
    uint64_t sequence; /* from 1, without gaps */
    uint64_t time_us;  /* never below that of an earlier event */
    uint64_t op_key;   /* of a change by an operator; 0: none */
    slc_event_kind_t kind;
    union {
        struct {
            uint64_t drop_id;
            uint64_t order_key;
            uint64_t quantity;
            slc_text_t user;
        } order_placed;
        struct {
            uint64_t drop_id;
            uint64_t stock;
            uint64_t per_user_limit;
            uint64_t opens_at_us;
            uint64_t closes_at_us;
            slc_text_t name;
        } drop_opened;
        struct {
            uint64_t drop_id;
            int64_t delta;
        } stock_adjusted;
        struct {
            uint64_t drop_id;
        } drop_closed, drop_purged;
        struct {
            uint64_t order_id;
        } order_cancelled;
    } as;
} slc_event_t;

/* One block: one batch of events that became durable together. A seal has no events. */
typedef struct slc_journal_block {
    uint32_t segment;          /* number of its segment, from 1 */
    uint64_t offset;           /* of its first byte in the segment */
    uint32_t bytes;            /* on disk, padding included */
    uint64_t first_sequence;   /* of its first event; for a seal, the one that would come next */
    uint32_t events;           /* 0: a seal */
    uint64_t time_us;          /* of its events */
    uint64_t durable_sequence; /* what was durable when it was issued */
    uint64_t digest_sequence;  /* the engine's state digest ... */
    uint64_t digest;           /* ... behind this event; sequence 0: none was known */
    bool seal;
} slc_journal_block_t;

/* How the journal ends, known once slc_journal_next_block has answered SLC_END. */
typedef enum slc_journal_tail {
    SLC_TAIL_UNKNOWN = 0, /* the end was not reached */
    SLC_TAIL_EMPTY,       /* no event was ever written */
    SLC_TAIL_SEALED,      /* a seal closes it: nothing behind it can be missing */
    SLC_TAIL_OPEN, /* zeros follow the last block: a server is alive or was killed between blocks */
    SLC_TAIL_TORN, /* an unfinished block follows: never acknowledged; the server cuts it at start */
} slc_journal_tail_t;

typedef struct slc_journal slc_journal_t;

/* Opens the journal in `data_dir` at the first event that it keeps. That is event 1 until snapshots cover
 * the first segments and the server removes them; then first_sequence of the first block tells, and what
 * was before stands in the snapshots (<sluice/snapshot.h>). Whether something is missing in between, or
 * whether segments were removed by somebody else, is not for this reader to judge: it sees no snapshots.
 * <sluice/state.h> and `replay verify` do. */
slc_err_t slc_journal_open(const char *data_dir, slc_journal_t **ret_journal, slc_error_t *ret_error);
/* NULL is fine. */
void slc_journal_close(slc_journal_t *journal);

/* Moves so that the next block is the one that holds `sequence` (or the first one behind it, which is the
 * first one kept where `sequence` is from before it). */
slc_err_t slc_journal_seek(slc_journal_t *journal, uint64_t sequence, slc_error_t *ret_error);

/* Reads and checks the next block, seals included: OK, END (see slc_journal_tail), DAMAGED or IO. */
slc_err_t slc_journal_next_block(slc_journal_t *journal, slc_journal_block_t *ret_block,
                                 slc_error_t *ret_error);

/* The next event of the block that slc_journal_next_block read last: OK, END behind its last event, or
 * DAMAGED where its payload is no EventBatch although its checksum is right. */
slc_err_t slc_journal_next_event(slc_journal_t *journal, slc_event_t *ret_event, slc_error_t *ret_error);

/* How the journal ends, and where: segment and offset of the first byte behind the last good block. */
slc_journal_tail_t slc_journal_tail(const slc_journal_t *journal, uint32_t *ret_segment,
                                    uint64_t *ret_offset);

/* Bytes of blocks read so far, and bytes of all segments seen: for a progress bar. */
void slc_journal_progress(const slc_journal_t *journal, uint64_t *ret_done_bytes,
                          uint64_t *ret_total_bytes);

/* 16 bytes that tell this data directory from every other. */
const uint8_t *slc_journal_directory_id(const slc_journal_t *journal);

/* Checks text as the wire and the journal do: UTF-8, no NUL, min to max bytes. */
bool slc_text_is_valid(slc_text_t text, size_t bytes_min, size_t bytes_max);

#ifdef __cplusplus
}
#endif

#endif
