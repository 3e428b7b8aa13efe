/* Messages from a seed, well formed, odd and broken, read by the flat decoders and by protobuf-c. Again
 * with SLC_SEED=N; SLC_FUZZ_RUNS has no say here. */
#include "../../fuzz/against_protobuf.h"
#include "build.h"
#include "random.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MESSAGES 150000

static random_t g_random;

static uint64_t draw(void)
{
    return random_u64(&g_random);
}

static uint64_t below(uint64_t limit)
{
    return random_below(&g_random, limit);
}

static bool one_in(uint64_t count)
{
    return below(count) == 0;
}

/* Small, large, and around every power of 2. */
static uint64_t number(void)
{
    uint64_t bit = UINT64_C(1) << below(64);
    return one_in(3) ? below(200) : one_in(2) ? bit - below(2) : draw() >> below(64);
}

/* A varint, now and then longer than it has to be. */
static void put_padded(built_t *built, uint64_t value, uint64_t rarity)
{
    put_number(built, value);
    if (one_in(rarity)) {
        built->bytes[built->count - 1] |= 0x80;
        for (uint64_t pads = below(8); pads > 0; pads--) {
            put_raw(built, "\x80", 1);
        }
        put_raw(built, "\x00", 1);
    }
}

static void put_text(built_t *built)
{
    static const char *const texts[] = {"",      "a",    "ann", "user-0123456789",  "gr\xc3\xbc\xc3\x9f",
                                        "a\xff", "\xc3", "a b", "\xf0\x9f\x98\x80", "01234567"};
    char text[80];
    if (one_in(8)) {
        size_t bytes = (size_t)below(sizeof text);
        for (size_t i = 0; i < bytes; i++) {
            text[i] = (char)(one_in(20) ? draw() : 'a' + below(26));
        }
        put_padded(built, bytes, 60);
        put_raw(built, text, bytes);
        return;
    }
    const char *chosen = texts[below(sizeof texts / sizeof *texts)];
    put_padded(built, strlen(chosen), 60);
    put_raw(built, chosen, strlen(chosen));
}

static void put_value(built_t *built, unsigned wire_type)
{
    uint64_t value = number();
    switch (wire_type) {
    case SLC_WIRE_VARINT:
        put_padded(built, value, 60);
        break;
    case SLC_WIRE_BYTES:
        put_text(built);
        break;
    default:
        put_raw(built, &value, wire_type == SLC_WIRE_FIXED64 ? 8 : 4);
        break;
    }
}

/* Fields of a flat message whose wire types by number are `types`; some of them strange. */
static void put_fields(built_t *built, const uint8_t *types, size_t count)
{
    static const uint8_t all[] = {SLC_WIRE_VARINT, SLC_WIRE_FIXED64, SLC_WIRE_BYTES, SLC_WIRE_FIXED32};
    for (uint64_t fields = below(10); fields > 0; fields--) {
        uint64_t field = 1 + below(count);
        unsigned wire_type = types[field - 1];
        if (one_in(8)) {
            field = one_in(10) ? below(3) << 28 : count + 1 + number() % 100000;
            wire_type = all[below(4)];
        } else if (one_in(80)) {
            wire_type = (unsigned)below(8);
        }
        put_padded(built, field << 3 | wire_type, 60);
        put_value(built, wire_type);
    }
}

/* Bytes flipped, cut off, put in, taken out. */
static void mutate(built_t *built)
{
    for (uint64_t changes = 1 + below(3); changes > 0 && built->count > 0; changes--) {
        size_t at = (size_t)below(built->count);
        switch (below(5)) {
        case 0:
            built->count = at;
            break;
        case 1:
            memmove(built->bytes + at, built->bytes + at + 1, built->count - at - 1);
            built->count--;
            break;
        case 2:
            put_raw(built, "", 1);
            memmove(built->bytes + at + 1, built->bytes + at, built->count - at - 1);
            built->bytes[at] = (uint8_t)draw();
            break;
        case 3:
            built->bytes[at] ^= (uint8_t)(1u << below(8));
            break;
        default:
            built->bytes[at] = (uint8_t)draw();
            break;
        }
    }
}

/* On heap memory of just its length, so that a sanitizer sees a read beyond it. A difference prints the
 * message and aborts. */
