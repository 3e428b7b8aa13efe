#include "report/mirror_inside.h"

#include "base/error.h"
#include "base/log.h"

#include <inttypes.h>
#include <string.h>

/* To a transaction: some hundredths of a second. */
#define TRANSACTION_ROWS 8192u
#define SWEEP_ROWS 8192u
#define CHECK_AT_A_STOP_NS UINT64_C(1000000000)
/* The log is copied into the file when it is 16 MB long. */
#define LOG_PAGES 4096u

/* ---- opening ---- */

static void close_report(slc_mirror_t *mirror)
{
    slc_report_close(mirror->report);
    mirror->report = NULL;
    mirror->unwritten = false;
    slc_behind_restart(&mirror->behind, 0, 0);
}

/* The file is to be made anew. */
void slc_mirror_rebuild(slc_mirror_t *mirror, bool own, const char *why)
{
    slc_error_t error;
    close_report(mirror);
    SLC_LOG_LIMITED(1, SLC_LOG_WARN, "the report is rebuilt%s: %s",
                    own ? "" : ", the file that was there is kept with .aside behind its name", why);
    slc_err_t code = slc_place_clear(&mirror->place, own, &error);
    if (code != SLC_OK) {
        slc_mirror_note_failed(mirror, code, error.message);
        return;
    }
    mirror->had_one = false;
    slc_mirror_lock(mirror);
    mirror->status.rebuilds++;
    mirror->status.sequence = 0;
    slc_mirror_unlock(mirror);
}

static void know(void *context, const slc_drop_info_t *drop)
{
    slc_mirror_t *mirror = context;
    if (slc_behind_know(&mirror->behind, drop) != SLC_BEHIND_DONE) {
        mirror->failed = SLC_ERR_NO_MEMORY;
    }
}

/* What the open file has. */
static slc_err_t learn(slc_mirror_t *mirror, slc_error_t *ret_error)
{
    slc_covered_t covered;
    slc_err_t failed = mirror->failed;
    slc_err_t code = slc_report_covered(mirror->report, &covered, ret_error);
    if (code != SLC_OK) {
        return code;
    }
    slc_behind_restart(&mirror->behind, covered.sequence, covered.digest);
    mirror->failed = SLC_OK;
    code = slc_report_each_drop(mirror->report, know, mirror, ret_error);
    if (code == SLC_OK && mirror->failed != SLC_OK) {
        code = slc_error_set(ret_error, SLC_ERR_NO_MEMORY, "no memory for the drops of the report");
    }
    mirror->failed = failed;
    return code;
}

/* OK: it tells of this data directory, as one that nobody has claimed does from now on. */
static slc_err_t claim(slc_mirror_t *mirror, bool *ret_ours, slc_error_t *ret_error)
{
    char source[SLC_REPORT_SOURCE_BYTES];
    slc_covered_t covered;
    slc_err_t code = slc_report_source(mirror->report, source, ret_error);
    if (code == SLC_OK) {
        code = slc_report_covered(mirror->report, &covered, ret_error);
    }
    if (code == SLC_OK && source[0] == '\0' && covered.sequence == 0) {
        *ret_ours = true;
        return slc_report_set_source(mirror->report, mirror->config.source, ret_error);
    }
    *ret_ours = code == SLC_OK && strcmp(source, mirror->config.source) == 0;
    return code;
}

/* Looking through a large file takes longer than a stop has to: it gets a second. */
static bool is_too_late(void *context)
{
    slc_mirror_t *mirror = context;
    if (!slc_handover_is_stopping(mirror->config.handover)) {
        return false;
    }
    uint64_t now_ns = slc_mirror_now_ns(mirror);
    mirror->stopping_ns = mirror->stopping_ns == 0 ? now_ns : mirror->stopping_ns;
    return now_ns - mirror->stopping_ns > CHECK_AT_A_STOP_NS;
}

