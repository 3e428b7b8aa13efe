/* What a peer's client heard, and whether it fits what the peer recorded.
 * Threads: the client's one. Ownership: the caller's memory. Failure: none; `checks` tells what is wrong.
 */
#ifndef SLC_PERF_PEER_TALLY_H
#define SLC_PERF_PEER_TALLY_H

#include "../load/histogram.h"
#include "kind.h"

#include <stdio.h>

typedef struct peer_tally {
    uint64_t asked;
    uint64_t accepted;
    uint64_t refused;
    uint64_t begun_ns; /* all connections open */
    uint64_t ended_ns; /* the last answer */
    load_histogram_t latency_ns;
} peer_tally_t;

/* Answers NULL, or which sum is wrong: each request answered once, as many sold as stock and demand
 * allow, as many orders on record as were sold, and what is left of the stock. */
const char *peer_tally_wrong(const peer_tally_t *tally, const peer_books_t *books, uint64_t stock,
                             bool has_stock);
void peer_tally_print(const peer_tally_t *tally, const peer_books_t *books, const char *wrong, bool json,
                      FILE *out);

#endif
