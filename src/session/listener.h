/* A listening socket, TCP or UNIX, and accepting from it without ever spinning or hanging.
 *
 * With the descriptors exhausted, a reserve descriptor is given up for a moment, so that the peer can be
 * told no and does not hang in the backlog for ever.
 *
 * Threads: one. Ownership: init opens, finish closes and removes the UNIX socket's name if it
 *   still leads here.
 * Failure: init answers IO with the address and what to do about it. */
#ifndef SLC_SESSION_LISTENER_H
#define SLC_SESSION_LISTENER_H

#include <sluice/status.h>

#include <stdbool.h>
#include <stdint.h>

typedef struct slc_listener {
    int fd;
    int reserve_fd;
    char name[160]; /* HOST:PORT with the port that the kernel chose, or the path */
    bool is_unix;
    uint64_t device, inode; /* of the UNIX socket's name */
} slc_listener_t;

/* `port` 0: the kernel chooses. `host`: a name or a numeric address. */
slc_err_t slc_listener_init_tcp(slc_listener_t *listener, const char *host, uint16_t port,
                                slc_error_t *ret_error);
/* Mode 0600. A socket that a dead server left behind is replaced; call only under the directory's lock.
 */
slc_err_t slc_listener_init_unix(slc_listener_t *listener, const char *path, slc_error_t *ret_error);
/* The name of a UNIX socket no longer leads to it: it was removed, or another took it. */
bool slc_listener_is_lost(const slc_listener_t *listener);
void slc_listener_finish(slc_listener_t *listener);

typedef enum slc_accepted {
    SLC_ACCEPTED_ONE,       /* *ret_fd: connected, non-blocking, close-on-exec */
    SLC_ACCEPTED_NONE,      /* nobody waits */
    SLC_ACCEPTED_EXHAUSTED, /* *ret_fd as for ONE, on the reserve: say no, close it, call _recover */
} slc_accepted_t;

slc_accepted_t slc_listener_accept(slc_listener_t *listener, int *ret_fd);
/* Takes the reserve descriptor back. */
void slc_listener_recover(slc_listener_t *listener);

#endif
