/* Reading the snapshots of a data directory: each is the whole state behind one event, drop by drop.
 * Threads: a reader belongs to one thread; any number may read beside a live server, for they only ever
 *   open and pread.
 * Ownership: open creates, slc_snapshot_close frees; text in an entry points into the reader and is good
 *   until the next call on it.
 * Failure: DAMAGED names the file and the offset and is final for this reader; IO carries the errno. A
 *   snapshot that a live server removed in the meantime answers IO with ENOENT: list again. */
#ifndef SLUICE_SNAPSHOT_H
#define SLUICE_SNAPSHOT_H

#include <sluice/state.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a snapshot is made of, in this order: for each drop, by rising drop_id, its DROP, then its ORDERs
 * and CANCELs by rising sequence, then its OPs by rising sequence; behind the last drop the OPs of
 * purges, by rising sequence. */
typedef enum slc_entry_kind {
    SLC_ENTRY_DROP = 1,
    SLC_ENTRY_ORDER = 2,  /* an order of the drop before it */
    SLC_ENTRY_CANCEL = 3, /* the cancellation of an order of that drop, which came before */
    SLC_ENTRY_OP = 4,     /* a change accepted under an op_key, remembered so that it happens once */
} slc_entry_kind_t;

typedef struct slc_entry {
    slc_entry_kind_t kind;
    union {
        slc_drop_info_t drop;
        struct {
            uint64_t order_id; /* the sequence of its event */
            uint64_t order_key;
            uint64_t time_us;
            uint64_t quantity;
            slc_text_t user;
        } order;
        struct {
            uint64_t sequence; /* of the event that cancelled */
            uint64_t order_id;
            uint64_t time_us;
        } cancel;
        struct {
            uint64_t op_key;
            uint64_t contents; /* hash of what was asked (src/logic/digest.h) */
            uint64_t sequence; /* of the event that was accepted */
            uint64_t time_us;
            uint64_t drop_id;
            slc_event_kind_t kind; /* DROP_PURGED: behind the last drop */
        } op;
    } as;
} slc_entry_t;

/* What a snapshot says of itself. */
typedef struct slc_snapshot_info {
    uint64_t sequence; /* of the last event in it */
    uint64_t time_us;  /* of that event */
    uint64_t digest;   /* of the state behind it, as the engine kept it */
    uint64_t drops;
    uint64_t orders;     /* ORDER entries */
    uint64_t bytes;      /* of the file */
    uint64_t written_us; /* wall clock when it was written; 0: not yet */
} slc_snapshot_info_t;

typedef struct slc_snapshot slc_snapshot_t;

/* The sequences of the snapshots that a directory has by name, rising; their contents are not looked at.
 * Writes at most `max`, answers in *ret_count how many there are. */
slc_err_t slc_snapshot_list(const char *data_dir, uint64_t *ret_sequences, size_t max, size_t *ret_count,
                            slc_error_t *ret_error);

/* Opens the snapshot of a sequence and checks its header. */
slc_err_t slc_snapshot_open(const char *data_dir, uint64_t sequence, slc_snapshot_t **ret_snapshot,
                            slc_error_t *ret_error);
/* NULL is fine. */
void slc_snapshot_close(slc_snapshot_t *snapshot);

slc_snapshot_info_t slc_snapshot_info(const slc_snapshot_t *snapshot);

/* The next entry: OK, END behind the last, once the whole file has been found good, or DAMAGED. */
slc_err_t slc_snapshot_next(slc_snapshot_t *snapshot, slc_entry_t *ret_entry, slc_error_t *ret_error);

#ifdef __cplusplus
}
#endif

#endif
