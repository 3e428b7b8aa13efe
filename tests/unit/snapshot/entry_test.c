/* Entries of a snapshot as bytes, and what is none: src/snapshot/entry.c. */
#include "../../lib/snapshot_script.h"

#include "snapshot/entry.h"
#include "snapshot/format.h"

#include <criterion/criterion.h>
#include <string.h>

static uint8_t bytes[SLC_SNAPSHOT_ENTRY_BYTES_MAX];

static size_t encode(const slc_entry_t *entry)
{
    slc_entry_place_t place = {0};
    return (size_t)(slc_entry_encode(bytes, entry, &place) - bytes);
}

static bool decodes(size_t count)
{
    slc_cursor_t cursor = {bytes, bytes + count};
    slc_entry_place_t place = {0};
    slc_entry_t entry;
    return slc_entry_decode(&cursor, &place, &entry) && cursor.at == cursor.end;
}

static slc_entry_t order(void)
{
    return (slc_entry_t){.kind = SLC_ENTRY_ORDER,
                         .as.order = {.order_id = 300,
                                      .order_key = 7,
                                      .time_us = 100000,
                                      .quantity = SLC_QUANTITY_MAX,
                                      .user = {"ada", 3}}};
}

Test(entry, of_each_kind_is_refused_at_every_length_but_its_own)
{
    snapshot_script_t script = {.drops = 2, .records_per_drop = 6};
    slc_entry_t entry;
    for (uint64_t at = 0; snapshot_script_entry(&script, at, &entry); at++) {
        size_t count = encode(&entry);
        cr_assert(decodes(count), "entry %lu", (unsigned long)at);
        for (size_t less = 0; less < count; less++) {
            cr_assert(!decodes(less), "entry %lu, %zu of %zu bytes", (unsigned long)at, less, count);
        }
    }
}

Test(entry, of_a_kind_that_is_none_is_refused)
{
    slc_entry_t entry = order();
    size_t count = encode(&entry);
    for (unsigned kind = 0; kind < 256; kind++) {
        bytes[0] = (uint8_t)kind;
        cr_assert(decodes(count) == (kind == SLC_ENTRY_ORDER), "kind %u", kind);
    }
}

Test(entry, of_an_order_keeps_to_its_limits)
{
    slc_entry_t entry = order();
    size_t count = encode(&entry);
    bytes[1] = 0;
    cr_assert(!decodes(count), "no user");
    bytes[1] = SLC_USER_BYTES_MAX + 1;
    cr_assert(!decodes(count), "a user that is too long");
    count = encode(&entry);
    bytes[count - 2] = '\0';
    cr_assert(!decodes(count), "a user with a NUL");
    entry.as.order.quantity = SLC_QUANTITY_MAX + 1;
    cr_assert(!decodes(encode(&entry)), "too many units");
    entry.as.order.quantity = 0;
    cr_assert(!decodes(encode(&entry)), "none");
}

Test(entry, of_a_drop_or_a_key_keeps_to_its_limits)
{
    slc_entry_t entry = {.kind = SLC_ENTRY_DROP, .as.drop = {.drop_id = 1, .name = "name"}};
    size_t count = encode(&entry);
    bytes[1] = 2;
    cr_assert(!decodes(count), "neither closed nor open");
    bytes[1] = 1;
    bytes[2] = SLC_NAME_BYTES_MAX + 1;
    cr_assert(!decodes(count), "a name that is too long");
    bytes[2] = 4;
    bytes[count - 1] = '\0';
    cr_assert(!decodes(count), "a name with a NUL");
    entry.as.drop.drop_id = 0;
    cr_assert(!decodes(encode(&entry)), "drop 0");
    entry = (slc_entry_t){.kind = SLC_ENTRY_OP, .as.op = {.op_key = 0, .kind = SLC_EVENT_DROP_CLOSED}};
    cr_assert(!decodes(encode(&entry)), "no key");
    entry.as.op.op_key = 1;
    entry.as.op.kind = SLC_EVENT_ORDER_PLACED;
    cr_assert(!decodes(encode(&entry)), "a BUY has no op_key");
    entry.as.op.kind = SLC_EVENT_ORDER_CANCELLED;
    cr_assert(decodes(encode(&entry)));
    entry.as.op.kind = (slc_event_kind_t)(SLC_EVENT_ORDER_CANCELLED + 1);
    cr_assert(!decodes(encode(&entry)), "a kind that is none");
}

Test(entry, of_a_cancellation_names_an_order_before_it)
{
    slc_entry_t entry = {.kind = SLC_ENTRY_CANCEL, .as.cancel = {.sequence = 9, .order_id = 9}};
    cr_assert(!decodes(encode(&entry)), "itself");
    entry.as.cancel.order_id = 0;
    cr_assert(!decodes(encode(&entry)), "order 0");
    entry.as.cancel.order_id = 8;
    cr_assert(decodes(encode(&entry)));
}

Test(entry, with_a_number_longer_than_it_needs_is_refused)
{
    static const uint8_t longer[] = {SLC_ENTRY_CANCEL, 0x89, 0x00, 0x00, 0x01};
    memcpy(bytes, longer, sizeof longer);
    cr_assert(!decodes(sizeof longer));
    /* Ten bytes either way: bits beyond the 64th change the bytes and not the number. */
    static const uint8_t beyond[] = {
        SLC_ENTRY_CANCEL, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x03, 0x00, 0x01};
    memcpy(bytes, beyond, sizeof beyond);
    cr_assert(!decodes(sizeof beyond));
    bytes[10] = 0x01;
    cr_assert(decodes(sizeof beyond));
    static const uint8_t same[] = {SLC_ENTRY_CANCEL, 0x09, 0x00, 0x01};
    memcpy(bytes, same, sizeof same);
    cr_assert(decodes(sizeof same));
}

Test(entry, whose_sequence_passes_the_largest_number_is_refused)
{
    static const uint8_t huge[] = {
        SLC_ENTRY_CANCEL, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x00, 0x01};
    slc_cursor_t cursor = {huge, huge + sizeof huge};
    slc_entry_place_t place = {.sequence = 1};
    slc_entry_t entry;
    cr_assert(!slc_entry_decode(&cursor, &place, &entry));
    static const uint8_t late[] = {
        SLC_ENTRY_CANCEL, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x01};
    cursor = (slc_cursor_t){late, late + sizeof late};
    place = (slc_entry_place_t){.sequence = 1, .time_us = 1};
    cr_assert(!slc_entry_decode(&cursor, &place, &entry), "nor one whose time does");
    cursor = (slc_cursor_t){late, late + sizeof late};
    place = (slc_entry_place_t){.sequence = 1, .time_us = 0};
    cr_assert(slc_entry_decode(&cursor, &place, &entry) && entry.as.cancel.time_us == UINT64_MAX);
}

Test(entry, of_the_same_sequence_as_the_one_before_it_is_refused)
{
    static const uint8_t again[] = {SLC_ENTRY_CANCEL, 0x00, 0x00, 0x01};
    slc_cursor_t cursor = {again, again + sizeof again};
    slc_entry_place_t place = {.sequence = 7};
    slc_entry_t entry;
    cr_assert(!slc_entry_decode(&cursor, &place, &entry));
}