/* What stands there is looked through first; false: it is to be rebuilt, and that is under way. */
static bool is_usable(slc_mirror_t *mirror, slc_err_t *ret_code, slc_error_t *ret_error)
{
    bool exists = false;
    *ret_code = slc_place_exists(&mirror->place, &exists, ret_error);
    if (*ret_code == SLC_OK && !exists && mirror->had_one) {
        slc_mirror_rebuild(mirror, true, "it is not there any more");
        return false;
    }
    if (*ret_code == SLC_OK && exists) {
        *ret_code = slc_report_check(mirror->place.path, is_too_late, mirror, ret_error);
    }
    if (*ret_code == SLC_ERR_DAMAGED || *ret_code == SLC_ERR_CONFIG) {
        slc_mirror_rebuild(mirror, mirror->own, ret_error->message);
        return false;
    }
    return true;
}

static slc_err_t open_report(slc_mirror_t *mirror, slc_error_t *ret_error)
{
    slc_err_t code = SLC_OK;
    bool is_ours = false;
    if (!is_usable(mirror, &code, ret_error) || code != SLC_OK) {
        return code;
    }
    code = slc_report_open(mirror->place.path, SLC_REPORT_LIVE, &mirror->report, ret_error);
    if (code == SLC_OK) {
        code = claim(mirror, &is_ours, ret_error);
    }
    if (code == SLC_OK && !is_ours) {
        slc_mirror_rebuild(mirror, false, "it tells of another data directory");
        return SLC_OK;
    }
    if (code == SLC_OK) {
        code = learn(mirror, ret_error);
    }
    if (code == SLC_OK) {
        code = slc_place_note(&mirror->place, ret_error);
    }
    if (code != SLC_OK) {
        close_report(mirror);
        return code;
    }
    mirror->own = mirror->had_one = true;
    mirror->forget = mirror->sweeping = true;
    mirror->fits = false;
    slc_mirror_lock(mirror);
    mirror->status.sequence = mirror->behind.covered;
    slc_mirror_unlock(mirror);
    return SLC_OK;
}

/* Somebody may have removed the file, or written to it. */
static void look_at_the_file(slc_mirror_t *mirror)
{
    slc_error_t error;
    slc_place_look_t look = slc_place_look(&mirror->place);
    if (look == SLC_PLACE_GONE) {
        close_report(mirror); /* opening it anew says what there is */
    } else if (look == SLC_PLACE_TOUCHED) {
        slc_err_t code = slc_report_check(mirror->place.path, is_too_late, mirror, &error);
        if (code == SLC_OK) {
            code = slc_place_note(&mirror->place, &error);
        }
        if (code == SLC_ERR_DAMAGED || code == SLC_ERR_CHECK_FAILED || code == SLC_ERR_CONFIG) {
            slc_mirror_rebuild(mirror, true, error.message);
        } else if (code != SLC_OK && code != SLC_ERR_CLOSED) {
            slc_mirror_note_failed(mirror, code, error.message);
        }
    }
}

/* The file, before there is anything to do with it; true: it is open and may be used. */
bool slc_mirror_is_open(slc_mirror_t *mirror)
{
    slc_error_t error;
    if (slc_mirror_now_ns(mirror) < mirror->retry_ns) {
        return false;
    }
    if (mirror->report != NULL) {
        look_at_the_file(mirror);
    }
    if (mirror->report == NULL && slc_mirror_now_ns(mirror) >= mirror->retry_ns) {
        slc_err_t code = open_report(mirror, &error);
        if (code != SLC_OK && code != SLC_ERR_CLOSED) {
            slc_mirror_note_failed(mirror, code, error.message);
        }
    }
    return mirror->report != NULL && slc_mirror_now_ns(mirror) >= mirror->retry_ns;
}

/* ---- writing ---- */

/* What SQLite answered; true: it worked. */
static bool worked(slc_mirror_t *mirror, slc_err_t code, const slc_error_t *error)
{
    if (code == SLC_ERR_DAMAGED) {
        slc_mirror_rebuild(mirror, true, error->message);
    } else if (code != SLC_OK) {
        if (mirror->report != NULL) {
            slc_report_rollback(mirror->report);
        }
        slc_mirror_note_failed(mirror, code, error->message);
    }
    return code == SLC_OK;
}

