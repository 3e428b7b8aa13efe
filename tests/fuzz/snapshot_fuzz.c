/* A snapshot's way back. Either a good file is changed byte by byte: that is damage, unless checksums are
 * made right again, and then at least no crash and no read out of bounds. Or the input is the payload of
 * one block behind a header and with checksums that are right, so that the inside is reached: what is
 * read to its end encodes to the same bytes again, and what loads into a state has the digest that its
 * entries add up to. Accepted is what was loaded. Input: a mode, of 8 (0: changes, 1: changes and right
 * checksums, 2: a payload with a wrong digest, others: with the right one), then (offset, 2 bytes; value)
 * or bytes. */
#include "../lib/fake_sys.h"
#include "tally.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "logic/digest.h"
#include "logic/load.h"
#include "snapshot/entry.h"
#include "snapshot/files.h"
#include "snapshot/format.h"

#include <string.h>

#define SEQUENCE UINT64_C(1000000)
#define TIME_US (UINT64_C(1) << 60)
#define NAME "snapshot-00000000000001000000.snap"
#define PAYLOAD_MAX 4096u

static fake_sys_t *g_fake;
static slc_directory_t *g_directory;

static void prepare(void)
{
    if (g_fake == NULL) {
        g_fake = fake_sys_create();
        FUZZ_CHECK(slc_directory_open(fake_sys_table(g_fake), "data", &g_directory, NULL) == SLC_OK);
        fake_sys_put(g_fake, "data/" NAME, "", 1);
    }
}

/* In place: a new file for each input would be memory that grows. */
static void put_file(const uint8_t *bytes, size_t count)
{
    fake_sys_cut_file(g_fake, "data/" NAME, 0);
    if (count > 0) {
        fake_sys_poke(g_fake, "data/" NAME, bytes, count, 0);
    }
}

/* What the payload would say of itself, where it is entries to its end. */
typedef struct said {
    bool whole;
    uint32_t entries;
    uint64_t drops;
    uint64_t orders;
} said_t;

static said_t read_payload(const uint8_t *bytes, size_t count)
{
    slc_cursor_t cursor = {bytes, bytes + count};
    slc_entry_place_t place = {0};
    slc_entry_place_t again = {0};
    said_t said = {0};
    while (cursor.at != cursor.end) {
        slc_entry_t entry;
        uint8_t encoded[SLC_SNAPSHOT_ENTRY_BYTES_MAX];
        const uint8_t *begin = cursor.at;
        if (!slc_entry_decode(&cursor, &place, &entry)) {
            return said;
        }
        size_t bytes_used = (size_t)(cursor.at - begin);
        FUZZ_CHECK(bytes_used <= sizeof encoded);
        uint8_t *end = slc_entry_encode(encoded, &entry, &again);
        FUZZ_CHECK((size_t)(end - encoded) == bytes_used && memcmp(encoded, begin, bytes_used) == 0);
        said.entries++;
        said.drops += entry.kind == SLC_ENTRY_DROP;
        said.orders += entry.kind == SLC_ENTRY_ORDER;
    }
    said.whole = said.entries > 0;
    return said;
}

