/* Churn: connections that are closed in the middle of what they ask, and opened anew. */
#include "worker.h"

uint64_t load_churn_due_ns(const load_worker_t *worker)
{
    const load_plan_t *plan = worker->plan;
    if (plan->churn <= 0 || worker->begun_ns == 0 || !worker->asking || worker->left == 0) {
        return UINT64_MAX;
    }
    /* Whole workers share the rate: the n-th connection of all is renewed by worker n modulo threads. */
    uint64_t number = worker->churned * plan->threads + worker->index + 1;
    return worker->begun_ns + (uint64_t)((double)number * 1e9 / plan->churn);
}

/* The next one in turn that is open; NULL: none is. */
static load_connection_t *next_open(load_worker_t *worker)
{
    for (uint32_t tried = 0; tried < worker->connection_count; tried++) {
        load_connection_t *connection = &worker->connections[worker->churn_turn];
        worker->churn_turn = (worker->churn_turn + 1) % worker->connection_count;
        if (connection->state == LOAD_OPEN) {
            return connection;
        }
    }
    return NULL;
}

void load_churn_turn(load_worker_t *worker)
{
    while (load_churn_due_ns(worker) <= worker->now_ns) {
        load_connection_t *connection = next_open(worker);
        if (connection == NULL) {
            return; /* all are being opened: it stays due */
        }
        load_links_renew(worker, connection, worker->churned % 2 != 0);
        worker->churned++;
    }
}
