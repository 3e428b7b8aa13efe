/* A load under way, shared by load.c (the whole, drops, operators' changes) and load_orders.c (orders and
 * cancellations), and by nobody else.
 * Threads, ownership and failure: as in load.h. */
#ifndef SLC_LOGIC_LOADING_H
#define SLC_LOGIC_LOADING_H

#include "base/error.h"
#include "logic/core.h"
#include "logic/load.h"
#include "logic/spans.h"

/* Orders that wait for their index lines. */
#define SLC_WAITING_MAX 32u

/* An order whose record is appended, and that no index leads to yet. */
typedef struct slc_waiting {
    slc_ref_t ref;
    uint64_t key_hash;
    uint64_t user_hash;
    uint64_t user_bytes_hash;
} slc_waiting_t;

typedef struct slc_landmark {
    uint64_t sequence;
    slc_ref_t ref;
} slc_landmark_t;

struct slc_load {
    slc_logic_t *logic;
    slc_snapshot_info_t info;
    slc_spans_t spans;
    bool purges; /* the last drop is behind us */
    uint64_t last_drop_id;
    uint64_t last_purge; /* sequence */
    uint64_t cancelled;  /* of all drops */
    /* The drop under way. */
    slc_drop_t *drop; /* NULL: none */
    slc_drop_info_t said;
    uint64_t last_sequence; /* of its last record */
    uint64_t last_time_us;
    uint64_t last_span; /* of its last record, from 1 */
    uint64_t last_op;   /* sequence; 0: none yet */
    uint64_t last_op_time_us;
    uint64_t records;
    slc_landmark_t *landmarks;
    uint64_t landmark_count;
    uint64_t landmark_capacity;
    slc_waiting_t waiting[SLC_WAITING_MAX];
    uint64_t waited;        /* orders that ever waited */
    uint64_t finished;      /* of them done with */
    uint64_t *op_sequences; /* of all changes */
    uint64_t op_count;
    uint64_t op_capacity;
    slc_error_t why; /* the last refusal */
};

/* Says why an entry is refused; answers false. */
#define SLC_REFUSE_LOAD(load, ...) (slc_error_set(&(load)->why, SLC_ERR_REFUSED, __VA_ARGS__) == SLC_OK)

/* ---- load_orders.c ---- */

bool slc_load_order(slc_load_t *load, const slc_entry_t *entry);
bool slc_load_cancel(slc_load_t *load, const slc_entry_t *entry);
/* Lets the indexes lead to all orders that wait. Before a drop is left. */
bool slc_load_finish_orders(slc_load_t *load);
/* The record of the drop under way with that very sequence; 0: there is none. */
slc_ref_t slc_load_find_record(const slc_load_t *load, uint64_t sequence);

#endif
