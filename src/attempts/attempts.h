/* The attempts log: BUYs that were refused without an event of their own, noted beside the path, bounded
 * and unwaited. No part of the state: it may have gaps, and says how many entries are missing.
 *
 * `slc_attempts_note` copies an entry into a bounded queue (drops and counts it where the queue is full);
 * a thread of its own encodes entries as sluice.v1.Attempt and appends them to attempts-NNNNNNNNNN.log in
 * the data directory, newest two files kept, each bounded. src/attempts/format.h has the bytes.
 *
 * Threads: note by one thread at a time (the apply station's), never blocking, no system call but a
 * wake-up now and then; everything else by the engine's main thread; missing by any. Ownership: open
 * creates and starts the thread, close drains, stops and frees. Failure: a failed write is counted as
 * missing entries and logged once; the engine goes on. */
#ifndef SLC_ATTEMPTS_ATTEMPTS_H
#define SLC_ATTEMPTS_ATTEMPTS_H

#include "journal/directory.h"

#include <sluice/attempts.h>

typedef struct slc_attempts slc_attempts_t;

/* `file_bytes_max`: of each of the two files kept. */
slc_err_t slc_attempts_open(slc_directory_t *directory, uint64_t file_bytes_max,
                            slc_attempts_t **ret_attempts, slc_error_t *ret_error);
/* NULL is fine. */
void slc_attempts_close(slc_attempts_t *attempts);
/* The next entry begins a new file, as if the one open were full: for when that was moved away or
 * removed. Any thread. */
void slc_attempts_reopen(slc_attempts_t *attempts);
void slc_attempts_note(slc_attempts_t *attempts, const slc_attempt_t *attempt);
/* Entries that found no room, since open. */
uint64_t slc_attempts_missing(const slc_attempts_t *attempts);

/* ---- reading ---- <sluice/attempts.h>, in a directory that is open; it has to stay so. */
slc_err_t slc_attempts_reader_begin(const slc_directory_t *directory, slc_attempts_reader_t **ret_reader,
                                    slc_error_t *ret_error);

#endif
