#include "wire/validate.h"

#include "base/bytes.h"

/* Length of the UTF-8 character at the beginning of `at` (RFC 3629: no overlong forms, no surrogates,
 * nothing over U+10FFFF); 0 where there is none, or a NUL. */
static size_t character_bytes(const uint8_t *at, size_t count)
{
    uint8_t lead = at[0];
    if (lead >= 0x01 && lead < 0x80) {
        return 1;
    }
    size_t bytes = lead >= 0xc2 && lead <= 0xdf   ? 2
                   : lead >= 0xe0 && lead <= 0xef ? 3
                   : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                  : 0;
    if (bytes == 0 || bytes > count) {
        return 0;
    }
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < bytes; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return bytes;
}

/* All eight bytes are between 0x01 and 0x7f: no high bit set, and none is 0. */
static bool is_plain(uint64_t eight)
{
    const uint64_t highs = UINT64_C(0x8080808080808080);
    const uint64_t ones = UINT64_C(0x0101010101010101);
    return ((eight | (eight - ones)) & highs) == 0;
}

bool slc_text_is_valid(slc_text_t text, size_t bytes_min, size_t bytes_max)
{
    if (text.bytes < bytes_min || text.bytes > bytes_max) {
        return false;
    }
    const uint8_t *at = (const uint8_t *)text.data;
    size_t left = text.bytes;
    while (left > 0) {
        if (left >= 8 && is_plain(slc_load_u64(at))) {
            at += 8;
            left -= 8;
            continue;
        }
        size_t bytes = character_bytes(at, left);
        if (bytes == 0) {
            return false;
        }
        at += bytes;
        left -= bytes;
    }
    return true;
}

slc_reason_t slc_validate_buy(const slc_buy_t *buy)
{
    if (buy->drop_id == 0) {
        return SLC_REASON_DROP_ID;
    }
    if (buy->quantity > SLC_QUANTITY_MAX) {
        return SLC_REASON_QUANTITY;
    }
    if (!slc_text_is_valid(buy->user, 1, SLC_USER_BYTES_MAX)) {
        return SLC_REASON_USER;
    }
    return SLC_REASON_NONE;
}

const char *slc_reason_text(slc_reason_t reason)
{
    switch (reason) {
    case SLC_REASON_NONE:
        return "";
    case SLC_REASON_FRAME:
        return "frame: no Buy of sluice.proto";
    case SLC_REASON_FRAME_LENGTH:
        return "frame: its length is over the limit, or no varint";
    case SLC_REASON_DROP_ID:
        return "drop_id: missing or 0";
    case SLC_REASON_USER:
        return "user: has to be 1 to 64 bytes of UTF-8 without NUL";
    case SLC_REASON_QUANTITY:
        return "quantity: at most 1000000";
    }
    return "";
}
