#include "text.h"

#include <sluice/journal.h>

#include <string.h>

/* How many bytes the UTF-8 character at `text` has (1 to 4), its code in *ret_code; 0: it is none. */
static size_t character(const char *text, uint32_t *ret_code)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t bytes = at[0] < 0x80 ? 1 : at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : at[0] >= 0xc0 ? 2 : 0;
    if (bytes == 0 || strnlen(text, bytes) < bytes ||
        !slc_text_is_valid((slc_text_t){.data = text, .bytes = bytes}, 1, bytes)) {
        return 0;
    }
    *ret_code = bytes == 1 ? at[0] : at[0] & (0xffu >> (bytes + 1));
    for (size_t i = 1; i < bytes; i++) {
        *ret_code = *ret_code << 6 | (at[i] & 0x3fu);
    }
    return bytes;
}

/* Control characters of both sets, line separators, marks and overrides of direction (Unicode 15, UAX 9).
 */
static bool is_unsafe(uint32_t code)
{
    return code < 0x20 || code == '\\' || (code >= 0x7f && code < 0xa0) || code == 0x061c ||
           (code >= 0x200e && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

void sluice_text_print(FILE *out, const char *text)
{
    while (*text != '\0') {
        uint32_t code = 0;
        size_t bytes = character(text, &code);
        bool escaped = bytes == 0 || is_unsafe(code);
        bytes = bytes == 0 ? 1 : bytes;
        for (size_t i = 0; i < bytes; i++, text++) {
            fprintf(out, escaped ? "\\x%02x" : "%c", (unsigned char)*text);
        }
    }
}

void sluice_text_json(FILE *out, const char *text)
{
    (void)fputc('"', out);
    while (*text != '\0') {
        uint32_t code = 0;
        size_t bytes = character(text, &code);
        if (bytes == 0) {
            (void)fputs("\\ufffd", out);
            text++;
            continue;
        }
        if (code == '"' || code == '\\') {
            fprintf(out, "\\%c", (char)code);
        } else if (code < 0x20 || code == 0x7f) {
            fprintf(out, "\\u%04x", code);
        } else {
            (void)fwrite(text, 1, bytes, out);
        }
        text += bytes;
    }
    (void)fputc('"', out);
}
