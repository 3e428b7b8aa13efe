/* The fields of the journal's events, as encoder and decoder both need them; the numbers are the schema's
 * and a differential test holds them against it.
 * Threads: pure. Owns nothing. Cannot fail. */
#ifndef SLC_WIRE_EVENT_FIELDS_H
#define SLC_WIRE_EVENT_FIELDS_H

#include "wire/varint.h"

enum {
    SLC_BATCH_FIELD_TIME_US = 1,
    SLC_BATCH_FIELD_FIRST_SEQUENCE = 2,
    SLC_BATCH_FIELD_EVENTS = 3,

    SLC_PLACED_TAG_DROP_ID = SLC_TAG(1, SLC_WIRE_VARINT),
    SLC_PLACED_TAG_USER = SLC_TAG(2, SLC_WIRE_BYTES),
    SLC_PLACED_TAG_QUANTITY = SLC_TAG(3, SLC_WIRE_VARINT),
    SLC_PLACED_TAG_ORDER_KEY = SLC_TAG(4, SLC_WIRE_FIXED64),

    SLC_OPENED_TAG_DROP_ID = SLC_TAG(1, SLC_WIRE_VARINT),
    SLC_OPENED_TAG_STOCK = SLC_TAG(2, SLC_WIRE_VARINT),
    SLC_OPENED_TAG_PER_USER_LIMIT = SLC_TAG(3, SLC_WIRE_VARINT),
    SLC_OPENED_TAG_OPENS_AT_US = SLC_TAG(4, SLC_WIRE_FIXED64),
    SLC_OPENED_TAG_CLOSES_AT_US = SLC_TAG(5, SLC_WIRE_FIXED64),
    SLC_OPENED_TAG_NAME = SLC_TAG(6, SLC_WIRE_BYTES),
    SLC_OPENED_TAG_OP_KEY = SLC_TAG(7, SLC_WIRE_FIXED64),

    SLC_ADJUSTED_TAG_DROP_ID = SLC_TAG(1, SLC_WIRE_VARINT),
    SLC_ADJUSTED_TAG_DELTA = SLC_TAG(2, SLC_WIRE_VARINT),
    SLC_ADJUSTED_TAG_OP_KEY = SLC_TAG(3, SLC_WIRE_FIXED64),

    /* DROP_CLOSED, DROP_PURGED and ORDER_CANCELLED: one number and the operator's key. */
    SLC_CHANGE_TAG_ID = SLC_TAG(1, SLC_WIRE_VARINT),
    SLC_CHANGE_TAG_OP_KEY = SLC_TAG(2, SLC_WIRE_FIXED64),
};

/* sint64: small numbers of either sign are short. */
static inline uint64_t slc_zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}

static inline int64_t slc_unzigzag(uint64_t value)
{
    return (int64_t)((value >> 1) ^ (0 - (value & 1)));
}

#endif
