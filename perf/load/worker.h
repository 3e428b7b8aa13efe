/* One thread of the load: its share of the connections, driven from one epoll loop.
 *
 *   closed loop   each connection keeps its window full: an answer makes room for the next request
 *   open loop     requests fall due by a schedule, whatever the answers do; one that finds all windows
 *                 full waits, and its latency counts from when it was due
 *
 * Threads: load_worker_run on a thread of its own; `answered_so_far` may be read and `stop` be raised
 *   beside it.
 * Ownership: init and finish of the caller's memory; plan and workload outlive it.
 * Failure: run answers with `failure` set to a sentence where it could not go on. */
#ifndef SLC_PERF_LOAD_WORKER_H
#define SLC_PERF_LOAD_WORKER_H

#include "connection.h"
#include "schedule.h"
#include "series.h"

#include <stdatomic.h>

/* One read: the replies to more requests than a usual window has. */
#define LOAD_BUFFER_BYTES ((size_t)256 * 1024)

/* What all workers share and none changes but `stop`. */
typedef struct load_plan {
    const load_workload_t *workload;
    struct sockaddr_storage address;
    socklen_t address_bytes;
    uint32_t threads;
    uint32_t connections; /* of all workers */
    uint32_t window;
    uint64_t requests;        /* of all workers; UINT64_MAX: as many as go in duration_ns */
    uint64_t duration_ns;     /* UINT64_MAX: no bound */
    load_schedule_t schedule; /* of all workers */
    uint64_t first_number;    /* of the requests of this run: behind those of the runs before */
    uint64_t origin_ns;       /* of the series of all workers */
    uint64_t retry_ns;        /* how long a lost connection is tried again; 0: not at all */
    int ledger_fd;            /* -1: none */
    int kill_pid;             /* 0: none; one worker only */
    uint32_t kill_drop;       /* index */
    uint64_t kill_accepted;
    _Atomic uint32_t stop; /* 1: ask nothing more; 2: leave at once */
} load_plan_t;

typedef struct load_worker {
    load_plan_t *plan;
    uint32_t index;
    int epoll_fd;
    uint32_t connection_count;
    load_connection_t *connections;
    uint32_t turn; /* the connection that an open loop asks next */
    uint32_t open; /* connections in LOAD_OPEN */
    uint32_t down; /* connections in LOAD_DOWN */
    uint64_t left; /* requests still to be asked */
    uint64_t next; /* number of the next request */
    uint64_t in_flight;
    uint64_t now_ns;
    uint64_t begun_ns; /* all connections were open; 0: not yet */
    uint64_t ended_ns; /* of the last answer */
    uint64_t heard_ns; /* of the last answer, or of the request that broke a silence with nothing asked */
    bool asking;       /* neither stopped nor out of time, and all connections stand */
    bool hopeless;     /* what is unanswered will stay so */
    bool killed;
    uint64_t kill_accepted; /* what had been heard when the kill went out */
    uint64_t kill_in_flight;
    _Atomic uint64_t answered_so_far;
    load_tally_t tally;
    load_series_t series;
    load_ledger_t ledger;
    uint8_t *buffer;
    char failure[256]; /* the first; empty: none */
} load_worker_t;

/* False: `failure` says why. */
bool load_worker_init(load_worker_t *worker, load_plan_t *plan, uint32_t index);
void load_worker_finish(load_worker_t *worker);
/* The thread's function, `context` its worker: runs until all is asked and answered, or cannot be. */
void *load_worker_run(void *context);

/* ---- links.c: the connections of a worker, lost and found ---- */

void load_links_begin(load_worker_t *worker);
/* Tries again those whose time has come. */
void load_links_retry(load_worker_t *worker);
/* Closes a connection that failed (its `why` says how) and decides whether it is tried again. */
void load_links_lost(load_worker_t *worker, load_connection_t *connection);
/* Writes what is queued, and waits for room to write where that is not all. */
void load_links_flush(load_worker_t *worker, load_connection_t *connection);
/* Handles what epoll saw up to a Welcome. True: the connection is open and has something to read. */
bool load_links_event(load_worker_t *worker, load_connection_t *connection, uint32_t events);
/* Takes the Welcome at the beginning of `bytes`; answers how many bytes it had, 0: it is not whole or
 * the connection is lost. */
size_t load_links_welcome(load_worker_t *worker, load_connection_t *connection, const uint8_t *bytes,
                          size_t count);

/* ---- answers.c ---- */

/* Reads what has come and handles each reply in it; a closed loop asks anew. */
void load_answers_read(load_worker_t *worker, load_connection_t *connection);
/* Asks as long as connection, budget and clock allow. */
void load_answers_fill(load_worker_t *worker, load_connection_t *connection);

/* Counts a request that was just asked. */
void load_answers_expect(load_worker_t *worker);

/* Keeps the first reason why the run is no good. */
void load_worker_fail(load_worker_t *worker, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
uint64_t load_now_ns(void);

#endif
