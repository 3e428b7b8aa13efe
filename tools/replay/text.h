/* Text of strangers on its way to a terminal or into JSON: a user's name may hold anything that is UTF-8,
 * line breaks, escape sequences and marks that turn the writing direction among it.
 * Threads: pure, but for the stream. Ownership: the caller's. Failure: bytes that are no UTF-8 come out
 * as U+FFFD; errors of a stream stay with the stream. */
#ifndef REPLAY_TEXT_H
#define REPLAY_TEXT_H

#include <sluice/journal.h>

#include <stdint.h>
#include <stdio.h>

/* Room for `bytes` bytes of text, quoted. */
#define REPLAY_QUOTED_BYTES(bytes) ((bytes)*6 + 3)
/* "2026-11-22T20:36:00.123456Z" and its end. */
#define REPLAY_TIME_BYTES 40

/* Writes text as a JSON string (RFC 8259) with its quotes. Beyond what JSON asks for, everything that a
 * terminal or a reader's eye would not take for a character is escaped as \uXXXX. */
void replay_put_quoted(FILE *out, slc_text_t text);
/* The same into memory, NUL-terminated; cut, but still closed, where it does not fit (4 bytes or more).
 */
void replay_quote(slc_text_t text, char *out, size_t capacity);

slc_text_t replay_text(const char *text);

/* Microseconds since 1970 as UTC by ISO 8601; 0 as "-". Answers `out`. */
const char *replay_time(uint64_t time_us, char out[REPLAY_TIME_BYTES]);

/* Digits only, no sign, no space; in hex, exactly 16 of them. False: no such number. */
bool replay_parse_number(slc_text_t text, uint64_t *ret_number);
bool replay_parse_hex(slc_text_t text, uint64_t *ret_number);

#endif
