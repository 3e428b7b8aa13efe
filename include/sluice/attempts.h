/* Reading the attempts log of a data directory: BUYs that were refused without an event of their own. No
 * part of the state: it may have gaps, and says how many entries are missing.
 * Threads: a reader belongs to one thread; any number may read beside a live server, for they only ever
 *   open and pread.
 * Ownership: open creates, slc_attempts_reader_close frees.
 * Failure: IO carries the errno. What is not valid ends the reading of its file and is no error, for a
 *   crash may leave it; slc_attempts_told tells. */
#ifndef SLUICE_ATTEMPTS_H
#define SLUICE_ATTEMPTS_H

#include <sluice/journal.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct slc_attempt {
    uint64_t time_us;  /* by which it was judged: of its batch, not below that of the event before it */
    uint64_t sequence; /* of the last event applied before it */
    uint64_t drop_id;
    uint64_t order_key; /* 0: none */
    uint64_t remaining; /* units of the drop that were left */
    uint32_t quantity;
    uint8_t status; /* slc_status_t */
    uint8_t user_bytes;
    char user[SLC_USER_BYTES_MAX]; /* not NUL-terminated */
} slc_attempt_t;

/* What the log says of itself, as far as it was read. */
typedef struct slc_attempts_told {
    uint32_t files;     /* 0: there is no log: it was switched off, or nothing was ever refused so */
    uint64_t entries;   /* handed out */
    uint64_t missing;   /* left out by a server that was too busy or could not write */
    bool older_removed; /* files from before the first one here are gone: nobody knows how many entries */
    bool cut_short;     /* a file ends with bytes that are no entries: a crash, or rot */
} slc_attempts_told_t;

typedef struct slc_attempts_reader slc_attempts_reader_t;

/* Opens what there is now; what a live server notes later is not read. */
slc_err_t slc_attempts_reader_open(const char *data_dir, slc_attempts_reader_t **ret_reader,
                                   slc_error_t *ret_error);
/* NULL is fine. */
void slc_attempts_reader_close(slc_attempts_reader_t *reader);
/* The next entry, oldest first: OK, END or IO. Those of one run of the server stand in the order in which
 * they were decided. */
slc_err_t slc_attempts_reader_next(slc_attempts_reader_t *reader, slc_attempt_t *ret_attempt,
                                   slc_error_t *ret_error);
slc_attempts_told_t slc_attempts_told(const slc_attempts_reader_t *reader);

#ifdef __cplusplus
}
#endif

#endif
