/* The audit's own state digest, computed from the definition that stands in src/logic/digest.h in words:
 * the sum, modulo 2^64, of the XXH3-64 hashes of canonical records, integers as 64 bits little-endian,
 * text last. Two ways to the same number: running (audit_digest, cheap at any moment) and from scratch.
 * Threads: one. Ownership: the books are the caller's. Failure: none. */
#ifndef REPLAY_AUDIT_DIGEST_H
#define REPLAY_AUDIT_DIGEST_H

#include "audit_books.h"

/* So many purges are remembered by their key. */
#define AUDIT_PURGE_KEYS_MAX 65536u

/* Hash of one canonical record. */
uint64_t audit_hash_order(const audit_books_t *books, uint32_t order);
uint64_t audit_hash_drop(const audit_drop_t *drop);
uint64_t audit_hash_op(const audit_op_t *op);
/* Hash of the change that an operator asked for, without sequence, time and key. */
uint64_t audit_hash_contents(const slc_event_t *change);

/* Notes that a drop's record changed. */
void audit_unsettle(audit_books_t *books, uint32_t drop);

/* The digest behind the last event judged. */
uint64_t audit_digest(audit_books_t *books);
uint64_t audit_digest_from_scratch(const audit_books_t *books);

#endif
