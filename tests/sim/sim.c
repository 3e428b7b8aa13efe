/* The course of a simulation: clients ask under faults; then faults end and everyone gets an answer; then
 * the engine stops, its journal is replayed, and the oracle judges. */
#include "world.h"

#include "oracle.h"

#include "base/check.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Clients ask until so much has happened, and until they have asked all they wanted. */
#define EVENTS_MIN 1000u
/* Behind the end of the faults all has to be quiet within so many steps: else somebody waits for ever. */
#define DRAIN_STEPS_MAX 200000u
#define STEPS_MAX 200000u

void world_note(world_t *world, uint64_t value)
{
    world->result->trace = (world->result->trace ^ value) * UINT64_C(0x100000001b3);
}

void world_say(const world_t *world, const char *format, ...)
{
    if (world->verbose) {
        va_list arguments;
        va_start(arguments, format);
        (void)printf("%8" PRIu64 "  ", world->result->events);
        (void)vprintf(format, arguments);
        (void)printf("\n");
        va_end(arguments);
    }
}

void world_count(world_t *world)
{
    if (world->engine != NULL) {
        world->result->attempts += world->engine->attempts;
        world->result->rolls += world->engine->rolls;
        slc_keeper_status_t status = slc_keeper_status(world->engine->keeper);
        world->result->snapshots += status.written;
    }
}

static bool is_wrong(const world_t *world)
{
    return world->history.wrong[0] != '\0';
}

/* ---- what this seed is like ---- */

static void choose_snapshots(world_t *world)
{
    static const char *const retains[] = {"2", "2", "3", "4", "all", "archive:archive"};
    engine_config_t *config = &world->engine_config;
    uint64_t which = world_below(world, 6);
    config->retain = retains[which];
    /* A directory of the fake disk has so many places: what removes nothing writes seldom. */
    config->snapshot_interval_ns = which < 4 ? world_below(world, 2) * UINT64_C(20000000) : 0;
    config->snapshot_bytes = which < 4 ? UINT64_C(16384) << world_below(world, 4) : UINT64_C(262144);
}

static void choose_engine(world_t *world)
{
    static const uint64_t ring_slots[] = {8, 32, 128, 512};
    world->engine_config = (engine_config_t){
        .ios = 1 + (uint32_t)world_below(world, ENGINE_IOS_MAX),
        .ring_slots = ring_slots[world_below(world, 4)],
        .segment_bytes = UINT64_C(65536) << world_below(world, 3),
        .block_bytes_max = 8192u << world_below(world, 2),
        .durability = world_below(world, 6) == 0 ? SLC_DURABILITY_OS : SLC_DURABILITY_FSYNC,
        .limits =
            {
                .connections_max = CLIENTS_MAX * 2 + SLC_OPERATOR_PLACES,
                .in_flight_max = 1 + (uint32_t)world_below(world, 24),
                .frame_bytes_max = 1024,
                .hello_timeout_ns = UINT64_C(5000000000),
                .frame_timeout_ns = UINT64_C(10000000000),
                .write_timeout_ns = UINT64_C(10000000000),
            },
    };
    choose_snapshots(world);
    world->engine_config.min_free_bytes = world_below(world, 2) * (4096 + world_below(world, 65536));
    if (world_below(world, 3) == 0) {
        fake_sys_refuse_direct(world->disk);
    }
    world->fault_weight = world_below(world, 16) == 0 ? 0 : 3 + (uint32_t)world_below(world, 14);
}

static void choose_clients(world_t *world)
{
    const clients_config_t config = {
        .buyers = 2 + (uint32_t)world_below(world, 8),
        .operators = 1 + (uint32_t)world_below(world, 2),
        .drops = 1 + (uint32_t)world_below(world, 5),
        .users = 2 + (uint32_t)world_below(world, 12),
        .window = 1 + (uint32_t)world_below(world, CLIENT_WINDOW_MAX),
        .buys = 250 + (uint32_t)world_below(world, 450),
        .stock = 2 + world_below(world, 80),
        .malice = (uint32_t)world_below(world, 12),
        .restock = (uint32_t)world_below(world, 900),
    };
    clients_init(&world->clients, &config, &world->history, &world->net, fake_random(&world->random));
}

/* Where segments and snapshots go with --retain archive:archive. */
static void make_archive(fake_sys_t *disk)
{
    const slc_sys_t *sys = fake_sys_table(disk);
    SLC_CHECK(sys->mkdir(sys->self, AT_FDCWD, "archive", 0700) == 0);
    int top = sys->open(sys->self, AT_FDCWD, ".", O_RDONLY | O_DIRECTORY, 0);
    SLC_CHECK(top >= 0 && sys->fsync(sys->self, top) == 0 && sys->close(sys->self, top) == 0);
}

static void begin(world_t *world, uint64_t seed, bool verbose, sim_result_t *result)
{
    memset(result, 0, sizeof *result);
    memset(world, 0, sizeof *world);
    result->seed = seed;
    result->trace = UINT64_C(0xcbf29ce484222325);
    world->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    world->verbose = verbose;
    world->result = result;
    world->disk = fake_sys_create();
    net_init(&world->net);
    history_init(&world->history);
    choose_engine(world);
    choose_clients(world);
    schedule_init(world);
    make_archive(world->disk);
    fake_sys_t *first = world->disk;
    world->disk = fake_sys_kill(first); /* with the watch of faults.c from the first change on */
    fake_sys_destroy(first);
    faults_restart(world);
}

