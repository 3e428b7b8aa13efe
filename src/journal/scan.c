#include "journal/scan_state.h"

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"
#include "journal/tail.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

/* The longest read. Two windows of it are held, so that one is always checked ahead of the one being
 * handed out. */
#define WINDOW_BYTES ((size_t)4 << 20)

static_assert(WINDOW_BYTES >= SLC_BLOCK_BYTES_LIMIT, "a window holds the longest block");

static void stop(slc_scan_t *scan, slc_err_t code, const slc_error_t *error)
{
    scan->stopped = true;
    scan->stop_code = code;
    if (code != SLC_END) {
        scan->stop_error = *error;
    }
}

/* ---- blocks ---- */

static slc_block_place_t place_at(const slc_scan_t *scan, uint64_t offset)
{
    return (slc_block_place_t){
        .directory = slc_load_u64(scan->directory->id),
        .offset = offset,
        .segment_bytes = scan->header.segment_bytes,
        .segment = scan->header.number,
    };
}

static bool in_place(const slc_scan_t *scan, const slc_block_header_t *header)
{
    return header->first_sequence == scan->sequence + 1 && header->chain == scan->chain &&
           header->time_us >= scan->time_us && scan->last != SLC_LAST_ROLLED;
}

static void move_behind(slc_scan_t *scan, const slc_block_header_t *header)
{
    scan->offset += header->total_bytes;
    scan->sequence += header->events;
    scan->time_us = header->time_us;
    if ((header->flags & SLC_BLOCK_ROLLED) != 0) {
        scan->last = SLC_LAST_ROLLED;
        return;
    }
    scan->chain = header->checksum;
    scan->last = (header->flags & SLC_BLOCK_SEAL) != 0 ? SLC_LAST_SEAL : SLC_LAST_BLOCK;
}

/* Checks the blocks in what was read, up to the first that is none, or not whole. */
static void take_blocks(slc_scan_t *scan, slc_scan_window_t *window, size_t filled)
{
    for (size_t at = 0; at < filled;) {
        slc_scanned_t *block = &window->blocks[window->count];
        slc_block_place_t place = place_at(scan, scan->offset);
        if (slc_block_read(window->bytes + at, filled - at, &place, &block->header) != SLC_BLOCK_VALID ||
            !in_place(scan, &block->header)) {
            return;
        }
        block->payload = window->bytes + at + SLC_BLOCK_HEADER_BYTES;
        block->offset = scan->offset;
        block->segment = scan->header.number;
        window->count++;
        at += block->header.total_bytes;
        move_behind(scan, &block->header);
        if (scan->ahead != NULL) {
            scan->ahead(scan->context, &block->header);
        }
    }
}

/* What was in the window has been handed out. */
static slc_err_t make_window(slc_scan_window_t *window, size_t bytes, slc_error_t *error)
{
    if (window->room >= bytes) {
        return SLC_OK;
    }
    free(window->bytes);
    free(window->blocks);
    window->bytes = malloc(bytes);
    window->blocks = malloc(bytes / SLC_PAGE_BYTES * sizeof *window->blocks);
    window->room = window->bytes == NULL || window->blocks == NULL ? 0 : bytes;
    return window->room > 0
               ? SLC_OK
               : slc_error_set(error, SLC_ERR_NO_MEMORY, "out of memory for reading a segment");
}

static slc_err_t read_blocks(slc_scan_t *scan, slc_scan_window_t *window, slc_error_t *error)
{
    uint64_t left = scan->header.segment_bytes - scan->offset;
    size_t count = left < WINDOW_BYTES ? (size_t)left : WINDOW_BYTES;
    slc_err_t code = make_window(window, count, error);
    if (code == SLC_OK) {
        code = slc_segment_read(scan->directory, &scan->header, scan->fd, window->bytes, count,
                                scan->offset, error);
    }
    if (code == SLC_OK) {
        take_blocks(scan, window, count);
    }
    return code;
}

/* ---- the end of a segment ---- */

static void note_roll(slc_scan_t *scan)
{
    bool finished = scan->last == SLC_LAST_ROLLED || scan->offset == scan->header.segment_bytes;
    scan->end.unrolled_segment = finished ? 0 : scan->header.number;
    scan->end.unrolled_offset = scan->offset;
    scan->end.unrolled_seal = (slc_block_header_t){
        .flags = SLC_BLOCK_SEAL | SLC_BLOCK_ROLLED,
        .first_sequence = scan->sequence + 1,
        .durable_sequence = scan->sequence,
        .time_us = scan->time_us,
        .chain = scan->chain,
    };
}

static void note_end(slc_scan_t *scan, const slc_rule_t *rule, uint64_t bytes_end)
{
    scan->end.rule = rule;
    scan->end.bytes_end = bytes_end;
    scan->end.end = (slc_journal_end_t){
        .sequence = scan->sequence,
        .time_us = scan->time_us,
        .chain = scan->chain,
        .segment = scan->header.number,
        .offset = scan->offset,
        .sealed = scan->last == SLC_LAST_SEAL,
    };
    stop(scan, SLC_END, NULL);
}

static slc_err_t judge(slc_scan_t *scan, const slc_rule_t *rule, const slc_tail_t *tail, int next_fd,
                       const slc_segment_header_t *next, slc_error_t *error)
{
    switch (rule->verdict) {
    case SLC_VERDICT_NEXT:
        note_roll(scan);
        slc_scan_enter(scan, next_fd, next);
        return SLC_OK;
    case SLC_VERDICT_OPEN:
    case SLC_VERDICT_SEALED:
    case SLC_VERDICT_TORN:
        note_end(scan, rule, tail->bytes_end);
        return SLC_OK;
    case SLC_VERDICT_DAMAGED:
        break;
    }
    return slc_segment_damaged(scan->directory, scan->header.number, scan->offset, error,
                               "%s (events from %" PRIu64 " on; seen at offset %" PRIu64 ")", rule->label,
                               scan->sequence + 1, tail->witness_offset);
}

