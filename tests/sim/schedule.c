/* Who is next, and what a turn of each is. */
#include "world.h"

#include <string.h>

static const uint32_t g_weights[ACTS] = {
    [ACT_JOURNAL] = 10, [ACT_APPLY] = 10,  [ACT_IO] = 14,    [ACT_UP] = 14,
    [ACT_DOWN] = 14,    [ACT_CLIENT] = 16, [ACT_ACCEPT] = 6, [ACT_KEEPER] = 2,
    [ACT_TIME] = 3,     [ACT_IDLE] = 2,    [ACT_FAULT] = 1,
};

void schedule_init(world_t *world)
{
    for (int act = 0; act < ACTS; act++) {
        world->weights[act] = 4 * g_weights[act] * (1 + (uint32_t)world_below(world, 4));
    }
    world->weights[ACT_FAULT] = world->fault_weight;
    memcpy(world->moods, world->weights, sizeof world->moods);
    world->mood_left = 50;
}

/* Now and then somebody starves for a while, or has it all to itself. */
static void change_mood(world_t *world)
{
    memcpy(world->moods, world->weights, sizeof world->moods);
    world->mood_left = 20 + (uint32_t)world_below(world, 200);
    if (world->draining) {
        return;
    }
    uint64_t toss = world_below(world, 3);
    uint64_t who = world_below(world, ACT_TIME);
    if (toss == 0) {
        world->moods[who] = 0;
        world->result->faults[SIM_STALL]++;
    } else if (toss == 1) {
        world->moods[who] *= 20;
    }
}

act_t schedule_next(world_t *world)
{
    if (world->mood_left-- == 0) {
        change_mood(world);
    }
    uint64_t sum = 0;
    for (int act = 0; act < ACTS; act++) {
        sum += world->moods[act];
    }
    uint64_t toss = world_below(world, sum);
    for (int act = 0; act < ACTS; act++) {
        if (toss < world->moods[act]) {
            return (act_t)act;
        }
        toss -= world->moods[act];
    }
    return ACT_TIME;
}

/* How much of what is under way arrives: any cut is possible, all of it is likely. */
static size_t portion(world_t *world)
{
    uint64_t toss = world_below(world, 8);
    return toss == 0 ? 1 : toss < 3 ? 1 + world_below(world, 40) : 65536;
}

static bool deliver_up(world_t *world)
{
    uint64_t from = world_below(world, NET_LINKS_MAX);
    for (uint32_t i = 0; i < NET_LINKS_MAX; i++) {
        int link = (int)((from + i) % NET_LINKS_MAX);
        if (net_up_has(&world->net.links[link])) {
            net_deliver_up(&world->net, link, portion(world));
            return true;
        }
    }
    return false;
}

static bool deliver_down(world_t *world)
{
    uint8_t bytes[65536];
    uint64_t from = world_below(world, NET_LINKS_MAX);
    for (uint32_t i = 0; i < NET_LINKS_MAX; i++) {
        int link = (int)((from + i) % NET_LINKS_MAX);
        if (net_down_has(&world->net.links[link])) {
            bool end = false;
            uint32_t client = world->net.links[link].client;
            size_t count = net_deliver_down(&world->net, link, bytes, portion(world), &end);
            client_receive(&world->clients, client, bytes, count, end);
            return true;
        }
    }
    return false;
}

static bool accept_one(world_t *world)
{
    uint64_t from = world_below(world, NET_LINKS_MAX);
    for (uint32_t i = 0; i < NET_LINKS_MAX; i++) {
        if (engine_accept(world->engine, (int)((from + i) % NET_LINKS_MAX))) {
            return true;
        }
    }
    return false;
}

static bool pass_time(world_t *world)
{
    uint64_t toss = world_below(world, 100);
    uint64_t ns = 1000 + world_below(world, 2000000);
    if (world->draining) {
        ns = 1000 + world_below(world, 20000); /* nobody may be saved by a deadline */
    } else if (toss < 10) {
        ns = world_below(world, UINT64_C(300000000));
    } else if (toss == 10) {
        ns = UINT64_C(11000000000);
        world->result->faults[SIM_TIMEOUT]++;
    }
    fake_sys_pass_time(world->disk, ns);
    return toss <= 10;
}

static bool turn_of_keeper(world_t *world)
{
    engine_t *engine = world->engine;
    if (engine_has_cut(engine)) {
        history_learn(&world->history, world->disk); /* before segments go */
    }
    bool did = engine_keeper_turn(engine);
    slc_keeper_status_t status = slc_keeper_status(engine->keeper);
    if (status.failed > 0 && !world->armed && !world->disk_is_full && !world->disk_failed) {
        (void)history_wrong(&world->history, "a snapshot failed without a fault: %s", status.error);
    }
    world->disk_failed |= status.failed > 0;
    return did;
}

static bool act_of_engine(world_t *world, act_t act)
{
    switch ((int)act) {
    case ACT_JOURNAL:
        return engine_journal_turn(world->engine);
    case ACT_APPLY:
        return engine_apply_turn(world->engine);
    case ACT_IO:
        return engine_io_turn(world->engine, (uint32_t)world_below(world, world->engine->ios),
                              !world->stopping);
    case ACT_ACCEPT:
        return accept_one(world);
    case ACT_KEEPER:
        return turn_of_keeper(world);
    case ACT_IDLE:
    default:
        return !world->stopping && engine_journal_idle(world->engine);
    }
}

bool schedule_act(world_t *world, act_t act)
{
    switch ((int)act) {
    case ACT_UP:
        return deliver_up(world);
    case ACT_DOWN:
        return deliver_down(world);
    case ACT_CLIENT:
        return !world->stopping &&
               client_act(&world->clients, (uint32_t)world_below(world, world->clients.count));
    case ACT_TIME:
        return pass_time(world);
    case ACT_FAULT:
        faults_inject(world);
        return true;
    default:
        return world->engine != NULL && act_of_engine(world, act);
    }
}
