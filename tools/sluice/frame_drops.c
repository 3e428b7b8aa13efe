#include "frame_drops.h"

#include "phase.h"
#include "text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const slc_drop_info_t *find_drop(const sluice_look_t *look, uint64_t drop_id)
{
    size_t low = 0;
    size_t high = look->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (look->drops[middle].drop_id == drop_id) {
            return &look->drops[middle];
        }
        if (look->drops[middle].drop_id < drop_id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

/* A drop that is new has placed all its orders since. */
uint64_t sluice_drop_orders_since(const slc_drop_info_t *drop, const sluice_look_t *before)
{
    const slc_drop_info_t *then = find_drop(before, drop->drop_id);
    uint64_t had = then == NULL ? 0 : then->orders;
    return drop->orders > had ? drop->orders - had : 0;
}

double sluice_look_seconds_between(const sluice_look_t *now, const sluice_look_t *before)
{
    return (double)(now->at_ns - before->at_ns) / 1e9;
}

/* What can still be bought first, what is over last; by drop_id among equals. */
typedef struct row {
    const slc_drop_info_t *drop;
    sluice_phase_t state;
} row_t;

static int compare_rows(const void *a, const void *b)
{
    const row_t *one = a;
    const row_t *other = b;
    if (one->state != other->state) {
        return one->state < other->state ? -1 : 1;
    }
    return one->drop->drop_id < other->drop->drop_id ? -1 : 1;
}

/* Which columns fit, and how wide: the number first, its state and what is left always. */
typedef struct columns {
    int id;
    int left;
    int bar;   /* 0: none */
    bool rate; /* orders a second */
    bool name;
} columns_t;

#define STATE_WIDTH 11
#define RATE_WIDTH 9

static columns_t fit_columns(const row_t *rows, size_t count, int width)
{
    char text[SLUICE_COUNT_BYTES];
    columns_t columns = {.id = 4, .left = 4};
    for (size_t i = 0; i < count; i++) {
        int id = snprintf(NULL, 0, "%" PRIu64, rows[i].drop->drop_id);
        int left = (int)strlen(sluice_counted(rows[i].drop->remaining, text));
        columns.id = id > columns.id ? id : columns.id;
        columns.left = left > columns.left ? left : columns.left;
    }
    int rest = width - columns.id - 2 - STATE_WIDTH - 2 - columns.left;
    columns.rate = rest >= 2 + RATE_WIDTH;
    rest -= columns.rate ? 2 + RATE_WIDTH : 0;
    columns.bar = rest >= 4 + 6 + 10 ? 10 : 0; /* with its brackets and the share behind it */
    rest -= columns.bar > 0 ? 4 + 6 + 10 : 0;
    columns.name = rest >= 2 + 6;
    if (columns.bar > 0 && rest > 2 + 24) {
        int more = rest - 2 - 24;
        columns.bar += more < 20 ? more : 20;
    }
    return columns;
}

static void write_heads(sluice_page_t *page, const columns_t *columns)
{
    char text[160];
    int used = snprintf(text, sizeof text, "%*s  %-*s  %*s", columns->id, "DROP", STATE_WIDTH, "STATE",
                        columns->left, "LEFT");
    if (columns->bar > 0) {
        used += snprintf(text + used, sizeof text - (size_t)used, "  %-*s", columns->bar + 8, "OF STOCK");
    }
    if (columns->rate) {
        used += snprintf(text + used, sizeof text - (size_t)used, "  %*s", RATE_WIDTH, "ORDERS/S");
    }
    (void)snprintf(text + used, sizeof text - (size_t)used, "%s", columns->name ? "  NAME" : "");
    sluice_page_put(page, SLUICE_DIM, text);
    sluice_page_end_line(page);
}

static sluice_colour_t colour_of(const row_t *row)
{
    switch (row->state) {
    case SLUICE_PHASE_OPEN:
        return row->drop->remaining * 10 <= row->drop->stock ? SLUICE_YELLOW : SLUICE_GREEN;
    case SLUICE_PHASE_SOLD_OUT:
        return SLUICE_RED;
    case SLUICE_PHASE_LATER:
    case SLUICE_PHASE_CLOSED:
        break;
    }
    return SLUICE_DIM;
}

/* Never full before all is left, never empty before nothing is. */
static void write_bar(sluice_page_t *page, const row_t *row, int width)
{
    char bar[64];
    uint64_t left = row->drop->remaining;
    double share = row->drop->stock == 0 ? 0 : (double)left / (double)row->drop->stock;
    int filled = (int)(share * width);
    filled = filled == 0 && left > 0 ? 1 : filled;
    memset(bar, '.', (size_t)width);
    memset(bar, '#', (size_t)filled);
    bar[width] = '\0';
    sluice_page_put(page, SLUICE_PLAIN, "  [");
    sluice_page_put(page, colour_of(row), bar);
    int percent = (int)(share * 100 + 0.5);
    percent = percent == 0 && left > 0 ? 1 : percent == 100 && left < row->drop->stock ? 99 : percent;
    (void)snprintf(bar, sizeof bar, "] %3d%%", percent);
    sluice_page_put(page, SLUICE_PLAIN, bar);
    sluice_page_put(page, SLUICE_PLAIN, " ");
}

static void write_name(sluice_page_t *page, const char *name)
{
    char *safe = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&safe, &bytes);
    if (stream == NULL) {
        return; /* a frame without a name is still one */
    }
    sluice_text_print(stream, name);
    if (fclose(stream) == 0) {
        sluice_page_put(page, SLUICE_PLAIN, "  ");
        sluice_page_put(page, SLUICE_PLAIN, safe);
    }
    free(safe);
}

static void write_row(sluice_page_t *page, const row_t *row, const columns_t *columns,
                      const sluice_look_t *now, const sluice_look_t *before)
{
    char text[96];
    char count[SLUICE_COUNT_BYTES];
    (void)snprintf(text, sizeof text, "%*" PRIu64 "  ", columns->id, row->drop->drop_id);
    sluice_page_put(page, SLUICE_PLAIN, text);
    (void)snprintf(text, sizeof text, "%-*s", STATE_WIDTH, sluice_phase_name(row->state));
    sluice_page_put(page, colour_of(row), text);
    (void)snprintf(text, sizeof text, "  %*s", columns->left,
                   sluice_counted(row->drop->remaining, count));
    sluice_page_put(page, SLUICE_PLAIN, text);
    if (columns->bar > 0) {
        write_bar(page, row, columns->bar);
    }
    if (columns->rate) {
        double rate = before != NULL ? (double)sluice_drop_orders_since(row->drop, before) /
                                           sluice_look_seconds_between(now, before)
                                     : 0;
        (void)snprintf(text, sizeof text, "  %*s", RATE_WIDTH,
                       before != NULL ? sluice_counted((uint64_t)(rate + 0.5), count) : "-");
        sluice_page_put(page, SLUICE_PLAIN, text);
    }
    if (columns->name) {
        write_name(page, row->drop->name);
    }
    sluice_page_end_line(page);
}

static void write_rest(sluice_page_t *page, uint64_t more)
{
    char text[96];
    char count[SLUICE_COUNT_BYTES];
    (void)snprintf(text, sizeof text, "and %s more: sluice drop list", sluice_counted(more, count));
    sluice_page_put(page, SLUICE_DIM, text);
    sluice_page_end_line(page);
}

void sluice_frame_write_drops(sluice_page_t *page, const sluice_look_t *look, const sluice_look_t *before,
                              int height)
{
    row_t *rows = malloc((look->count + 1) * sizeof *rows);
    if (look->count == 0 || rows == NULL) {
        sluice_page_put(page, SLUICE_PLAIN,
                        rows == NULL ? "no memory for the drops"
                                     : "no drop yet: sluice drop open 1 --stock N");
        sluice_page_end_line(page);
        free(rows);
        return;
    }
    for (size_t i = 0; i < look->count; i++) {
        rows[i] = (row_t){&look->drops[i], sluice_phase_of(&look->drops[i], look->time_us)};
    }
    qsort(rows, look->count, sizeof *rows, compare_rows);
    columns_t columns = fit_columns(rows, look->count, page->width);
    write_heads(page, &columns);
    size_t shown = look->count;
    size_t room = height > page->rows ? (size_t)(height - page->rows) : 0;
    if (height > 0 && (shown > room || look->engine.drops > room)) {
        shown = room > 1 ? room - 1 : 0; /* the last row says how many there are beside these */
        shown = shown < look->count ? shown : look->count;
    }
    for (size_t i = 0; i < shown; i++) {
        write_row(page, &rows[i], &columns, look, before);
    }
    if (look->engine.drops > shown) {
        write_rest(page, look->engine.drops - shown);
    }
    free(rows);
}