/* A file around the payload, as slc_snapshot_write would have left it. */
static size_t wrap(const uint8_t *payload, uint32_t bytes, const said_t *said, uint64_t digest,
                   uint8_t *file)
{
    uint8_t *block = file + SLC_SNAPSHOT_HEADER_BYTES;
    size_t block_bytes = SLC_SNAPSHOT_BLOCK_HEADER_BYTES + bytes;
    memset(file, 0, SLC_SNAPSHOT_HEADER_BYTES + SLC_SNAPSHOT_BLOCK_HEADER_BYTES);
    slc_store_u64(block, SLC_SNAPSHOT_BLOCK_MAGIC);
    slc_store_u32(block + SLC_SNAPSHOT_BLOCK_AT_PAYLOAD, bytes);
    slc_store_u32(block + SLC_SNAPSHOT_BLOCK_AT_ENTRIES, said->entries == 0 ? 1 : said->entries);
    memcpy(block + SLC_SNAPSHOT_BLOCK_HEADER_BYTES, payload, bytes);
    uint64_t chain =
        slc_hash(block + SLC_SNAPSHOT_CHECKED_OFFSET, block_bytes - SLC_SNAPSHOT_CHECKED_OFFSET);
    slc_store_u64(block + SLC_SNAPSHOT_BLOCK_AT_CHECKSUM, chain);
    slc_store_u64(file, SLC_SNAPSHOT_MAGIC);
    slc_store_u32(file + SLC_SNAPSHOT_AT_VERSION, SLC_SNAPSHOT_FORMAT_VERSION);
    slc_store_u32(file + SLC_SNAPSHOT_AT_RULES, SLC_RULES_VERSION);
    memcpy(file + SLC_SNAPSHOT_AT_DIRECTORY, g_directory->id, SLC_DIRECTORY_ID_BYTES);
    slc_store_u64(file + SLC_SNAPSHOT_AT_SEQUENCE, SEQUENCE);
    slc_store_u64(file + SLC_SNAPSHOT_AT_TIME, TIME_US);
    slc_store_u64(file + SLC_SNAPSHOT_AT_DIGEST, digest);
    slc_store_u64(file + SLC_SNAPSHOT_AT_DROPS, said->drops);
    slc_store_u64(file + SLC_SNAPSHOT_AT_ORDERS, said->orders);
    slc_store_u64(file + SLC_SNAPSHOT_AT_FILE_BYTES, SLC_SNAPSHOT_HEADER_BYTES + block_bytes);
    slc_store_u64(file + SLC_SNAPSHOT_AT_BLOCKS, 1);
    slc_store_u64(file + SLC_SNAPSHOT_AT_CHAIN, chain);
    slc_store_u64(file + 8, slc_hash(file + SLC_SNAPSHOT_CHECKED_OFFSET,
                                     SLC_SNAPSHOT_HEADER_BYTES - SLC_SNAPSHOT_CHECKED_OFFSET));
    return SLC_SNAPSHOT_HEADER_BYTES + block_bytes;
}

/* The digest that the check computes stands in its refusal. */
static uint64_t digest_of(slc_error_t *error)
{
    const char *at = strstr(error->message, "has digest ");
    return at == NULL ? 0 : strtoull(at + strlen("has digest "), NULL, 16);
}

static slc_err_t check(slc_snapshot_info_t *ret_info, slc_error_t *error)
{
    slc_err_t code = slc_snapshot_check(g_directory, NAME, SEQUENCE, NULL, NULL, ret_info, error);
    FUZZ_CHECK(code == SLC_OK || code == SLC_ERR_DAMAGED);
    FUZZ_CHECK(code == SLC_OK || strstr(error->message, NAME) != NULL);
    return code;
}

/* What is good by its bytes is loaded, unless its entries contradict each other. */
static bool load(const slc_snapshot_info_t *info)
{
    char why[256] = "";
    slc_err_t code = SLC_OK;
    slc_entry_t entry;
    slc_snapshot_t *snapshot = NULL;
    slc_logic_t *logic = slc_logic_create();
    slc_load_t *loading = slc_load_begin(logic, info);
    FUZZ_CHECK(slc_snapshot_open_file(g_directory, NAME, SEQUENCE, &snapshot, NULL) == SLC_OK);
    bool taken = true;
    while (taken && (code = slc_snapshot_next(snapshot, &entry, NULL)) == SLC_OK) {
        taken = slc_load_entry(loading, &entry, why);
    }
    if (taken) {
        FUZZ_CHECK(code == SLC_END);
        taken = slc_load_end(loading, why);
    } else {
        slc_load_abandon(loading);
    }
    FUZZ_CHECK(taken || why[0] != '\0');
    if (taken) {
        FUZZ_CHECK(slc_logic_sequence(logic) == SEQUENCE && slc_logic_digest(logic) == info->digest);
        FUZZ_CHECK(slc_logic_digest_recomputed(logic) == info->digest);
    }
    slc_snapshot_close(snapshot);
    slc_logic_destroy(logic);
    return taken;
}

static bool try_payload(const uint8_t *payload, size_t count, bool right_digest)
{
    static uint8_t file[SLC_SNAPSHOT_HEADER_BYTES + SLC_SNAPSHOT_BLOCK_HEADER_BYTES + PAYLOAD_MAX];
    slc_snapshot_info_t info;
    slc_error_t error = {0};
    if (count == 0 || count > PAYLOAD_MAX) {
        return false;
    }
    said_t said = read_payload(payload, count);
    put_file(file, wrap(payload, (uint32_t)count, &said, 0, file));
    slc_err_t code = check(&info, &error);
    FUZZ_CHECK(code == SLC_ERR_DAMAGED || said.whole);
    if (!said.whole || !right_digest) {
        return false;
    }
    if (code != SLC_OK) {
        uint64_t digest = digest_of(&error);
        put_file(file, wrap(payload, (uint32_t)count, &said, digest, file));
        FUZZ_CHECK(check(&info, &error) == SLC_OK);
    }
    return load(&info);
}

