/* replay: reads a data directory offline, read-only; one function for each command. compact alone writes:
 * another directory.
 * It opens files for reading only and takes no lock, so it works beside a live server and behind a dead
 * one. Only the public headers of Sluice are used: what this program can do, any program can.
 * Threads: one. Ownership: options point into argv.
 * Failure: each command answers the program's exit code, and has said on stderr what went wrong. */
#ifndef REPLAY_REPLAY_H
#define REPLAY_REPLAY_H

#include <sluice/state.h>

enum {
    REPLAY_DONE = 0,
    REPLAY_CHECK_FAILED = 1,
    REPLAY_USAGE = 2,
    REPLAY_DAMAGED = 4,
    REPLAY_IO = 5,
};

typedef struct replay_options {
    const char *directory;
    const char *ledger; /* NULL: none */
    const char *into;   /* NULL: not said */
    const char *user;   /* NULL: not said */
    const char *csv;    /* files to export into; NULL: not said */
    const char *sqlite;
    const char *html;
    const char *latency; /* of HdrHistogram; NULL: not said */
    const char *what_if; /* NULL: the rules as they were */
    uint64_t from;       /* sequences; 1 to UINT64_MAX without a wish */
    uint64_t until;
    uint64_t drop_id; /* 0: every drop */
    bool orders;
    bool force;
    bool json;
} replay_options_t;

int replay_verify(const replay_options_t *options);
int replay_dump(const replay_options_t *options);
int replay_state(const replay_options_t *options);
int replay_what_if(const replay_options_t *options);
int replay_audit(const replay_options_t *options);
int replay_explain(const replay_options_t *options);
int replay_export(const replay_options_t *options);
int replay_compact(const replay_options_t *options);

/* Says on stderr what the error says, and answers the exit code that goes with it. */
int replay_fail(const slc_error_t *error);

/* Notes on stderr how the journal ends, where that is not the ordinary end of a stopped server. */
void replay_note_tail(const slc_journal_t *journal);
/* "empty", "sealed", "open" or "torn"; "not reached" where the end was not seen. */
const char *replay_tail_name(slc_journal_tail_t tail);

/* Flushes stdout: `exit_code`, or 5 where the output did not arrive. */
int replay_flush(int exit_code);

#endif
