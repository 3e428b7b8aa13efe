/* A hash table in shards, each of which grows on its own, so that no growth takes longer than copying one
 * shard (a few thousand drops of a million). A cell belongs to one drop for the life of its table: a
 * reader that matched the drop_id can trust the numbers beside it. Purged drops leave an absent cell
 * behind, which the next growth of the shard leaves out. */
#include "board/inside.h"

#include "base/check.h"
#include "base/hash.h"

#include <stdlib.h>

#define SHARD_CELLS_MIN 8u

static_assert(offsetof(slc_shard_table_t, rcu) == 0 && offsetof(slc_shown_t, rcu) == 0,
              "the address of the head is that of the whole");

#if defined(__SANITIZE_THREAD__)
#define SLC_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SLC_TSAN 1
#endif
#endif

#ifdef SLC_TSAN
/* liburcu orders a grace period with barriers that ThreadSanitizer cannot see. What it is told here is
 * what qsbr promises: each reader's last use happens before the reclaim. */
extern void __tsan_acquire(void *address);
extern void __tsan_release(void *address);
static char grace;
#define READER_IS_QUIET() __tsan_release(&grace)
#define GRACE_IS_OVER() __tsan_acquire(&grace)
#else
#define READER_IS_QUIET() ((void)0)
#define GRACE_IS_OVER() ((void)0)
#endif

uint64_t slc_board_hash(uint64_t drop_id)
{
    return slc_hash(&drop_id, sizeof drop_id);
}

static slc_shard_table_t *table_create(uint64_t cells)
{
    slc_shard_table_t *table = calloc(1, sizeof *table + cells * sizeof(slc_cell_t));
    SLC_CHECK(table != NULL);
    table->shown = calloc(cells, sizeof *table->shown);
    SLC_CHECK(table->shown != NULL);
    table->mask = cells - 1;
    return table;
}

static void table_free(slc_shard_table_t *table)
{
    if (table != NULL) {
        free(table->shown);
    }
    free(table);
}

slc_board_t *slc_board_create(void)
{
    slc_board_t *board = aligned_alloc(128, sizeof *board);
    if (board == NULL) {
        return NULL;
    }
    atomic_init(&board->sequence, 0);
    atomic_init(&board->time_us, 0);
    board->outgrown = false;
    for (unsigned i = 0; i < SLC_SHARDS; i++) {
        atomic_init(&board->shards[i], NULL);
    }
    return board;
}

void slc_board_destroy(slc_board_t *board)
{
    if (board == NULL) {
        return;
    }
    if (board->outgrown) {
        urcu_qsbr_barrier(); /* tables on their way to be freed */
    }
    for (unsigned i = 0; i < SLC_SHARDS; i++) {
        /* relaxed: no reader is left, and the caller joined the writer */
        slc_shard_table_t *table = atomic_load_explicit(&board->shards[i], memory_order_relaxed);
        for (uint64_t at = 0; table != NULL && at <= table->mask; at++) {
            free(atomic_load_explicit(&table->shown[at], memory_order_relaxed));
        }
        table_free(table);
    }
    free(board);
}

slc_cell_t *slc_board_cell(slc_shard_table_t *table, uint64_t hash, uint64_t drop_id)
{
    for (uint64_t i = hash & table->mask;; i = (i + 1) & table->mask) {
        /* acquire: pairs with the release in slc_board_update; a reader that sees the drop_id sees the
         * numbers that were written before it */
        uint64_t found = atomic_load_explicit(&table->cells[i].drop_id, memory_order_acquire);
        if (found == drop_id || found == 0) {
            return &table->cells[i];
        }
    }
}

static bool is_absent(const slc_cell_t *cell)
{
    /* relaxed: asked by the writer of its own writes */
    return atomic_load_explicit(&cell->closes_at_us, memory_order_relaxed) == 0 &&
           atomic_load_explicit(&cell->opens_at_us, memory_order_relaxed) == UINT64_MAX;
}

