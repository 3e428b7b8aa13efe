/* The bytes of attempts-NNNNNNNNNN.log. Little-endian; nothing is padded.
 *
 *   file    0  8  magic "SLCATT1\0"
 *           8  16 id of the data directory
 *          24  chunks, one behind the other
 *   chunk   0  4  magic 0x4b435441 ("ATCK")
 *           4  4  bytes of payload, at most SLC_ATTEMPTS_PAYLOAD_BYTES_MAX
 *           8  4  entries in the payload
 *          12  4  entries that were left out before this chunk
 *          16  8  XXH3-64 of bytes 0 to 15 of the chunk and of its payload
 *          24  payload: entries as sluice.v1.Attempt, each behind its length as a varint
 *
 * A file is valid if and only if its magic and id are right. A chunk is valid if and only if its magic,
 * lengths and checksum are, and its payload is so many Attempts. The log ends in front of the first chunk
 * that is not valid: a crash may leave a half-written chunk. Each run of the server begins a file of its
 * own with its first entry, so nothing is ever written behind such an end.
 *
 * Threads: constants and pure functions. Owns nothing. Failure: as each function says. */
#ifndef SLC_ATTEMPTS_FORMAT_H
#define SLC_ATTEMPTS_FORMAT_H

#include "attempts/attempts.h"

#define SLC_ATTEMPTS_FILE_MAGIC "SLCATT1"
#define SLC_ATTEMPTS_FILE_HEAD_BYTES 24u
#define SLC_ATTEMPTS_CHUNK_MAGIC 0x4b435441u
#define SLC_ATTEMPTS_CHUNK_HEAD_BYTES 24u
#define SLC_ATTEMPTS_PAYLOAD_BYTES_MAX ((size_t)256 * 1024)
/* Longest encoding of one entry with its length. */
#define SLC_ATTEMPT_BYTES_MAX 160u
#define SLC_ATTEMPTS_NAME_BYTES 32

/* One entry, length included: bytes written. */
size_t slc_attempt_encode(const slc_attempt_t *attempt, uint8_t *out);
/* One entry at the beginning of `bytes`: bytes used; 0: no Attempt within bounds. */
size_t slc_attempt_decode(const uint8_t *bytes, size_t count, slc_attempt_t *ret_attempt);

/* Fills in the head in front of `payload_bytes` bytes that stand at chunk +
 * SLC_ATTEMPTS_CHUNK_HEAD_BYTES. */
void slc_attempts_chunk_close(uint8_t *chunk, uint32_t payload_bytes, uint32_t entries,
                              uint32_t left_out);
/* Bytes of payload that a chunk's head names; any number where it is none. */
size_t slc_attempts_chunk_payload(const uint8_t *head);
/* Bytes of the chunk at the beginning of `bytes`, 0 where it is not valid or not whole. */
size_t slc_attempts_chunk_check(const uint8_t *bytes, size_t count, uint32_t *ret_entries,
                                uint32_t *ret_left_out);

void slc_attempts_name(uint32_t number, char out[SLC_ATTEMPTS_NAME_BYTES]);
/* The lowest and highest number of a log file in the directory, 0: there is none. */
slc_err_t slc_attempts_numbers(const slc_directory_t *directory, uint32_t *ret_lowest,
                               uint32_t *ret_highest, slc_error_t *ret_error);

#endif
