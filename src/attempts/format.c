#include "attempts/format.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/hash.h"
#include "wire/varint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ATTEMPT_TIME_US = 1,
    ATTEMPT_SEQUENCE = 2,
    ATTEMPT_DROP_ID = 3,
    ATTEMPT_USER = 4,
    ATTEMPT_QUANTITY = 5,
    ATTEMPT_ORDER_KEY = 6,
    ATTEMPT_STATUS = 7,
    ATTEMPT_REMAINING = 8,
};

#define TAG_VARINT(field) SLC_TAG(field, SLC_WIRE_VARINT)
#define TAG_FIXED64(field) SLC_TAG(field, SLC_WIRE_FIXED64)

size_t slc_attempt_encode(const slc_attempt_t *attempt, uint8_t *out)
{
    uint8_t body[SLC_ATTEMPT_BYTES_MAX];
    uint8_t *at = body;
    at = slc_put_fixed64_field(at, TAG_FIXED64(ATTEMPT_TIME_US), attempt->time_us);
    at = slc_put_varint_field(at, TAG_VARINT(ATTEMPT_SEQUENCE), attempt->sequence);
    at = slc_put_varint_field(at, TAG_VARINT(ATTEMPT_DROP_ID), attempt->drop_id);
    at =
        slc_put_text_field(at, SLC_TAG(ATTEMPT_USER, SLC_WIRE_BYTES), attempt->user, attempt->user_bytes);
    at = slc_put_varint_field(at, TAG_VARINT(ATTEMPT_QUANTITY), attempt->quantity);
    at = slc_put_fixed64_field(at, TAG_FIXED64(ATTEMPT_ORDER_KEY), attempt->order_key);
    at = slc_put_varint_field(at, TAG_VARINT(ATTEMPT_STATUS), attempt->status);
    at = slc_put_varint_field(at, TAG_VARINT(ATTEMPT_REMAINING), attempt->remaining);
    uint8_t *end = slc_put_varint(out, (uint64_t)(at - body));
    memcpy(end, body, (size_t)(at - body));
    return (size_t)(end - out) + (size_t)(at - body);
}

static bool take_field(slc_cursor_t *cursor, uint32_t field, uint32_t wire_type, slc_attempt_t *attempt)
{
    uint64_t value = 0;
    const char *text;
    size_t text_bytes;
    if (wire_type == SLC_WIRE_BYTES && field == ATTEMPT_USER) {
        if (!slc_cursor_bytes(cursor, &text, &text_bytes) || text_bytes > SLC_USER_BYTES_MAX) {
            return false;
        }
        memcpy(attempt->user, text, text_bytes);
        attempt->user_bytes = (uint8_t)text_bytes;
        return true;
    }
    if (wire_type == SLC_WIRE_FIXED64 && (field == ATTEMPT_TIME_US || field == ATTEMPT_ORDER_KEY)) {
        return slc_cursor_fixed64(cursor,
                                  field == ATTEMPT_TIME_US ? &attempt->time_us : &attempt->order_key);
    }
    if (wire_type != SLC_WIRE_VARINT || field > ATTEMPT_REMAINING) {
        return field > ATTEMPT_REMAINING && slc_cursor_skip(cursor, wire_type);
    }
    if (!slc_cursor_varint(cursor, &value)) {
        return false;
    }
    switch (field) {
    case ATTEMPT_SEQUENCE:
        attempt->sequence = value;
        return true;
    case ATTEMPT_DROP_ID:
        attempt->drop_id = value;
        return true;
    case ATTEMPT_QUANTITY:
        attempt->quantity = (uint32_t)value;
        return value <= SLC_QUANTITY_MAX;
    case ATTEMPT_STATUS:
        attempt->status = (uint8_t)value;
        return value < SLC_STATUS_COUNT;
    case ATTEMPT_REMAINING:
        attempt->remaining = value;
        return true;
    default:
        return false;
    }
}

