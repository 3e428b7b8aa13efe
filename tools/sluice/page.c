#include "page.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

/* 1509758 as 1,509,758. */
const char *sluice_counted(uint64_t value, char out[SLUICE_COUNT_BYTES])
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, value);
    char *to = out;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            *to++ = ',';
        }
        *to++ = digits[i];
    }
    *to = '\0';
    return out;
}

void sluice_page_end_line(sluice_page_t *page)
{
    (void)fputs("\n", page->out);
    page->column = 0;
    page->rows++;
}

void sluice_page_put(sluice_page_t *page, sluice_colour_t colour, const char *text)
{
    bool painted = page->colour && colour != SLUICE_PLAIN;
    if (painted) {
        fprintf(page->out, "\033[%dm", colour);
    }
    for (; *text != '\0'; text++) {
        bool begins = ((unsigned char)*text & 0xc0) != 0x80; /* a character, not its rest */
        if (begins && page->column == page->width) {
            break;
        }
        (void)fputc(*text, page->out);
        page->column += begins ? 1 : 0;
    }
    if (painted) {
        (void)fputs("\033[0m", page->out);
    }
}

__attribute__((format(printf, 3, 4))) void sluice_page_piece(sluice_page_t *page, sluice_colour_t colour,
                                                             const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (page->column > 0 && page->column + 2 + length > page->width) {
        sluice_page_end_line(page);
    }
    if (page->column > 0) {
        sluice_page_put(page, SLUICE_PLAIN, "  ");
    }
    sluice_page_put(page, colour, text);
}

void sluice_page_sentence(sluice_page_t *page, const char *text)
{
    while (*text != '\0') {
        char word[512];
        size_t bytes = strcspn(text, " ");
        int length = snprintf(word, sizeof word, "%.*s", (int)bytes, text);
        if (page->column > 0 && page->column + 1 + length > page->width) {
            sluice_page_end_line(page);
        }
        if (page->column > 0) {
            sluice_page_put(page, SLUICE_PLAIN, " ");
        }
        sluice_page_put(page, SLUICE_PLAIN, word);
        text += bytes + (text[bytes] == ' ' ? 1 : 0);
    }
    sluice_page_end_line(page);
}
