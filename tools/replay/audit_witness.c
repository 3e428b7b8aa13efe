#include "audit_witness.h"

#include "audit_digest.h"
#include "text.h"

#include <inttypes.h>
#include <string.h>

/* A drop of the engine while its orders are walked. */
typedef struct questioned {
    slc_drop_info_t info;
    audit_books_t holdings; /* who holds what, by the engine's orders alone; the drop is number 0 */
    uint64_t orders;
    uint64_t cancelled;
    uint64_t units;    /* in orders that stand */
    uint32_t own_drop; /* the same drop in the audit's books */
    uint32_t own_order;
} questioned_t;

typedef char quoted_user_t[REPLAY_QUOTED_BYTES(SLC_USER_BYTES_MAX)];

/* ---- the engine's orders by themselves ---- */

static void check_order(questioned_t *drop, const slc_order_info_t *order, audit_report_t *report)
{
    audit_books_t *holdings = &drop->holdings;
    slc_text_t user = replay_text(order->user);
    quoted_user_t quoted;
    uint32_t holder = audit_find_holder(holdings, 0, user);
    if (holder == AUDIT_NONE) {
        holder = audit_add_holder(holdings, 0, user);
    }
    if (order->order_key != 0) {
        uint32_t earlier = audit_find_key(holdings, holder, order->order_key);
        if (earlier != AUDIT_NONE) {
            replay_quote(user, quoted, sizeof quoted);
            audit_fail(report, AUDIT_CHECK_KEYS,
                       "drop %" PRIu64 ", user %s, order_key %016" PRIx64 ": orders %" PRIu64
                       " and %" PRIu64,
                       order->drop_id, quoted, order->order_key, holdings->orders[earlier].order_id,
                       order->order_id);
        }
        audit_add_order(holdings, &(audit_order_t){
                                      .order_id = order->order_id,
                                      .order_key = order->order_key,
                                      .holder = holder,
                                      .next_in_drop = AUDIT_NONE,
                                  });
    }
    drop->orders++;
    if (order->cancelled) {
        drop->cancelled++;
        return;
    }
    uint64_t limit = drop->info.per_user_limit;
    uint64_t *units = &holdings->holders[holder].units;
    bool was_within = limit == 0 || *units <= limit;
    *units += order->quantity;
    drop->units += order->quantity;
    if (was_within && limit != 0 && *units > limit) {
        replay_quote(user, quoted, sizeof quoted);
        audit_fail(report, AUDIT_CHECK_LIMITS,
                   "drop %" PRIu64 ", user %s holds %" PRIu64 " units of %" PRIu64 " with order %" PRIu64,
                   order->drop_id, quoted, *units, limit, order->order_id);
    }
}

/* The drop's numbers against the sums over its orders. */
static void check_sums(const questioned_t *drop, audit_report_t *report)
{
    const slc_drop_info_t *info = &drop->info;
    if (drop->units > info->stock) {
        audit_fail(report, AUDIT_CHECK_OVERSOLD,
                   "drop %" PRIu64 ": orders for %" PRIu64 " units stand, the stock is %" PRIu64,
                   info->drop_id, drop->units, info->stock);
    }
    if (info->sold + info->remaining != info->stock || info->sold != drop->units) {
        audit_fail(report, AUDIT_CHECK_UNITS,
                   "drop %" PRIu64 ": stock %" PRIu64 ", sold %" PRIu64 ", remaining %" PRIu64
                   ", in orders that stand %" PRIu64,
                   info->drop_id, info->stock, info->sold, info->remaining, drop->units);
    }
    if (info->orders != drop->orders || info->cancelled != drop->cancelled) {
        audit_fail(report, AUDIT_CHECK_UNITS,
                   "drop %" PRIu64 ": counts %" PRIu64 " orders and %" PRIu64
                   " cancelled, but holds %" PRIu64 " and %" PRIu64,
                   info->drop_id, info->orders, info->cancelled, drop->orders, drop->cancelled);
    }
}

/* ---- the engine's orders against the audit's books ---- */

static void compare_order(const audit_books_t *books, uint32_t own, const slc_order_info_t *order,
                          audit_report_t *report)
{
    const audit_order_t *record = &books->orders[own];
    slc_text_t user = audit_holder_user(books, record->holder);
    bool same_user = strlen(order->user) == user.bytes && memcmp(order->user, user.data, user.bytes) == 0;
    if (!same_user || record->order_key != order->order_key || record->quantity != order->quantity ||
        record->time_us != order->time_us || record->cancelled != order->cancelled) {
        audit_fail(report, AUDIT_CHECK_ENGINE,
                   "drop %" PRIu64 ": order %" PRIu64 " reads otherwise in the engine's state",
                   order->drop_id, order->order_id);
    }
}

static void lacks_order(const questioned_t *drop, const audit_books_t *books, audit_report_t *report)
{
    audit_fail(report, AUDIT_CHECK_ENGINE,
               "drop %" PRIu64 ": by the rules order %" PRIu64
               " was accepted, the engine does not have it",
               drop->info.drop_id, books->orders[drop->own_order].order_id);
}

