/* The engine of a simulation: the production stations, wired as src/engine/engine.c wires them, but with
 * a virtual disk, clock and network and without a thread: who calls the turns is the schedule.
 * Threads: one. Ownership: start creates, drop frees everything but disk and network.
 * Failure: start answers what production would exit with; a journal that fails marks the engine. */
#ifndef TESTS_SIM_ENGINE_H
#define TESTS_SIM_ENGINE_H

#include "../lib/fake_sys.h"
#include "net.h"

#include "apply/station.h"
#include "engine/io_station.h"
#include "engine/pipeline.h"
#include "journal/station.h"
#include "restore/restore.h"
#include "snapshot/keeper.h"

#define ENGINE_IOS_MAX 3u

typedef struct engine_config {
    uint32_t ios;
    uint64_t ring_slots;
    uint64_t segment_bytes;
    uint32_t block_bytes_max;
    slc_durability_t durability;
    uint64_t min_free_bytes;
    slc_session_limits_t limits;
    const char *retain;            /* as --retain */
    uint64_t snapshot_interval_ns; /* 0: never by time */
    uint64_t snapshot_bytes;       /* 0: never by size */
} engine_config_t;

typedef struct engine {
    slc_digest_pair_t pair;
    engine_config_t config;
    const slc_sys_t *sys;
    net_t *net;
    slc_directory_t *directory;
    slc_logic_t *logic;
    slc_restored_t restored;
    slc_writer_t *writer;
    slc_board_t *board;
    slc_pipeline_t pipeline;
    slc_journal_station_t *journal;
    slc_apply_station_t *apply;
    slc_handover_t handover;
    slc_keeper_t *keeper;
    slc_io_station_t io[ENGINE_IOS_MAX];
    uint32_t ios;      /* of them initialised */
    uint32_t next_io;  /* that takes the next connection */
    uint64_t attempts; /* refusals that were no events */
    uint64_t rolls;
    bool failed;       /* the journal failed: production has stopped */
    slc_error_t error; /* why */
} engine_t;

slc_err_t engine_start(engine_t **ret_engine, const engine_config_t *config, fake_sys_t *fake, net_t *net,
                       slc_error_t *ret_error);
/* NULL is fine. What it sends while it goes is lost. */
void engine_drop(engine_t *engine);

/* Turns, each true where it did something. */
bool engine_journal_turn(engine_t *engine);
bool engine_journal_idle(engine_t *engine);
bool engine_apply_turn(engine_t *engine);
/* Whether the keeper has a cut to write: its next turn writes, and may remove segments. */
bool engine_has_cut(engine_t *engine);
bool engine_keeper_turn(engine_t *engine);
/* Accepts one connection that waits. */
bool engine_accept(engine_t *engine, int link);
/* One look at the sockets and one turn of that I/O station. */
bool engine_io_turn(engine_t *engine, uint32_t io, bool may_take_in);
/* The end: nothing more is taken in, the ring drains, the journal is sealed. */
void engine_close_ring(engine_t *engine);
bool engine_is_drained(engine_t *engine);

#endif
