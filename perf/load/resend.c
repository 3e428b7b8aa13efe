/* Retry storms: a share of the requests goes out a second time, with the same order key, over another
 * connection; half of them at once, half when the first copy was answered. */
#include "worker.h"

void load_resend_mark(load_worker_t *worker, load_connection_t *connection, const load_pending_t *pending)
{
    bool in_turn;
    if (load_workload_chance(worker->plan->workload, pending->number, &in_turn) >= worker->plan->resend) {
        return;
    }
    uint32_t twin = load_twins_begin(&worker->twins, pending->number);
    if (twin == 0) {
        load_worker_fail(worker, "no memory to remember what is sent twice");
        worker->hopeless = true;
        return;
    }
    load_twin_t *kept = load_twins_at(&worker->twins, twin);
    kept->connection = (uint32_t)(connection - worker->connections);
    kept->in_turn = in_turn;
    kept->due_ns = pending->begun_ns;
    connection->twins[pending - connection->pending] = twin;
    if (!in_turn) {
        load_twins_queue(&worker->twins, twin);
    }
}

bool load_resend_take(load_worker_t *worker, load_connection_t *connection)
{
    uint32_t twin = worker->twins.first;
    if (twin == 0 || !load_connection_has_room(connection)) {
        return false;
    }
    const load_twin_t *kept = load_twins_at(&worker->twins, twin);
    if (&worker->connections[kept->connection] == connection) {
        return false;
    }
    load_twins_unqueue_first(&worker->twins);
    const load_pending_t *pending =
        load_connection_ask(connection, worker->plan->workload, kept->number, kept->due_ns);
    connection->twins[pending - connection->pending] = twin;
    if (worker->in_flight == 0) {
        worker->heard_ns = worker->now_ns;
    }
    worker->in_flight++;
    worker->tally.resent++;
    return true;
}

void load_resend_spread(load_worker_t *worker)
{
    for (uint32_t tried = 0; worker->twins.first != 0 && tried < worker->connection_count; tried++) {
        load_connection_t *connection = &worker->connections[worker->resend_turn];
        worker->resend_turn = (worker->resend_turn + 1) % worker->connection_count;
        bool asked = false;
        while (load_resend_take(worker, connection)) {
            asked = true;
        }
        if (asked) {
            load_links_flush(worker, connection);
        }
    }
}

bool load_resend_heard(load_worker_t *worker, uint32_t twin, uint32_t drop, const slc_buy_reply_t *reply,
                       uint64_t latency_ns)
{
    load_twin_t *kept = load_twins_at(&worker->twins, twin);
    load_tally_t *tally = &worker->tally;
    if (!kept->heard) {
        kept->heard = true;
        kept->status = reply->status;
        kept->order_id = reply->order_id;
        kept->replayed = reply->replayed;
        if (kept->in_turn) {
            kept->due_ns = worker->now_ns;
            load_twins_queue(&worker->twins, twin);
        }
        return true;
    }
    bool ours = worker->plan->workload->drops[drop].opened;
    tally->resent_answered++;
    tally->contradicted += load_twins_agree(kept, reply, ours) ? 0 : 1;
    if (kept->status == SLC_STATUS_ACCEPTED && reply->status == SLC_STATUS_ACCEPTED) {
        tally->never_new += ours && kept->replayed && reply->replayed ? 1 : 0;
    } else if (reply->status == SLC_STATUS_ACCEPTED) {
        load_tally_amend(tally, drop, kept->status, reply);
    }
    tally->replayed += reply->replayed ? 1 : 0;
    load_histogram_record(&tally->again_latency_ns, latency_ns);
    load_twins_end(&worker->twins, twin);
    return false;
}
