#include "crowd.h"

#include <stdio.h>
#include <string.h>

/* Readers that the server has closed come back at once: the server is up. */
#define COME_BACK_NS UINT64_C(10000000000)

static void note(load_crowd_t *crowd, const char *whose, const char *why)
{
    if (crowd->why[0] == '\0') {
        (void)snprintf(crowd->why, sizeof crowd->why, "%s%s", whose, why);
    }
}

static bool begin_slow(load_crowd_t *crowd, const load_plan_t *like, uint32_t readers)
{
    load_plan_t *plan = &crowd->plan;
    plan->workload = like->workload;
    plan->address = like->address;
    plan->address_bytes = like->address_bytes;
    plan->threads = 1;
    plan->connections = readers;
    plan->window = LOAD_SLOW_WINDOW;
    plan->requests = plan->duration_ns = UINT64_MAX;
    plan->first_number = LOAD_SLOW_FIRST;
    plan->retry_ns = like->retry_ns > COME_BACK_NS ? like->retry_ns : COME_BACK_NS;
    plan->patience_ns = like->patience_ns;
    plan->ledger_fd = like->ledger_fd;
    plan->slow = true;
    if (!load_worker_init(&crowd->slow, plan, 0)) {
        note(crowd, "slow readers: ", crowd->slow.failure);
        load_worker_finish(&crowd->slow);
        return false;
    }
    crowd->slow.ready = &crowd->ready;
    if (sem_init(&crowd->ready, 0, 0) != 0 ||
        pthread_create(&crowd->thread, NULL, load_slow_run, &crowd->slow) != 0) {
        note(crowd, "slow readers: ", "cannot start their thread");
        load_worker_finish(&crowd->slow);
        return false;
    }
    crowd->runs = true;
    while (sem_wait(&crowd->ready) != 0) { /* a signal: it tells the plan to stop, and comes back here */
    }
    return true;
}

bool load_crowd_begin(load_crowd_t *crowd, const load_plan_t *like, const load_options_t *options)
{
    memset(crowd, 0, sizeof *crowd);
    if (options->idle > 0 && !load_idle_open(&crowd->idle, (uint32_t)options->idle, &like->address,
                                             like->address_bytes, options->patience_s)) {
        note(crowd, "", crowd->idle.why);
        return false;
    }
    return options->slow_readers == 0 || begin_slow(crowd, like, (uint32_t)options->slow_readers);
}

void load_crowd_end(load_crowd_t *crowd, bool leave)
{
    if (crowd->runs) {
        atomic_store_explicit(&crowd->plan.stop, leave ? 2 : 1,
                              memory_order_relaxed); /* a hint, no data */
        (void)pthread_join(crowd->thread, NULL);
        load_tally_t *tally = &crowd->slow.tally;
        if (crowd->slow.failure[0] != '\0') {
            note(crowd, "slow readers: ", crowd->slow.failure);
        } else if (crowd->slow.ledger.error != 0) {
            note(crowd, "slow readers: ", "the ledger cannot be written");
        }
        crowd->latency_ns = tally->latency_ns;
        crowd->answered = tally->answered;
        crowd->closed = tally->broken;
        crowd->retried = tally->retried;
        memset(&tally->latency_ns, 0, sizeof tally->latency_ns);
        for (uint32_t i = 0; tally->drop_latency_ns != NULL && i < crowd->plan.workload->drop_count;
             i++) {
            memset(&tally->drop_latency_ns[i], 0, sizeof tally->drop_latency_ns[i]);
        }
        tally->broken = tally->retried = 0;
    }
    crowd->idle_open = load_idle_count_open(&crowd->idle);
}

void load_crowd_finish(load_crowd_t *crowd)
{
    load_idle_close(&crowd->idle);
    if (crowd->runs) {
        load_worker_finish(&crowd->slow);
        (void)sem_destroy(&crowd->ready);
    }
}
