/* What the bytes behind the last good block of a segment mean: the one decision between a crash, which is
 * nobody's loss, and damage, behind which nothing may be served. A pure function over an enumerated
 * input, written as a table of labelled rules of which the first that matches counts (decide.c). Threads:
 * pure. Owns nothing. Cannot fail: every input has a rule. */
#ifndef SLC_JOURNAL_DECIDE_H
#define SLC_JOURNAL_DECIDE_H

#include <stdbool.h>

/* The bytes from the end of the last good block to the end of the segment. */
typedef enum slc_rest {
    SLC_REST_NONE,  /* the segment is full to its last byte */
    SLC_REST_ZEROS, /* as they were prepared */
    SLC_REST_BYTES, /* something else, which is no block valid in its place */
    SLC_REST_ALIEN, /* among them a block with the right checksum that no crash can have left here */
    SLC_REST_COUNT
} slc_rest_t;

/* A later block of this segment, valid in itself. */
typedef enum slc_witness {
    SLC_WITNESS_NONE,
    SLC_WITNESS_SILENT,  /* issued before the missing block had been acknowledged */
    SLC_WITNESS_VOUCHES, /* says that what is missing here had been acknowledged */
    SLC_WITNESS_COUNT
} slc_witness_t;

typedef enum slc_last {
    SLC_LAST_BLOCK,  /* a block of events, or the segment's header */
    SLC_LAST_SEAL,   /* nothing behind it had been acknowledged when it was written */
    SLC_LAST_ROLLED, /* the next segment had its name when it was written */
    SLC_LAST_COUNT
} slc_last_t;

/* The segment with the next number. */
typedef enum slc_successor {
    SLC_SUCCESSOR_NONE,
    SLC_SUCCESSOR_CONTINUES,   /* its header goes on behind exactly the last good block */
    SLC_SUCCESSOR_CONTRADICTS, /* its header goes on behind another */
    SLC_SUCCESSOR_COUNT
} slc_successor_t;

typedef struct slc_finding {
    slc_rest_t rest;
    slc_witness_t witness;
    slc_last_t last;
    slc_successor_t successor;
} slc_finding_t;

typedef enum slc_verdict {
    SLC_VERDICT_OPEN,    /* the journal ends here, without a seal */
    SLC_VERDICT_SEALED,  /* the journal ends here */
    SLC_VERDICT_TORN,    /* the journal ends here; what follows was never acknowledged and is cut */
    SLC_VERDICT_NEXT,    /* the journal goes on in the next segment */
    SLC_VERDICT_DAMAGED, /* something acknowledged is missing or unreadable: refuse */
} slc_verdict_t;

typedef struct slc_rule {
    const char *label; /* a few words, for messages and tests */
    slc_verdict_t verdict;
} slc_rule_t;

/* The rule that counts; never NULL. */
const slc_rule_t *slc_decide(slc_finding_t finding);

#endif
