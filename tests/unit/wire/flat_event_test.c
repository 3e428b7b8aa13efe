/* src/wire/flat_event.c and flat_event_decode.c: the journal's payload. */
#include "../../fuzz/against_protobuf.h"
#include "random.h"
#include "wire/flat.h"

#include <criterion/criterion.h>

#include <sluice.pb-c.h>

#include <string.h>

#define ROUNDS 50000

static uint64_t random_within(random_t *random, uint64_t max)
{
    uint64_t number = random_number(random) % max;
    return number == 0 ? max : number;
}

static slc_event_t random_event(random_t *random, char *text)
{
    slc_event_t event = {.kind = (slc_event_kind_t)(1 + random_below(random, 6))};
    uint64_t id = random_within(random, UINT64_MAX);
    event.op_key = event.kind == SLC_EVENT_ORDER_PLACED ? 0 : random_number(random);
    switch (event.kind) {
    case SLC_EVENT_ORDER_PLACED:
        event.as.order_placed.drop_id = id;
        event.as.order_placed.order_key = random_number(random);
        event.as.order_placed.quantity = random_within(random, SLC_QUANTITY_MAX);
        event.as.order_placed.user = random_text(random, text, SLC_USER_BYTES_MAX);
        break;
    case SLC_EVENT_DROP_OPENED:
        event.as.drop_opened.drop_id = id;
        event.as.drop_opened.stock = random_number(random) % (SLC_STOCK_MAX + 1);
        event.as.drop_opened.per_user_limit = random_number(random);
        event.as.drop_opened.opens_at_us = random_number(random);
        event.as.drop_opened.closes_at_us = random_number(random);
        event.as.drop_opened.name = random_text(random, text, SLC_NAME_BYTES_MAX);
        break;
    case SLC_EVENT_STOCK_ADJUSTED:
        event.as.stock_adjusted.drop_id = id;
        event.as.stock_adjusted.delta = (int64_t)random_within(random, SLC_STOCK_MAX);
        if (random_below(random, 2) == 1) {
            event.as.stock_adjusted.delta = -event.as.stock_adjusted.delta;
        }
        break;
    case SLC_EVENT_DROP_CLOSED:
        event.as.drop_closed.drop_id = id;
        break;
    case SLC_EVENT_DROP_PURGED:
        event.as.drop_purged.drop_id = id;
        break;
    case SLC_EVENT_ORDER_CANCELLED:
        event.as.order_cancelled.order_id = id;
        break;
    }
    return event;
}

/* In memory of just its size. */
static bool agree_exactly(const uint8_t *bytes, size_t count)
{
    uint8_t *exact = malloc(count == 0 ? 1 : count);
    cr_assert(exact != NULL);
    memcpy(exact, bytes, count);
    bool taken = slc_agree_on_event(exact, count);
    free(exact);
    return taken;
}

Test(flat_event, every_event_comes_back_and_protobuf_reads_the_same)
{
    random_t random = random_start();
    for (int i = 0; i < ROUNDS; i++) {
        char text[64];
        uint8_t bytes[SLC_EVENT_BYTES_MAX];
        slc_event_t event = random_event(&random, text);
        size_t count = slc_flat_encode_event(&event, bytes);
        slc_event_t back;
        size_t used;
        cr_assert(count <= sizeof bytes && agree_exactly(bytes, count));
        cr_assert(slc_flat_decode_event(bytes, count, &back, &used) && used == count);
        cr_assert(back.kind == event.kind && back.op_key == event.op_key);
        if (event.kind == SLC_EVENT_STOCK_ADJUSTED) {
            cr_assert(back.as.stock_adjusted.delta == event.as.stock_adjusted.delta);
        }
    }
}

Test(flat_event, a_whole_batch_is_an_event_batch_of_the_schema)
{
    random_t random = random_start();
    uint8_t payload[SLC_BATCH_HEAD_BYTES + 6 * SLC_EVENT_BYTES_MAX];
    size_t count = slc_flat_encode_batch_head(1234567890123456, 77, payload);
    for (int i = 0; i < 6; i++) {
        char text[64];
        slc_event_t event = random_event(&random, text);
        count += slc_flat_encode_event(&event, payload + count);
    }
    Sluice__V1__EventBatch *batch = sluice__v1__event_batch__unpack(NULL, count, payload);
    cr_assert(batch != NULL);
    cr_assert(batch->time_us == 1234567890123456 && batch->first_sequence == 77);
    cr_assert(batch->n_events == 6);
    uint8_t again[sizeof payload];
    cr_assert(sluice__v1__event_batch__pack(batch, again) == count && memcmp(again, payload, count) == 0,
              "protobuf writes the same bytes");
    sluice__v1__event_batch__free_unpacked(batch, NULL);
}

