#include "base/bytes.h"
#include "base/hash.h"
#include "journal/block.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENT_BYTES 65536u

static const slc_block_place_t place = {.directory = UINT64_C(0x1122334455667788),
                                        .offset = 8192,
                                        .segment_bytes = SEGMENT_BYTES,
                                        .segment = 7};

static slc_block_header_t sample(uint32_t payload_bytes)
{
    return (slc_block_header_t){.first_sequence = 100,
                                .durable_sequence = 99,
                                .time_us = 1700000000000000,
                                .digest_sequence = 90,
                                .digest = 4711,
                                .chain = 815,
                                .events = payload_bytes == 0 ? 0 : 3,
                                .payload_bytes = payload_bytes,
                                .flags = payload_bytes == 0 ? SLC_BLOCK_SEAL : 0};
}

/* Finished at `place`; freed by the caller. */
static uint8_t *make(slc_block_header_t *header)
{
    uint8_t *block = malloc(slc_block_total_bytes(header->payload_bytes));
    memset(block, 0xee, slc_block_total_bytes(header->payload_bytes));
    for (uint32_t i = 0; i < header->payload_bytes; i++) {
        block[SLC_BLOCK_HEADER_BYTES + i] = (uint8_t)(i * 31 + 1);
    }
    slc_block_finish(block, &place, header);
    return block;
}

Test(block, comes_back_as_it_was_written)
{
    static const uint32_t sizes[] = {0, 3, 3967, 3968, 3969, 20000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        slc_block_header_t written = sample(sizes[i]);
        slc_block_header_t read;
        memset(&read, 0, sizeof read);
        uint8_t *block = make(&written);
        cr_assert(written.total_bytes % SLC_PAGE_BYTES == 0);
        cr_assert(written.total_bytes >= SLC_BLOCK_HEADER_BYTES + sizes[i]);
        cr_assert(slc_block_read(block, written.total_bytes, &place, &read) == SLC_BLOCK_VALID);
        cr_assert(read.checksum == written.checksum && read.first_sequence == 100);
        cr_assert(read.durable_sequence == 99 && read.time_us == 1700000000000000);
        cr_assert(read.digest_sequence == 90 && read.digest == 4711 && read.chain == 815);
        cr_assert(read.events == written.events && read.payload_bytes == sizes[i]);
        cr_assert(read.flags == written.flags && read.total_bytes == written.total_bytes);
        free(block);
    }
}

Test(block, any_flipped_bit_makes_it_invalid)
{
    slc_block_header_t header = sample(1500);
    uint8_t *block = make(&header);
    for (size_t bit = 0; bit < (size_t)header.total_bytes * 8; bit++) {
        slc_block_header_t read;
        block[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        cr_assert(slc_block_read(block, header.total_bytes, &place, &read) != SLC_BLOCK_VALID, "bit %zu",
                  bit);
        block[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    free(block);
}

Test(block, with_less_than_all_of_it_is_partial)
{
    slc_block_header_t header = sample(9000);
    slc_block_header_t read;
    uint8_t *block = make(&header);
    cr_assert(slc_block_read(block, 4096, &place, &read) == SLC_BLOCK_PARTIAL);
    cr_assert(read.total_bytes == header.total_bytes);
    free(block);
}

Test(block, of_another_place_is_alien)
{
    slc_block_header_t header = sample(100);
    slc_block_header_t read;
    uint8_t *block = make(&header);
    slc_block_place_t other = place;
    other.segment = 8;
    cr_assert(slc_block_read(block, header.total_bytes, &other, &read) == SLC_BLOCK_ALIEN);
    other = place;
    other.offset += SLC_PAGE_BYTES;
    cr_assert(slc_block_read(block, header.total_bytes, &other, &read) == SLC_BLOCK_ALIEN);
    other = place;
    other.directory++;
    cr_assert(slc_block_read(block, header.total_bytes, &other, &read) == SLC_BLOCK_ALIEN);
    free(block);
}

/* Fields that contradict each other under a checksum that is right. */
Test(block, with_fields_out_of_bounds_is_alien)
{
    slc_block_header_t wrong[] = {sample(100), sample(100), sample(100), sample(100),
                                  sample(0),   sample(0),   sample(100), sample(100)};
    wrong[0].durable_sequence = 100; /* durable before it was written */
    wrong[1].digest_sequence = 100;  /* applied before it was durable */
    wrong[2].events = 0;
    wrong[3].events = 101; /* more events than bytes */
    wrong[4].durable_sequence = 98;
    wrong[5].events = 1;
    wrong[6].flags = SLC_BLOCK_ROLLED; /* without SEAL */
    wrong[7].flags = 4;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        slc_block_header_t read;
        uint8_t *block = make(&wrong[i]);
        cr_assert(slc_block_read(block, wrong[i].total_bytes, &place, &read) == SLC_BLOCK_ALIEN, "%zu",
                  i);
        free(block);
    }
}

/* A byte of a block, changed by who knows how to compute its checksum. */
Test(block, of_another_version_or_with_something_where_zeros_belong_is_alien)
{
    static const size_t places[] = {16, 36, 39, 104, 127, SLC_BLOCK_HEADER_BYTES + 100, 4095};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        slc_block_header_t header = sample(100);
        slc_block_header_t read;
        uint8_t *block = make(&header);
        block[places[i]] += 2;
        slc_store_u64(block + SLC_CHECKSUM_OFFSET,
                      slc_hash(block + SLC_CHECKED_OFFSET, header.total_bytes - SLC_CHECKED_OFFSET));
        cr_assert(slc_block_read(block, header.total_bytes, &place, &read) == SLC_BLOCK_ALIEN, "%zu",
                  places[i]);
        free(block);
    }
}

Test(block, that_would_end_behind_its_segment_is_broken)
{
    slc_block_header_t header = sample(9000);
    slc_block_header_t read;
    uint8_t *block = make(&header);
    slc_block_place_t late = place;
    late.offset = SEGMENT_BYTES - SLC_PAGE_BYTES;
    cr_assert(slc_block_read(block, SLC_PAGE_BYTES, &late, &read) == SLC_BLOCK_BROKEN);
    free(block);
}

Test(block, zeros_are_told_from_bytes)
{
    uint8_t bytes[1000] = {0};
    cr_assert(slc_bytes_are_zero(bytes, sizeof bytes));
    cr_assert(slc_bytes_are_zero(bytes, 0));
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = 1;
        cr_assert(!slc_bytes_are_zero(bytes, sizeof bytes));
        bytes[i] = 0;
    }
}
