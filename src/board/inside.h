/* The inside of a board, shared by board.c (tables, hints) and list.c (what people see), and by nobody
 * else. Threads, ownership, failure: as board.h. */
#ifndef SLC_BOARD_INSIDE_H
#define SLC_BOARD_INSIDE_H

#include "board/board.h"
#include "board/shown.h"

#define SLC_SHARD_BITS 8
#define SLC_SHARDS (1u << SLC_SHARD_BITS)

/* What a hint needs of a drop: half a cache line. */
typedef struct slc_cell {
    _Atomic uint64_t drop_id; /* 0: free */
    _Atomic uint64_t remaining;
    _Atomic uint64_t opens_at_us;
    _Atomic uint64_t closes_at_us; /* 0: closed by now, or absent; UINT64_MAX: never by itself */
} slc_cell_t;

typedef struct slc_shard_table {
    struct rcu_head rcu;
    uint64_t mask;
    uint64_t used;                 /* writer only: cells that are not free */
    _Atomic(slc_shown_t *) *shown; /* beside each cell; NULL: free or absent */
    slc_cell_t cells[];
} slc_shard_table_t;

struct slc_board {
    /* Written together once a batch, read together for each hint: one line of their own. */
    _Alignas(128) _Atomic uint64_t sequence;
    _Atomic uint64_t time_us;
    bool outgrown; /* writer only, and seldom: something is, or was, on its way to be freed */
    _Alignas(128) _Atomic(slc_shard_table_t *) shards[SLC_SHARDS];
};

uint64_t slc_board_hash(uint64_t drop_id);
/* The drop's cell, or the free one where it would go. The writer keeps a free cell in every table. */
slc_cell_t *slc_board_cell(slc_shard_table_t *table, uint64_t hash, uint64_t drop_id);

#endif
