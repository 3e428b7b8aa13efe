/* What goes wrong, and what is left when it has. */
#include "world.h"

#include "base/check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const g_names[SIM_FAULTS] = {
    [SIM_POWER_CUT] = "power cut",
    [SIM_POWER_CUT_IN] = "power cut in a write",
    [SIM_KILL] = "kill",
    [SIM_KILL_IN] = "kill in a write",
    [SIM_CRASH_START] = "crash in start",
    [SIM_TORN] = "torn tail",
    [SIM_DISK_ERROR] = "disk error",
    [SIM_DISK_FULL] = "disk full",
    [SIM_SHORT_WRITE] = "short write",
    [SIM_INTERRUPTED] = "interrupted call",
    [SIM_RESET] = "connection reset",
    [SIM_STALL] = "stall",
    [SIM_CLOCK_BACK] = "clock back",
    [SIM_TIMEOUT] = "timeout",
    [SIM_BIT_ROT] = "bit rot in the newest snapshot",
};

const char *sim_fault_name(sim_fault_t fault)
{
    return g_names[fault];
}

static fake_sys_t *leave_image(world_t *world, bool power)
{
    if (!power) {
        return fake_sys_kill(world->disk);
    }
    fake_keep_t keep = (fake_keep_t)world_below(world, 4);
    return fake_sys_crash(world->disk, keep, fake_random(&world->random));
}

/* A power cut takes what only the kernel has: with durability `os` that is promised to nobody. */
static bool may_cut_power(const world_t *world)
{
    return world->engine_config.durability == SLC_DURABILITY_FSYNC;
}

static void before_change(void *context, fake_sys_t *disk, uint64_t change)
{
    world_t *world = context;
    (void)disk;
    (void)change;
    if (world->crash_in > 0 && --world->crash_in == 0) {
        world->image = leave_image(world, world->crash_is_power);
        world->net.engine_dead = true; /* the turn goes on, but nobody hears of it */
    }
}

static void use_disk(world_t *world, fake_sys_t *disk)
{
    if (world->disk != NULL) {
        fake_sys_destroy(world->disk);
    }
    world->disk = disk;
    fake_sys_watch(disk, before_change, world);
}

/* ---- down ---- */

static void take_down(world_t *world, fake_sys_t *image)
{
    world_count(world);
    engine_drop(world->engine); /* on the disk of the dead: the image was taken before */
    world->engine = NULL;
    world->crash_in = 0;
    world->armed = false;
    world->disk_is_full = false;
    fake_sys_limit_bytes(image, 0);
    use_disk(world, image);
}

static void crash_now(world_t *world, bool power)
{
    fake_sys_t *image = leave_image(world, power);
    world->result->faults[power ? SIM_POWER_CUT : SIM_KILL]++;
    world_say(world, "%s", power ? "power cut" : "kill");
    take_down(world, image);
}

void faults_settle(world_t *world)
{
    if (world->image != NULL) {
        fake_sys_t *image = world->image;
        world->image = NULL;
        world->result->faults[world->crash_is_power ? SIM_POWER_CUT_IN : SIM_KILL_IN]++;
        world_say(world, "%s within a turn", world->crash_is_power ? "power cut" : "kill");
        take_down(world, image);
        return;
    }
    if (world->engine != NULL && world->engine->failed) {
        world_say(world, "fail-stop: %s", world->engine->error.message);
        if (!world->armed && !world->disk_is_full) {
            (void)history_wrong(&world->history, "the journal failed without a fault: %s",
                                world->engine->error.message);
        }
        world->result->faults[world->disk_is_full ? SIM_DISK_FULL : world->arming]++;
        take_down(world, leave_image(world, may_cut_power(world) && world_below(world, 2) == 0));
    } else if (world->armed && fake_sys_faulted(world->disk)) {
        world->result->faults[world->arming]++; /* the engine lives with it */
        world->armed = false;
        fake_sys_heal(world->disk);
    }
}

/* ---- up ---- */