/* A drop, two orders of it, and the cancellation of one. */
static size_t good_file(uint8_t *file)
{
    uint8_t payload[4 * SLC_SNAPSHOT_ENTRY_BYTES_MAX];
    slc_entry_place_t place = {0};
    slc_entry_t drop = {.kind = SLC_ENTRY_DROP,
                        .as.drop = {.drop_id = 1,
                                    .stock = 9,
                                    .sold = 2,
                                    .remaining = 7,
                                    .orders = 2,
                                    .cancelled = 1,
                                    .opens_at_us = 1,
                                    .name = "drop"}};
    slc_entry_t order = {
        .kind = SLC_ENTRY_ORDER,
        .as.order = {.order_id = 2, .order_key = 3, .time_us = 4, .quantity = 2, .user = {"ada", 3}}};
    slc_entry_t cancel = {.kind = SLC_ENTRY_CANCEL,
                          .as.cancel = {.sequence = 9, .order_id = 7, .time_us = 8}};
    uint8_t *end = slc_entry_encode(payload, &drop, &place);
    end = slc_entry_encode(end, &order, &place);
    order.as.order.order_id = 7;
    order.as.order.order_key = 5;
    end = slc_entry_encode(end, &order, &place);
    end = slc_entry_encode(end, &cancel, &place);
    said_t said = read_payload(payload, (size_t)(end - payload));
    slc_snapshot_info_t info;
    slc_error_t error = {0};
    put_file(file, wrap(payload, (uint32_t)(end - payload), &said, 0, file));
    FUZZ_CHECK(check(&info, &error) == SLC_ERR_DAMAGED);
    size_t count = wrap(payload, (uint32_t)(end - payload), &said, digest_of(&error), file);
    put_file(file, count);
    FUZZ_CHECK(check(&info, &error) == SLC_OK && load(&info));
    return count;
}

/* Makes the checksums right of whatever stands in the file now. */
static void fix(uint8_t *file, size_t count)
{
    uint8_t *block = file + SLC_SNAPSHOT_HEADER_BYTES;
    size_t block_bytes = count - SLC_SNAPSHOT_HEADER_BYTES;
    uint64_t chain =
        slc_hash(block + SLC_SNAPSHOT_CHECKED_OFFSET, block_bytes - SLC_SNAPSHOT_CHECKED_OFFSET);
    slc_store_u64(block + SLC_SNAPSHOT_BLOCK_AT_CHECKSUM, chain);
    slc_store_u64(file + SLC_SNAPSHOT_AT_CHAIN, chain);
    slc_store_u64(file + 8, slc_hash(file + SLC_SNAPSHOT_CHECKED_OFFSET,
                                     SLC_SNAPSHOT_HEADER_BYTES - SLC_SNAPSHOT_CHECKED_OFFSET));
}

static bool try_changes(const uint8_t *data, size_t size, bool fixed)
{
    static uint8_t good[2 * SLC_SNAPSHOT_HEADER_BYTES];
    static uint8_t file[sizeof good];
    static size_t count;
    slc_snapshot_info_t info;
    slc_error_t error = {0};
    if (count == 0) {
        count = good_file(good);
    }
    memcpy(file, good, count);
    for (; size >= 3; data += 3, size -= 3) {
        file[((size_t)data[0] << 8 | data[1]) % count] ^= data[2];
    }
    if (fixed) {
        fix(file, count);
    }
    put_file(file, count);
    bool changed = memcmp(file, good, count) != 0;
    slc_err_t code = check(&info, &error);
    FUZZ_CHECK(fixed || code == (changed ? SLC_ERR_DAMAGED : SLC_OK));
    return code == SLC_OK && load(&info);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool accepted = false;
    prepare();
    if (size > 0 && data[0] % 8 < 2) {
        accepted = try_changes(data + 1, size - 1, data[0] % 8 == 1);
    } else if (size > 0) {
        accepted = try_payload(data + 1, size - 1, data[0] % 8 > 2);
    }
    fuzz_tally(accepted);
    return 0;
}
