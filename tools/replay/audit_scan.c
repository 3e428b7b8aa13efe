#include "audit_scan.h"

#include "audit_digest.h"
#include "audit_rules.h"
#include "progress.h"
#include "replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HANDFUL 32u

void audit_scan_finish(audit_scan_t *scan)
{
    audit_pairs_finish(&scan->pairs);
    memset(scan, 0, sizeof *scan);
}

static void show(replay_progress_t *progress, const slc_journal_t *journal, uint64_t events)
{
    uint64_t done_bytes;
    uint64_t total_bytes;
    slc_journal_progress(journal, &done_bytes, &total_bytes);
    replay_progress_update(progress, done_bytes, total_bytes, events);
}

/* ---- the first reading ---- */

slc_err_t audit_survey_journal(audit_scan_t *scan, const char *directory, audit_report_t *report,
                               slc_error_t *ret_error)
{
    slc_journal_t *journal = NULL;
    replay_progress_t progress;
    slc_journal_block_t block;
    slc_err_t code = slc_journal_open(directory, &journal, ret_error);
    replay_progress_begin(&progress, "reading digests");
    while (code == SLC_OK) {
        code = slc_journal_next_block(journal, &block, ret_error);
        if (code != SLC_OK) {
            break;
        }
        audit_pairs_add(&scan->pairs, &block, report);
        scan->first_sequence = scan->first_sequence == 0 ? block.first_sequence : scan->first_sequence;
        scan->last_sequence = block.first_sequence + block.events - 1;
        show(&progress, journal, scan->last_sequence);
    }
    replay_progress_end(&progress);
    if (code == SLC_END) {
        replay_note_tail(journal);
        code = SLC_OK;
    }
    slc_journal_close(journal);
    return code;
}

/* ---- the second reading ---- */

static void judge_event(audit_scan_t *scan, const slc_journal_block_t *block, const slc_event_t *event,
                        audit_books_t *books, audit_report_t *report)
{
    if (event->sequence != books->sequence + 1) {
        audit_fail(report, AUDIT_CHECK_SEQUENCES,
                   "segment %" PRIu32 " offset %" PRIu64 ": event %" PRIu64
                   " stands behind event %" PRIu64,
                   block->segment, block->offset, event->sequence, books->sequence);
    }
    if (event->time_us < books->time_us) {
        audit_fail(report, AUDIT_CHECK_TIME,
                   "segment %" PRIu32 " offset %" PRIu64 ": event %" PRIu64 " at %" PRIu64
                   " us, the one before it at %" PRIu64 " us",
                   block->segment, block->offset, event->sequence, event->time_us, books->time_us);
    }
    (void)audit_judge(books, event);
    scan->events++;
    audit_pairs_compare(&scan->pairs, books, report);
}

/* Judges a block by the handful, so that hints have time to act. */
static slc_err_t judge_block(audit_scan_t *scan, slc_journal_t *journal, const slc_journal_block_t *block,
                             audit_books_t *books, audit_report_t *report, slc_error_t *ret_error)
{
    slc_event_t events[HANDFUL];
    slc_err_t code = SLC_OK;
    while (code == SLC_OK) {
        size_t count = 0;
        while (count < HANDFUL &&
               (code = slc_journal_next_event(journal, &events[count], ret_error)) == SLC_OK) {
            if (events[count].sequence > books->began) {
                audit_hint_heads(books, &events[count++]);
            }
        }
        for (size_t i = 0; i < count; i++) {
            audit_hint_entries(books, &events[i]);
        }
        for (size_t i = 0; i < count; i++) {
            judge_event(scan, block, &events[i], books, report);
        }
    }
    return code;
}

/* What the running digest says is worth as much as the one that no running sum had a part in. */
static void close_books(audit_scan_t *scan, audit_books_t *books, audit_report_t *report)
{
    uint64_t running = audit_digest(books);
    uint64_t from_scratch = audit_digest_from_scratch(books);
    if (running != from_scratch) {
        audit_fail(report, AUDIT_CHECK_DIGESTS,
                   "the audit contradicts itself: its running digest is %016" PRIx64
                   ", from scratch it is %016" PRIx64,
                   running, from_scratch);
    }
    if (scan->pairs.next < scan->pairs.count) {
        audit_fail(report, AUDIT_CHECK_DIGESTS, "no event %" PRIu64 " for the digest behind it",
                   scan->pairs.pairs[scan->pairs.next].sequence);
    }
    audit_made(report, AUDIT_CHECK_SEQUENCES, "%" PRIu64 " events", scan->events);
    audit_made(report, AUDIT_CHECK_TIME, "%" PRIu64 " events", scan->events);
    audit_made(report, AUDIT_CHECK_DIGESTS, "%" PRIu64 " carried, %" PRIu64 " of them distinct%s",
               scan->pairs.carried, scan->pairs.count - scan->pairs.snapshots,
               scan->pairs.passed > 0 ? ", those from before the snapshot left out" : "");
    if (scan->pairs.snapshots > 0 || books->began > 0) {
        audit_made(report, AUDIT_CHECK_SNAPSHOTS, "%" PRIu64 " snapshots", scan->pairs.snapshots);
    }
}

/* The journal reached back far enough when it was surveyed. */
static slc_err_t overtaken(slc_error_t *ret_error, uint64_t sequence)
{
    *ret_error = (slc_error_t){.code = SLC_ERR_IO, .sys_errno = ENOENT};
    (void)snprintf(ret_error->message, sizeof ret_error->message,
                   "a live server removed event %" PRIu64 " while it was being audited; begin again",
                   sequence);
    return SLC_ERR_IO;
}

slc_err_t audit_judge_journal(audit_scan_t *scan, const char *directory, audit_books_t *books,
                              audit_report_t *report, slc_error_t *ret_error)
{
    slc_journal_t *journal = NULL;
    replay_progress_t progress;
    slc_journal_block_t block;
    slc_err_t code = slc_journal_open(directory, &journal, ret_error);
    if (books->began == 0) {
        audit_books_reserve(books, scan->last_sequence);
    } else if (code == SLC_OK) {
        code = slc_journal_seek(journal, books->began + 1, ret_error);
    }
    audit_pairs_sort(&scan->pairs);
    audit_pairs_begin(&scan->pairs, books->began);
    audit_pairs_compare(&scan->pairs, books, report);
    replay_progress_begin(&progress, "judging events");
    while (code == SLC_OK && books->sequence < scan->last_sequence) {
        code = slc_journal_next_block(journal, &block, ret_error);
        if (code != SLC_OK) {
            break;
        }
        if (books->sequence == books->began && block.first_sequence > books->began + 1) {
            code = overtaken(ret_error, books->began + 1);
            break;
        }
        code = judge_block(scan, journal, &block, books, report, ret_error);
        if (code != SLC_END) {
            break;
        }
        code = SLC_OK;
        show(&progress, journal, scan->events);
    }
    replay_progress_end(&progress);
    slc_journal_close(journal);
    if (code == SLC_END) {
        audit_fail(report, AUDIT_CHECK_SEQUENCES,
                   "the journal ended behind event %" PRIu64 ", a moment ago behind event %" PRIu64,
                   books->sequence, scan->last_sequence);
        code = SLC_OK;
    }
    if (code == SLC_OK) {
        close_books(scan, books, report);
    }
    return code;
}