/* A start may refuse the snapshots that we changed, and no other. */
static void check_refused(world_t *world)
{
    uint32_t rotten = 0;
    size_t bytes;
    for (uint32_t i = 0; i < world->rotten_count; i++) {
        rotten += fake_sys_file(world->disk, world->rotten[i], &bytes) != NULL;
    }
    if (world->engine->restored.snapshots_refused > rotten) {
        (void)history_wrong(&world->history, "a snapshot is not good that nobody changed: %s",
                            world->engine->restored.snapshot_why);
    }
}

static void after_start(world_t *world)
{
    engine_t *engine = world->engine;
    uint64_t sequence = slc_logic_sequence(engine->logic);
    world->result->faults[SIM_TORN] += engine->restored.torn;
    world->disk_failed = false;
    world->base_us = fake_sys_base_us(world->disk);
    world_say(world, "started at event %" PRIu64 ", %" PRIu64 " of them from a snapshot%s", sequence,
              engine->restored.snapshot_sequence, engine->restored.torn ? ", torn" : "");
    world_note(world, slc_logic_digest(engine->logic));
    check_refused(world);
    history_read(&world->history, world->disk, sequence);
    history_claim(&world->history, sequence, slc_logic_digest(engine->logic));
    world->result->segments_gone += world->history.first > 1;
    world->result->from_snapshot += engine->restored.snapshot_sequence != 0;
    world->result->snapshots_refused += engine->restored.snapshots_refused;
}

/* One byte of the newest snapshot changes while nobody looks: the one before it has to do. */
static void rot(world_t *world)
{
    char names[FAKE_ENTRIES_MAX][FAKE_NAME_BYTES];
    char path[FAKE_NAME_BYTES + 8] = "";
    size_t bytes = 0;
    if (fake_sys_file(world->disk, "data", &bytes) == NULL) {
        return; /* the cut came before anything was there */
    }
    size_t count = fake_sys_names(world->disk, "data", names, FAKE_ENTRIES_MAX);
    for (size_t i = 0; i < count; i++) {
        if (strstr(names[i], ".snap") != NULL && strcmp(names[i], path + 5 * (path[0] != '\0')) > 0) {
            (void)snprintf(path, sizeof path, "data/%.95s", names[i]);
        }
    }
    const uint8_t *file = path[0] == '\0' ? NULL : fake_sys_file(world->disk, path, &bytes);
    if (file == NULL || world->rotten_count == ROTTEN_MAX) {
        return;
    }
    memcpy(world->rotten[world->rotten_count++], path, sizeof path);
    uint64_t at = world_below(world, bytes);
    uint8_t changed = file[at] ^ (uint8_t)(1 + world_below(world, 255));
    fake_sys_poke(world->disk, path, &changed, 1, at);
    world->result->faults[SIM_BIT_ROT]++;
    world_say(world, "bit rot in %s at %" PRIu64, path, at);
}

void faults_restart(world_t *world)
{
    slc_error_t error = {.message = ""};
    if (!world->draining && world_below(world, 8) == 0) {
        rot(world);
    }
    if (!world->draining && world_below(world, 4) == 0) {
        world->crash_in = 1 + world_below(world, 30);
        world->crash_is_power = may_cut_power(world) && world_below(world, 2) == 0;
    }
    slc_err_t err = engine_start(&world->engine, &world->engine_config, world->disk, &world->net, &error);
    if (world->image != NULL) {
        fake_sys_t *image = world->image;
        world->image = NULL;
        world->result->faults[SIM_CRASH_START]++;
        world_say(world, "crash in the start");
        take_down(world, image);
        return;
    }
    world->crash_in = 0;
    if (err != SLC_OK) {
        (void)history_wrong(&world->history, "the engine does not start: %s", error.message);
        return;
    }
    after_start(world);
}

/* ---- faults ---- */

static void arm_crash(world_t *world)
{
    world->crash_in = 1 + world_below(world, 12);
    world->crash_is_power = may_cut_power(world) && world_below(world, 3) != 0;
}

