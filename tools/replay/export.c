/* replay export: what the orders are, for other programs; how a drop went, for people. */
#include "export.h"
#include "../common/called.h"
#include "progress.h"
#include "text.h"

#include <inttypes.h>

/* ---- the walk ---- */

typedef struct {
    const replay_options_t *options;
    const export_sink_t *sink;
    export_counts_t *counts;
    replay_progress_t progress;
    uint64_t done;
    uint64_t expected;
} walk_t;

static int walk_orders(walk_t *walk, const slc_state_t *state, uint64_t drop_id)
{
    slc_order_info_t order = {0};
    int code = REPLAY_DONE;
    while (code == REPLAY_DONE && slc_state_next_order(state, drop_id, order.order_id, &order)) {
        if (++walk->done % 4096 == 0) {
            replay_progress_update(&walk->progress, walk->done, walk->expected, walk->done);
        }
        if (order.order_id < walk->options->from && order.cancel_sequence < walk->options->from) {
            continue;
        }
        code = walk->sink->order(walk->sink->context, &order);
        walk->counts->orders++;
        walk->counts->cancellations += order.cancelled;
    }
    return code;
}

static bool is_wanted(const walk_t *walk, const slc_drop_info_t *drop)
{
    return walk->options->drop_id == 0 || walk->options->drop_id == drop->drop_id;
}

int export_walk(const slc_state_t *state, const replay_options_t *options, const export_sink_t *sink,
                export_counts_t *ret_counts)
{
    slc_drop_info_t drop = {0};
    walk_t walk = {.options = options, .sink = sink, .counts = ret_counts};
    int code = REPLAY_DONE;
    *ret_counts = (export_counts_t){0};
    while (slc_state_next_drop(state, drop.drop_id, &drop)) {
        walk.expected += is_wanted(&walk, &drop) ? drop.orders : 0;
    }
    drop.drop_id = 0;
    replay_progress_begin(&walk.progress, "writing");
    while (code == REPLAY_DONE && slc_state_next_drop(state, drop.drop_id, &drop)) {
        if (is_wanted(&walk, &drop)) {
            ret_counts->drops++;
            code = sink->drop(sink->context, &drop);
            code = code == REPLAY_DONE ? walk_orders(&walk, state, drop.drop_id) : code;
        }
    }
    replay_progress_end(&walk.progress);
    return code;
}

/* ---- the command ---- */

static int check_drop(const slc_state_t *state, const replay_options_t *options)
{
    slc_drop_info_t drop;
    if (options->drop_id == 0 || slc_state_drop(state, options->drop_id, &drop)) {
        return REPLAY_DONE;
    }
    called_say("replay", "replay: drop %" PRIu64 " does not exist; replay state %s lists the drops\n",
               options->drop_id, options->directory);
    return REPLAY_USAGE;
}

static void print_summary(const replay_options_t *options, const replay_target_t *target,
                          const slc_state_t *state, const export_counts_t *counts)
{
    if (!options->json) {
        printf("%s: %" PRIu64 " drops, %" PRIu64 " orders, %" PRIu64 " of them cancelled, behind event "
               "%" PRIu64 ", %" PRIu64 " bytes\n",
               target->path, counts->drops, counts->orders, counts->cancellations,
               slc_state_sequence(state), target->bytes);
        return;
    }
    fputs("{\"directory\":", stdout);
    replay_put_quoted(stdout, replay_text(options->directory));
    fputs(",\"into\":", stdout);
    replay_put_quoted(stdout, replay_text(target->path));
    printf(",\"sequence\":%" PRIu64 ",\"drops\":%" PRIu64 ",\"orders\":%" PRIu64
           ",\"cancellations\":%" PRIu64 ",\"bytes\":%" PRIu64 "}\n",
           slc_state_sequence(state), counts->drops, counts->orders, counts->cancellations,
           target->bytes);
}

static int export_state(const replay_options_t *options, replay_target_t *target)
{
    slc_error_t error = {0};
    slc_state_t *state = NULL;
    replay_progress_t progress;
    export_counts_t counts;
    replay_progress_begin(&progress, "replaying");
    slc_err_t replayed = slc_state_replay(options->directory, options->until, replay_progress_update,
                                          &progress, &state, &error);
    replay_progress_end(&progress);
    if (replayed != SLC_OK) {
        return replay_fail(&error);
    }
    int code = check_drop(state, options);
    if (code == REPLAY_DONE) {
        code = options->csv != NULL ? export_csv(state, options, target, &counts)
                                    : export_sqlite(state, options, target, &counts);
    }
    bool is_stdout = target->temporary == NULL;
    if (code == REPLAY_DONE) {
        code = replay_target_commit(target);
    }
    if (code == REPLAY_DONE && !is_stdout) {
        print_summary(options, target, state, &counts);
    }
    slc_state_destroy(state);
    return code;
}

int replay_export(const replay_options_t *options)
{
    const char *path = options->csv != NULL    ? options->csv
                       : options->html != NULL ? options->html
                                               : options->sqlite;
    replay_target_t target;
    if ((options->csv != NULL) + (options->sqlite != NULL) + (options->html != NULL) != 1) {
        called_say("replay", "replay export: say one of --csv FILE, --sqlite FILE and --html FILE; see "
                             "replay export --help\n");
        return REPLAY_USAGE;
    }
    if ((options->latency != NULL && options->html == NULL) ||
        (options->html != NULL && options->from > 1)) {
        called_say(
            "replay",
            "replay export: --latency goes with --html, --from does not; see replay export --help\n");
        return REPLAY_USAGE;
    }
    int code =
        replay_target_begin(&target, options->directory, path, options->force, options->sqlite == NULL);
    if (code != REPLAY_DONE) {
        return code;
    }
    code = options->html != NULL ? export_html(options, &target) : export_state(options, &target);
    replay_target_abandon(&target); /* of what was committed nothing is left to abandon */
    return replay_flush(code);
}
