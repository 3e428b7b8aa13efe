#include "events.h"

#include "../../../tools/replay/audit_digest.h"

#include <criterion/criterion.h>
#include <xxhash.h>

static script_t script;

static void finish(void)
{
    audit_books_finish(&script.books);
}

TestSuite(audit_digest, .fini = finish);

/* Canonical records written out byte by byte, each number eight bytes, the lowest first. */
#define NUMBER(low) (low), 0, 0, 0, 0, 0, 0, 0

static uint64_t hash_bytes(const unsigned char *bytes, size_t count)
{
    return XXH3_64bits(bytes, count);
}

Test(audit_digest, the_empty_state_is_zero)
{
    cr_assert(audit_digest(&script.books) == 0);
    cr_assert(audit_digest_from_scratch(&script.books) == 0);
}

Test(audit_digest, it_is_the_sum_over_the_canonical_records)
{
    script.time_us = 50;
    open_drop(&script, 3, 20, 4, 9);
    script.time_us = 60;
    buy(&script, 3, "ann", 2, 7);
    static const unsigned char order[] = {NUMBER(1),  NUMBER(3), NUMBER(2), NUMBER(7), NUMBER(2),
                                          NUMBER(60), NUMBER(0), 'a',       'n',       'n'};
    static const unsigned char drop[] = {NUMBER(2), NUMBER(3),  NUMBER(20), NUMBER(2),
                                         NUMBER(4), NUMBER(50), NUMBER(0),  NUMBER(0),
                                         NUMBER(1), NUMBER(0),  'n'};
    static const unsigned char contents[] = {NUMBER(2), NUMBER(3), NUMBER(20), NUMBER(4),
                                             NUMBER(0), NUMBER(0), 'n'};
    unsigned char op[] = {NUMBER(3), NUMBER(9), NUMBER(2), NUMBER(3), NUMBER(0), NUMBER(1), NUMBER(50)};
    uint64_t contents_hash = hash_bytes(contents, sizeof contents);
    for (int i = 0; i < 8; i++) {
        op[4 * 8 + i] = (unsigned char)(contents_hash >> (8 * i));
    }
    uint64_t wanted =
        hash_bytes(order, sizeof order) + hash_bytes(drop, sizeof drop) + hash_bytes(op, sizeof op);
    cr_assert(audit_digest(&script.books) == wanted);
    cr_assert(audit_digest_from_scratch(&script.books) == wanted);
}

Test(audit_digest, contents_of_each_change_are_told_apart)
{
    const slc_event_t changes[] = {
        {.kind = SLC_EVENT_STOCK_ADJUSTED, .as.stock_adjusted = {.drop_id = 1, .delta = -2}},
        {.kind = SLC_EVENT_STOCK_ADJUSTED, .as.stock_adjusted = {.drop_id = 1, .delta = 2}},
        {.kind = SLC_EVENT_DROP_CLOSED, .as.drop_closed = {.drop_id = 1}},
        {.kind = SLC_EVENT_DROP_PURGED, .as.drop_purged = {.drop_id = 1}},
        {.kind = SLC_EVENT_ORDER_CANCELLED, .as.order_cancelled = {.order_id = 1}},
        {.kind = SLC_EVENT_DROP_OPENED, .as.drop_opened = {.drop_id = 1}},
        {.kind = SLC_EVENT_DROP_OPENED, .as.drop_opened = {.drop_id = 1, .name = {"x", 1}}},
    };
    static const unsigned char minus_two[] = {NUMBER(3), NUMBER(1), 0xfe, 0xff, 0xff,
                                              0xff,      0xff,      0xff, 0xff, 0xff};
    cr_assert(audit_hash_contents(&changes[0]) == hash_bytes(minus_two, sizeof minus_two));
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        for (size_t j = 0; j < i; j++) {
            cr_assert(audit_hash_contents(&changes[i]) != audit_hash_contents(&changes[j]));
        }
    }
}

Test(audit_digest, every_change_shows_and_running_equals_from_scratch)
{
    uint64_t last = 0;
    script.time_us = 1;
#define SHOWS(event)                                                                                     \
    do {                                                                                                 \
        cr_assert((event).status == SLC_STATUS_ACCEPTED);                                                \
        uint64_t now = audit_digest(&script.books);                                                      \
        cr_assert(now != last);                                                                          \
        cr_assert(now == audit_digest_from_scratch(&script.books));                                      \
        last = now;                                                                                      \
    } while (0)
    SHOWS(open_drop(&script, 1, 10, 0, 1));
    SHOWS(open_drop(&script, 2, 10, 0, 2));
    SHOWS(buy(&script, 1, "ann", 1, 0));
    SHOWS(buy(&script, 2, "ann", 1, 1));
    SHOWS(cancel(&script, 3, 3));
    SHOWS(adjust(&script, 2, 5, 0));
    SHOWS(close_drop(&script, 1, 4));
    SHOWS(purge_drop(&script, 1, 5));
    SHOWS(open_drop(&script, 1, 10, 0, 1));
#undef SHOWS
}