static void arm_error(world_t *world, sim_fault_t fault)
{
    static const fake_call_t calls[] = {FAKE_PWRITE, FAKE_PWRITE,    FAKE_RENAME,
                                        FAKE_OPEN,   FAKE_TRUNCATE,  FAKE_LINK,
                                        FAKE_UNLINK, FAKE_FDATASYNC, FAKE_FSYNC};
    static const int errors[] = {EIO, ENOSPC, EDQUOT, EROFS};
    /* What the device fails to take is lost where a yes stands on the page cache alone: `os` promises
     * nothing there. */
    uint64_t kinds = world->engine_config.durability == SLC_DURABILITY_OS ? 7 : 9;
    fake_call_t call = fault == SIM_DISK_ERROR ? calls[world_below(world, kinds)] : FAKE_PWRITE;
    uint64_t nth = 1 + world_below(world, call == FAKE_PWRITE ? 8 : 2);
    if (fault == SIM_SHORT_WRITE) {
        fake_sys_shorten(world->disk, call, nth, 512 * (1 + world_below(world, 7)));
    } else if (fault == SIM_INTERRUPTED) {
        fake_sys_fail(world->disk, call, nth, EINTR, false);
    } else {
        fake_sys_fail(world->disk, call, nth, errors[world_below(world, 4)], world_below(world, 2) == 0);
    }
    world->history.disk_was_full |= fault == SIM_DISK_ERROR; /* ENOSPC and EDQUOT are among them */
    world->armed = true;
    world->arming = fault;
    world_say(world, "armed: %s of %s, number %" PRIu64, sim_fault_name(fault), fake_call_name(call),
              nth);
}

static void fill_disk(world_t *world)
{
    fake_sys_limit_bytes(world->disk, fake_sys_bytes(world->disk) + world_below(world, 65536));
    world->disk_is_full = true;
    world->history.disk_was_full = true;
    world_say(world, "the disk is nearly full");
}

static void make_room(world_t *world)
{
    world->result->faults[SIM_DISK_FULL]++;
    world->disk_is_full = false;
    fake_sys_limit_bytes(world->disk, 0);
    world_say(world, "the disk has room again");
}

static void wall_clock_back(world_t *world)
{
    world->result->faults[SIM_CLOCK_BACK]++;
    fake_sys_set_time(world->disk, fake_sys_base_us(world->disk) - world_below(world, 3000000000));
}

static void reset_some(world_t *world)
{
    uint32_t who = (uint32_t)world_below(world, world->clients.count);
    if (world->clients.all[who].link >= 0) {
        world->result->faults[SIM_RESET]++;
        client_break(&world->clients, who, world_below(world, 3) != 0);
    }
}

/* Each torn tail leaves a file for people, and a directory of the fake disk has so many places. */
static bool is_crowded(world_t *world)
{
    static char names[FAKE_ENTRIES_MAX][FAKE_NAME_BYTES];
    return fake_sys_names(world->disk, "data", names, FAKE_ENTRIES_MAX) > FAKE_ENTRIES_MAX / 2 ||
           fake_sys_names(world->disk, "archive", names, FAKE_ENTRIES_MAX) > FAKE_ENTRIES_MAX / 2;
}

void faults_inject(world_t *world)
{
    uint64_t toss = world_below(world, 100);
    if (toss < 30) {
        reset_some(world);
    } else if (toss < 35) {
        wall_clock_back(world);
    } else if (world->disk_is_full && toss < 60) {
        make_room(world);
    } else if (world->engine == NULL || is_crowded(world) || world->crash_in > 0 || world->armed ||
               world->disk_is_full) {
        return; /* one at a time */
    } else if (toss < 43) {
        crash_now(world, may_cut_power(world));
    } else if (toss < 49) {
        crash_now(world, false);
    } else if (toss < 70) {
        arm_crash(world);
    } else if (toss < 84) {
        arm_error(world, SIM_DISK_ERROR);
    } else if (toss < 89) {
        arm_error(world, SIM_SHORT_WRITE);
    } else if (toss < 94) {
        arm_error(world, SIM_INTERRUPTED);
    } else {
        fill_disk(world);
    }
}

void faults_end(world_t *world)
{
    world->crash_in = 0;
    world->armed = false;
    world->disk_is_full = false;
    fake_sys_heal(world->disk);
    fake_sys_limit_bytes(world->disk, 0);
}