/* Both sides come in the order they were placed, so they are walked abreast. */
static void match_order(questioned_t *drop, const audit_books_t *books, const slc_order_info_t *order,
                        audit_report_t *report)
{
    while (drop->own_order != AUDIT_NONE && books->orders[drop->own_order].order_id < order->order_id) {
        lacks_order(drop, books, report);
        drop->own_order = books->orders[drop->own_order].next_in_drop;
    }
    if (drop->own_order != AUDIT_NONE && books->orders[drop->own_order].order_id == order->order_id) {
        compare_order(books, drop->own_order, order, report);
        drop->own_order = books->orders[drop->own_order].next_in_drop;
        return;
    }
    audit_fail(report, AUDIT_CHECK_ENGINE,
               "drop %" PRIu64 ": the engine has order %" PRIu64 ", which by the rules was refused",
               order->drop_id, order->order_id);
}

static void compare_drop(const questioned_t *drop, const audit_books_t *books, audit_report_t *report)
{
    const slc_drop_info_t *info = &drop->info;
    if (drop->own_drop == AUDIT_NONE) {
        audit_fail(report, AUDIT_CHECK_ENGINE,
                   "the engine has drop %" PRIu64 ", which by the rules is not there", info->drop_id);
        return;
    }
    const audit_drop_t *own = &books->drops[drop->own_drop];
    bool same_name =
        strlen(info->name) == own->name_bytes && memcmp(info->name, own->name, own->name_bytes) == 0;
    if (!same_name || info->stock != own->stock || info->sold != own->sold ||
        info->per_user_limit != own->per_user_limit || info->opens_at_us != own->opens_at_us ||
        info->closes_at_us != own->closes_at_us || info->closed != own->closed ||
        info->orders != own->orders || info->cancelled != own->cancelled) {
        audit_fail(report, AUDIT_CHECK_ENGINE,
                   "drop %" PRIu64 ": engine and audit differ: stock %" PRIu64 " and %" PRIu64
                   ", sold %" PRIu64 " and %" PRIu64 ", orders %" PRIu64 " and %" PRIu64
                   ", cancelled %" PRIu64 " and %" PRIu64 ", or its name, times or closing",
                   info->drop_id, info->stock, own->stock, info->sold, own->sold, info->orders,
                   own->orders, info->cancelled, own->cancelled);
    }
}

/* ---- all of it ---- */

static uint64_t question_drop(const audit_books_t *books, const audit_engine_t *engine,
                              const slc_drop_info_t *info, audit_report_t *report)
{
    questioned_t drop = {.info = *info, .own_drop = audit_find_drop(books, info->drop_id)};
    drop.own_order = drop.own_drop == AUDIT_NONE ? AUDIT_NONE : books->drops[drop.own_drop].first_order;
    audit_add_drop(&drop.holdings, &(audit_drop_t){.first_order = AUDIT_NONE, .last_order = AUDIT_NONE});
    slc_order_info_t order = {0};
    while (engine->next_order(engine->self, info->drop_id, order.order_id, &order)) {
        check_order(&drop, &order, report);
        match_order(&drop, books, &order, report);
    }
    for (; drop.own_order != AUDIT_NONE; drop.own_order = books->orders[drop.own_order].next_in_drop) {
        lacks_order(&drop, books, report);
    }
    check_sums(&drop, report);
    compare_drop(&drop, books, report);
    audit_books_finish(&drop.holdings);
    return drop.orders;
}

void audit_question_engine(audit_books_t *books, const audit_engine_t *engine, audit_report_t *report)
{
    uint64_t drops = 0;
    uint64_t orders = 0;
    slc_drop_info_t info = {0};
    while (engine->next_drop(engine->self, info.drop_id, &info)) {
        drops++;
        orders += question_drop(books, engine, &info, report);
    }
    uint64_t own_drops = 0;
    for (uint64_t i = 0; i < books->drop_count; i++) {
        own_drops += !books->drops[i].purged;
    }
    if (drops != own_drops) {
        audit_fail(report, AUDIT_CHECK_ENGINE, "the engine has %" PRIu64 " drops, the audit %" PRIu64,
                   drops, own_drops);
    }
    uint64_t digest = audit_digest(books);
    if (engine->sequence != books->sequence || engine->digest != digest) {
        audit_fail(report, AUDIT_CHECK_ENGINE,
                   "engine: digest %016" PRIx64 " behind event %" PRIu64 ", audit: %016" PRIx64
                   " behind event %" PRIu64,
                   engine->digest, engine->sequence, digest, books->sequence);
    }
    audit_made(report, AUDIT_CHECK_OVERSOLD, "%" PRIu64 " drops", drops);
    audit_made(report, AUDIT_CHECK_KEYS, "%" PRIu64 " orders", orders);
    audit_made(report, AUDIT_CHECK_LIMITS, "%" PRIu64 " orders", orders);
    audit_made(report, AUDIT_CHECK_UNITS, "%" PRIu64 " drops", drops);
    audit_made(report, AUDIT_CHECK_ENGINE, "digest %016" PRIx64 " behind event %" PRIu64, digest,
               books->sequence);
}