static slc_err_t put_row(slc_report_t *report, const slc_order_info_t *row, slc_error_t *ret_error)
{
    return row->cancelled
               ? slc_report_put_cancellation(report, row->drop_id, row->order_id, row->cancel_sequence,
                                             row->cancel_time_us, ret_error)
               : slc_report_put_order(report, row, ret_error);
}

static slc_err_t put_drops(slc_mirror_t *mirror, slc_error_t *ret_error)
{
    const slc_behind_t *behind = &mirror->behind;
    slc_err_t code = SLC_OK;
    for (size_t i = 0; code == SLC_OK && i < behind->gone_count; i++) {
        code = slc_report_remove_drop(mirror->report, behind->gone[i].drop_id,
                                      behind->gone[i].until_order_id, ret_error);
    }
    for (size_t i = 0; code == SLC_OK && i < behind->changed_count; i++) {
        code = slc_report_put_drop(mirror->report, &behind->changed[i].drop, ret_error);
    }
    return code;
}

/* One transaction; with the last rows of what is aimed at, the drops and what is covered. */
static slc_err_t write_rows(slc_mirror_t *mirror, uint32_t until, bool is_last, slc_error_t *ret_error)
{
    const slc_behind_t *behind = &mirror->behind;
    const slc_covered_t covered = {.sequence = behind->aim.sequence, .digest = behind->aim.digest};
    slc_err_t code = slc_report_begin(mirror->report, ret_error);
    for (uint32_t i = mirror->written; code == SLC_OK && i < until; i++) {
        code = put_row(mirror->report, &behind->rows[i], ret_error);
    }
    if (code == SLC_OK && is_last) {
        code = put_drops(mirror, ret_error);
    }
    return code == SLC_OK ? slc_report_commit(mirror->report, is_last ? &covered : NULL, ret_error)
                          : code;
}

static void checkpoint(slc_mirror_t *mirror)
{
    slc_error_t error;
    bool done = false;
    slc_err_t code = slc_report_checkpoint(mirror->report, LOG_PAGES, &done, &error);
    if (code == SLC_OK && done) {
        code = slc_place_note(&mirror->place, &error);
    }
    (void)worked(mirror, code, &error);
}

void slc_mirror_write_some(slc_mirror_t *mirror)
{
    slc_error_t error;
    slc_behind_t *behind = &mirror->behind;
    uint32_t left = behind->rows_count - mirror->written;
    uint32_t until = mirror->written + (left < TRANSACTION_ROWS ? left : TRANSACTION_ROWS);
    bool all_rows = until == behind->rows_count;
    bool is_last = all_rows && mirror->whole;
    slc_err_t code = write_rows(mirror, until, is_last, &error);
    if (!worked(mirror, code, &error)) {
        return;
    }
    slc_mirror_lock(mirror);
    mirror->status.rows_written += until - mirror->written;
    slc_mirror_unlock(mirror);
    mirror->written = until;
    if (all_rows) {
        mirror->unwritten = false;
        behind->rows_count = 0;
    }
    if (is_last) {
        mirror->sweeping = mirror->sweeping || behind->gone_count > 0;
        slc_behind_arrive(behind);
        slc_mirror_note_covered(mirror, mirror->aimed_ns);
    }
    checkpoint(mirror);
}

void slc_mirror_forget_some(slc_mirror_t *mirror)
{
    slc_error_t error;
    bool more = false;
    slc_err_t code = slc_report_forget_ahead(mirror->report, SWEEP_ROWS, &more, &error);
    if (worked(mirror, code, &error)) {
        mirror->forget = more;
    }
}

void slc_mirror_sweep_some(slc_mirror_t *mirror)
{
    slc_error_t error;
    bool more = false;
    slc_err_t code = slc_report_sweep(mirror->report, SWEEP_ROWS, &more, &error);
    if (worked(mirror, code, &error)) {
        mirror->sweeping = more;
        checkpoint(mirror);
    }
}
