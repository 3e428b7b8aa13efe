#include "journal/decide.h"

#include <stddef.h>

#define REST(name) (1u << SLC_REST_##name)
#define WITNESS(name) (1u << SLC_WITNESS_##name)
#define LAST(name) (1u << SLC_LAST_##name)
#define SUCCESSOR(name) (1u << SLC_SUCCESSOR_##name)
#define ANY (~0u)

/* Sets of values that a rule is about. */
typedef struct {
    unsigned rest;
    unsigned witness;
    unsigned last;
    unsigned successor;
    slc_rule_t rule;
} row_t;

/* clang-format off */
static const row_t table[] = {
    /* A whole block with the wrong chain, sequence, time or place: a crash leaves pieces, never this. */
    {REST(ALIEN), ANY, ANY, ANY,
        {"a whole block stands where it does not belong", SLC_VERDICT_DAMAGED}},
    /* The writer had an answer for the missing block before it issued the later one. */
    {ANY, WITNESS(VOUCHES), ANY, ANY,
        {"an acknowledged block is broken or missing, a later one vouches for it", SLC_VERDICT_DAMAGED}},
    {ANY, ANY, ANY, SUCCESSOR(CONTRADICTS),
        {"the next segment does not continue where this one ends", SLC_VERDICT_DAMAGED}},
    /* A roll waits until nothing is in flight, so no unacknowledged block has a segment behind it. */
    {ANY, WITNESS(SILENT), ANY, SUCCESSOR(CONTINUES),
        {"a block stands behind the end that the next segment tells", SLC_VERDICT_DAMAGED}},
    /* Also with bytes: the ROLLED seal itself may be torn, and nothing behind it counts. */
    {ANY, WITNESS(NONE), ANY, SUCCESSOR(CONTINUES),
        {"the journal goes on in the next segment", SLC_VERDICT_NEXT}},
    {ANY, ANY, LAST(ROLLED), SUCCESSOR(NONE),
        {"the next segment is missing", SLC_VERDICT_DAMAGED}},
    {REST(NONE), WITNESS(SILENT), ANY, ANY,
        {"a block stands behind the end of its segment", SLC_VERDICT_DAMAGED}},
    /* Several blocks in flight: a later one arrived, an earlier one did not; none was acknowledged. */
    {ANY, WITNESS(SILENT), ANY, SUCCESSOR(NONE),
        {"unfinished blocks follow, none of them acknowledged", SLC_VERDICT_TORN}},
    {REST(BYTES), ANY, ANY, ANY,
        {"an unfinished block follows, never acknowledged", SLC_VERDICT_TORN}},
    {ANY, ANY, LAST(SEAL), ANY,
        {"a seal closes the journal", SLC_VERDICT_SEALED}},
    {ANY, ANY, ANY, ANY,
        {"nothing was written behind the last block", SLC_VERDICT_OPEN}},
};
/* clang-format on */

const slc_rule_t *slc_decide(slc_finding_t finding)
{
    const row_t *row = table;
    while (((row->rest >> finding.rest) & (row->witness >> finding.witness) &
            (row->last >> finding.last) & (row->successor >> finding.successor) & 1u) == 0) {
        row++; /* the last row takes everything */
    }
    return &row->rule;
}
