/* The (applied sequence, digest) pairs that the live engine wrote into the journal's blocks: what it
 * believed its state to be while it ran. They are all read first, so that the audit knows behind which
 * events to take its own digest for comparison.
 * Threads: one. Ownership: init by all-zero, audit_pairs_finish. Failure: goes into the report. */
#ifndef REPLAY_AUDIT_PAIRS_H
#define REPLAY_AUDIT_PAIRS_H

#include "audit_books.h"
#include "audit_report.h"

typedef struct audit_pair {
    uint64_t sequence;
    uint64_t digest;
    uint64_t offset;  /* of the block that carries it, in its segment */
    uint32_t segment; /* 0: a snapshot carries it */
} audit_pair_t;

typedef struct audit_pairs {
    audit_pair_t *pairs;
    uint64_t count;
    uint64_t capacity;
    uint64_t carried;   /* by blocks; count leaves out what the block before said already */
    uint64_t next;      /* the one to be compared next */
    uint64_t snapshots; /* pairs of snapshots among them */
    uint64_t passed;    /* from before the books begin: they cannot be compared */
} audit_pairs_t;

void audit_pairs_finish(audit_pairs_t *pairs);

/* Takes the pair of a block, if it carries one. A block cannot know a digest of events that were not
 * durable before it. */
void audit_pairs_add(audit_pairs_t *pairs, const slc_journal_block_t *block, audit_report_t *report);

/* Takes what a snapshot says of itself. */
void audit_pairs_add_snapshot(audit_pairs_t *pairs, uint64_t sequence, uint64_t digest);

/* Leaves out what is from before this event: the books begin behind it. Once the pairs are sorted. */
void audit_pairs_begin(audit_pairs_t *pairs, uint64_t from);

/* Puts the pairs into the order of their sequences; then they can be compared. */
void audit_pairs_sort(audit_pairs_t *pairs);

/* Behind each event: compares the pairs of that sequence with the books' digest. */
void audit_pairs_compare(audit_pairs_t *pairs, audit_books_t *books, audit_report_t *report);

#endif
