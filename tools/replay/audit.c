/* replay audit: three witnesses, and whether they agree.
 *
 *   the journal   says what was asked, and now and then what digest the live engine had
 *   two logics    the engine's own, replayed, and the audit's, which shares no code with it
 *   the ledger    says what clients heard (with --ledger)
 *
 * The ledger is read first: what is in it by then was durable before, so it must be in the journal, even
 * while the server goes on. */
#include "audit_digest.h"
#include "audit_ledger.h"
#include "audit_scan.h"
#include "audit_witness.h"
#include "progress.h"
#include "replay.h"
#include "text.h"

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

/* ---- all witnesses ---- */

static slc_err_t hear_all(audit_t *audit, const replay_options_t *options, slc_error_t *ret_error)
{
    slc_err_t code = SLC_OK;
    if (options->ledger != NULL) {
        code = audit_ledger_read(&audit->ledger, options->ledger, ret_error);
    }
    if (code == SLC_OK && audit->ledger.broken_tail) {
        (void)fprintf(stderr, "replay: note: the ledger's last line is broken and left out\n");
    }
    if (code == SLC_OK) {
        code = audit_survey_journal(&audit->scan, options->directory, &audit->report, ret_error);
    }
    if (code == SLC_OK) {
        code = audit_judge_journal(&audit->scan, options->directory, &audit->books, &audit->report,
                                   ret_error);
    }
    if (code == SLC_OK) {
        audit->digest = audit_digest(&audit->books);
        code = hear_engine(audit, options->directory, ret_error);
    }
    if (code == SLC_OK && options->ledger != NULL) {
        audit_question_ledger(&audit->ledger, &audit->books, &audit->report);
    }
    return code;
}

static void print_text(const audit_t *audit, bool passed)
{
    bool colour = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == NULL;
    printf("from: beginning of the journal\n");
    printf("events: %" PRIu64 " to %" PRIu64 "\n", audit->scan.first_sequence, audit->scan.last_sequence);
    audit_print(&audit->report, colour, stdout);
    printf("audit %s\n", passed ? "PASS" : "FAIL");
}

static void print_json(const audit_t *audit, const replay_options_t *options, bool passed)
{
    fputs("{\"directory\":", stdout);
    replay_put_quoted(stdout, replay_text(options->directory));
    printf(",\"from\":\"beginning of the journal\",\"first_sequence\":%" PRIu64
           ",\"last_sequence\":%" PRIu64 ",\"events\":%" PRIu64 ",\"digest\":\"%016" PRIx64
           "\",\"checks\":",
           audit->scan.first_sequence, audit->scan.last_sequence, audit->scan.events, audit->digest);
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
    return exit_code;
}
