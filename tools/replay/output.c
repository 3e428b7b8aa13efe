#include "../common/called.h"
#include "replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int replay_fail(const slc_error_t *error)
{
    called_say("replay", "replay: %s\n", error->message);
    return slc_err_exit_code(error->code);
}

const char *replay_tail_name(slc_journal_tail_t tail)
{
    switch (tail) {
    case SLC_TAIL_EMPTY:
        return "empty";
    case SLC_TAIL_SEALED:
        return "sealed";
    case SLC_TAIL_OPEN:
        return "open";
    case SLC_TAIL_TORN:
        return "torn";
    case SLC_TAIL_UNKNOWN:
        break;
    }
    return "not reached";
}

void replay_note_tail(const slc_journal_t *journal)
{
    uint32_t segment;
    uint64_t offset;
    if (slc_journal_tail(journal, &segment, &offset) == SLC_TAIL_TORN) {
        called_say("replay",
                   "replay: note: an unfinished block follows at segment %" PRIu32 " offset %" PRIu64
                   "; nothing in it was ever acknowledged\n",
                   segment, offset);
    }
}

int replay_flush(int exit_code)
{
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        called_say("replay", "replay: cannot write the output: %s\n", strerror(errno));
        return REPLAY_IO;
    }
    return exit_code;
}
