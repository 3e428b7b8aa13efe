/* The engine around a mirror in a test: a logic with random events, the apply station's side of the
 * handover and a clock, all on the test's thread; and what the file shows, held against a second logic
 * that has the same events up to what the file says it covers. Threads: the test's. Ownership: setup and
 * teardown around each test. Failure: fails the test. */
#ifndef TESTS_UNIT_REPORT_MIRROR_WORLD_H
#define TESTS_UNIT_REPORT_MIRROR_WORLD_H

#include "../../lib/event_stream.h"

#include "report/mirror.h"

#include <criterion/criterion.h>

#define SECOND_NS UINT64_C(1000000000)
#define WORLD_SOURCE "00112233445566778899aabbccddeeff"

typedef struct world {
    char folder[64];
    char path[96];
    stream_t stream;
    slc_event_t *events; /* all so far, from the first */
    slc_logic_t *logic;
    slc_handover_t handover;
    slc_cut_t *cut;
    slc_mirror_t *mirror;
    uint64_t now_ns;
    uint64_t cuts;       /* given */
    bool in_turn;        /* of world_settle */
    uint64_t past_a_cut; /* times that the mirror did something else while a cut waited for it */
} world_t;

extern world_t world;

void world_setup(void);
void world_teardown(void);

/* Random events of few drops; `seed` begins anew, with an empty state. */
void world_begin(uint64_t seed, uint64_t drops);
void world_apply(uint64_t events);
/* The state is that of so many events from the beginning, as behind a crash that lost the others. */
void world_go_back(uint64_t events);

void world_open_mirror(uint32_t buffer_rows);
/* As a kill would leave it: nothing more is written, and no cut is out. */
void world_drop_mirror(void);
/* What the apply station does. */
void world_station_turn(void);
/* Turns of both, a second apart, until the file covers all there is; false: not within so many turns. */
bool world_settle(int turns);

/* What the file covers; 0: nothing, or it cannot be read. */
uint64_t world_covered(void);
/* The file shows exactly the state behind what it covers. */
void world_expect_true(void);
/* One value by another reader; "" where it cannot be read. */
const char *world_ask(const char *sql);
void world_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
