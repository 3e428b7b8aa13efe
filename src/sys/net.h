/* What is done to a connected socket goes through this table, so that a simulation can delay, split and
 * break it. Production uses slc_net_posix(). Making, binding and accepting sockets is
 * session/listener.h's. Threads: the POSIX table is stateless; a test's table says for itself. Ownership:
 * a descriptor belongs to who accepted it until `close`, whatever that answers. Failure: each call
 * answers a value >= 0 or a negative errno. Nothing waits: -EAGAIN where it would have to; EINTR is tried
 * again inside. */
#ifndef SLC_SYS_NET_H
#define SLC_SYS_NET_H

#include <stddef.h>
#include <sys/types.h>

typedef struct slc_net {
    void *self;
    /* Bytes read, 0 at the end of what the peer sends. */
    ssize_t (*recv)(void *self, int fd, void *bytes, size_t count);
    /* Bytes taken; a peer that is gone is an error, never a signal. */
    ssize_t (*send)(void *self, int fd, const void *bytes, size_t count);
    /* Nothing more will be sent. */
    int (*shutdown)(void *self, int fd);
    int (*close)(void *self, int fd);
} slc_net_t;

const slc_net_t *slc_net_posix(void);

#endif
