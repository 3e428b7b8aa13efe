/* A slot of the ring: what was asked, and in its place, once the logic has decided, the answer. Two cache
 * lines; a BUY by a user of up to 16 bytes touches only the first on its way.
 * Threads: written by the producer until it publishes; `flags` and `time_us` by the journal station until
 *   its sequence passes; the answer by the apply station until its sequence passes; then read by the
 *   reply station of the I/O thread named in `conn`.
 * Ownership: the ring's; a command hangs on its slot and is freed by the reply station.
 * Failure: none; a slot is plain memory. */
#ifndef SLC_EVENT_SLOT_H
#define SLC_EVENT_SLOT_H

#include <sluice/journal.h>

#include <assert.h>
#include <stdint.h>

struct slc_command;

typedef enum slc_slot_kind {
    SLC_SLOT_BUY = 1,
    SLC_SLOT_COMMAND = 2, /* of an operator: a change (journaled) or a query (not) */
    SLC_SLOT_REFUSED = 3, /* decided by ingress: status and reason stand in the slot already */
} slc_slot_kind_t;

typedef enum slc_slot_flag {
    /* Ingress saw counters by which this BUY cannot succeed; they were true at hint_sequence and stay
     * true until hint_until_us unless an event behind hint_sequence gives units back. */
    SLC_SLOT_PROBABLE_REFUSAL = 1u << 0,
    /* Set by the journal station: this slot is an event, with the next sequence. */
    SLC_SLOT_JOURNALED = 1u << 1,
    /* Set by the journal station on the first slot of each batch: time_us holds. */
    SLC_SLOT_BATCH_TIME = 1u << 2,
    /* The answer is that of an earlier request with the same key. */
    SLC_SLOT_REPLAYED = 1u << 3,
    /* as.command hangs on this slot, whatever its kind; the reply station frees it. */
    SLC_SLOT_HAS_COMMAND = 1u << 4,
    /* Set by the journal station: there is no room for this event, so it is none. What the state says of
     * it is answered, and otherwise READ_ONLY. */
    SLC_SLOT_READ_ONLY = 1u << 5,
} slc_slot_flag_t;

/* Why a field is INVALID; the texts stand in src/wire/reason.c. */
typedef enum slc_reason {
    SLC_REASON_NONE = 0,
    SLC_REASON_FRAME, /* the frame is no message: the connection ends */
    SLC_REASON_FRAME_LENGTH,
    SLC_REASON_DROP_ID,
    SLC_REASON_USER,
    SLC_REASON_QUANTITY,
} slc_reason_t;

/* Who asked: I/O thread (8 bits), index of the connection (24), its generation (32), so that no answer
 * reaches a stranger on a reused descriptor. */
typedef uint64_t slc_conn_id_t;

/* A slot that was claimed and then not needed: nobody hears of it. */
#define SLC_CONN_NOBODY UINT64_MAX

typedef struct slc_slot {
    uint64_t request_id;
    slc_conn_id_t conn;
    union {
        struct {
            uint64_t drop_id;
            uint64_t order_key;
            uint64_t user_hash; /* slc_hash of the user's bytes */
        } ask;
        struct {
            uint64_t order_id;
            uint64_t remaining;
            uint64_t sequence;
        } answer;
        struct slc_command *command;
    } as;
    uint32_t quantity; /* of a BUY; slc_reason_t of a REFUSED */
    uint8_t kind;      /* slc_slot_kind_t */
    uint8_t flags;     /* slc_slot_flag_t */
    uint8_t user_bytes;
    uint8_t status; /* slc_status_t, once decided */
    char user[SLC_USER_BYTES_MAX];
    uint64_t hint_sequence; /* with PROBABLE_REFUSAL */
    union {
        uint64_t hint_until_us; /* with PROBABLE_REFUSAL, until the journal station has passed */
        uint64_t time_us;       /* with BATCH_TIME; behind the apply station: of the answer */
    };
} slc_slot_t;

static_assert(sizeof(slc_slot_t) == 128, "a slot is two cache lines");
static_assert(offsetof(slc_slot_t, user) == 48, "a short user stays in the first line");

static inline slc_conn_id_t slc_conn_id(uint32_t io, uint32_t index, uint32_t generation)
{
    return ((uint64_t)io << 56) | ((uint64_t)index << 32) | generation;
}
static inline uint32_t slc_conn_io(slc_conn_id_t id)
{
    return (uint32_t)(id >> 56);
}
static inline uint32_t slc_conn_index(slc_conn_id_t id)
{
    return (uint32_t)(id >> 32) & 0xffffffu;
}
static inline uint32_t slc_conn_generation(slc_conn_id_t id)
{
    return (uint32_t)id;
}

#endif
