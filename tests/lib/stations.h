/* The journal's and the apply station behind a ring, in a fresh directory, with the relay between them
 * and their two threads running: for programs that give them work as an I/O thread does. Threads: start
 * and stop from one; the rest from any. Ownership: start to stop; the directory goes with it. Failure:
 * prints and aborts. */
#ifndef SLC_TESTS_LIB_STATIONS_H
#define SLC_TESTS_LIB_STATIONS_H

#include "engine/relay.h"
#include "event/slot.h"
#include "restore/restore.h"

typedef struct stations {
    char path[64];
    slc_sys_t sys;               /* the system's, with a pwrite that counts */
    _Atomic uint64_t own_writes; /* of blocks and seals, by the journal's own thread */
    _Atomic int write_fails;     /* errno of each write from now on; 0: they succeed */
    slc_directory_t *directory;
    slc_restored_t restored;
    slc_logic_t *logic;
    slc_writer_t *writer;
    slc_board_t *board;
    slc_digest_pair_t pair;
    slc_pipeline_t pipeline;
    slc_journal_station_t *journal;
    slc_apply_station_t *apply;
    slc_relay_t relay;
    _Atomic bool apply_left; /* its thread is at its end */
    pthread_t journal_thread;
    pthread_t apply_thread;
} stations_t;

/* Drop 1 is open with `stock` units. `ios` consumers of replies; blocks of at most `block_bytes_max`. */
void stations_start(stations_t *stations, uint64_t slots, uint32_t ios, uint32_t block_bytes_max,
                    uint64_t stock);
/* Both threads sleep, or are about to. */
bool stations_sleep(const stations_t *stations);
/* Blocks and seals that another thread than the journal's own has written; exact while nobody writes. */
uint64_t stations_lent_writes(const stations_t *stations);
void stations_await_sleep(const stations_t *stations);
/* Fills a claimed slot with a BUY of one unit of drop 1, of nobody's connection. */
void stations_fill(const stations_t *stations, uint64_t sequence, uint64_t order_key);
/* Passes what is decided, as reply consumer `io`: slots. */
int64_t stations_reply(stations_t *stations, uint32_t io);
/* Closes the ring and joins the threads. */
void stations_join(stations_t *stations);
void stations_stop(stations_t *stations);

#endif
