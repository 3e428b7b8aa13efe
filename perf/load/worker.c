#include "worker.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS UINT64_C(1000000000)
/* The stop flag and the clock are looked at so often, whatever the server does. */
#define TICK_NS UINT64_C(50000000)
#define TICK_DOWN_NS UINT64_C(10000000)
/* An open loop sleeps at least so long, so that what falls due goes out in batches. */
#define NAP_NS UINT64_C(30000)
/* Requests that an open loop gives one connection at a time. */
#define OPEN_LOOP_CHUNK 16

static uint32_t share(uint32_t total, uint32_t parts, uint32_t index)
{
    return total / parts + (index < total % parts ? 1 : 0);
}

bool load_worker_init(load_worker_t *worker, load_plan_t *plan, uint32_t index)
{
    memset(worker, 0, sizeof *worker);
    worker->plan = plan;
    worker->index = index;
    worker->next = plan->first_number + index;
    worker->series.end_ns = UINT64_MAX;
    worker->left = plan->requests == UINT64_MAX ? UINT64_MAX
                                                : plan->requests / plan->threads +
                                                      (index < plan->requests % plan->threads ? 1 : 0);
    worker->asking = true;
    worker->read_bytes = LOAD_BUFFER_BYTES;
    load_twins_init(&worker->twins);
    uint32_t wanted = share(plan->connections, plan->threads, index);
    worker->connections = calloc(wanted, sizeof *worker->connections);
    worker->buffer = malloc(LOAD_BUFFER_BYTES);
    worker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    bool good = worker->connections != NULL && worker->buffer != NULL && worker->epoll_fd >= 0 &&
                load_tally_init(&worker->tally, plan->workload->drop_count) &&
                load_ledger_init(&worker->ledger, plan->ledger_fd);
    while (good && worker->connection_count < wanted) {
        load_connection_t *connection = &worker->connections[worker->connection_count];
        good = load_connection_init(connection, plan->window);
        connection->receive_bytes = plan->slow ? LOAD_SLOW_RECEIVE_BYTES : 0;
        worker->connection_count += good ? 1 : 0;
        good = good && (plan->resend <= 0 || load_connection_keep_twins(connection));
    }
    if (!good) {
        load_worker_fail(worker, "no memory for %u connections", wanted);
    }
    return good;
}

void load_worker_fail(load_worker_t *worker, const char *format, ...)
{
    if (worker->failure[0] == '\0') {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(worker->failure, sizeof worker->failure, format, arguments);
        va_end(arguments);
    }
}

void load_worker_finish(load_worker_t *worker)
{
    for (uint32_t i = 0; i < worker->connection_count; i++) {
        load_connection_finish(&worker->connections[i]);
    }
    free(worker->connections);
    free(worker->buffer);
    load_ledger_finish(&worker->ledger);
    load_tally_finish(&worker->tally);
    load_series_finish(&worker->series);
    load_twins_finish(&worker->twins);
    if (worker->epoll_fd >= 0) {
        (void)close(worker->epoll_fd);
    }
}

/* ---- the open loop ---- */

/* When the request that is asked next was due. */
static uint64_t due_ns(const load_worker_t *worker)
{
    const load_plan_t *plan = worker->plan;
    return worker->begun_ns + load_schedule_due_ns(&plan->schedule, worker->next - plan->first_number);
}

static load_connection_t *next_with_room(load_worker_t *worker)
{
    for (uint32_t tried = 0; tried < worker->connection_count; tried++) {
        load_connection_t *connection = &worker->connections[worker->turn];
        worker->turn = worker->turn + 1 == worker->connection_count ? 0 : worker->turn + 1;
        if (load_connection_has_room(connection)) {
            return connection;
        }
    }
    return NULL;
}

static void ask_what_is_due(load_worker_t *worker)
{
    worker->now_ns = load_now_ns();
    while (worker->asking && worker->left > 0 && due_ns(worker) <= worker->now_ns) {
        load_connection_t *connection = next_with_room(worker);
        if (connection == NULL) {
            return;
        }
        for (int i = 0; i < OPEN_LOOP_CHUNK && worker->left > 0 && load_connection_has_room(connection);
             i++) {
            uint64_t due = due_ns(worker);
            if (due > worker->now_ns) {
                break;
            }
            load_answers_ask(worker, connection, due);
        }
        load_links_flush(worker, connection);
    }
}

/* ---- the loop ---- */

static uint64_t nap_ns(const load_worker_t *worker)
{
    uint64_t nap = worker->down > 0 ? TICK_DOWN_NS : TICK_NS;
    if (load_schedule_is_open(&worker->plan->schedule) && worker->begun_ns != 0 && worker->asking &&
        worker->left > 0) {
        uint64_t due = due_ns(worker);
        uint64_t until_due = due > worker->now_ns ? due - worker->now_ns : 0;
        nap = until_due < nap ? until_due : nap;
        nap = nap < NAP_NS ? NAP_NS : nap;
    }
    uint64_t churn = load_churn_due_ns(worker);
    uint64_t until_churn = churn > worker->now_ns ? churn - worker->now_ns : 0;
    return until_churn < nap ? until_churn : nap;
}

