#include "known.h"

#include <inttypes.h>

bool replay_knows_all(const slc_told_t *told)
{
    const slc_attempts_told_t *log = &told->attempts;
    return told->base_sequence == 0 && log->missing == 0 && !log->older_removed && !log->cut_short &&
           log->files > 0;
}

void replay_put_known(FILE *out, const char *prefix, const slc_told_t *told)
{
    const slc_attempts_told_t *log = &told->attempts;
    if (told->base_sequence > 0) {
        (void)fprintf(
            out,
            "%sthe journal up to event %" PRIu64 " was removed because a snapshot covers it: of "
            "that time orders and cancellations are known, not what was left, nor refusals that "
            "stood in the journal\n",
            prefix, told->base_sequence);
    }
    if (log->files == 0) {
        (void)fprintf(out,
                      "%sthere is no attempts log: attempts that were refused without an event are not "
                      "known, if there were any\n",
                      prefix);
        return;
    }
    (void)fprintf(out, "%sthe attempts log has %" PRIu64 " entries; %" PRIu64 " are missing%s\n", prefix,
                  log->entries, log->missing, log->missing > 0 ? " (more came than it takes)" : "");
    if (log->older_removed) {
        (void)fprintf(out, "%sthe oldest entries of that log were removed; how many is not known\n",
                      prefix);
    }
    if (log->cut_short) {
        (void)fprintf(out, "%sa file of that log ends in bytes that are no entries, as behind a crash\n",
                      prefix);
    }
}

void replay_put_known_json(FILE *out, const slc_told_t *told)
{
    const slc_attempts_told_t *log = &told->attempts;
    (void)fprintf(out,
                  "\"from_sequence\":%" PRIu64 ",\"sequence\":%" PRIu64
                  ",\"attempts_log\":{\"files\":%" PRIu32 ",\"entries\":%" PRIu64 ",\"missing\":%" PRIu64
                  ",\"older_removed\":%s,\"cut_short\":%s}",
                  told->base_sequence, told->sequence, log->files, log->entries, log->missing,
                  log->older_removed ? "true" : "false", log->cut_short ? "true" : "false");
}
