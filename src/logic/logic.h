/* The business logic: drops, stock, limits, orders and their keys. A pure function of state and event: it
 * knows neither clock nor disk nor threads, so that one journal always gives one state.
 * Threads: one at a time (the apply station's, or a replay's).
 * Ownership: create/destroy; text handed in is copied; text handed out is copied by the caller's struct.
 * Failure: a request that cannot be met is an answer, not an error. Running out of memory while applying
 *   an event stops the process (SLC_CHECK): the event is in the journal, and a restart applies it.
 *
 * The rules, in the order in which a BUY is judged (version SLC_RULES_VERSION; a journal segment names
 * the version it was written under, and an engine that does not know it refuses to start):
 *   1. unknown drop -> UNKNOWN_DROP
 *   2. order_key known for (drop, user): same quantity -> the first answer (ACCEPTED, or CANCELLED where
 *      the order was cancelled), replayed; another quantity -> CONFLICT
 *   3. time < opens_at -> NOT_OPEN
 *   4. closed, or closes_at set and time >= closes_at -> CLOSED
 *   5. remaining < quantity -> SOLD_OUT
 *   6. per_user_limit set and units held + quantity > per_user_limit -> LIMIT_EXCEEDED
 *   7. ACCEPTED: remaining falls, an order is recorded under order_id = sequence, its key remembered.
 * A refusal and a CANCELLED carry the sequence and the time of the last event applied before them.
 *
 * Operators' changes, each judged in this order; "closed" is rule 4's: by an operator or by closes_at:
 *   any     op_key known: same contents -> as before (ACCEPTED, replayed); other contents -> CONFLICT
 *   open    drop_id 0, stock or name over its limit -> INVALID; drop there, open or closed -> CONFLICT;
 *           closes_at set and not behind opens_at (0: the time of the event) -> INVALID
 *   adjust  unknown drop -> UNKNOWN_DROP; closed -> CLOSED; delta 0 -> INVALID; below what is sold, or
 *           over SLC_STOCK_MAX -> CONFLICT
 *   close   unknown drop -> UNKNOWN_DROP; closed -> CLOSED
 *   purge   unknown drop -> UNKNOWN_DROP; not closed -> CONFLICT
 *   cancel  unknown order -> INVALID; cancelled order -> CANCELLED. Of a closed drop, too
 * Only accepted changes are remembered under their op_key, with their drop and until it is purged; purges
 * (the last 65,536) apart from any drop. */
#ifndef SLC_LOGIC_LOGIC_H
#define SLC_LOGIC_LOGIC_H

#include <sluice/state.h>

#define SLC_RULES_VERSION 1u

typedef struct slc_logic slc_logic_t;

/* A BUY as the rules see it. `user_hash` is slc_hash (base/hash.h) of the user's bytes. */
typedef struct slc_ask {
    uint64_t drop_id;
    uint64_t order_key; /* 0: none */
    uint64_t user_hash;
    const char *user;
    uint32_t user_bytes; /* 1 to SLC_USER_BYTES_MAX */
    uint32_t quantity;   /* 1 to SLC_QUANTITY_MAX */
} slc_ask_t;

typedef struct slc_answer {
    uint64_t order_id;
    uint64_t remaining;
    uint64_t sequence; /* of the order; or the last one applied before a refusal */
    uint64_t time_us;
    slc_status_t status;
    bool replayed;
} slc_answer_t;

/* NULL: no memory. */
slc_logic_t *slc_logic_create(void);
/* NULL is fine. */
void slc_logic_destroy(slc_logic_t *logic);

/* ---- applying events ---- each takes the next sequence, exactly one above the last */

void slc_logic_buy(slc_logic_t *logic, const slc_ask_t *ask, uint64_t sequence, uint64_t time_us,
                   slc_answer_t *ret_answer);
/* Any event, an ORDER_PLACED too (for replay). For a change by an operator ret_answer->order_id is the
 * order of ORDER_CANCELLED, and ret_text (may be NULL) takes a sentence of at most 255 bytes for a
 * refusal, empty otherwise. */
void slc_logic_apply(slc_logic_t *logic, const slc_event_t *event, slc_answer_t *ret_answer,
                     char ret_text[256]);

/* A purge answers at once; what it leaves behind is taken apart beside later events, and so is the
 * growing and shrinking of indexes. With nothing else to do, call this for some `steps` of it (100 ns
 * each); false: nothing is left. */
bool slc_logic_tidy(slc_logic_t *logic, uint32_t steps);

/* ---- deciding without an event ---- */

/* Judges a BUY that is not journaled, at `time_us` (not below that of the last event): known key or
 * refusal. The caller guarantees that it cannot be bought (see SLC_SLOT_PROBABLE_REFUSAL); one that could
 * be is a broken invariant and stops the process. */
void slc_logic_refuse(slc_logic_t *logic, const slc_ask_t *ask, uint64_t time_us,
                      slc_answer_t *ret_answer);
/* The same without the guarantee. False: it could be bought, and the answer has no status. */
bool slc_logic_try_refuse(slc_logic_t *logic, const slc_ask_t *ask, uint64_t time_us,
                          slc_answer_t *ret_answer);
/* A change that is not journaled: true, and the answer, where its op_key is known; otherwise the answer
 * has no status. `ret_text` as in slc_logic_apply. */
bool slc_logic_recall(slc_logic_t *logic, const slc_event_t *event, slc_answer_t *ret_answer,
                      char ret_text[256]);

/* ---- hiding memory latency ---- */

/* Fetched together, and as many as that where there are as many; see ahead.c. */
#define SLC_AHEAD_MAX 64u

/* Fetches what the next BUYs are going to touch, at most SLC_AHEAD_MAX of them, right before they are
 * decided one after the other. A pure hint. */
void slc_logic_fetch_ahead(const slc_logic_t *logic, const slc_ask_t *asks, uint32_t count);

/* ---- looking ---- */

uint64_t slc_logic_sequence(const slc_logic_t *logic);
uint64_t slc_logic_time_us(const slc_logic_t *logic); /* of the last event applied */
/* The digest, kept incrementally; src/logic/digest.h defines it. Costs a hash for each drop touched since
 * the last call. */
uint64_t slc_logic_digest(slc_logic_t *logic);
/* The same from scratch, over every record. */
uint64_t slc_logic_digest_recomputed(const slc_logic_t *logic);
uint64_t slc_logic_drop_count(const slc_logic_t *logic);
uint64_t slc_logic_order_count(const slc_logic_t *logic); /* records kept, cancelled ones among them */
bool slc_logic_drop(const slc_logic_t *logic, uint64_t drop_id, slc_drop_info_t *ret_drop);
/* The drop with the lowest number above `after_drop_id`. */
bool slc_logic_next_drop(const slc_logic_t *logic, uint64_t after_drop_id, slc_drop_info_t *ret_drop);
bool slc_logic_order(const slc_logic_t *logic, uint64_t order_id, slc_order_info_t *ret_order);
bool slc_logic_next_order(const slc_logic_t *logic, uint64_t drop_id, uint64_t after_order_id,
                          slc_order_info_t *ret_order);
/* Bytes of RAM held for orders and their indexes. */
uint64_t slc_logic_order_bytes(const slc_logic_t *logic);

/* ---- what changed ---- for whoever publishes counters: drops touched since the last call, each once; a
 * purged one with `exists` false. */
typedef void (*slc_logic_touched_fn)(void *context, uint64_t drop_id, bool exists,
                                     const slc_drop_info_t *drop);
void slc_logic_take_touched(slc_logic_t *logic, slc_logic_touched_fn each, void *context);

#endif
