/* Accepting, and dealing out what was accepted: the acceptor of the first I/O thread, and the mailbox in
 * which every I/O thread finds its new connections.
 * Threads: the acceptor is the first I/O thread's; a mailbox is put into by any and emptied by its owner.
 * Ownership: the listeners are the engine's. Descriptors in a mailbox belong to it until emptied.
 * Failure: with descriptors or places exhausted a peer is told OVERLOADED and closed, and accepting
 * pauses for a moment, so that it neither spins nor hangs. */
#ifndef SLC_ENGINE_IO_ACCEPT_H
#define SLC_ENGINE_IO_ACCEPT_H

#include "session/connections.h"
#include "session/listener.h"
#include "sys/net.h"

#include <pthread.h>

/* What an epoll tag names, in the bits that hold the I/O thread of a connection's id. */
enum { SLC_TAG_CONNECTION = 0, SLC_TAG_LISTENER = 1, SLC_TAG_BELL = 2 };

struct slc_io;

typedef struct slc_acceptor {
    slc_listener_t *listeners; /* NULL: this thread does not accept */
    const slc_net_t *net;
    int epoll_fd;
    struct slc_io **all;
    uint32_t count;
    uint32_t next;
    uint64_t resume_at_ns; /* 0: accepting */
} slc_acceptor_t;

slc_err_t slc_acceptor_init(slc_acceptor_t *acceptor, slc_listener_t *listeners, const slc_net_t *net,
                            int epoll_fd, struct slc_io **all, uint32_t count, slc_error_t *ret_error);
/* Accepts what waits at listener `which`. */
void slc_acceptor_turn(slc_acceptor_t *acceptor, uint32_t which, uint64_t now_ns);
bool slc_acceptor_pauses(const slc_acceptor_t *acceptor);
/* Accepts again where a pause is over. */
void slc_acceptor_resume(slc_acceptor_t *acceptor, uint64_t now_ns);
/* Makes the operators' socket anew where its name was lost; who still waits at the old one is taken in
 * first. Where that fails the old one stays. */
void slc_acceptor_reopen(slc_acceptor_t *acceptor, uint64_t now_ns);
/* Accepts nothing more. */
void slc_acceptor_close(slc_acceptor_t *acceptor);

#define SLC_MAILBOX_PLACES 1024u

typedef struct slc_mailbox {
    pthread_mutex_t mutex;
    const slc_net_t *net;
    uint32_t count;
    struct {
        int fd;
        slc_peer_t peer;
    } places[SLC_MAILBOX_PLACES];
} slc_mailbox_t;

typedef void (*slc_mailbox_fn)(void *context, int fd, slc_peer_t peer);

void slc_mailbox_init(slc_mailbox_t *mailbox, const slc_net_t *net);
void slc_mailbox_finish(slc_mailbox_t *mailbox);
/* A full mailbox refuses the peer. */
void slc_mailbox_put(slc_mailbox_t *mailbox, int fd, slc_peer_t peer);
bool slc_mailbox_has(slc_mailbox_t *mailbox);
void slc_mailbox_empty(slc_mailbox_t *mailbox, slc_mailbox_fn each, void *context);

#endif
