/* A stream socket whose every wait has a bound: what the two blocking clients stand on.
 * Threads: a socket belongs to one thread at a time.
 * Ownership: connect opens, slc_socket_finish closes; bytes belong to the caller.
 * Failure: TIMEOUT loses nothing, *ret_done says how far it came; CLOSED and IO are for good. */
#ifndef SLC_CLIENT_SOCKET_H
#define SLC_CLIENT_SOCKET_H

#include <sluice/status.h>

#include <stdint.h>

typedef struct slc_socket {
    int fd;
    uint32_t timeout_ms; /* 0: waits have no bound */
    char peer[128];      /* address or path, for messages; cut if longer */
} slc_socket_t;

/* "HOST:PORT", "[::1]:PORT". Each address of the host is tried in turn. */
slc_err_t slc_socket_connect_tcp(slc_socket_t *socket, const char *address, uint32_t timeout_ms,
                                 slc_error_t *ret_error);
slc_err_t slc_socket_connect_unix(slc_socket_t *socket, const char *path, uint32_t timeout_ms,
                                  slc_error_t *ret_error);
/* A socket that is not open (fd -1) is fine. */
void slc_socket_finish(slc_socket_t *socket);

/* Writes all `count` bytes; *ret_done of them are written, also behind a failure. */
slc_err_t slc_socket_write(slc_socket_t *socket, const uint8_t *bytes, size_t count, size_t *ret_done,
                           slc_error_t *ret_error);
/* Waits for bytes and reads what is there, at least one and at most `capacity`. */
slc_err_t slc_socket_read(slc_socket_t *socket, uint8_t *bytes, size_t capacity, size_t *ret_done,
                          slc_error_t *ret_error);

#endif
