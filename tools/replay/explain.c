/* replay explain: why this user won or lost. */
#include "explain.h"
#include "../common/called.h"
#include "progress.h"
#include "replay.h"
#include "text.h"

#include <inttypes.h>
#include <stdio.h>

/* What is missing or cannot be: USAGE, said. */
static int check(const replay_options_t *options)
{
    if (options->drop_id == 0 || options->user == NULL) {
        called_say("replay", "replay explain: --%s is missing; see replay explain --help\n",
                   options->drop_id == 0 ? "drop ID" : "user NAME");
        return REPLAY_USAGE;
    }
    if (!slc_text_is_valid(replay_text(options->user), 1, SLC_USER_BYTES_MAX)) {
        called_say("replay", "replay explain: --user: a name is 1 to %d bytes of UTF-8\n",
                   SLC_USER_BYTES_MAX);
        return REPLAY_USAGE;
    }
    return REPLAY_DONE;
}

int replay_explain(const replay_options_t *options)
{
    slc_error_t error = {0};
    replay_progress_t progress;
    int wrong = check(options);
    if (wrong != REPLAY_DONE) {
        return wrong;
    }
    explain_t explain = {.drop_id = options->drop_id, .user = replay_text(options->user)};
    const slc_listener_t listener = explain_listener(&explain);
    slc_told_t told = {0};
    replay_progress_begin(&progress, "looking back");
    slc_err_t code = slc_history_read(options->directory, options->until, &listener,
                                      replay_progress_update, &progress, &told, NULL, &error);
    replay_progress_end(&progress);
    explain.told = told;
    int exit_code = REPLAY_DONE;
    if (code != SLC_OK) {
        exit_code = replay_fail(&error);
    } else if (!explain.was_seen) {
        called_say("replay",
                   "replay: drop %" PRIu64 " does not exist, and nobody of this name asked for it; "
                   "replay state %s lists the drops\n",
                   options->drop_id, options->directory);
        exit_code = REPLAY_USAGE;
    } else if (options->json) {
        explain_print_json(&explain, options->from);
    } else {
        explain_print(&explain, options->from);
    }
    explain_finish(&explain);
    return replay_flush(exit_code);
}