size_t slc_attempt_decode(const uint8_t *bytes, size_t count, slc_attempt_t *ret_attempt)
{
    slc_cursor_t cursor = {bytes, bytes + count};
    const char *body;
    size_t body_bytes;
    if (!slc_cursor_bytes(&cursor, &body, &body_bytes)) {
        return 0;
    }
    slc_cursor_t fields = {cursor.at - body_bytes, cursor.at};
    *ret_attempt = (slc_attempt_t){0};
    while (fields.at < fields.end) {
        uint32_t field;
        uint32_t wire_type;
        if (!slc_cursor_tag(&fields, &field, &wire_type) ||
            !take_field(&fields, field, wire_type, ret_attempt)) {
            return 0;
        }
    }
    return (size_t)(cursor.at - bytes);
}

static uint64_t chunk_checksum(const uint8_t *chunk, uint32_t payload_bytes)
{
    return slc_hash_seeded(chunk + SLC_ATTEMPTS_CHUNK_HEAD_BYTES, payload_bytes, slc_hash(chunk, 16));
}

void slc_attempts_chunk_close(uint8_t *chunk, uint32_t payload_bytes, uint32_t entries, uint32_t left_out)
{
    slc_store_u32(chunk, SLC_ATTEMPTS_CHUNK_MAGIC);
    slc_store_u32(chunk + 4, payload_bytes);
    slc_store_u32(chunk + 8, entries);
    slc_store_u32(chunk + 12, left_out);
    slc_store_u64(chunk + 16, chunk_checksum(chunk, payload_bytes));
}

size_t slc_attempts_chunk_payload(const uint8_t *head)
{
    return slc_load_u32(head + 4);
}

size_t slc_attempts_chunk_check(const uint8_t *bytes, size_t count, uint32_t *ret_entries,
                                uint32_t *ret_left_out)
{
    if (count < SLC_ATTEMPTS_CHUNK_HEAD_BYTES || slc_load_u32(bytes) != SLC_ATTEMPTS_CHUNK_MAGIC) {
        return 0;
    }
    uint32_t payload_bytes = slc_load_u32(bytes + 4);
    if (payload_bytes > SLC_ATTEMPTS_PAYLOAD_BYTES_MAX ||
        payload_bytes > count - SLC_ATTEMPTS_CHUNK_HEAD_BYTES ||
        slc_load_u64(bytes + 16) != chunk_checksum(bytes, payload_bytes)) {
        return 0;
    }
    *ret_entries = slc_load_u32(bytes + 8);
    *ret_left_out = slc_load_u32(bytes + 12);
    return SLC_ATTEMPTS_CHUNK_HEAD_BYTES + payload_bytes;
}

void slc_attempts_name(uint32_t number, char out[SLC_ATTEMPTS_NAME_BYTES])
{
    (void)snprintf(out, SLC_ATTEMPTS_NAME_BYTES, "attempts-%010" PRIu32 ".log", number);
}

typedef struct numbers {
    uint32_t lowest;
    uint32_t highest;
} numbers_t;

static int note_name(void *context, const char *name)
{
    numbers_t *numbers = context;
    static const char prefix[] = "attempts-";
    char again[SLC_ATTEMPTS_NAME_BYTES];
    if (strncmp(name, prefix, sizeof prefix - 1) != 0) {
        return 0;
    }
    unsigned long number = strtoul(name + sizeof prefix - 1, NULL, 10);
    if (number == 0 || number > UINT32_MAX) {
        return 0;
    }
    slc_attempts_name((uint32_t)number, again);
    if (strcmp(name, again) != 0) {
        return 0; /* not one of ours */
    }
    if (numbers->lowest == 0 || number < numbers->lowest) {
        numbers->lowest = (uint32_t)number;
    }
    if (number > numbers->highest) {
        numbers->highest = (uint32_t)number;
    }
    return 0;
}

slc_err_t slc_attempts_numbers(const slc_directory_t *directory, uint32_t *ret_lowest,
                               uint32_t *ret_highest, slc_error_t *ret_error)
{
    numbers_t numbers = {0};
    const slc_sys_t *sys = directory->sys;
    int failed = sys->list(sys->self, directory->fd, note_name, &numbers);
    if (failed < 0) {
        return slc_error_sys(ret_error, SLC_ERR_IO, -failed, "cannot list %s", directory->path);
    }
    *ret_lowest = numbers.lowest;
    *ret_highest = numbers.highest;
    return SLC_OK;
}
