/* One simulation: the whole engine, its clients, disk, network and clock on one thread, in an order that
 * a seed decides, with faults. Same seed, same run, to the last byte.
 * Threads: one, registered as a reader of the board and asleep. Ownership: a run frees what it made.
 * Failure: told in the result. */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>

typedef enum sim_fault {
    SIM_POWER_CUT,    /* between two turns */
    SIM_POWER_CUT_IN, /* within one, at a change of the disk */
    SIM_KILL,         /* the process, with the page cache kept */
    SIM_KILL_IN,
    SIM_CRASH_START, /* while it recovers */
    SIM_TORN,        /* a start found an unfinished block */
    SIM_DISK_ERROR,  /* a call failed, and the engine stopped */
    SIM_DISK_FULL,
    SIM_SHORT_WRITE,
    SIM_INTERRUPTED, /* EINTR */
    SIM_RESET,       /* a connection broke */
    SIM_STALL,       /* a station, or a direction of the network, stood still for a while */
    SIM_CLOCK_BACK,  /* the wall clock */
    SIM_TIMEOUT,     /* time leapt past the deadlines */
    SIM_BIT_ROT,     /* the newest snapshot is not what it was */
    SIM_FAULTS
} sim_fault_t;

const char *sim_fault_name(sim_fault_t fault);

typedef struct sim_result {
    uint64_t seed;
    uint64_t events; /* turns that did something, deliveries, actions of clients, faults */
    uint64_t journaled;
    uint64_t replies;
    uint64_t accepted;
    uint64_t replayed;
    uint64_t read_only;
    uint64_t attempts; /* refusals that were not journaled */
    uint64_t rolls;
    uint64_t snapshots;         /* written */
    uint64_t from_snapshot;     /* starts that began with one */
    uint64_t snapshots_refused; /* that a start found not good */
    uint64_t segments_gone;     /* starts that found the journal without its beginning */
    uint64_t eagains;
    uint64_t faults[SIM_FAULTS];
    uint64_t trace;  /* a hash over all that happened */
    char wrong[512]; /* empty: all is well */
} sim_result_t;

void sim_run(uint64_t seed, bool verbose, sim_result_t *ret_result);

#endif
