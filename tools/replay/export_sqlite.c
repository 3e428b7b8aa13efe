/* A state as an SQLite file of <sluice/report.h>'s schema. */
#include "export.h"

#include <sluice/report.h>

typedef struct {
    slc_report_t *report;
    slc_error_t error;
} writer_t;

static int answer(const writer_t *writer, slc_err_t code)
{
    return code == SLC_OK ? REPLAY_DONE : replay_fail(&writer->error);
}

static int put_drop(void *context, const slc_drop_info_t *drop)
{
    writer_t *writer = context;
    return answer(writer, slc_report_put_drop(writer->report, drop, &writer->error));
}

static int put_order(void *context, const slc_order_info_t *order)
{
    writer_t *writer = context;
    return answer(writer, slc_report_put_order(writer->report, order, &writer->error));
}

int export_sqlite(const slc_state_t *state, const replay_options_t *options, replay_target_t *target,
                  export_counts_t *ret_counts)
{
    writer_t writer = {0};
    const export_sink_t sink = {.context = &writer, .drop = put_drop, .order = put_order};
    const slc_covered_t covered = {.sequence = slc_state_sequence(state),
                                   .digest = slc_state_digest(state)};
    int code = answer(
        &writer, slc_report_open(target->temporary, SLC_REPORT_FRESH, &writer.report, &writer.error));
    if (code == REPLAY_DONE) {
        code = answer(&writer, slc_report_begin(writer.report, &writer.error));
    }
    if (code == REPLAY_DONE) {
        code = export_walk(state, options, &sink, ret_counts);
    }
    if (code == REPLAY_DONE) {
        code = answer(&writer, slc_report_commit(writer.report, &covered, &writer.error));
    }
    if (code == REPLAY_DONE) {
        code = answer(&writer, slc_report_index(writer.report, &writer.error));
    }
    slc_report_close(writer.report);
    return code;
}
