/* replay verify: every block is read, and with it every checksum, the chain from block to block, and
 * every event; the first thing that is wrong ends it. */
#include "progress.h"
#include "replay.h"
#include "text.h"
#include "verify_snapshots.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* How often to begin again where a live server removed what was being read. */
#define TRIES_MAX 8u

typedef struct survey {
    uint64_t segments;
    uint64_t blocks; /* seals not among them */
    uint64_t seals;
    uint64_t events;
    uint64_t bytes;
    uint64_t digest_pairs;
    uint64_t begins_with; /* sequence that the journal kept begins with; 0: it has no block */
    uint64_t ends_with;   /* sequence of the last event that it holds or stands behind */
    uint64_t first_sequence;
    uint64_t last_sequence;
    uint64_t first_time_us;
    uint64_t last_time_us;
    uint32_t segment; /* of the last block */
    slc_journal_tail_t tail;
    uint32_t tail_segment;
    uint64_t tail_offset;
} survey_t;

/* The reader checks this too; here it is checked on what the reader hands out. */
static slc_err_t check_event(const survey_t *survey, const slc_journal_block_t *block,
                             const slc_event_t *event, slc_error_t *ret_error)
{
    bool follows = survey->events == 0 || event->sequence == survey->last_sequence + 1;
    if (follows && event->time_us >= survey->last_time_us) {
        return SLC_OK;
    }
    ret_error->code = SLC_ERR_DAMAGED;
    (void)snprintf(ret_error->message, sizeof ret_error->message,
                   "segment %" PRIu32 " offset %" PRIu64 ": event %" PRIu64 " at %" PRIu64
                   " us stands behind event %" PRIu64 " at %" PRIu64 " us",
                   block->segment, block->offset, event->sequence, event->time_us, survey->last_sequence,
                   survey->last_time_us);
    return ret_error->code;
}

static slc_err_t survey_block(slc_journal_t *journal, const slc_journal_block_t *block, survey_t *survey,
                              slc_error_t *ret_error)
{
    survey->segments += survey->segment != block->segment;
    survey->begins_with = survey->begins_with == 0 ? block->first_sequence : survey->begins_with;
    survey->ends_with = block->first_sequence + block->events - 1;
    survey->segment = block->segment;
    survey->bytes += block->bytes;
    survey->digest_pairs += block->digest_sequence != 0;
    survey->seals += block->seal;
    survey->blocks += !block->seal;
    slc_event_t event;
    slc_err_t code;
    while ((code = slc_journal_next_event(journal, &event, ret_error)) == SLC_OK) {
        code = check_event(survey, block, &event, ret_error);
        if (code != SLC_OK) {
            return code;
        }
        if (survey->events++ == 0) {
            survey->first_sequence = event.sequence;
            survey->first_time_us = event.time_us;
        }
        survey->last_sequence = event.sequence;
        survey->last_time_us = event.time_us;
    }
    return code;
}

static slc_err_t survey_journal(slc_journal_t *journal, survey_t *survey, slc_error_t *ret_error)
{
    replay_progress_t progress;
    slc_journal_block_t block;
    slc_err_t code;
    replay_progress_begin(&progress, "verifying");
    while ((code = slc_journal_next_block(journal, &block, ret_error)) == SLC_OK) {
        uint64_t done_bytes;
        uint64_t total_bytes;
        code = survey_block(journal, &block, survey, ret_error);
        if (code != SLC_END) {
            break;
        }
        slc_journal_progress(journal, &done_bytes, &total_bytes);
        replay_progress_update(&progress, done_bytes, total_bytes, survey->events);
    }
    replay_progress_end(&progress);
    survey->tail = slc_journal_tail(journal, &survey->tail_segment, &survey->tail_offset);
    return code;
}

static const char *tail_meaning(slc_journal_tail_t tail)
{
    switch (tail) {
    case SLC_TAIL_EMPTY:
        return "no event was ever written";
    case SLC_TAIL_SEALED:
        return "nothing behind it can be missing";
    case SLC_TAIL_OPEN:
        return "a server is alive, or was killed between two blocks";
    case SLC_TAIL_TORN:
        return "an unfinished block follows, never acknowledged; the server cuts it at its next start";
    case SLC_TAIL_UNKNOWN:
        break;
    }
    return "damaged before it";
}

static void print_text(const replay_options_t *options, const survey_t *survey,
                       const verified_snapshots_t *snapshots)
{
    char first[REPLAY_TIME_BYTES];
    char last[REPLAY_TIME_BYTES];
    printf("directory     %s\n", options->directory);
    printf("segments      %" PRIu64 "\n", survey->segments);
    printf("blocks        %" PRIu64 " (%" PRIu64 " bytes), and %" PRIu64 " seals\n", survey->blocks,
           survey->bytes, survey->seals);
    printf("events        %" PRIu64, survey->events);
    if (survey->events > 0) {
        printf(", sequence %" PRIu64 " to %" PRIu64 ", %s to %s", survey->first_sequence,
               survey->last_sequence, replay_time(survey->first_time_us, first),
               replay_time(survey->last_time_us, last));
    }
    printf("\ndigest pairs  %" PRIu64 " carried (replay audit checks them)\n", survey->digest_pairs);
    printf("tail          %s", replay_tail_name(survey->tail));
    if (survey->tail != SLC_TAIL_UNKNOWN && survey->tail != SLC_TAIL_EMPTY) {
        printf(" at segment %" PRIu32 " offset %" PRIu64, survey->tail_segment, survey->tail_offset);
    }
    printf(": %s\n", tail_meaning(survey->tail));
    verified_print(snapshots);
}

