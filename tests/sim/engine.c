#include "engine.h"

#include "base/check.h"
#include "snapshot/write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fill_status(void *context, slc_engine_info_t *info)
{
    const engine_t *engine = context;
    slc_keeper_status_t status = slc_keeper_status(engine->keeper);
    info->attempts_missing = engine->attempts;
    info->snapshot_sequence = status.sequence;
    info->snapshots_written = status.written;
    (void)snprintf(info->version, sizeof info->version, "simulation");
}

static void note_attempt(void *context, const slc_attempt_t *attempt)
{
    engine_t *engine = context;
    SLC_CHECK(attempt->status != SLC_STATUS_ACCEPTED);
    engine->attempts++;
}

static slc_err_t open_journal(engine_t *engine, slc_error_t *ret_error)
{
    slc_err_t err = slc_directory_open(engine->sys, "data", &engine->directory, ret_error);
    if (err != SLC_OK) {
        return err;
    }
    err = slc_restore(engine->directory, NULL, NULL, &engine->logic, &engine->restored, ret_error);
    if (err != SLC_OK) {
        return err;
    }
    const slc_writer_config_t config = {
        .durability = engine->config.durability,
        .segment_bytes = engine->config.segment_bytes,
        .block_bytes_max = engine->config.block_bytes_max,
        .min_free_bytes = engine->config.min_free_bytes,
        .prepare_inside = true,
    };
    return slc_writer_open(engine->directory, &config, &engine->restored.end, &engine->writer, ret_error);
}

static uint64_t applied(void *context)
{
    const engine_t *engine = context;
    uint64_t sequence = 0;
    uint64_t digest = 0;
    SLC_CHECK(slc_digest_pair_read(&engine->pair, &sequence, &digest)); /* nobody writes beside us */
    return sequence;
}

static uint64_t journaled(void *context)
{
    const engine_t *engine = context;
    return slc_writer_stats(engine->writer).bytes;
}

/* As src/engine/snapshots.c, but for the thread. */
static slc_err_t open_snapshots(engine_t *engine, slc_error_t *ret_error)
{
    slc_keeper_config_t config = {
        .directory = engine->directory,
        .handover = &engine->handover,
        .interval_ns = engine->config.snapshot_interval_ns,
        .journal_bytes = engine->config.snapshot_bytes,
        .sequence = engine->restored.snapshot_sequence,
        .bytes = engine->restored.snapshot_bytes,
        .written_us = engine->restored.snapshot_written_us,
        .sync_journal = engine->config.durability == SLC_DURABILITY_OS,
        .applied = applied,
        .journaled = journaled,
        .context = engine,
    };
    slc_err_t err = slc_retain_parse(engine->config.retain, &config.retain, ret_error);
    if (err == SLC_OK) {
        err = slc_snapshot_remove_leftover(engine->directory, ret_error);
    }
    return err == SLC_OK ? slc_keeper_create(&config, &engine->keeper, ret_error) : err;
}

static void build_stations(engine_t *engine)
{
    slc_error_t error;
    SLC_CHECK(slc_pipeline_init(&engine->pipeline, engine->config.ring_slots, engine->config.ios, true,
                                &error) == SLC_OK);
    engine->board = slc_board_create();
    engine->journal = slc_journal_station_create(&(slc_journal_station_config_t){
        .sys = engine->sys,
        .ring = engine->pipeline.ring,
        .consumer = engine->pipeline.journal,
        .writer = engine->writer,
        .pair = &engine->pair,
        .time_us = engine->restored.end.time_us,
    });
    engine->apply = slc_apply_station_create(&(slc_apply_config_t){
        .ring = engine->pipeline.ring,
        .consumer = engine->pipeline.apply,
        .logic = engine->logic,
        .board = engine->board,
        .pair = &engine->pair,
        .note_attempt = note_attempt,
        .fill_status = fill_status,
        .context = engine,
        .handover = &engine->handover,
    });
    SLC_CHECK(engine->board != NULL && engine->journal != NULL && engine->apply != NULL);
    slc_apply_station_publish_restored(engine->apply);
    for (uint32_t i = 0; i < engine->config.ios; i++) {
        const slc_io_station_config_t config = {
            .number = i,
            .sys = engine->sys,
            .net = &engine->net->table,
            .ring = engine->pipeline.ring,
            .consumer = engine->pipeline.reply[i],
            .board = engine->board,
            .limits = engine->config.limits,
        };
        SLC_CHECK(slc_io_station_init(&engine->io[i], &config, &error) == SLC_OK);
        engine->ios++;
    }
}

slc_err_t engine_start(engine_t **ret_engine, const engine_config_t *config, fake_sys_t *fake, net_t *net,
                       slc_error_t *ret_error)
{
    engine_t *engine = aligned_alloc(128, sizeof *engine);
    SLC_CHECK(engine != NULL);
    memset(engine, 0, sizeof *engine);
    engine->config = *config;
    engine->sys = fake_sys_table(fake);
    engine->net = net;
    slc_handover_init(&engine->handover);
    slc_err_t err = open_journal(engine, ret_error);
    if (err == SLC_OK) {
        err = open_snapshots(engine, ret_error);
    }
    if (err != SLC_OK) {
        engine_drop(engine);
        *ret_engine = NULL;
        return err;
    }
    build_stations(engine);
    *ret_engine = engine;
    return SLC_OK;
}