Test(flat_event, the_head_of_a_batch_comes_back)
{
    uint8_t head[SLC_BATCH_HEAD_BYTES];
    uint64_t time_us;
    uint64_t sequence;
    size_t used;
    cr_assert(slc_flat_encode_batch_head(UINT64_MAX, 1, head) == sizeof head);
    cr_assert(slc_flat_decode_batch_head(head, sizeof head, &time_us, &sequence, &used));
    cr_assert(time_us == UINT64_MAX && sequence == 1 && used == sizeof head);
    cr_assert(!slc_flat_decode_batch_head(head, sizeof head - 1, &time_us, &sequence, &used));
    for (size_t at = 0; at < sizeof head; at += 9) {
        head[at] ^= 1;
        cr_assert(!slc_flat_decode_batch_head(head, sizeof head, &time_us, &sequence, &used));
        head[at] ^= 1;
    }
}

Test(flat_event, an_event_cut_anywhere_is_none)
{
    random_t random = random_start();
    for (int i = 0; i < 200; i++) {
        char text[64];
        uint8_t bytes[SLC_EVENT_BYTES_MAX];
        slc_event_t event = random_event(&random, text);
        size_t count = slc_flat_encode_event(&event, bytes);
        for (size_t cut = 0; cut < count; cut++) {
            cr_assert(!agree_exactly(bytes, cut));
        }
    }
}

Test(flat_event, a_flipped_bit_gives_no_event_or_another_one_never_two_for_the_same_bytes)
{
    random_t random = random_start();
    int taken = 0;
    for (int i = 0; i < 400; i++) {
        char text[64];
        uint8_t bytes[SLC_EVENT_BYTES_MAX];
        slc_event_t event = random_event(&random, text);
        size_t count = slc_flat_encode_event(&event, bytes);
        for (size_t bit = 0; bit < 8 * count; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
            taken += agree_exactly(bytes, count);
            bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        }
    }
    cr_assert(taken > 0);
}

