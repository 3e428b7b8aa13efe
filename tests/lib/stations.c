#include "stations.h"

#include "base/check.h"
#include "base/hash.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local bool is_journal_thread;

static ssize_t counting_pwrite(void *self, int fd, const void *bytes, size_t count, uint64_t offset)
{
    stations_t *stations = self;
    int fails = atomic_load(&stations->write_fails);
    if (fails != 0) {
        return -fails;
    }
    if (is_journal_thread && offset != 0) { /* at 0 lies a segment's header */
        (void)atomic_fetch_add(&stations->own_writes, 1);
    }
    return slc_sys_posix()->pwrite(NULL, fd, bytes, count, offset);
}

static void *journal_main(void *context)
{
    stations_t *stations = context;
    is_journal_thread = true;
    slc_board_reader_register();
    slc_board_reader_sleeps();
    slc_relay_run_journal(&stations->relay);
    slc_board_reader_unregister();
    return NULL;
}

static void *apply_main(void *context)
{
    stations_t *stations = context;
    slc_board_reader_register();
    slc_board_reader_sleeps();
    slc_relay_run_apply(&stations->relay);
    slc_board_reader_unregister();
    atomic_store(&stations->apply_left, true);
    return NULL;
}

static void open_drop(stations_t *stations, uint64_t stock)
{
    slc_event_t event = {.kind = SLC_EVENT_DROP_OPENED, .sequence = 1, .time_us = 1};
    event.as.drop_opened.drop_id = 1;
    event.as.drop_opened.stock = stock;
    event.as.drop_opened.name.data = "";
    slc_error_t error;
    slc_writer_begin(stations->writer, 1);
    SLC_CHECK(slc_writer_append_event(stations->writer, &event));
    SLC_CHECK(slc_writer_commit(stations->writer, 0, 0, &error) == SLC_OK);
    slc_answer_t answer;
    char text[256];
    slc_logic_apply(stations->logic, &event, &answer, text);
    SLC_CHECK(answer.status == SLC_STATUS_ACCEPTED);
}

static void open_directory(stations_t *stations, uint32_t block_bytes_max)
{
    slc_error_t error;
    const slc_writer_config_t config = {
        .segment_bytes = 16u << 20,
        .block_bytes_max = block_bytes_max,
        .durability = SLC_DURABILITY_OS,
        .no_direct = true,
    };
    strcpy(stations->path, "/tmp/sluice-stations-XXXXXX");
    SLC_CHECK(mkdtemp(stations->path) != NULL);
    SLC_CHECK(slc_directory_open(&stations->sys, stations->path, &stations->directory, &error) == SLC_OK);
    SLC_CHECK(slc_restore(stations->directory, NULL, NULL, &stations->logic, &stations->restored,
                          &error) == SLC_OK);
    SLC_CHECK(slc_writer_open(stations->directory, &config, &stations->restored.end, &stations->writer,
                              &error) == SLC_OK);
}

static void build(stations_t *stations, uint64_t slots, uint32_t ios)
{
    slc_error_t error;
    SLC_CHECK(slc_pipeline_init(&stations->pipeline, slots, ios, false, &error) == SLC_OK);
    stations->board = slc_board_create();
    stations->journal = slc_journal_station_create(&(slc_journal_station_config_t){
        .sys = &stations->sys,
        .ring = stations->pipeline.ring,
        .consumer = stations->pipeline.journal,
        .writer = stations->writer,
        .pair = &stations->pair,
        .time_us = 1,
    });
    stations->apply = slc_apply_station_create(&(slc_apply_config_t){
        .ring = stations->pipeline.ring,
        .consumer = stations->pipeline.apply,
        .logic = stations->logic,
        .board = stations->board,
        .pair = &stations->pair,
    });
    SLC_CHECK(stations->board != NULL && stations->journal != NULL && stations->apply != NULL);
    slc_relay_init(&stations->relay, &stations->pipeline, stations->journal, stations->apply);
    slc_apply_station_publish_restored(stations->apply);
}

void stations_start(stations_t *stations, uint64_t slots, uint32_t ios, uint32_t block_bytes_max,
                    uint64_t stock)
{
    memset(stations, 0, sizeof *stations);
    stations->sys = *slc_sys_posix();
    stations->sys.self = stations;
    stations->sys.pwrite = counting_pwrite;
    open_directory(stations, block_bytes_max);
    open_drop(stations, stock);
    build(stations, slots, ios);
    SLC_CHECK(pthread_create(&stations->journal_thread, NULL, journal_main, stations) == 0);
    SLC_CHECK(pthread_create(&stations->apply_thread, NULL, apply_main, stations) == 0);
}

bool stations_sleep(const stations_t *stations)
{
    return slc_ring_is_slept_on(stations->pipeline.ring) &&
           slc_consumer_is_slept_on(stations->pipeline.journal);
}

uint64_t stations_lent_writes(const stations_t *stations)
{
    /* One was written before the threads began; zeros for the next segment are no blocks. */
    return slc_writer_stats(stations->writer).blocks - 1 - atomic_load(&stations->own_writes);
}

void stations_await_sleep(const stations_t *stations)
{
    while (!stations_sleep(stations)) {
        (void)sched_yield();
    }
}

void stations_fill(const stations_t *stations, uint64_t sequence, uint64_t order_key)
{
    slc_slot_t *slot = slc_ring_slot(stations->pipeline.ring, sequence);
    memset(slot, 0, sizeof *slot);
    slot->conn = SLC_CONN_NOBODY;
    slot->kind = SLC_SLOT_BUY;
    slot->as.ask.drop_id = 1;
    slot->as.ask.order_key = order_key;
    slot->quantity = 1;
    memset(slot->user, 'a', SLC_USER_BYTES_MAX); /* long, so that few fill a block */
    slot->user_bytes = SLC_USER_BYTES_MAX;
    slot->as.ask.user_hash = slc_hash(slot->user, slot->user_bytes);
}

static int64_t pass(void *context, uint64_t first, uint64_t count)
{
    const stations_t *stations = context;
    for (uint64_t i = first; i < first + count; i++) {
        const slc_slot_t *slot = slc_ring_slot(stations->pipeline.ring, i);
        SLC_CHECK(slot->kind == SLC_SLOT_BUY && slot->status == SLC_STATUS_ACCEPTED);
    }
    return (int64_t)count;
}

int64_t stations_reply(stations_t *stations, uint32_t io)
{
    return slc_consumer_poll(stations->pipeline.reply[io], pass, stations);
}

void stations_join(stations_t *stations)
{
    slc_ring_close(stations->pipeline.ring);
    SLC_CHECK(pthread_join(stations->journal_thread, NULL) == 0);
    SLC_CHECK(pthread_join(stations->apply_thread, NULL) == 0);
}

void stations_stop(stations_t *stations)
{
    slc_relay_finish(&stations->relay);
    slc_apply_station_destroy(stations->apply);
    slc_journal_station_destroy(stations->journal);
    slc_pipeline_finish(&stations->pipeline);
    slc_board_destroy(stations->board);
    slc_writer_close(stations->writer);
    slc_logic_destroy(stations->logic);
    slc_directory_close(stations->directory);
    char command[128];
    (void)snprintf(command, sizeof command, "rm -r %s", stations->path);
    SLC_CHECK(system(command) == 0);
}
