#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The clock is read once for so many replies: they came by the same read, a microsecond apart at most. */
#define REPLIES_A_CLOCK 16

uint64_t load_now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* The crash that a demonstration asks for: in the middle of the sale, nothing told to anybody. */
static void kill_if_due(load_worker_t *worker)
{
    const load_plan_t *plan = worker->plan;
    uint64_t accepted = worker->tally.by_drop[plan->kill_drop][SLC_STATUS_ACCEPTED];
    if (worker->killed || accepted < plan->kill_accepted) {
        return;
    }
    worker->killed = true;
    worker->kill_accepted = accepted;
    worker->kill_in_flight = worker->in_flight;
    if (kill(plan->kill_pid, SIGKILL) != 0) {
        load_worker_fail(worker, "cannot kill %d: %s", plan->kill_pid, strerrordesc_np(errno));
    }
}

static void take_reply(load_worker_t *worker, load_connection_t *connection, const slc_buy_reply_t *reply)
{
    const load_workload_t *workload = worker->plan->workload;
    load_pending_t *pending = load_connection_find(connection, reply->request_id);
    if (pending == NULL) {
        worker->tally.strangers++;
        return;
    }
    uint64_t latency_ns = worker->now_ns > pending->begun_ns ? worker->now_ns - pending->begun_ns : 0;
    load_request_t request = {.drop = 0};
    if (workload->drop_count > 1 || worker->ledger.fd >= 0) {
        load_workload_request(workload, pending->number, &request);
    }
    uint32_t *twin = connection->twins == NULL ? NULL : &connection->twins[pending - connection->pending];
    load_connection_answered(connection, pending);
    worker->in_flight--;
    if (twin == NULL || *twin == 0 || load_resend_heard(worker, *twin, request.drop, reply, latency_ns)) {
        load_tally_answer(&worker->tally, request.drop, reply, latency_ns);
    }
    if (twin != NULL) {
        *twin = 0;
    }
    if (reply->status == SLC_STATUS_ACCEPTED && worker->ledger.fd >= 0) {
        load_ledger_add(&worker->ledger, workload, &request, reply);
    }
    if (worker->plan->kill_pid != 0) {
        kill_if_due(worker);
    }
}

void load_answers_ask(load_worker_t *worker, load_connection_t *connection, uint64_t begun_ns)
{
    const load_pending_t *pending =
        load_connection_ask(connection, worker->plan->workload, worker->next, begun_ns);
    if (connection->twins != NULL) {
        load_resend_mark(worker, connection, pending);
    }
    if (worker->in_flight == 0) {
        worker->heard_ns = worker->now_ns;
    }
    worker->next += worker->plan->threads;
    worker->left--;
    worker->in_flight++;
    worker->tally.requests++;
}

void load_answers_fill(load_worker_t *worker, load_connection_t *connection)
{
    while (load_connection_has_room(connection)) {
        if (load_resend_take(worker, connection)) {
            continue;
        }
        if (!worker->asking || worker->left == 0) {
            return;
        }
        load_answers_ask(worker, connection, worker->now_ns);
    }
}

/* Handles the replies in `bytes`; answers how many bytes they had. */
static size_t take_replies(load_worker_t *worker, load_connection_t *connection, const uint8_t *bytes,
                           size_t count)
{
    size_t at = 0;
    for (uint32_t replies = 0;; replies++) {
        slc_buy_reply_t reply;
        size_t used;
        slc_err_t err = slc_client_decode_reply(bytes + at, count - at, &used, &reply);
        if (err == SLC_END) {
            return at;
        }
        if (err != SLC_OK) {
            (void)snprintf(connection->why, sizeof connection->why, "what came is no BuyReply");
            load_links_lost(worker, connection);
            return at;
        }
        at += used;
        if (replies % REPLIES_A_CLOCK == 0) {
            worker->now_ns = load_now_ns();
            if (worker->now_ns >= worker->series.end_ns) {
                load_series_close(&worker->series, &worker->tally, worker->plan->workload->drop_count,
                                  worker->now_ns);
            }
        }
        take_reply(worker, connection, &reply);
    }
}

void load_answers_read(load_worker_t *worker, load_connection_t *connection)
{
    size_t count;
    if (!load_connection_read(connection, worker->buffer, worker->read_bytes, &count)) {
        load_links_lost(worker, connection);
        return;
    }
    size_t used = 0;
    if (connection->state == LOAD_GREETING) {
        used = load_links_welcome(worker, connection, worker->buffer, count);
    }
    if (connection->state == LOAD_OPEN) {
        used += take_replies(worker, connection, worker->buffer + used, count - used);
        worker->ended_ns = worker->heard_ns = worker->now_ns;
    }
    if (connection->fd >= 0 && !load_connection_keep(connection, worker->buffer + used, count - used)) {
        load_links_lost(worker, connection);
    }
    /* Read by the thread that shows progress; it needs no order with anything else. */
    atomic_store_explicit(&worker->answered_so_far, worker->tally.answered, memory_order_relaxed);
}