static void run(void (*make)(built_t *), bool (*agree)(const uint8_t *, size_t))
{
    g_random = random_start();
    (void)fprintf(stderr, "SLC_SEED=%" PRIu64 "\n", g_random.state);
    uint64_t taken = 0;
    for (uint64_t index = 0; index < MESSAGES; index++) {
        static built_t built;
        built.count = 0;
        make(&built);
        if (one_in(4)) {
            mutate(&built);
        }
        uint8_t *bytes = exact(built.bytes, built.count);
        taken += agree(bytes, built.count);
        free(bytes);
    }
    cr_assert(taken > MESSAGES / 10 && taken < MESSAGES - MESSAGES / 10,
              "%" PRIu64 " of %d taken: the other side was hardly tested", taken, MESSAGES);
}

static void make_buy(built_t *built)
{
    static const uint8_t types[] = {SLC_WIRE_VARINT, SLC_WIRE_VARINT, SLC_WIRE_BYTES, SLC_WIRE_VARINT,
                                    SLC_WIRE_FIXED64};
    put_fields(built, types, sizeof types);
}

static void make_reply(built_t *built)
{
    static const uint8_t types[] = {SLC_WIRE_VARINT, SLC_WIRE_VARINT, SLC_WIRE_VARINT,  SLC_WIRE_VARINT,
                                    SLC_WIRE_VARINT, SLC_WIRE_VARINT, SLC_WIRE_FIXED64, SLC_WIRE_BYTES};
    put_fields(built, types, sizeof types);
}

/* Nearly always what the canonical form has at this place. */
static uint64_t likely(uint64_t good)
{
    return one_in(60) ? number() : good;
}

static void put_varint_unless_0(built_t *built, uint32_t field, uint64_t value)
{
    if (value != 0 || one_in(60)) {
        put_number(built, field << 3 | SLC_WIRE_VARINT);
        put_padded(built, value, 200);
    }
}

static void put_fixed64_unless_0(built_t *built, uint32_t field, uint64_t value)
{
    if (value != 0 || one_in(60)) {
        put_fixed64(built, field, value);
    }
}

static void put_name(built_t *built, uint32_t field, bool needed)
{
    char text[72];
    size_t bytes = (size_t)below(one_in(20) ? 66 : 20);
    if (bytes == 0 && !one_in(60)) {
        bytes = needed ? 1 : 0;
        if (!needed) {
            return;
        }
    }
    for (size_t i = 0; i < bytes; i++) {
        text[i] = (char)(one_in(800) ? draw() : 'a' + below(26));
    }
    put_bytes(built, field, text, bytes);
}

static void make_fields(built_t *fields, uint64_t kind)
{
    uint64_t key = one_in(2) ? draw() : 0;
    put_varint_unless_0(fields, 1, likely(1 + below(1000)));
    switch (kind) {
    case 1:
        put_name(fields, 2, true);
        put_varint_unless_0(fields, 3, likely(1 + below(1000000)));
        put_fixed64_unless_0(fields, 4, key);
        break;
    case 2:
        put_varint_unless_0(fields, 2, likely(below(UINT64_C(1000000000001))));
        put_varint_unless_0(fields, 3, likely(below(3)));
        put_fixed64_unless_0(fields, 4, one_in(2) ? draw() : 0);
        put_fixed64_unless_0(fields, 5, one_in(2) ? draw() : 0);
        put_name(fields, 6, false);
        put_fixed64_unless_0(fields, 7, key);
        break;
    case 3:
        put_varint_unless_0(fields, 2, likely(1 + below(UINT64_C(2000000000000))));
        put_fixed64_unless_0(fields, 3, key);
        break;
    default:
        put_fixed64_unless_0(fields, 2, key);
        break;
    }
    if (one_in(200)) {
        put_varint(fields, 1 + (uint32_t)below(9), number());
    }
}

static void make_batch(built_t *batch)
{
    put_fixed64(batch, 1, likely(draw()));
    if (!one_in(100)) {
        put_fixed64(batch, 2, likely(draw()));
    }
    for (uint64_t events = below(5); events > 0; events--) {
        built_t fields = {0};
        built_t event = {0};
        uint64_t kind = one_in(100) ? below(10) : 1 + below(6);
        make_fields(&fields, kind);
        put_built(&event, (uint32_t)kind, &fields);
        if (one_in(200)) {
            put_varint(&event, 1 + (uint32_t)below(9), number());
        }
        put_built(batch, one_in(200) ? 4 : 3, &event);
    }
}

Test(differential, a_buy_is_read_as_protobuf_c_reads_it)
{
    run(make_buy, slc_agree_on_buy);
}

Test(differential, a_reply_is_read_as_protobuf_c_reads_it)
{
    run(make_reply, slc_agree_on_reply);
}

Test(differential, a_batch_is_taken_in_its_canonical_form_and_in_no_other)
{
    run(make_batch, slc_agree_on_batch);
}
