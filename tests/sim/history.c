#include "history.h"

#include "base/check.h"
#include "journal/batch.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *grown(void *at, size_t count, size_t *room, size_t bytes)
{
    if (count < *room) {
        return at;
    }
    *room = *room == 0 ? 256 : 2 * *room;
    at = realloc(at, *room * bytes);
    SLC_CHECK(at != NULL);
    return at;
}

void history_init(history_t *history)
{
    memset(history, 0, sizeof *history);
    history->fact_count = 1;
}

void history_finish(history_t *history)
{
    free(history->wants);
    free(history->attempts);
    free(history->heards);
    free(history->facts);
    free(history->claims);
}

want_t *history_want(history_t *history, uint32_t *ret_want)
{
    history->wants =
        grown(history->wants, history->want_count, &history->want_room, sizeof *history->wants);
    *ret_want = (uint32_t)history->want_count++;
    want_t *want = &history->wants[*ret_want];
    memset(want, 0, sizeof *want);
    return want;
}

uint64_t history_attempt(history_t *history, uint32_t want, uint64_t connection)
{
    history->attempts = grown(history->attempts, history->attempt_count, &history->attempt_room,
                              sizeof *history->attempts);
    history->attempts[history->attempt_count++] = (attempt_t){.want = want,
                                                              .connection = connection,
                                                              .floor = history->floor,
                                                              .may_be_read_only = !history->all_is_well};
    return history->attempt_count;
}

heard_t *history_heard(history_t *history)
{
    history->heards =
        grown(history->heards, history->heard_count, &history->heard_room, sizeof *history->heards);
    heard_t *heard = &history->heards[history->heard_count++];
    memset(heard, 0, sizeof *heard);
    return heard;
}

bool history_wrong(history_t *history, const char *format, ...)
{
    if (history->wrong[0] == '\0') {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(history->wrong, sizeof history->wrong, format, arguments);
        va_end(arguments);
    }
    return false;
}

/* ---- the journal ---- */

static slc_text_t *text_of(slc_event_t *event)
{
    return event->kind == SLC_EVENT_ORDER_PLACED  ? &event->as.order_placed.user
           : event->kind == SLC_EVENT_DROP_OPENED ? &event->as.drop_opened.name
                                                  : NULL;
}

static void keep(fact_t *fact, const slc_event_t *event)
{
    fact->event = *event;
    slc_text_t *text = text_of(&fact->event);
    if (text != NULL) {
        memcpy(fact->text, text->data, text->bytes);
        fact->text[text->bytes] = '\0';
    }
}

static bool is_same(const fact_t *fact, const slc_event_t *event)
{
    slc_event_t one = fact->event;
    slc_event_t other = *event;
    slc_text_t *text = text_of(&one);
    slc_text_t *other_text = text_of(&other);
    if (one.kind != other.kind || one.time_us != other.time_us || one.op_key != other.op_key) {
        return false;
    }
    if (text != NULL) {
        if (text->bytes != other_text->bytes || memcmp(fact->text, other_text->data, text->bytes) != 0) {
            return false;
        }
        *text = *other_text = (slc_text_t){.bytes = 0};
    }
    switch (one.kind) {
    case SLC_EVENT_ORDER_PLACED:
        return one.as.order_placed.drop_id == other.as.order_placed.drop_id &&
               one.as.order_placed.order_key == other.as.order_placed.order_key &&
               one.as.order_placed.quantity == other.as.order_placed.quantity;
    case SLC_EVENT_DROP_OPENED:
        return one.as.drop_opened.drop_id == other.as.drop_opened.drop_id &&
               one.as.drop_opened.stock == other.as.drop_opened.stock;
    case SLC_EVENT_STOCK_ADJUSTED:
        return one.as.stock_adjusted.drop_id == other.as.stock_adjusted.drop_id &&
               one.as.stock_adjusted.delta == other.as.stock_adjusted.delta;
    case SLC_EVENT_DROP_CLOSED:
    case SLC_EVENT_DROP_PURGED:
        return one.as.drop_closed.drop_id == other.as.drop_closed.drop_id;
    case SLC_EVENT_ORDER_CANCELLED:
    default:
        return one.as.order_cancelled.order_id == other.as.order_cancelled.order_id;
    }
}

