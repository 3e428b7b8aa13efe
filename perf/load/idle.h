/* Connections that say Hello and then nothing: most of those that wait for a drop to open.
 * Threads: the main one. Ownership: open and close; the array is the caller's struct's.
 * Failure: open answers false with the reason in `why`. */
#ifndef SLC_PERF_LOAD_IDLE_H
#define SLC_PERF_LOAD_IDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

typedef struct load_idle {
    int *fds;
    uint32_t wanted;
    uint32_t opened; /* welcomed */
    char why[200];
} load_idle_t;

/* Opens `wanted` connections, each welcomed; `timeout_s` bounds each wait. */
bool load_idle_open(load_idle_t *idle, uint32_t wanted, const struct sockaddr_storage *address,
                    socklen_t address_bytes, double timeout_s);
/* How many still stand: neither closed nor told anything. */
uint32_t load_idle_count_open(const load_idle_t *idle);
void load_idle_close(load_idle_t *idle);

#endif
