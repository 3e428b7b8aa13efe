/* Lines of a page that is so many columns wide and no wider: what is too long is cut, pieces that do not
 * fit beside each other go to the next line. A character counts as one column. Threads: one. Ownership:
 * the caller's. Cannot fail; main looks at stdout. */
#ifndef SLC_TOOLS_SLUICE_PAGE_H
#define SLC_TOOLS_SLUICE_PAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Longest text of sluice_counted, its NUL included. */
#define SLUICE_COUNT_BYTES 32

typedef enum sluice_colour {
    SLUICE_PLAIN = 0, /* the numbers are those of the terminal (ECMA-48, SGR) */
    SLUICE_BOLD = 1,
    SLUICE_DIM = 2,
    SLUICE_RED = 31,
    SLUICE_GREEN = 32,
    SLUICE_YELLOW = 33,
} sluice_colour_t;

typedef struct sluice_page {
    FILE *out;
    int width;
    bool colour; /* false: colours are left out */
    int column;
    int rows; /* whole lines so far */
} sluice_page_t;

/* 1509758 as 1,509,758; answers `out`. */
const char *sluice_counted(uint64_t value, char out[SLUICE_COUNT_BYTES]);

/* Text as it is, cut at the width. It holds no control characters. */
void sluice_page_put(sluice_page_t *page, sluice_colour_t colour, const char *text);
/* A piece of its own: two blanks before it, or a new line where it does not fit. */
void sluice_page_piece(sluice_page_t *page, sluice_colour_t colour, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A sentence from the beginning of a line on, broken at its blanks. */
void sluice_page_sentence(sluice_page_t *page, const char *text);
void sluice_page_end_line(sluice_page_t *page);

#endif
