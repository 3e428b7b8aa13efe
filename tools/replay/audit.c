/* replay audit: three witnesses, and whether they agree.
 *
 *   the journal   says what was asked, and now and then what digest the live engine had
 *   two logics    the engine's own, replayed, and the audit's, which shares no code with it
 *   the ledger    says what clients heard (with --ledger)
 *
 * The ledger is read first: what is in it by then was durable before, so it must be in the journal, even
 * while the server goes on. */
#include "../common/called.h"
#include "audit_digest.h"
#include "audit_ledger.h"
#include "audit_scan.h"
#include "audit_snapshot.h"
#include "audit_witness.h"
#include "memory.h"
#include "progress.h"
#include "replay.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct audit {
    audit_ledger_t ledger;
    audit_scan_t scan;
    audit_books_t books;
    audit_report_t report;
    uint64_t digest;
    uint64_t *snapshots; /* sequences of those kept, rising */
    size_t snapshot_count;
} audit_t;

/* ---- the engine as a witness ---- */

static bool state_next_drop(const void *self, uint64_t after_drop_id, slc_drop_info_t *ret_drop)
{
    return slc_state_next_drop(self, after_drop_id, ret_drop);
}

static bool state_next_order(const void *self, uint64_t drop_id, uint64_t after_order_id,
                             slc_order_info_t *ret_order)
{
    return slc_state_next_order(self, drop_id, after_order_id, ret_order);
}

static slc_err_t hear_engine(audit_t *audit, const char *directory, slc_error_t *ret_error)
{
    slc_state_t *state = NULL;
    replay_progress_t progress;
    replay_progress_begin(&progress, "engine's replay");
    slc_err_t code = slc_state_replay(directory, audit->scan.last_sequence, replay_progress_update,
                                      &progress, &state, ret_error);
    replay_progress_end(&progress);
    if (code != SLC_OK) {
        return code;
    }
    audit_question_engine(&audit->books,
                          &(audit_engine_t){
                              .self = state,
                              .sequence = slc_state_sequence(state),
                              .digest = slc_state_digest(state),
                              .next_drop = state_next_drop,
                              .next_order = state_next_order,
                          },
                          &audit->report);
    slc_state_destroy(state);
    return SLC_OK;
}

/* ---- the snapshots ---- */

/* How often to begin again where a live server removed what was being read. */
#define TRIES_MAX 8u

static slc_err_t list_snapshots(audit_t *audit, const char *directory, slc_error_t *ret_error)
{
    size_t count = 0;
    slc_err_t code = slc_snapshot_list(directory, NULL, 0, &count, ret_error);
    free(audit->snapshots);
    audit->snapshots = replay_allocate((count + 1) * sizeof *audit->snapshots);
    audit->snapshot_count = 0;
    if (code == SLC_OK) {
        size_t now = 0;
        code = slc_snapshot_list(directory, audit->snapshots, count, &now, ret_error);
        audit->snapshot_count = now < count ? now : count;
    }
    return code;
}

/* Reads the snapshot into books of its own, for it alone; or into the audit's, to begin with. */
static slc_err_t read_snapshot(audit_t *audit, const char *directory, uint64_t sequence, bool begin,
                               slc_error_t *ret_error)
{
    audit_books_t aside = {0};
    slc_snapshot_info_t info;
    slc_err_t code = audit_load_snapshot(directory, sequence, begin ? &audit->books : &aside,
                                         &audit->report, &info, ret_error);
    audit_books_finish(&aside);
    if (code == SLC_OK) {
        audit_pairs_add_snapshot(&audit->scan.pairs, sequence, info.digest);
    } else if (code == SLC_ERR_DAMAGED) {
        audit_fail(&audit->report, AUDIT_CHECK_SNAPSHOTS, "%s", ret_error->message);
        if (begin) {
            audit_books_finish(&audit->books); /* half of it stands in them */
        }
        code = SLC_OK;
    }
    return code;
}

/* The audit begins with the journal where it is whole, otherwise with the oldest snapshot that is good.
 * Whatever else is kept is looked at by the way. */
static slc_err_t hear_snapshots(audit_t *audit, const char *directory, slc_error_t *ret_error)
{
    bool whole = audit->scan.first_sequence == 1;
    slc_err_t code = SLC_OK;
    for (size_t i = 0; code == SLC_OK && i < audit->snapshot_count; i++) {
        bool reaches = audit->scan.first_sequence <= audit->snapshots[i] + 1;
        bool begin = !whole && reaches && audit->books.began == 0;
        code = read_snapshot(audit, directory, audit->snapshots[i], begin, ret_error);
    }
    if (code == SLC_OK && audit->scan.first_sequence > 1 && audit->books.began == 0) {
        ret_error->code = SLC_ERR_DAMAGED;
        (void)snprintf(ret_error->message, sizeof ret_error->message,
                       "the journal begins with event %" PRIu64
                       ", and no good snapshot holds what was before; look at it with: replay verify %s",
                       audit->scan.first_sequence, directory);
        code = SLC_ERR_DAMAGED;
    }
    if (audit->scan.last_sequence < audit->books.began) {
        audit->scan.last_sequence = audit->books.began; /* a snapshot without any journal */
    }
    return code;
}

