#include "audit_pairs.h"

#include "audit_digest.h"
#include "memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void audit_pairs_finish(audit_pairs_t *pairs)
{
    free(pairs->pairs);
    memset(pairs, 0, sizeof *pairs);
}

void audit_pairs_add(audit_pairs_t *pairs, const slc_journal_block_t *block, audit_report_t *report)
{
    if (block->digest_sequence == 0) {
        return;
    }
    pairs->carried++;
    if (block->digest_sequence >= block->first_sequence) {
        audit_fail(report, AUDIT_CHECK_DIGESTS,
                   "segment %" PRIu32 " offset %" PRIu64 ": a block that begins at event %" PRIu64
                   " carries a digest behind event %" PRIu64,
                   block->segment, block->offset, block->first_sequence, block->digest_sequence);
        return;
    }
    const audit_pair_t *last = pairs->count > 0 ? &pairs->pairs[pairs->count - 1] : NULL;
    if (last != NULL && last->sequence == block->digest_sequence && last->digest == block->digest) {
        return;
    }
    pairs->pairs = replay_grow(pairs->pairs, &pairs->capacity, pairs->count + 1, sizeof *pairs->pairs);
    pairs->pairs[pairs->count++] = (audit_pair_t){
        .sequence = block->digest_sequence,
        .digest = block->digest,
        .offset = block->offset,
        .segment = block->segment,
    };
}

void audit_pairs_add_snapshot(audit_pairs_t *pairs, uint64_t sequence, uint64_t digest)
{
    pairs->pairs = replay_grow(pairs->pairs, &pairs->capacity, pairs->count + 1, sizeof *pairs->pairs);
    pairs->pairs[pairs->count++] = (audit_pair_t){.sequence = sequence, .digest = digest};
    pairs->snapshots++;
}

void audit_pairs_begin(audit_pairs_t *pairs, uint64_t from)
{
    while (pairs->next < pairs->count && pairs->pairs[pairs->next].sequence < from) {
        pairs->next++;
        pairs->passed++;
    }
}

static int by_sequence(const void *left, const void *right)
{
    uint64_t a = ((const audit_pair_t *)left)->sequence;
    uint64_t b = ((const audit_pair_t *)right)->sequence;
    return (a > b) - (a < b);
}

void audit_pairs_sort(audit_pairs_t *pairs)
{
    if (pairs->count > 0) {
        qsort(pairs->pairs, pairs->count, sizeof *pairs->pairs, by_sequence);
    }
}

void audit_pairs_compare(audit_pairs_t *pairs, audit_books_t *books, audit_report_t *report)
{
    while (pairs->next < pairs->count && pairs->pairs[pairs->next].sequence <= books->sequence) {
        const audit_pair_t *pair = &pairs->pairs[pairs->next++];
        uint64_t digest = audit_digest(books);
        bool wrong = pair->sequence != books->sequence || pair->digest != digest;
        if (wrong && pair->segment == 0) {
            audit_fail(report, AUDIT_CHECK_SNAPSHOTS,
                       "the snapshot of event %" PRIu64 " names digest %016" PRIx64
                       ", by the rules it is %016" PRIx64,
                       pair->sequence, pair->digest, digest);
        } else if (wrong) {
            audit_fail(report, AUDIT_CHECK_DIGESTS,
                       "segment %" PRIu32 " offset %" PRIu64 " carries %016" PRIx64
                       " behind event %" PRIu64 ", by the rules it is %016" PRIx64,
                       pair->segment, pair->offset, pair->digest, pair->sequence, digest);
        }
    }
}