int load_worker_wait(const load_worker_t *worker, struct epoll_event *events, uint64_t nap_ns)
{
    struct timespec wait = {.tv_sec = (time_t)(nap_ns / SECOND_NS),
                            .tv_nsec = (long)(nap_ns % SECOND_NS)};
    int count = epoll_pwait2(worker->epoll_fd, events, LOAD_EVENTS, &wait, NULL);
    if (count < 0 && errno == ENOSYS) { /* a kernel before 5.11, or a filter that does not know it */
        count = epoll_wait(worker->epoll_fd, events, LOAD_EVENTS, (int)(nap_ns / 1000000 + 1));
    }
    return count < 0 ? 0 : count;
}

static void handle(load_worker_t *worker, load_connection_t *connection, uint32_t events)
{
    if (connection->fd < 0 || !load_links_event(worker, connection, events)) {
        return;
    }
    load_answers_read(worker, connection);
    if (connection->state != LOAD_OPEN || worker->begun_ns == 0) {
        return;
    }
    if (!load_schedule_is_open(&worker->plan->schedule)) {
        load_answers_fill(worker, connection);
    }
    if (connection->out_bytes > 0) {
        load_links_flush(worker, connection);
    }
}

/* The clock starts once all connections are open. */
static void begin_when_all_are_open(load_worker_t *worker)
{
    if (worker->begun_ns != 0 || worker->open < worker->connection_count) {
        return;
    }
    worker->begun_ns = worker->now_ns = worker->ended_ns = load_now_ns();
    load_series_begin(&worker->series, worker->plan->origin_ns, worker->begun_ns);
    bool closed = !load_schedule_is_open(&worker->plan->schedule);
    for (uint32_t i = 0; closed && i < worker->connection_count; i++) {
        worker->now_ns = load_now_ns();
        load_answers_fill(worker, &worker->connections[i]);
        load_links_flush(worker, &worker->connections[i]);
    }
}

bool load_worker_is_silent(load_worker_t *worker)
{
    if (worker->in_flight == 0 ||
        worker->now_ns < worker->heard_ns + worker->plan->patience_ns + worker->plan->retry_ns) {
        return false;
    }
    load_worker_fail(worker, "no answer for %llu s, and %llu requests wait for one",
                     (unsigned long long)((worker->now_ns - worker->heard_ns) / SECOND_NS),
                     (unsigned long long)worker->in_flight);
    return true;
}

bool load_worker_is_stuck_at_the_door(load_worker_t *worker, uint64_t started_ns)
{
    if (worker->begun_ns != 0 ||
        worker->now_ns < started_ns + worker->plan->patience_ns + worker->plan->retry_ns) {
        return false;
    }
    load_worker_fail(worker, "%u of %u connections were not welcomed within %llu s",
                     worker->connection_count - worker->open, worker->connection_count,
                     (unsigned long long)((worker->now_ns - started_ns) / SECOND_NS));
    return true;
}

static bool goes_on(load_worker_t *worker, uint64_t started_ns)
{
    uint32_t stop = atomic_load_explicit(&worker->plan->stop, memory_order_relaxed); /* a hint, no data */
    worker->now_ns = load_now_ns();
    uint64_t since_ns = worker->begun_ns == 0 ? 0 : worker->now_ns - worker->begun_ns;
    worker->asking = worker->asking && stop == 0 && since_ns < worker->plan->duration_ns;
    bool done =
        (!worker->asking || worker->left == 0) && worker->in_flight == 0 && worker->twins.first == 0;
    return !done && stop <= 1 && !worker->hopeless && !load_worker_is_silent(worker) &&
           !load_worker_is_stuck_at_the_door(worker, started_ns);
}

void *load_worker_run(void *context)
{
    load_worker_t *worker = context;
    struct epoll_event events[LOAD_EVENTS];
    uint64_t started_ns = worker->now_ns = load_now_ns();
    load_links_begin(worker);
    while (goes_on(worker, started_ns)) {
        int count = load_worker_wait(worker, events, nap_ns(worker));
        for (int i = 0; i < count; i++) {
            handle(worker, events[i].data.ptr, events[i].events);
        }
        begin_when_all_are_open(worker);
        load_links_retry(worker);
        load_churn_turn(worker);
        load_resend_spread(worker);
        if (load_schedule_is_open(&worker->plan->schedule) && worker->begun_ns != 0) {
            ask_what_is_due(worker);
        }
    }
    if (worker->begun_ns != 0) {
        load_series_close(&worker->series, &worker->tally, worker->plan->workload->drop_count,
                          worker->ended_ns);
    }
    load_ledger_flush(&worker->ledger);
    return NULL;
}
