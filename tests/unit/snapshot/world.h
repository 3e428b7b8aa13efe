/* The engine around a keeper in a test: a journal that is further than the state, and the apply station's
 * side of the handover, all on the test's thread; and what a disk has to look like at any moment.
 * Threads: the test's, but for a keeper that it gives a thread. Ownership: open and close a world; the
 * script and its journal are of the test's setup and teardown. Failure: fails the test. */
#ifndef TESTS_UNIT_SNAPSHOT_WORLD_H
#define TESTS_UNIT_SNAPSHOT_WORLD_H

#include "../../lib/fake_sys.h"
#include "../../lib/journal_lab.h"

#include "snapshot/keeper.h"

#define SECOND_NS UINT64_C(1000000000)
#define BYTES_PER_EVENT 100u
#define START_US UINT64_C(1800000000000000)

extern lab_t *lab;
extern fake_sys_t *whole; /* all of the journal, and nothing taken yet */

void world_setup(void);
void world_teardown(void);

typedef struct world {
    fake_sys_t *fake;
    slc_directory_t *directory;
    slc_logic_t *logic;
    slc_handover_t handover;
    slc_cut_t *cut;
    slc_keeper_t *keeper;
    uint64_t journaled;
    _Atomic uint64_t applied; /* read by a keeper that has a thread */
} world_t;

/* Takes over `fake`. */
void world_open(world_t *world, fake_sys_t *fake);
/* Two snapshots kept, none taken unless asked for, no pauses. */
slc_keeper_config_t world_config(world_t *world);
/* Begins the keeper. */
void world_keep(world_t *world, const slc_keeper_config_t *config);
void world_close(world_t *world);

/* The next events of the script. */
void world_apply(world_t *world, uint64_t events);
/* What src/apply/station.c does of it. */
void world_station_turn(world_t *world);
/* Turns of both, until neither has anything to do; true: a snapshot was written, or tried. */
bool world_settle(world_t *world);
/* Asks for one; true: it was written. */
bool world_snapshot_now(world_t *world);

typedef struct seen {
    size_t snapshots; /* all of them good, with the digest of the script behind that event */
    uint64_t newest;
    uint64_t older; /* the one before */
    size_t segments;
    uint64_t reaches_back_to;
} seen_t;

/* The promise: every snapshot under its name is good, the journal is one piece and reaches back to the
 * second newest one. */
seen_t judge_directory(const slc_directory_t *directory);
/* The same of what a power cut left. */
seen_t judge_disk(fake_sys_t *left);

#endif
