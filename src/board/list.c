/* The drops as people see them, page by page. A page is the lowest numbers of all tables: found with a
 * heap of its size while every cell is looked at once, so a page of a million drops costs its reader some
 * milliseconds, and the writer nothing. */
#include "board/inside.h"

#include <stdlib.h>

/* The largest number on top, so that a lower one can take its place. */
static void heap_down(const slc_shown_t **heap, size_t count, size_t at)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count) {
            return;
        }
        if (child + 1 < count && heap[child + 1]->drop_id > heap[child]->drop_id) {
            child++;
        }
        if (heap[at]->drop_id >= heap[child]->drop_id) {
            return;
        }
        const slc_shown_t *lower = heap[at];
        heap[at] = heap[child];
        heap[child] = lower;
        at = child;
    }
}

static void heap_up(const slc_shown_t **heap, size_t at)
{
    while (at > 0 && heap[(at - 1) / 2]->drop_id < heap[at]->drop_id) {
        const slc_shown_t *lower = heap[(at - 1) / 2];
        heap[(at - 1) / 2] = heap[at];
        heap[at] = lower;
        at = (at - 1) / 2;
    }
}

typedef struct page {
    const slc_shown_t **heap;
    size_t room;
    size_t count;
    uint64_t found; /* of all that the page is of */
} page_t;

static void page_offer(page_t *page, const slc_shown_t *shown)
{
    page->found++;
    if (page->count < page->room) {
        page->heap[page->count] = shown;
        heap_up(page->heap, page->count++);
    } else if (page->room > 0 && shown->drop_id < page->heap[0]->drop_id) {
        page->heap[0] = shown;
        heap_down(page->heap, page->count, 0);
    }
}

static void offer_shard(page_t *page, const slc_shard_table_t *table, uint64_t after_drop_id,
                        slc_board_wanted_fn wanted, void *context)
{
    for (uint64_t i = 0; i <= table->mask; i++) {
        /* acquire: pairs with the release of the writer that put it there */
        const slc_shown_t *shown = atomic_load_explicit(&table->shown[i], memory_order_acquire);
        if (shown == NULL || shown->drop_id <= after_drop_id) {
            continue;
        }
        slc_drop_info_t drop;
        if (wanted != NULL) {
            slc_shown_read(shown, &drop);
            if (!wanted(context, &drop)) {
                continue;
            }
        }
        page_offer(page, shown);
    }
}

bool slc_board_list(const slc_board_t *board, uint64_t after_drop_id, size_t limit,
                    slc_board_wanted_fn wanted, void *context, slc_drop_list_t *ret_list)
{
    *ret_list = (slc_drop_list_t){.sequence = slc_board_sequence(board)};
    page_t page = {.heap = calloc(limit + 1, sizeof(const slc_shown_t *)), .room = limit};
    ret_list->drops = calloc(limit + 1, sizeof *ret_list->drops);
    if (page.heap == NULL || ret_list->drops == NULL) {
        free(page.heap);
        slc_drop_list_free(ret_list);
        return false;
    }
    for (unsigned i = 0; i < SLC_SHARDS; i++) {
        /* acquire: pairs with the release of the writer that put the table there */
        const slc_shard_table_t *table = atomic_load_explicit(&board->shards[i], memory_order_acquire);
        if (table != NULL) {
            offer_shard(&page, table, after_drop_id, wanted, context);
        }
    }
    ret_list->count = page.count;
    ret_list->found = page.found;
    while (page.count > 0) {
        slc_shown_read(page.heap[0], &ret_list->drops[--page.count]);
        page.heap[0] = page.heap[page.count];
        heap_down(page.heap, page.count, 0);
    }
    free(page.heap);
    return true;
}

void slc_drop_list_free(slc_drop_list_t *list)
{
    free(list->drops);
    list->drops = NULL;
}

bool slc_board_drop(const slc_board_t *board, uint64_t drop_id, slc_drop_info_t *ret_drop)
{
    uint64_t hash = slc_board_hash(drop_id);
    /* acquire: as above */
    slc_shard_table_t *table =
        atomic_load_explicit(&board->shards[hash >> (64 - SLC_SHARD_BITS)], memory_order_acquire);
    if (table == NULL || drop_id == 0) {
        return false;
    }
    const slc_cell_t *cell = slc_board_cell(table, hash, drop_id);
    const slc_shown_t *shown =
        atomic_load_explicit(&table->shown[cell - table->cells], memory_order_acquire);
    /* The free cell where it would go may have become another drop's since it was looked at. */
    if (shown == NULL || shown->drop_id != drop_id) {
        return false;
    }
    slc_shown_read(shown, ret_drop);
    return true;
}