/* Commands on slots that no reply station has passed die with the process; here they are let go. */
static void free_commands(engine_t *engine)
{
    if (engine->pipeline.ring == NULL) {
        return;
    }
    for (uint32_t i = 0; i < engine->ios; i++) {
        uint64_t end = slc_ring_claimed(engine->pipeline.ring);
        for (uint64_t at = slc_consumer_sequence(engine->pipeline.reply[i]); at < end; at++) {
            slc_slot_t *slot = slc_ring_slot(engine->pipeline.ring, at);
            if (slot->conn != SLC_CONN_NOBODY && slc_conn_io(slot->conn) == i &&
                (slot->flags & SLC_SLOT_HAS_COMMAND) != 0) {
                slc_command_destroy(slot->as.command);
            }
        }
    }
}

void engine_drop(engine_t *engine)
{
    if (engine == NULL) {
        return;
    }
    engine->net->engine_dead = true;
    free_commands(engine);
    for (uint32_t i = 0; i < engine->ios; i++) {
        slc_io_station_finish(&engine->io[i]);
    }
    if (engine->apply != NULL) {
        slc_apply_station_leave(engine->apply);
    }
    slc_cut_t *cut = slc_handover_leftover(&engine->handover);
    if (cut != NULL) {
        slc_logic_cut_end(engine->logic, cut);
    }
    slc_keeper_destroy(engine->keeper);
    slc_handover_finish(&engine->handover);
    slc_apply_station_destroy(engine->apply);
    slc_journal_station_destroy(engine->journal);
    if (engine->pipeline.ring != NULL) {
        slc_pipeline_finish(&engine->pipeline);
    }
    slc_board_destroy(engine->board);
    slc_writer_close(engine->writer);
    slc_logic_destroy(engine->logic);
    slc_directory_close(engine->directory);
    net_engine_died(engine->net);
    free(engine);
}

/* ---- turns ---- */

bool engine_journal_turn(engine_t *engine)
{
    if (engine->failed) {
        return false;
    }
    int64_t done = slc_journal_station_turn(engine->journal, &engine->error);
    engine->failed = done < 0;
    engine->rolls = slc_writer_stats(engine->writer).rolls;
    return done != 0;
}

bool engine_journal_idle(engine_t *engine)
{
    /* As slc_relay_run_journal does it: only where nothing waits. */
    if (engine->failed || slc_consumer_wait(engine->pipeline.journal, 0)) {
        return false;
    }
    engine->failed = slc_journal_station_idle(engine->journal, &engine->error) != SLC_OK;
    return true;
}

bool engine_apply_turn(engine_t *engine)
{
    return slc_apply_station_turn(engine->apply) > 0;
}

bool engine_has_cut(engine_t *engine)
{
    return atomic_load_explicit(&engine->handover.given, memory_order_relaxed) != NULL;
}

bool engine_keeper_turn(engine_t *engine)
{
    return slc_keeper_turn(engine->keeper);
}

bool engine_accept(engine_t *engine, int link)
{
    net_link_t *from = &engine->net->links[link];
    if (!from->waits) {
        return false;
    }
    uint32_t io = engine->next_io++ % engine->ios;
    from->waits = false;
    slc_connection_t *connection = slc_io_station_adopt(
        &engine->io[io], NET_FD_BASE + link, from->is_operator ? SLC_PEER_OPERATOR : SLC_PEER_BUYER);
    if (connection != NULL) {
        from->adopted = true;
        from->io = io;
        from->index = connection->index;
        from->generation = connection->generation;
        from->writable = true; /* as epoll says of a fresh socket */
    }
    return true;
}

static bool tell_news(engine_t *engine, uint32_t io)
{
    bool any = false;
    for (uint32_t i = 0; i < NET_LINKS_MAX; i++) {
        net_link_t *link = &engine->net->links[i];
        if (!link->adopted || link->io != io || !(link->readable || link->writable || link->hangup)) {
            continue;
        }
        slc_io_station_news(&engine->io[io], link->index, link->generation, link->readable,
                            link->writable, link->hangup);
        link->readable = link->writable = link->hangup = false;
        any = true;
    }
    return any;
}

bool engine_io_turn(engine_t *engine, uint32_t io, bool may_take_in)
{
    slc_board_reader_wakes();
    bool news = tell_news(engine, io);
    if (news) {
        slc_io_station_watch_deadlines(&engine->io[io]);
    }
    bool done = slc_io_station_turn(&engine->io[io], may_take_in) > 0;
    slc_board_reader_sleeps();
    return done || news;
}

void engine_close_ring(engine_t *engine)
{
    slc_ring_close(engine->pipeline.ring);
}

bool engine_is_drained(engine_t *engine)
{
    bool done = true;
    for (uint32_t i = 0; i < engine->ios; i++) {
        done &= slc_consumer_done(engine->pipeline.reply[i]);
        done &= !slc_io_station_has_unsent(&engine->io[i]);
    }
    return done;
}
