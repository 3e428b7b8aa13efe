/* What a run needs of the machine before it begins: the server's address, and descriptors enough.
 * Threads: the main one. Ownership: the caller's memory. Failure: false, with the reason on stderr. */
#ifndef SLC_PERF_LOAD_SETUP_H
#define SLC_PERF_LOAD_SETUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* HOST:PORT, the host in brackets where it has colons. */
bool load_setup_resolve(const char *connect, struct sockaddr_storage *ret_address,
                        socklen_t *ret_address_bytes);
/* Raises the limit of descriptors as far as `connections` and what else a run opens need. */
bool load_setup_descriptors(uint64_t connections);

#endif