static void learn(history_t *history, const slc_event_t *event, uint64_t *at)
{
    if (*at != 0 && event->sequence != *at + 1) {
        (void)history_wrong(history, "the journal goes from event %" PRIu64 " to %" PRIu64, *at,
                            event->sequence);
    }
    history->first = *at == 0 ? event->sequence : history->first;
    *at = event->sequence;
    if (event->sequence < history->fact_count) {
        if (!is_same(&history->facts[event->sequence], event)) {
            (void)history_wrong(history,
                                "event %" PRIu64 " of the journal is another one than it was, although "
                                "a restart had found it durable",
                                event->sequence);
        }
        return;
    }
    if (event->sequence != history->fact_count) {
        (void)history_wrong(history, "event %" PRIu64 " follows %zu events", event->sequence,
                            history->fact_count - 1);
        return;
    }
    history->facts =
        grown(history->facts, history->fact_count, &history->fact_room, sizeof *history->facts);
    keep(&history->facts[history->fact_count++], event);
}

static slc_err_t read_block(history_t *history, const slc_directory_t *directory,
                            const slc_scanned_t *block, uint64_t *at, slc_error_t *error)
{
    slc_batch_t batch;
    slc_event_t event;
    slc_err_t code = slc_batch_begin(&batch, directory, block, error);
    while (code == SLC_OK) {
        code = slc_batch_next(&batch, directory, &event, error);
        if (code == SLC_OK) {
            learn(history, &event, at);
        }
    }
    return code == SLC_END ? SLC_OK : code;
}

/* Whole, but for what was removed; or from the segment of the last known event on. */
static slc_err_t read_all(history_t *history, fake_sys_t *disk, bool whole, slc_error_t *error)
{
    slc_directory_t *directory = NULL;
    slc_scan_t *scan = NULL;
    slc_scanned_t block;
    uint64_t at = 0;
    fake_sys_quiet(disk, true);
    slc_err_t code = slc_directory_open_readonly(fake_sys_table(disk), "data", &directory, error);
    if (code == SLC_OK) {
        code = slc_scan_open(directory, NULL, NULL, &scan, error);
    }
    if (code == SLC_OK && whole) {
        slc_scan_kept(scan);
    } else if (code == SLC_OK) {
        slc_scan_behind(scan, history->fact_count - 1);
    }
    while (code == SLC_OK) {
        code = slc_scan_next(scan, &block, error);
        if (code == SLC_OK) {
            code = read_block(history, directory, &block, &at, error);
        }
    }
    slc_scan_close(scan);
    slc_directory_close(directory);
    fake_sys_quiet(disk, false);
    return code == SLC_END ? SLC_OK : code;
}

void history_learn(history_t *history, fake_sys_t *disk)
{
    slc_error_t error = {.message = ""};
    if (read_all(history, disk, false, &error) != SLC_OK) {
        (void)history_wrong(history, "the journal cannot be read beside the engine: %s", error.message);
    }
}

void history_read(history_t *history, fake_sys_t *disk, uint64_t sequence)
{
    slc_error_t error = {.message = ""};
    if (sequence < history->floor) {
        (void)history_wrong(history,
                            "event %" PRIu64 " was acknowledged, and behind the restart the journal "
                            "ends with event %" PRIu64,
                            history->floor, sequence);
        return;
    }
    if (read_all(history, disk, true, &error) != SLC_OK) {
        (void)history_wrong(history, "the journal cannot be read: %s", error.message);
    }
    if (history->fact_count != sequence + 1) {
        (void)history_wrong(history, "the engine stands at event %" PRIu64 ", the journal at %zu",
                            sequence, history->fact_count - 1);
    }
}

void history_claim(history_t *history, uint64_t sequence, uint64_t digest)
{
    history->claims =
        grown(history->claims, history->claim_count, &history->claim_room, sizeof *history->claims);
    history->claims[history->claim_count++] = (claim_t){.sequence = sequence, .digest = digest};
}