/* ---- its course ---- */

static void look_at_clocks(world_t *world)
{
    uint64_t mono_us = fake_sys_now_ns(world->disk) / 1000;
    uint64_t high_us = world->base_us + mono_us;
    world->clients.now_us = fake_sys_base_us(world->disk) + mono_us;
    if (high_us > world->clients.time_high_us) {
        world->clients.time_high_us = high_us;
    }
}

static void step(world_t *world)
{
    act_t act = schedule_next(world);
    look_at_clocks(world);
    bool did = schedule_act(world, act);
    faults_settle(world);
    look_at_clocks(world);
    if (did) {
        world->result->events++;
        world_note(world, (uint64_t)act);
    }
    if (world->engine == NULL && !is_wrong(world) && (world->draining || world_below(world, 40) == 0)) {
        faults_restart(world);
    }
}

static void run_with_faults(world_t *world)
{
    for (uint32_t steps = 0; steps < STEPS_MAX && !is_wrong(world); steps++) {
        if (world->result->events >= EVENTS_MIN && clients_have_asked(&world->clients)) {
            return;
        }
        step(world);
    }
    if (!is_wrong(world)) {
        (void)history_wrong(&world->history, "the clients did not get through in %u steps", STEPS_MAX);
    }
}

static bool is_quiet(const world_t *world)
{
    for (uint32_t i = 0; i < world->clients.count; i++) {
        if (world->clients.all[i].link >= 0 && world->clients.all[i].waiting > 0) {
            return false;
        }
    }
    return world->engine != NULL && clients_are_done(&world->clients);
}

/* Faults are over: every request on a connection that lives gets its answer. */
static void drain(world_t *world)
{
    world->draining = world->clients.draining = true;
    faults_end(world);
    /* Room is looked for every 250 ms, a segment made anew after a second; no deadline is so short. */
    fake_sys_pass_time(world->disk, UINT64_C(2000000000));
    world->history.all_is_well = true;
    world->weights[ACT_FAULT] = 0;
    world->mood_left = 0;
    for (uint32_t steps = 0; !is_wrong(world) && !is_quiet(world); steps++) {
        if (steps == DRAIN_STEPS_MAX) {
            (void)history_wrong(&world->history,
                                "no fault is left and somebody still waits for an answer");
        }
        step(world);
    }
}

/* As production stops: nothing more is taken in, what is in the ring is decided and answered. */
static void stop(world_t *world)
{
    engine_t *engine = world->engine;
    world->stopping = true;
    engine_close_ring(engine);
    for (uint32_t steps = 0; !is_wrong(world) && !engine_is_drained(engine); steps++) {
        if (steps == DRAIN_STEPS_MAX) {
            (void)history_wrong(&world->history, "the ring does not drain");
        }
        step(world);
    }
    (void)engine_journal_idle(engine);
    world_count(world);
}

/* The end, and the way back from it, must be the same state. */
static void judge(world_t *world)
{
    uint64_t sequence = slc_logic_sequence(world->engine->logic);
    uint64_t digest = slc_logic_digest(world->engine->logic);
    if (slc_logic_digest_recomputed(world->engine->logic) != digest) {
        (void)history_wrong(&world->history, "the digest is not that of the records");
    }
    fake_sys_t *image = fake_sys_kill(world->disk);
    engine_drop(world->engine);
    world->engine = NULL;
    fake_sys_destroy(world->disk);
    world->disk = image;
    faults_restart(world);
    if (is_wrong(world)) {
        return;
    }
    if (slc_logic_sequence(world->engine->logic) != sequence ||
        slc_logic_digest(world->engine->logic) != digest) {
        (void)history_wrong(&world->history,
                            "replayed, the journal gives event %" PRIu64 " and digest %016" PRIx64
                            ", the engine had %" PRIu64 " and %016" PRIx64,
                            slc_logic_sequence(world->engine->logic),
                            slc_logic_digest(world->engine->logic), sequence, digest);
        return;
    }
    oracle_judge(&world->history, digest);
}

static void finish(world_t *world)
{
    sim_result_t *result = world->result;
    result->journaled = world->history.fact_count - 1;
    result->replies = world->history.heard_count;
    result->accepted = world->clients.accepted;
    result->replayed = world->clients.replayed;
    result->read_only = world->clients.read_only;
    result->eagains = world->net.eagains;
    world_note(world, world->clients.trace);
    memcpy(result->wrong, world->history.wrong, sizeof result->wrong);
    engine_drop(world->engine);
    clients_finish(&world->clients);
    history_finish(&world->history);
    net_finish(&world->net);
    fake_sys_destroy(world->image);
    fake_sys_destroy(world->disk);
}

void sim_run(uint64_t seed, bool verbose, sim_result_t *ret_result)
{
    world_t *world = calloc(1, sizeof *world);
    SLC_CHECK(world != NULL);
    begin(world, seed, verbose, ret_result);
    if (!is_wrong(world)) {
        run_with_faults(world);
    }
    if (!is_wrong(world)) {
        drain(world);
    }
    if (!is_wrong(world)) {
        stop(world);
    }
    if (!is_wrong(world)) {
        judge(world);
    }
    finish(world);
    free(world);
}