/* No block is valid where the next one belongs: finds out why. OK: go on reading, or stopped at an end.
 */
static slc_err_t end_of_blocks(slc_scan_t *scan, slc_scan_window_t *window, slc_error_t *error)
{
    slc_tail_t tail;
    slc_finding_t finding = {.last = scan->last};
    slc_segment_header_t next;
    int next_fd = -1;
    slc_err_t code = slc_tail_examine(scan->directory, &scan->header, scan->fd, scan->offset,
                                      scan->sequence, &tail, error);
    if (code == SLC_OK) {
        code = slc_scan_find_successor(scan, &finding.successor, &next_fd, &next, error);
    }
    if (code != SLC_OK) {
        return code;
    }
    finding.rest = tail.rest;
    finding.witness = tail.witness;
    const slc_rule_t *rule = slc_decide(finding);
    /* A live server may have finished the block while we looked behind it. What speaks against the place
     * was written after the block was durable, so a look that begins now sees the truth. */
    if (rule->verdict == SLC_VERDICT_DAMAGED) {
        code = read_blocks(scan, window, error);
    }
    if (code == SLC_OK && window->count == 0) {
        code = judge(scan, rule, &tail, next_fd, &next, error);
    }
    if (next_fd >= 0 && scan->fd != next_fd) {
        (void)scan->directory->sys->close(scan->directory->sys->self, next_fd); /* only read from */
    }
    return code;
}

/* Checks blocks until the window has some, or the scan has stopped. */
static void fill(slc_scan_t *scan, slc_scan_window_t *window)
{
    slc_error_t error = {0};
    slc_err_t code = SLC_OK;
    window->count = 0;
    window->taken = 0;
    if (scan->fd < 0 && !scan->stopped) {
        code = slc_scan_enter_first(scan, &error);
    }
    while (code == SLC_OK && !scan->stopped && window->count == 0) {
        code = read_blocks(scan, window, &error);
        if (code == SLC_OK && window->count == 0) {
            code = end_of_blocks(scan, window, &error);
        }
    }
    if (code != SLC_OK) {
        stop(scan, code, &error);
    }
}

/* ---- the outside ---- */

slc_err_t slc_scan_open(const slc_directory_t *directory, slc_scan_ahead_fn ahead, void *context,
                        slc_scan_t **ret_scan, slc_error_t *ret_error)
{
    slc_scan_t *scan = calloc(1, sizeof *scan);
    if (scan == NULL) {
        return slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "out of memory for reading the journal");
    }
    scan->directory = directory;
    scan->ahead = ahead;
    scan->context = context;
    scan->fd = -1;
    *ret_scan = scan;
    return SLC_OK;
}

void slc_scan_behind(slc_scan_t *scan, uint64_t after)
{
    SLC_CHECK(scan->current == NULL);
    scan->after = after;
}

void slc_scan_kept(slc_scan_t *scan)
{
    SLC_CHECK(scan->current == NULL);
    scan->kept = true;
}

void slc_scan_close(slc_scan_t *scan)
{
    if (scan == NULL) {
        return;
    }
    slc_scan_leave(scan);
    for (size_t i = 0; i < 2; i++) {
        free(scan->windows[i].bytes);
        free(scan->windows[i].blocks);
    }
    free(scan);
}

slc_err_t slc_scan_answer_stop(slc_scan_t *scan, slc_error_t *ret_error)
{
    if (scan->stop_code == SLC_END) {
        scan->ended = true;
        scan->done_bytes = scan->total_bytes;
        return SLC_END;
    }
    if (ret_error != NULL) {
        *ret_error = scan->stop_error;
    }
    return scan->stop_code;
}

slc_err_t slc_scan_next(slc_scan_t *scan, slc_scanned_t *ret_block, slc_error_t *ret_error)
{
    if (scan->current == NULL) {
        scan->current = &scan->windows[0];
        fill(scan, &scan->windows[0]);
        fill(scan, &scan->windows[1]);
    } else if (scan->current->taken == scan->current->count) {
        slc_scan_window_t *empty = scan->current;
        scan->current = empty == &scan->windows[0] ? &scan->windows[1] : &scan->windows[0];
        fill(scan, empty);
    }
    if (scan->current->taken == scan->current->count) {
        return slc_scan_answer_stop(scan, ret_error);
    }
    *ret_block = scan->current->blocks[scan->current->taken++];
    scan->done_bytes += ret_block->header.total_bytes;
    return SLC_OK;
}

const slc_scan_end_t *slc_scan_end(const slc_scan_t *scan)
{
    return scan->ended ? &scan->end : NULL;
}

void slc_scan_progress(const slc_scan_t *scan, uint64_t *ret_done_bytes, uint64_t *ret_total_bytes)
{
    *ret_done_bytes = scan->done_bytes;
    *ret_total_bytes = scan->total_bytes > scan->done_bytes ? scan->total_bytes : scan->done_bytes;
}

void slc_scan_likely(const slc_scan_t *scan, uint64_t *ret_done_bytes, uint64_t *ret_total_bytes)
{
    uint64_t half = scan->fd < 0 ? 0 : scan->header.segment_bytes / 2;
    uint64_t total = scan->total_bytes > half ? scan->total_bytes - half : 0;
    *ret_done_bytes = scan->done_bytes;
    *ret_total_bytes = total > scan->done_bytes ? total : scan->done_bytes + 1;
}
