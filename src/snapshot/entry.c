#include "snapshot/entry.h"

#include "base/check.h"
#include "snapshot/format.h"

#define DROP_NUMBERS 9u

static uint8_t *put_text(uint8_t *out, const char *bytes, size_t count)
{
    memcpy(out, bytes, count);
    return out + count;
}

static uint8_t *put_u64(uint8_t *out, uint64_t value)
{
    slc_store_u64(out, value);
    return out + 8;
}

static uint8_t *encode_drop(uint8_t *out, const slc_drop_info_t *drop)
{
    const uint64_t numbers[DROP_NUMBERS] = {
        drop->drop_id,     drop->stock,        drop->sold,   drop->remaining, drop->per_user_limit,
        drop->opens_at_us, drop->closes_at_us, drop->orders, drop->cancelled,
    };
    size_t name_bytes = strlen(drop->name);
    *out++ = drop->closed ? 1 : 0;
    *out++ = (uint8_t)name_bytes;
    for (size_t i = 0; i < DROP_NUMBERS; i++) {
        out = put_u64(out, numbers[i]);
    }
    return put_text(out, drop->name, name_bytes);
}

/* A record's sequence and time, as differences to the record before. */
static uint8_t *encode_place(uint8_t *out, slc_entry_place_t *place, uint64_t sequence, uint64_t time_us)
{
    SLC_CHECK(sequence > place->sequence && time_us >= place->time_us);
    out = slc_put_varint(out, sequence - place->sequence);
    out = slc_put_varint(out, time_us - place->time_us);
    *place = (slc_entry_place_t){.sequence = sequence, .time_us = time_us};
    return out;
}

static uint8_t *encode_op(uint8_t *out, const slc_entry_t *entry)
{
    *out++ = (uint8_t)entry->as.op.kind;
    out = put_u64(out, entry->as.op.op_key);
    out = put_u64(out, entry->as.op.contents);
    out = put_u64(out, entry->as.op.sequence);
    out = put_u64(out, entry->as.op.time_us);
    return put_u64(out, entry->as.op.drop_id);
}

uint8_t *slc_entry_encode(uint8_t *out, const slc_entry_t *entry, slc_entry_place_t *place)
{
    *out++ = (uint8_t)entry->kind;
    switch (entry->kind) {
    case SLC_ENTRY_DROP:
        *place = (slc_entry_place_t){0};
        return encode_drop(out, &entry->as.drop);
    case SLC_ENTRY_ORDER:
        *out++ = (uint8_t)entry->as.order.user.bytes;
        out = encode_place(out, place, entry->as.order.order_id, entry->as.order.time_us);
        out = slc_put_varint(out, entry->as.order.quantity);
        out = put_u64(out, entry->as.order.order_key);
        return put_text(out, entry->as.order.user.data, entry->as.order.user.bytes);
    case SLC_ENTRY_CANCEL:
        out = encode_place(out, place, entry->as.cancel.sequence, entry->as.cancel.time_us);
        return slc_put_varint(out, entry->as.cancel.sequence - entry->as.cancel.order_id);
    case SLC_ENTRY_OP:
        return encode_op(out, entry);
    }
    SLC_CHECK(false);
    return out;
}

/* ---- back ---- */

static bool take_byte(slc_cursor_t *cursor, uint8_t *ret_byte)
{
    if (cursor->at == cursor->end) {
        return false;
    }
    *ret_byte = *cursor->at++;
    return true;
}

/* Only the shortest encoding of a number counts, so that one state has one snapshot. */
static bool take_varint(slc_cursor_t *cursor, uint64_t *ret_value)
{
    const uint8_t *begin = cursor->at;
    uint8_t shortest[SLC_VARINT_BYTES_MAX];
    return slc_cursor_varint(cursor, ret_value) &&
           slc_put_varint(shortest, *ret_value) - shortest == cursor->at - begin &&
           memcmp(shortest, begin, (size_t)(cursor->at - begin)) == 0;
}

static bool take_text(slc_cursor_t *cursor, size_t count, const char **ret_bytes)
{
    if (slc_cursor_left(cursor) < count) {
        return false;
    }
    *ret_bytes = (const char *)cursor->at;
    cursor->at += count;
    return true;
}

