/* The inside of a simulation, shared by sim.c (its course), schedule.c (who is next) and faults.c.
 * Threads, ownership, failure: as sim.h. */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include "client.h"
#include "engine.h"
#include "sim.h"

typedef enum act {
    ACT_JOURNAL,
    ACT_APPLY,
    ACT_IO,
    ACT_UP,
    ACT_DOWN,
    ACT_CLIENT,
    ACT_ACCEPT,
    ACT_KEEPER,
    ACT_TIME,
    ACT_IDLE,
    ACT_FAULT,
    ACTS
} act_t;

#define ROTTEN_MAX 64u

typedef struct world {
    uint64_t random;
    bool verbose;
    engine_config_t engine_config;
    fake_sys_t *disk;
    fake_sys_t *image; /* what a crash left, while the turn in which it came still runs */
    engine_t *engine;  /* NULL: it is down */
    net_t net;
    clients_t clients;
    history_t history;
    sim_result_t *result;
    /* the schedule */
    uint32_t weights[ACTS];
    uint32_t moods[ACTS]; /* the weights just now */
    uint32_t mood_left;
    bool draining;
    bool stopping;
    /* faults under way */
    uint32_t fault_weight;
    uint64_t crash_in; /* changes of the disk until it comes; 0: none */
    bool crash_is_power;
    bool armed;         /* an error of the disk is */
    sim_fault_t arming; /* which */
    bool disk_is_full;
    bool disk_failed;                             /* a snapshot has failed since the start */
    char rotten[ROTTEN_MAX][FAKE_NAME_BYTES + 8]; /* snapshots that we changed */
    uint32_t rotten_count;
    uint64_t base_us; /* the wall clock minus the monotonic one when the engine started */
} world_t;

static inline uint64_t world_below(world_t *world, uint64_t bound)
{
    return fake_random(&world->random) % bound;
}
void world_note(world_t *world, uint64_t value);
/* Adds up what the engine counted, before it goes. */
void world_count(world_t *world);
void world_say(const world_t *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* schedule.c */
void schedule_init(world_t *world);
act_t schedule_next(world_t *world);
bool schedule_act(world_t *world, act_t act);

/* faults.c */
void faults_inject(world_t *world);
/* Faults end; what is armed goes off no more. */
void faults_end(world_t *world);
/* Behind each turn: takes the engine down where a crash came or its journal failed. */
void faults_settle(world_t *world);
/* Starts the engine on what there is. */
void faults_restart(world_t *world);

#endif
