/* The state of a data directory, rebuilt offline through the very logic that the server runs.
 * Threads: a state belongs to one thread.
 * Ownership: slc_state_replay creates, slc_state_destroy frees; text in results points into the state and
 *   is good as long as it is.
 * Failure: as in journal.h; nothing is left behind. The data directory is never written to. */
#ifndef SLUICE_STATE_H
#define SLUICE_STATE_H

#include <sluice/journal.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A drop as it stands. stock == sold + remaining at all times. */
typedef struct slc_drop_info {
    uint64_t drop_id;
    uint64_t stock;          /* units ever put up for sale */
    uint64_t sold;           /* units in orders that stand */
    uint64_t remaining;      /* units left */
    uint64_t per_user_limit; /* 0: none */
    uint64_t opens_at_us;
    uint64_t closes_at_us; /* 0: never by itself */
    uint64_t orders;       /* ever accepted, the cancelled ones among them */
    uint64_t cancelled;
    bool closed;                       /* by an operator */
    char name[SLC_NAME_BYTES_MAX + 1]; /* NUL-terminated */
} slc_drop_info_t;

typedef struct slc_order_info {
    uint64_t order_id; /* the sequence of the event that placed it */
    uint64_t drop_id;
    uint64_t order_key; /* 0: none */
    uint64_t quantity;
    uint64_t time_us;
    bool cancelled;
    uint64_t cancel_sequence; /* of the event that cancelled it; 0: it stands */
    uint64_t cancel_time_us;
    char user[SLC_USER_BYTES_MAX + 1]; /* NUL-terminated */
} slc_order_info_t;

/* What came of an event. */
typedef struct slc_outcome {
    slc_status_t status;
    bool replayed;      /* it had been accepted before, under the same key: nothing happened again */
    uint64_t drop_id;   /* that it was about; 0: of a cancellation of an order that is none */
    uint64_t order_id;  /* of a BUY that was accepted, now or before, and of a cancellation */
    uint64_t remaining; /* units of that drop behind it */
} slc_outcome_t;

typedef struct slc_state slc_state_t;

/* Called now and then on the way: bytes of snapshot and journal done and in all, events applied. */
typedef void (*slc_state_progress_fn)(void *context, uint64_t done_bytes, uint64_t total_bytes,
                                      uint64_t events);

/* Rebuilds the state behind event `until` (UINT64_MAX: as far as the journal goes): from the newest good
 * snapshot at or before it, and the journal behind that one; without a snapshot from the journal's first
 * event. `progress` may be NULL. USAGE where the journal ends before `until`, and where `until` is from
 * before everything that is kept. DAMAGED also where neither snapshots nor the journal reach back, and
 * where the journal ends before a snapshot. Beside a live server that removes what snapshots cover it
 * begins again, with a newer snapshot. */
slc_err_t slc_state_replay(const char *data_dir, uint64_t until, slc_state_progress_fn progress,
                           void *context, slc_state_t **ret_state, slc_error_t *ret_error);
/* The state that the snapshot of exactly this event holds, no event applied. DAMAGED names the file and
 * what is wrong with it; IO with ENOENT: there is none. */
slc_err_t slc_state_load(const char *data_dir, uint64_t sequence, slc_state_progress_fn progress,
                         void *context, slc_state_t **ret_state, slc_error_t *ret_error);
/* NULL is fine. */
void slc_state_destroy(slc_state_t *state);

/* Sequence of the last event applied. */
uint64_t slc_state_sequence(const slc_state_t *state);
/* The digest of the state, computed from scratch over its records as src/logic/digest.h defines it. */
uint64_t slc_state_digest(const slc_state_t *state);

/* The drop with the lowest number above `after_drop_id`; false: there is none. */
bool slc_state_next_drop(const slc_state_t *state, uint64_t after_drop_id, slc_drop_info_t *ret_drop);
/* One by its number; false: there is none (any more). */
bool slc_state_drop(const slc_state_t *state, uint64_t drop_id, slc_drop_info_t *ret_drop);
bool slc_state_order(const slc_state_t *state, uint64_t order_id, slc_order_info_t *ret_order);
/* The orders of a drop, in the order they were placed; `after_order_id` 0 for the first. */
bool slc_state_next_order(const slc_state_t *state, uint64_t drop_id, uint64_t after_order_id,
                          slc_order_info_t *ret_order);

/* ---- a state of one's own, by the server's rules: for those who ask what would have been ---- */

/* Empty; NULL: no memory. */
slc_state_t *slc_state_create(void);
/* Applies an event under the next sequence, whatever its own is, and not before the time of the last one.
 * `ret_outcome` may be NULL. */
void slc_state_apply(slc_state_t *state, const slc_event_t *event, slc_outcome_t *ret_outcome);

typedef struct slc_compacted {
    uint64_t sequence; /* of the last event in it */
    uint64_t digest;
    uint64_t drops;
    uint64_t orders;
    uint64_t bytes; /* of the snapshot */
} slc_compacted_t;

/* Makes `into`, which must be missing or empty, a data directory of its own with the state of `data_dir`
 * as its one snapshot and no journal; a server started there goes on behind it. `data_dir` is only read,
 * and may be a live server's: then the state is that of some moment of this call. What a crash or a
 * failure leaves in `into` is refused by every program. */
slc_err_t slc_state_compact(const char *data_dir, const char *into, slc_state_progress_fn progress,
                            void *context, slc_compacted_t *ret_compacted, slc_error_t *ret_error);

#ifdef __cplusplus
}
#endif

#endif
