#include "logic/records.h"

#include "base/check.h"

#include <string.h>

/* What a chunk begins with. */
typedef struct slc_chunk {
    slc_ref_t next; /* 0: it is the last */
    uint64_t bytes;
} slc_chunk_t;

/* What a full chunk ends with: the first 16 bytes of a record, whose sequence is 0. */
#define LINK_BYTES 16u
#define CHUNK_BYTES_MIN UINT64_C(256)
#define CHUNK_BYTES_MAX SLC_REGION_BLOCK_BYTES_MAX

static_assert(sizeof(slc_chunk_t) == 16, "records begin behind two numbers");
static_assert(offsetof(slc_record_t, time_us) == LINK_BYTES, "a link is sequence and key of a record");
static_assert(CHUNK_BYTES_MIN >= sizeof(slc_chunk_t) + sizeof(slc_record_t) + sizeof(uint64_t) +
                                     SLC_USER_BYTES_MAX + LINK_BYTES,
              "the longest record fits the smallest chunk");

static slc_chunk_t *chunk_at(const slc_region_t *region, slc_ref_t ref)
{
    return slc_region_at(region, ref);
}

static slc_ref_t chunk_first(slc_ref_t chunk)
{
    return chunk + sizeof(slc_chunk_t) / 8;
}

/* Half of what the drop has so far, so that at most a third of its memory is unused. */
static uint64_t next_chunk_bytes(uint64_t chunk_bytes)
{
    uint64_t bytes = CHUNK_BYTES_MIN;
    while (bytes < CHUNK_BYTES_MAX && bytes * 2 <= chunk_bytes / 2) {
        bytes *= 2;
    }
    return bytes;
}

static void add_chunk(slc_region_t *region, slc_drop_t *drop)
{
    uint64_t bytes = next_chunk_bytes(drop->chunk_bytes);
    slc_ref_t ref = slc_region_take(region, bytes);
    *chunk_at(region, ref) = (slc_chunk_t){.next = 0, .bytes = bytes};
    if (drop->last_chunk == 0) {
        drop->first_chunk = ref;
    } else {
        slc_record_t *link = slc_region_at(region, drop->tail);
        link->sequence = 0;
        link->key = chunk_first(ref);
        chunk_at(region, drop->last_chunk)->next = ref;
    }
    drop->last_chunk = ref;
    drop->tail = chunk_first(ref);
    drop->tail_limit = ref + (bytes - LINK_BYTES) / 8;
    drop->chunk_bytes += bytes;
}

uint32_t slc_records_tail_lines(const slc_region_t *region, const slc_drop_t *drop, uint64_t bytes,
                                uint32_t *io_chunks, const void *ret_lines[SLC_TAIL_LINES])
{
    uint32_t count = 0;
    const uint8_t *at = slc_region_at(region, drop->tail);
    if (drop->tail + bytes / 8 > drop->tail_limit) {
        ret_lines[count++] = at;                                      /* for the link */
        ret_lines[count++] = slc_region_at(region, drop->last_chunk); /* which is the other link's */
        at = slc_region_coming(region, next_chunk_bytes(drop->chunk_bytes), (*io_chunks)++);
    }
    ret_lines[count++] = at;
    ret_lines[count++] = at + bytes - 1;
    return count;
}

slc_ref_t slc_records_append(slc_region_t *region, slc_drop_t *drop, const slc_record_parts_t *parts)
{
    uint32_t held_bytes = (parts->flags & SLC_RECORD_HELD) != 0 ? sizeof(uint64_t) : 0;
    uint32_t user_bytes = (uint32_t)parts->user.bytes;
    uint64_t bytes = sizeof(slc_record_t) + held_bytes + slc_round_up(user_bytes, 8);
    if (__builtin_expect(drop->tail + bytes / 8 > drop->tail_limit, 0)) {
        add_chunk(region, drop);
    }
    slc_ref_t ref = drop->tail;
    slc_record_t *record = slc_region_at(region, ref);
    record->sequence = parts->sequence;
    record->key = parts->key;
    record->time_us = parts->time_us;
    record->drop = slc_drop_ref(region, drop);
    record->packed = parts->quantity | user_bytes << 20 | parts->flags << 27;
    if (held_bytes != 0) {
        slc_store_u64(record + 1, parts->held);
    }
    if (user_bytes != 0) {
        slc_store_u64((uint8_t *)record + bytes - 8, 0); /* what the user leaves of its last 8 bytes */
        memcpy((uint8_t *)(record + 1) + held_bytes, parts->user.data, user_bytes);
    }
    drop->tail = ref + bytes / 8;
    return ref;
}

slc_ref_t slc_records_settle(const slc_region_t *region, const slc_drop_t *drop, slc_ref_t ref)
{
    while (ref != drop->tail) {
        const slc_record_t *record = slc_record_at(region, ref);
        if (record->sequence != 0) {
            return ref;
        }
        ref = record->key;
    }
    return 0;
}

slc_ref_t slc_records_first(const slc_region_t *region, const slc_drop_t *drop)
{
    return drop->first_chunk == 0 ? 0 : slc_records_settle(region, drop, chunk_first(drop->first_chunk));
}

slc_ref_t slc_records_behind(const slc_region_t *region, const slc_drop_t *drop, slc_ref_t ref)
{
    const slc_record_t *record = slc_record_at(region, ref);
    uint32_t held_bytes = (slc_record_flags(record) & SLC_RECORD_HELD) != 0 ? sizeof(uint64_t) : 0;
    uint64_t bytes = sizeof *record + held_bytes + slc_round_up(slc_record_user_bytes(record), 8);
    return slc_records_settle(region, drop, ref + bytes / 8);
}

slc_ref_t slc_records_from(const slc_region_t *region, const slc_drop_t *drop, uint64_t sequence)
{
    if (drop->first_chunk == 0) {
        return 0;
    }
    slc_ref_t chunk = drop->first_chunk;
    /* Of the last chunk `next` may be written just now, where this is read beside the logic (cut.h). */
    while (chunk != drop->last_chunk) {
        slc_ref_t next = chunk_at(region, chunk)->next;
        /* A chunk is added for a record, so it has one. */
        if (slc_record_at(region, chunk_first(next))->sequence > sequence) {
            break;
        }
        chunk = next;
    }
    slc_ref_t ref = slc_records_settle(region, drop, chunk_first(chunk));
    while (ref != 0 && slc_record_at(region, ref)->sequence < sequence) {
        ref = slc_records_behind(region, drop, ref);
    }
    return ref;
}

bool slc_records_free_chunk(slc_region_t *region, slc_drop_t *drop)
{
    slc_ref_t chunk = drop->first_chunk;
    if (chunk == 0) {
        return false;
    }
    slc_chunk_t head = *chunk_at(region, chunk);
    slc_region_give(region, chunk, head.bytes);
    drop->first_chunk = head.next;
    drop->chunk_bytes -= head.bytes;
    return true;
}
