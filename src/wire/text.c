#include "wire/text.h"

#include "base/bytes.h"

#define HIGH_BITS UINT64_C(0x8080808080808080)
#define ONES UINT64_C(0x0101010101010101)

/* High bits are set in the result if and only if a byte of the word is 0 or over 0x7f: a borrow begins
 * only at a byte of 0, whose own high bit is set by it. */
static inline uint64_t strange(uint64_t word)
{
    return (word - ONES) | word;
}

/* ASCII without NUL, eight bytes at a time, the last eight overlapping the ones before. */
static inline bool is_plain(const char *data, size_t bytes)
{
    uint64_t found = 0;
    if (bytes >= 8) {
        for (size_t i = 0; i + 8 < bytes; i += 8) {
            found |= strange(slc_load_u64(data + i));
        }
        found |= strange(slc_load_u64(data + bytes - 8));
    } else if (bytes >= 4) {
        uint64_t low = slc_load_u32(data);
        uint64_t high = slc_load_u32(data + bytes - 4);
        found = strange(low | high << 32);
    } else {
        for (size_t i = 0; i < bytes; i++) {
            found |= data[i] == 0 ? HIGH_BITS : (uint8_t)data[i];
        }
    }
    return (found & HIGH_BITS) == 0;
}

/* Bytes of the well-formed character at `at`, 0: it is none, or NUL. Source: The Unicode Standard 15.0,
 * table 3-7: no overlong forms, no surrogates, nothing over U+10FFFF. */
static size_t character_bytes(const uint8_t *at, size_t left)
{
    uint8_t lead = at[0];
    if (lead < 0x80) {
        return lead != 0;
    }
    size_t bytes = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead < 0xc2 || lead > 0xf4 || bytes > left) {
        return 0;
    }
    uint8_t second_min = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t second_max = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < second_min || at[1] > second_max) {
        return 0;
    }
    for (size_t i = 2; i < bytes; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return bytes;
}

bool slc_text_is_valid(slc_text_t text, size_t bytes_min, size_t bytes_max)
{
    if (text.bytes < bytes_min || text.bytes > bytes_max) {
        return false;
    }
    if (is_plain(text.data, text.bytes)) {
        return true;
    }
    const uint8_t *data = (const uint8_t *)text.data;
    for (size_t at = 0; at < text.bytes;) {
        size_t bytes = character_bytes(data + at, text.bytes - at);
        if (bytes == 0) {
            return false;
        }
        at += bytes;
    }
    return true;
}

size_t slc_text_cut(slc_text_t text, size_t bytes_max)
{
    if (text.bytes <= bytes_max) {
        return text.bytes;
    }
    size_t bytes = bytes_max;
    while (bytes > 0 && ((uint8_t)text.data[bytes] & 0xc0) == 0x80) {
        bytes--;
    }
    return bytes;
}
