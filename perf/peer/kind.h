/* What one peer has to be able to do so that the same loop can drive it: the answers of a connection come
 * in the order of its requests, so a request is known by its place. Threads: the client's one. Ownership:
 * `inside` of a link belongs to the kind, from open to close. Failure: calls answer false, and peer_fail
 * has kept the reason. */
#ifndef SLC_PERF_PEER_KIND_H
#define SLC_PERF_PEER_KIND_H

#include "options.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct peer_link {
    int fd;
    void *inside;
    uint64_t *begun_ns; /* a ring of `window` times, of what waits for its answer */
    uint32_t first;     /* the oldest of them */
    uint32_t waiting;
    bool watches_writing;
} peer_link_t;

/* What the peer itself says it has recorded. */
typedef struct peer_books {
    uint64_t left;   /* units */
    uint64_t orders; /* records */
} peer_books_t;

typedef struct peer_kind {
    const char *name;
    bool has_stock; /* false: it knows no rules, and books count orders since the client began */
    bool has_batches;
    /* Brings the drop to `stock` units and no orders. */
    bool (*prepare)(const peer_options_t *options);
    bool (*open)(const peer_options_t *options, peer_link_t *link);
    /* Queues `count` requests with numbers from `first` on (one, or one batch where the kind has them).
     */
    bool (*ask)(peer_link_t *link, uint64_t first, uint32_t count);
    /* Writes what the socket takes; *ret_all tells whether that was all. */
    bool (*write)(peer_link_t *link, bool *ret_all);
    /* Reads what has come, and calls peer_answered for each answer in it. */
    bool (*read)(peer_link_t *link);
    void (*close)(peer_link_t *link);
    bool (*books)(const peer_options_t *options, peer_books_t *ret_books);
} peer_kind_t;

/* Each client program has one. */
extern const peer_kind_t PEER_KIND;

/* `count` requests of the link, the oldest ones, are answered: the first `accepted` of them sold. */
void peer_answered(peer_link_t *link, uint32_t count, uint32_t accepted);
/* Keeps the first reason why the run is no good. Answers false, so that it can be returned. */
bool peer_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* That reason; NULL: none. */
const char *peer_failure(void);
/* The buyer of a request: the same as those of perf/load, LOAD_USER_BYTES bytes, and its order key. */
uint64_t peer_buyer(uint64_t number, char *ret_user);

#endif
