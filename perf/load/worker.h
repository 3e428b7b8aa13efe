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
#include "twins.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <sys/epoll.h>

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
    uint64_t patience_ns;     /* without any answer for so long, the server has hung */
    double churn;             /* connections of all workers that are closed and opened anew each second */
    double resend;            /* the share of requests that goes out twice; 0: none */
    bool slow;                /* its connections listen badly: load_slow_run */
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
    uint32_t resend_turn;
    uint32_t churn_turn;
    uint64_t churned; /* connections closed and opened anew */
    size_t
        read_bytes; /* one read takes at most so much: LOAD_BUFFER_BYTES, less where it listens badly */
    load_twins_t twins;
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
    sem_t *ready;       /* of load_slow_run */
    uint32_t held_back; /* connections that the server took no more from when they began to read */
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

/* Closes a connection that is open, and opens it anew: what it had in flight is asked again. */
void load_links_renew(load_worker_t *worker, load_connection_t *connection, bool abrupt);
/* From now on it is deaf, or hears again. */
void load_links_deafen(load_worker_t *worker, load_connection_t *connection, bool deaf);

/* ---- churn.c ---- */

/* When the next connection is due to be renewed; UINT64_MAX: none is. */
uint64_t load_churn_due_ns(const load_worker_t *worker);
/* Renews those that are due. */
void load_churn_turn(load_worker_t *worker);

/* ---- resend.c ---- */

/* A request was just asked over that connection: decides whether it goes out twice. */
void load_resend_mark(load_worker_t *worker, load_connection_t *connection,
                      const load_pending_t *pending);
/* Asks the second copy that waits longest over that connection; false: none waits, or it may not. */
bool load_resend_take(load_worker_t *worker, load_connection_t *connection);
/* Asks what waits over all connections with room. */
void load_resend_spread(load_worker_t *worker);
/* An answer to a request with that twin. True: it was the first, the caller counts it. */
bool load_resend_heard(load_worker_t *worker, uint32_t twin, uint32_t drop, const slc_buy_reply_t *reply,
                       uint64_t latency_ns);

/* ---- slow.c ---- */

/* The thread's function of a worker whose connections ask much and read nothing (those with an even
 * number) or little (the others), until `stop` of its plan is 1: then they read all that was answered,
 * and those that the server has closed come back and ask again. `ready` is posted once all have asked, or
 * cannot. */
void *load_slow_run(void *context);
/* Requests that each asks without reading: their answers are more than kernels keep for one socket. */
#define LOAD_SLOW_WINDOW 262144u
/* The kernel keeps so little for them that the server is left with what it answers. */
#define LOAD_SLOW_RECEIVE_BYTES 4096
/* Their requests are numbered from here, far behind those of the others. */
#define LOAD_SLOW_FIRST (UINT64_C(1) << 50)

/* ---- answers.c ---- */

/* Reads what has come and handles each reply in it; a closed loop asks anew. */
void load_answers_read(load_worker_t *worker, load_connection_t *connection);
/* Asks as long as connection, budget and clock allow. */
void load_answers_fill(load_worker_t *worker, load_connection_t *connection);

/* Asks the next request over a connection with room, its latency counting from `begun_ns`. */
void load_answers_ask(load_worker_t *worker, load_connection_t *connection, uint64_t begun_ns);

/* Keeps the first reason why the run is no good. */
void load_worker_fail(load_worker_t *worker, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
uint64_t load_now_ns(void);
/* Waits at most so long for news of its connections; answers how many events there are (at most
 * LOAD_EVENTS). */
int load_worker_wait(const load_worker_t *worker, struct epoll_event *events, uint64_t nap_ns);
#define LOAD_EVENTS 256
/* The server holds requests and says nothing any more: then this is noted as the failure. */
bool load_worker_is_silent(load_worker_t *worker);
/* The same before there was anything to answer: it takes connections and greets nobody. */
bool load_worker_is_stuck_at_the_door(load_worker_t *worker, uint64_t started_ns);

#endif
