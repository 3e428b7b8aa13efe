#include "audit_witness.h"

#include "audit_digest.h"
#include "memory.h"
#include "text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One order of the engine, as far as keys and limits go. */
typedef struct holding {
    uint64_t order_key;
    uint64_t order_id;
    uint32_t holder; /* index in the books: one user of this drop */
    uint32_t units;  /* 0: cancelled */
} holding_t;

/* A drop of the engine while its orders are walked. */
typedef struct questioned {
    slc_drop_info_t info;
    holding_t *holdings;
    uint64_t orders; /* so many holdings */
    uint64_t capacity;
    uint64_t cancelled;
    uint64_t units;    /* in orders that stand */
    uint32_t own_drop; /* the same drop in the audit's books, and its next order */
    uint32_t own_order;
} questioned_t;

typedef char quoted_user_t[REPLAY_QUOTED_BYTES(SLC_USER_BYTES_MAX)];

/* ---- the engine's orders by themselves ---- */

static int by_holder_and_key(const void *left, const void *right)
{
    const holding_t *a = left;
    const holding_t *b = right;
    if (a->holder != b->holder) {
        return a->holder < b->holder ? -1 : 1;
    }
    if (a->order_key != b->order_key) {
        return a->order_key < b->order_key ? -1 : 1;
    }
    return (a->order_id > b->order_id) - (a->order_id < b->order_id);
}

/* The orders of one user: `count` holdings, sorted by key. */
static void check_holder(const questioned_t *drop, const holding_t *holdings, uint64_t count,
                         const audit_books_t *books, audit_report_t *report)
{
    quoted_user_t user;
    uint64_t limit = drop->info.per_user_limit;
    uint64_t units = holdings[0].units;
    for (uint64_t i = 1; i < count; i++) {
        units += holdings[i].units;
        if (holdings[i].order_key != 0 && holdings[i].order_key == holdings[i - 1].order_key) {
            replay_quote(audit_holder_user(books, holdings[i].holder), user, sizeof user);
            audit_fail(report, AUDIT_CHECK_KEYS,
                       "drop %" PRIu64 ", user %s, order_key %016" PRIx64 ": orders %" PRIu64
                       " and %" PRIu64,
                       drop->info.drop_id, user, holdings[i].order_key, holdings[i - 1].order_id,
                       holdings[i].order_id);
        }
    }
    if (limit != 0 && units > limit) {
        replay_quote(audit_holder_user(books, holdings[0].holder), user, sizeof user);
        audit_fail(report, AUDIT_CHECK_LIMITS,
                   "drop %" PRIu64 ", user %s holds %" PRIu64 " units of at most %" PRIu64,
                   drop->info.drop_id, user, units, limit);
    }
}

static void check_holders(const questioned_t *drop, const audit_books_t *books, audit_report_t *report)
{
    uint64_t begin = 0;
    if (drop->orders > 0) {
        qsort(drop->holdings, drop->orders, sizeof *drop->holdings, by_holder_and_key);
    }
    for (uint64_t end = 1; end <= drop->orders; end++) {
        if (end == drop->orders || drop->holdings[end].holder != drop->holdings[begin].holder) {
            check_holder(drop, drop->holdings + begin, end - begin, books, report);
            begin = end;
        }
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

/* The user of an order of the engine, which the books may not know yet. */
static uint32_t holder_of(audit_books_t *books, uint32_t own_drop, slc_text_t user)
{
    uint32_t holder = audit_find_holder(books, own_drop, user);
    return holder == AUDIT_NONE ? audit_add_holder(books, own_drop, user) : holder;
}

/* Answers the holder. */
static uint32_t compare_order(const questioned_t *drop, audit_books_t *books,
                              const slc_order_info_t *order, audit_report_t *report)
{
    const audit_order_t *own = &books->orders[drop->own_order];
    slc_text_t own_user = audit_holder_user(books, own->holder);
    slc_text_t user = replay_text(order->user);
    bool same_user = own_user.bytes == user.bytes && memcmp(own_user.data, user.data, user.bytes) == 0;
    if (!same_user || own->order_key != order->order_key || own->quantity != order->quantity ||
        own->time_us != order->time_us || own->cancelled != order->cancelled) {
        audit_fail(report, AUDIT_CHECK_ENGINE,
                   "drop %" PRIu64 ": order %" PRIu64 " reads otherwise in the engine's state",
                   drop->info.drop_id, order->order_id);
    }
    return same_user ? own->holder : holder_of(books, drop->own_drop, user);
}

static void skip_own_order(questioned_t *drop, const audit_books_t *books, audit_report_t *report)
{
    const audit_order_t *own = &books->orders[drop->own_order];
    audit_fail(report, AUDIT_CHECK_ENGINE,
               "drop %" PRIu64 ": by the rules order %" PRIu64
               " was accepted, the engine does not have it",
               drop->info.drop_id, own->order_id);
    drop->own_order = own->next_in_drop;
}

/* Both sides come in the order they were placed, so they are walked abreast. Answers the holder. */
static uint32_t match_order(questioned_t *drop, audit_books_t *books, const slc_order_info_t *order,
                            audit_report_t *report)
{
    while (drop->own_order != AUDIT_NONE && books->orders[drop->own_order].order_id < order->order_id) {
        skip_own_order(drop, books, report);
    }
    if (drop->own_order != AUDIT_NONE && books->orders[drop->own_order].order_id == order->order_id) {
        uint32_t holder = compare_order(drop, books, order, report);
        drop->own_order = books->orders[drop->own_order].next_in_drop;
        return holder;
    }
    audit_fail(report, AUDIT_CHECK_ENGINE,
               "drop %" PRIu64 ": the engine has order %" PRIu64 ", which by the rules was refused",
               drop->info.drop_id, order->order_id);
    return holder_of(books, drop->own_drop, replay_text(order->user));
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

static void note_order(questioned_t *drop, const slc_order_info_t *order, uint32_t holder)
{
    uint64_t units = order->cancelled ? 0 : order->quantity;
    drop->holdings =
        replay_grow(drop->holdings, &drop->capacity, drop->orders + 1, sizeof *drop->holdings);
    drop->holdings[drop->orders++] = (holding_t){
        .order_key = order->order_key,
        .order_id = order->order_id,
        .holder = holder,
        .units = (uint32_t)units,
    };
    drop->cancelled += order->cancelled;
    drop->units += units;
}

/* Answers how many orders it has. */
static uint64_t question_drop(audit_books_t *books, const audit_engine_t *engine,
                              const slc_drop_info_t *info, audit_report_t *report)
{
    questioned_t drop = {.info = *info, .own_drop = audit_find_drop(books, info->drop_id)};
    drop.own_order = drop.own_drop == AUDIT_NONE ? AUDIT_NONE : books->drops[drop.own_drop].first_order;
    slc_order_info_t order = {0};
    while (engine->next_order(engine->self, info->drop_id, order.order_id, &order)) {
        note_order(&drop, &order, match_order(&drop, books, &order, report));
    }
    while (drop.own_order != AUDIT_NONE) {
        skip_own_order(&drop, books, report);
    }
    check_holders(&drop, books, report);
    check_sums(&drop, report);
    compare_drop(&drop, books, report);
    free(drop.holdings);
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