static void cell_copy(slc_cell_t *to, const slc_cell_t *from)
{
    /* relaxed throughout: `to` is not published yet, `from` is the writer's own */
    atomic_store_explicit(&to->drop_id, atomic_load_explicit(&from->drop_id, memory_order_relaxed),
                          memory_order_relaxed);
    atomic_store_explicit(&to->remaining, atomic_load_explicit(&from->remaining, memory_order_relaxed),
                          memory_order_relaxed);
    atomic_store_explicit(&to->opens_at_us,
                          atomic_load_explicit(&from->opens_at_us, memory_order_relaxed),
                          memory_order_relaxed);
    atomic_store_explicit(&to->closes_at_us,
                          atomic_load_explicit(&from->closes_at_us, memory_order_relaxed),
                          memory_order_relaxed);
}

static void table_reclaim(struct rcu_head *head)
{
    GRACE_IS_OVER();
    table_free((slc_shard_table_t *)(void *)head); /* the first member */
}

static void shown_reclaim(struct rcu_head *head)
{
    GRACE_IS_OVER();
    free(head); /* the first member */
}

/* Frees it behind a grace period. */
static void let_go(slc_board_t *board, struct rcu_head *head, void (*reclaim)(struct rcu_head *head))
{
    board->outgrown = true;
    urcu_qsbr_thread_online(); /* what call_rcu asks of its caller */
    urcu_qsbr_call_rcu(head, reclaim);
    urcu_qsbr_thread_offline();
}

/* A table with room for one more, without the absent cells; the old one goes behind a grace period. */
static slc_shard_table_t *shard_grow(slc_board_t *board, _Atomic(slc_shard_table_t *) *shard,
                                     slc_shard_table_t *old)
{
    uint64_t present = 0;
    for (uint64_t i = 0; old != NULL && i <= old->mask; i++) {
        const slc_cell_t *cell = &old->cells[i];
        present += atomic_load_explicit(&cell->drop_id, memory_order_relaxed) != 0 && !is_absent(cell);
    }
    uint64_t cells = SHARD_CELLS_MIN;
    while (cells < (present + 1) * 3) {
        cells *= 2;
    }
    slc_shard_table_t *table = table_create(cells);
    for (uint64_t i = 0; old != NULL && i <= old->mask; i++) {
        const slc_cell_t *cell = &old->cells[i];
        uint64_t drop_id = atomic_load_explicit(&cell->drop_id, memory_order_relaxed);
        if (drop_id != 0 && !is_absent(cell)) {
            slc_cell_t *copy = slc_board_cell(table, slc_board_hash(drop_id), drop_id);
            cell_copy(copy, cell);
            /* relaxed: as in cell_copy */
            atomic_store_explicit(&table->shown[copy - table->cells],
                                  atomic_load_explicit(&old->shown[i], memory_order_relaxed),
                                  memory_order_relaxed);
            table->used++;
        }
    }
    /* release: a reader that gets the new table gets the cells copied into it */
    atomic_store_explicit(shard, table, memory_order_release);
    if (old != NULL) {
        let_go(board, &old->rcu, table_reclaim);
    }
    return table;
}

static void cell_write(slc_cell_t *cell, const slc_drop_info_t *drop)
{
    uint64_t closes_at_us = 0;
    if (drop != NULL && !drop->closed) {
        closes_at_us = drop->closes_at_us == 0 ? UINT64_MAX : drop->closes_at_us;
    }
    /* release each: a hint that reads one of these may not see it older than the sequence it read first;
     * slc_board_publish is a release behind them, this keeps them behind the publication before */
    atomic_store_explicit(&cell->remaining, drop == NULL ? 0 : drop->remaining, memory_order_release);
    atomic_store_explicit(&cell->opens_at_us, drop == NULL ? UINT64_MAX : drop->opens_at_us,
                          memory_order_release);
    atomic_store_explicit(&cell->closes_at_us, closes_at_us, memory_order_release);
}

/* What people see of the drop in that cell. */
static void show(slc_board_t *board, _Atomic(slc_shown_t *) *place, const slc_drop_info_t *drop)
{
    /* relaxed: only this thread writes it */
    slc_shown_t *old = atomic_load_explicit(place, memory_order_relaxed);
    if (old != NULL && drop != NULL && slc_shown_is(old, drop)) {
        slc_shown_write(old, drop);
        return;
    }
    /* release: a reader that gets the record gets what was written into it */
    atomic_store_explicit(place, drop == NULL ? NULL : slc_shown_create(drop), memory_order_release);
    if (old != NULL) {
        let_go(board, &old->rcu, shown_reclaim);
    }
}

