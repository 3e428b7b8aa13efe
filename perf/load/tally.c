#include "tally.h"

#include <stdlib.h>
#include <string.h>

bool load_tally_init(load_tally_t *tally, uint32_t drops)
{
    memset(tally, 0, sizeof *tally);
    tally->by_drop = calloc(drops, sizeof *tally->by_drop);
    bool apart = drops > 1 && drops <= LOAD_LATENCY_DROPS_MAX;
    if (apart) {
        tally->drop_latency_ns = calloc(drops, sizeof *tally->drop_latency_ns);
    }
    if (tally->by_drop == NULL || (apart && tally->drop_latency_ns == NULL) ||
        !load_orders_init(&tally->orders)) {
        load_tally_finish(tally);
        return false;
    }
    return true;
}

void load_tally_finish(load_tally_t *tally)
{
    load_orders_finish(&tally->orders);
    free(tally->by_drop);
    free(tally->drop_latency_ns);
    tally->by_drop = NULL;
    tally->drop_latency_ns = NULL;
}

void load_tally_merge(load_tally_t *into, load_tally_t *from, uint32_t drops)
{
    into->requests += from->requests;
    into->answered += from->answered;
    into->retried += from->retried;
    into->replayed += from->replayed;
    into->strangers += from->strangers;
    into->absurd += from->absurd;
    into->broken += from->broken;
    into->gave_up += from->gave_up;
    into->hung_up += from->hung_up;
    into->reset += from->reset;
    into->resent += from->resent;
    into->resent_answered += from->resent_answered;
    into->contradicted += from->contradicted;
    into->never_new += from->never_new;
    into->twice += from->twice + load_orders_merge(&into->orders, &from->orders);
    for (uint32_t status = 0; status < SLC_STATUS_COUNT; status++) {
        into->by_status[status] += from->by_status[status];
        for (uint32_t drop = 0; drop < drops; drop++) {
            into->by_drop[drop][status] += from->by_drop[drop][status];
        }
    }
    load_histogram_merge(&into->latency_ns, &from->latency_ns);
    load_histogram_merge(&into->again_latency_ns, &from->again_latency_ns);
    for (uint32_t drop = 0; into->drop_latency_ns != NULL && drop < drops; drop++) {
        load_histogram_merge(&into->drop_latency_ns[drop], &from->drop_latency_ns[drop]);
    }
}

static uint32_t index_of(slc_status_t status)
{
    return (uint32_t)status < SLC_STATUS_COUNT ? (uint32_t)status : 0;
}

static void note_order(load_tally_t *tally, uint64_t order_id)
{
    load_heard_t heard = load_orders_add(&tally->orders, order_id);
    tally->twice += heard == LOAD_HEARD_TWICE ? 1 : 0;
    tally->absurd += heard == LOAD_HEARD_ABSURD || heard == LOAD_HEARD_NO_MEMORY ? 1 : 0;
}

void load_tally_answer(load_tally_t *tally, uint32_t drop, const slc_buy_reply_t *reply,
                       uint64_t latency_ns)
{
    uint32_t status = index_of(reply->status);
    tally->answered++;
    tally->by_status[status]++;
    tally->by_drop[drop][status]++;
    tally->replayed += reply->replayed ? 1 : 0;
    load_histogram_record(&tally->latency_ns, latency_ns);
    if (tally->drop_latency_ns != NULL) {
        load_histogram_record(&tally->drop_latency_ns[drop], latency_ns);
    }
    if (status == SLC_STATUS_ACCEPTED) {
        note_order(tally, reply->order_id);
    }
}

void load_tally_amend(load_tally_t *tally, uint32_t drop, slc_status_t refusal,
                      const slc_buy_reply_t *reply)
{
    tally->by_status[index_of(refusal)]--;
    tally->by_drop[drop][index_of(refusal)]--;
    tally->by_status[SLC_STATUS_ACCEPTED]++;
    tally->by_drop[drop][SLC_STATUS_ACCEPTED]++;
    note_order(tally, reply->order_id);
}
