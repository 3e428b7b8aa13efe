/* replay dump: the events, one a line.
 *
 * A cancellation names an order, not a drop. So that the view of one drop can show the cancellations of
 * its orders, that view is read from the first event kept, also where less is to be shown, and
 * the sequences of the drop's BUYs are kept: an order's id is the sequence of the BUY that placed it. */
#include "../common/called.h"
#include "memory.h"
#include "progress.h"
#include "replay.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct dump {
    const replay_options_t *options;
    uint64_t *orders; /* sequences of the drop's BUYs, ascending; only with --drop */
    uint64_t order_count;
    uint64_t order_capacity;
    uint64_t events;
    uint64_t next; /* nothing before it is shown (any more) */
} dump_t;

/* ---- one drop's events ---- */

static bool is_order_of_drop(const dump_t *dump, uint64_t order_id)
{
    uint64_t low = 0;
    uint64_t high = dump->order_count;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (dump->orders[middle] < order_id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < dump->order_count && dump->orders[low] == order_id;
}

static bool concerns_drop(dump_t *dump, const slc_event_t *event)
{
    uint64_t drop_id = dump->options->drop_id;
    switch (event->kind) {
    case SLC_EVENT_ORDER_PLACED:
        if (event->as.order_placed.drop_id != drop_id) {
            return false;
        }
        dump->orders =
            replay_grow(dump->orders, &dump->order_capacity, dump->order_count + 1, sizeof *dump->orders);
        dump->orders[dump->order_count++] = event->sequence;
        return true;
    case SLC_EVENT_DROP_OPENED:
        return event->as.drop_opened.drop_id == drop_id;
    case SLC_EVENT_STOCK_ADJUSTED:
        return event->as.stock_adjusted.drop_id == drop_id;
    case SLC_EVENT_DROP_CLOSED:
        return event->as.drop_closed.drop_id == drop_id;
    case SLC_EVENT_DROP_PURGED:
        return event->as.drop_purged.drop_id == drop_id;
    case SLC_EVENT_ORDER_CANCELLED:
        return is_order_of_drop(dump, event->as.order_cancelled.order_id);
    }
    return false;
}

/* ---- printing ---- */

static const char *kind_name(slc_event_kind_t kind)
{
    switch (kind) {
    case SLC_EVENT_ORDER_PLACED:
        return "ORDER_PLACED";
    case SLC_EVENT_DROP_OPENED:
        return "DROP_OPENED";
    case SLC_EVENT_STOCK_ADJUSTED:
        return "STOCK_ADJUSTED";
    case SLC_EVENT_DROP_CLOSED:
        return "DROP_CLOSED";
    case SLC_EVENT_DROP_PURGED:
        return "DROP_PURGED";
    case SLC_EVENT_ORDER_CANCELLED:
        return "ORDER_CANCELLED";
    }
    return "UNKNOWN";
}

/* How a field is written: `,"name":value` or ` name=value`. */
static void put_name(bool json, const char *name)
{
    printf(json ? ",\"%s\":" : " %s=", name);
}

static void put_number(bool json, const char *name, uint64_t number)
{
    put_name(json, name);
    printf("%" PRIu64, number);
}

static void put_key(bool json, const char *name, uint64_t key)
{
    put_name(json, name);
    printf(json ? "\"%016" PRIx64 "\"" : "%016" PRIx64, key);
}

static void put_text(bool json, const char *name, slc_text_t text)
{
    put_name(json, name);
    replay_put_quoted(stdout, text);
}

static void print_fields(bool json, const slc_event_t *event)
{
    switch (event->kind) {
    case SLC_EVENT_ORDER_PLACED:
        put_number(json, "drop_id", event->as.order_placed.drop_id);
        put_text(json, "user", event->as.order_placed.user);
        put_number(json, "quantity", event->as.order_placed.quantity);
        put_key(json, "order_key", event->as.order_placed.order_key);
        return; /* the only one without an op_key */
    case SLC_EVENT_DROP_OPENED:
        put_number(json, "drop_id", event->as.drop_opened.drop_id);
        put_number(json, "stock", event->as.drop_opened.stock);
        put_number(json, "per_user_limit", event->as.drop_opened.per_user_limit);
        put_number(json, "opens_at_us", event->as.drop_opened.opens_at_us);
        put_number(json, "closes_at_us", event->as.drop_opened.closes_at_us);
        put_text(json, "name", event->as.drop_opened.name);
        break;
    case SLC_EVENT_STOCK_ADJUSTED:
        put_number(json, "drop_id", event->as.stock_adjusted.drop_id);
        put_name(json, "delta");
        printf(json ? "%" PRId64 : "%+" PRId64, event->as.stock_adjusted.delta);
        break;
    case SLC_EVENT_DROP_CLOSED:
        put_number(json, "drop_id", event->as.drop_closed.drop_id);
        break;
    case SLC_EVENT_DROP_PURGED:
        put_number(json, "drop_id", event->as.drop_purged.drop_id);
        break;
    case SLC_EVENT_ORDER_CANCELLED:
        put_number(json, "order_id", event->as.order_cancelled.order_id);
        break;
    }
    put_key(json, "op_key", event->op_key);
}

static void print_event(bool json, const slc_event_t *event)
{
    char time[REPLAY_TIME_BYTES];
    if (json) {
        printf("{\"sequence\":%" PRIu64 ",\"time_us\":%" PRIu64 ",\"type\":\"%s\"", event->sequence,
               event->time_us, kind_name(event->kind));
        print_fields(json, event);
        puts("}");
        return;
    }
    printf("%10" PRIu64 "  %s  %-15s", event->sequence, replay_time(event->time_us, time),
           kind_name(event->kind));
    print_fields(json, event);
    putchar('\n');
}

/* ---- reading ---- */

/* Shows what is wanted of the block; END behind its last event. */
static slc_err_t dump_block(slc_journal_t *journal, dump_t *dump, slc_error_t *ret_error)
{
    const replay_options_t *options = dump->options;
    slc_event_t event;
    slc_err_t code;
    while ((code = slc_journal_next_event(journal, &event, ret_error)) == SLC_OK) {
        if (event.sequence > options->until) {
            return SLC_END;
        }
        dump->events++;
        bool is_wanted = options->drop_id == 0 || concerns_drop(dump, &event);
        if (is_wanted && event.sequence >= dump->next) {
            print_event(options->json, &event);
        }
        dump->next = event.sequence >= dump->next ? event.sequence + 1 : dump->next;
    }
    return code;
}

/* What stands behind the last event that is wanted is not even read: damage there is none of ours. */
static bool is_last_block(const dump_t *dump, const slc_journal_block_t *block)
{
    return ferror(stdout) || block->first_sequence + block->events > dump->options->until;
}

/* Says so where events that were asked for are no longer there; true once a block was seen. */
static void note_gap(dump_t *dump, const slc_journal_block_t *block)
{
    if (block->first_sequence > dump->next) {
        called_say("replay",
                   "replay: note: events %" PRIu64 " to %" PRIu64
                   " were removed, because snapshots cover them%s\n",
                   dump->next, block->first_sequence - 1,
                   dump->options->drop_id == 0 ? ""
                                               : "; cancellations of orders among them are not shown");
        dump->next = block->first_sequence;
    }
}

/* A live server removed what comes next. */
static bool was_overtaken(slc_err_t code, const slc_error_t *error)
{
    return code == SLC_ERR_IO && error->sys_errno == ENOENT;
}

static slc_err_t dump_journal(slc_journal_t *journal, dump_t *dump, slc_error_t *ret_error)
{
    replay_progress_t progress;
    slc_journal_block_t block = {0};
    slc_err_t code = SLC_OK;
    if (dump->options->from > 1 && dump->options->drop_id == 0) {
        code = slc_journal_seek(journal, dump->options->from, ret_error);
    }
    replay_progress_begin(&progress, "dumping");
    while (code == SLC_OK && !is_last_block(dump, &block)) {
        uint64_t done_bytes;
        uint64_t total_bytes;
        code = slc_journal_next_block(journal, &block, ret_error);
        if (was_overtaken(code, ret_error)) {
            code = slc_journal_seek(journal, dump->next, ret_error);
            block = (slc_journal_block_t){0};
            continue;
        }
        if (code == SLC_OK) {
            note_gap(dump, &block);
            code = dump_block(journal, dump, ret_error);
            slc_journal_progress(journal, &done_bytes, &total_bytes);
            replay_progress_update(&progress, done_bytes, total_bytes, dump->events);
            code = code == SLC_END ? SLC_OK : code;
        }
    }
    replay_progress_end(&progress);
    return code;
}

int replay_dump(const replay_options_t *options)
{
    slc_error_t error = {0};
    slc_journal_t *journal = NULL;
    dump_t dump = {.options = options, .next = options->from};
    slc_err_t code = slc_journal_open(options->directory, &journal, &error);
    if (code == SLC_OK) {
        code = dump_journal(journal, &dump, &error);
    }
    int exit_code = code == SLC_OK || code == SLC_END ? REPLAY_DONE : replay_fail(&error);
    if (journal != NULL) {
        replay_note_tail(journal);
    }
    slc_journal_close(journal);
    free(dump.orders);
    return replay_flush(exit_code);
}