static bool takes(const char *hex)
{
    uint8_t bytes[256];
    size_t count = strlen(hex) / 2;
    for (size_t i = 0; i < count; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return agree_exactly(bytes, count);
}

Test(flat_event, only_the_canonical_form_is_taken)
{
    cr_assert(takes("1a06"
                    "2204"
                    "0807"
                    "1001") == false,
              "an op_key is a fixed64");
    cr_assert(takes("1a04"
                    "2202"
                    "0807"),
              "DROP_CLOSED of drop 7");
    cr_assert(!takes("1a06"
                     "2204"
                     "0807"
                     "0808"),
              "a field twice");
    cr_assert(!takes("1a05"
                     "2203"
                     "088700"),
              "a number longer than it needs to be");
    cr_assert(!takes("1a8400"
                     "2202"
                     "0807"),
              "a length longer than it needs to be");
    cr_assert(!takes("1a05"
                     "228200"
                     "0807"),
              "the inner one too");
    cr_assert(!takes("1a06"
                     "2204"
                     "0807"
                     "1805"),
              "an unknown field");
    cr_assert(!takes("1a0d"
                     "220b"
                     "0807"
                     "110000000000000000"),
              "a default written out");
    cr_assert(!takes("1a0d"
                     "220b"
                     "110100000000000000"
                     "0807"),
              "fields in another order");
    cr_assert(!takes("1a08"
                     "2202"
                     "0807"
                     "2202"
                     "0807"),
              "two kinds in one event");
    cr_assert(!takes("1a04"
                     "3a02"
                     "0807"),
              "a kind of a later version");
    cr_assert(!takes("1a02"
                     "2200"),
              "no drop");
    cr_assert(!takes("1a00"), "no kind");
    cr_assert(!takes("2204"
                     "0807"),
              "no field of a batch");
    cr_assert(!takes("1a0d"
                     "220b"
                     "08ffffffffffffffffff03"),
              "a number over 64 bits");
}

static bool placed_is_taken(uint64_t drop_id, slc_text_t user, uint64_t quantity)
{
    uint8_t bytes[SLC_EVENT_BYTES_MAX];
    return agree_exactly(bytes, slc_flat_encode_order_placed(drop_id, user, quantity, 1, bytes));
}

Test(flat_event, an_order_out_of_bounds_is_no_event)
{
    char long_user[SLC_USER_BYTES_MAX];
    memset(long_user, 'u', sizeof long_user);
    slc_text_t user = {"u", 1};
    cr_assert(placed_is_taken(1, user, 1));
    cr_assert(placed_is_taken(UINT64_MAX, (slc_text_t){long_user, sizeof long_user}, SLC_QUANTITY_MAX));
    cr_assert(!placed_is_taken(0, user, 1));
    cr_assert(!placed_is_taken(1, (slc_text_t){"", 0}, 1));
    cr_assert(!placed_is_taken(1, (slc_text_t){"a\0b", 3}, 1));
    cr_assert(!placed_is_taken(1, (slc_text_t){"\xff", 1}, 1));
    cr_assert(!placed_is_taken(1, user, 0));
    cr_assert(!placed_is_taken(1, user, SLC_QUANTITY_MAX + 1));
}

static bool event_is_taken(slc_event_t event)
{
    uint8_t bytes[SLC_EVENT_BYTES_MAX];
    return agree_exactly(bytes, slc_flat_encode_event(&event, bytes));
}

Test(flat_event, a_change_out_of_bounds_is_no_event)
{
    slc_event_t open = {.kind = SLC_EVENT_DROP_OPENED, .as.drop_opened = {.drop_id = 1}};
    cr_assert(event_is_taken(open), "a drop may open with nothing to sell");
    open.as.drop_opened.stock = SLC_STOCK_MAX;
    cr_assert(event_is_taken(open));
    open.as.drop_opened.stock = SLC_STOCK_MAX + 1;
    cr_assert(!event_is_taken(open));
    open.as.drop_opened.stock = 1;
    open.as.drop_opened.name = (slc_text_t){"\xc0\x80", 2};
    cr_assert(!event_is_taken(open));
    slc_event_t adjust = {.kind = SLC_EVENT_STOCK_ADJUSTED, .as.stock_adjusted = {.drop_id = 1}};
    cr_assert(!event_is_taken(adjust));
    adjust.as.stock_adjusted.delta = -(int64_t)SLC_STOCK_MAX;
    cr_assert(event_is_taken(adjust));
    adjust.as.stock_adjusted.delta--;
    cr_assert(!event_is_taken(adjust));
    adjust.as.stock_adjusted.delta = (int64_t)SLC_STOCK_MAX + 1;
    cr_assert(!event_is_taken(adjust));
    adjust.as.stock_adjusted.delta = INT64_MIN;
    cr_assert(!event_is_taken(adjust));
    cr_assert(!event_is_taken((slc_event_t){.kind = SLC_EVENT_DROP_PURGED}));
    cr_assert(!event_is_taken((slc_event_t){.kind = SLC_EVENT_ORDER_CANCELLED}));
}

Test(flat_event, the_longest_event_fits)
{
    char name[SLC_NAME_BYTES_MAX];
    memset(name, 'n', sizeof name);
    slc_event_t event = {.kind = SLC_EVENT_DROP_OPENED,
                         .op_key = UINT64_MAX,
                         .as.drop_opened = {.drop_id = UINT64_MAX,
                                            .stock = SLC_STOCK_MAX,
                                            .per_user_limit = UINT64_MAX,
                                            .opens_at_us = UINT64_MAX,
                                            .closes_at_us = UINT64_MAX,
                                            .name = {name, sizeof name}}};
    cr_assert(event_is_taken(event));
    event.as.drop_opened.stock = UINT64_MAX; /* never written, but if it were: within the room */
    uint8_t bytes[SLC_EVENT_BYTES_MAX];
    size_t count = slc_flat_encode_event(&event, bytes);
    Sluice__V1__EventBatch *batch = sluice__v1__event_batch__unpack(NULL, count, bytes);
    cr_assert(batch != NULL && batch->events[0]->drop_opened->stock == UINT64_MAX);
    cr_assert(batch->events[0]->drop_opened->op_key == UINT64_MAX);
    sluice__v1__event_batch__free_unpacked(batch, NULL);
}
