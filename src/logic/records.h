/* Order records: what was sold to whom, and what was cancelled, in the order in which it happened.
 *
 * Each drop has a list of chunks of its own, which grow with it (256 bytes to 2 MiB), so that a purge
 * frees whole chunks. Records are only ever appended and never changed: a cancellation is a record of its
 * own that points to its order. Whoever knows how far a list reached (drop->tail) may therefore read all
 * before it while the list goes on growing.
 *
 *     drop ─first_chunk─> [ head | record record ... link ] ──> [ head | record record ...  tail
 *
 * A record is 32 bytes, 8 more where the drop has a limit per user, and the bytes of the user, rounded
 * up to 8: 48 bytes for a user of 12 bytes without a limit. The link, where a chunk is full, is two
 * numbers: 0 in the place of a sequence, and where the next record is.
 *
 * Threads: one that appends. Ownership: a drop's records are freed chunk by chunk
 * (slc_records_free_chunk). Failure: running out of memory stops the process (SLC_CHECK), as logic.h
 * says. */
#ifndef SLC_LOGIC_RECORDS_H
#define SLC_LOGIC_RECORDS_H

#include "base/bytes.h"
#include "logic/drops.h"

typedef enum slc_record_flag {
    SLC_RECORD_CANCEL = 1u << 0, /* of a cancellation; otherwise of an order */
    SLC_RECORD_HELD = 1u << 1,   /* carries the units its user holds, this record counted in */
} slc_record_flag_t;

typedef struct slc_record {
    uint64_t sequence; /* of its event: for an order its order_id. 0: a link */
    uint64_t key;      /* order: its order_key; cancellation: ref of its order; link: ref of the next */
    uint64_t time_us;
    slc_drop_ref_t drop;
    uint32_t packed; /* quantity, 20 bits; bytes of the user, 7 bits; flags, 5 bits */
} slc_record_t;

static_assert(sizeof(slc_record_t) == 32, "a record begins with 32 bytes");
static_assert(SLC_QUANTITY_MAX < (1u << 20), "a quantity has 20 bits");
static_assert(SLC_USER_BYTES_MAX < (1u << 7), "the length of a user has 7 bits");

static inline uint32_t slc_record_quantity(const slc_record_t *record)
{
    return record->packed & 0xfffffu;
}

static inline uint32_t slc_record_user_bytes(const slc_record_t *record)
{
    return (record->packed >> 20) & 0x7fu;
}

static inline uint32_t slc_record_flags(const slc_record_t *record)
{
    return record->packed >> 27;
}

static inline bool slc_record_is_cancel(const slc_record_t *record)
{
    return (slc_record_flags(record) & SLC_RECORD_CANCEL) != 0;
}

/* Units the user holds behind this record. Only where SLC_RECORD_HELD is set. */
static inline uint64_t slc_record_held(const slc_record_t *record)
{
    return slc_load_u64(record + 1);
}

static inline const char *slc_record_user(const slc_record_t *record)
{
    uint32_t held_bytes = (slc_record_flags(record) & SLC_RECORD_HELD) != 0 ? sizeof(uint64_t) : 0;
    return (const char *)(record + 1) + held_bytes;
}

static inline const slc_record_t *slc_record_at(const slc_region_t *region, slc_ref_t ref)
{
    return slc_region_at(region, ref);
}

/* What goes into a new record. */
typedef struct slc_record_parts {
    uint64_t sequence;
    uint64_t key;
    uint64_t time_us;
    uint64_t held; /* kept where the flag says so */
    uint32_t quantity;
    uint32_t flags;
    slc_text_t user; /* empty for a cancellation */
} slc_record_parts_t;

/* Bytes of a record of an order. */
static inline uint64_t slc_order_record_bytes(bool limited, uint64_t user_bytes)
{
    return sizeof(slc_record_t) + (limited ? sizeof(uint64_t) : 0) + slc_round_up(user_bytes, 8);
}

/* At most so many cache lines are written to where a drop's next record goes: the record's first and
 * last, and before a new chunk two links. */
#define SLC_TAIL_LINES 4u
/* Those lines, for a record of so many bytes, to be fetched; answers how many. Counts in `io_chunks` the
 * new chunks that this record and those asked for before it take. */
uint32_t slc_records_tail_lines(const slc_region_t *region, const slc_drop_t *drop, uint64_t bytes,
                                uint32_t *io_chunks, const void *ret_lines[SLC_TAIL_LINES]);
/* Appends one and answers its ref. */
slc_ref_t slc_records_append(slc_region_t *region, slc_drop_t *drop, const slc_record_parts_t *parts);

/* The first record of a drop at or behind `ref`, which is that of a record, of a link, or the tail; 0:
 * there is none. slc_records_first begins, slc_records_behind goes on. */
slc_ref_t slc_records_settle(const slc_region_t *region, const slc_drop_t *drop, slc_ref_t ref);
slc_ref_t slc_records_first(const slc_region_t *region, const slc_drop_t *drop);
slc_ref_t slc_records_behind(const slc_region_t *region, const slc_drop_t *drop, slc_ref_t ref);

/* The first record of a drop whose sequence is at least `sequence`; 0: there is none. Walks the list of
 * chunks, then one chunk. */
slc_ref_t slc_records_from(const slc_region_t *region, const slc_drop_t *drop, uint64_t sequence);

/* Frees the first chunk of a drop that is purged; false: there is none left. */
bool slc_records_free_chunk(slc_region_t *region, slc_drop_t *drop);

#endif
