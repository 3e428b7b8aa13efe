#include "worker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

/* Between two tries to connect again: a restart is seen soon and the server not flooded. */
#define RETRY_EVERY_NS UINT64_C(20000000)

static void watch(load_worker_t *worker, load_connection_t *connection, int operation)
{
    bool to_write = connection->waits_to_write || connection->state == LOAD_CONNECTING;
    struct epoll_event event = {.events = (connection->deaf ? 0 : (uint32_t)EPOLLIN) |
                                          (to_write ? (uint32_t)EPOLLOUT : 0),
                                .data.ptr = connection};
    if (epoll_ctl(worker->epoll_fd, operation, connection->fd, &event) != 0) {
        load_worker_fail(worker, "cannot wait for a socket: %s", strerrordesc_np(errno));
        worker->hopeless = true;
    }
}

static void begin_one(load_worker_t *worker, load_connection_t *connection)
{
    if (!load_connection_begin(connection, &worker->plan->address, worker->plan->address_bytes)) {
        load_links_lost(worker, connection);
        return;
    }
    watch(worker, connection, EPOLL_CTL_ADD);
}

void load_links_begin(load_worker_t *worker)
{
    for (uint32_t i = 0; i < worker->connection_count && !worker->hopeless; i++) {
        begin_one(worker, &worker->connections[i]);
    }
}

void load_links_retry(load_worker_t *worker)
{
    for (uint32_t i = 0; worker->down > 0 && i < worker->connection_count; i++) {
        load_connection_t *connection = &worker->connections[i];
        if (connection->state == LOAD_DOWN && connection->retry_at_ns <= worker->now_ns) {
            worker->down--;
            begin_one(worker, connection);
        }
    }
}

void load_links_lost(load_worker_t *worker, load_connection_t *connection)
{
    const load_plan_t *plan = worker->plan;
    worker->now_ns = load_now_ns();
    if (connection->state == LOAD_OPEN) {
        worker->open--;
        worker->tally.broken++;
        connection->lost_at_ns = worker->now_ns;
        load_ledger_flush(&worker->ledger);
    } else if (connection->lost_at_ns == 0) {
        connection->lost_at_ns = worker->now_ns;
    }
    load_connection_drop(connection);
    if (plan->retry_ns > 0 && worker->now_ns - connection->lost_at_ns < plan->retry_ns) {
        connection->retry_at_ns = worker->now_ns + RETRY_EVERY_NS;
        worker->down++;
        return;
    }
    /* The others may still hear their answers, but nothing new is asked. */
    connection->state = LOAD_DEAD;
    worker->tally.gave_up++;
    worker->in_flight -= load_connection_unanswered(connection);
    worker->asking = false;
    load_worker_fail(worker, "connection %zu: %s", (size_t)(connection - worker->connections),
                     connection->why);
}

void load_links_renew(load_worker_t *worker, load_connection_t *connection, bool abrupt)
{
    if (!load_connection_hang_up(connection, abrupt)) {
        load_links_lost(worker, connection);
        return;
    }
    worker->open--;
    worker->tally.hung_up += abrupt ? 0 : 1;
    worker->tally.reset += abrupt ? 1 : 0;
    begin_one(worker, connection);
}

void load_links_deafen(load_worker_t *worker, load_connection_t *connection, bool deaf)
{
    connection->deaf = deaf;
    if (connection->fd >= 0) {
        watch(worker, connection, EPOLL_CTL_MOD);
    }
}

void load_links_flush(load_worker_t *worker, load_connection_t *connection)
{
    bool waited = connection->waits_to_write;
    if (!load_connection_flush(connection)) {
        load_links_lost(worker, connection);
    } else if (connection->waits_to_write != waited) {
        watch(worker, connection, EPOLL_CTL_MOD);
    }
}

bool load_links_event(load_worker_t *worker, load_connection_t *connection, uint32_t events)
{
    if (connection->state == LOAD_CONNECTING) {
        if (!load_connection_connected(connection)) {
            load_links_lost(worker, connection);
            return false;
        }
        connection->waits_to_write = true; /* so that the flush takes EPOLLOUT away again */
    }
    if ((events & EPOLLOUT) != 0) {
        load_links_flush(worker, connection);
    }
    return connection->fd >= 0 && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
}

size_t load_links_welcome(load_worker_t *worker, load_connection_t *connection, const uint8_t *bytes,
                          size_t count)
{
    slc_welcome_t welcome;
    size_t used = 0;
    slc_err_t err = slc_client_decode_welcome(bytes, count, &used, &welcome);
    if (err == SLC_END) {
        return 0;
    }
    if (err != SLC_OK) {
        (void)snprintf(connection->why, sizeof connection->why, "no Welcome came: %s", slc_err_text(err));
        load_links_lost(worker, connection);
        return 0;
    }
    if (!load_connection_welcome(connection, &welcome)) {
        load_links_lost(worker, connection);
        return 0;
    }
    worker->open++;
    connection->lost_at_ns = 0;
    worker->tally.retried += load_connection_ask_again(connection, worker->plan->workload);
    return used;
}
