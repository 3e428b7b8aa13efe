#include "text.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define REPLACEMENT UINT32_C(0xfffd)
#define ESCAPED_BYTES_MAX 8

/* Reads the character at `bytes`, answers how many bytes it takes; what is no UTF-8 (RFC 3629) counts as
 * one byte and U+FFFD. */
static size_t decode_character(const unsigned char *bytes, size_t count, uint32_t *ret_character)
{
    static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
    *ret_character = REPLACEMENT;
    size_t length = bytes[0] < 0x80                       ? 1
                    : bytes[0] >= 0xc2 && bytes[0] < 0xe0 ? 2
                    : bytes[0] >= 0xe0 && bytes[0] < 0xf0 ? 3
                    : bytes[0] >= 0xf0 && bytes[0] < 0xf5 ? 4
                                                          : 0;
    if (length == 0 || length > count) {
        return 1;
    }
    uint32_t character = length == 1 ? bytes[0] : bytes[0] & (0xffu >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return 1;
        }
        character = character << 6 | (bytes[i] & 0x3fu);
    }
    bool is_surrogate = character >= 0xd800 && character <= 0xdfff;
    if (character < lowest[length] || character > 0x10ffff || is_surrogate) {
        return 1;
    }
    *ret_character = character;
    return length;
}

/* Control characters, marks of writing direction, what has no width, and line ends that are no '\n'. */
static bool is_unseen(uint32_t character)
{
    return character < 0x20 || (character >= 0x7f && character <= 0x9f) || character == 0x61c ||
           (character >= 0x200b && character <= 0x200f) || (character >= 0x2028 && character <= 0x202e) ||
           (character >= 0x2060 && character <= 0x206f) || character == 0xfeff ||
           (character >= 0xfff9 && character <= REPLACEMENT);
}

/* The character at the beginning of the text as it stands between quotes; moves the text behind it. */
static size_t escape_next(slc_text_t *text, char out[ESCAPED_BYTES_MAX])
{
    uint32_t character;
    size_t used = decode_character((const unsigned char *)text->data, text->bytes, &character);
    size_t length = used;
    if (character == '"' || character == '\\') {
        out[0] = '\\';
        out[1] = (char)character;
        length = 2;
    } else if (is_unseen(character)) {
        length = (size_t)snprintf(out, ESCAPED_BYTES_MAX, "\\u%04" PRIx32, character);
    } else {
        memcpy(out, text->data, used);
    }
    text->data += used;
    text->bytes -= used;
    return length;
}

void replay_put_quoted(FILE *out, slc_text_t text)
{
    char escaped[ESCAPED_BYTES_MAX];
    putc('"', out);
    while (text.bytes > 0) {
        size_t length = escape_next(&text, escaped);
        fwrite(escaped, 1, length, out);
    }
    putc('"', out);
}

void replay_quote(slc_text_t text, char *out, size_t capacity)
{
    char escaped[ESCAPED_BYTES_MAX];
    size_t at = 0;
    out[at++] = '"';
    while (text.bytes > 0) {
        size_t length = escape_next(&text, escaped);
        if (at + length + 2 > capacity) {
            break;
        }
        memcpy(out + at, escaped, length);
        at += length;
    }
    out[at++] = '"';
    out[at] = '\0';
}

slc_text_t replay_text(const char *text)
{
    return (slc_text_t){.data = text, .bytes = strlen(text)};
}

const char *replay_time(uint64_t time_us, char out[REPLAY_TIME_BYTES])
{
    time_t seconds = (time_t)(time_us / 1000000);
    struct tm parts;
    if (time_us == 0) {
        (void)snprintf(out, REPLAY_TIME_BYTES, "-");
        return out;
    }
    if (gmtime_r(&seconds, &parts) == NULL) {
        (void)snprintf(out, REPLAY_TIME_BYTES, "%" PRIu64 "us", time_us);
        return out;
    }
    size_t length = strftime(out, REPLAY_TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(out + length, REPLAY_TIME_BYTES - length, ".%06" PRIu64 "Z", time_us % 1000000);
    return out;
}

bool replay_parse_number(slc_text_t text, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        uint64_t digit = (uint64_t)(text.data[i] - '0');
        if (number > (UINT64_MAX - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    *ret_number = number;
    return text.bytes > 0;
}

bool replay_parse_hex(slc_text_t text, uint64_t *ret_number)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t number = 0;
    if (text.bytes != 16) {
        return false;
    }
    for (size_t i = 0; i < text.bytes; i++) {
        char lower =
            text.data[i] >= 'A' && text.data[i] <= 'F' ? (char)(text.data[i] + 32) : text.data[i];
        const char *digit = memchr(digits, lower, sizeof digits - 1);
        if (digit == NULL) {
            return false;
        }
        number = number << 4 | (uint64_t)(digit - digits);
    }
    *ret_number = number;
    return true;
}
