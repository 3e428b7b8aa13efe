#include "near.h"

#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Both shorter than NEAR_NAME_BYTES. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t rows[3][NEAR_NAME_BYTES + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    size_t width = strlen(b);
    for (size_t column = 0; column <= width; column++) {
        above[column] = column;
        before[column] = column;
    }
    for (size_t line = 1; a[line - 1] != '\0'; line++) {
        row[0] = line;
        for (size_t column = 1; column <= width; column++) {
            size_t exchanged = above[column - 1] + (a[line - 1] == b[column - 1] ? 0 : 1);
            row[column] = least(exchanged, least(above[column], row[column - 1]) + 1);
            if (line > 1 && column > 1 && a[line - 1] == b[column - 2] && a[line - 2] == b[column - 1]) {
                row[column] = least(row[column], before[column - 2] + 1);
            }
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[width];
}

void near_begin(near_t *near, const char *wanted)
{
    *near = (near_t){.wanted = wanted};
}

void near_consider(near_t *near, const char *candidate)
{
    size_t length = strlen(near->wanted);
    if (length == 0 || length >= NEAR_NAME_BYTES || strlen(candidate) >= NEAR_NAME_BYTES) {
        return;
    }
    size_t edits = edit_distance(near->wanted, candidate);
    if (edits <= (length < 6 ? 1 : length / 3) && (near->nearest == NULL || edits < near->edits)) {
        near->nearest = candidate;
        near->edits = edits;
    }
}
