/* What a peer's client is asked for on the command line.
 * Threads: the main one, constant behind parse. Ownership: points into argv. Failure: parse says what is
 * wrong on stderr and answers false. */
#ifndef SLC_PERF_PEER_OPTIONS_H
#define SLC_PERF_PEER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct peer_options {
    const char *at;       /* where the peer is: HOST:PORT, a conninfo, a file; each kind its own */
    uint32_t connections; /* 1 to 10000 */
    uint32_t window;      /* requests in flight on each, 1 to 65536 */
    uint32_t batch;       /* requests a transaction, 1 to window */
    double seconds;
    uint64_t requests; /* 0: as many as go in `seconds` */
    uint64_t stock;    /* units */
    const char *mode;  /* a way of doing it, where the kind knows several; "" its usual one */
    bool json;
} peer_options_t;

bool peer_options_parse(int argc, char **argv, peer_options_t *ret_options);
/* Parts HOST:PORT, the host into `host` of `capacity` bytes. False: it is none. */
bool peer_options_address(const char *at, char *host, uint32_t capacity, uint16_t *ret_port);

#endif
