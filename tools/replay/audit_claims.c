/* What the ledger claims, held against the audit's books. An order that was cancelled later still stands
 * as it was placed, and so does one of a drop that was purged later. */
#include "audit_ledger.h"

#include "memory.h"
#include "text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static slc_text_t claim_user(const audit_ledger_t *ledger, const audit_claim_t *claim)
{
    return (slc_text_t){.data = ledger->text + claim->user_at, .bytes = claim->user_bytes};
}

static bool same_text(slc_text_t left, slc_text_t right)
{
    return left.bytes == right.bytes && memcmp(left.data, right.data, left.bytes) == 0;
}

/* ---- from before the snapshot that the audit begins with ---- */

/* The drop of that number as the snapshot held it. */
static uint32_t drop_at_beginning(const audit_books_t *books, uint64_t drop_id)
{
    uint64_t low = 0;
    uint64_t high = books->began_drops;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (books->drops[middle].drop_id < drop_id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < books->began_drops && books->drops[low].drop_id == drop_id ? (uint32_t)low : AUDIT_NONE;
}

/* Sequence of the event that opened the drop, or one that is surely behind it; UINT64_MAX: not known. */
static uint64_t opened_by(const audit_books_t *books, uint32_t drop)
{
    for (uint64_t i = 0; i < books->op_count; i++) {
        if (books->ops[i].kind == SLC_EVENT_DROP_OPENED && books->ops[i].drop == drop) {
            return books->ops[i].sequence;
        }
    }
    uint32_t first = books->drops[drop].first_order;
    return first == AUDIT_NONE ? UINT64_MAX : books->orders[first].order_id;
}

/* An order that is not there, but that the snapshot need not hold: its drop had been purged by then. */
static bool may_be_purged(const audit_books_t *books, const audit_claim_t *claim)
{
    if (claim->order_id > books->began) {
        return false;
    }
    uint32_t drop = drop_at_beginning(books, claim->drop_id);
    return drop == AUDIT_NONE || claim->order_id < opened_by(books, drop);
}

/* ---- does it stand? ---- */

static void check_claim(const audit_ledger_t *ledger, uint64_t index, uint32_t order,
                        const audit_books_t *books, audit_report_t *report)
{
    const audit_claim_t *claim = &ledger->claims[index];
    char quoted[REPLAY_QUOTED_BYTES(SLC_USER_BYTES_MAX)];
    replay_quote(claim_user(ledger, claim), quoted, sizeof quoted);
    if (order == AUDIT_NONE) {
        audit_fail(report, AUDIT_CHECK_LEDGER,
                   "line %" PRIu64 ": order %" PRIu64 " (drop %" PRIu64
                   ", user %s) was acknowledged but lost",
                   index + 1, claim->order_id, claim->drop_id, quoted);
        return;
    }
    const audit_order_t *record = &books->orders[order];
    uint64_t drop_id = books->drops[audit_order_drop(books, order)].drop_id;
    bool same_user = same_text(audit_holder_user(books, record->holder), claim_user(ledger, claim));
    if (!same_user || drop_id != claim->drop_id || record->quantity != claim->quantity ||
        record->order_key != claim->order_key || claim->sequence != claim->order_id) {
        audit_fail(report, AUDIT_CHECK_LEDGER,
                   "line %" PRIu64 ": order %" PRIu64 " was acknowledged as drop %" PRIu64
                   ", user %s, quantity %" PRIu64 ", order_key %016" PRIx64 ", sequence %" PRIu64
                   ", but stands with another %s",
                   index + 1, claim->order_id, claim->drop_id, quoted, claim->quantity, claim->order_key,
                   claim->sequence,
                   drop_id != claim->drop_id               ? "drop"
                   : !same_user                            ? "user"
                   : record->quantity != claim->quantity   ? "quantity"
                   : record->order_key != claim->order_key ? "order_key"
                                                           : "sequence");
    }
}

/* ---- is it doubled? ---- */

/* Two orders under one key are right only where the drop was purged and opened again in between. */
static bool are_of_different_drops(const audit_books_t *books, uint64_t left_id, uint64_t right_id)
{
    uint32_t left = audit_find_order(books, left_id);
    uint32_t right = audit_find_order(books, right_id);
    if ((left == AUDIT_NONE && left_id <= books->began) ||
        (right == AUDIT_NONE && right_id <= books->began)) {
        return true; /* purged, or else it is said that it is lost */
    }
    return left != AUDIT_NONE && right != AUDIT_NONE &&
           audit_order_drop(books, left) != audit_order_drop(books, right);
}

static void check_doubled_key(const audit_ledger_t *ledger, uint64_t index, audit_map_t *by_key,
                              const audit_books_t *books, audit_report_t *report)
{
    const audit_claim_t *claim = &ledger->claims[index];
    slc_text_t user = claim_user(ledger, claim);
    uint32_t hash =
        (uint32_t)XXH3_64bits_withSeed(user.data, user.bytes, claim->order_key ^ claim->drop_id);
    for (uint32_t at = audit_map_first(by_key, hash); at != AUDIT_NONE; at = audit_map_next(by_key, at)) {
        const audit_claim_t *other = &ledger->claims[audit_map_value(by_key, at)];
        if (other->drop_id != claim->drop_id || other->order_key != claim->order_key ||
            !same_text(claim_user(ledger, other), user)) {
            continue;
        }
        if (other->order_id == claim->order_id) {
            return; /* a retry that heard the same */
        }
        if (!are_of_different_drops(books, other->order_id, claim->order_id)) {
            audit_fail(report, AUDIT_CHECK_DOUBLED,
                       "line %" PRIu64 ": drop %" PRIu64 ", order_key %016" PRIx64
                       " bought order %" PRIu64 ", in line %" PRIu32 " order %" PRIu64,
                       index + 1, claim->drop_id, claim->order_key, claim->order_id,
                       audit_map_value(by_key, at) + 1, other->order_id);
        }
    }
    audit_map_add(by_key, hash, (uint32_t)index);
}

/* Only one reply can be the first one; every other of the same order says that it is replayed. */
static void check_heard_once(const audit_claim_t *claim, uint64_t index, uint32_t order, bool *heard,
                             audit_report_t *report)
{
    if (order == AUDIT_NONE || claim->replayed) {
        return;
    }
    if (heard[order]) {
        audit_fail(report, AUDIT_CHECK_DOUBLED,
                   "line %" PRIu64 ": order %" PRIu64 " was acknowledged twice as a new one", index + 1,
                   claim->order_id);
    }
    heard[order] = true;
}

void audit_question_ledger(const audit_ledger_t *ledger, const audit_books_t *books,
                           audit_report_t *report)
{
    audit_map_t by_key = {0};
    bool *heard = calloc(books->order_count + 1, sizeof *heard);
    if (heard == NULL || ledger->count >= AUDIT_NONE) {
        replay_out_of_memory();
    }
    uint64_t purged = 0;
    for (uint64_t i = 0; i < ledger->count; i++) {
        const audit_claim_t *claim = &ledger->claims[i];
        uint32_t order = audit_find_order(books, claim->order_id);
        if (order == AUDIT_NONE && may_be_purged(books, claim)) {
            purged++;
        } else {
            check_claim(ledger, i, order, books, report);
        }
        check_heard_once(claim, i, order, heard, report);
        if (claim->order_key != 0) {
            check_doubled_key(ledger, i, &by_key, books, report);
        }
    }
    char left_out[64] = "";
    if (purged > 0) {
        (void)snprintf(left_out, sizeof left_out, ", %" PRIu64 " of drops purged before the snapshot",
                       purged);
    }
    audit_made(report, AUDIT_CHECK_LEDGER, "%" PRIu64 " replies%s%s", ledger->count, left_out,
               ledger->broken_tail ? ", a broken last line left out" : "");
    audit_made(report, AUDIT_CHECK_DOUBLED, "%" PRIu64 " replies", ledger->count);
    free(heard);
    audit_map_finish(&by_key);
}
