/* The board: what readers beside the path may see of the drops. The apply station writes on it behind
 * each batch; ingress reads hints from it ("this BUY cannot succeed"), never decisions.
 *
 * A hint is a sequence and a reason: counters read *after* the sequence are as new as it, or newer. Units
 * come back to a drop only through an operator's event, so a refusal that was certain at hint.sequence
 * stays certain as long as no such event stands between there and the BUY's own place in the ring. The
 * journal station, which sees every event in that order, makes that comparison; the board only reads.
 *
 * Threads: slc_board_update and _publish by one writer, registered and asleep in the sense of the calls
 * at the end of this header; slc_board_hint, _list and _drop by any thread that is registered and awake.
 * Ownership: create/destroy. Tables outgrown are freed behind a grace period (call_rcu). Failure: without
 * memory to grow the process stops (SLC_CHECK), as the logic does. */
#ifndef SLC_BOARD_BOARD_H
#define SLC_BOARD_BOARD_H

#include <sluice/state.h>

typedef struct slc_board slc_board_t;

typedef struct slc_hint {
    uint64_t sequence; /* the refusal was certain at this applied sequence ... */
    uint64_t until_us; /* ... and is until the journal's time reaches this; UINT64_MAX: for good */
} slc_hint_t;

/* NULL: no memory. */
slc_board_t *slc_board_create(void);
/* NULL is fine. No reader may be left. */
void slc_board_destroy(slc_board_t *board);

/* Writes a drop's numbers; `drop` NULL: it was purged. Call before slc_board_publish of the sequence that
 * they belong to. */
void slc_board_update(slc_board_t *board, uint64_t drop_id, const slc_drop_info_t *drop);
/* Everything up to `sequence`, at time `time_us`, stands on the board. */
void slc_board_publish(slc_board_t *board, uint64_t sequence, uint64_t time_us);
/* The last published sequence. Any thread. */
uint64_t slc_board_sequence(const slc_board_t *board);

/* True: a BUY of `quantity` units of the drop is certain to be refused, on the terms of *ret_hint. */
bool slc_board_hint(const slc_board_t *board, uint64_t drop_id, uint64_t quantity, slc_hint_t *ret_hint);

/* ---- for people ---- by a reader that is registered and awake; each drop's numbers are of one moment,
 * those of two drops may be some batches apart. */

typedef struct slc_drop_list {
    slc_drop_info_t *drops; /* by rising drop_id */
    size_t count;
    uint64_t found;    /* as many there are in all behind `after` */
    uint64_t sequence; /* what is told is true at this applied sequence, or newer */
} slc_drop_list_t;

typedef bool (*slc_board_wanted_fn)(void *context, const slc_drop_info_t *drop);

/* The first `limit` drops behind number `after_drop_id` of which `wanted` (NULL: all) says so. Looks at
 * every drop that there is. False: no memory. */
bool slc_board_list(const slc_board_t *board, uint64_t after_drop_id, size_t limit,
                    slc_board_wanted_fn wanted, void *context, slc_drop_list_t *ret_list);
void slc_drop_list_free(slc_drop_list_t *list);
/* One by its number; false: there is none. */
bool slc_board_drop(const slc_board_t *board, uint64_t drop_id, slc_drop_info_t *ret_drop);

/* Registration with liburcu's qsbr flavour; a thread begins awake. A reader says often that it holds
 * nothing of the board (quiescent), and brackets blocking calls with sleeps and wakes. */
void slc_board_reader_register(void);
void slc_board_reader_unregister(void);
void slc_board_reader_quiescent(void);
void slc_board_reader_sleeps(void);
void slc_board_reader_wakes(void);

#endif