static void print_json(const replay_options_t *options, const survey_t *survey,
                       const verified_snapshots_t *snapshots, bool is_damaged, const slc_error_t *error)
{
    fputs("{\"directory\":", stdout);
    replay_put_quoted(stdout, replay_text(options->directory));
    printf(",\"result\":\"%s\",\"segments\":%" PRIu64 ",\"blocks\":%" PRIu64 ",\"seals\":%" PRIu64
           ",\"bytes\":%" PRIu64 ",\"events\":%" PRIu64 ",\"first_sequence\":%" PRIu64
           ",\"last_sequence\":%" PRIu64 ",\"first_time_us\":%" PRIu64 ",\"last_time_us\":%" PRIu64
           ",\"digest_pairs\":%" PRIu64,
           is_damaged ? "damaged" : "ok", survey->segments, survey->blocks, survey->seals, survey->bytes,
           survey->events, survey->first_sequence, survey->last_sequence, survey->first_time_us,
           survey->last_time_us, survey->digest_pairs);
    printf(",\"tail\":\"%s\",\"tail_segment\":%" PRIu32 ",\"tail_offset\":%" PRIu64 ",\"snapshots\":",
           replay_tail_name(survey->tail), survey->tail_segment, survey->tail_offset);
    verified_print_json(snapshots);
    fputs(",\"error\":", stdout);
    replay_put_quoted(stdout, replay_text(is_damaged ? error->message : ""));
    puts("}");
}

/* ---- journal and snapshots together ---- */

__attribute__((format(printf, 2, 3))) static slc_err_t damaged(slc_error_t *error, const char *format,
                                                               ...)
{
    va_list arguments;
    va_start(arguments, format);
    error->code = SLC_ERR_DAMAGED;
    (void)vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return SLC_ERR_DAMAGED;
}

/* Each is whole in itself; do they reach each other? */
static slc_err_t check_seam(const survey_t *survey, const verified_snapshots_t *snapshots,
                            slc_error_t *error)
{
    const verified_snapshot_t *bad = verified_first_bad(snapshots);
    if (survey->begins_with > 1 && verified_newest_good(snapshots) + 1 < survey->begins_with) {
        return damaged(error,
                       "the journal no longer reaches back to event %" PRIu64
                       ": it begins with event %" PRIu64 ", and no good snapshot holds what was before",
                       verified_newest_good(snapshots) + 1, survey->begins_with);
    }
    bool has_journal = survey->begins_with > 0;
    if ((has_journal || bad != NULL) && verified_newest(snapshots) > survey->ends_with) {
        return damaged(error,
                       "the snapshot of event %" PRIu64 " is newer than the journal's end, event %" PRIu64
                       ": events are missing%s%.200s",
                       verified_newest(snapshots), survey->ends_with, bad == NULL ? "" : "; ",
                       bad == NULL ? "" : bad->why.message);
    }
    if (bad != NULL) {
        *error = bad->why;
        return SLC_ERR_DAMAGED;
    }
    return SLC_OK;
}

/* END: all is sound. */
static slc_err_t survey_directory(const char *directory, survey_t *survey,
                                  verified_snapshots_t *snapshots, slc_error_t *error)
{
    slc_journal_t *journal = NULL;
    *survey = (survey_t){0};
    *error = (slc_error_t){0};
    /* First the snapshots: what the journal holds later is never less than what they are behind. */
    slc_err_t code = verify_snapshots(snapshots, directory, error);
    if (code == SLC_OK) {
        code = slc_journal_open(directory, &journal, error);
    }
    if (code == SLC_OK) {
        code = survey_journal(journal, survey, error);
    }
    slc_journal_close(journal);
    if (code == SLC_END && check_seam(survey, snapshots, error) != SLC_OK) {
        code = SLC_ERR_DAMAGED;
    }
    return code;
}

/* A live server took a snapshot, and removed what it covers, while we looked. */
static bool was_overtaken(const char *directory, const verified_snapshots_t *snapshots, slc_err_t code,
                          const slc_error_t *error)
{
    return code == SLC_ERR_IO ? snapshots->listed && error->sys_errno == ENOENT
                              : code == SLC_ERR_DAMAGED && verified_are_outdated(snapshots, directory);
}

int replay_verify(const replay_options_t *options)
{
    slc_error_t error = {0};
    survey_t survey = {0};
    verified_snapshots_t snapshots = {0};
    slc_err_t code = SLC_OK;
    for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
        code = survey_directory(options->directory, &survey, &snapshots, &error);
        if (!was_overtaken(options->directory, &snapshots, code, &error)) {
            break;
        }
    }
    bool is_damaged = code == SLC_ERR_DAMAGED;
    if (code != SLC_END && !is_damaged) {
        verified_snapshots_finish(&snapshots);
        return replay_fail(&error);
    }
    if (options->json) {
        print_json(options, &survey, &snapshots, is_damaged, &error);
    } else {
        print_text(options, &survey, &snapshots);
        printf("verify %s\n", is_damaged ? "DAMAGED" : "OK");
    }
    int exit_code = is_damaged ? replay_fail(&error) : REPLAY_DONE;
    verified_snapshots_finish(&snapshots);
    return replay_flush(exit_code);
}