static bool decode_drop(slc_cursor_t *cursor, slc_drop_info_t *drop)
{
    uint64_t *const numbers[DROP_NUMBERS] = {
        &drop->drop_id,     &drop->stock,        &drop->sold,   &drop->remaining, &drop->per_user_limit,
        &drop->opens_at_us, &drop->closes_at_us, &drop->orders, &drop->cancelled,
    };
    uint8_t closed = 0;
    uint8_t name_bytes = 0;
    const char *name = NULL;
    if (!take_byte(cursor, &closed) || closed > 1 || !take_byte(cursor, &name_bytes) ||
        name_bytes > SLC_NAME_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < DROP_NUMBERS; i++) {
        if (!slc_cursor_fixed64(cursor, numbers[i])) {
            return false;
        }
    }
    if (!take_text(cursor, name_bytes, &name) || memchr(name, '\0', name_bytes) != NULL) {
        return false;
    }
    drop->closed = closed == 1;
    memcpy(drop->name, name, name_bytes);
    drop->name[name_bytes] = '\0';
    return drop->drop_id != 0;
}

static bool decode_place(slc_cursor_t *cursor, slc_entry_place_t *place)
{
    uint64_t sequence = 0;
    uint64_t time_us = 0;
    return take_varint(cursor, &sequence) && take_varint(cursor, &time_us) && sequence != 0 &&
           !__builtin_add_overflow(place->sequence, sequence, &place->sequence) &&
           !__builtin_add_overflow(place->time_us, time_us, &place->time_us);
}

static bool decode_order(slc_cursor_t *cursor, slc_entry_place_t *place, slc_entry_t *entry)
{
    uint8_t user_bytes = 0;
    if (!take_byte(cursor, &user_bytes) || user_bytes == 0 || user_bytes > SLC_USER_BYTES_MAX ||
        !decode_place(cursor, place) || !take_varint(cursor, &entry->as.order.quantity) ||
        entry->as.order.quantity == 0 || entry->as.order.quantity > SLC_QUANTITY_MAX ||
        !slc_cursor_fixed64(cursor, &entry->as.order.order_key) ||
        !take_text(cursor, user_bytes, &entry->as.order.user.data)) {
        return false;
    }
    entry->as.order.user.bytes = user_bytes;
    entry->as.order.order_id = place->sequence;
    entry->as.order.time_us = place->time_us;
    return memchr(entry->as.order.user.data, '\0', user_bytes) == NULL;
}

static bool decode_cancel(slc_cursor_t *cursor, slc_entry_place_t *place, slc_entry_t *entry)
{
    uint64_t back = 0;
    if (!decode_place(cursor, place) || !take_varint(cursor, &back) || back == 0 ||
        back >= place->sequence) {
        return false;
    }
    entry->as.cancel.sequence = place->sequence;
    entry->as.cancel.time_us = place->time_us;
    entry->as.cancel.order_id = place->sequence - back;
    return true;
}

static bool decode_op(slc_cursor_t *cursor, slc_entry_t *entry)
{
    uint8_t kind = 0;
    if (!take_byte(cursor, &kind) || kind < SLC_EVENT_DROP_OPENED || kind > SLC_EVENT_ORDER_CANCELLED) {
        return false;
    }
    entry->as.op.kind = (slc_event_kind_t)kind;
    return slc_cursor_fixed64(cursor, &entry->as.op.op_key) && entry->as.op.op_key != 0 &&
           slc_cursor_fixed64(cursor, &entry->as.op.contents) &&
           slc_cursor_fixed64(cursor, &entry->as.op.sequence) &&
           slc_cursor_fixed64(cursor, &entry->as.op.time_us) &&
           slc_cursor_fixed64(cursor, &entry->as.op.drop_id);
}

bool slc_entry_decode(slc_cursor_t *cursor, slc_entry_place_t *place, slc_entry_t *ret_entry)
{
    uint8_t kind = 0;
    if (!take_byte(cursor, &kind)) {
        return false;
    }
    ret_entry->kind = (slc_entry_kind_t)kind;
    switch (kind) {
    case SLC_ENTRY_DROP:
        *place = (slc_entry_place_t){0};
        return decode_drop(cursor, &ret_entry->as.drop);
    case SLC_ENTRY_ORDER:
        return decode_order(cursor, place, ret_entry);
    case SLC_ENTRY_CANCEL:
        return decode_cancel(cursor, place, ret_entry);
    case SLC_ENTRY_OP:
        return decode_op(cursor, ret_entry);
    default:
        return false;
    }
}
