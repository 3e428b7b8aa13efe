#include "journal/block.h"

#include "base/bytes.h"
#include "base/check.h"
#include "base/hash.h"

#include <assert.h>

enum {
    AT_VERSION = 16,
    AT_FLAGS = 18,
    AT_EVENTS = 20,
    AT_PAYLOAD_BYTES = 24,
    AT_TOTAL_BYTES = 28,
    AT_SEGMENT = 32,
    AT_ZERO = 36,
    AT_DIRECTORY = 40,
    AT_OFFSET = 48,
    AT_FIRST_SEQUENCE = 56,
    AT_DURABLE_SEQUENCE = 64,
    AT_TIME = 72,
    AT_DIGEST_SEQUENCE = 80,
    AT_DIGEST = 88,
    AT_CHAIN = 96,
    AT_ZEROS = 104,
};

static_assert(AT_VERSION == SLC_CHECKED_OFFSET, "the checksum covers the version and all behind it");
static_assert(AT_ZEROS + 24 == SLC_BLOCK_HEADER_BYTES, "the header is as long as its table");

uint32_t slc_block_total_bytes(uint32_t payload_bytes)
{
    return (uint32_t)slc_round_up((uint64_t)SLC_BLOCK_HEADER_BYTES + payload_bytes, SLC_PAGE_BYTES);
}

void slc_block_finish(uint8_t *block, const slc_block_place_t *place, slc_block_header_t *header)
{
    uint32_t total = slc_block_total_bytes(header->payload_bytes);
    uint32_t used = SLC_BLOCK_HEADER_BYTES + header->payload_bytes;
    SLC_CHECK(total <= SLC_BLOCK_BYTES_LIMIT);
    SLC_CHECK(place->offset + total <= place->segment_bytes);
    header->total_bytes = total;
    slc_store_u64(block, SLC_BLOCK_MAGIC);
    slc_store_u16(block + AT_VERSION, SLC_FORMAT_VERSION);
    slc_store_u16(block + AT_FLAGS, header->flags);
    slc_store_u32(block + AT_EVENTS, header->events);
    slc_store_u32(block + AT_PAYLOAD_BYTES, header->payload_bytes);
    slc_store_u32(block + AT_TOTAL_BYTES, total);
    slc_store_u32(block + AT_SEGMENT, place->segment);
    slc_store_u32(block + AT_ZERO, 0);
    slc_store_u64(block + AT_DIRECTORY, place->directory);
    slc_store_u64(block + AT_OFFSET, place->offset);
    slc_store_u64(block + AT_FIRST_SEQUENCE, header->first_sequence);
    slc_store_u64(block + AT_DURABLE_SEQUENCE, header->durable_sequence);
    slc_store_u64(block + AT_TIME, header->time_us);
    slc_store_u64(block + AT_DIGEST_SEQUENCE, header->digest_sequence);
    slc_store_u64(block + AT_DIGEST, header->digest);
    slc_store_u64(block + AT_CHAIN, header->chain);
    memset(block + AT_ZEROS, 0, SLC_BLOCK_HEADER_BYTES - AT_ZEROS);
    memset(block + used, 0, total - used);
    header->checksum = slc_hash(block + SLC_CHECKED_OFFSET, total - SLC_CHECKED_OFFSET);
    slc_store_u64(block + SLC_CHECKSUM_OFFSET, header->checksum);
}

/* The fields against each other and against the place; the checksum has been found right. */
static bool fits(const uint8_t *bytes, const slc_block_place_t *place, const slc_block_header_t *header)
{
    bool seal = (header->flags & SLC_BLOCK_SEAL) != 0;
    bool flags_known = header->flags == 0 || header->flags == SLC_BLOCK_SEAL ||
                       header->flags == (SLC_BLOCK_SEAL | SLC_BLOCK_ROLLED);
    bool counts = seal ? header->events == 0 && header->payload_bytes == 0
                       : header->events > 0 && header->events <= header->payload_bytes;
    uint32_t used = SLC_BLOCK_HEADER_BYTES + header->payload_bytes;
    return slc_load_u16(bytes + AT_VERSION) == SLC_FORMAT_VERSION && flags_known && counts &&
           header->total_bytes == slc_block_total_bytes(header->payload_bytes) &&
           slc_load_u32(bytes + AT_SEGMENT) == place->segment &&
           slc_load_u64(bytes + AT_DIRECTORY) == place->directory &&
           slc_load_u64(bytes + AT_OFFSET) == place->offset &&
           header->digest_sequence <= header->durable_sequence &&
           header->durable_sequence < header->first_sequence &&
           (!seal || header->durable_sequence == header->first_sequence - 1) &&
           slc_load_u32(bytes + AT_ZERO) == 0 &&
           slc_bytes_are_zero(bytes + AT_ZEROS, SLC_BLOCK_HEADER_BYTES - AT_ZEROS) &&
           slc_bytes_are_zero(bytes + used, header->total_bytes - used);
}

slc_block_check_t slc_block_read(const uint8_t *bytes, size_t available, const slc_block_place_t *place,
                                 slc_block_header_t *ret_header)
{
    SLC_CHECK(available >= SLC_BLOCK_HEADER_BYTES);
    uint32_t total = slc_load_u32(bytes + AT_TOTAL_BYTES);
    uint32_t payload = slc_load_u32(bytes + AT_PAYLOAD_BYTES);
    /* What the checksum has not confirmed yet is good for bounds only. */
    if (slc_load_u64(bytes) != SLC_BLOCK_MAGIC || total == 0 || total % SLC_PAGE_BYTES != 0 ||
        total > SLC_BLOCK_BYTES_LIMIT || total > place->segment_bytes - place->offset ||
        payload > total - SLC_BLOCK_HEADER_BYTES) {
        return SLC_BLOCK_BROKEN;
    }
    ret_header->total_bytes = total;
    if (total > available) {
        return SLC_BLOCK_PARTIAL;
    }
    uint64_t checksum = slc_load_u64(bytes + SLC_CHECKSUM_OFFSET);
    if (slc_hash(bytes + SLC_CHECKED_OFFSET, total - SLC_CHECKED_OFFSET) != checksum) {
        return SLC_BLOCK_BROKEN;
    }
    *ret_header = (slc_block_header_t){
        .checksum = checksum,
        .first_sequence = slc_load_u64(bytes + AT_FIRST_SEQUENCE),
        .durable_sequence = slc_load_u64(bytes + AT_DURABLE_SEQUENCE),
        .time_us = slc_load_u64(bytes + AT_TIME),
        .digest_sequence = slc_load_u64(bytes + AT_DIGEST_SEQUENCE),
        .digest = slc_load_u64(bytes + AT_DIGEST),
        .chain = slc_load_u64(bytes + AT_CHAIN),
        .events = slc_load_u32(bytes + AT_EVENTS),
        .payload_bytes = payload,
        .total_bytes = total,
        .flags = slc_load_u16(bytes + AT_FLAGS),
    };
    return fits(bytes, place, ret_header) ? SLC_BLOCK_VALID : SLC_BLOCK_ALIEN;
}

bool slc_bytes_are_zero(const uint8_t *bytes, size_t count)
{
    /* The first byte is zero and each equals the one before it; memcmp runs at the speed of memory. */
    return count == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, count - 1) == 0);
}