/* ---- all witnesses ---- */

static slc_err_t hear_directory(audit_t *audit, const char *directory, slc_error_t *ret_error)
{
    slc_err_t code = list_snapshots(audit, directory, ret_error);
    if (code == SLC_OK) {
        code = audit_survey_journal(&audit->scan, directory, &audit->report, ret_error);
    }
    if (code == SLC_OK) {
        code = hear_snapshots(audit, directory, ret_error);
    }
    if (code == SLC_OK) {
        code = audit_judge_journal(&audit->scan, directory, &audit->books, &audit->report, ret_error);
    }
    if (code == SLC_OK) {
        audit->digest = audit_digest(&audit->books);
        code = hear_engine(audit, directory, ret_error);
    }
    return code;
}

static void forget(audit_t *audit)
{
    audit_scan_finish(&audit->scan);
    audit_books_finish(&audit->books);
    audit->report = (audit_report_t){0};
}

/* A live server took a snapshot and removed what it covers: what was read before has its end there, and
 * what is there now has its beginning behind it. */
static bool was_overtaken(audit_t *audit, const char *directory, slc_err_t code, const slc_error_t *error)
{
    uint64_t newest = audit->snapshot_count == 0 ? 0 : audit->snapshots[audit->snapshot_count - 1];
    slc_error_t ignored;
    if (code == SLC_ERR_IO) {
        return error->sys_errno == ENOENT;
    }
    return (code == SLC_ERR_DAMAGED || code == SLC_ERR_USAGE) &&
           list_snapshots(audit, directory, &ignored) == SLC_OK && audit->snapshot_count > 0 &&
           audit->snapshots[audit->snapshot_count - 1] != newest;
}

static slc_err_t hear_all(audit_t *audit, const replay_options_t *options, slc_error_t *ret_error)
{
    slc_err_t code = SLC_OK;
    if (options->ledger != NULL) {
        code = audit_ledger_read(&audit->ledger, options->ledger, ret_error);
    }
    if (code == SLC_OK && audit->ledger.broken_tail) {
        called_say("replay", "replay: note: the ledger's last line is broken and left out\n");
    }
    for (unsigned tries = 0; code == SLC_OK && tries < TRIES_MAX; tries++) {
        *ret_error = (slc_error_t){0};
        code = hear_directory(audit, options->directory, ret_error);
        bool again = code != SLC_OK && was_overtaken(audit, options->directory, code, ret_error);
        if (!again || tries + 1 == TRIES_MAX) {
            break;
        }
        forget(audit);
        code = SLC_OK;
    }
    if (code == SLC_OK && options->ledger != NULL) {
        audit_question_ledger(&audit->ledger, &audit->books, &audit->report);
    }
    return code;
}

static void print_text(const audit_t *audit, bool passed)
{
    bool colour = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == NULL;
    if (audit->books.began > 0) {
        printf("from: snapshot of event %" PRIu64 "\n", audit->books.began);
    } else {
        printf("from: beginning of the journal\n");
    }
    if (audit->snapshot_count > 0) {
        printf("oldest snapshot kept: event %" PRIu64 "\n", audit->snapshots[0]);
    }
    if (audit->scan.events > 0) {
        printf("events: %" PRIu64 " to %" PRIu64 "\n", audit->books.began + 1, audit->scan.last_sequence);
    } else {
        printf("events: none\n");
    }
    audit_print(&audit->report, colour, stdout);
    printf("audit %s\n", passed ? "PASS" : "FAIL");
}

static void print_json(const audit_t *audit, const replay_options_t *options, bool passed)
{
    fputs("{\"directory\":", stdout);
    replay_put_quoted(stdout, replay_text(options->directory));
    bool any = audit->scan.events > 0;
    printf(",\"from\":\"%s\",\"from_sequence\":%" PRIu64 ",\"oldest_snapshot\":%" PRIu64
           ",\"first_sequence\":%" PRIu64 ",\"last_sequence\":%" PRIu64 ",\"events\":%" PRIu64
           ",\"digest\":\"%016" PRIx64 "\",\"checks\":",
           audit->books.began > 0 ? "snapshot" : "beginning of the journal", audit->books.began,
           audit->snapshot_count > 0 ? audit->snapshots[0] : 0, any ? audit->books.began + 1 : 0,
           audit->scan.last_sequence, audit->scan.events, audit->digest);
    audit_print_json(&audit->report, stdout);
    printf(",\"result\":\"%s\"}\n", passed ? "PASS" : "FAIL");
}

int replay_audit(const replay_options_t *options)
{
    slc_error_t error = {0};
    audit_t audit = {0};
    int exit_code;
    if (hear_all(&audit, options, &error) != SLC_OK) {
        exit_code = replay_fail(&error);
    } else {
        bool passed = audit_passed(&audit.report);
        if (options->json) {
            print_json(&audit, options, passed);
        } else {
            print_text(&audit, passed);
        }
        exit_code = replay_flush(passed ? REPLAY_DONE : REPLAY_CHECK_FAILED);
    }
    audit_ledger_finish(&audit.ledger);
    audit_scan_finish(&audit.scan);
    audit_books_finish(&audit.books);
    free(audit.snapshots);
    return exit_code;
}