void slc_board_update(slc_board_t *board, uint64_t drop_id, const slc_drop_info_t *drop)
{
    uint64_t hash = slc_board_hash(drop_id);
    _Atomic(slc_shard_table_t *) *shard = &board->shards[hash >> (64 - SLC_SHARD_BITS)];
    /* relaxed: only this thread writes the pointer */
    slc_shard_table_t *table = atomic_load_explicit(shard, memory_order_relaxed);
    slc_cell_t *cell = table == NULL ? NULL : slc_board_cell(table, hash, drop_id);
    bool is_new = cell == NULL || atomic_load_explicit(&cell->drop_id, memory_order_relaxed) == 0;
    if (is_new && drop == NULL) {
        return; /* opened and purged within one batch: an unknown drop needs no cell */
    }
    if (is_new && (table == NULL || (table->used + 1) * 4 > (table->mask + 1) * 3)) {
        table = shard_grow(board, shard, table);
        cell = slc_board_cell(table, hash, drop_id);
    }
    SLC_CHECK(cell != NULL);
    cell_write(cell, drop);
    show(board, &table->shown[cell - table->cells], drop);
    if (is_new) {
        table->used++;
        /* release: see slc_board_cell */
        atomic_store_explicit(&cell->drop_id, drop_id, memory_order_release);
    }
}

void slc_board_publish(slc_board_t *board, uint64_t sequence, uint64_t time_us)
{
    /* relaxed: ordered by the release that follows; time alone only ever rises */
    atomic_store_explicit(&board->time_us, time_us, memory_order_relaxed);
    /* release: ingress reads the sequence first (acquire) and the cells behind it, and must not find a
     * cell older than the sequence says */
    atomic_store_explicit(&board->sequence, sequence, memory_order_release);
}

uint64_t slc_board_sequence(const slc_board_t *board)
{
    /* acquire: see slc_board_publish */
    return atomic_load_explicit(&board->sequence, memory_order_acquire);
}

bool slc_board_hint(const slc_board_t *board, uint64_t drop_id, uint64_t quantity, slc_hint_t *ret_hint)
{
    /* The sequence first: what is read behind it can only be newer. */
    ret_hint->sequence = slc_board_sequence(board);
    ret_hint->until_us = UINT64_MAX;
    /* relaxed: an older time only makes the hint more careful */
    uint64_t time_us = atomic_load_explicit(&board->time_us, memory_order_relaxed);
    uint64_t hash = slc_board_hash(drop_id);
    /* acquire: pairs with the release in shard_grow */
    slc_shard_table_t *table =
        atomic_load_explicit(&board->shards[hash >> (64 - SLC_SHARD_BITS)], memory_order_acquire);
    if (table == NULL) {
        return true;
    }
    const slc_cell_t *cell = slc_board_cell(table, hash, drop_id);
    /* relaxed throughout: slc_board_cell and slc_board_sequence were acquires, and each single number is
     * a reason of its own, true at or behind the sequence that was read */
    if (atomic_load_explicit(&cell->drop_id, memory_order_relaxed) == 0 ||
        atomic_load_explicit(&cell->closes_at_us, memory_order_relaxed) <= time_us ||
        atomic_load_explicit(&cell->remaining, memory_order_relaxed) < quantity) {
        return true;
    }
    uint64_t opens_at_us = atomic_load_explicit(&cell->opens_at_us, memory_order_relaxed);
    ret_hint->until_us = opens_at_us;
    return time_us < opens_at_us;
}

void slc_board_reader_register(void)
{
    urcu_qsbr_register_thread();
}

void slc_board_reader_unregister(void)
{
    READER_IS_QUIET();
    urcu_qsbr_unregister_thread();
}

void slc_board_reader_quiescent(void)
{
    READER_IS_QUIET();
    urcu_qsbr_quiescent_state();
}

void slc_board_reader_sleeps(void)
{
    READER_IS_QUIET();
    urcu_qsbr_thread_offline();
}

void slc_board_reader_wakes(void)
{
    urcu_qsbr_thread_online();
}
