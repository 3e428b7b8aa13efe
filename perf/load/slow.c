#include "worker.h"

/* What a connection that reads little takes at a time, and how often. */
#define SIP_NS UINT64_C(200000000)
#define SIP_BYTES (LOAD_PARTIAL_BYTES + 512)
#define ASK_AT_ONCE 512
#define LOOK_NS UINT64_C(20000000)

static bool reads_nothing(const load_worker_t *worker, const load_connection_t *connection)
{
    return (connection - worker->connections) % 2 == 0;
}

/* As much as the socket takes, whatever the server's Welcome says: it has to see to itself. */
static void ask_much(load_worker_t *worker, load_connection_t *connection)
{
    while (connection->state == LOAD_OPEN && !connection->waits_to_write &&
           load_connection_unanswered(connection) < connection->window) {
        for (int i = 0; i < ASK_AT_ONCE && load_connection_unanswered(connection) < connection->window;
             i++) {
            load_answers_ask(worker, connection, worker->now_ns);
        }
        load_links_flush(worker, connection);
    }
}

static bool is_draining(const load_worker_t *worker)
{
    return atomic_load_explicit(&worker->plan->stop, memory_order_relaxed) != 0; /* a hint, no data */
}

static void handle(load_worker_t *worker, load_connection_t *connection, uint32_t events)
{
    bool was_open = connection->state == LOAD_OPEN;
    if (connection->fd >= 0 && load_links_event(worker, connection, events)) {
        load_answers_read(worker, connection);
    }
    if (connection->state != LOAD_OPEN) {
        return;
    }
    if (is_draining(worker)) {
        load_links_flush(worker, connection);
        return;
    }
    if (!was_open) {
        load_links_deafen(worker, connection, true);
    }
    ask_much(worker, connection);
}

static void sip(load_worker_t *worker)
{
    worker->read_bytes = SIP_BYTES;
    for (uint32_t i = 0; i < worker->connection_count; i++) {
        load_connection_t *connection = &worker->connections[i];
        if (connection->state == LOAD_OPEN && !reads_nothing(worker, connection)) {
            load_answers_read(worker, connection);
            if (connection->state == LOAD_OPEN) {
                ask_much(worker, connection);
            }
        }
    }
    worker->read_bytes = LOAD_BUFFER_BYTES;
}

/* They hear again; those that were closed meanwhile are given as long as any lost connection. */
static void begin_to_drain(load_worker_t *worker)
{
    worker->now_ns = worker->heard_ns = load_now_ns();
    for (uint32_t i = 0; i < worker->connection_count; i++) {
        load_connection_t *connection = &worker->connections[i];
        if (connection->state == LOAD_DOWN) {
            connection->lost_at_ns = worker->now_ns;
            connection->deaf = false;
        } else {
            worker->held_back += connection->out_bytes > 0 ? 1 : 0;
            load_links_deafen(worker, connection, false);
        }
    }
}

static bool goes_on(load_worker_t *worker, uint64_t started_ns, bool draining)
{
    uint32_t stop = atomic_load_explicit(&worker->plan->stop, memory_order_relaxed); /* a hint, no data */
    worker->now_ns = load_now_ns();
    if (!draining) {
        worker->heard_ns = worker->now_ns; /* who does not listen hears nothing */
    }
    return stop < 2 && !worker->hopeless && worker->tally.gave_up == 0 &&
           !(draining && worker->in_flight == 0) && !load_worker_is_silent(worker) &&
           !load_worker_is_stuck_at_the_door(worker, started_ns);
}

void *load_slow_run(void *context)
{
    load_worker_t *worker = context;
    struct epoll_event events[LOAD_EVENTS];
    bool draining = false;
    uint64_t started_ns = worker->now_ns = load_now_ns();
    uint64_t sip_at_ns = started_ns + SIP_NS;
    load_links_begin(worker);
    while (goes_on(worker, started_ns, draining)) {
        int count = load_worker_wait(worker, events, LOOK_NS);
        for (int i = 0; i < count; i++) {
            handle(worker, events[i].data.ptr, events[i].events);
        }
        if (worker->begun_ns == 0 && worker->open == worker->connection_count) {
            worker->begun_ns = worker->now_ns;
            (void)sem_post(worker->ready);
        }
        if (!draining && is_draining(worker)) {
            begin_to_drain(worker);
            draining = true;
        }
        if (draining) {
            load_links_retry(worker);
        } else if (worker->now_ns >= sip_at_ns) {
            sip(worker);
            sip_at_ns = worker->now_ns + SIP_NS;
        }
    }
    if (worker->begun_ns == 0) {
        (void)sem_post(worker->ready);
    }
    load_ledger_flush(&worker->ledger);
    return NULL;
}
