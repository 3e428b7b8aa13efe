#include "checks.h"

#include <stdarg.h>
#include <stdio.h>

typedef unsigned long long ull_t;

typedef struct checks {
    load_check_t *list;
    size_t count;
} checks_t;

static void add(checks_t *checks, const char *name, uint64_t drop_id, bool ok, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

static void add(checks_t *checks, const char *name, uint64_t drop_id, bool ok, const char *format, ...)
{
    load_check_t *check = &checks->list[checks->count++];
    *check = (load_check_t){.name = name, .drop_id = drop_id, .ok = ok};
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(check->detail, sizeof check->detail, format, arguments);
    va_end(arguments);
}

static void check_whole(checks_t *checks, const load_tally_t *tally)
{
    add(checks, "each_request_answered_once", 0,
        tally->answered == tally->requests && tally->strangers == 0,
        "%llu of %llu answered, %llu replies to nothing", (ull_t)tally->answered, (ull_t)tally->requests,
        (ull_t)tally->strangers);
    add(checks, "no_order_id_twice", 0, tally->twice == 0 && tally->absurd == 0,
        "%llu orders, %llu ids heard twice, %llu no sequence of a journal",
        (ull_t)tally->by_status[SLC_STATUS_ACCEPTED], (ull_t)tally->twice, (ull_t)tally->absurd);
    uint64_t senseless = tally->by_status[SLC_STATUS_UNSPECIFIED] + tally->by_status[SLC_STATUS_INVALID];
    add(checks, "each_answer_makes_sense", 0, senseless == 0, "%llu INVALID or without a status",
        (ull_t)senseless);
    if (tally->resent == 0) {
        return;
    }
    add(checks, "both_answers_tell_the_same", 0,
        tally->resent_answered == tally->resent && tally->contradicted == 0,
        "%llu of %llu answered a second time, %llu contradict the first answer",
        (ull_t)tally->resent_answered, (ull_t)tally->resent, (ull_t)tally->contradicted);
    /* Where requests were asked again over a new connection, the answer that was new may be lost. */
    add(checks, "one_of_both_answers_is_new", 0, tally->never_new == 0 || tally->retried > 0,
        "%llu orders were called replayed by both answers", (ull_t)tally->never_new);
}

/* A drop of this run, with nothing but yes and sold out: all buyers were served as far as units went. */
static void check_demand(checks_t *checks, const load_workload_t *workload, const load_drop_t *drop,
                         const uint64_t *counts)
{
    uint64_t quantity = workload->quantity == 0 ? 1 : workload->quantity;
    uint64_t accepted = counts[SLC_STATUS_ACCEPTED];
    uint64_t buyers = accepted + counts[SLC_STATUS_SOLD_OUT];
    uint64_t most = drop->stock / quantity;
    if (counts[SLC_STATUS_LIMIT_EXCEEDED] == 0) {
        uint64_t wanted = most < buyers ? most : buyers;
        add(checks, "accepted_is_min_of_stock_and_demand", drop->drop_id, accepted == wanted,
            "%llu accepted, %llu units for %llu buyers of %llu", (ull_t)accepted, (ull_t)drop->stock,
            (ull_t)buyers, (ull_t)quantity);
    } else {
        add(checks, "accepted_is_at_most_stock", drop->drop_id, accepted <= most,
            "%llu accepted of %llu units each, %llu units", (ull_t)accepted, (ull_t)quantity,
            (ull_t)drop->stock);
    }
}

static void check_books(checks_t *checks, const load_drop_t *drop, const uint64_t *counts,
                        const slc_drop_info_t *book)
{
    add(checks, "units_are_conserved", drop->drop_id,
        book->sold <= book->stock && book->sold + book->remaining == book->stock,
        "stock %llu, sold %llu, remaining %llu", (ull_t)book->stock, (ull_t)book->sold,
        (ull_t)book->remaining);
    if (drop->opened) {
        add(checks, "server_counts_the_same_orders", drop->drop_id,
            book->orders == counts[SLC_STATUS_ACCEPTED], "%llu orders there, %llu accepted here",
            (ull_t)book->orders, (ull_t)counts[SLC_STATUS_ACCEPTED]);
    }
}

void load_checks_add_idle(uint64_t wanted, uint64_t open, load_check_t *checks, size_t *count)
{
    checks_t list = {.list = checks, .count = *count};
    if (wanted > 0) {
        add(&list, "idle_connections_still_stand", 0, open == wanted, "%llu of %llu are open at the end",
            (ull_t)open, (ull_t)wanted);
    }
    *count = list.count;
}

size_t load_checks_run(const load_workload_t *workload, const load_tally_t *tally,
                       const slc_drop_info_t *books, load_check_t *ret_checks)
{
    checks_t checks = {.list = ret_checks};
    check_whole(&checks, tally);
    for (uint32_t i = 0; i < workload->drop_count; i++) {
        const load_drop_t *drop = &workload->drops[i];
        if (drop->opened) {
            check_demand(&checks, workload, drop, tally->by_drop[i]);
        }
        if (books != NULL && books[i].drop_id == drop->drop_id) {
            check_books(&checks, drop, tally->by_drop[i], &books[i]);
        } else if (drop->opened) {
            add(&checks, "server_counts_the_same_orders", drop->drop_id, false,
                "the server does not tell of this drop");
        }
    }
    return checks.count;
}
